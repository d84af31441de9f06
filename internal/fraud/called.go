package fraud

import (
	"context"
	"strings"

	"lerd/internal/callback"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/requests"
)

// Called is what a recorded call about a request moves, in the same transaction:
// a denied one stops the case. One at which nobody but the requester was reached
// is refused: it says nothing.
func (s *Service) Called(ctx context.Context, call callback.Call, _ change.Part) ([]change.Part, error) {
	c, err := s.Store.Case(system(ctx), requests.ID(call.Subject.ID))
	if err != nil {
		return nil, err
	}
	if call.Outcome == callback.Confirmed && samePerson(call.Name.Reveal(), c.Officer.Name.Reveal()) {
		return nil, fault.Fields([]fault.Problem{{Field: "name", Message: "This is the person who made the request. Ask to speak to somebody else of the agency."}})
	}
	if call.Outcome != callback.Denied {
		return nil, nil
	}
	return s.hold(system(ctx), Hold{Request: c.Request.ID, Agency: c.Request.Agency, Because: CallBackDenied, Source: string(call.ID)}, holdCode[CallBackDenied], left(c)), nil
}

// samePerson compares names without case, order and titles in front.
func samePerson(a, b string) bool {
	x, y := strings.Fields(strings.ToLower(a)), strings.Fields(strings.ToLower(b))
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	in := 0
	for _, w := range y {
		for _, v := range x {
			if strings.Trim(v, ".,") == strings.Trim(w, ".,") {
				in++
				break
			}
		}
	}
	return in == len(y)
}
