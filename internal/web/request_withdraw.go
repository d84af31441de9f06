package web

import (
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// withdrawInput says why a request is taken back.
type withdrawInput struct {
	Why string `form:"why" validate:"required" label:"withdraw.why" hint:"withdraw.why.hint" input:"textarea" rows:"3"`
}

// withdrawPage asks whether a request is really to be taken back.
type withdrawPage struct {
	Base
	Form    *Form
	Warning Notice
	Facts   []Fact
	Leave   string
	Do      Button
}

var withdrawView = newPage[withdrawPage]("request_withdraw", "breadcrumb", "field", "error_summary", "button", "facts", "cell", "badge", "when", "digest")

func (s *Server) askWithdrawal(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	return s.showWithdrawal(c, id, c.Form(requests.PathOf(id)+"/withdraw", withdrawInput{}))
}

func (s *Server) showWithdrawal(c *Ctx, id requests.ID, form *Form) error {
	cs, err := s.cfg.Services.Cases.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	if !can(cs.Request.State, requests.Withdraw, identity.Officer) {
		return fault.New(fault.Conflict, "%s", c.T("withdraw.over"))
	}
	p := withdrawPage{Base: c.Base("withdraw.title"), Form: form, Leave: requests.PathOf(id), Do: Button{Text: c.T("withdraw.do"), Kind: "danger"},
		Warning: Notice{Kind: Caution, Title: c.T("withdraw.warning"), Text: c.T("withdraw.warning.text")}}
	p.Problems = len(form.Summary) > 0
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {cs.Request.Ref, p.Leave}, {p.Title, ""}}
	badge := c.stateBadge(cs.Request.State)
	f := facts{c: c}
	f.add("requests.col.ref", Cell{Code: cs.Request.Ref})
	f.add("requests.col.state", Cell{Badge: &badge})
	f.text("request.f.order_number", cs.Request.Order.Number)
	p.Facts = f.list
	return withdrawView.Show(c, p)
}

// withdrawRequest takes the request back; nothing leaves any more.
func (s *Server) withdrawRequest(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in withdrawInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Delivery.Withdraw(c.Once(), id, in.Why)
	}
	if invalid(err) {
		return s.showWithdrawal(c, id, c.FormAgain(requests.PathOf(id)+"/withdraw", in, err))
	}
	return c.Done(err, requests.PathOf(id), "flash.request_withdrawn")
}
