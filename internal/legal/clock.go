package legal

import "time"

// ClockKind names a deadline of a process.
type ClockKind string

// The kinds of clock.
const (
	ClockAck       ClockKind = "ack"
	ClockEffect    ClockKind = "effect"
	ClockEmergency ClockKind = "emergency"
	ClockExtension ClockKind = "extension" // what one renewal adds; never due by itself
	ClockHold      ClockKind = "hold"
	ClockObjection ClockKind = "objection"
	ClockClarify   ClockKind = "clarify"
	ClockValidate  ClockKind = "validate"
)

// Pause is a span in which a clock stands still; a zero To means that it
// still does.
type Pause struct{ From, To time.Time }

// ClockInput is what a due time is computed from. All times are instants.
type ClockInput struct {
	Process    *Process
	Kind       ClockKind
	Start      time.Time // the event: receipt, service, snapshot
	Now        time.Time // for a pause that still runs
	OrderDate  time.Time // for a limit of unit on_order
	Pauses     []Pause
	Extensions int    // how many renewals were granted (hold)
	Calendar   string // the place whose holidays count; empty: the process's
	Zone       string // the legal zone; empty: the process's, then the calendar's
}

// Due is a computed deadline.
type Due struct {
	Kind    ClockKind
	At      time.Time // UTC, the last second in time
	Zone    string    // IANA zone in which the legal day was read
	Local   string    // At in that zone, RFC 3339
	Soft    bool      // the law names no number: the platform's own aim
	Paused  bool      // a pause still runs; At is what it would be if it ended now
	Explain []string  // how it was computed, a sentence per step
	warn    time.Duration
	very    time.Duration
}

// Alert is how near a deadline is.
type Alert string

// The alerts, in order of time.
const (
	OnTime      Alert = "on_time"
	Warn        Alert = "warn"
	Overdue     Alert = "overdue"
	VeryOverdue Alert = "very_overdue"
)

// Alert gives how near the deadline is at an instant. A paused clock gives
// OnTime: it moves with the pause.
func (d Due) Alert(now time.Time) Alert {
	switch {
	case d.Paused || now.Before(d.At.Add(-d.warn)):
		return OnTime
	case !now.After(d.At):
		return Warn
	case !now.After(d.At.Add(d.very)):
		return Overdue
	}
	return VeryOverdue
}

// AlertTimes gives when the deadline turns to Warn, Overdue and VeryOverdue,
// for a job that raises them as events.
func (d Due) AlertTimes() (warn, overdue, very time.Time) {
	return d.At.Add(-d.warn), d.At, d.At.Add(d.very)
}
