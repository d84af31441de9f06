package legal

import (
	"slices"
	"strings"

	"lerd/internal/fault"
)

// CheckAnswers refuses answers that cannot be given: to an unknown check or
// target, to a check that the facts decide, without a reason, without a
// person, or "not applicable" where a check always applies.
func (r *Registry) CheckAnswers(p *Process, f *Facts, answers []Answer) error {
	var problems []fault.Problem
	for _, a := range answers {
		if msg := r.answerFault(p, f, a); msg != "" {
			problems = append(problems, fault.Problem{Field: string(a.Check), Message: msg})
		}
	}
	return fault.Fields(problems)
}

func (r *Registry) answerFault(p *Process, f *Facts, a Answer) string {
	check := r.Checklist(p).Check(a.Check)
	switch {
	case check == nil || !slices.Contains(p.Checks, a.Check):
		return "This check does not belong to the process."
	case check.Mode == Auto:
		return "This check is decided by the facts; correct the facts instead."
	case answerRank[a.Result] == 0:
		return "Answer pass, fail, not applicable or needs information."
	case a.Result == NotApplicable && !check.MayNotApply:
		return "This check always applies; answer pass, fail or needs information."
	case a.Result != Pass && strings.TrimSpace(a.Note) == "":
		return "Say why in a sentence."
	case a.By == "" || a.Role == "":
		return "An answer needs the person who gave it and the role."
	case a.Target != "" && check.Scope == ScopeRequest:
		return "This check is about the whole request, not about one target."
	case a.Target != "" && !slices.ContainsFunc(f.Targets, func(t Target) bool { return t.Ref == a.Target }):
		return "There is no such target in the request."
	}
	return ""
}
