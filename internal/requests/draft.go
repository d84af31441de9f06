package requests

import (
	"context"
	"encoding/json"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/vault"
)

// DraftID names a draft, a lower-case UUID.
type DraftID string

// DraftState is where a draft stands.
type DraftState string

// The states of a draft.
const (
	DraftOpen   DraftState = "open"   // people of its unit work on it
	DraftSent   DraftState = "sent"   // a request was made of it, which may still come back
	DraftErased DraftState = "erased" // its text, its file and its key are gone
)

// How long drafts live without a change, and when their unit is told before.
const (
	DraftLife    = 30 * 24 * time.Hour
	DraftWarning = 3 * 24 * time.Hour
)

// Draft is a request that is being written. What is in it is sealed: outside
// this package and its store nobody reads Sealed without the vault.
type Draft struct {
	ID        DraftID
	Agency    identity.AgencyID
	Unit      identity.UnitID // empty: the agency's officers without a unit
	Owner     identity.PersonID
	State     DraftState
	Request   ID // made of it last; empty: none yet
	Sealed    []byte
	SealedKey []byte
	Blob      string // name of the order's sealed file; empty: none
	Version   int64
	CreatedAt time.Time
	ChangedAt time.Time
	ExpiresAt time.Time
	WarnedAt  time.Time
	Content   DraftContent // opened; not stored as it is
}

// Earlier is a request of the same agency about the same account.
type Earlier struct {
	Request          ID
	Ref              string
	Kind, Identifier string
	At               time.Time
}

// DraftStore keeps drafts. Every method sees only the actor's agency.
type DraftStore interface {
	// Draft gives a draft, or NotFound.
	Draft(ctx context.Context, id DraftID) (Draft, error)
	// Drafts gives a page of the open drafts of a unit, the last changed first, and
	// how many there are.
	Drafts(ctx context.Context, f DraftFilter) (DraftPage, error)
	// PutDraft writes a draft whose version is one above the stored one, or gives
	// a Conflict.
	PutDraft(ctx context.Context, d Draft) error
	// DraftsOfRequest gives the draft of which a request was made, if there is one.
	DraftsOfRequest(ctx context.Context, id ID) ([]Draft, error)
	// AskedBefore gives what the agency asked before about the same accounts.
	AskedBefore(ctx context.Context, agency identity.AgencyID, targets []Target) ([]Earlier, error)
}

// How many drafts may be open at a time. Each is sealed with a file of its own, so
// that without a limit one account fills the store; the database says the same
// (check_draft_count).
const (
	MaxDrafts     = 50  // of one officer
	MaxUnitDrafts = 500 // of one unit
)

// DraftFilter asks for the drafts that an officer sees: their own, and their
// unit's. A Limit of 0 only counts.
type DraftFilter struct {
	Owner       identity.PersonID
	Unit        identity.UnitID // empty: the agency's officers without a unit
	Now         time.Time       // what expires until then is not open
	Limit, Skip int
}

// DraftPage is a page of drafts with the numbers of all that are open.
type DraftPage struct {
	List   []Draft
	Own    int // of the officer
	OfUnit int
	Seen   int // own and of the unit together, each once
}

// room refuses a further draft where there are too many.
func (s *Service) room(ctx context.Context, actor identity.Actor) error {
	n, err := s.Drafts.Drafts(ctx, DraftFilter{Owner: actor.Person, Unit: actor.Unit, Now: s.now()})
	switch {
	case err != nil:
		return err
	case n.Own >= MaxDrafts:
		return fault.New(fault.TooMany, "You have %d drafts open, which is the limit. Finish or drop one of them first.", n.Own)
	case n.OfUnit >= MaxUnitDrafts:
		return fault.New(fault.TooMany, "Your unit has %d drafts open, which is the limit. Finish or drop one of them first.", n.OfUnit)
	}
	return nil
}

// StreamOfDraft names the event stream of a draft.
func StreamOfDraft(id DraftID) string { return "draft:" + string(id) }

// PathOfDraft is where a draft's first step lies.
func PathOfDraft(id DraftID) string { return "/drafts/" + string(id) + "/kind" }

// NewDraft begins a draft for the actor's unit.
func (s *Service) NewDraft(ctx context.Context) (d Draft, err error) {
	defer fault.Wrap(&err, "requests.NewDraft")
	actor, err := actorOf(ctx)
	if err != nil {
		return d, err
	}
	_, rule, err := s.may(ctx, "submit", "request", actor.Agency)
	if err != nil {
		return d, err
	}
	if err := s.room(ctx, actor); err != nil {
		return d, err
	}
	now := s.now()
	d = Draft{ID: newID[DraftID](), Agency: actor.Agency, Unit: actor.Unit, Owner: actor.Person, State: DraftOpen, Version: 1,
		CreatedAt: now, ChangedAt: now, ExpiresAt: now.Add(DraftLife)}
	key, wrapped, err := s.Vault.NewKey(StreamOfDraft(d.ID))
	if err != nil {
		return d, err
	}
	d.SealedKey = wrapped
	if err := d.seal(key); err != nil {
		return d, err
	}
	e := change.Event(ctx, now, "draft.created", StreamOfDraft(d.ID), 0)
	e.Facts["rule"], e.Facts["expires"] = rule, stamp(d.ExpiresAt)
	return d, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&d}}}, Key: change.KeyFrom(ctx, PathOfDraft(d.ID))})
}

