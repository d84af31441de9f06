package web

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"lerd/internal/identity"
	"lerd/internal/violations"
)

// FindingImports brings findings of the moderation system.
type FindingImports interface {
	Bring(ctx context.Context, d violations.Delivery) (violations.Import, error)
	ViewImport(ctx context.Context, id string) (violations.Import, error)
}

// findingFileInput is a file of findings.
type findingFileInput struct {
	File string `form:"file" label:"bring.f.file" hint:"bring.f.file.hint" input:"file" accept:".csv,text/csv"`
}

// findingMadeInput is one finding that is entered here.
type findingMadeInput struct {
	Account  string `form:"account_id" validate:"required,max=20" label:"bring.f.account" inputmode:"numeric" width:"medium" autocomplete:"off"`
	Rule     string `form:"rule" validate:"required" label:"finding.rule" input:"select"`
	Evidence string `form:"evidence" validate:"required,max=120" label:"finding.f.evidence" hint:"finding.f.evidence.hint" width:"medium" autocomplete:"off"`
}

func (s *Server) findingImportRoutes() []Route {
	if s.cfg.Services.FindingImports == nil {
		return nil
	}
	confirmer := []identity.Role{identity.Confirmer}
	return []Route{
		{Method: http.MethodGet, Path: "/findings/import", Name: "finding.file", Title: "bring.title", Roles: confirmer, Verb: "import", Object: "finding", Handle: s.askFindingFile},
		{Method: http.MethodPost, Path: "/findings/import", Name: "finding.import", Title: "bring.title", Roles: confirmer, Verb: "import", Object: "finding", Body: Upload, MaxBody: violations.MaxBody + 64<<10, Handle: s.takeFindingFile},
		{Method: http.MethodGet, Path: "/findings/import/template.csv", Name: "finding.template", Title: "bring.title", Roles: confirmer, Verb: "import", Object: "finding", Handle: s.findingTemplate},
		{Method: http.MethodGet, Path: "/findings/new", Name: "finding.new", Title: "bring.one", Roles: confirmer, Verb: "import", Object: "finding", Handle: s.newFinding},
		{Method: http.MethodPost, Path: "/findings/new", Name: "finding.make", Title: "bring.one", Roles: confirmer, Verb: "import", Object: "finding", Body: FormBody, Handle: s.makeFinding},
		{Method: http.MethodGet, Path: "/findings/imports/:id", Name: "finding.brought", Title: "brought.title", Roles: confirmer, Verb: "import", Object: "finding", Handle: s.showBrought},
	}
}

func (s *Server) findingTemplate(c *Ctx) error {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="findings.csv"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", violations.Template())
}

func (s *Server) askFindingFile(c *Ctx) error { return s.findingFile(c, nil) }

func (s *Server) findingFile(c *Ctx, wrong error) error {
	p := deskPage{Base: c.Base("bring.title"), Lead: c.T("bring.lead")}
	p.Crumbs = []Crumb{{c.T("findings.title"), "/findings"}, {p.Title, ""}}
	p.Problems = wrong != nil
	a := c.stepForm("bring", "bring.file", "/findings/import", findingFileInput{}, "file")
	a.Form.Upload = true
	if wrong != nil {
		c.again(a.Form, wrong)
	}
	p.Acts = []StepForm{a}
	p.Links = []NavItem{{Text: c.T("bring.template"), Href: "/findings/import/template.csv"}, {Text: c.T("bring.one"), Href: "/findings/new"}}
	return deskView.Show(c, p)
}

// takeFindingFile takes the rows that are right, and leads to what came of each.
func (s *Server) takeFindingFile(c *Ctx) error {
	d := violations.Delivery{How: violations.ByFile}
	up, err := c.Upload("file")
	if err == nil {
		var r io.Reader
		if r, err = up.Open(); err == nil {
			d.Rows, d.Faults, err = violations.ReadCSV(r)
		}
	}
	return s.bringAll(c, d, err, s.findingFile)
}

// bringAll brings what was read, and leads to the outcome.
func (s *Server) bringAll(c *Ctx, d violations.Delivery, err error, again func(*Ctx, error) error) error {
	var im violations.Import
	if err == nil {
		im, err = s.cfg.Services.FindingImports.Bring(c.Once(), d)
	}
	if mendable(err) {
		return again(c, err)
	}
	return c.Done(err, violations.ImportPath(im.ID), "flash.findings_brought")
}

func (s *Server) newFinding(c *Ctx) error { return s.findingForm(c, findingMadeInput{}, nil) }

func (s *Server) findingForm(c *Ctx, in findingMadeInput, wrong error) error {
	form := c.formFor("/findings/new", in, wrong)
	options := []Option{{Value: "", Text: c.T("form.choose")}}
	for _, r := range s.cfg.Services.Law.Rules() {
		options = append(options, Option{Value: r.ID, Text: r.ID + " " + r.Title})
	}
	form.Options("rule", options)
	p, err := c.actOf("bring.one", form, "account_id", "rule", "evidence")
	if err != nil {
		return err
	}
	p.Crumbs = []Crumb{{c.T("findings.title"), "/findings"}, {p.Title, ""}}
	p.Leave = NavItem{Text: c.T("act.back"), Href: "/findings"}
	p.warn(c, Info, "bring.warning")
	return actView.Show(c, p)
}

// makeFinding enters one finding under a reference of lerd's own; what is wrong
// with it is told at its field.
func (s *Server) makeFinding(c *Ctx) error {
	var in findingMadeInput
	if err := c.Decode(&in); err != nil {
		if invalid(err) {
			return s.findingForm(c, in, err)
		}
		return err
	}
	row := violations.Row{Reference: "HERE-" + strings.ToUpper(uuid.NewString()[:13]), Account: in.Account, Rule: in.Rule, Evidence: in.Evidence}
	im, err := s.cfg.Services.FindingImports.Bring(c.Once(), violations.Delivery{How: violations.Made, Rows: []violations.Row{row}})
	if mendable(err) {
		return s.findingForm(c, in, err)
	}
	return c.Done(err, violations.ImportPath(im.ID), "flash.findings_brought")
}

// showBrought says what came of a delivery, row by row where something is wrong.
func (s *Server) showBrought(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	im, err := s.cfg.Services.FindingImports.ViewImport(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("brought.title"), Lead: c.T("brought.lead")}
	p.Crumbs = []Crumb{{c.T("findings.title"), "/findings"}, {p.Title, ""}}
	f := facts{c: c}
	at := p.When(im.At)
	f.add("brought.at", Cell{When: &at})
	f.text("brought.total", itoa(im.Total))
	f.text("brought.accepted", itoa(im.Accepted))
	f.text("brought.known", itoa(im.Known))
	p.Facts = f.list
	t := Table{Caption: c.T("brought.faults", "n", len(im.Faults)), Empty: Empty{Title: c.T("brought.none")}, Columns: []Column{{Text: c.T("brought.row"), Number: true}, {Text: c.T("brought.field")}, {Text: c.T("brought.fault")}}}
	for _, x := range im.Faults {
		t.Rows = append(t.Rows, []Cell{{Text: itoa(x.Row), Number: true}, {Code: x.Field}, {Text: x.Message}})
	}
	p.Tables = []Table{t}
	p.Links = []NavItem{{Text: c.T("findings.back"), Href: "/findings"}, {Text: c.T("bring.title"), Href: "/findings/import"}}
	return deskView.Show(c, p)
}
