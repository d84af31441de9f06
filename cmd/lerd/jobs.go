package main

import (
	"context"
	"time"

	"lerd/internal/fault"
)

// job is something that time makes happen, again and again; run says how much it did.
// Every replica runs every job: where one at a time is to, the database elects it.
type job struct {
	name  string
	pause time.Duration
	run   func(context.Context) (int, error)
}

// allJobs are what time makes happen, by what it is about.
func (s *system) allJobs() []job {
	return []job{
		// the log
		{"sequencer", 200 * time.Millisecond, s.sequence},
		{"index of the log", time.Second, s.indexLog},
		{"verification", time.Second, s.verifyLog},
		{"samples", 2 * time.Second, s.oversight.DrawSamples},
		{"audit findings", 10 * time.Minute, s.oversight.RemindOwners},

		// cases
		{"cases", 300 * time.Millisecond, s.caseJob.RunOnce},
		{"papers", time.Second, s.sweepPapers},
		{"fraud", time.Second, s.sweepFraud},
		{"rights", 2 * time.Second, s.openReviews},
		{"drafts", time.Minute, s.tidyDrafts},

		// what people are told
		{"notices", time.Second, s.noticeJob.RunOnce},
		{"mail", 5 * time.Second, s.mailer.RunOnce},
		{"user notices", 5 * time.Second, s.tellUsers},
		{"statements", 10 * time.Minute, s.statements.RunOnce},

		// agencies and their people
		{"agencies", time.Minute, s.agencies.Due},
		{"people", time.Minute, s.agencies.DuePeople},

		// what ends
		{"retention", 10 * time.Minute, s.erase},
		{"backups", 10 * time.Minute, s.endBackups},
	}
}

// every runs a job until ctx ends; a failing one waits longer, up to a minute.
// A contradiction of the log is logged each time and stops nothing else: pages
// stay readable while nothing more is signed.
func (s *system) every(ctx context.Context, j job) error {
	wait := j.pause
	for {
		_, err := j.run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.log.ErrorContext(ctx, "job failed", "job", j.name, "kind", fault.KindOf(err), "error", err)
			wait = min(2*wait, time.Minute)
		default:
			wait = j.pause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// alone runs a job on the one replica that the database elects for it.
func (s *system) alone(ctx context.Context, name string, run func(context.Context) (int, error)) (int, error) {
	done, elected, err := s.store.Elect(ctx, name)
	if err != nil || !elected {
		return 0, err
	}
	defer done()
	return run(ctx)
}

// sequence gives events their places in the log.
func (s *system) sequence(ctx context.Context) (int, error) {
	round, err := s.sequencer.RunOnce(ctx)
	return round.Placed, err
}
