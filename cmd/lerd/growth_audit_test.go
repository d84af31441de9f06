package main

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// auditorsPages are what TestAuditorsPagesDoNotGrow measures; ":id" is a case.
var auditorsPages = func() []string {
	pages := []string{"/audit", "/audit/cases/:id", "/audit/cases/:id/replay", "/audit/duties", "/audit/samples", "/audit-findings", "/errors"}
	for _, name := range append([]string{"events", "cases"}, oversight.Library...) {
		pages = append(pages, "/audit/queries/"+name)
	}
	return append(pages, "/audit/queries/events?kind=request.viewed", "/audit/queries/events?role=counsel", "/audit/queries/events?from=2026-10-01&to=2026-10-20",
		"/audit/queries/cases?state=refused", "/audit/queries/cases?country=IN", "/audit/queries/cases?urgent=yes")
}()

// TestAuditorsPagesDoNotGrow measures the auditors' lists, the library, the replay of
// a case and its dossier in an almost empty database and in a large one, in turn.
func TestAuditorsPagesDoNotGrow(t *testing.T) {
	n, rounds, few := 500, 2, 800 // to see that it works; times of a busy machine say nothing
	if v := os.Getenv(envGrowth); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
		rounds, few = growthRounds(t), min(n, 10_000)
	}
	small, large := newScenario(t), largeScenario(t, n)
	small.seeded(few, 0)
	large.settled()
	pair := [2]*bench{small.openBench(), large.openBench()}
	var visitors [2]*visitor
	var cases [2]requests.ID
	lines := [2]map[string]int{{}, {}}
	run := uuid.NewString()[:8]
	for i, b := range pair {
		cases[i] = b.toExport("IN/94/2026/" + run).ID
		b.indexed()
		_, err := b.ownerDB().Exec("ANALYZE")
		b.must(err)
		visitors[i] = b.visit("ines.moreau")
	}
	for round := range rounds + 3 {
		if round == 3 {
			for _, b := range pair {
				b.times = map[string][]time.Duration{}
			}
		}
		for i := range pair {
			k := (i + round) % 2
			pair[k].audited(visitors[k], cases[k], lines[k])
		}
	}
	for _, b := range pair {
		if got := b.column("SELECT (cases > 0 AND cases = (SELECT count(*) FROM log_case))::text FROM log_total")[0]; got != "true" {
			t.Error("the index does not know how many cases it has")
		}
	}
	pages := []string{"dossier"}
	for _, page := range auditorsPages {
		if lines[0][page] == lines[1][page] {
			pages = append(pages, "GET "+page)
		} else { // it takes longer because it says more
			t.Logf("%s has %d lines and %d", page, lines[0][page], lines[1][page])
		}
	}
	report(t, pages, pair, n, rounds)
}

// audited asks for each page once, and packs the dossier.
func (b *bench) audited(v *visitor, id requests.ID, lines map[string]int) {
	b.t.Helper()
	for _, page := range auditorsPages {
		path := strings.Replace(page, ":id", string(id), 1)
		got, err := v.get(b.ctx, path)
		b.must(err)
		if got.status != http.StatusOK {
			b.t.Fatalf("%s: %d", path, got.status)
		}
		lines[page] = len(got.links("/audit/events/")) + len(got.links("/audit/cases/"))
	}
	ctx, began := b.as("ines.moreau"), time.Now()
	_, _, err := b.oversight.MakeDossier(ctx, id)
	b.must(err)
	b.took("dossier", time.Since(began))
}
