package records

import (
	"time"

	"lerd/internal/fault"
)

var errAccount = fault.New(fault.Invalid, "An account id is a whole number from 1.")

// phoneCheck holds what the rows of one answer must agree with.
type phoneCheck struct {
	account AccountID
	period  Period
	last    PhoneRow
	seen    map[string]bool
}

// row gives the rule that the row breaks, or nothing.
func (c *phoneCheck) row(r PhoneRow) string {
	switch {
	case r.Account != c.account:
		return "row of another account"
	case !recordID(r.RecordID):
		return "ill-formed record id"
	case c.seen[r.RecordID]:
		return "record id twice"
	case !e164.MatchString(r.Phone.Reveal()):
		return "number not in E.164 form"
	case !r.Verification.Known():
		return "unknown verification status"
	case !exact(r.ValidFrom) || !exactOrZero(r.ValidTo) || !exactOrZero(r.VerifiedAt):
		return "time not in UTC microseconds"
	case !r.ValidTo.IsZero() && !r.ValidFrom.Before(r.ValidTo):
		return "validity that ends before it begins"
	case !c.period.Overlaps(r.ValidFrom, r.ValidTo):
		return "row outside the period"
	case !r.VerifiedAt.IsZero() && !c.period.Contains(r.VerifiedAt):
		return "time outside the period"
	case before(r.ValidFrom, r.RecordID, c.last.ValidFrom, c.last.RecordID):
		return "rows out of order"
	}
	c.seen[r.RecordID], c.last = true, r
	return ""
}

// sessionCheck holds what the rows of one stream must agree with. Its memory
// does not grow with the stream.
type sessionCheck struct {
	account AccountID
	period  Period
	most    int64
	rows    int64
	lastAt  time.Time
	lastID  string
	ids     *Distinct
}

func newSessionCheck(account AccountID, period Period) *sessionCheck {
	return &sessionCheck{account: account, period: period, most: MaxSessions, ids: NewDistinct()}
}

func (c *sessionCheck) breach(rule string) error {
	return &Breach{Op: "sessions", Rule: rule, Row: c.rows}
}

func (c *sessionCheck) row(r IPRow) error {
	c.rows++
	rule := ""
	if c.rows > c.most {
		rule = "more events than can be"
	}
	if rule == "" {
		rule = c.identity(&r)
	}
	if rule == "" {
		rule = c.times(&r)
	}
	if rule == "" {
		rule = c.values(&r)
	}
	if rule != "" {
		return c.breach(rule)
	}
	c.lastAt, c.lastID = r.At, r.RecordID
	return c.ids.Add(r.RecordID)
}

func (c *sessionCheck) identity(r *IPRow) string {
	switch {
	case r.Account != c.account:
		return "row of another account"
	case !recordID(r.RecordID):
		return "ill-formed record id"
	case r.RecordID == c.lastID:
		return "record id twice"
	case r.SessionID != "" && !recordID(r.SessionID):
		return "ill-formed session id"
	}
	return ""
}

func (c *sessionCheck) times(r *IPRow) string {
	if !exact(r.At) {
		return "time not in UTC microseconds"
	}
	if !c.period.Contains(r.At) {
		return "row outside the period"
	}
	for _, t := range []time.Time{r.FirstSeen, r.LastSeen, r.SessionEnd} {
		if !exactOrZero(t) {
			return "time not in UTC microseconds"
		}
		if !t.IsZero() && !c.period.Contains(t) {
			return "time outside the period"
		}
	}
	if before(r.At, r.RecordID, c.lastAt, c.lastID) {
		return "rows out of order"
	}
	return ""
}

func (c *sessionCheck) values(r *IPRow) string {
	switch {
	case !r.Event.Known():
		return "unknown event type"
	case !usable(r.Address.Reveal()):
		return "impossible address"
	case r.Destination.Reveal().IsValid() && !usable(r.Destination.Reveal()):
		return "impossible destination"
	case !r.Transport.Known() || !r.SessionType.Known() || !r.Shared.Known():
		return "unknown transport, session type or sharing"
	}
	return ""
}

// end tells whether any record id came twice, which shows only when all came.
func (c *sessionCheck) end() error {
	twice, err := c.ids.AnyTwice()
	if err != nil {
		return err
	}
	if twice {
		return c.breach("record id twice")
	}
	return nil
}

func (c *sessionCheck) close() { c.ids.Close() }

// before tells whether (at, id) comes before (lastAt, lastID).
func before(at time.Time, id string, lastAt time.Time, lastID string) bool {
	return at.Before(lastAt) || at.Equal(lastAt) && id < lastID
}
