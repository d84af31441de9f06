package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
)

// Reports are the public reports; *publishing.Service fulfils it.
type Reports interface {
	Public(ctx context.Context) ([]publishing.Report, error)
	Figures(ctx context.Context, r publishing.Report) (*transparency.Report, error)
	File(ctx context.Context, r publishing.Report, name string) ([]byte, error)
}

// transparencyPage is the public report of a period.
type transparencyPage struct {
	Base
	Period   string // in words; empty: nothing is published yet
	Preview  bool   // not published: counsel or an auditor looks at it
	Gaps     []Notice
	Facts    []Fact
	Totals   []Fact // what is asked first
	Contents []NavItem
	Charts   []Chart
	Groups   []reportGroup
	Files    []NavItem
	Reports  Table
	Commands []string
	Keys     []NavItem // with which the report is verified; nil: published elsewhere
}

// reportGroup are the tables of one cohort under a heading, with what they count.
type reportGroup struct {
	ID, Title, Text string
	Sections        []reportSection
}

// reportSection is a table that is folded up under its title, so that a phone
// shows a page of a few screens. No script unfolds it.
type reportSection struct {
	ID, Title string
	Open      bool // from the beginning
	Wide      bool // of so many rows that cards would fill a phone: it scrolls sideways
	Table     Table
}

var transparencyView = newPage[transparencyPage]("transparency", "facts", "cell", "badge", "when", "digest", "table", "empty", "chart", "notice")

func (s *Server) transparencyRoutes() []Route {
	if s.cfg.Services.Reports == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodGet, Path: "/transparency", Name: "transparency.home", Title: "report.title", Public: true, Listed: true, Nav: 80, Handle: s.transparencyHome},
		{Method: http.MethodGet, Path: "/transparency/:period", Name: "transparency.show", Title: "report.title", Public: true, Listed: true, Handle: s.transparencyShow},
		{Method: http.MethodGet, Path: "/transparency/:period/:edition/:file", Name: "transparency.file", Public: true, Handle: s.transparencyFile},
	}
}

// transparencyHome shows the newest report, and lists all.
func (s *Server) transparencyHome(c *Ctx) error {
	list, err := s.cfg.Services.Reports.Public(c.Ctx())
	if err != nil {
		return err
	}
	for _, r := range list {
		if strings.Contains(r.Period, "Q") {
			return s.showReport(c, r, list)
		}
	}
	if len(list) > 0 {
		return s.showReport(c, list[0], list)
	}
	p := transparencyPage{Base: c.Base("report.title")}
	p.Reports = c.reportList(list)
	return transparencyView.Show(c, p)
}

// published gives an edition of a period, 0 for the newest.
func published(list []publishing.Report, period string, edition int) (publishing.Report, error) {
	for _, r := range list {
		if r.Period == period && (edition == 0 || r.Edition == edition) {
			return r, nil
		}
	}
	return publishing.Report{}, fault.New(fault.NotFound, "There is no such report.")
}

func (s *Server) transparencyShow(c *Ctx) error {
	list, err := s.cfg.Services.Reports.Public(c.Ctx())
	if err != nil {
		return err
	}
	r, err := published(list, c.Param("period"), 0)
	if err != nil {
		return err
	}
	return s.showReport(c, r, list)
}

// fileTypes are the types of a report's files.
var fileTypes = map[string]string{".json": "application/json", ".csv": "text/csv; charset=utf-8", ".note": "text/plain; charset=utf-8"}

func (s *Server) transparencyFile(c *Ctx) error {
	list, err := s.cfg.Services.Reports.Public(c.Ctx())
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Period != c.Param("period") || itoa(r.Edition) != c.Param("edition") {
			continue
		}
		name := c.Param("file")
		b, err := s.cfg.Services.Reports.File(c.Ctx(), r, name)
		if err != nil {
			return err
		}
		h := c.Response().Header()
		h.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is for everybody
		h.Set("Content-Disposition", `attachment; filename="`+r.Period+"-"+itoa(r.Edition)+"-"+name+`"`)
		return c.Blob(http.StatusOK, fileTypes[name[strings.LastIndex(name, "."):]], b)
	}
	return fault.New(fault.NotFound, "There is no such report.")
}

// periodWords gives a period in the reader's words.
func (c *Ctx) periodWords(period string) string {
	year, quarter, ok := strings.Cut(period, "Q")
	if !ok {
		return c.T("report.year", "year", year)
	}
	return c.T("report.quarter", "year", year, "quarter", quarter)
}

// reportList lists what is published.
func (c *Ctx) reportList(list []publishing.Report) Table {
	t := Table{Caption: c.T("report.all"), Empty: Empty{Title: c.T("report.none"), Text: c.T("report.none.text")},
		Columns: []Column{{Text: c.T("report.period")}, {Text: c.T("report.edition")}, {Text: c.T("report.published")}, {Text: c.T("report.files")}}}
	newest := map[string]bool{}
	for _, r := range list {
		at, edition := When{At: r.PublishedAt, Zone: time.UTC}, Cell{Text: itoa(r.Edition)}
		if newest[r.Period] {
			edition.Note = c.T("report.replaced")
		} else if r.Edition > 1 {
			edition.Note = c.T("report.why." + r.Why)
		}
		newest[r.Period] = true
		t.Rows = append(t.Rows, []Cell{{Text: c.periodWords(r.Period), Href: "/transparency/" + r.Period}, edition, {When: &at}, {Text: c.T("report.file.csv"), Href: filePath(r, transparency.TableName)}})
	}
	return t
}

