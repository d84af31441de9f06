package requests

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/vault"
)

// DraftEdit is what somebody saves of one step of a draft.
type DraftEdit struct {
	Step DraftStep
	// Revision is that of the step when its page was shown. If the step was saved
	// since, by another tab or person, the edit is a Conflict.
	Revision int
	Apply    func(*DraftContent)
}

// savesAtOnce bounds how often a save is tried again because another step of the
// same draft was saved at the same moment.
const savesAtOnce = 5

// SaveDraft keeps one step of a draft. Steps are kept apart: two people who
// write different ones do not disturb each other. On a Conflict it gives the
// draft as it is now, so that both texts can be shown.
func (s *Service) SaveDraft(ctx context.Context, id DraftID, edit DraftEdit) (d Draft, err error) {
	defer fault.Wrap(&err, "requests.SaveDraft(%s)", id)
	for range savesAtOnce {
		var key vault.Key
		if d, key, _, err = s.draft(ctx, id); err != nil {
			return d, err
		}
		switch {
		case d.State != DraftOpen:
			return d, errDraftSent
		case d.Content.Revisions[edit.Step] != edit.Revision && !d.Content.has(edit):
			return d, errDraftMoved
		case d.Content.Revisions[edit.Step] != edit.Revision:
			return d, nil // the same, sent twice
		}
		edit.Apply(&d.Content)
		if err = s.putDraft(ctx, &d, key, edit.Step); fault.KindOf(err) != fault.Conflict || err == nil {
			return d, err
		}
	}
	return d, err
}

// has tells whether an edit would change nothing.
func (c DraftContent) has(edit DraftEdit) bool {
	was, err := json.Marshal(c)
	if err != nil {
		return false
	}
	var copied DraftContent
	if json.Unmarshal(was, &copied) != nil {
		return false
	}
	edit.Apply(&copied)
	now, err := json.Marshal(copied)
	return err == nil && bytes.Equal(was, now)
}

var errDraftMoved = fault.New(fault.Conflict, "Somebody else, or another tab of yours, has saved this step since you opened it. Both texts are shown; choose, and save again.")

// putDraft writes a changed draft: it lives anew, and the step's revision moves.
func (s *Service) putDraft(ctx context.Context, d *Draft, key vault.Key, step DraftStep) error {
	actor, _ := identity.From(ctx)
	c := &d.Content
	if c.Revisions == nil {
		c.Revisions, c.SavedBy = map[DraftStep]int{}, map[DraftStep]DraftNote{}
	}
	c.Revisions[step]++
	c.SavedBy[step] = DraftNote{By: actor.Name.Reveal(), At: s.now()}
	d.ChangedAt, d.ExpiresAt, d.WarnedAt = s.now(), s.now().Add(DraftLife), time.Time{}
	d.Version++
	if err := d.seal(key); err != nil {
		return err
	}
	return s.Drafts.PutDraft(ctx, *d)
}

// KeepOrder examines an order's file and keeps it with the draft, sealed. The
// same bytes sent again, by a second click or after a lost connection, are one
// file. It is kept whatever else was saved meanwhile.
func (s *Service) KeepOrder(ctx context.Context, id DraftID, fileName, declaredType string, r io.Reader) (d Draft, err error) {
	defer fault.Wrap(&err, "requests.KeepOrder(%s)", id)
	d, key, _, err := s.draft(ctx, id)
	if err != nil {
		return d, err
	}
	order, data, err := s.examine(ctx, fileName, declaredType, r)
	if err != nil {
		return d, err
	}
	order.Blob = "drafts/" + newID[string]() + ".sealed"
	sealed, err := key.Seal(d.filePlace(order.Blob), data)
	if err != nil {
		return d, err
	}
	if err := s.Blobs.Put(ctx, order.Blob, bytes.NewReader(sealed)); err != nil {
		return d, err
	}
	d, old, err := s.attach(ctx, id, order)
	if err != nil || d.Content.Order.Blob != order.Blob {
		old = order.Blob // not taken, or there already
	}
	if old != "" {
		if gone := s.Blobs.Remove(ctx, old); err == nil {
			err = gone
		}
	}
	return d, err
}

// attach makes a file the draft's order, and gives the name of the one before.
func (s *Service) attach(ctx context.Context, id DraftID, order DraftOrder) (d Draft, old string, err error) {
	for range savesAtOnce {
		var key vault.Key
		if d, key, _, err = s.draft(ctx, id); err != nil {
			return d, "", err
		}
		if d.State != DraftOpen {
			return d, "", errDraftSent
		}
		if d.Content.Order != nil && d.Content.Order.SHA256 == order.SHA256 {
			return d, "", nil
		}
		old = d.Blob
		d.Content.Order, d.Blob = &order, order.Blob
		if err = s.putDraft(ctx, &d, key, stepFile); fault.KindOf(err) != fault.Conflict || err == nil {
			return d, old, err
		}
	}
	return d, "", err
}

// stepFile counts the files of a draft apart from what is typed.
const stepFile DraftStep = "file"

// examine reads an order's file before anybody opens it.
func (s *Service) examine(ctx context.Context, fileName, declaredType string, r io.Reader) (o DraftOrder, data []byte, err error) {
	limits := orderdoc.DefaultLimits()
	data, err = io.ReadAll(io.LimitReader(r, limits.MaxBytes+1))
	if err != nil {
		return o, nil, fault.Because(fault.Invalid, err, "The file did not arrive whole. Please send it again.")
	}
	found, err := orderdoc.CheckBytes(ctx, data, orderdoc.Upload{FileName: fileName, DeclaredType: declaredType}, limits)
	if err != nil {
		return o, nil, err
	}
	if actor, known := identity.From(ctx); s.Papers != nil && known {
		if err := s.Papers.Admit(ctx, actor.Agency, data); err != nil {
			return o, nil, err
		}
	}
	return DraftOrder{Name: cleanFileName(fileName), SHA256: hex.EncodeToString(found.SHA256[:]), Bytes: found.Size, Pages: found.Pages, At: s.now()}, data, nil
}

// orderBytes opens a draft's file.
func (s *Service) orderBytes(ctx context.Context, d Draft, key vault.Key) ([]byte, error) {
	f, err := s.Blobs.Get(ctx, d.Content.Order.Blob)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sealed, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return key.Open(d.filePlace(d.Content.Order.Blob), sealed)
}
