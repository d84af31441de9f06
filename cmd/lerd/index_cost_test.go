package main

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"lerd/internal/testkit"
)

// TestWhatTheIndexCheckCosts verifies a large database in turn with and without its index
// of the log, and compares the processor time of both programs, client and server. It is
// the measurement that docs/performance.md tells of, and judges nothing.
func TestWhatTheIndexCheckCosts(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(envGrowth))
	if err != nil {
		t.Skip(envGrowth + " says how many requests there are")
	}
	s := largeScenario(t, n)
	s.settled()
	cost := func() time.Duration {
		before, began := testkit.ProcessorTime(t, s.db.Superuser), time.Now()
		report, err := s.verify()
		s.must(err)
		took := testkit.ProcessorTime(t, s.db.Superuser) - before
		t.Logf("%d entries, %d rows: %v of processor time, %v on the clock", report.Entries, report.Rows, took, time.Since(began))
		return took
	}
	var ratios []float64
	index := []string{"log_index", "log_mark", "log_duty", "log_holder", "log_viewed", "log_case"}
	for range 3 {
		with := cost()
		var empty []string
		for _, table := range index {
			empty = append(empty, "TRUNCATE "+table)
		}
		restore := s.ownerAttacks(t).asSuperuser(index, empty...)
		ratios = append(ratios, float64(with)/float64(cost()))
		restore()
		_, err := s.ownerDB().Exec("VACUUM (ANALYZE)")
		s.must(err)
	}
	slices.Sort(ratios)
	t.Logf("with to without: %.2f, %.2f, %.2f", ratios[0], ratios[1], ratios[2])
}
