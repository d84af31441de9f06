package oversight

import (
	"context"

	"lerd/internal/fault"
)

// Lists that are taken away as files, each after the event that says who took it.

// taken puts on record that a list was taken away; of is the reference of what it is of.
func (s *Service) taken(ctx context.Context, list, of string) error {
	return s.asked(ctx, Search{Name: list, Ref: of}, "csv")
}

// TakeFindings gives all audit findings, the newest first.
func (s *Service) TakeFindings(ctx context.Context) (list []Finding, err error) {
	defer fault.Wrap(&err, "oversight.TakeFindings")
	if err := s.taken(ctx, "findings", ""); err != nil {
		return nil, err
	}
	return s.Findings.Findings(ctx, true, MostExported)
}

// TakeErrors gives the whole register of errors, the newest first.
func (s *Service) TakeErrors(ctx context.Context) (list []ErrorReport, err error) {
	defer fault.Wrap(&err, "oversight.TakeErrors")
	if err := s.taken(ctx, "errors", ""); err != nil {
		return nil, err
	}
	return s.Errors.ErrorReports(ctx, MostExported)
}

// TakeDuties gives the report on duties.
func (s *Service) TakeDuties(ctx context.Context) (r DutyReport, err error) {
	defer fault.Wrap(&err, "oversight.TakeDuties")
	return s.dutyReport(ctx, "csv", MostExported)
}

// TakeSample gives a sample with its cases.
func (s *Service) TakeSample(ctx context.Context, id string) (x Sample, cases []SampleCase, err error) {
	defer fault.Wrap(&err, "oversight.TakeSample(%s)", id)
	if x, cases, err = s.ShowSample(ctx, id); err != nil {
		return x, nil, err
	}
	return x, cases, s.taken(ctx, "sample", x.Ref)
}
