package requests

import (
	"context"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// SendToCounsel hands over a demand that may bind the platform and fails only
// the platform's own gates: the derived verdict says so, and counsel decides
// with the deadline running.
func (s *Service) SendToCounsel(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.SendToCounsel(%s)", id)
	c, _, rule, err := s.held(ctx, id, "refuse")
	if err != nil {
		return err
	}
	verdict, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	if verdict.Outcome != legal.LegalConflict {
		return fault.New(fault.Gate, "Counsel takes over only where a demand fails nothing but the platform's own gates; what follows from the checks here is “%s”.", WordsOf(verdict.Outcome))
	}
	return s.takeReasoned(ctx, c, reasoned{SendToCounsel, rule, why, "Say in a sentence what counsel should look at.",
		func(_ *Request, part *change.Part, _ personal.Text) []change.Part {
			recordVerdict(part, c, verdict, s.now())
			return nil
		}})
}

// Reopen takes a case in conflict back into review, for example when counsel
// asks for another finding.
func (s *Service) Reopen(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Reopen(%s)", id)
	c, _, rule, err := s.open(ctx, id, "resolve_conflict", "request")
	if err != nil {
		return err
	}
	return s.takeReasoned(ctx, c, reasoned{Reopen, rule, why, "Say why the case goes back into review.",
		func(q *Request, part *change.Part, _ personal.Text) []change.Part {
			s.startOver(part, q, c)
			return nil
		}})
}
