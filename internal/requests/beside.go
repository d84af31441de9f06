package requests

import (
	"context"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// TallyOf is how many of the last answered requests a tally counts at most, so
// that it is read as fast beside a million as beside a hundred.
const TallyOf = 200

// Tally says how the last requests of a kind ended.
type Tally struct {
	Of    int           // how many were counted
	Ended map[State]int // by their end
}

// Precedents name what an answered request is compared by. Empty fields are left
// out; letters' case does not matter.
type Precedents struct {
	Process string // id of the legal process
	Statute string // legal basis, as the order states it
	Court   string // who issued
	Agency  identity.AgencyID
	State   State // how it ended; not counted in the tally
}

// Elsewhere is another request as it is told beside a case.
type Elsewhere struct {
	Request    ID
	Ref        string
	AgencyName string
	Country    string
	State      State
	Process    string
	ReceivedAt time.Time
	Targets    string // of the case at hand, about which it asked, e.g. "t1 t3"
	Disclosed  bool   // something left, and was not called back
	Recalled   bool
}

// AgencyRecord is what is known of an agency.
type AgencyRecord struct {
	Tally      Tally
	Overturned int // bundles that were called back because a finding fell
	Stopped    int // times that the agency or an officer of it was stopped, drills left out
	StoppedNow bool
}

// Beside is what lies beside a case. It tells of other requests what every
// reviewer may read of them, and nothing of accounts: two identifiers of one
// account are not told to be one.
type Beside struct {
	Agency  AgencyRecord
	Same    []Elsewhere // other requests about the very same identifiers, the newest first
	Process Tally
	Statute Tally
	Court   Tally
}

// BesideStore looks up what lies beside a case.
type BesideStore interface {
	// Tally counts how the last requests of a kind ended.
	Tally(ctx context.Context, p Precedents) (Tally, error)
	// Precedents gives answered requests of a kind, the last answered first.
	Precedents(ctx context.Context, p Precedents, limit int) ([]Elsewhere, error)
	// SamePeople gives other requests about identifiers of a case, the newest first.
	SamePeople(ctx context.Context, id ID, limit int) ([]Elsewhere, error)
	// AgencyRecord gives what is known of an agency, without its tally.
	AgencyRecord(ctx context.Context, id identity.AgencyID) (AgencyRecord, error)
}

// Beside gives what lies beside a case that the actor may see.
func (s *Service) Beside(ctx context.Context, c Case) (b Beside, err error) {
	defer fault.Wrap(&err, "requests.Beside(%s)", c.Request.ID)
	if _, _, err := s.may(ctx, "list", "request", ""); err != nil {
		return b, err
	}
	if b.Agency, err = s.Lookup.AgencyRecord(ctx, c.Request.Agency); err != nil {
		return b, err
	}
	q := c.Request
	for to, p := range map[*Tally]Precedents{&b.Agency.Tally: {Agency: q.Agency}, &b.Process: {Process: q.Process.ID}, &b.Statute: {Statute: q.Order.LegalBasis}, &b.Court: {Court: q.Order.IssuerName}} {
		if *to, err = s.Lookup.Tally(ctx, p); err != nil {
			return b, err
		}
	}
	b.Same, err = s.Lookup.SamePeople(ctx, q.ID, 20)
	return b, err
}

// Precedents gives answered requests of a kind with how the last of them ended.
func (s *Service) Precedents(ctx context.Context, p Precedents) (list []Elsewhere, t Tally, err error) {
	defer fault.Wrap(&err, "requests.Precedents")
	if _, _, err := s.may(ctx, "list", "request", ""); err != nil {
		return nil, t, err
	}
	if p == (Precedents{}) || p == (Precedents{State: p.State}) {
		return nil, t, nil
	}
	if list, err = s.Lookup.Precedents(ctx, p, 50); err != nil {
		return nil, t, err
	}
	p.State = ""
	t, err = s.Lookup.Tally(ctx, p)
	return list, t, err
}

// Foresee gives a case as its agency would read it if the reviewer closed the
// review now: with the decisions that follow, the reasons, and nothing that an
// agency may not know. ok is false where the verdict allows no answer yet.
func (s *Service) Foresee(ctx context.Context, c Case, v legal.Verdict) (seen Case, ok bool) {
	if c.published() || v.Outcome != legal.Qualified && v.Outcome != legal.Refused {
		return c, false
	}
	actor, _ := identity.From(ctx)
	part, state := s.preview(c, v, actor)
	next := c
	next.Request.State, next.Request.Verdict = state, "qualified"
	next.Request.Refusals = nil
	if v.Outcome == legal.Refused {
		next.Request.Verdict = "refused"
		v.Codes = silent(v)
		next.Request.Refusals = SplitCodes(codes(v.Codes))
	}
	next.Request.Reasons = personal.NewText(s.statement(c, v))
	next.Decisions = part
	next.Release = foreseen(next)
	return next.forAgency(), true
}

// preview gives the decisions that would be written, and the state in which the
// agency would read them: a case of which something leaves as it will be once
// everything was confirmed.
func (s *Service) preview(c Case, v legal.Verdict, actor identity.Actor) ([]Decision, State) {
	var part change.Part
	state := ExportedCase
	if v.Outcome == legal.Refused {
		v.Codes = silent(v)
		s.refuseAll(&part, c, v, actor)
		state = Refused
	} else {
		s.decideAll(&part, c, v, actor)
	}
	var out []Decision
	for _, row := range part.Insert {
		if d, ok := row.(*Decision); ok {
			out = append(out, *d)
		}
	}
	return out, state
}

// foreseen is the release that the decisions would lead to.
func foreseen(c Case) *Release {
	if c.Request.State != ExportedCase {
		return nil
	}
	r := &Release{State: Exported}
	for _, d := range c.Decisions {
		if d.Outcome.Leaves() {
			r.Items = append(r.Items, Item{Target: d.Target, Category: d.Category, Outcome: d.Outcome, From: d.From, To: d.To})
		}
	}
	return r
}
