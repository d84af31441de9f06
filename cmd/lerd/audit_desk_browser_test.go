package main

import (
	"os"
	"testing"

	"lerd/internal/requests"
	"lerd/internal/testkit/browser"
	"lerd/internal/web"
)

// TestTheAuditorsDeskInABrowser looks at each page of the console, and at those of
// counsel beside it, with something on them: a case that was answered under a gag, a
// sample, a finding, an error.
func TestTheAuditorsDeskInABrowser(t *testing.T) {
	sc := newScenario(t)
	c := sc.released("IN/94/2026/983", "2026-11-20")
	sample, finding, report := sc.overseen(c.Request.Ref)
	sc.must(sc.cases.ProposeRecall(sc.as("rita.lind"), c.Request.ID, "wrong_records", "Of a test system."))
	sc.indexed()
	_, events, err := sc.cases.Trail(sc.as("tariq.aziz"), c.Request.ID)
	sc.must(err)
	sc.indexed()
	s := &stage{portal: sc.open(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	p, own := s.as("ines.moreau"), "/audit/cases/"+string(c.Request.ID)
	for _, page := range []struct{ at, name string }{
		{"/audit", "audit"}, {"/audit/queries", "audit-queries"}, {"/audit/queries/gag_past_end", "audit-query-empty"}, {"/audit/queries/view_unassigned", "audit-query"}, {"/audit/samples", "audit-samples"}, {"/audit/samples/new", "audit-sample-new"},
		{"/audit/samples/" + sample, "audit-sample"}, {"/audit/acts", "audit-acts"}, {"/audit/duties", "audit-duties"}, {own, "audit-case"}, {own + "/replay?step=4", "audit-replay"},
		{"/audit/events/" + string(events[0].Record.ID), "audit-event"}, {"/audit-findings", "audit-findings"}, {"/audit-findings/" + finding, "audit-finding"}, {"/audit-findings/new", "audit-finding-new"},
		{"/errors", "errors"}, {"/errors/new", "errors-new"}, {"/errors/" + report, "errors-show"}, {"/retention", "retention"}, {"/reports", "reports"}, {"/fraud", "fraud"},
	} {
		s.goTo(p, page.at, 200, page.name)
	}
	counsel := s.as("helen.park")
	for _, page := range []struct{ at, name string }{{"/log-loss", "log-loss"}, {"/counsel/gags", "counsel-gags"}, {"/counsel/gags/" + sc.gagOf(c.Request.ID), "counsel-gag"}, {"/counsel/conflicts", "counsel-conflicts"},
		{"/counsel/rights", "counsel-rights"}, {"/processes", "processes"}, {"/retention", "counsel-retention"}, {"/reports", "counsel-reports"}} {
		s.goTo(counsel, page.at, 200, page.name)
	}
	s.goTo(s.b.Page(t, s.base), "/transparency", 200, "transparency-empty")
}

// gagOf gives the id of the only gag of a case.
func (s *scenario) gagOf(id requests.ID) string {
	s.t.Helper()
	f := s.onFile(id)
	if len(f.Gags) != 1 {
		s.t.Fatalf("%d gags", len(f.Gags))
	}
	return string(f.Gags[0].ID)
}
