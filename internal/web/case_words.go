package web

import (
	"slices"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// stateTones give each state of a case its colour.
var stateTones = map[requests.State]Tone{
	requests.NeedsInformation: Caution, requests.AwaitingCosignature: Caution, requests.Redrafted: Plain, requests.ExportedCase: Good, requests.Delivered: Good, requests.Closed: Plain,
	requests.Refused: Danger, requests.Withdrawn: Plain, requests.Expired: Caution, requests.NoData: Plain, requests.LegalConflict: Caution, requests.Recalled: Danger, requests.Preserved: Good, requests.Lapsed: Plain,
}

// stateBadge says where a case stands.
func (c *Ctx) stateBadge(s requests.State) Badge {
	tone, ok := stateTones[s]
	if !ok {
		tone = Info
	}
	return Badge{Text: c.T("case.state." + string(s)), Tone: tone}
}

// stages are the stages of a case in their order, with the states in which each
// is under way.
var stages = []struct {
	name   string
	states []requests.State
}{
	{"received", []requests.State{requests.Submitted}},
	{"review", []requests.State{requests.InReview, requests.NeedsInformation}},
	{"examination", []requests.State{requests.Examined, requests.Qualified, requests.AwaitingConfirmation, requests.Confirmed, requests.Approved, requests.LegalConflict}},
	{"delivery", []requests.State{requests.ExportedCase, requests.Delivered, requests.Recalled, requests.Preserved}},
}

// caseProgress says where a case is, who acts next and by when, as its agency
// reads it.
func (c *Ctx) caseProgress(cs requests.Case) Progress {
	q := cs.Request
	p := Progress{Label: c.T("case.progress"), Next: c.T("case.next." + string(q.State)), Tone: c.stateBadge(q.State).Tone}
	answered := slices.Contains([]requests.State{requests.ExportedCase, requests.Delivered, requests.Recalled}, q.State)
	stands := q.State == requests.AwaitingCosignature || q.State == requests.NeedsInformation
	if q.State.Open() && !answered && !stands && !q.EffectBy.IsZero() {
		p.DueIn, p.Due = c.T("case.due"), &When{q.EffectBy, zoneOf(cs.Agency)}
	}
	p.Stages = c.stagesOf(q.State)
	return p
}

// stagesOf gives the stages before, at and after a state. A case that ended
// early shows its receipt and its end.
func (c *Ctx) stagesOf(state requests.State) []Stage {
	if !state.Open() && state != requests.Closed {
		if state == requests.Redrafted {
			return []Stage{{c.T("case.state." + string(state)), "here", c.T("case.stage.here")}}
		}
		return []Stage{{c.T("case.stage.received"), "done", c.T("case.stage.done")}, {c.T("case.state." + string(state)), "here", c.T("case.stage.here")}}
	}
	out := make([]Stage, 0, len(stages)+1)
	reached := "done"
	if state == requests.AwaitingCosignature { // not received yet
		out, reached = append(out, Stage{c.T("case.stage.cosign"), "here", c.T("case.stage.here")}), "ahead"
	}
	for _, st := range stages {
		word := reached
		if reached == "done" && slices.Contains(st.states, state) {
			word, reached = "here", "ahead"
		}
		out = append(out, Stage{c.T("case.stage." + st.name), word, c.T("case.stage." + word)})
	}
	return out
}

// can tells whether the workflow has a step for the role in a state. It is for
// showing buttons; the domain decides.
func can(state requests.State, action requests.Action, role identity.Role) bool {
	if state == requests.Examined {
		state = requests.AwaitingConfirmation // as far as the agency's own steps go, one of its states is as good as another
	}
	return slices.ContainsFunc(requests.Workflow, func(s requests.Step) bool {
		return s.From == state && s.Action == action && s.By == role
	})
}
