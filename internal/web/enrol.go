package web

import (
	"net/http"

	"lerd/internal/fault"
)

// enrolInput is the code of an invitation.
type enrolInput struct {
	Code string `form:"code" validate:"required,max=200" label:"enrol.code" hint:"enrol.code.hint" input:"code" autocomplete:"off" width:"long"`
}

// enrolPage registers the first passkey of whoever brings a code.
type enrolPage struct {
	Base
	Form   *Form
	StepUp *StepUp
	Send   Button
	Steps  []string
}

// enrolledPage shows the fingerprint to be read out.
type enrolledPage struct {
	Base
	Fingerprint string
}

var (
	enrolView    = newPage[enrolPage]("enrol", "field", "error_summary", "button", "step_up")
	enrolledView = newPage[enrolledPage]("enrolled")
)

func (s *Server) enrolRoutes() []Route {
	if s.cfg.People.Enrolment == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodGet, Path: "/enrol", Name: "enrol.new", Title: "enrol.title", Public: true, Handle: s.enrolForm},
		{Method: http.MethodPost, Path: "/enrol/begin", Name: "enrol.begin", Title: "enrol.title", Public: true, Body: FormBody, Handle: s.beginEnrolment},
		{Method: http.MethodPost, Path: "/enrol", Name: "enrol.create", Title: "enrol.title", Public: true, Body: FormBody, Handle: s.enrol},
	}
}

func (s *Server) enrolForm(c *Ctx) error { return s.showEnrol(c, c.Form("/enrol", enrolInput{})) }

func (s *Server) showEnrol(c *Ctx, form *Form) error {
	u := &StepUp{Begin: "/enrol/begin", Act: "create", Send: "code", Text: c.T("enrol.passkey")}
	c.asks(u)
	u.Failed = c.T("enrol.failed")
	p := enrolPage{Base: c.Base("enrol.title"), Form: form, StepUp: u, Send: Button{Text: c.T("enrol.send")}, Steps: []string{c.T("enrol.step.code"), c.T("enrol.step.passkey"), c.T("enrol.step.fingerprint")}}
	p.Problems = len(form.Summary) > 0
	return enrolView.Show(c, p)
}

// beginEnrolment gives the options of a registration for a code that counts.
func (s *Server) beginEnrolment(c *Ctx) error {
	var in enrolInput
	if err := c.Decode(&in); err != nil {
		return notFound()
	}
	id, options, err := s.cfg.People.Enrolment.BeginEnrolment(c.Ctx(), c.browser(true), in.Code)
	if err != nil {
		return err
	}
	return c.sendCeremony(id, options)
}

func (s *Server) enrol(c *Ctx) error {
	var in enrolInput
	if err := c.Decode(&in); err != nil {
		if fault.KindOf(err) == fault.Invalid {
			return s.showEnrol(c, c.FormAgain("/enrol", in, err))
		}
		return err
	}
	id, answer := c.answer()
	fingerprint, err := s.cfg.People.Enrolment.Enrol(c.Ctx(), c.browser(false), in.Code, id, answer)
	if err != nil {
		return err
	}
	return enrolledView.Show(c, enrolledPage{Base: c.Base("enrolled.title"), Fingerprint: fingerprint})
}
