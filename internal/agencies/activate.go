package agencies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"lerd/internal/callback"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Called moves an agency's round on once a call has confirmed it: it is the
// callback.Then of agencies. A call that did not confirm moves nothing; the
// round waits for another call, or is abandoned.
func (s *Service) Called(ctx context.Context, call callback.Call, recorded change.Part) ([]change.Part, error) {
	d, err := s.Store.Dossier(ctx, call.Subject.Agency)
	if err != nil {
		return nil, err
	}
	open := d.Open()
	if open == nil || open.Stage != StageProposed || call.Outcome != callback.Confirmed || call.BegunAt.Before(open.ProposedAt) {
		return nil, nil
	}
	r := *open
	r.Stage, r.Call, r.CalledBy, r.Version = StageCalled, call.ID, call.By, r.Version+1
	e := s.aside(ctx, "agency.called_back", streamOfRound(r.ID), 0, d, recorded.Event.Facts["rule"])
	e.Facts["round"], e.Facts["call"] = string(r.ID), string(call.ID)
	causes(&e, open.EventID, recorded.Event.ID)
	return []change.Part{{Event: e, Update: []any{&r}}}, nil
}

func streamOfRound(id RoundID) string { return "vetting:" + string(id) }

// Agreement is the digest of what the second registrar agrees to: the agency,
// the round, the call, and every entry as it will be in force.
func (d Dossier) Agreement() identity.Digest {
	parts := []string{"activate agency", string(d.Agency.ID), d.Agency.Country, d.Agency.Zone}
	if r := d.Open(); r != nil {
		parts = append(parts, string(r.ID), string(r.Call), r.Source.Register, r.Source.Reference)
	}
	return identity.DigestOf(append(parts, entries(d.Details, DetailProposed, DetailApproved)...)...)
}

// entries describes entries in some states, in the order of their ids.
func entries(all []Detail, states ...DetailState) (out []string) {
	for _, d := range all {
		if slices.Contains(states, d.State) {
			sum := sha256.Sum256([]byte(d.Value))
			out = append(out, strings.Join([]string{string(d.ID), string(d.Kind), d.Name, string(d.Channel), hex.EncodeToString(sum[:])}, "\x1f"))
		}
	}
	slices.Sort(out)
	return out
}

// Activate finishes a round: the agency is verified for 365 days. It takes
// another registrar than those who proposed it and called, who agrees with their
// passkey to what Agreement describes. In the first round all that was entered
// comes into force with it; in a later one changes have their own approval.
func (s *Service) Activate(ctx context.Context, id identity.AgencyID) (err error) {
	defer fault.Wrap(&err, "agencies.Activate(%s)", id)
	d, actor, rule, err := s.open(ctx, id, "activate")
	if err != nil {
		return err
	}
	open := d.Open()
	if open == nil || open.Stage != StageCalled {
		return fault.New(fault.Conflict, "No round of vetting waits for its activation. Reload the page to see where the agency stands.")
	}
	if actor.Person == open.ProposedBy || actor.Person == open.CalledBy {
		return fault.New(fault.Gate, "You proposed this agency or made its call. Another registrar has to activate it.")
	}
	agreed := d.Agreement()
	proof, err := identity.RequireProof(ctx, identity.PurposeActivateAgency, agreed)
	if err != nil {
		return err
	}
	r := *open
	r.Stage, r.ActivatedBy, r.ActivatedAt, r.Assertion, r.Digest, r.Version = StageActivated, actor.Person, s.now(), proof.Assertion, hex.EncodeToString(agreed[:]), r.Version+1
	r.ValidUntil = r.ActivatedAt.Add(Validity)
	a := d.Agency
	a.Standing, a.Version = identity.Verified, a.Version+1
	e := s.event(ctx, "agency.activated", a, rule)
	e.Facts["round"], e.Facts["call"], e.Facts["digest"] = string(r.ID), string(r.Call), r.Digest
	part := change.Part{Event: e, Update: []any{&r}}
	causes(&part.Event, open.EventID)
	if r.Number == 1 {
		takeIn(&part, &d, actor, proof, r.ActivatedAt)
	}
	a = Copy(a, d.Details, r.ActivatedAt)
	part.Update = append(part.Update, &a)
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(id))})
}

// takeIn puts every entry of the first round into force.
func takeIn(part *change.Part, d *Dossier, actor identity.Actor, proof identity.Proof, at time.Time) {
	for i := range d.Details {
		x := &d.Details[i]
		if x.State != DetailProposed {
			continue
		}
		causes(&part.Event, x.EventID)
		x.State, x.ApprovedBy, x.ApprovedAt, x.InForceFrom, x.Assertion, x.Version = DetailApproved, actor.Person, at, at, proof.Assertion, x.Version+1
		part.Update = append(part.Update, x)
	}
}

