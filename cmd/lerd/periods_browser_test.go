package main

import (
	"os"
	"strings"
	"testing"

	"lerd/internal/testkit/browser"
)

// TestOtherDaysInABrowser looks at a case whose order is about the year before, at
// the widths of a phone and of a desk: the period is set beside what the order says,
// and a "pass" without a place comes back to its field. Another has the days of the form
// and other times of day.
func TestOtherDaysInABrowser(t *testing.T) {
	s := newScenario(t)
	id := string(s.orderStating("IN/94/2026/897", "from 2 August 2025 to 1 November 2025"))
	hours := string(s.orderStating("IN/94/2026/896", "from 2 August 2026, 10:00, to 1 November 2026, 18:00"))
	b := s.openBench()
	p := browser.Start(t, os.Getenv("LERD_SHOTS")).Page(t, b.base)
	p.Goto("/sign-in")
	p.Follow(`button[value="rita.lind"]`)
	p.Goto("/review/" + id)
	p.Follow(`form[action$="/claim"] button`)
	if got := p.Text(`section[aria-labelledby="periods"]`); !strings.Contains(got, "2026-08-02") || !strings.Contains(got, "2 August 2025 to 1 November 2025") || !strings.Contains(got, "Another period") {
		t.Fatalf("the page says %q", got)
	}
	p.Examine("review-period")
	p.Click(`input[name="result_VC-09"][value="pass"]`)
	if got := p.Follow(`form[action$="/checks"] > .actions button`); got != 422 {
		t.Errorf("passed without a place: %d", got)
	}
	if got := p.Text("main"); !strings.Contains(got, "Say where in the document it stands") {
		t.Error("the page does not ask for the place")
	}
	p.Examine("review-period-place")
	p.Set(`[name="place_VC-09"]`, "1 line 2")
	if got := p.Follow(`form[action$="/checks"] > .actions button`); got != 200 {
		t.Errorf("with a place: %d", got)
	}
	p.Goto("/review/" + hours)
	p.Follow(`form[action$="/claim"] button`)
	if got := p.Text(`section[aria-labelledby="periods"]`); !strings.Contains(got, "2026-08-02 09:00") || !strings.Contains(got, "not these times of day") {
		t.Errorf("the page says %q", got)
	}
	p.Examine("review-period-hours")
}
