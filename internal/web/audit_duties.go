package web

import (
	"strconv"
	"strings"

	"lerd/internal/identity"
	"lerd/internal/oversight"
)

func (s *Server) auditDuties(c *Ctx) error {
	r, err := s.cfg.Services.Oversight.DutyReport(c.Ctx())
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("audit_duties.title"), Lead: c.T("audit_duties.lead")}
	if len(r.Conflicts)+len(r.Twice) == 0 {
		p.Notices = []Notice{{Kind: Good, Title: c.T("audit_duties.clean"), Text: c.T("audit_duties.clean.text", "n", int(r.Cases))}}
	} else {
		p.Notices = []Notice{{Kind: Danger, Title: c.T("audit_duties.found"), Text: c.T("audit_duties.found.text", "conflicts", itoa(len(r.Conflicts)), "cases", itoa(len(r.Twice)))}}
	}
	p.Links = append(c.fileLink("/audit/duties/csv"), NavItem{Text: c.T("audit_query.q.two_duties"), Href: "/audit/queries/two_duties"})
	p.Tables = []Table{c.conflictTable(r), c.twiceTable(r), c.holderTable(p.Base, r)}
	return auditDeskView.Show(c, p)
}

func (c *Ctx) conflictTable(r oversight.DutyReport) Table {
	t := Table{Caption: c.T("audit_duties.conflicts"), Empty: Empty{Title: c.T("audit_duties.conflicts.none")}, Columns: []Column{{Text: c.T("audit_duties.person")}, {Text: c.T("audit_duties.roles")}}}
	for _, x := range r.Conflicts {
		t.Rows = append(t.Rows, []Cell{{Text: word(x.A.Name, x.A.Person)}, {Text: c.holderRole(x.A.Role) + ", " + c.holderRole(x.B.Role)}})
	}
	return t
}

func (c *Ctx) twiceTable(r oversight.DutyReport) Table {
	t := Table{Caption: c.T("audit_duties.twice"), Empty: Empty{Title: c.T("audit_duties.twice.none")}, Columns: []Column{{Text: c.T("audit_query.case")}, {Text: c.T("audit_duties.person")}, {Text: c.T("audit_duties.parts")}}}
	for _, x := range r.Twice {
		var parts []string
		for _, d := range x.Duties {
			parts = append(parts, c.T("audit_duties.duty."+d))
		}
		t.Rows = append(t.Rows, []Cell{{Code: word(x.Ref, x.Case[:8]), Href: "/audit/cases/" + x.Case}, {Text: word(x.Name, x.Person)}, {Text: strings.Join(parts, ", ")}})
	}
	return t
}

func (c *Ctx) holderTable(b Base, r oversight.DutyReport) Table {
	t := Table{Caption: c.T("audit_duties.holders"), Empty: Empty{Title: c.T("audit_duties.holders.none")},
		Columns: []Column{{Text: c.T("audit_duties.person")}, {Text: c.T("audit_query.role")}, {Text: c.T("audit_duties.first")}, {Text: c.T("audit_duties.last")}, {Text: c.T("audit.size"), Number: true}}}
	for _, h := range r.Holders {
		from, to := b.When(h.From), b.When(h.To)
		t.Rows = append(t.Rows, []Cell{{Text: word(h.Name, h.Person)}, {Text: c.holderRole(h.Role)}, {When: &from}, {When: &to}, {Text: strconv.FormatInt(h.Events, 10), Number: true}})
	}
	return t
}

// holderRole names a role; lerd itself acts in one that nobody can have.
func (c *Ctx) holderRole(role string) string {
	if role == string(identity.System) {
		return c.T("audit_replay.automatic")
	}
	return c.T("role." + role)
}
