package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/browser"
	"lerd/internal/testkit/reportlab"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
	"lerd/internal/transparency/rulefile"
	"lerd/internal/web"
	"lerd/policies"
)

// aLargeQuarter counts a quarter of four thousand invented cases.
func (s *scenario) aLargeQuarter() proposing {
	s.t.Helper()
	dir := s.t.TempDir()
	quarter := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	f, err := reportlab.Write(dir, reportlab.Size{Cases: 4000, Looks: 1, From: quarter, To: quarter.AddDate(0, 3, 0), Seed: 9})
	s.must(err)
	open, err := f.Openings()
	s.must(err)
	defer open.Close()
	b, err := transparency.Collect(s.ctx, transparency.Source{Log: audit.DirReader(f.LogDir()), Checkpoint: f.Checkpoint, Openings: transparency.ReadOpenings(open)})
	s.must(err)
	rules, err := rulefile.Load(policies.FS)
	s.must(err)
	return proposing{s.publishing(), counted{book: b, trust: f.Trust, order: transparency.Order{Period: transparency.Period{Year: 2026, Quarter: 3}, Rules: rules,
		Log: transparency.LogHead{Origin: f.Checkpoint.Origin, Size: f.Checkpoint.Size, Root: f.Checkpoint.Root}}}, filepath.Join(dir, "k"), ""}
}

// aLargeReport is that quarter, proposed as lerd's own.
func (s *scenario) aLargeReport() publishing.Report {
	s.t.Helper()
	out, err := propose(identity.With(s.ctx, identity.SystemActor()), s.aLargeQuarter())
	s.must(err)
	return out
}

// TestAYearIsProposedWithItsQuarters proposes a year whose third quarter was published
// as it is counted now, or with more withheld.
func TestAYearIsProposedWithItsQuarters(t *testing.T) {
	for threshold, refused := range map[int]bool{10: false, 60: true} {
		s := newScenario(t)
		system := identity.With(s.ctx, identity.SystemActor())
		year, quarter := s.aLargeQuarter(), s.aLargeQuarter()
		year.made.order.Period.Quarter = 0
		quarter.made.order.Rules.Threshold, quarter.made.order.Rules.GagThreshold = threshold, max(threshold, 20)
		r, err := propose(system, quarter)
		s.must(err)
		s.must(s.publishing().Publish(s.as("helen.park"), r.ID))
		if _, err := propose(system, year); (fault.KindOf(err) == fault.Gate) != refused || err != nil != refused {
			t.Errorf("a year of which a quarter was published with the threshold %d: %v", threshold, err)
		}
	}
}

// TestReportsInABrowser looks at the public page before and after counsel
// publishes a report, at the width of a phone and of a desk, in three languages,
// with axe.
func TestReportsInABrowser(t *testing.T) {
	s := &stage{portal: newScenario(t).open(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	anybody := s.b.Page(t, s.base)
	s.goTo(anybody, "/transparency", 200, "transparency-none")
	r := s.aLargeReport()
	s.goTo(s.as("ines.moreau"), "/reports", 200, "reports-auditor")
	counsel := s.as("helen.park")
	s.goTo(counsel, "/reports/preview?which="+r.ID, 200, "transparency-preview")
	s.goTo(counsel, "/reports", 200, "reports")
	s.press(counsel, `form[action="/counsel/reports/publish"] button`)
	s.look(counsel, "reports-published")
	for _, lang := range []string{"en", "ar", "de"} {
		s.goTo(anybody, "/transparency?lang="+lang, 200, "transparency-"+lang)
	}
	s.goTo(anybody, "/transparency/2026Q3?lang=en", 200, "transparency-period")
	page := anybody.Text("main")
	for _, want := range []string{"Quarter 3 of 2026", "India", "Nothing to hand over", "withheld", "How to check us", r.Digest[:8]} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := len(anybody.Attributes("svg[role=img] title", "id")); n != 2 {
		t.Errorf("%d charts with a title", n)
	}
	s.readOnAPhone(anybody)
	for _, name := range publishing.Names {
		if got := s.status("/transparency/2026Q3/1/" + name); got != 200 {
			t.Errorf("%s answers %d", name, got)
		}
	}
	for _, none := range []string{"/transparency/2026Q3/2/report.csv", "/transparency/2026Q3/1/openings.tsv", "/transparency/2026Q2", "/transparency/..%2f..%2f/1/report.csv"} {
		if got := s.status(none); got != 404 {
			t.Errorf("%s answers %d", none, got)
		}
	}
	s.stop()
	s.verifyLog()
}

// readOnAPhone wants a report of many countries to be a few screens long, with all its
// tables there and folded up, and charts whose words are as large as a caption's.
func (s *stage) readOnAPhone(page *browser.Page) {
	s.t.Helper()
	page.Resize(browser.SmallPhone)
	if _, height := page.Extent("html"); height > 12_000 {
		s.t.Errorf("on a phone the report is %d pixels long", height)
	}
	if _, height := page.Extent(".chart-text"); height < 14 {
		s.t.Errorf("the words of a chart are %d pixels high on a phone", height)
	}
	tables := page.Count(".figures")
	folded := tables - page.Count(".figures[open]")
	if tables != 15 || folded < 12 {
		s.t.Errorf("%d tables, of which %d are folded up", tables, folded)
	}
	page.Click("#t-received_by_process")
	if text := page.Text("main"); !strings.Contains(text, "IN-94") {
		s.t.Error("a table that was unfolded shows nothing")
	}
	page.Resize(browser.Desktop)
}

// status gives how a stranger's request is answered.
func (s *stage) status(path string) int {
	s.t.Helper()
	resp, err := newVisitor(s.base).client.Get(s.base + path)
	s.must(err)
	resp.Body.Close()
	return resp.StatusCode
}
