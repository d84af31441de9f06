package web

import (
	"lerd/internal/fault"
	"lerd/internal/requests"
)

// draftNeedPage is the offence, the need, confidentiality, and in an emergency
// the danger.
type draftNeedPage struct {
	DraftFrame
	Urgent bool
}

var draftNeedView = newPage[draftNeedPage]("draft_need", "breadcrumb", "draft_head", "draft_foot", "field", "error_summary", "button", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) showNeed(c *Ctx, a stepAt) error {
	in, ok := a.in.(draftNeedInput)
	if !ok {
		getTexts(a.draft.Content, &in)
	}
	f, err := s.frame(c, a, requests.StepNeed, in)
	if err != nil {
		return err
	}
	p := draftNeedPage{DraftFrame: f, Urgent: a.draft.Content.Emergency()}
	var offences []Option
	for _, o := range s.cfg.Services.Law.OffenceClasses() {
		offences = append(offences, Option{Value: o.Code, Text: o.Code + " · " + c.Law("offence."+o.Code, o.Title)})
	}
	f.Form.Options("offence_class", c.pick(offences))
	for name, fd := range f.Form.fields {
		if fd.Input == "radios" {
			f.Form.Options(name, c.yesNo())
		}
	}
	danger := Field{ID: furtherPrefix + dangerField, Name: furtherPrefix + dangerField, Input: "radios", Label: c.T("request.f.danger"), Required: true,
		Options: c.choose("danger", dangers...), Value: a.draft.Content.Further[dangerField]}
	if typed, ok := c.values[danger.Name]; ok {
		danger.Value = typed[0]
	}
	f.Form.fields[danger.Name] = danger
	for _, name := range []string{"confidential_basis", "emergency_why", "emergency_imminent", "emergency_why_not_ordinary", "emergency_data_averts"} {
		fd := f.Form.fields[name]
		fd.Optional = ""
		f.Form.fields[name] = fd
	}
	s.needed(c, f.Form, a, "max_penalty", "max_penalty_years")
	f.Form.mark(a.err)
	c.sayWhat(f.Form)
	return draftNeedView.Show(c, p)
}

func (s *Server) saveNeed(c *Ctx) error {
	var in draftNeedInput
	if err := c.Decode(&in); err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	return s.saved(c, requests.StepNeed, in, func(d *requests.DraftContent) {
		putTexts(d, in)
		s.putFurther(c, d)
	}, s.showNeed)
}
