package requests

import (
	"context"
	"sort"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// DecisionInput is a reviewer's choice for one category of one target.
type DecisionInput struct {
	Target         string // the target's reference
	Category       Category
	Outcome        Outcome // produce, narrow or refuse
	Reasons        []string
	Note           string
	From, To, Zone string // for narrow
}

// Decide records what the reviewer decides for single categories: to narrow the
// period or to refuse, never more than the law allows.
func (s *Service) Decide(ctx context.Context, id ID, in []DecisionInput) (err error) {
	defer fault.Wrap(&err, "requests.Decide(%s)", id)
	c, actor, rule, err := s.held(ctx, id, "decide")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Decide, rule)
	if err != nil {
		return err
	}
	verdict, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	law, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	var r reader
	for _, one := range in {
		if d, ok := s.readDecision(&r, c, law, one); ok && notLaxer(&r, verdict, one, d) {
			d.By, d.At = actor.Person, s.now()
			putDecision(&part, c, d)
		}
	}
	if len(part.Insert) == 0 && len(r.problems) == 0 {
		r.fail("decisions", "Choose at least one outcome before you save.")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// putDecision adds a decision to a part. It takes the place of the one before,
// which stays on record.
func putDecision(part *change.Part, c Case, d Decision) {
	said := strings.TrimSpace(string(d.Outcome) + " " + JoinCodes(d.Reasons))
	tell(part, "decision_"+string(d.Category)+"_"+refOf(c, d.Target), personal.NewText(said))
	d.ID, d.Version = newID[DecisionID](), 1
	if was, ok := c.Decision(d.Target, d.Category); ok {
		d.Version = was.Version + 1
	}
	part.Insert = append(part.Insert, &d)
}

// notLaxer refuses a choice that gives more than the checks allow.
func notLaxer(r *reader, v legal.Verdict, in DecisionInput, d Decision) bool {
	item, ok := itemOf(v, in.Target, in.Category)
	field := "decision_" + in.Target + "_" + string(in.Category)
	switch action := actionOf(in.Outcome); {
	case !ok:
		r.fail(field, "This account or kind of data was not asked for.")
	case item.Conflict:
		r.fail(field, "Counsel decides on this one.")
	case in.Outcome == Narrow && item.MaxPeriodDays > 0 && d.From.Before(d.To.AddDate(0, 0, -item.MaxPeriodDays)):
		r.fail(field+"_from", "This process carries at most "+itoa(item.MaxPeriodDays)+" days. Choose a later beginning or an earlier end.")
	case item.Derived == legal.Hold || item.Derived == action || legal.StricterAction(item.Derived, action):
		return true
	default:
		r.fail(field, "The checks allow less than this. Choose the same or something stricter.")
	}
	return false
}

func refOf(c Case, id TargetID) string {
	for _, t := range c.Request.Targets {
		if t.ID == id {
			return t.Ref()
		}
	}
	return ""
}

func (s *Service) readDecision(r *reader, c Case, law *legal.Process, in DecisionInput) (Decision, bool) {
	field := "decision_" + in.Target + "_" + string(in.Category)
	if in.Outcome == "" {
		return Decision{}, false
	}
	for _, t := range c.Request.Targets {
		if t.Ref() != in.Target || !t.Wants(in.Category) {
			continue
		}
		d := Decision{Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Category: in.Category, Outcome: in.Outcome,
			From: t.From, To: t.To, Note: r.text(field+"_note", in.Note, noteNeeded(in.Outcome))}
		s.readOutcome(r, field, &d, t, law, in)
		return d, true
	}
	r.fail(field, "This account or kind of data was not asked for.")
	return Decision{}, false
}

func noteNeeded(o Outcome) string {
	if o == Produce {
		return ""
	}
	return "Give the reason in a sentence; the agency will read it."
}

func (s *Service) readOutcome(r *reader, field string, d *Decision, t Target, law *legal.Process, in DecisionInput) {
	s.chosen(r, field+"_reasons", in.Reasons, law)
	r.filled(field+"_note", d.Note)
	switch in.Outcome {
	case Produce:
	case Narrow:
		p, err := identifier.ParsePeriod(in.From, in.To, in.Zone)
		for _, x := range fault.ProblemsOf(err) {
			r.fail(field+"_"+x.Field, x.Message)
		}
		if err == nil && (p.From.Before(t.From) || p.To.After(t.To)) {
			r.fail(field+"_from", "The narrower period must lie inside the one that was asked for.")
		}
		if err == nil {
			d.From, d.To = p.From, p.To
		}
		if d.Reasons = in.Reasons; len(d.Reasons) == 0 {
			d.Reasons = []string{"RR-10"}
		}
	case Refuse:
		if len(in.Reasons) == 0 {
			r.fail(field+"_reasons", "Choose at least one reason from the list.")
		}
		sort.Strings(in.Reasons)
		d.Reasons = in.Reasons
	default:
		r.fail(field, "Choose to produce, to narrow or to refuse.")
	}
}
