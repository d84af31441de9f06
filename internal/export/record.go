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

// row lays records out as lines of CSV, in one buffer that is used again for
// each record.
type row struct {
	mark  string // ends each record id
	buf   []byte
	ends  []int
	cells [][]byte
	days  dayText
	times [maxTimes]timeText // of the record before, by place
	moms  int                // moments laid out so far
}

// maxTimes is how many moments a record has at most.
const maxTimes = 5

func (r *row) reset()        { r.buf, r.ends, r.moms = r.buf[:0], r.ends[:0], 0 }
func (r *row) end()          { r.ends, r.buf = append(r.ends, len(r.buf)), append(r.buf, ',') }
func (r *row) text(s string) { r.buf = append(r.buf, s...); r.end() }
func (r *row) texts(s ...string) {
	for _, v := range s {
		r.text(v)
	}
}

// moment writes a moment. Many are those of the record before (when its rows
// were read, of one session): their text is kept.
func (r *row) moment(m Moment) {
	was := &r.times[r.moms]
	r.moms++
	if !m.At.IsZero() {
		if was.of != m {
			was.of, was.text = m, r.days.append(was.text[:0], m)
		}
		r.buf = append(r.buf, was.text...)
	}
	r.end()
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

// line gives the record as a line of CSV, good until the next reset. No cell
// needs quotation marks. SPEC: RFC 4180.
func (r *row) line() []byte { return r.buf }

// done ends the line and gives the cells, which point into it.
func (r *row) done() [][]byte {
	r.buf = append(r.buf[:len(r.buf)-1], "\r\n"...)
	r.cells = r.cells[:0]
	start := 0
	for _, e := range r.ends {
		r.cells = append(r.cells, r.buf[start:e:e])
		start = e + 1
	}
	return r.cells
}

// id begins a record with its id in this copy.
func (r *row) id(record string) {
	r.reset()
	r.buf = append(r.buf, record...)
	r.text(r.mark)
}

// phone lays a record out in the order of columns.PhoneNumbers.
func (r *row) phone(p *PhoneRecord) [][]byte {
	r.id(p.RecordID)
	r.texts(p.RequestRef, p.SubjectRef, p.AccountID, p.Phone.Reveal(), p.Status)
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
	r.id(p.RecordID)
	r.texts(p.RequestRef, p.SubjectRef, p.AccountID, p.EventType)
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
