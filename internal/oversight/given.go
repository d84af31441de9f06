package oversight

import (
	"context"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// GivenTo says who got what opens a report's counts, by the event that says so;
// empty where the event commits to nobody.
func (s *Service) GivenTo(ctx context.Context, id audit.EventID) (to string, err error) {
	defer fault.Wrap(&err, "oversight.GivenTo(%s)", id)
	if _, _, err := s.may(ctx, "view", "log"); err != nil {
		return "", err
	}
	opened, err := s.Cases.Payloads(ctx, []audit.EventID{id})
	for _, v := range opened[id].Values {
		if v.Name == "to" {
			to = string(v.New)
		}
	}
	return to, err
}
