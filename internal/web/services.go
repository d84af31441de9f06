package web

import (
	"context"
	"io"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// Services are the steps that pages take. A page whose service is nil is not
// there; *requests.Service fulfils Cases, Intake and Delivery, and
// *violations.Service fulfils Findings.
type Services struct {
	Law      *legal.Registry
	Cases    Cases
	Intake   Intake
	Delivery Delivery
	Agencies Agencies
	Findings Findings
	Trail    Trail
	Proofs   Proofs
}

// Cases shows cases to whoever may see them; every look is recorded.
type Cases interface {
	List(ctx context.Context, f requests.Filter) ([]requests.Summary, error)
	View(ctx context.Context, id requests.ID) (requests.Case, error)
	OpenDocument(ctx context.Context, id requests.ID) (requests.Document, io.ReadCloser, error)
}

// Intake takes requests in. Every fault of form is told at once.
type Intake interface {
	Upload(ctx context.Context, fileName, declaredType string, r io.Reader) (requests.Document, error)
	Uploaded(ctx context.Context, id requests.DocumentID) (requests.Document, error)
	Preview(ctx context.Context, in requests.Submission) (requests.Request, error)
	Submit(ctx context.Context, in requests.Submission) (requests.Request, error)
}

// Delivery is what an agency does with a case of its own afterwards.
type Delivery interface {
	Reply(ctx context.Context, id requests.ID, body string) error
	Withdraw(ctx context.Context, id requests.ID, why string) error
	Download(ctx context.Context, id requests.ID) (bundle io.ReadCloser, name string, err error)
	Acknowledge(ctx context.Context, id requests.ID) error
}

// Agencies knows the agencies on file.
type Agencies interface {
	AgencyByID(ctx context.Context, id identity.AgencyID) (identity.Agency, error)
}

// Findings is the work of trust and safety, which never learns who asked.
type Findings interface {
	List(ctx context.Context) ([]violations.Finding, error)
	View(ctx context.Context, id string) (violations.Sheet, error)
	Confirm(ctx context.Context, id string, in violations.Input) error
}

// check refuses a part of the services that cannot work without another.
func (s Services) check() error {
	switch {
	case s.Law == nil && (s.Cases != nil || s.Findings != nil):
		return fault.New(fault.Invalid, "web: cases and findings need Services.Law")
	case (s.Intake != nil || s.Delivery != nil) && (s.Cases == nil || s.Intake == nil || s.Delivery == nil || s.Agencies == nil):
		return fault.New(fault.Invalid, "web: an agency's pages need Cases, Intake, Delivery and Agencies together")
	}
	return nil
}
