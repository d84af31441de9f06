package change

import "lerd/internal/identity"

// Prove puts a proof into the part that takes its step: the assertion's id into
// the event's facts, and its row beside the step's rows. The row's key is used
// up by the commit, so that an assertion proves one step.
func Prove(part *Part, p identity.Proof) {
	part.Event.Facts["assertion"] = string(p.Assertion)
	part.Insert = append([]any{p.Given}, part.Insert...) // before the rows that may name it
}
