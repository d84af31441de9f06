package legal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lerd/internal/fault"
)

// The checks that the code knows by name, because they need more than a
// condition over the facts.
const (
	checkComplete  CheckID = "VC-09" // required fields
	checkTransfer  CheckID = "VC-18" // left open by a process for counsel
	checkCategory  CheckID = "VC-12" // the process's rule for a category
	checkEmergency CheckID = "VC-19" // decides on the emergency claim, before all others
)

// Verdict derives the verdict on a request from its facts and the answers of
// people, under one version of a process. The error is Invalid where an answer
// is not one that can be given.
func (r *Registry) Verdict(p *Process, f Facts, answers []Answer) (v Verdict, err error) {
	defer fault.Wrap(&err, "verdict(%s v%d)", p.ID, p.Version)
	if err := r.CheckAnswers(p, &f, answers); err != nil {
		return Verdict{}, err
	}
	e := &evaluation{reg: r, p: p, facts: &f, answers: answers, state: EmergencyNone}
	if err := e.run(); err != nil {
		return Verdict{}, fault.Because(fault.Internal, err, "")
	}
	return e.verdict(), nil
}

// evaluation is one derivation under way.
type evaluation struct {
	reg     *Registry
	p       *Process
	facts   *Facts
	answers []Answer
	env     requestEnv
	state   EmergencyState
	results []CheckResult
	fault   error // the first failure of an expression
}

// subject is what one check is asked about: request, target or item.
type subject struct {
	target   *Target
	category Category
	env      any
}

// run evaluates the emergency claim first, for what else is allowed depends on
// it, and then every check in order.
func (e *evaluation) run() error {
	e.setEnv()
	checks := e.reg.ChecksOf(e.p)
	for _, c := range checks {
		if c.ID != checkEmergency {
			continue
		}
		res, err := e.evaluate(c, subject{env: &e.env})
		if err != nil {
			return err
		}
		e.state = emergencyState(res, e.env.InEmergency)
		e.setEnv()
	}
	for _, c := range checks {
		for _, s := range e.subjects(c.Scope) {
			res, err := e.evaluate(c, s)
			if err != nil {
				return err
			}
			e.results = append(e.results, res)
		}
	}
	return e.fault
}

func emergencyState(res CheckResult, claimed bool) EmergencyState {
	switch {
	case !claimed:
		return EmergencyNone
	case res.Result == Pass:
		return EmergencyEstablished
	case res.Result == Fail:
		return EmergencyNotEstablished
	}
	return EmergencyClaimed
}

func (e *evaluation) subjects(scope Scope) (out []subject) {
	if scope == ScopeRequest {
		return []subject{{env: &e.env}}
	}
	for i := range e.facts.Targets {
		t := &e.facts.Targets[i]
		if scope == ScopeTarget {
			out = append(out, subject{target: t, env: e.targetEnv(t)})
			continue
		}
		for _, c := range t.Categories {
			out = append(out, subject{target: t, category: c, env: e.itemEnv(t, c)})
		}
	}
	return out
}

// evaluate gives the result of one check for one subject: what the facts say
// first, then what people answered. People cannot mend what the facts fail.
func (e *evaluation) evaluate(c *Check, s subject) (CheckResult, error) {
	res := CheckResult{Check: c.ID, Category: s.category, Result: Pass, Auto: true, Why: "The facts meet every condition."}
	if s.target != nil {
		res.Target = s.target.Ref
	}
	if c.applies != nil {
		applies, err := holds(c.applies.pass, s.env)
		if err != nil {
			return res, err
		}
		if !applies {
			res.Result, res.Why = NotApplicable, "Does not apply to this request."
			return res, nil
		}
	}
	if err := e.conditions(c, s, &res); err != nil {
		return res, err
	}
	if res.Result == Pass && c.Mode != Auto {
		if err := e.people(c, s, &res); err != nil {
			return res, err
		}
	}
	e.consequence(c, &res)
	return res, nil
}

