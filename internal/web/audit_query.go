package web

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// searchInput is a query's filters, in the address, so that it can be shared.
type searchInput struct {
	Kind    string `form:"kind" validate:"max=80" label:"audit_query.kind" hint:"audit_query.kind.hint" width:"medium"`
	Person  string `form:"person" validate:"max=80" label:"audit_query.person" hint:"audit_query.person.hint" width:"medium"`
	Role    string `form:"role" validate:"max=40" label:"audit_query.role" input:"select" width:"medium"`
	Ref     string `form:"ref" validate:"max=40" label:"audit_query.ref" width:"medium"`
	State   string `form:"state" validate:"max=40" label:"audit_query.state" input:"select" width:"medium"`
	Country string `form:"country" validate:"omitempty,len=2" label:"audit_query.country" width:"short"`
	Process string `form:"process" validate:"max=40" label:"audit_query.process" width:"medium"`
	Urgent  bool   `form:"urgent" label:"audit_query.urgent"`
	From    string `form:"from" validate:"omitempty,datetime=2006-01-02" label:"audit_query.from" hint:"audit_query.from.hint" input:"date" width:"short" autocomplete:"off"`
	To      string `form:"to" validate:"omitempty,datetime=2006-01-02" label:"audit_query.to" hint:"audit_query.to.hint" input:"date" width:"short" autocomplete:"off"`
	After   string `form:"after" validate:"max=80" label:"audit_query.after" input:"hidden"`
}

func (s *Server) search(name string, in searchInput) oversight.Search {
	return oversight.Search{KindHasWords: s.words.hasKind(in.Kind), Name: name, Kind: in.Kind, Person: in.Person, Role: in.Role, Ref: in.Ref, State: in.State, Country: in.Country, Process: in.Process, Urgent: in.Urgent,
		From: day(in.From), To: day(in.To), After: in.After, Limit: pageLength}
}

func (s *Server) auditQueries(c *Ctx) error {
	p := auditDesk{Base: c.Base("audit_queries.title"), Lead: c.T("audit_queries.lead")}
	for caption, names := range map[string][]string{"audit_queries.free": oversight.Free, "audit_queries.library": oversight.Library} {
		t := Table{Caption: c.T(caption), Columns: []Column{{Text: c.T("audit_queries.name")}, {Text: c.T("audit_queries.about")}}}
		for _, name := range names {
			t.Rows = append(t.Rows, []Cell{{Text: c.T("audit_query.q." + name), Href: "/audit/queries/" + name}, {Text: c.T("audit_query.about." + name)}})
		}
		p.Tables = append(p.Tables, t)
	}
	slices.SortFunc(p.Tables, func(a, b Table) int { return len(a.Rows) - len(b.Rows) })
	return auditDeskView.Show(c, p)
}

func (s *Server) auditActs(c *Ctx) error { return s.showQuery(c, "administrative", "/audit/acts") }

func (s *Server) auditQuery(c *Ctx) error {
	name := c.Param("query")
	return s.showQuery(c, name, "/audit/queries/"+name)
}

func (s *Server) showQuery(c *Ctx, name, path string) error {
	if !slices.Contains(oversight.Library, name) && !slices.Contains(oversight.Free, name) {
		return notFound()
	}
	var in searchInput
	wrong := c.DecodeQuery(&in)
	if wrong != nil && len(fault.ProblemsOf(wrong)) == 0 {
		return wrong // no text at all
	}
	p := auditDesk{Base: c.Base("audit_query.q." + name), Lead: c.T("audit_query.about." + name)}
	p.Crumbs = []Crumb{{c.T("audit_queries.title"), "/audit/queries"}, {p.Title, ""}}
	if err := s.fillFilter(c, &p, name, path, in, wrong); err != nil {
		return err
	}
	if wrong != nil {
		return auditDeskView.Show(c, p)
	}
	q := s.search(name, in)
	q.Limit = pageLength + 1
	list, err := s.cfg.Services.Oversight.Query(c.Ctx(), q, "page")
	if len(fault.ProblemsOf(err)) > 0 {
		if err := s.fillFilter(c, &p, name, path, in, err); err != nil {
			return err
		}
		return auditDeskView.Show(c, p)
	}
	if err != nil {
		return err
	}
	if len(list) > pageLength {
		list = list[:pageLength]
		if last := list[pageLength-1]; last.Next != "" {
			v := q.Values()
			v.Set("after", last.Next)
			p.Pages = Pages{Label: c.T("audit.pages"), Next: c.T("pages.next"), Previous: c.T("pages.previous"), NextHref: path + "?" + v.Encode(), Shown: c.T("audit_query.more")}
		}
	}
	if in.After != "" {
		p.Pages.Label, p.Pages.Previous, p.Pages.PreviousHref = c.T("audit.pages"), c.T("audit_query.newest"), path+"?"+q.Values().Encode()
	}
	if err := c.learnNamesOfHits(list); err != nil {
		return err
	}
	p.Tables = []Table{c.hitTable(p.Base, name, list)}
	p.Links = []NavItem{{Text: c.T("audit_query.csv"), Href: "/audit/queries/" + name + "/csv?" + q.Values().Encode()}}
	return auditDeskView.Show(c, p)
}

