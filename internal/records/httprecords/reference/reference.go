// Package reference serves a records.Source over the interface that httprecords
// asks: an example for a platform's own engine, and the other side of the tests.
//
// It answers whoever the TLS listener lets in: the listener must ask for client
// certificates and verify them (tls.RequireAndVerifyClientCert).
package reference

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// Server answers the five questions.
type Server struct {
	Source   records.Source
	Snapshot string // names the state of the data; an answer is taken up again from the same one alone
	Flush    int    // rows between flushes; 0: 1000
}

// Handler gives the paths below /v1/.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/system", s.system)
	mux.HandleFunc("POST /v1/resolve", s.resolve)
	mux.HandleFunc("POST /v1/summary", s.summary)
	mux.HandleFunc("POST /v1/phones", s.phones)
	mux.HandleFunc("POST /v1/sessions", s.sessions)
	return mux
}

type question struct {
	Kind     string    `json:"kind"`
	Value    string    `json:"value"`
	Account  int64     `json:"account_id"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Snapshot string    `json:"snapshot"`
	Cursor   string    `json:"cursor"`
}

func (q question) period() records.Period { return records.Period{From: q.From.UTC(), To: q.To.UTC()} }

// object is a row as it is sent; nil is "not recorded".
type object = map[string]any

// reply writes the lines of one answer.
type reply struct {
	out   *json.Encoder
	flush func()
	rows  int
	every int
}

// begin reads the question and writes the first line. It tells whether to go on.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) (q question, a *reply, ok bool) {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	dec.DisallowUnknownFields()
	if dec.Decode(&q) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return q, nil, false
	}
	if q.Snapshot != "" && q.Snapshot != s.Snapshot {
		w.WriteHeader(http.StatusGone)
		return q, nil, false
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	a = &reply{out: json.NewEncoder(w), flush: func() { control.Flush() }, every: max(s.Flush, 1)} //nolint:errcheck // seen at the next write
	if s.Flush == 0 {
		a.every = 1000
	}
	a.line(object{"begin": object{"snapshot": s.Snapshot}})
	return q, a, true
}

func (a *reply) line(o object) { a.out.Encode(o) } //nolint:errcheck // the client sees that the end is missing

func (a *reply) row(o object, cursor string) {
	l := object{"row": o}
	if cursor != "" {
		l["cursor"] = cursor
	}
	a.line(l)
	if a.rows++; a.rows%a.every == 0 {
		a.flush()
	}
}

func (a *reply) end() { a.line(object{"end": object{"rows": a.rows}}) }

// at writes a time, or nil for none.
func at(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// none gives nil for an empty value.
func none[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func (s *Server) system(w http.ResponseWriter, r *http.Request) {
	sys, err := s.Source.System(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if _, a, ok := s.begin(w, r); ok {
		a.row(object{"system_name": sys.Name, "system_version": sys.Version, "clock_source": sys.ClockSource,
			"max_clock_error_ms": sys.MaxClockError.Milliseconds(), "precision_us": sys.Precision.Microseconds(), "now": at(sys.Now)}, "")
		a.end()
	}
}

func (s *Server) resolve(w http.ResponseWriter, r *http.Request) {
	q, a, ok := s.begin(w, r)
	if !ok {
		return
	}
	id := records.UsernameIn(personal.NewText(q.Value), q.period())
	switch records.Kind(q.Kind) {
	case records.ByPhone:
		id = records.PhoneIn(personal.NewPhone(q.Value), q.period())
	case records.ByAccount:
		var n int64
		if json.Unmarshal([]byte(q.Value), &n) != nil {
			return
		}
		id = records.AccountIn(records.AccountID(n), q.period())
	}
	res, err := s.Source.Resolve(r.Context(), id)
	if err != nil {
		return // without an end: the client knows that this is no answer
	}
	for _, h := range res.Holdings {
		a.row(object{"account_id": h.Account, "value": h.Value.Reveal(), "valid_from": at(h.From), "valid_to": at(h.To)}, "")
	}
	a.end()
}

func (s *Server) summary(w http.ResponseWriter, r *http.Request) {
	var q question
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	if dec.Decode(&q) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	sum, err := s.Source.Summary(r.Context(), records.AccountID(q.Account))
	if fault.KindOf(err) == fault.NotFound {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.Body = http.NoBody
	w.Header().Set("Content-Type", "application/x-ndjson")
	a := &reply{out: json.NewEncoder(w), flush: func() {}, every: 1}
	a.line(object{"begin": object{"snapshot": s.Snapshot}})
	a.row(object{"account_id": sum.Account, "username": none(sum.Username.Reveal()), "created_at": at(sum.CreatedAt), "rule_status": sum.Status}, "")
	a.end()
}

func (s *Server) phones(w http.ResponseWriter, r *http.Request) {
	q, a, ok := s.begin(w, r)
	if !ok {
		return
	}
	rows, err := s.Source.Phones(r.Context(), records.AccountID(q.Account), q.period())
	if err != nil {
		return
	}
	for _, p := range rows {
		a.row(object{"source_record_id": p.RecordID, "account_id": p.Account, "phone_e164": p.Phone.Reveal(), "verification_status": p.Verification,
			"verified_at": at(p.VerifiedAt), "valid_from": at(p.ValidFrom), "valid_to": at(p.ValidTo)}, "")
	}
	a.end()
}

// sessions streams; a cursor is the place of the row before, in the order in
// which rows are given.
func (s *Server) sessions(w http.ResponseWriter, r *http.Request) {
	q, a, ok := s.begin(w, r)
	if !ok {
		return
	}
	after, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return
	}
	for row, err := range s.Source.Sessions(r.Context(), records.AccountID(q.Account), q.period()) {
		if err != nil {
			return
		}
		place := row.At.Format("2006-01-02T15:04:05.000000Z") + " " + row.RecordID
		if place > string(after) {
			a.row(sessionObject(row), base64.RawURLEncoding.EncodeToString([]byte(place)))
		}
	}
	a.end()
}

func sessionObject(r records.IPRow) object {
	var shared, destination any
	if r.Shared != records.SharedUnknown {
		shared = r.Shared == records.SharedYes
	}
	if d := r.Destination.Reveal(); d.IsValid() {
		destination = d.String()
	}
	return object{"source_record_id": r.RecordID, "account_id": r.Account, "event_type": r.Event, "event_time": at(r.At), "ip_address": r.Address.Reveal().String(),
		"source_port": none(r.SourcePort), "destination_ip": destination, "destination_port": none(r.DestinationPort), "transport": none(strings.ToLower(string(r.Transport))),
		"session_id": none(r.SessionID), "session_type": none(string(r.SessionType)), "first_seen": at(r.FirstSeen), "last_seen": at(r.LastSeen),
		"session_end": at(r.SessionEnd), "is_shared": shared}
}
