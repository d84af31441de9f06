package requests

import (
	"context"
	"strings"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
)

// Ask sends the agency a question; the clock stands still until it replies.
func (s *Service) Ask(ctx context.Context, id ID, body string) error {
	return s.message(ctx, id, messageStep{AskAgency, "ask", body, "Write what the agency should send or correct."})
}

// Reply answers the reviewer's question; the clock runs on.
func (s *Service) Reply(ctx context.Context, id ID, body string) error {
	return s.message(ctx, id, messageStep{Reply, "reply", body, "Write your answer."})
}

type messageStep struct {
	action Action
	verb   access.Verb
	body   string
	needed string
}

func (s *Service) message(ctx context.Context, id ID, m messageStep) (err error) {
	defer fault.Wrap(&err, "requests.%s(%s)", m.action, id)
	c, actor, rule, err := s.held(ctx, id, m.verb)
	if err != nil {
		return err
	}
	body, err := needText("body", m.body, m.needed)
	if err != nil {
		return err
	}
	if strings.Contains(body.Reveal(), "###") {
		return fault.Fields([]fault.Problem{{Field: "body", Message: "A placeholder (###) is still open. Fill it in before you send."}})
	}
	q := c.Request
	part, err := s.step(ctx, &q, m.action, rule)
	if err != nil {
		return err
	}
	name := actor.Name.Reveal()
	if actor.Role.Staff() {
		name = actor.Pseudonym
	}
	part.Insert = append(part.Insert, &Message{ID: newID[string](), Request: id, Agency: q.Agency, FromRole: actor.Role, FromName: name, Body: body, At: s.now()})
	if m.action == Reply {
		if err := s.resumeClocks(&q, c); err != nil {
			return err
		}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}
