package fraud

import (
	"context"
	"strings"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/risk"
	"lerd/internal/testkit/everybody"
)

// desk is a store of one case that has ended, so that its statement stays, with
// what is on file beside it. Everybody may do everything: what refuses is the
// gates' own.
type desk struct {
	Store
	FactStore
	Stopping
	Issuers
	ForgeryStore

	statement   Statement
	overrides   []Override
	containment Containment
	marks       []Listed
	contacts    []Contact
	committed   int
}

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) Case(_ context.Context, id requests.ID) (requests.Case, error) {
	return requests.Case{Request: requests.Request{ID: id, Agency: "a", State: requests.Closed}}, nil
}

func (d *desk) RiskFile(context.Context, requests.ID) (File, error) {
	return File{Statements: []Statement{d.statement}, Overrides: d.overrides}, nil
}

func (d *desk) IssuersOf(context.Context, identity.AgencyID) ([]Contact, error) {
	return d.contacts, nil
}

func (d *desk) KnownDomains(context.Context) ([]KnownDomain, error) {
	return []KnownDomain{{Name: "ag-koeln.nrw.de", Agency: "another"}}, nil
}

func (d *desk) Print(context.Context, requests.DocumentID) (Print, bool, error) {
	return Print{}, true, nil
}

func (d *desk) ContainmentByID(context.Context, string) (Containment, []Letter, error) {
	return d.containment, nil, nil
}

func (d *desk) Marks(context.Context) ([]Listed, error) { return d.marks, nil }

// at gives the service over a desk and the context of a person of staff who agrees
// with their passkey to whatever they do.
func at(t *testing.T, d *desk) (*Service, context.Context) {
	t.Helper()
	s := New(Config{Store: d, Facts: d, Stopping: d, Issuers: d, Forgery: d, Lists: d, Access: everybody.May{}, Rand: strings.NewReader(strings.Repeat("x", 64)), Now: func() time.Time { return now }})
	return s, identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "second", Role: identity.Counsel}), s.Now)
}

// TestGatesOfTheDesk meets each gate alone: nothing else of the step refuses, so that
// without it the step is taken.
func TestGatesOfTheDesk(t *testing.T) {
	waits := MarkRemoval{Removal{ID: "m", State: Proposed, ProposedBy: "first"}}
	decided := MarkRemoval{Removal{ID: "m", State: Declined, ProposedBy: "first"}}
	open := Override{ID: "o", State: Proposed, ProposedBy: "first"}
	stands := []Override{open}
	for name, c := range map[string]struct {
		desk desk
		do   func(context.Context, *Service) error
		want fault.Kind // of the refusal; empty where the step is taken
	}{
		"an issuer at a look-alike address": {desk{contacts: []Contact{{Detail: "c", Address: "post@agkoeln-nrw.de"}}}, wantEcho, fault.Gate},
		"an issuer":                         {desk{contacts: []Contact{{Detail: "c", Address: "post@gericht.example"}}}, wantEcho, ""},
		"a document that cannot be compared": {desk{}, func(ctx context.Context, s *Service) error {
			return s.MarkForged(ctx, "r", "template")
		}, fault.Conflict},
		"an override that is not there":  {desk{}, decideOverride, fault.NotFound},
		"an override that was decided":   {desk{overrides: []Override{{ID: "o", State: Declined, ProposedBy: "first"}}}, decideOverride, fault.Conflict},
		"an override":                    {desk{overrides: stands}, decideOverride, ""},
		"counsel whom nobody asks":       {desk{}, clearCase, fault.Conflict},
		"counsel":                        {desk{statement: Statement{Demands: []risk.Demand{risk.Counsel}}}, clearCase, ""},
		"a containment under way":        {desk{containment: Containment{State: "contained"}}, proposeLift, fault.Conflict},
		"a containment at rest":          {desk{containment: Containment{State: Complete}}, proposeLift, ""},
		"a mark that is not listed":      {desk{}, unmark, fault.NotFound},
		"a mark that waits for a second": {desk{marks: []Listed{{Mark: Mark{ID: "k"}, Removal: waits}}}, unmark, fault.Conflict},
		"a mark":                         {desk{marks: []Listed{{Mark: Mark{ID: "k"}}}}, unmark, ""},
		"a removal that was decided":     {desk{marks: []Listed{{Mark: Mark{ID: "k"}, Removal: decided}}}, decideUnmark, fault.Conflict},
		"a removal":                      {desk{marks: []Listed{{Mark: Mark{ID: "k"}, Removal: waits}}}, decideUnmark, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := at(t, &c.desk)
			defer func() {
				if r := recover(); r != nil {
					t.Fatalf("nothing refuses it: %v", r)
				}
			}()
			err := c.do(ctx, s)
			taken := 0
			if c.want == "" {
				taken = 1
			}
			if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want || c.desk.committed != taken {
				t.Errorf("%v, %d steps", err, c.desk.committed)
			}
		})
	}
}

func wantEcho(ctx context.Context, s *Service) error { _, err := s.WantEcho(ctx, "r", "c"); return err }

func decideOverride(ctx context.Context, s *Service) error {
	return s.DecideOverride(ctx, "r", "o", "Looked at.", true)
}

func clearCase(ctx context.Context, s *Service) error { return s.Clear(ctx, "r", "Looked at.") }

func proposeLift(ctx context.Context, s *Service) error {
	return s.ProposeLift(ctx, "c", "It was an exercise.")
}

func unmark(ctx context.Context, s *Service) error { return s.ProposeUnmark(ctx, "k", "An error.") }

func decideUnmark(ctx context.Context, s *Service) error { return s.DecideUnmark(ctx, "k", true) }
