package web

import (
	"net/http"
	"strconv"

	"lerd/internal/identity"
	"lerd/internal/violations"
)

// findingListPage is the queue of trust and safety. It has no place for an
// agency, an officer or a case.
type findingListPage struct {
	Base
	Table Table
}

var findingListView = newPage[findingListPage]("finding_list", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) findingRoutes() []Route {
	if s.cfg.Services.Findings == nil {
		return nil
	}
	confirmer := []identity.Role{identity.Confirmer}
	return []Route{
		{Method: http.MethodGet, Path: "/findings", Name: "finding.list", Title: "findings.title", Roles: confirmer, Verb: "list", Object: "finding", Nav: 10, Handle: s.listFindings},
		{Method: http.MethodGet, Path: "/findings/:id", Name: "finding.show", Title: "finding.title", Roles: confirmer, Verb: "view", Object: "finding", Handle: s.showFinding},
		{Method: http.MethodPost, Path: "/findings/:id", Name: "finding.confirm", Title: "finding.title", Roles: confirmer, Verb: "confirm", Object: "finding", Body: FormBody, Handle: s.confirmFinding},
	}
}

func (s *Server) listFindings(c *Ctx) error {
	list, err := s.cfg.Services.Findings.List(c.Ctx())
	if err != nil {
		return err
	}
	p := findingListPage{Base: c.Base("findings.title")}
	p.Table = Table{Caption: c.T("findings.caption"), Empty: Empty{Title: c.T("findings.none"), Text: c.T("findings.none.text")},
		Columns: []Column{{Text: c.T("finding.account")}, {Text: c.T("finding.rule")}, {Text: c.T("finding.since")}, {Text: c.T("finding.verdicts")}}}
	for _, f := range list {
		since, badge := p.When(f.OpenedAt), c.verdictsBadge(f)
		p.Table.Rows = append(p.Table.Rows, []Cell{
			{Code: strconv.FormatInt(f.AccountID, 10), Href: "/findings/" + f.ID}, {Text: s.ruleTitle(f), Note: f.Rule},
			{When: &since}, {Badge: &badge}})
	}
	return findingListView.Show(c, p)
}

// verdictsBadge says whether the finding is open, and not how many verdicts
// there are: one "no" closes a finding, so that a count would tell the second
// person what the first one said.
func (c *Ctx) verdictsBadge(f violations.Finding) Badge {
	if f.State != violations.Proposed {
		return Badge{c.T("finding.settled"), Plain}
	}
	return Badge{c.T("finding.waiting"), Info}
}

func (s *Server) ruleTitle(f violations.Finding) string {
	if r, ok := s.cfg.Services.Law.Rule(f.Rule); ok {
		return r.Title
	}
	return f.Rule
}
