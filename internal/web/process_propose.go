package web

import (
	"lerd/internal/legal"
	"lerd/internal/processes"
)

// processInput is a proposed version of a process.
type processInput struct {
	Body  string `form:"body" validate:"required" label:"process_new.body" hint:"process_new.body.hint" input:"textarea" rows:"30"`
	Cases string `form:"cases" validate:"required" label:"process_new.cases" hint:"process_new.cases.hint" input:"textarea" rows:"30"`
	Why   string `form:"why" validate:"required" label:"process_new.why" hint:"process_new.why.hint" input:"textarea" rows:"4"`
}

// processQuery names the process of which the next version is written.
type processQuery struct {
	Process string `form:"process" validate:"required,max=40"`
}

func (s *Server) draftProcess(c *Ctx) error {
	var q processQuery
	if err := c.DecodeQuery(&q); err != nil || q.Process == "" {
		return c.SeeOther("/processes", "")
	}
	in, err := s.cfg.Services.Processes.Draft(c.Ctx(), legal.ProcessID(q.Process))
	if err != nil {
		return err
	}
	return s.showProcessForm(c, processInput{Body: in.Body, Cases: in.Cases}, nil)
}

func (s *Server) showProcessForm(c *Ctx, in processInput, wrong error) error {
	form := c.formFor("/processes/new", in, wrong)
	p, err := c.actOf("process_new.title", form, "body", "cases", "why")
	if err != nil {
		return err
	}
	p.Wide = true
	p.Crumbs = []Crumb{{c.T("processes.title"), "/processes"}, {p.Title, ""}}
	p.warn(c, Info, "process_new.note")
	p.Leave = NavItem{Text: c.T("processes.title"), Href: "/processes"}
	return actView.Show(c, p)
}

func (s *Server) proposeProcess(c *Ctx) error {
	var in processInput
	err := c.Decode(&in)
	id := ""
	if err == nil {
		id, err = s.cfg.Services.Processes.Propose(c.Once(), processes.Input{Body: in.Body, Cases: in.Cases, Why: in.Why})
	}
	if mendable(err) {
		return s.showProcessForm(c, in, err)
	}
	return c.Done(err, processes.PathOf(id), "flash.process_proposed")
}