func filePath(r publishing.Report, name string) string {
	return "/transparency/" + r.Period + "/" + itoa(r.Edition) + "/" + name
}

// showReport shows a report: what it is, charts, tables, files.
func (s *Server) showReport(c *Ctx, r publishing.Report, list []publishing.Report) error {
	figures, err := s.cfg.Services.Reports.Figures(c.Ctx(), r)
	if err != nil {
		return err
	}
	p := transparencyPage{Base: c.Base("report.title"), Period: c.periodWords(r.Period), Preview: r.State != publishing.Published}
	p.Gaps = c.reportGaps(figures)
	p.Facts = c.reportFacts(r, figures)
	p.Totals = c.reportTotals(figures)
	p.Charts = c.reportCharts(figures)
	p.Groups = c.reportGroups(figures)
	if !p.Preview {
		for _, f := range []struct{ name, key string }{{transparency.TableName, "csv"}, {transparency.ReportName, "json"}, {transparency.SchemaName, "schema"},
			{transparency.DefinitionsName, "definitions"}, {transparency.DSAName, "dsa"}, {transparency.EvidenceName, "evidence"}, {transparency.SealName, "note"}} {
			p.Files = append(p.Files, NavItem{Text: c.T("report.file." + f.key), Href: filePath(r, f.name)})
		}
		p.Commands = []string{"lerd-verify report DIR --vkey log-keys.txt --report-key report-keys.txt"}
		p.Keys = s.publishedFiles("log-keys.txt", "report-keys.txt")
	}
	p.Contents = c.reportContents(p)
	p.Reports = c.reportList(slices.DeleteFunc(slices.Clone(list), func(r publishing.Report) bool { return r.State != publishing.Published }))
	return transparencyView.Show(c, p)
}

// reportTotals gives the figures that are asked first. What is withheld is said to be.
func (c *Ctx) reportTotals(figures *transparency.Report) (out []Fact) {
	for _, of := range []struct{ table, column, key string }{
		{"received_by_country", "total", "report.total.received"}, {"valid_by_country", "valid", "report.c.valid"}, {"emergency_by_country", "emergency", "report.c.emergency"},
		{"accounts", "accounts", "report.t.accounts_by_country"}, {"happened", "fraud_caught", "report.c.fraud_caught"}} {
		if t := figures.Table(of.table); t != nil && (t.Withheld || t.Line(transparency.Everything) != nil) {
			out = append(out, Fact{c.T(of.key), Cell{Text: c.figureWords("requests", t.Cell(transparency.Everything, of.column))}})
		}
	}
	return out
}

// reportContents names the parts of the page.
func (c *Ctx) reportContents(p transparencyPage) []NavItem {
	out := []NavItem{{Text: c.T("report.how"), Href: "#how"}}
	for _, g := range p.Groups {
		out = append(out, NavItem{Text: g.Title, Href: "#g-" + g.ID})
	}
	out = append(out, NavItem{Text: c.T("report.check"), Href: "#check"})
	if len(p.Files) > 0 {
		out = append(out, NavItem{Text: c.T("report.files"), Href: "#files"})
	}
	return append(out, NavItem{Text: c.T("report.all"), Href: "#all"})
}

func (c *Ctx) reportFacts(r publishing.Report, figures *transparency.Report) []Fact {
	facts := []Fact{{c.T("report.period"), Cell{Text: c.periodWords(r.Period)}}, {c.T("report.edition"), Cell{Text: itoa(r.Edition)}}}
	if r.Edition > 1 {
		facts[1].Cell.Note = c.T("report.why." + r.Why)
	}
	if at, err := time.Parse(time.RFC3339, figures.CutOff); err == nil {
		facts = append(facts, Fact{c.T("report.cut_off"), Cell{When: &When{At: at, Zone: time.UTC}}})
	}
	if !r.PublishedAt.IsZero() {
		facts = append(facts, Fact{c.T("report.published"), Cell{When: &When{At: r.PublishedAt, Zone: time.UTC}}})
	}
	facts = append(facts, c.originFacts(figures)...)
	return append(facts, Fact{c.T("report.log"), Cell{Code: figures.Log.Origin + " " + grouped(int(figures.Log.Size)), Quoted: figures.Log.Root.String()}},
		Fact{c.T("report.digest"), Cell{Digest: &Digest{Name: "SHA-256", Hex: r.Digest}}})
}

