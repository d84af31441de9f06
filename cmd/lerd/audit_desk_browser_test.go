package main

import (
	"os"
	"testing"

	"lerd/internal/testkit/browser"
	"lerd/internal/web"
)

// TestTheAuditorsDeskInABrowser looks at the auditor's queries and samples.
func TestTheAuditorsDeskInABrowser(t *testing.T) {
	sc := newScenario(t)
	sc.submit("IN/94/2026/983")
	s := &stage{portal: sc.open(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	p := s.as("ines.moreau")
	s.goTo(p, "/audit/queries", 200, "audit-queries")
	s.goTo(p, "/audit/samples", 200, "audit-samples")
}