// textPlace and filePlace name what is sealed, so that one never opens as the other.
func (d Draft) textPlace() string { return "text of " + StreamOfDraft(d.ID) }

func (d Draft) filePlace(blob string) string { return blob + " of " + StreamOfDraft(d.ID) }

// seal puts the content into its sealed form.
func (d *Draft) seal(key vault.Key) error {
	plain, err := json.Marshal(d.Content)
	if err != nil {
		return err
	}
	d.Sealed, err = key.Seal(d.textPlace(), plain)
	return err
}

// unseal opens the content, and gives the draft's key for its file.
func (s *Service) unseal(d *Draft) (vault.Key, error) {
	key, err := s.Vault.Unwrap(StreamOfDraft(d.ID), d.SealedKey)
	if err != nil {
		return key, err
	}
	plain, err := key.Open(d.textPlace(), d.Sealed)
	if err != nil {
		return key, err
	}
	return key, json.Unmarshal(plain, &d.Content)
}

// draft loads and opens a draft of the actor's unit; of another unit, or erased,
// it is not there.
func (s *Service) draft(ctx context.Context, id DraftID) (d Draft, key vault.Key, rule string, err error) {
	actor, err := actorOf(ctx)
	if err != nil {
		return d, key, "", err
	}
	if d, err = s.Drafts.Draft(ctx, id); err != nil {
		return d, key, "", err
	}
	if _, rule, err = s.may(ctx, "submit", "request", d.Agency); err != nil {
		return d, key, rule, err
	}
	if d.State == DraftErased || d.Unit != actor.Unit && d.Owner != actor.Person || !s.now().Before(d.ExpiresAt) && d.State == DraftOpen {
		return Draft{}, key, rule, fault.New(fault.NotFound, "There is nothing here.")
	}
	key, err = s.unseal(&d)
	return d, key, rule, err
}

// OpenDraft gives a draft with its content to somebody of its unit. The first
// look of each session is on record.
func (s *Service) OpenDraft(ctx context.Context, id DraftID) (d Draft, err error) {
	defer fault.Wrap(&err, "requests.OpenDraft(%s)", id)
	d, _, rule, err := s.draft(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	actor, _ := identity.From(ctx)
	e := change.Event(ctx, s.now(), "draft.opened", "look:draft:"+string(id)+":"+string(actor.Person)+":"+string(actor.Session), 1)
	e.Facts["draft"], e.Facts["rule"] = string(id), rule
	err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
	if fault.KindOf(err) == fault.Conflict { // this session has looked before
		err = nil
	}
	return d, err
}

// ListDrafts gives a page of the open drafts of the actor's unit with their
// content, the last changed first, at most limit from skip on.
func (s *Service) ListDrafts(ctx context.Context, limit, skip int) (page DraftPage, err error) {
	defer fault.Wrap(&err, "requests.ListDrafts")
	actor, err := actorOf(ctx)
	if err != nil {
		return page, err
	}
	if _, _, err := s.may(ctx, "submit", "request", actor.Agency); err != nil {
		return page, err
	}
	page, err = s.Drafts.Drafts(ctx, DraftFilter{Owner: actor.Person, Unit: actor.Unit, Now: s.now(), Limit: limit, Skip: skip})
	if err != nil {
		return page, err
	}
	for i := range page.List {
		if _, err := s.unseal(&page.List[i]); err != nil {
			return DraftPage{}, err
		}
	}
	return page, nil
}

// TakeOverDraft makes the actor the one who works on a draft of their unit.
func (s *Service) TakeOverDraft(ctx context.Context, id DraftID) (err error) {
	defer fault.Wrap(&err, "requests.TakeOverDraft(%s)", id)
	return s.moveDraft(ctx, id, "draft.taken_over", func(d *Draft) { d.Owner = actorID(ctx) })
}

// DropDraft erases a draft at once: its text, its file, and its key.
func (s *Service) DropDraft(ctx context.Context, id DraftID) (err error) {
	defer fault.Wrap(&err, "requests.DropDraft(%s)", id)
	var blob string
	err = s.moveDraft(ctx, id, "draft.dropped", func(d *Draft) { blob = d.erase() })
	if err == nil && blob != "" {
		err = s.Blobs.Remove(ctx, blob)
	}
	return err
}

// moveDraft changes an open draft with an event that says nothing of its content.
func (s *Service) moveDraft(ctx context.Context, id DraftID, kind string, move func(*Draft)) error {
	d, _, rule, err := s.draft(ctx, id)
	if err != nil {
		return err
	}
	if d.State != DraftOpen {
		return errDraftSent
	}
	move(&d)
	d.Version++
	e := change.Event(ctx, s.now(), kind, StreamOfDraft(id), 0)
	e.Facts["rule"] = rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&d}}}, Key: change.KeyFrom(ctx, "/requests")})
}

var errDraftSent = fault.New(fault.Conflict, "This draft was sent. Open the request that was made of it.")

// erase takes text, file and key out of a draft, and gives the file's name for
// its removal.
func (d *Draft) erase() (blob string) {
	blob = d.Blob
	d.State, d.Sealed, d.SealedKey, d.Blob, d.Content = DraftErased, nil, nil, "", DraftContent{}
	return blob
}

func actorID(ctx context.Context) identity.PersonID {
	a, _ := identity.From(ctx)
	return a.Person
}