// reportGaps says what of the log is lost, and so in no figure.
func (c *Ctx) reportGaps(figures *transparency.Report) (out []Notice) {
	for _, g := range figures.Gaps {
		n := Notice{Kind: Caution, Title: c.T("report.gap.title"), Text: c.T("report.gap.forked", "origin", g.Origin, "until", c.gapTime(g.Until)),
			Items: []string{c.T("report.gap.acknowledged", "origin", g.Goes)}}
		if g.First != nil && g.Last != nil {
			n.Text = c.T("report.gap.text", "first", grouped(int(*g.First)), "last", grouped(int(*g.Last)), "origin", g.Origin, "after", c.gapTime(g.After), "until", c.gapTime(g.Until))
		}
		out = append(out, n)
	}
	return out
}

// gapTime gives a time of a gap in UTC, as the report's files have it.
func (c *Ctx) gapTime(at string) string {
	if at == "" {
		return c.T("report.gap.beginning")
	}
	return strings.NewReplacer("T", " ", "Z", " UTC").Replace(at)
}

// originFacts says under which origins the figures stand, where there are several.
func (c *Ctx) originFacts(figures *transparency.Report) (out []Fact) {
	for _, s := range figures.Origins {
		out = append(out, Fact{c.T("report.origin"), Cell{Code: s.Origin, Note: c.T("report.origin.entries", "first", grouped(int(s.First)), "last", grouped(int(s.Last)))}})
	}
	return out
}

// reportTables are the tables on the page, in their order; the others are files.
var reportTables = []struct {
	id, title, cohort string
	tables            []string
}{
	{"received", "report.total.received", "received", []string{"received_by_country", "received_by_process", "received_by_category", "valid_by_country", "emergency_by_country", "emergency_verification"}},
	{"times", "report.t.times", "received", []string{"times", "times_by_country", "times_by_process", "times_by_category"}},
	{"decided", "report.t.decided", "decided", []string{"decided", "accounts_by_country", "refusals_by_reason", "answered_by_category"}},
	{"happened", "report.t.happened", "happened", []string{"happened"}},
}

func (c *Ctx) reportGroups(figures *transparency.Report) (out []reportGroup) {
	for _, of := range reportTables {
		g := reportGroup{ID: of.id, Title: c.T(of.title), Text: c.T("report.cohort." + of.cohort)}
		for _, id := range of.tables {
			if section, ok := c.reportSection(figures, id); ok {
				section.Open = section.Open || len(of.tables) == 1
				g.Sections = append(g.Sections, section)
			}
		}
		if len(g.Sections) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func (c *Ctx) reportSection(figures *transparency.Report, id string) (out reportSection, ok bool) {
	t := figures.Table(id)
	if t == nil {
		return out, false
	}
	out = reportSection{ID: id, Title: c.T("report.t." + id), Open: id == "received_by_country", Wide: len(t.Lines) > 1}
	out.Table = Table{Caption: out.Title, Empty: Empty{Title: c.T("report.nothing"), Text: c.T("report.nothing.text")}, Columns: []Column{{Text: c.T("report.rows." + t.Rows)}}}
	if t.Withheld {
		out.Table.Empty = Empty{Title: c.T("report.too_few"), Text: c.T("report.too_few.text")}
	}
	for _, col := range t.Columns {
		out.Table.Columns = append(out.Table.Columns, Column{Text: c.T("report.c." + col), Number: true})
	}
	for _, l := range t.Lines {
		row := []Cell{c.rowCell(t.Rows, l.Key)}
		for _, n := range l.Cells {
			row = append(row, Cell{Text: c.figureWords(t.Unit, n), Number: true})
		}
		out.Table.Rows = append(out.Table.Rows, row)
	}
	return out, true
}

// rowCell names a row, and keeps the code beside it by which the files name it.
func (c *Ctx) rowCell(dim, key string) Cell {
	cell := Cell{Text: c.rowWords(dim, key)}
	if key != transparency.Everything && key != transparency.Others && (dim == "process" || dim == "reason") && cell.Text != key {
		cell.Note = key
	}
	return cell
}

// rowWords names a row in the reader's language.
func (c *Ctx) rowWords(dim, key string) string {
	switch {
	case key == transparency.Everything, key == transparency.Others:
		return c.T("report.row." + key)
	case dim == "country":
		return c.countryName(key)
	case dim == "category":
		return c.T("report.row." + key)
	case dim == "process":
		return c.processName(key, c.srv.latestTitle(key))
	case dim == "reason":
		if r := c.srv.knownLaw().Refusal(legal.RefusalCode(key)); r != nil {
			return c.Law("refusal."+key, r.Text)
		}
	}
	return key
}

// figureWords gives a figure for people.
func (c *Ctx) figureWords(unit string, n *int) string {
	switch {
	case n == nil:
		return c.T("report.withheld")
	case unit == "minutes":
		return c.T("report.hours", "hours", tenths(*n))
	}
	return grouped(*n)
}

// tenths gives minutes as hours with one decimal.
func tenths(minutes int) string { return grouped(minutes/60) + "." + itoa(minutes%60/6) }

// grouped writes a number in groups of three with narrow spaces, which is read
// the same in every language.
func grouped(n int) string {
	s := itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
