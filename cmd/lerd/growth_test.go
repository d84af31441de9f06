package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/requests"
	"lerd/internal/web"
)

// envGrowth names the variable with how many requests of others lie in the large
// database of TestReviewersPagesDoNotGrow. With a million it is the measurement
// that docs/performance.md tells of; the ordinary run uses a few thousand.
const envGrowth = "LERD_GROWTH_REQUESTS"

// mostGrowth is how much longer a page may take in the large database.
const mostGrowth = 1.5

// bench is a portal without lerd's own jobs beside it, which measures how long
// the server works on each answer.
type bench struct {
	*portal
	mu    sync.Mutex
	times map[string][]time.Duration
}

var anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// openBench serves the portal alone.
func (s *scenario) openBench() *bench {
	s.t.Helper()
	b := &bench{times: map[string][]time.Duration{}}
	cfg := s.webConfig(s.clock.Now)
	cfg.Limits = unhurried
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		s.web.ServeHTTP(w, r)
		what := r.URL.Path
		if strings.HasPrefix(what, "/audit/queries/") && r.URL.RawQuery != "" {
			what += "?" + r.URL.RawQuery // another list
		}
		b.took(r.Method+" "+anID.ReplaceAllString(what, ":id"), time.Since(began))
	}))
	s.cfg.PublicOrigin = "http://localhost:" + server.Listener.Addr().String()[strings.LastIndex(server.Listener.Addr().String(), ":")+1:]
	cfg.PublicOrigin = s.cfg.PublicOrigin
	s.must(os.MkdirAll(cfg.TempDir, 0o700))
	var err error
	s.web, err = web.New(cfg)
	s.must(err)
	server.Start()
	s.t.Cleanup(server.Close)
	s.t.Cleanup(func() {
		for line := range strings.Lines(s.log.String()) {
			if s.t.Failed() && strings.Contains(line, `"level":"ERROR"`) {
				s.t.Log(line) // why the server answered 500
			}
		}
	})
	b.portal = &portal{scenario: s, base: s.cfg.PublicOrigin, stop: func() {}}
	return b
}

func (b *bench) took(what string, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.times[what] = append(b.times[what], d)
}

// at gives the time within which a part of the answers came.
func (b *bench) at(what string, part float64) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	sorted := slices.Sorted(slices.Values(b.times[what]))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// reviewed takes one case from the queue to its decision, page by page.
func (b *bench) reviewed(v *visitor, id requests.ID) {
	b.t.Helper()
	at := "/review/" + string(id)
	for _, path := range []string{"/review", "/review?show=mine", "/review?show=ended"} {
		page, err := v.get(b.ctx, path)
		b.must(err)
		if page.status != http.StatusOK {
			b.t.Fatalf("%s: %d", path, page.status)
		}
	}
	for _, send := range []func() *webForm{
		func() *webForm { return b.formAt(v, at, "/claim") },
		func() *webForm { return b.passing(v, at) },
	} {
		_, err := send().send(b.ctx)
		b.must(err)
	}
	b.must(b.cases.AnswerChecks(b.as("helen.park"), id, b.counsels(id)))
	_, err := b.formAt(v, at, "/qualify", "rule_t1", "PR-05").send(b.ctx)
	b.must(err)
}

// counsels are the answers that only counsel may give.
func (b *bench) counsels(id requests.ID) (in []requests.CheckInput) {
	ctx := b.as("helen.park")
	v, err := b.cases.Verdict(ctx, b.load(id))
	b.must(err)
	for _, r := range v.Results {
		if r.Counsel && r.Result == "open" {
			in = append(in, requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: "pass", Note: "Seen."})
		}
	}
	return in
}

// envRounds names the variable with how often each page is asked for; below 100 times
// are printed and not judged.
const envRounds = "LERD_GROWTH_ROUNDS"

func growthRounds(t *testing.T) int {
	v := os.Getenv(envRounds)
	if v == "" {
		return 150
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestReviewersPagesDoNotGrow measures the reviewer's pages in an almost empty
// database and in a large one, in turn, and compares the times. It judges them
// where LERD_GROWTH_REQUESTS says how many requests there are.
func TestReviewersPagesDoNotGrow(t *testing.T) {
	n, rounds := 500, 2 // to see that it works; times of a busy machine say nothing
	if v := os.Getenv(envGrowth); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
		rounds = growthRounds(t)
	}
	small, large := newScenario(t), largeScenario(t, n)
	small.seeded(400, 0.3) // so that each page has as many lines in both
	pair := [2]*bench{small.openBench(), large.openBench()}
	var visitors [2]*visitor
	run := uuid.NewString()[:8] // a kept database knows the numbers of the runs before
	later := large.sinceTheLastRun()
	for round := range rounds + 3 {
		for i, b := range pair { // six requests an hour, which nobody takes for bulk; so sessions end
			b.clock.Advance(later + 10*time.Minute)
			if round%30 == 0 {
				visitors[i] = b.visit("rita.lind")
			}
		}
		later = 0
		if round == 3 { // the first rounds warm plans and caches
			for _, b := range pair {
				b.times = map[string][]time.Duration{}
			}
		}
		for i := range pair {
			b := pair[(i+round)%2]
			q := b.submit(fmt.Sprintf("IN/94/2026/%s/%d", run, round))
			b.reviewed(visitors[(i+round)%2], q.ID)
		}
	}
	report(t, []string{"GET /review", "GET /review/:id", "POST /review/:id/claim", "POST /review/:id/checks", "POST /review/:id/qualify"}, pair, n, rounds)
}

// sinceTheLastRun gives how far the clock must go on for the requests of a run before,
// in a database that was kept, not to count as this run's bulk.
func (s *scenario) sinceTheLastRun() time.Duration {
	s.t.Helper()
	var newest time.Time
	s.must(s.ownerDB().QueryRow("SELECT coalesce(max(received_at), now() - interval '1000 years') FROM request").Scan(&newest))
	return max(0, newest.Sub(s.clock.Now())+24*time.Hour)
}

// report prints the times and, of a measurement, refuses growth.
func report(t *testing.T, pages []string, pair [2]*bench, n, rounds int) {
	t.Logf("requests of others in the large database: %d; rounds: %d", n, rounds)
	for _, page := range pages {
		for _, part := range []float64{0.5, 0.99} {
			a, b := pair[0].at(page, part), pair[1].at(page, part)
			growth := float64(b) / float64(a)
			t.Logf("%-62s p%-2.0f %8.2f ms %8.2f ms  %.2f", page, part*100, float64(a)/1e6, float64(b)/1e6, growth)
			if a == 0 || growth > mostGrowth && rounds >= 100 {
				t.Errorf("%s: p%.0f grows %.2f times", page, part*100, growth)
			}
		}
	}
}
