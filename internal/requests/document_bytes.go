package requests

import (
	"context"
	"io"

	"lerd/internal/fault"
)

// DocumentBytes gives a document's bytes to an auditor, for a dossier whose event is
// on record already; NotFound where it was erased.
func (s *Service) DocumentBytes(ctx context.Context, id DocumentID) (body io.ReadCloser, err error) {
	defer fault.Wrap(&err, "requests.DocumentBytes(%s)", id)
	if _, _, err := s.may(ctx, "export", "dossier", ""); err != nil {
		return nil, err
	}
	return s.Blobs.Get(ctx, blobOf(id))
}
