package requests

import (
	"context"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/personal"
)

// reasoned is a step for which somebody says why.
type reasoned struct {
	action Action
	rule   string // the line of the policy that allows it
	why    string // as it was typed
	ask    string // what is asked for when nothing was
	// more is what the step does beside the state: to the request, to the
	// case's part, or by further parts.
	more func(q *Request, part *change.Part, reason personal.Text) []change.Part
}

// takeReasoned takes a step with its reason, which the event commits to.
func (s *Service) takeReasoned(ctx context.Context, c Case, r reasoned) error {
	reason, err := needText("why", r.why, r.ask)
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, r.action, r.rule)
	if err != nil {
		return err
	}
	tell(&part, "reason", reason)
	further := r.more(&q, &part, reason)
	return s.Store.Commit(ctx, change.Set{Parts: append([]change.Part{part}, further...), Key: change.KeyFrom(ctx, pathFor(ctx, q.ID))})
}

// Withdraw takes a request back. Nothing leaves any more.
func (s *Service) Withdraw(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Withdraw(%s)", id)
	c, _, rule, err := s.open(ctx, id, "withdraw", "request")
	if err != nil {
		return err
	}
	return s.takeReasoned(ctx, c, reasoned{Withdraw, rule, why, "Say why you withdraw the request.",
		func(q *Request, part *change.Part, _ personal.Text) []change.Part {
			q.Refusals = []string{"RR-22"}
			return s.cancel(ctx, c, *part, "withdrawn")
		}})
}

func needText(field, typed, ask string) (personal.Text, error) {
	var r reader
	t := r.text(field, typed, ask)
	return t, fault.Fields(r.problems)
}

// tell commits a part's event to a text that may be personal.
func tell(part *change.Part, name string, t personal.Text) {
	part.Event.Values = append(part.Event.Values, value(name, t.Reveal()))
}
