package web

import (
	"bytes"
	"net/http"

	"lerd/internal/agencies"
	"lerd/internal/identity"
)

// statementPage hands out one periodic statement.
type statementPage struct {
	Base
	Facts []Fact
	Take  StepForm
}

var statementView = newPage[statementPage]("statement", "breadcrumb", "facts", "cell", "badge", "when", "digest", "step_form", "field", "error_summary", "button", "step_up")

func (s *Server) statementRoutes() []Route {
	if s.cfg.Services.Statements == nil {
		return nil
	}
	who := []identity.Role{identity.AgencyAdmin, identity.Registrar}
	return []Route{
		{Method: http.MethodGet, Path: "/statements/:id", Name: "statement.show", Title: "statement.title", Roles: who, Verb: "download", Object: "statement", Handle: s.showStatement},
		{Method: http.MethodPost, Path: "/statements/:id", Name: "statement.take", Title: "statement.title", Roles: who, Verb: "download", Object: "statement", Body: FormBody, Handle: s.takeStatement},
	}
}

func (s *Server) showStatement(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	st, err := s.cfg.Services.Statements.Find(c.Ctx(), agencies.StatementID(id))
	if err != nil {
		return err
	}
	p := statementPage{Base: c.Base("statement.title")}
	p.Crumbs = []Crumb{{p.Title, ""}}
	made := p.When(st.MadeAt)
	f := facts{c: c}
	f.text("statement.period", c.T("statement.from_to", "from", c.Date(st.From), "to", c.Date(st.To)))
	f.text("statement.requests", c.T("statement.count", "n", st.Requests))
	f.add("statement.made", Cell{When: &made})
	f.add("statement.digest", Cell{Digest: &Digest{"SHA-256", st.SumsSHA256}})
	p.Facts = f.list
	p.Take = c.stepForm("take", "statement.take", "/statements/"+id, struct{}{})
	p.Take.StepUp = c.StepUp(identity.PurposeDownload, st.StatementDigest())
	return statementView.Show(c, p)
}

// takeStatement sends the signed files; that they were taken is on record first.
func (s *Server) takeStatement(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	st, err := s.cfg.Services.Statements.Find(c.Ctx(), agencies.StatementID(id))
	if err != nil {
		return err
	}
	ctx, err := c.Proved(identity.PurposeDownload, st.StatementDigest())
	if err != nil {
		return err
	}
	packed, name, err := s.cfg.Services.Statements.Open(ctx, st.ID)
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(packed), name, "application/zip")
}

// statementTable lists statements, each a link to its page.
func (c *Ctx) statementTable(b Base, list []agencies.Statement) Table {
	t := Table{Caption: c.T("office.statements"), Empty: Empty{Title: c.T("office.statements.none"), Text: c.T("office.statements.none.text")},
		Columns: []Column{{Text: c.T("statement.period")}, {Text: c.T("statement.requests"), Number: true}, {Text: c.T("statement.made")}}}
	for _, st := range list {
		made := b.When(st.MadeAt)
		t.Rows = append(t.Rows, []Cell{{Text: c.T("statement.from_to", "from", c.Date(st.From), "to", c.Date(st.To)), Href: "/statements/" + string(st.ID)},
			{Text: c.T("statement.count", "n", st.Requests), Number: true}, {When: &made}})
	}
	return t
}
