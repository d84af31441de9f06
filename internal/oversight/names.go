package oversight

import (
	"context"

	"lerd/internal/fault"
)

// Naming reads under which names people know what the log names by ids.
type Naming interface {
	// Names gives the references of cases, releases, audit findings, errors and
	// samples, the pseudonyms of people and the names of agencies, by their ids; an id
	// that is none of these is left out.
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// Names gives the names of what events name by ids, for the pages of auditors.
func (s *Service) Names(ctx context.Context, ids []string) (_ map[string]string, err error) {
	defer fault.Wrap(&err, "oversight.Names")
	if _, _, err := s.may(ctx, "view", "log"); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.Naming.Names(ctx, ids)
}
