package requests

import (
	"context"
	"strconv"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// CheckInput is a reviewer's answer to one check, as it was typed.
type CheckInput struct {
	Check, Target, Result, Note, Place string
}

// AnswerChecks records a reviewer's answers. An answer adds to what was said
// before and never removes it.
func (s *Service) AnswerChecks(ctx context.Context, id ID, in []CheckInput) (err error) {
	defer fault.Wrap(&err, "requests.AnswerChecks(%s)", id)
	c, actor, rule, err := s.held(ctx, id, "check")
	if err != nil {
		return err
	}
	process, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, AnswerCheck, rule)
	if err != nil {
		return err
	}
	var r reader
	for _, one := range in {
		if a, ok := s.readAnswer(&r, process, c, one); ok {
			a.ID, a.Request, a.Agency, a.By, a.As, a.At = newID[string](), id, q.Agency, string(actor.Person), string(actor.Role), s.now()
			part.Insert = append(part.Insert, &a)
			field := strings.TrimSuffix(a.Check+"_"+a.Target, "_")
			tell(&part, "check_"+field, personal.NewText(a.Result))
			tell(&part, "place_"+field, personal.NewText(a.Place))
		}
	}
	if len(part.Insert) == 0 && len(r.problems) == 0 {
		r.fail("answers", "Answer at least one check before you save.")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

func (s *Service) readAnswer(r *reader, p *legal.Process, c Case, in CheckInput) (Answer, bool) {
	field := strings.TrimSuffix("check_"+in.Check+"_"+in.Target, "_")
	if in.Result == "" {
		return Answer{}, false
	}
	check := s.Law.Checklist(p).Check(legal.CheckID(in.Check))
	if check == nil || check.Mode == legal.Auto || !applies(p, check.ID) || !knownTarget(c, in.Target) {
		r.fail(field, "This check is not one that a reviewer answers here.")
		return Answer{}, false
	}
	switch legal.Result(in.Result) {
	case legal.Pass, legal.Fail, legal.NeedsInfo, legal.NotApplicable:
	default:
		r.fail(field, "Answer pass, fail, needs information or does not apply.")
		return Answer{}, false
	}
	switch {
	case legal.Result(in.Result) == legal.NotApplicable && !check.MayNotApply:
		r.fail(field, "This check always applies. Answer pass, fail or needs information.")
		return Answer{}, false
	case in.Target != "" && check.Scope == legal.ScopeRequest:
		r.fail(field, "This check is about the whole request, not about one account.")
		return Answer{}, false
	}
	a := Answer{Check: in.Check, Target: in.Target, Result: in.Result}
	place, ok := ParsePlace(in.Place)
	if !ok || place.Page > c.Document.Pages {
		r.fail(field+"_place", "Give a page of the order, and a line or a part of it if you like: 2, or 2 line 14, or mark it on the page.")
	}
	a.Place = place.String()
	if in.Check == formCheck && legal.Result(in.Result) == legal.Pass && a.Place == "" && len(c.UnshownPeriods()) > 0 {
		r.fail(field+"_place", "The order's text does not show a period that was typed. Say where in the document it stands: 2, or 2 line 14, or mark it on the page.")
	}
	ask := ""
	if legal.Result(in.Result) != legal.Pass {
		ask = "Say why: the agency and the auditors will read it."
	}
	a.Note = r.text(field+"_note", in.Note, ask)
	r.filled(field+"_note", a.Note)
	return a, true
}

func applies(p *legal.Process, id legal.CheckID) bool {
	for _, c := range p.Checks {
		if c == id {
			return true
		}
	}
	return false
}

func knownTarget(c Case, ref string) bool {
	if ref == "" {
		return true
	}
	for _, t := range c.Request.Targets {
		if t.Ref() == ref {
			return true
		}
	}
	return false
}

// Verdict derives what follows from the facts and answers of a case.
func (s *Service) Verdict(ctx context.Context, c Case) (legal.Verdict, error) {
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return legal.Verdict{}, err
	}
	f, err := s.facts(ctx, c)
	if err != nil {
		return legal.Verdict{}, err
	}
	v, err := s.Law.Verdict(p, *f, answers(c))
	if err != nil {
		return v, err
	}
	return v.Apply(choices(c, v))
}

func itoa(n int) string { return strconv.Itoa(n) }
