package web

import (
	"slices"
	"strings"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// qualifyPart adds the form that closes the review, or says why it is not there.
func (w *workbench) qualifyPart(a *actsPart, v legal.Verdict) {
	if v.Outcome != legal.Qualified {
		a.CannotQualify = w.c.T("review.qualify.not", "verdict", w.c.T("review.verdict."+string(v.Outcome)))
		if !w.wrong.of("qualify") {
			return
		}
	}
	f := w.c.bare(reviewPath(w.cs.Request.ID) + "/qualify")
	for _, t := range w.cs.Request.Targets {
		if wouldLeave(v, t.Ref()) {
			f.add(w.ruleField(t))
		}
	}
	if w.wrong.of("qualify") {
		w.c.again(f, w.wrong.err)
	}
	for _, t := range w.cs.Request.Targets {
		if name := "rule_" + t.Ref(); f.has(name) {
			a.Rules = append(a.Rules, f.fields[name])
		}
	}
	if v.Outcome == legal.Qualified {
		a.Qualify = f
	}
}

// wouldLeave tells whether something of a target is to be produced.
func wouldLeave(v legal.Verdict, ref string) bool {
	return slices.ContainsFunc(v.Items, func(i legal.Item) bool {
		return i.Target == ref && (i.Action == legal.Produce || i.Action == legal.Narrow)
	})
}

// ruleField asks which rule of the platform an account is said to have broken:
// one that is about the same conduct as the offence in the order. Trust and
// safety then judges blind.
func (w *workbench) ruleField(t requests.Target) Field {
	c, law := w.c, w.s.cfg.Services.Law
	fd := Field{Name: "rule_" + t.Ref(), Label: c.T("review.rule", "number", t.Ordinal, "account", t.Identifier.Reveal()), Hint: c.T("review.rule.hint"), Input: "radios", Required: true}
	for _, rule := range law.Rules() {
		ok, why := law.RuleMatchesOffence(rule.ID, w.cs.Request.Offence.Class)
		newest, _ := law.Rule(rule.ID)
		if ok && newest.Version == rule.Version {
			fd.Options = append(fd.Options, Option{Value: rule.ID, Text: rule.ID + " · " + rule.Title, Hint: why})
		}
	}
	if len(fd.Options) == 1 {
		fd.Value = fd.Options[0].Value
	}
	if len(fd.Options) == 0 {
		fd.Hint = c.T("review.rule.none")
	}
	return fd
}

// qualifyCase closes the review with a yes.
func (s *Server) qualifyCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var alleged []requests.Allegation
	for name := range c.values {
		if target, ok := strings.CutPrefix(name, "rule_"); ok {
			alleged = append(alleged, requests.Allegation{Target: target, Rule: c.typed(name)})
		}
	}
	slices.SortFunc(alleged, func(a, b requests.Allegation) int { return strings.Compare(a.Target, b.Target) })
	err = s.cfg.Services.Review.Qualify(c.Once(), id, alleged)
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"qualify", err})
	}
	return s.doneThen(c, err, id, "flash.case_qualified")
}
