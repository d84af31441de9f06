package legal

import (
	"fmt"
	"slices"

	"lerd/internal/fault"
)

// Preserve is the action for a target of a preservation request.
const Preserve Action = "preserve"

// verdict draws the conclusion from the results of all checks.
func (e *evaluation) verdict() Verdict {
	v := Verdict{Process: e.p.Pin(), Results: e.results, Emergency: e.state, compulsory: e.p.Compulsion != Voluntary}
	for _, res := range e.results {
		e.collect(&v, res)
		if res.Target == "" {
			v.whole = append(v.whole, e.weight(res))
		}
	}
	v.Items = e.items(&v)
	v.bare = e.p.Kind == Disclosure && len(v.Items) == 0
	e.conclude(&v)
	return v
}

// weight is what one result does to the request or the item it is about.
type weight struct {
	action Action
	policy bool // a gate of the platform, which a compulsory demand may not be refused by
}

func (e *evaluation) weight(res CheckResult) weight {
	switch res.Result {
	case Open:
		return weight{action: Hold}
	case NeedsInfo:
		return weight{action: Ask}
	case Fail:
	default:
		return weight{action: Produce}
	}
	switch res.Effect {
	case EffectAsk:
		return weight{action: Ask}
	case EffectNarrow:
		return weight{action: Narrow}
	case EffectNotHeld:
		return weight{action: NotHeld}
	case EffectRoutine:
		return weight{action: Produce}
	case EffectBlock:
		return weight{action: Hold}
	}
	gate := e.reg.Checklist(e.p).Check(res.Check).PolicyGate
	if gate && e.p.Compulsion != Voluntary {
		return weight{action: Hold, policy: true}
	}
	return weight{action: RefuseIt}
}

func (e *evaluation) collect(v *Verdict, res CheckResult) {
	add := func(list *[]CheckID) {
		if !slices.Contains(*list, res.Check) {
			*list = append(*list, res.Check)
		}
	}
	switch res.Result {
	case Fail:
		add(&v.Failing)
	case Open:
		add(&v.Open)
	case Pending:
		add(&v.Pending)
	}
	if res.Counsel {
		add(&v.Counsel)
	}
	if res.Code != "" && !slices.Contains(v.Codes, res.Code) {
		v.Codes = append(v.Codes, res.Code)
	}
	for _, f := range res.Missing {
		if res.Result == NeedsInfo && !slices.Contains(v.Missing, f) {
			v.Missing = append(v.Missing, f)
		}
	}
}

// items gives the decision on each target and category (disclosure) or on each
// target (preservation).
func (e *evaluation) items(v *Verdict) (out []Item) {
	for _, t := range e.facts.Targets {
		switch e.p.Kind {
		case Disclosure:
			for _, c := range t.Categories {
				out = append(out, e.item(v, t.Ref, c))
			}
		case Preservation:
			it := e.item(v, t.Ref, "")
			if it.Derived == Produce || it.Derived == Narrow {
				it.Derived, it.Action = Preserve, Preserve
			}
			out = append(out, it)
		}
	}
	return out
}

func (e *evaluation) item(v *Verdict, target string, c Category) Item {
	it := Item{Target: target, Category: c, Derived: Produce}
	for _, res := range e.results {
		mine := res.Target == target && (res.Category == "" || res.Category == c)
		w := e.weight(res)
		if !mine && !(res.Target == "" && w.action == RefuseIt) {
			continue
		}
		if w.action == Produce {
			continue
		}
		it.Conflict = it.Conflict || w.policy
		it.Why = append(it.Why, res.Why)
		if res.Code != "" && !slices.Contains(it.Codes, res.Code) {
			it.Codes = append(it.Codes, res.Code)
		}
		if strictness[w.action] > strictness[it.Derived] {
			it.Derived = w.action
		}
	}
	if it.Derived == RefuseIt {
		it.Conflict = false
	}
	if it.Derived == Narrow {
		it.MaxPeriodDays = e.p.Limits.PeriodDays
	}
	it.Codes = e.honest(it.Codes, it.Derived == RefuseIt && v.compulsory)
	it.Action = it.Derived
	return it
}

