package audit

import "time"

// EventID names an event: a UUID in lower case with hyphens, random.
type EventID string

// Actor is who did it, by pseudonymous ids that only lerd's tables resolve.
// System acts have Person "system" and no session.
type Actor struct {
	Person  string // the person's id, one per human, however many accounts
	Role    string // the role held at that moment
	Session string // the session's id (not its token)
}

// Value is an old and a new content that the event is about and that may be
// personal or sensitive: only a salted commitment to it enters the log. A nil
// slice means "there was none".
type Value struct {
	Name     string
	Old, New []byte
}

// Row is a row of a business table as the event's transaction left it, in
// canonical form. Only a salted commitment to it enters the log.
type Row struct {
	Table, ID string
	Canonical []byte
}

// Event is one step as it is recorded.
type Event struct {
	ID      EventID
	Stream  string            // the sequence it belongs to, e.g. "request:<uuid>"
	Version int64             // its number in the stream, dense from 1
	Causes  []EventID         // the events it relied on, beside its predecessor in the stream
	Kind    string            // e.g. "request.submitted"
	At      time.Time         // when it happened, by lerd's clock; kept to the microsecond
	Actor   Actor             //
	Facts   map[string]string // facts that are not personal: states, codes, counts, digests; in clear unless Close takes them out
	Values  []Value           // contents that may be personal, as commitments
	Rows    []Row             // every row that the step wrote, as commitments
	Epoch   int64             // raised by each acknowledged restore of a backup
}
