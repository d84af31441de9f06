package export

import (
	"strconv"
	"time"

	"lerd/internal/export/columns"
	"lerd/internal/personal"
)

// Moment is a time with the precision that its source has. The zero value
// means "not held".
type Moment struct {
	At     time.Time
	Digits int // of a second: 0, 3, 6 or 9
}

// Held gives a moment with a precision of 0, 3, 6 or 9 digits of a second.
func Held(at time.Time, digits int) Moment { return Moment{At: at, Digits: digits} }

var momentLayouts = map[int]string{0: "2006-01-02T15:04:05Z", 3: "2006-01-02T15:04:05.000Z",
	6: "2006-01-02T15:04:05.000000Z", 9: "2006-01-02T15:04:05.000000000Z"}

// Ternary is yes, no, or not held.
type Ternary int8

// The values of Ternary.
const (
	NotHeld Ternary = iota
	Yes
	No
)

// PhoneRecord is one phone number of one account: a line of phone_numbers.csv.
type PhoneRecord struct {
	RecordID                          string // the copy's mark is added to it
	RequestRef, SubjectRef, AccountID string
	Phone                             personal.Phone
	Status                            string // one of columns.Statuses, or empty
	VerifiedAt, ValidFrom, ValidTo    Moment
	Current                           Ternary
	SourceSystem, SourceRecordID      string
	RetrievedAt                       Moment
	QueryID                           string // of Content.Derivations
}

// IPRecord is one event with its address: a line of ip_addresses.csv.
type IPRecord struct {
	RecordID                          string // the copy's mark is added to it
	RequestRef, SubjectRef, AccountID string
	EventType                         string // one of columns.EventTypes
	EventTime                         Moment
	Addr                              personal.Addr
	SourcePort                        uint16 // 0: not held
	Destination                       personal.Addr
	DestinationPort                   uint16 // 0: not held
	Transport                         string // one of columns.Transports, or empty
	SessionID                         string
	SessionType                       string // one of columns.SessionTypes, or empty
	FirstSeen, LastSeen, SessionEnd   Moment
	SharedOrProxied                   Ternary
	SourceSystem, SourceRecordID      string
	RetrievedAt                       Moment
	QueryID                           string
}

// row collects cells in one buffer that is used again for each record.
type row struct {
	buf   []byte
	ends  []int
	cells [][]byte
}

func (r *row) reset()        { r.buf, r.ends = r.buf[:0], r.ends[:0] }
func (r *row) end()          { r.ends = append(r.ends, len(r.buf)) }
func (r *row) text(s string) { r.buf = append(r.buf, s...); r.end() }
func (r *row) texts(s ...string) {
	for _, v := range s {
		r.text(v)
	}
}

func (r *row) moment(m Moment) {
	if !m.At.IsZero() {
		r.buf = m.append(r.buf)
	}
	r.end()
}

// append writes the moment; an unknown precision or a year that RFC 3339 cannot
// write becomes a sign that no column takes.
func (m Moment) append(dst []byte) []byte {
	t := m.At.UTC()
	year, month, day := t.Date()
	if _, ok := momentLayouts[m.Digits]; !ok || year < 0 || year > 9999 {
		return append(dst, '?')
	}
	hour, minute, second := t.Clock()
	dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10))
	for _, part := range [...]struct {
		sep byte
		n   int
	}{{0, year % 100}, {'-', int(month)}, {'-', day}, {'T', hour}, {':', minute}, {':', second}} {
		if part.sep != 0 {
			dst = append(dst, part.sep)
		}
		dst = append(dst, byte('0'+part.n/10), byte('0'+part.n%10))
	}
	if m.Digits > 0 {
		dst = append(dst, '.')
		for i, n := 0, t.Nanosecond(); i < m.Digits; i++ {
			dst = append(dst, byte('0'+n/1e8))
			n = n % 1e8 * 10
		}
	}
	return append(dst, 'Z')
}

func (r *row) ternary(t Ternary) {
	switch t {
	case Yes:
		r.text("true")
	case No:
		r.text("false")
	default:
		r.text("")
	}
}

func (r *row) number(n uint64) {
	if n != 0 {
		r.buf = strconv.AppendUint(r.buf, n, 10)
	}
	r.end()
}

func (r *row) addr(a personal.Addr) {
	if v := a.Reveal(); v.IsValid() {
		r.buf = v.AppendTo(r.buf)
	}
	r.end()
}

// done gives the cells, which are good until the next reset.
func (r *row) done() [][]byte {
	r.cells = r.cells[:0]
	start := 0
	for _, e := range r.ends {
		r.cells = append(r.cells, r.buf[start:e:e])
		start = e
	}
	return r.cells
}

// phone lays a record out in the order of columns.PhoneNumbers.
func (r *row) phone(p *PhoneRecord) [][]byte {
	r.reset()
	r.texts(p.RecordID, p.RequestRef, p.SubjectRef, p.AccountID, p.Phone.Reveal(), p.Status)
	r.moment(p.VerifiedAt)
	r.moment(p.ValidFrom)
	r.moment(p.ValidTo)
	r.ternary(p.Current)
	r.texts(columns.CallingCode(p.Phone.Reveal()), p.SourceSystem, p.SourceRecordID)
	r.moment(p.RetrievedAt)
	return r.done()
}

// ip lays a record out in the order of columns.IPAddresses.
func (r *row) ip(p *IPRecord) [][]byte {
	r.reset()
	r.texts(p.RecordID, p.RequestRef, p.SubjectRef, p.AccountID, p.EventType)
	r.moment(p.EventTime)
	version := uint64(4)
	if p.Addr.Reveal().Is6() {
		version = 6
	}
	r.number(version)
	r.addr(p.Addr)
	r.number(uint64(p.SourcePort))
	r.addr(p.Destination)
	r.number(uint64(p.DestinationPort))
	r.texts(p.Transport, p.SessionID, p.SessionType)
	r.moment(p.FirstSeen)
	r.moment(p.LastSeen)
	r.moment(p.SessionEnd)
	r.ternary(p.SharedOrProxied)
	r.texts(p.SourceSystem, p.SourceRecordID)
	r.moment(p.RetrievedAt)
	return r.done()
}

var (
	phoneTable = &columns.PhoneNumbers
	ipTable    = &columns.IPAddresses
)
