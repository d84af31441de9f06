package requests

import (
	"context"

	"lerd/internal/fault"
)

// DocumentBytes gives a document's bytes to an auditor, for a dossier whose event is
// on record already, where anybody may open it; NotFound where it was erased, ErrAltered
// where it is another.
func (s *Service) DocumentBytes(ctx context.Context, d Document) (body []byte, err error) {
	defer fault.Wrap(&err, "requests.DocumentBytes(%s)", d.ID)
	if _, _, err := s.may(ctx, "export", "dossier", ""); err != nil {
		return nil, err
	}
	return s.shown(ctx, d)
}
