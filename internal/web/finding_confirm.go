package web

import (
	"lerd/internal/identity"
	"lerd/internal/violations"
)

// confirmFinding takes one confirmer's verdict.
func (s *Server) confirmFinding(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in findingInput
	shape := c.Decode(&in)
	if shape != nil && !invalid(shape) {
		return shape
	}
	ctx, err := c.Proved(identity.PurposeConfirm, violations.ConfirmDigest(id))
	if err != nil {
		return err
	}
	err = s.cfg.Services.Findings.Confirm(ctx, id, violations.Input{Verdict: in.Verdict, Evidence: in.Evidence, Note: in.Note})
	if invalid(err) {
		return s.showSheet(c, c.FormAgain("/findings/"+id, in, err), err)
	}
	return c.Done(err, "/findings", "flash.verdict_given")
}