// Reasons for ending a round without activation, and for taking standing away.
var (
	AbandonReasons = []string{"not_confirmed", "not_an_authority", "entered_wrongly", "withdrawn", impostor}
	SuspendReasons = []string{"suspected_fraud", "compromised", "own_wish", "oversight_wish", "no_longer_exists"}
)

// Abandon ends the round that goes on. An agency that was never verified is
// declined with it.
func (s *Service) Abandon(ctx context.Context, id identity.AgencyID, reason string) (err error) {
	defer fault.Wrap(&err, "agencies.Abandon(%s)", id)
	d, _, rule, err := s.open(ctx, id, "abandon")
	if err != nil {
		return err
	}
	open := d.Open()
	if open == nil {
		return fault.New(fault.Conflict, "No round of vetting goes on. Reload the page to see where the agency stands.")
	}
	if !slices.Contains(AbandonReasons, reason) {
		return fault.Fields([]fault.Problem{{Field: "reason", Message: "Say why the round ends."}})
	}
	r := *open
	r.Stage, r.Version = StageAbandoned, r.Version+1
	e := s.aside(ctx, "agency.abandoned", streamOfRound(r.ID), 0, d, rule)
	e.Facts["round"], e.Facts["reason"] = string(r.ID), reason
	causes(&e, open.EventID)
	parts := []change.Part{{Event: e, Update: []any{&r}}}
	if d.Agency.Standing == identity.Proposed {
		a := d.Agency
		a.Standing, a.Version = identity.Declined, a.Version+1
		declined := s.event(ctx, "agency.declined", a, rule)
		declined.Facts["reason"] = reason
		causes(&declined, e.ID)
		parts = append(parts, change.Part{Event: declined, Update: []any{&a}})
	}
	if reason == impostor && s.Impostors != nil {
		parts = append(parts, s.Impostors.Impostor(ctx, id, string(r.ID), e.ID))
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, PathOf(id))})
}

// Renew begins another round: before standing ends, or to give it back.
func (s *Service) Renew(ctx context.Context, id identity.AgencyID, in SourceInput) (err error) {
	defer fault.Wrap(&err, "agencies.Renew(%s)", id)
	d, actor, rule, err := s.open(ctx, id, "renew")
	if err != nil {
		return err
	}
	if d.Open() != nil || d.Agency.Standing == identity.Declined || d.Agency.Standing == identity.Proposed {
		return fault.New(fault.Conflict, "A round of vetting goes on already, or the agency was declined. Reload the page to see where it stands.")
	}
	read := reader{now: s.now()}
	source := read.source(in)
	if err := fault.Fields(read.problems); err != nil {
		return err
	}
	last := d.Rounds[len(d.Rounds)-1]
	r := Round{ID: newID[RoundID](), Agency: id, Number: last.Number + 1, Stage: StageProposed, Source: source, ProposedBy: actor.Person, ProposedAt: s.now(), Version: 1}
	e := s.aside(ctx, "agency.renewal_begun", streamOfRound(r.ID), 1, d, rule)
	e.Facts["round"] = string(r.ID)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&r}}}, Key: change.KeyFrom(ctx, PathOf(id))})
}

// Suspend takes an agency's standing away at once: its people are signed out,
// nothing is read, released or downloaded for it. Another round of vetting gives
// it back.
func (s *Service) Suspend(ctx context.Context, id identity.AgencyID, reason string) (err error) {
	defer fault.Wrap(&err, "agencies.Suspend(%s)", id)
	d, _, rule, err := s.open(ctx, id, "suspend")
	if err != nil {
		return err
	}
	if d.Agency.Standing != identity.Verified {
		return fault.New(fault.Conflict, "The agency has no standing that could be taken away.")
	}
	if !slices.Contains(SuspendReasons, reason) {
		return fault.Fields([]fault.Problem{{Field: "reason", Message: "Say why the agency is suspended."}})
	}
	return s.suspend(ctx, d, reason, rule)
}

func (s *Service) suspend(ctx context.Context, d Dossier, reason, rule string) error {
	a := d.Agency
	a.Standing, a.Version = identity.Suspended, a.Version+1
	e := s.event(ctx, "agency.suspended", a, rule)
	e.Facts["reason"] = reason
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&a}}}, Key: change.KeyFrom(ctx, PathOf(a.ID))})
}
