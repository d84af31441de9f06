package web

// approveInput names by its digest what the approver saw.
type approveInput struct {
	Digest string `form:"digest" validate:"required" label:"document.sha256" input:"hidden"`
}

// approveRelease is the second person's yes to exactly the records that the
// digest names.
func (s *Server) approveRelease(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in approveInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Releases.Approve(c.Once(), id, in.Digest)
	}
	if mendable(err) {
		return s.showReleasePage(c, &mistake{"approve", err})
	}
	return c.doneAt(err, releasePath(id), "flash.release_approved")
}
