package auditlab

import (
	"context"
	"sync"
	"testing"
	"time"

	"lerd/internal/jobs"
	"lerd/internal/testkit"
)

// Contest takes b.N steps on each side, every writer in a goroutine of its own, and
// reports the rates, their ratio and the processor time of a step. The sides take
// turns, and the first one changes, so that neither has the quieter disk. superuser is
// the URL of the server's superuser.
func Contest(b *testing.B, superuser string, plain, audited []func() error) {
	b.Helper()
	const rounds = 10
	n := b.N/rounds + 1
	var took, busy [2]time.Duration
	b.ResetTimer()
	for r := range rounds {
		for i := range 2 {
			which := (i + r) % 2
			started, before := time.Now(), testkit.ProcessorTime(b, superuser)
			divided(b, [][]func() error{plain, audited}[which], n)
			took[which] += time.Since(started)
			busy[which] += testkit.ProcessorTime(b, superuser) - before
		}
	}
	steps := float64(rounds * n)
	b.ReportMetric(steps/took[0].Seconds(), "plain/s")
	b.ReportMetric(steps/took[1].Seconds(), "audited/s")
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
	b.ReportMetric(float64(busy[0].Microseconds())/steps, "plain-cpu-µs")
	b.ReportMetric(float64(busy[1].Microseconds())/steps, "audited-cpu-µs")
	b.ReportMetric(0, "ns/op")
}

// divided takes n steps, divided among the writers.
func divided(b *testing.B, writers []func() error, n int) {
	var all sync.WaitGroup
	for w, write := range writers {
		all.Go(func() {
			for i := w; i < n; i += len(writers) {
				if err := write(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// Sequencing runs a sequencer as the program does, until it is stopped.
func Sequencing(t testing.TB, seq *jobs.Sequencer) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			if _, err := seq.RunOnce(context.Background()); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(250 * time.Millisecond)
		}
	})
	return func() { cancel(); all.Wait() }
}
