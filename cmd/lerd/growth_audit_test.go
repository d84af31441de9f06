package main

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// envGrowthPages names, divided by commas, the only pages that TestAuditorsPagesDoNotGrow is to
// measure: more rounds of those of which one run says little.
const envGrowthPages = "LERD_GROWTH_PAGES"

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
// a case and its dossier in an almost empty database and in a large one, in turn,
// while the sequencer places what they leave in the log and the index takes it up.
func TestAuditorsPagesDoNotGrow(t *testing.T) {
	n, rounds, few := 500, 2, 800 // to see that it works; times of a busy machine say nothing
	if v := os.Getenv(envGrowth); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
		rounds, few = growthRounds(t), min(n, 10_000)
	}
	measured, dossiers := auditorsPages, true
	if v := os.Getenv(envGrowthPages); v != "" {
		measured, dossiers = strings.Split(v, ","), false
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
		b.atWork()
	}
	for round := range rounds + 3 {
		if round == 3 {
			for _, b := range pair {
				b.mu.Lock()
				b.times = map[string][]time.Duration{}
				b.mu.Unlock()
			}
		}
		for i := range pair {
			k := (i + round) % 2
			pair[k].audited(visitors[k], cases[k], measured, lines[k])
			if dossiers {
				pair[k].packed(cases[k])
			}
		}
	}
	for _, b := range pair {
		if got := b.column("SELECT (cases > 0 AND cases = (SELECT count(*) FROM log_case))::text FROM log_total")[0]; got != "true" {
			t.Error("the index does not know how many cases it has")
		}
	}
	pages := []string{aRound}
	if dossiers {
		pages = append(pages, "dossier")
	}
	for _, page := range measured {
		if lines[0][page] == lines[1][page] {
			pages = append(pages, "GET "+page)
		} else { // it takes longer because it says more
			t.Logf("%s has %d lines and %d", page, lines[0][page], lines[1][page])
		}
	}
	report(t, pages, pair, n, rounds)
}

// aRound is a round of the sequencer that placed events.
const aRound = "sequencer"

// atWork places events and takes them into the index as a running portal does, until the
// test ends.
func (b *bench) atWork() {
	ctx, stop := context.WithCancel(b.ctx)
	var jobs sync.WaitGroup
	b.t.Cleanup(func() { stop(); jobs.Wait() })
	every := func(pause time.Duration, job func() error) {
		jobs.Go(func() {
			for range time.Tick(pause) {
				if ctx.Err() != nil {
					return
				}
				if err := job(); err != nil && ctx.Err() == nil {
					b.t.Error(err)
				}
			}
		})
	}
	every(250*time.Millisecond, func() error {
		began := time.Now()
		round, err := b.sequencer.RunOnce(ctx)
		if round.Placed > 0 {
			b.took(aRound, time.Since(began))
		}
		return err
	})
	every(time.Second, func() error {
		_, err := b.consoleOf.IndexLog(ctx, 2000)
		return err
	})
}

// audited asks for each page once.
func (b *bench) audited(v *visitor, id requests.ID, pages []string, lines map[string]int) {
	b.t.Helper()
	for _, page := range pages {
		path := strings.Replace(page, ":id", string(id), 1)
		got, err := v.get(b.ctx, path)
		b.must(err)
		if got.status != http.StatusOK {
			b.t.Fatalf("%s: %d", path, got.status)
		}
		lines[page] = len(got.links("/audit/events/")) + len(got.links("/audit/cases/"))
	}
}

// packed packs the dossier of a case.
func (b *bench) packed(id requests.ID) {
	b.t.Helper()
	ctx, began := b.as("ines.moreau"), time.Now()
	_, _, err := b.oversight.MakeDossier(ctx, id)
	b.must(err)
	b.took("dossier", time.Since(began))
}
