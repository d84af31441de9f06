package agencies

import (
	"context"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/everybody"
)

// desk is a store of one agency with its office. Everybody may do everything: what
// refuses is the gates' own.
type desk struct {
	Store
	Offices

	dossier   Dossier
	members   []Member
	units     []identity.Unit
	queue     []QueueLine
	waiting   []identity.Motion
	motion    identity.Motion
	committed int
}

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) Dossier(context.Context, identity.AgencyID) (Dossier, error) { return d.dossier, nil }

func (d *desk) Members(context.Context, identity.AgencyID) ([]Member, error) { return d.members, nil }

func (d *desk) Units(context.Context, identity.AgencyID) ([]identity.Unit, error) {
	return d.units, nil
}

func (d *desk) AgencyQueue(context.Context, int) ([]QueueLine, error) { return d.queue, nil }

func (d *desk) Motions(context.Context, identity.AgencyID) ([]identity.Motion, error) {
	return d.waiting, nil
}

func (d *desk) Motion(context.Context, string) (identity.Motion, error) { return d.motion, nil }

func (d *desk) Person(context.Context, identity.PersonID) (identity.Person, identity.Agency, error) {
	return identity.Person{ID: "p"}, identity.Agency{}, nil
}

var atNine = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// round gives a desk with one agency and one round.
func round(standing identity.Standing, r Round) desk {
	r.ID, r.Number = "r", 2
	return desk{dossier: Dossier{Agency: identity.Agency{ID: "a", Standing: standing}, Rounds: []Round{r}}}
}

// entry gives a desk with one agency and one entry.
func entry(standing identity.Standing, x Detail) desk {
	d := round(standing, Round{Stage: StageActivated})
	x.ID, x.Kind = "x", Domain
	d.dossier.Details = []Detail{x}
	return d
}

// office gives a desk with one member of the actor's agency.
func office(p identity.Person) desk {
	p.ID, p.Agency = "p", "a"
	return desk{members: []Member{{Person: p}}, units: []identity.Unit{{ID: "u", Active: true}, {ID: "closed"}}}
}

func activate(ctx context.Context, s *Service) error { return s.Activate(ctx, "a") }
func approve(ctx context.Context, s *Service) error  { return s.ApproveDetail(ctx, "a", "x") }
func abandon(ctx context.Context, s *Service) error {
	return s.Abandon(ctx, "a", "withdrawn")
}
func suspend(ctx context.Context, s *Service) error { return s.Suspend(ctx, "a", "compromised") }
func disown(ctx context.Context, s *Service) error {
	return s.Disown(ctx, "q", DisownReasons[0])
}
func reverify(ctx context.Context, s *Service) error { return s.Reverify(ctx, "p") }
func propose(ctx context.Context, s *Service) error  { return s.ProposeSupervisor(ctx, "p") }
func endSupervisor(ctx context.Context, s *Service) error {
	return s.EndSupervisor(ctx, "p")
}
func decide(ctx context.Context, s *Service) error {
	return s.DecideSupervisor(ctx, "a", "m", true)
}
func assign(to identity.UnitID) func(context.Context, *Service) error {
	return func(ctx context.Context, s *Service) error { return s.Assign(ctx, "p", to) }
}

// TestGatesOfVetting meets each gate alone: nothing else of the step refuses, so
// that without it the step is taken.
func TestGatesOfVetting(t *testing.T) {
	officer := identity.Person{Role: identity.Officer, Active: true}
	leads := officer
	leads.Supervisor = true
	admin := identity.Person{Role: identity.AgencyAdmin, Active: true}
	wanted := identity.Motion{ID: "m", Agency: "a", Kind: identity.SupervisorMotion, Subject: "p", Wanted: true, State: identity.MotionProposed}
	other, decided := wanted, wanted
	other.Agency, decided.State = "b", identity.MotionDeclined
	for name, c := range map[string]struct {
		desk desk
		do   func(context.Context, *Service) error
		want fault.Kind // of the refusal; empty where the step is taken
	}{
		"activated by another":            {round(identity.Suspended, Round{Stage: StageCalled, ProposedBy: "first", CalledBy: "second"}), activate, ""},
		"activated by who proposed":       {round(identity.Suspended, Round{Stage: StageCalled, ProposedBy: "me", CalledBy: "second"}), activate, fault.Gate},
		"activated by who called":         {round(identity.Suspended, Round{Stage: StageCalled, ProposedBy: "first", CalledBy: "me"}), activate, fault.Gate},
		"activated without a call":        {round(identity.Suspended, Round{Stage: StageProposed, ProposedBy: "first"}), activate, fault.Conflict},
		"a round is abandoned":            {round(identity.Suspended, Round{Stage: StageProposed}), abandon, ""},
		"a round that ended":              {round(identity.Suspended, Round{Stage: StageAbandoned}), abandon, fault.Conflict},
		"suspended":                       {round(identity.Verified, Round{Stage: StageActivated}), suspend, ""},
		"suspended twice":                 {round(identity.Suspended, Round{Stage: StageActivated}), suspend, fault.Conflict},
		"suspended for no reason":         {round(identity.Verified, Round{Stage: StageActivated}), func(ctx context.Context, s *Service) error { return s.Suspend(ctx, "a", "x") }, fault.Invalid},
		"an entry approved by another":    {entry(identity.Verified, Detail{State: DetailProposed, ProposedBy: "first"}), approve, ""},
		"an entry approved by who did it": {entry(identity.Verified, Detail{State: DetailProposed, ProposedBy: "me"}), approve, fault.Gate},
		"an entry of nobody verified": {entry(identity.Proposed, Detail{}), func(ctx context.Context, s *Service) error {
			return s.ProposeDetail(ctx, "a", DetailInput{})
		}, fault.Conflict},
		"disowned":                         {desk{queue: []QueueLine{{Request: "q"}}}, disown, ""},
		"disowned twice":                   {desk{queue: []QueueLine{{Request: "q", Disowned: true}}}, disown, fault.Conflict},
		"somebody else's disowned":         {desk{}, disown, fault.NotFound},
		"put into a unit":                  {office(officer), assign("u"), ""},
		"put into a unit that is closed":   {office(officer), assign("closed"), fault.Invalid},
		"an administrator put into a unit": {office(admin), assign("u"), fault.Conflict},
		"confirmed anew":                   {office(officer), reverify, ""},
		"confirmed anew after the end":     {office(identity.Person{Role: identity.Officer}), reverify, fault.Conflict},
		"proposed to sign":                 {office(officer), propose, ""},
		"an administrator to sign":         {office(admin), propose, fault.Conflict},
		"who signs already":                {office(leads), propose, fault.Conflict},
		"no longer signs":                  {office(leads), endSupervisor, ""},
		"who never signed":                 {office(officer), endSupervisor, fault.Conflict},
		"agreed to":                        {desk{motion: wanted}, decide, ""},
		"another agency's":                 {desk{motion: other}, decide, fault.NotFound},
		"agreed to twice":                  {desk{motion: decided}, decide, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Config{Store: &c.desk, Offices: &c.desk, Motions: &c.desk, Access: everybody.May{}, Now: func() time.Time { return atNine }})
			ctx := identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "me", Role: identity.Registrar, Agency: "a"}), s.Now)
			taken := 0
			if c.want == "" {
				taken = 1
			}
			err := c.do(ctx, s)
			if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want || c.desk.committed != taken {
				t.Errorf("%v, %d steps", err, c.desk.committed)
			}
		})
	}
}
