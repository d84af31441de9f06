package web

import (
	"context"

	"lerd/internal/requests"
)

// counselInput says what counsel should look at.
type counselInput struct {
	Why string `form:"why" validate:"required" label:"review.counsel.why" hint:"review.counsel.why.hint" input:"textarea" rows:"3"`
}

// reopenInput says why a case goes back into review.
type reopenInput struct {
	Why string `form:"why" validate:"required" label:"review.reopen.why" hint:"review.reopen.why.hint" input:"textarea" rows:"3"`
}

// sendToCounsel hands over a demand that fails only the platform's own gates.
func (s *Server) sendToCounsel(c *Ctx) error {
	var in counselInput
	return s.conflictStep(c, conflictStep{"counsel", &in, &in.Why, s.cfg.Services.Review.SendToCounsel, "flash.sent_to_counsel"})
}

// reopenCase sends the case back to its reviewer.
func (s *Server) reopenCase(c *Ctx) error {
	var in reopenInput
	return s.conflictStep(c, conflictStep{"reopen", &in, &in.Why, s.cfg.Services.Review.Reopen, "flash.case_reopened"})
}

type conflictStep struct {
	form  string
	in    any
	why   *string
	take  func(ctx context.Context, id requests.ID, why string) error
	flash string
}

func (s *Server) conflictStep(c *Ctx, st conflictStep) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	if err = c.Decode(st.in); err == nil {
		err = st.take(c.Once(), id, *st.why)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{st.form, err})
	}
	return c.doneAt(err, reviewPath(id), st.flash)
}
