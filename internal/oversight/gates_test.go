package oversight

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight/sampling"
	"lerd/internal/testkit/everybody"
)

// desk is a store of one error, with the notices about it. Everybody may do
// everything: what refuses is the gates' own.
type desk struct {
	FindingStore
	ErrorStore

	report    ErrorReport
	notices   []ErrorNotice
	delivered time.Time
	notice    error
	searched  bool
	committed int
}

func (d *desk) Repeated(context.Context, *change.Key) error { return nil }

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) ErrorReport(context.Context, string) (ErrorReport, error) { return d.report, nil }

func (d *desk) ErrorTold(context.Context, string) ([]ErrorNotice, *ErrorReason, error) {
	return d.notices, nil, nil
}

func (d *desk) CaseIDByRef(_ context.Context, ref string) (string, error) {
	if ref != "LR-1" {
		return "", fault.New(fault.NotFound, "nothing")
	}
	return "c", nil
}

func (d *desk) NoticeOf(context.Context, string, string) (time.Time, error) {
	return d.delivered, d.notice
}

func (d *desk) Owners(context.Context) ([]identity.Person, error) {
	return []identity.Person{{ID: "owner"}}, nil
}

func (d *desk) Search(context.Context, Search) ([]Hit, error) { d.searched = true; return nil, nil }

func (d *desk) Unknown(context.Context, Search) ([]string, error) { return nil, nil }

var atNine = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// stores is a desk as the service wants it: two of its stores know cases by their
// references.
type (
	findings struct{ *desk }
	errorsOf struct{ *desk }
)

func over(t *testing.T, d *desk) (*Service, context.Context) {
	t.Helper()
	s := New(Config{Store: d, Access: everybody.May{}, Findings: findings{d}, Errors: errorsOf{d}, Searches: d, Now: func() time.Time { return atNine }, Rand: strings.NewReader(strings.Repeat("x", 64))})
	return s, identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "me", Role: identity.Auditor}), s.Now)
}

