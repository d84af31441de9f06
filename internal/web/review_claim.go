package web

// unclaimInput says why a case goes back into the queue.
type unclaimInput struct {
	Why string `form:"why" validate:"required" label:"review.unclaim.why" hint:"review.unclaim.why.hint" input:"textarea" rows:"2"`
}

// claimCase takes a case into the reader's hands, or says who was first.
func (s *Server) claimCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	err = s.cfg.Services.Review.Claim(c.Once(), id)
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"claim", err})
	}
	return c.doneAt(err, reviewPath(id), "flash.case_claimed")
}

// unclaimCase gives a case back.
func (s *Server) unclaimCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in unclaimInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Review.Unclaim(c.Once(), id, in.Why)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"unclaim", err})
	}
	return c.doneAt(err, "/review", "flash.case_unclaimed")
}
