package web

import (
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// approveInput names by its digest what the approver saw.
type approveInput struct {
	Digest string `form:"digest" validate:"required" label:"document.sha256" input:"hidden"`
}

// approveRelease is the second person's yes to exactly the records that the
// digest names.
func (s *Server) approveRelease(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in approveInput
	if err = c.Decode(&in); err == nil {
		err = s.approved(c, cs, in)
	}
	if mendable(err) {
		return s.showReleasePage(c, &mistake{"approve", err})
	}
	return c.doneAt(err, releasePath(cs.Request.ID), "flash.release_approved")
}

// approved takes the step with the passkey's word on the records as they are
// frozen now, whatever the form says.
func (s *Server) approved(c *Ctx, cs requests.Case, in approveInput) (err error) {
	ctx := c.Once()
	if cs.Release != nil {
		if ctx, err = c.Proved(identity.PurposeApprove, requests.ApprovalDigest(*cs.Release)); err != nil {
			return err
		}
	}
	return s.cfg.Services.Releases.Approve(ctx, cs.Request.ID, in.Digest)
}
