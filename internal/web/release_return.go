package web

// returnInput says what the reviewer should look at again.
type returnInput struct {
	Why string `form:"why" validate:"required" label:"release.return.why" hint:"release.return.why.hint" input:"textarea" rows:"3"`
}

// returnRelease sends a case back to its reviewer; nothing leaves.
func (s *Server) returnRelease(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in returnInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Releases.Return(c.Once(), id, in.Why)
	}
	if mendable(err) {
		return s.showReleasePage(c, &mistake{"return", err})
	}
	return c.doneAt(err, "/releases", "flash.release_returned")
}
