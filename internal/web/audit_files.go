package web

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lerd/internal/identity"
)

// sendTable sends rows as a file that a spreadsheet can open. What somebody typed into a
// cell is kept from being read as a formula.
func (c *Ctx) sendTable(name string, head []string, rows [][]string) error {
	h := c.Response().Header()
	h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(http.StatusOK)
	w := csv.NewWriter(c.Response())
	_ = w.Write(head)
	for _, row := range rows {
		for i := range row {
			row[i] = plainCell(row[i])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error()
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func csvDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// findingsCSV sends all audit findings, with the last answer of each.
func (s *Server) findingsCSV(c *Ctx) error {
	list, err := s.cfg.Services.Oversight.TakeFindings(c.Ctx())
	if err != nil {
		return err
	}
	var people []identity.PersonID
	for _, f := range list {
		people = append(people, f.ClosedBy)
	}
	names, err := s.plainNames(c, people)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{f.Ref, f.Grade, f.Title.Reveal(), f.Body.Reveal(), f.State, strconv.FormatBool(f.Overdue(c.Now())), f.OwnerName, csvDay(f.DueOn), f.MadeByName, csvTime(f.MadeAt),
			f.CaseRef, string(f.Evidence), strconv.Itoa(f.Reminded), names[f.ClosedBy], csvTime(f.ClosedAt), f.ClosedWhy.Reveal()})
	}
	return c.sendTable("findings", []string{"reference", "grade", "title", "found", "state", "overdue", "owner", "due", "opened_by", "opened_at", "case", "event", "reminders", "closed_by", "closed_at", "closed_why"}, rows)
}

// errorsCSV sends the whole register of errors.
func (s *Server) errorsCSV(c *Ctx) error {
	list, err := s.cfg.Services.Oversight.TakeErrors(c.Ctx())
	if err != nil {
		return err
	}
	var people []identity.PersonID
	for _, x := range list {
		people = append(people, x.MadeBy, x.AssessedBy, x.SettledBy)
	}
	names, err := s.plainNames(c, people)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, x := range list {
		serious := ""
		if x.Serious != nil {
			serious = strconv.FormatBool(*x.Serious)
		}
		rows = append(rows, []string{x.Ref, x.What, x.Body.Reveal(), x.CaseRef, csvDay(x.FoundOn), x.State, names[x.MadeBy], csvTime(x.MadeAt), x.Prejudice, x.Harm, serious, x.Reason.Reveal(), names[x.AssessedBy], csvTime(x.AssessedAt),
			x.Told, x.ToldWhy.Reveal(), x.ToldRef, names[x.SettledBy], csvTime(x.SettledAt)})
	}
	return c.sendTable("errors", []string{"reference", "what", "description", "case", "found_on", "state", "reported_by", "reported_at", "prejudice", "harm", "serious", "reasons", "assessed_by", "assessed_at",
		"told", "told_why", "told_reference", "decided_by", "decided_at"}, rows)
}

// dutiesCSV sends the report on duties: a line for each finding of it, and for each role
// in which somebody acted.
func (s *Server) dutiesCSV(c *Ctx) error {
	r, err := s.cfg.Services.Oversight.TakeDuties(c.Ctx())
	if err != nil {
		return err
	}
	var rows [][]string
	for _, x := range r.Conflicts {
		rows = append(rows, []string{"conflicting_roles", x.A.Person, x.A.Name, x.A.Role + " " + x.B.Role, "", "", "", "", "", ""})
	}
	for _, x := range r.Twice {
		rows = append(rows, []string{"two_parts", x.Person, x.Name, "", x.Case, x.Ref, strings.Join(x.Duties, " "), "", "", ""})
	}
	for _, h := range r.Holders {
		rows = append(rows, []string{"acted", h.Person, h.Name, h.Role, "", "", "", csvTime(h.From), csvTime(h.To), strconv.FormatInt(h.Events, 10)})
	}
	return c.sendTable("duties", []string{"line", "person", "name", "roles", "case", "reference", "parts", "first", "last", "events"}, rows)
}

// sampleCSV sends the cases of a sample, as a list to work through.
func (s *Server) sampleCSV(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	x, cases, err := s.cfg.Services.Oversight.TakeSample(c.Ctx(), id)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, y := range cases {
		why := "drawn"
		if y.Always {
			why = "always"
		}
		rows = append(rows, []string{x.Ref, y.Case, y.Ref, y.Stratum, why, strings.Join(y.Looked, ", "), strconv.Itoa(y.Findings)})
	}
	return c.sendTable(x.Ref, []string{"sample", "case", "reference", "group", "why", "opened_by", "findings"}, rows)
}

// plainNames gives the pseudonyms of people.
func (s *Server) plainNames(c *Ctx, people []identity.PersonID) (map[identity.PersonID]string, error) {
	n, err := s.namesOf(c, people...)
	return n.of, err
}

// fileLink leads auditors to a list as a file.
func (c *Ctx) fileLink(href string) []NavItem {
	if actor, _ := c.Actor(); actor.Role != identity.Auditor {
		return nil
	}
	return []NavItem{{Text: c.T("audit_query.csv"), Href: href}}
}
