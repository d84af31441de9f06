package web

import (
	"strings"

	"lerd/internal/fault"
	"lerd/internal/fraud"
)

// sendInput names the question that is to be sent.
type sendInput struct {
	Echo string `form:"echo" validate:"required,uuid" label:"echoes.which" input:"hidden"`
}

// codeInput is the code of a letter to an issuer.
type codeInput struct {
	Code string `form:"code" validate:"required,max=80" label:"confirm.code" hint:"confirm.code.hint" input:"code" autocomplete:"off"`
}

// answerInput is an issuer's answer.
type answerInput struct {
	Code   string `form:"code" validate:"required,max=80" label:"confirm.code" input:"hidden"`
	Answer string `form:"answer" validate:"required" label:"confirm.answer" input:"radios"`
	Name   string `form:"name" validate:"required,max=200" label:"confirm.name" hint:"confirm.name.hint" autocomplete:"name"`
	Note   string `form:"note" validate:"max=2000" label:"confirm.note" input:"textarea" rows:"3"`
}

func (s *Server) listEchoes(c *Ctx) error {
	list, err := s.cfg.Services.Fraud.Waiting(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("echoes.title"), Lead: c.T("echoes.lead")}
	for _, e := range list {
		a := c.stepForm("echo-"+e.Ref, "echoes.send", "/echoes", sendInput{Echo: e.ID}, "echo")
		f := facts{c: c}
		f.add("echoes.ref", Cell{Code: e.Ref})
		f.add("echoes.to", Cell{Text: e.Contact.Reveal(), Note: e.Address.Reveal()})
		f.text("echoes.channel", c.T("agency.channel."+e.Channel))
		at := p.When(e.WantedAt)
		f.add("echoes.since", Cell{When: &at})
		a.Facts = f.list
		p.Acts = append(p.Acts, a)
	}
	if len(list) == 0 {
		p.Notices = []Notice{{Kind: Info, Text: c.T("echoes.none")}}
	}
	if err := s.addUnanswered(c, &p); err != nil {
		return err
	}
	return deskView.Show(c, p)
}

// addUnanswered puts the questions onto the page that were sent and wait, each
// with the step for a letter that was lost.
func (s *Server) addUnanswered(c *Ctx, p *deskPage) error {
	list, err := s.cfg.Services.Fraud.Unanswered(c.Ctx())
	for _, e := range list {
		a := c.stepForm("replace-"+e.Ref, "echoes.replace", "/echoes/replace", sendInput{Echo: e.ID}, "echo")
		f := facts{c: c}
		f.add("echoes.ref", Cell{Code: e.Ref})
		f.add("echoes.to", Cell{Text: e.Contact.Reveal(), Note: e.Address.Reveal()})
		at, until := p.When(e.SentAt), p.When(e.ExpiresAt)
		f.add("echoes.sent", Cell{When: &at})
		f.add("echoes.until", Cell{When: &until})
		a.Facts = f.list
		p.Acts = append(p.Acts, a)
	}
	return err
}

// replaceEcho makes a lost letter's code worthless, and puts its question back
// among those that are to be sent.
func (s *Server) replaceEcho(c *Ctx) error {
	var in sendInput
	if err := c.Decode(&in); err != nil {
		return notFound()
	}
	return c.doneAt(s.cfg.Services.Fraud.ReplaceEcho(c.Once(), in.Echo), "/echoes", "flash.echo_replaced")
}

// sendEcho shows the letter, this once: the code in it is kept as its hash.
func (s *Server) sendEcho(c *Ctx) error {
	var in sendInput
	if err := c.Decode(&in); err != nil {
		return notFound()
	}
	l, err := s.cfg.Services.Fraud.SendEcho(c.Once(), in.Echo)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("echoes.letter"), Lead: c.T("echoes.letter.lead"), Letter: append([]string{l.Subject, ""}, strings.Split(l.Body, "\n")...)}
	p.Crumbs = []Crumb{{c.T("echoes.title"), "/echoes"}, {l.Echo.Ref, ""}}
	return deskView.Show(c, p)
}

func (s *Server) showConfirm(c *Ctx) error { return s.confirmCode(c, nil) }

// confirmCode asks for the code of the letter.
func (s *Server) confirmCode(c *Ctx, wrong error) error {
	p := deskPage{Base: c.Base("confirm.title"), Lead: c.T("confirm.lead"), Notices: nil}
	a := c.stepForm("code", "confirm.open", "/confirm-order", codeInput{}, "code")
	if wrong != nil {
		p.Problems = true
		c.again(a.Form, wrong)
	}
	p.Acts = []StepForm{a}
	return deskView.Show(c, p)
}

// asProblem tells what is wrong with a code at its field, with the status of a
// page that is not there.
func asProblem(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		e := fault.New(fault.NotFound, "%s", fault.Message(err))
		e.Problems = []fault.Problem{{Field: "code", Message: fault.Message(err)}}
		return e
	}
	return err
}

func (s *Server) lookConfirm(c *Ctx) error {
	var in codeInput
	if err := c.Decode(&in); err != nil {
		return s.confirmCode(c, err)
	}
	return s.confirmOrder(c, answerInput{Code: in.Code}, nil)
}

// confirmOrder shows the order's number, date and issuer, and asks.
func (s *Server) confirmOrder(c *Ctx, in answerInput, wrong error) error {
	q, err := s.cfg.Services.Fraud.Question(c.Ctx(), in.Code)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return s.confirmCode(c, asProblem(err))
		}
		return err
	}
	p := deskPage{Base: c.Base("confirm.title"), Lead: c.T("confirm.order.lead")}
	p.Problems = wrong != nil
	f := facts{c: c}
	f.add("request.f.order_number", Cell{Code: q.Order})
	f.date("confirm.issued_on", q.IssuedOn)
	f.text("confirm.issuer", q.Issuer)
	f.add("echoes.ref", Cell{Code: q.Ref})
	p.Facts = f.list
	a := c.stepForm("answer", "confirm.give", "/confirm-order/answer", in, "code", "answer", "name", "note")
	a.Form.Options("answer", c.choose("confirm.answer", fraud.Issued, fraud.NotIssued, fraud.CannotSay))
	if wrong != nil {
		c.again(a.Form, wrong)
	}
	p.Acts = []StepForm{a}
	return deskView.Show(c, p)
}

func (s *Server) answerConfirm(c *Ctx) error {
	var in answerInput
	err := c.Decode(&in)
	if err == nil {
		err = s.cfg.Services.Fraud.AnswerEcho(c.Ctx(), fraud.Reply{Code: in.Code, Answer: in.Answer, Name: in.Name, Note: in.Note})
	}
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return s.confirmCode(c, asProblem(err))
	case mendable(err):
		return s.confirmOrder(c, in, err)
	case err != nil:
		return err
	}
	p := deskPage{Base: c.Base("confirm.thanks"), Lead: c.T("confirm.thanks.text")}
	return deskView.Show(c, p)
}
