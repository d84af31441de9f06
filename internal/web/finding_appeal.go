package web

import (
	"net/http"
	"strconv"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/violations"
)

// appealInput is one confirmer's word on an appeal.
type appealInput struct {
	Word string `form:"word" validate:"required,oneof=overturn uphold" label:"appeal.f.word" input:"radios"`
	Why  string `form:"why" validate:"required" label:"appeal.f.why" hint:"appeal.f.why.hint" input:"textarea" rows:"4"`
}

// appealsInput names the account whose holder appeals, in the address.
type appealsInput struct {
	Account string `form:"account" validate:"omitempty,number,max=18" label:"finding.account" input:"text" width:"medium"`
}

// appealsPage lists what can be appealed against.
type appealsPage struct {
	Base
	Form  *Form
	Show  Button
	Table Table
}

var appealsView = newPage[appealsPage]("finding_appeals", "field", "button", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) appealRoutes() []Route {
	if s.cfg.Services.Appeals == nil {
		return nil
	}
	confirmer := []identity.Role{identity.Confirmer}
	return []Route{
		{Method: http.MethodGet, Path: "/appeals", Name: "appeal.list", Title: "appeals.title", Roles: confirmer, Verb: "list", Object: "finding", Nav: 20, Handle: s.listAppeals},
		{Method: http.MethodGet, Path: "/findings/:id/appeal", Name: "appeal.ask", Title: "appeal.title", Roles: confirmer, Verb: "appeal", Object: "finding", Handle: s.askAppeal},
		{Method: http.MethodPost, Path: "/findings/:id/appeal", Name: "appeal.give", Title: "appeal.title", Roles: confirmer, Verb: "appeal", Object: "finding", Body: FormBody, Handle: s.giveAppeal},
	}
}

// listAppeals lists the confirmed findings, of one account where it is named, for who
// takes appeals of account holders.
func (s *Server) listAppeals(c *Ctx) error {
	var in appealsInput
	wrong := c.DecodeQuery(&in)
	if wrong != nil && fault.ProblemsOf(wrong) == nil {
		return wrong
	}
	p := appealsPage{Base: c.Base("appeals.title"), Form: c.formFor("/appeals", in, wrong), Show: Button{Text: c.T("appeals.show")}}
	if wrong != nil {
		return appealsView.Show(c, p)
	}
	account, _ := strconv.ParseInt(in.Account, 10, 64) // digits, or nothing
	list, err := s.cfg.Services.Appeals.Standing(c.Ctx(), account)
	if err != nil {
		return err
	}
	p.Table = Table{Caption: c.T("appeals.caption"), Empty: Empty{Title: c.T("appeals.none")},
		Columns: []Column{{Text: c.T("finding.account")}, {Text: c.T("finding.rule")}, {Text: c.T("finding.since")}, {Text: c.T("appeals.state")}}}
	for _, f := range list {
		since, badge := p.When(f.OpenedAt), Badge{c.T("appeals.state." + f.Appeal), map[bool]Tone{true: Caution, false: Plain}[f.Appeal == "pending"]}
		p.Table.Rows = append(p.Table.Rows, []Cell{
			{Code: strconv.FormatInt(f.AccountID, 10), Href: "/findings/" + f.ID + "/appeal"}, {Text: s.ruleTitle(f), Note: f.Rule}, {When: &since}, {Badge: &badge}})
	}
	return appealsView.Show(c, p)
}

func (s *Server) askAppeal(c *Ctx) error { return s.showAppeal(c, appealInput{}, nil) }

func (s *Server) showAppeal(c *Ctx, in appealInput, wrong error) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	sheet, err := s.cfg.Services.Findings.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	if !sheet.Finding.Appealable(actor.Person) {
		return fault.New(fault.Conflict, "%s", c.T("appeal.over"))
	}
	form := c.formFor("/findings/"+id+"/appeal", in, wrong)
	form.Options("word", c.choose("appeal.word", string(violations.Overturn), string(violations.Uphold)))
	p, err := c.actOf("appeal.title", form, "word", "why")
	if err != nil {
		return err
	}
	p.Crumbs = []Crumb{{c.T("appeals.title"), "/appeals"}, {p.Title, ""}}
	p.Facts = append(accountFacts(c, p.Base, sheet), ruleFacts(c, sheet)...)
	p.warn(c, Caution, "appeal.warning")
	p.StepUp = c.StepUp(identity.PurposeAppeal, violations.AppealDigest(id))
	p.Leave = NavItem{Text: c.T("act.back"), Href: "/appeals"}
	return actView.Show(c, p)
}

func (s *Server) giveAppeal(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in appealInput
	if err = c.Decode(&in); err == nil {
		ctx, proofErr := c.Proved(identity.PurposeAppeal, violations.AppealDigest(id))
		if proofErr != nil {
			return proofErr
		}
		err = s.cfg.Services.Appeals.Appeal(ctx, id, violations.AppealWord(in.Word), in.Why)
	}
	if invalid(err) {
		return s.showAppeal(c, in, err)
	}
	return c.Done(err, "/appeals", "flash.appeal_given")
}
