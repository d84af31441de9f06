package requests

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
)

// FollowDraft begins a draft that goes on from a case of the actor's agency, with
// its order and what stands on it: for further accounts under the same order, or,
// where the case came to nothing, to ask again. What the officer states about the
// need is asked anew, and the draft passes every check as any other.
func (s *Service) FollowDraft(ctx context.Context, id ID) (d Draft, err error) {
	defer fault.Wrap(&err, "requests.FollowDraft(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "submit", "request")
	if err != nil {
		return d, err
	}
	kind := CanFollow(c.forAgency().Request.State)
	if kind == "" {
		return d, fault.New(fault.Conflict, "This request was not submitted. Change it in its own draft.")
	}
	if err := s.room(ctx, actor); err != nil {
		return d, err
	}
	now := s.now()
	d = Draft{ID: newID[DraftID](), Agency: actor.Agency, Unit: actor.Unit, Owner: actor.Person, State: DraftOpen, Version: 1,
		CreatedAt: now, ChangedAt: now, ExpiresAt: now.Add(DraftLife), Content: contentOf(c, kind)}
	if p, err := s.pinned(ctx, c.Request); err == nil && p.Kind == legal.Preservation {
		d.Content.Fields["want"] = WantKept
	}
	if err := s.sealWithOrder(ctx, &d, c.Document); err != nil {
		return d, err
	}
	e := change.Event(ctx, now, "draft.created", StreamOfDraft(d.ID), 0)
	e.Facts["rule"], e.Facts["expires"] = rule, stamp(d.ExpiresAt)
	e.Causes = []audit.EventID{c.Request.EventID}
	err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&d}}}, Key: change.KeyFrom(ctx, PathOfDraft(d.ID))})
	if err != nil { // no row names the file
		return d, errors.Join(err, s.Blobs.Remove(ctx, d.Blob))
	}
	return d, nil
}

// sealWithOrder gives a new draft its key, and the order of a case as its file,
// which is examined as if it came now.
func (s *Service) sealWithOrder(ctx context.Context, d *Draft, doc Document) error {
	key, wrapped, err := s.Vault.NewKey(StreamOfDraft(d.ID))
	if err != nil {
		return err
	}
	d.SealedKey = wrapped
	b, err := ReadDocument(ctx, s.Blobs, doc)
	if err != nil {
		return err
	}
	order, data, err := s.examine(ctx, doc.FileName.Reveal(), "application/pdf", bytes.NewReader(b))
	if err != nil {
		return err
	}
	order.Blob = "drafts/" + newID[string]() + ".sealed"
	sealed, err := key.Seal(d.filePlace(order.Blob), data)
	if err != nil {
		return err
	}
	d.Content.Order, d.Blob = &order, order.Blob
	if err := d.seal(key); err != nil {
		return err
	}
	return s.Blobs.Put(ctx, order.Blob, io.Reader(bytes.NewReader(sealed)))
}

// statedAnew are the answers by which an officer vouches for what is asked now.
var statedAnew = map[string]bool{"need.stated": true, "need.facts_shown": true, "need.proportionality": true, "need.individualised": true,
	"offence.sole_purpose_identify": true, "emergency.imminent": true, "emergency.why_not_ordinary": true, "emergency.data_averts": true}

// contentOf gives a draft what a case says, as it would be typed. The accounts
// stay where the case is asked again.
func contentOf(c Case, kind LinkKind) DraftContent {
	q := c.Request
	o, f := q.Order, map[string]string{}
	put := func(name, value string) {
		if value != "" {
			f[name] = value
		}
	}
	date := func(name string, t time.Time) {
		if !t.IsZero() {
			f[name] = t.Format(time.DateOnly)
		}
	}
	yes := map[bool]string{true: legal.Yes, false: legal.No}
	f["want"] = WantData
	if q.Emergency {
		f["want"] = WantEmergency
		put("emergency_why", q.EmergencyWhy.Reveal())
	}
	put("process", q.Process.ID)
	put("issuer_kind", o.IssuerKind)
	put("issuer_name", o.IssuerName)
	put("validator_kind", o.ValidatorKind)
	put("order_number", o.Number)
	date("issued_on", o.IssuedOn)
	date("expires_on", o.ExpiresOn)
	date("return_on", o.ReturnOn)
	put("order_language", o.Language)
	put("legal_basis", o.LegalBasis)
	put("addressee", o.Addressee)
	f["order_signed"], f["by_network"], f["confidential"] = yes[o.Signed], yes[q.Offence.ByNetwork], yes[q.Confidential.Asked]
	put("offence_class", q.Offence.Class)
	put("offence_provision", q.Offence.Provision)
	put("offence_text", q.Offence.Text.Reveal())
	if m := q.Offence.MaxPenaltyMonths; m > 0 {
		put("max_penalty_years", strconv.FormatFloat(float64(m)/12, 'f', -1, 64))
	}
	put("need", q.Need.Reveal())
	date("confidential_until", q.Confidential.Until)
	put("confidential_basis", q.Confidential.Basis)
	for fact, said := range q.Attested {
		if !statedAnew[fact] {
			put(formName(fact), said)
		}
	}
	out := DraftContent{Fields: f, Further: map[string]string{}, Follows: &Following{q.ID, kind}}
	for id, text := range q.Further {
		if id == keptField {
			f["kept_under"] = text
			continue
		}
		out.Further[id] = text
	}
	if kind == LinkAgain {
		for _, t := range q.Targets {
			out.Targets = append(out.Targets, typed(t))
		}
	}
	return out
}

// typed gives an account as it could be typed: moments in their zone, with the
// offset that they had.
func typed(t Target) TargetInput {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		zone = time.UTC
	}
	moment := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.In(zone).Format(time.RFC3339)
	}
	return TargetInput{Kind: t.Kind, Identifier: t.AsTyped.Reveal(), HolderAt: moment(t.HolderAt), From: moment(t.From), To: moment(t.To), Zone: t.Zone,
		PersonRole: t.PersonRole, Purpose: t.Purpose, WantPhone: t.WantPhone, WantIP: t.WantIP, Flags: t.Flags}
}