// TestGatesOfTheRegister meets each gate alone: nothing else of the step refuses, so
// that without it the step is taken.
func TestGatesOfTheRegister(t *testing.T) {
	yes, no := true, false
	made := ErrorReport{ID: "e", State: Reported, MadeBy: "first"}
	own := made
	own.MadeBy = "me"
	small := ErrorReport{ID: "e", Case: "c", State: Assessed, Serious: &no, MadeBy: "first"}
	serious, mine, later := small, small, small
	serious.Serious, mine.Serious, mine.MadeBy, later.Told = &yes, &yes, "me", "later"
	told := []ErrorNotice{{Ref: "UN-1", Delivered: atNine}}
	report := func(what, ref string, on time.Time) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.ReportError(ctx, what, ref, "Too much left.", on)
			return err
		}
	}
	settle := func(told, ref string) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error { return s.SettleError(ctx, "e", told, "So it is.", ref) }
	}
	assess := func(ctx context.Context, s *Service) error {
		return s.AssessError(ctx, "e", "none", "none", "Nothing came of it.")
	}
	excuse := func(ctx context.Context, s *Service) error { return s.ExcuseError(ctx, "e", "They have died.") }
	open := func(owner, ref string, due time.Time) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.OpenFinding(ctx, FindingInput{Title: "A", Body: "B", Grade: "low", Owner: owner, CaseRef: ref, DueOn: due})
			return err
		}
	}
	ask := func(name string) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.Query(ctx, Search{Name: name}, "page")
			return err
		}
	}
	for name, c := range map[string]struct {
		desk desk
		do   func(context.Context, *Service) error
		want fault.Kind // of the refusal; empty where the step is taken
	}{
		"reported":                         {desk{}, report("too_much", "LR-1", atNine), ""},
		"reported of no kind":              {desk{}, report("x", "", atNine), fault.Invalid},
		"reported before it is found":      {desk{}, report("too_much", "", atNine.Add(time.Hour)), fault.Invalid},
		"reported of no case":              {desk{}, report("too_much", "LR-2", atNine), fault.Invalid},
		"assessed":                         {desk{report: made}, assess, ""},
		"assessed by who reported":         {desk{report: own}, assess, fault.Gate},
		"assessed twice":                   {desk{report: small}, assess, fault.Conflict},
		"told by a letter":                 {desk{report: small}, settle("told", "a letter of 2 November"), ""},
		"told by nothing":                  {desk{report: small}, settle("told", " "), fault.Invalid},
		"told later, twice":                {desk{report: later}, settle("later", ""), fault.Invalid},
		"told by a notice":                 {desk{report: small, delivered: atNine}, settle("told", "UN-1"), ""},
		"told by a notice that waits":      {desk{report: small}, settle("told", "UN-1"), fault.Invalid},
		"told by a notice that is none":    {desk{report: small, notice: fault.New(fault.NotFound, "nothing")}, settle("told", "UN-1"), fault.Invalid},
		"settled before it is assessed":    {desk{report: made}, settle("later", ""), fault.Conflict},
		"serious, and told":                {desk{report: serious, notices: told, delivered: atNine}, settle("told", "UN-1"), ""},
		"serious, and not told":            {desk{report: serious, notices: told, delivered: atNine}, settle("not_told", "UN-1"), fault.Gate},
		"serious, and nobody to tell":      {desk{report: serious, delivered: atNine}, settle("told", "UN-1"), fault.Gate},
		"serious, and a notice waits":      {desk{report: serious, notices: append(told, ErrorNotice{Ref: "UN-2"}), delivered: atNine}, settle("told", "UN-1"), fault.Gate},
		"serious, and another notice":      {desk{report: serious, notices: told, delivered: atNine}, settle("told", "UN-2"), fault.Invalid},
		"excused":                          {desk{report: serious}, excuse, ""},
		"excused by who reported":          {desk{report: mine}, excuse, fault.Gate},
		"excused though small":             {desk{report: small}, excuse, fault.Conflict},
		"a finding":                        {desk{}, open("owner", "LR-1", atNine), ""},
		"a finding that is due before now": {desk{}, open("owner", "", atNine.Add(-25*time.Hour)), fault.Invalid},
		"a finding of nobody":              {desk{}, open("x", "", atNine), fault.Invalid},
		"a finding of no case":             {desk{}, open("owner", "LR-2", atNine), fault.Invalid},
		"a query":                          {desk{}, ask(Library[0]), ""},
		"a query of no library":            {desk{}, ask("x"), fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := over(t, &c.desk)
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

// population is a store of samples over some cases.
type population struct {
	SampleStore
	members []sampling.Member
}

func (p population) Population(context.Context, sampling.Plan) ([]sampling.Member, uint64, error) {
	return p.members, 1, nil
}

func (population) Placed(context.Context) (uint64, error)                        { return 1, nil }
func (population) LogLength(context.Context) (placed, pending uint64, err error) { return 1, 0, nil }

// TestASampleIsOfSomething: nothing is planned over no case.
func TestASampleIsOfSomething(t *testing.T) {
	for _, n := range []int{0, 1} {
		s, _ := over(t, &desk{})
		s.Samples = population{members: make([]sampling.Member, n)}
		if _, _, err := s.planned(t.Context(), PlanInput{}, "me"); err == nil != (n > 0) || n == 0 && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d cases: %v", n, err)
		}
	}
}

// TestWhoMayAcknowledgeALoss: each condition alone.
func TestWhoMayAcknowledgeALoss(t *testing.T) {
	me := identity.Actor{Person: "me", Role: identity.Auditor}
	lost := Lost{Loss: &audit.Loss{}, Digest: "d"}
	unclear, nothing, said, same := lost, lost, lost, lost
	unclear.Unclear, nothing.Loss = errors.New("no keeper answers"), nil
	said.Words = []LossWord{{Person: "first", Role: identity.Auditor}}
	same.Words = []LossWord{{Person: "me", Role: identity.Counsel}}
	other := lost
	other.Words = []LossWord{{Person: "first", Role: identity.Counsel}}
	for name, c := range map[string]struct {
		now    Lost
		digest string
		want   fault.Kind
	}{
		"the first word":            {lost, "d", ""},
		"the other word":            {other, "d", ""},
		"cannot be told":            {unclear, "d", fault.Gate},
		"nothing is lost":           {nothing, "d", fault.Gate},
		"something else is lost":    {lost, "e", fault.Conflict},
		"said for the role already": {said, "d", fault.Gate},
		"said by the same person":   {same, "d", fault.Gate},
	} {
		if err := mayAcknowledge(c.now, c.digest, me); err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
