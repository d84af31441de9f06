package web

import (
	"lerd/internal/fraud"
)

// sensitiveInput puts somebody on counsel's list.
type sensitiveInput struct {
	Kind       string `form:"kind" validate:"required" label:"sensitive.kind" input:"radios"`
	Identifier string `form:"identifier" validate:"required,max=200" label:"sensitive.identifier" hint:"sensitive.identifier.hint" autocomplete:"off"`
	Why        string `form:"why" validate:"required" label:"sensitive.why" input:"select" width:"medium"`
}

func (s *Server) showSensitive(c *Ctx) error { return s.sensitivePage(c, sensitiveInput{}, nil) }

func (s *Server) sensitivePage(c *Ctx, in sensitiveInput, wrong error) error {
	return s.sensitiveDesk(c, in, wrong, nil)
}

// sensitiveDesk shows counsel's list; wrong is of the form that adds to it, other
// of one that takes away.
func (s *Server) sensitiveDesk(c *Ctx, in sensitiveInput, wrong error, other *mistake) error {
	list, err := s.cfg.Services.Fraud.ListMarks(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("sensitive.title"), Lead: c.T("sensitive.lead")}
	p.Problems = wrong != nil || other != nil
	a := c.stepForm("mark", "sensitive.mark", "/sensitive", in, "kind", "identifier", "why")
	a.Form.Options("kind", c.choose("target.kind", "phone", "username", "account_id"))
	a.Form.Options("why", append([]Option{{Value: "", Text: c.T("form.choose")}}, c.choose("sensitive.why", fraud.Whys...)...))
	if wrong != nil {
		c.again(a.Form, wrong)
	}
	p.Tables = []Table{c.marksTable(list, p.Base)}
	p.Acts = []StepForm{a}
	for _, act := range c.unmarkActs(list) {
		p.Acts = append(p.Acts, act.erring(c, other))
	}
	return deskView.Show(c, p)
}

func (s *Server) markSensitive(c *Ctx) error {
	var in sensitiveInput
	err := c.Decode(&in)
	if err == nil {
		err = s.cfg.Services.Fraud.MarkSensitive(c.Once(), in.Kind, in.Identifier, in.Why)
	}
	if mendable(err) {
		return s.sensitivePage(c, in, err)
	}
	return c.doneAt(err, "/sensitive", "flash.marked")
}

// showRegister counts the fraud that was caught in the last two years.
func (s *Server) showRegister(c *Ctx) error {
	list, counts, err := s.cfg.Services.Fraud.Counts(c.Ctx(), c.Now().AddDate(-2, 0, 0))
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("fraud.title"), Lead: c.T("fraud.lead")}
	sum := Table{Caption: c.T("fraud.counts"), Empty: Empty{Title: c.T("fraud.none")}, Columns: []Column{{Text: c.T("fraud.code")}, {Text: c.T("fraud.caught"), Number: true}, {Text: c.T("fraud.late"), Number: true}}}
	for _, n := range counts {
		sum.Rows = append(sum.Rows, []Cell{{Text: c.T("fraud.code." + n.Code), Note: n.Code}, {Text: itoa(n.Caught), Number: true}, {Text: itoa(n.TooLate), Number: true}})
	}
	all := Table{Caption: c.T("fraud.all"), Empty: Empty{Title: c.T("fraud.none")}, Columns: []Column{{Text: c.T("fraud.at")}, {Text: c.T("fraud.code")}, {Text: c.T("fraud.source")}, {Text: c.T("fraud.before")}}}
	for _, x := range list {
		at, before := p.When(x.At), c.T("fraud.before.no")
		if x.Released {
			before = c.T("fraud.before.yes")
		}
		all.Rows = append(all.Rows, []Cell{{When: &at}, {Text: c.T("fraud.code." + x.Code), Note: x.Code}, {Text: c.T("fraud.source." + x.Source)}, {Text: before}})
	}
	p.Tables = []Table{sum, all}
	return deskView.Show(c, p)
}
