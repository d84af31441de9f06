package web

import (
	"lerd/internal/legal"
)

// refuseInput is a refusal: reasons beside those that the checks give, and a
// sentence where the reviewer is stricter than they are.
type refuseInput struct {
	Codes []string `form:"codes" label:"review.refuse.codes" input:"checkboxes"`
	Why   string   `form:"why" label:"review.refuse.why" hint:"review.refuse.why.hint" input:"textarea" rows:"3"`
}

// refusePart adds the form of refusal with what the checks derive.
func (w *workbench) refusePart(a *actsPart, v legal.Verdict) {
	f := w.c.Form(reviewPath(w.cs.Request.ID)+"/refuse", refuseInput{}).prefixed("refuse")
	f.Options("codes", w.reasonOptions())
	if w.wrong.of("refuse") {
		w.c.again(f, w.wrong.err)
	}
	a.Refuse, a.RefuseNote = f, w.c.T("review.refuse.stricter")
	a.MoreCodes = f.fields["codes"].Error != "" || len(f.fields["codes"].Values) > 0
	if v.Outcome == legal.Refused {
		a.RefuseNote = w.c.T("review.refuse.derived")
	}
}

// refuseCase closes the review with a no.
func (s *Server) refuseCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in refuseInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Review.Refuse(c.Once(), id, in.Codes, in.Why)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"refuse", err})
	}
	return s.doneThen(c, err, id, "flash.case_refused")
}