// conditions runs a check's conditions, the process's conditions for it, and
// what the code adds; the strictest result counts.
func (e *evaluation) conditions(c *Check, s subject, res *CheckResult) error {
	if c.ID == checkComplete {
		e.missing(res)
	}
	for _, cond := range e.conditionsOf(c, s) {
		if err := e.condition(cond, s, res); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) conditionsOf(c *Check, s subject) (out []*Condition) {
	for i := range c.Conditions {
		out = append(out, &c.Conditions[i])
	}
	for i := range e.p.Conditions {
		if e.p.Conditions[i].Check == c.ID {
			out = append(out, &e.p.Conditions[i])
		}
	}
	if c.ID == checkCategory {
		for i := range e.p.Categories {
			if e.p.Categories[i].ID == s.category && e.p.Categories[i].cond != nil {
				out = append(out, e.p.Categories[i].cond)
			}
		}
	}
	return out
}

func (e *evaluation) condition(cond *Condition, s subject, res *CheckResult) error {
	applies, err := holds(cond.when, s.env)
	if err != nil || !applies {
		return err
	}
	var lacking []FieldID
	for _, id := range cond.Needs {
		if !e.given(e.reg.fields[id], s.env) {
			lacking = append(lacking, id)
		}
	}
	if len(lacking) > 0 {
		e.lack(res, lacking)
		return nil
	}
	ok, err := holds(cond.pass, s.env)
	if err == nil && !ok {
		e.fail(res, cond)
	}
	return err
}

// fail records a failed condition. Among several the strictest counts.
func (e *evaluation) fail(res *CheckResult, cond *Condition) {
	if res.Result == Fail && effectRank[cond.Effect] <= effectRank[res.Effect] {
		return
	}
	res.Result, res.Why, res.Effect = Fail, cond.Otherwise, cond.Effect
}

// effectRank orders the effects that a condition can set; the empty effect is
// the refusal's own, which a condition may only soften.
var effectRank = map[Effect]int{EffectNarrow: 1, EffectBlock: 2, EffectAsk: 3, "": 4, EffectRefuse: 5}

func (e *evaluation) lack(res *CheckResult, fields []FieldID) {
	for _, id := range fields {
		if !slices.Contains(res.Missing, id) {
			res.Missing = append(res.Missing, id)
		}
	}
	if res.Result == Fail {
		return
	}
	var labels []string
	for _, id := range res.Missing {
		labels = append(labels, e.reg.fields[id].Label)
	}
	res.Result, res.Why = NeedsInfo, "Not given: "+strings.Join(labels, ", ")+"."
}

// missing finds the required fields that have no answer.
func (e *evaluation) missing(res *CheckResult) {
	if lacking := e.missingFields(); len(lacking) > 0 {
		e.lack(res, lacking)
	}
}

func (e *evaluation) missingFields() (out []FieldID) {
	for _, id := range e.p.Required {
		f := e.reg.fields[id]
		if f.Scope == ScopeRequest && !e.given(f, &e.env) {
			out = append(out, id)
			continue
		}
		for i := range e.facts.Targets {
			if f.Scope != ScopeRequest && !e.given(f, e.targetEnv(&e.facts.Targets[i])) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// given tells whether a field has an answer. The field's expression runs in
// the environment that it was compiled for, which the wider ones contain.
func (e *evaluation) given(f *Field, env any) bool {
	if f.present == nil {
		return strings.TrimSpace(e.facts.Extra[string(f.ID)]) != ""
	}
	ok, err := holds(f.present.pass, narrowed(env, f.Scope))
	if err != nil && e.fault == nil {
		e.fault = fmt.Errorf("field %s: %w", f.ID, err)
	}
	return err == nil && ok
}

func narrowed(env any, scope Scope) any {
	if item, ok := env.(*itemEnv); ok && scope != ScopeItem {
		env = &item.targetEnv
	}
	if target, ok := env.(*targetEnv); ok && scope == ScopeRequest {
		env = &target.requestEnv
	}
	return env
}

// consequence gives the result its refusal code and effect, and turns what a
// later stage has yet to answer into Pending.
func (e *evaluation) consequence(c *Check, res *CheckResult) {
	if c.Stage != StageReview && (res.Result == Open || res.Result == NeedsInfo) {
		res.Result, res.Missing = Pending, nil
		return
	}
	if res.Result != Fail && res.Result != NeedsInfo {
		res.Effect = ""
		return
	}
	res.Code = c.Refusal
	ref := e.reg.refusals[c.Refusal]
	switch {
	case ref == nil:
		res.Effect = EffectBlock
	case res.Result == NeedsInfo:
		res.Effect = EffectAsk
	case c.ID == checkEmergency && e.p.Emergency == EmergencyOnly:
		res.Effect = EffectRefuse
	default:
		res.Effect = cmp.Or(res.Effect, ref.Effect)
	}
}

// people applies the answers of people to a check that the facts allow.
func (e *evaluation) people(c *Check, s subject, res *CheckResult) error {
	if c.human != nil {
		ask, err := holds(c.human.pass, s.env)
		if err != nil || !ask {
			return err
		}
	}
	roles := c.AnsweredBy
	if len(roles) == 0 {
		roles = []string{RoleReviewer, RoleCounsel}
	}
	if c.counsel != nil {
		only, err := holds(c.counsel.pass, s.env)
		if err != nil {
			return err
		}
		if only {
			roles, res.Counsel = []string{RoleCounsel}, true
		}
	}
	res.Auto = false
	e.weigh(c, roles, e.answersTo(c.ID, s, roles), res)
	return nil
}

func (e *evaluation) answersTo(id CheckID, s subject, roles []string) (out []Answer) {
	for _, a := range e.answers {
		about := a.Target == "" || (s.target != nil && a.Target == s.target.Ref)
		if a.Check == id && about && slices.Contains(roles, a.Role) {
			out = append(out, a)
		}
	}
	return out
}

// weigh gives the strictest of the answers; a pass needs as many different
// people as the check asks for.
func (e *evaluation) weigh(c *Check, roles []string, answers []Answer, res *CheckResult) {
	people := map[string]bool{}
	need := max(c.People, 1)
	res.Result, res.Why = Open, fmt.Sprintf("Waits for the answer of %s.", strings.Join(roles, " or "))
	var worst *Answer
	for i, a := range answers {
		people[a.By] = true
		if worst == nil || answerRank[a.Result] > answerRank[worst.Result] {
			worst = &answers[i]
		}
	}
	switch {
	case worst == nil:
	case worst.Result == Fail || worst.Result == NeedsInfo:
		res.Result, res.Why = worst.Result, worst.Note
	case len(people) < need:
		res.Why = fmt.Sprintf("Answered by %d of %d people.", len(people), need)
	default:
		res.Result, res.Why = worst.Result, cmp.Or(worst.Note, "Answered on the document.")
	}
}

var answerRank = map[Result]int{NotApplicable: 1, Pass: 2, NeedsInfo: 3, Fail: 4}