// fillFilter makes the filters, whose answers stand in the address.
func (s *Server) fillFilter(c *Ctx, p *auditDesk, name, path string, in searchInput, wrong error) error {
	f := c.Form(path, in)
	roles := []Option{{Value: "", Text: c.T("audit_query.any")}}
	for _, r := range append(slices.Clone(identity.Roles), identity.System) {
		roles = append(roles, Option{Value: string(r), Text: c.holderRole(string(r))})
	}
	states := []Option{{Value: "", Text: c.T("audit_query.any")}}
	for _, st := range requests.States[1:] {
		states = append(states, Option{Value: string(st), Text: c.T("review.state." + string(st))})
	}
	f.Options("role", roles).Options("state", states)
	if wrong != nil {
		c.again(f, wrong)
		for n, fd := range f.fields {
			if typed := c.Request().URL.Query().Get(n); typed != "" {
				fd.Value = typed
				f.fields[n] = fd
			}
		}
	}
	p.Filter, p.FilterButton, p.Problems = f, Button{Text: c.T("audit_query.show")}, wrong != nil
	shown := oversight.Filters(name)
	for _, problem := range fault.ProblemsOf(wrong) { // also of a filter that the list does not have
		if !slices.Contains(shown, problem.Field) {
			shown = append(shown, problem.Field)
		}
	}
	set := len(s.search(name, in).Values())
	p.FilterFields, p.FilterTitle, p.FilterOpen = nil, c.T("audit_query.narrow", "n", set), set > 0 || wrong != nil
	if set == 0 {
		p.FilterTitle = c.T("audit_query.narrow_none")
	}
	for _, n := range shown {
		fd, err := f.Field(n)
		if err != nil {
			return err
		}
		fd.Optional = ""
		p.FilterFields = append(p.FilterFields, fd)
	}
	return nil
}

// hitTable lists what a query gave.
func (c *Ctx) hitTable(b Base, name string, list []oversight.Hit) Table {
	t := Table{Caption: c.T("audit_query.q." + name), Empty: Empty{Title: c.T("audit_query.none"), Text: c.T("audit_query.none.text")},
		Columns: []Column{{Text: c.T("audit.col.index")}, {Text: c.T("audit_query.what")}, {Text: c.T("audit.col.actor")}, {Text: c.T("audit.col.at")}, {Text: c.T("audit_query.about")}, {Text: c.T("audit.col.facts")}}}
	ofCases := slices.Contains([]string{"cases", "emergency_no_order", "gag_past_end", "most_viewed"}, name)
	if ofCases { // which have no place in the log: the case itself comes first
		t.Columns = []Column{{Text: c.T("audit_query.case")}, t.Columns[1], t.Columns[2], t.Columns[3], t.Columns[5]}
	}
	for _, h := range list {
		at, about := b.When(h.At), Cell{Text: "–"}
		if h.Case != "" {
			about = Cell{Code: word(h.Ref, h.Case[:8]), Href: "/audit/cases/" + h.Case}
		} else if name := c.subject(h.Stream); name != "" {
			about = Cell{Text: name, Href: pageOfStream(h.Stream)}
		}
		by := Cell{Text: word(word(h.Name, h.Person), "–"), Note: c.codeWords(roleMeaning, h.Role)}
		said := Cell{Text: "–", Said: c.shortFacts(b, h.Kind, h.Facts)}
		if ofCases {
			what := c.codeCell("review.state.", h.Kind)
			if name == "most_viewed" {
				what = c.codeCell("audit_query.is.", h.Kind)
			}
			t.Rows = append(t.Rows, []Cell{about, what, by, {When: &at}, said})
			continue
		}
		place := Cell{Text: strconv.FormatInt(h.Index, 10), Href: "/audit/events/" + string(h.Event)}
		t.Rows = append(t.Rows, []Cell{place, c.kindCell(h.Kind, ""), by, {When: &at}, about, said})
	}
	return t
}

// auditCSV sends all lines of a query as a file that a spreadsheet can open.
func (s *Server) auditCSV(c *Ctx) error {
	name := c.Param("query")
	var in searchInput
	if err := c.DecodeQuery(&in); err != nil {
		return s.showQuery(c, name, "/audit/queries/"+name) // which says what is wrong
	}
	var w *csv.Writer
	begin := func() {
		h := c.Response().Header()
		h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		c.Response().WriteHeader(http.StatusOK)
		w = csv.NewWriter(c.Response())
		_ = w.Write([]string{"place", "event", "at", "what", "person", "name", "role", "case", "reference", "facts", "stream"})
	}
	q := s.search(name, in)
	next, err := s.cfg.Services.Oversight.Export(c.Ctx(), q, func(h oversight.Hit) error {
		if w == nil {
			begin()
		}
		place := ""
		if h.Index >= 0 {
			place = strconv.FormatInt(h.Index, 10)
		}
		return w.Write([]string{place, string(h.Event), h.At.UTC().Format(time.RFC3339), plainCell(h.Kind), plainCell(h.Person), plainCell(h.Name), plainCell(h.Role), h.Case, plainCell(h.Ref), plainCell(h.Detail), plainCell(h.Stream)})
	})
	if len(fault.ProblemsOf(err)) > 0 && w == nil {
		return s.showQuery(c, name, "/audit/queries/"+name)
	}
	if err != nil && w == nil {
		return err
	}
	if w == nil {
		begin()
	}
	if next != "" { // what is cut off must not look whole
		v := q.Values()
		v.Set("after", next)
		_ = w.Write([]string{"", "", "", "cut", "", "", "", "", "", c.T("audit_query.cut", "n", strconv.Itoa(oversight.MostExported), "at", "/audit/queries/"+name+"/csv?"+v.Encode()), ""})
	}
	w.Flush()
	if err != nil { // a file that is cut off must not look whole
		panic(http.ErrAbortHandler)
	}
	return w.Error()
}