// honest leaves out reasons of policy where they may not be given: to a demand
// that may bind the platform.
func (e *evaluation) honest(codes []RefusalCode, drop bool) []RefusalCode {
	if !drop {
		return codes
	}
	return slices.DeleteFunc(slices.Clone(codes), func(c RefusalCode) bool { return e.reg.refusals[c].PolicyOnly })
}

func (e *evaluation) conclude(v *Verdict) {
	v.settle()
	v.Codes = e.honest(v.Codes, v.Outcome == Refused && v.compulsory)
}

// settle derives the outcome from the whole-request weights and the items'
// actions. What is refused for the whole request is refused; so is a request
// of which every item is. Otherwise a question to the authority comes before
// an open check, and a conflict shows only when nothing else is left.
func (v *Verdict) settle() {
	has := func(a Action, policy bool) bool {
		return slices.Contains(v.whole, weight{a, policy}) ||
			slices.ContainsFunc(v.Items, func(it Item) bool { return it.Action == a && a != RefuseIt && it.Conflict == policy })
	}
	all := func(a Action) bool {
		return len(v.Items) > 0 && !slices.ContainsFunc(v.Items, func(it Item) bool { return it.Action != a })
	}
	switch {
	case slices.Contains(v.whole, weight{action: RefuseIt}) || all(RefuseIt):
		v.Outcome = Refused
	case has(Ask, false) || has(Ask, true) || v.bare:
		v.Outcome = NeedsInformation
	case has(Hold, false) || v.openBesidesConflict():
		v.Outcome = Undecided
	case has(Hold, true):
		v.Outcome = LegalConflict
	default:
		v.Outcome = Qualified
	}
	v.NoData = v.Outcome == Qualified && all(NotHeld)
	v.Releasable = v.Outcome == Qualified && len(v.Pending) == 0 && slices.ContainsFunc(v.Items, func(it Item) bool {
		return it.Action == Produce || it.Action == Narrow
	})
}

// openBesidesConflict tells whether an item that fails a gate of the platform
// also waits for an answer, which might refuse it on other grounds.
func (v *Verdict) openBesidesConflict() bool {
	return slices.ContainsFunc(v.Results, func(res CheckResult) bool {
		return res.Result == Open && slices.ContainsFunc(v.Items, func(it Item) bool {
			return it.Action == Hold && it.Conflict && it.Target == res.Target && (res.Category == "" || res.Category == it.Category)
		})
	})
}

// Apply makes items of a verdict stricter. It is Invalid where a choice is
// not strictly stricter, has no reason, gives no code, or names no item; and
// a Gate where counsel has to decide.
func (v Verdict) Apply(choices []Choice) (out Verdict, err error) {
	v.Items = slices.Clone(v.Items)
	var problems []fault.Problem
	for _, c := range choices {
		if msg := v.choose(c); msg != "" {
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("%s/%s", c.Target, c.Category), Message: msg})
		}
	}
	if err := fault.Fields(problems); err != nil {
		return Verdict{}, err
	}
	v.settle()
	return v, nil
}

func (v *Verdict) choose(c Choice) string {
	i := slices.IndexFunc(v.Items, func(it Item) bool { return it.Target == c.Target && it.Category == c.Category })
	switch {
	case i < 0:
		return "There is no such item in the request."
	case v.Items[i].Conflict:
		return "Counsel decides on this item."
	case !StricterAction(v.Items[i].Derived, c.Action):
		return fmt.Sprintf("The checks give %q; only something stricter can be chosen.", v.Items[i].Derived)
	case c.Reason == "":
		return "Say in a sentence why you are stricter than the checks."
	case len(c.Codes) == 0:
		return "Choose the reason code that the authority will read."
	}
	it := &v.Items[i]
	it.Action, it.Reason = c.Action, c.Reason
	it.Codes = slices.Clone(it.Codes)
	for _, code := range c.Codes {
		if !slices.Contains(it.Codes, code) {
			it.Codes = append(it.Codes, code)
		}
	}
	return ""
}
