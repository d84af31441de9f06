package audit

import (
	"fmt"
	"time"
)

// ClockSlack is by how much an entry's time may lie before that of an earlier entry:
// replicas have clocks of their own, and an event waits for what it relies on.
const ClockSlack = time.Hour

// ClockStep is a place of a log where the time goes back: the clock of whoever
// recorded the entry had been set back, or was set forward before.
type ClockStep struct {
	Index uint64    // of the entry that is dated too early
	At    time.Time // its time
	After time.Time // the latest time of the entries before it
}

// String says so in a sentence.
func (s ClockStep) String() string {
	return fmt.Sprintf("CLOCK: entry %d is dated %s, after entries of up to %s: a clock was set back, or forward before.", s.Index, s.At.UTC().Format(time.RFC3339), s.After.UTC().Format(time.RFC3339))
}

// mostClockSteps bounds how many are kept; one is enough to look into it.
const mostClockSteps = 20

// ClockWatch looks at the entries' times in their order. The log's order does not
// rest on clocks, so that what it finds is said and is no breach.
type ClockWatch struct {
	Steps  []ClockStep
	latest time.Time
}

// Look takes the next entry's time. A step is said once for each run of entries that
// are dated too early.
func (w *ClockWatch) Look(index uint64, at time.Time) {
	switch {
	case at.After(w.latest):
		w.latest = at
	case w.latest.Sub(at) > ClockSlack && len(w.Steps) < mostClockSteps && (len(w.Steps) == 0 || w.Steps[len(w.Steps)-1].After != w.latest):
		w.Steps = append(w.Steps, ClockStep{index, at, w.latest})
	}
}
