package publishing

import (
	"bytes"
	"context"
	"io"
	"slices"

	"lerd/internal/fault"
	"lerd/internal/transparency"
)

func readerOf(b []byte) io.Reader { return bytes.NewReader(b) }

// maxFile bounds what is read of a file, in bytes.
const maxFile = 64 << 20

// Public gives the published reports, the newest period first and the newest
// edition of it first.
func (s *Service) Public(ctx context.Context) ([]Report, error) {
	list, err := s.Store.Reports(ctx)
	list = slices.DeleteFunc(list, func(r Report) bool { return r.State != Published })
	return list, err
}

// PublicOne gives an edition of a period; 0 is the newest one.
func (s *Service) PublicOne(ctx context.Context, period string, edition int) (Report, error) {
	list, err := s.Public(ctx)
	if err != nil {
		return Report{}, err
	}
	for _, r := range list {
		if r.Period == period && (edition == 0 || r.Edition == edition) {
			return r, nil
		}
	}
	return Report{}, fault.New(fault.NotFound, "There is no such report.")
}

// Names are the files of a report that everybody can have.
var Names = []string{transparency.ReportName, transparency.TableName, transparency.DSAName, transparency.EvidenceName,
	transparency.DefinitionsName, transparency.SchemaName, transparency.SealName}

// File gives a file of a report.
func (s *Service) File(ctx context.Context, r Report, name string) (b []byte, err error) {
	defer fault.Wrap(&err, "publishing.File(%s)", name)
	if !slices.Contains(Names, name) {
		return nil, fault.New(fault.NotFound, "There is no such file.")
	}
	f, err := s.Blobs.Get(ctx, BlobOf(r.ID, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// Figures reads a report, and refuses one that is not what was proposed.
func (s *Service) Figures(ctx context.Context, r Report) (*transparency.Report, error) {
	b, err := s.File(ctx, r, transparency.ReportName)
	if err != nil {
		return nil, err
	}
	if transparency.Digest(b) != r.Digest {
		return nil, fault.New(fault.Internal, "The file of the report of %s is not the one that was published.", r.Period)
	}
	return transparency.ParseReport(b)
}
