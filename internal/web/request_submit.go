package web

import (
	"context"
	"errors"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// submitRequest makes a case of the answers that the check page carried. The
// same form sent again leads to the same case; what has become wrong since
// the check is shown in the form, with everything as it was typed.
func (s *Server) submitRequest(c *Ctx) error {
	var in requestInput
	shape := c.Decode(&in)
	if shape != nil && fault.KindOf(shape) != fault.Invalid {
		return shape
	}
	if len(in.Targets) == 0 {
		in.Targets = []targetInput{{}}
	}
	s.takeFurther(c, &in)
	if shape != nil {
		_, meaning := s.cfg.Services.Intake.Preview(c.Ctx(), in.submission())
		return s.again(c, in, gather(in, meaning, shape))
	}
	ctx, err := s.proveSubmission(c, in)
	if err != nil {
		return s.again(c, in, gather(in, err))
	}
	q, err := s.cfg.Services.Intake.Submit(ctx, in.submission())
	var used *change.Used
	if err == nil || errors.As(err, &used) {
		return c.Done(err, requests.PathOf(q.ID), "flash.request_submitted")
	}
	return s.again(c, in, gather(in, err))
}

// again shows the form with its problems; any other failure is the request's.
func (s *Server) again(c *Ctx, in requestInput, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return s.showNewRequest(c, in, err)
}

// proveSubmission gives the context in which the officer has agreed, by their
// passkey, to the request as it is read now.
func (s *Server) proveSubmission(c *Ctx, in requestInput) (context.Context, error) {
	q, err := s.cfg.Services.Intake.Preview(c.Ctx(), in.submission())
	if err != nil {
		return nil, err
	}
	doc, err := s.cfg.Services.Intake.Uploaded(c.Ctx(), requests.DocumentID(in.Document))
	if err != nil && fault.KindOf(err) != fault.NotFound { // without an order there is nothing to submit, as the step says
		return nil, err
	}
	return c.Proved(identity.PurposeSubmit, requests.Digest(q, doc.SHA256))
}
