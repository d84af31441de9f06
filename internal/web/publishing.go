package web

import (
	"context"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/transparency/publishing"
)

// Publishing is counsel's part of public reports; *publishing.Service fulfils it.
type Publishing interface {
	List(ctx context.Context) ([]publishing.Report, error)
	Publish(ctx context.Context, id string) error
	Drop(ctx context.Context, id string) error
}

// whichInput names a report.
type whichInput struct {
	Which string `form:"which" validate:"required,uuid" label:"reports.which" input:"hidden"`
}

// reportReaders see reports before they are public.
var reportReaders = []identity.Role{identity.Counsel, identity.Auditor}

func (s *Server) publishingRoutes() []Route {
	if s.cfg.Services.Publishing == nil {
		return nil
	}
	counsel := []identity.Role{identity.Counsel}
	return []Route{
		{Method: http.MethodGet, Path: "/reports", Name: "publishing.list", Title: "reports.title", Roles: reportReaders, Verb: "list", Object: "report", Nav: 70, Handle: s.listReports},
		{Method: http.MethodGet, Path: "/reports/preview", Name: "publishing.preview", Title: "reports.title", Roles: reportReaders, Verb: "list", Object: "report", Handle: s.previewReport},
		{Method: http.MethodPost, Path: "/counsel/reports/publish", Name: "publishing.publish", Title: "reports.title", Roles: counsel, Verb: "publish", Object: "report", Body: FormBody, Handle: s.publishReport},
		{Method: http.MethodPost, Path: "/counsel/reports/drop", Name: "publishing.drop", Title: "reports.title", Roles: counsel, Verb: "publish", Object: "report", Body: FormBody, Handle: s.dropReport},
	}
}

func (s *Server) listReports(c *Ctx) error {
	list, err := s.cfg.Services.Publishing.List(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("reports.title"), Lead: c.T("reports.lead")}
	t := Table{Caption: c.T("reports.table"), Empty: Empty{Title: c.T("reports.none")},
		Columns: []Column{{Text: c.T("report.period")}, {Text: c.T("report.edition")}, {Text: c.T("reports.state")}, {Text: c.T("reports.computed")}, {Text: c.T("report.digest")}}}
	actor, _ := c.Actor()
	for _, r := range list {
		at := p.When(r.ComputedAt)
		t.Rows = append(t.Rows, []Cell{{Text: c.periodWords(r.Period), Href: "/reports/preview?which=" + r.ID, Note: c.T("reports.look")}, {Text: itoa(r.Edition)},
			{Text: c.T("reports.state." + string(r.State))}, {When: &at}, {Digest: &Digest{Name: "SHA-256", Hex: r.Digest}}})
		if r.State == publishing.Proposed && actor.Role == identity.Counsel {
			p.Acts = append(p.Acts, c.reportSteps(r)...)
		}
	}
	p.Tables = []Table{t}
	return deskView.Show(c, p)
}

// reportSteps are what counsel can do with a proposal.
func (c *Ctx) reportSteps(r publishing.Report) []StepForm {
	var out []StepForm
	for _, step := range []string{"publish", "drop"} {
		a := c.stepForm(step+"-"+r.Period, "reports."+step, "/counsel/reports/"+step, whichInput{Which: r.ID}, "which")
		a.Title = c.T("reports."+step+".title", "period", c.periodWords(r.Period), "edition", r.Edition)
		if step == "publish" {
			a.StepUp = c.StepUp(identity.PurposePublishReport, publishing.PublishDigest(r))
		} else {
			a.Button.Kind = "secondary"
		}
		out = append(out, a)
	}
	return out
}

// meant gives the report that a form or an address names.
func (s *Server) meant(c *Ctx, id string) (publishing.Report, error) {
	list, err := s.cfg.Services.Publishing.List(c.Ctx())
	if err != nil {
		return publishing.Report{}, err
	}
	for _, r := range list {
		if r.ID == id {
			return r, nil
		}
	}
	return publishing.Report{}, fault.New(fault.NotFound, "There is nothing here.")
}

func (s *Server) previewReport(c *Ctx) error {
	var in whichInput
	if err := c.DecodeQuery(&in); err != nil {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	r, err := s.meant(c, in.Which)
	if err != nil {
		return err
	}
	return s.showReport(c, r, nil)
}

func (s *Server) publishReport(c *Ctx) error {
	var in whichInput
	if err := c.Decode(&in); err != nil {
		return err
	}
	r, err := s.meant(c, in.Which)
	if err != nil {
		return err
	}
	ctx, err := c.Proved(identity.PurposePublishReport, publishing.PublishDigest(r))
	if err == nil {
		err = s.cfg.Services.Publishing.Publish(ctx, r.ID)
	}
	return c.doneAt(err, "/reports", "flash.report_published")
}

func (s *Server) dropReport(c *Ctx) error {
	var in whichInput
	if err := c.Decode(&in); err != nil {
		return err
	}
	return c.doneAt(s.cfg.Services.Publishing.Drop(c.Once(), in.Which), "/reports", "flash.report_dropped")
}
