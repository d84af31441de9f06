package httprecords

import (
	"context"
	"encoding/json"
	"iter"
	"net/netip"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// question is what stands in the body of a request. Times are RFC 3339 in UTC.
type question struct {
	Kind     string     `json:"kind,omitempty"`  // resolve: phone, username or account_id
	Value    string     `json:"value,omitempty"` // resolve: the identifier
	Account  int64      `json:"account_id,omitempty"`
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	Snapshot string     `json:"snapshot,omitempty"` // sessions, taken up again
	Cursor   string     `json:"cursor,omitempty"`
}

// System asks who answers and what its clock says.
func (s *Source) System(ctx context.Context) (sys records.System, err error) {
	defer fault.Wrap(&err, "httprecords.System")
	var errMS, precision int64
	err = s.one(ctx, "system", question{}, map[string]any{"system_name": &sys.Name, "system_version": &sys.Version, "clock_source": &sys.ClockSource,
		"max_clock_error_ms": &errMS, "precision_us": &precision, "now": &sys.Now})
	sys.Now = sys.Now.UTC().Truncate(time.Microsecond)
	sys.MaxClockError, sys.Precision = time.Duration(errMS)*time.Millisecond, time.Duration(precision)*time.Microsecond
	return sys, err
}

// Resolve asks who held an identifier in a period.
func (s *Source) Resolve(ctx context.Context, id records.Identifier) (res records.Resolution, err error) {
	defer fault.Wrap(&err, "httprecords.Resolve(%s)", id.Kind)
	q := question{Kind: string(id.Kind), Value: id.Account.String(), From: &id.During.From, To: &id.During.To}
	switch id.Kind {
	case records.ByPhone:
		q.Value = id.Phone.Reveal()
	case records.ByUsername:
		q.Value = id.Username.Reveal()
	}
	err = s.all(ctx, "resolve", q, records.MaxHoldings, func(raw json.RawMessage) string {
		var h records.Holding
		var value string
		var to *time.Time
		rule := strict(raw, map[string]any{"account_id": &h.Account, "value": &value, "valid_from": &h.From, "valid_to": &to})
		h.Value, h.From, h.To = personal.NewText(value), h.From.UTC(), utc(to)
		res.Holdings = append(res.Holdings, h)
		return rule
	})
	return res, err
}

// Summary asks what trust and safety may see of an account.
func (s *Source) Summary(ctx context.Context, account records.AccountID) (sum records.Summary, err error) {
	defer fault.Wrap(&err, "httprecords.Summary(%s)", account)
	var username *string
	err = s.one(ctx, "summary", question{Account: int64(account)}, map[string]any{"account_id": &sum.Account, "username": &username,
		"created_at": &sum.CreatedAt, "rule_status": &sum.Status})
	if username != nil {
		sum.Username = personal.NewText(*username)
	}
	sum.CreatedAt = sum.CreatedAt.UTC()
	return sum, err
}

// Phones asks for the numbers that an account had in a period.
func (s *Source) Phones(ctx context.Context, account records.AccountID, period records.Period) (out []records.PhoneRow, err error) {
	defer fault.Wrap(&err, "httprecords.Phones(%s)", account)
	err = s.all(ctx, "phones", question{Account: int64(account), From: &period.From, To: &period.To}, records.MaxPhones, func(raw json.RawMessage) string {
		var p records.PhoneRow
		var number string
		var verified, to *time.Time
		rule := strict(raw, map[string]any{"source_record_id": &p.RecordID, "account_id": &p.Account, "phone_e164": &number,
			"verification_status": &p.Verification, "verified_at": &verified, "valid_from": &p.ValidFrom, "valid_to": &to})
		p.Phone, p.VerifiedAt, p.ValidFrom, p.ValidTo = personal.NewPhone(number), utc(verified), p.ValidFrom.UTC(), utc(to)
		out = append(out, p)
		return rule
	})
	return out, err
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// one asks for exactly one object.
func (s *Source) one(ctx context.Context, op string, q question, fields map[string]any) error {
	n := 0
	err := s.all(ctx, op, q, 1, func(raw json.RawMessage) string {
		n++
		return strict(raw, fields)
	})
	switch {
	case err == nil && n == 0:
		return &records.Breach{Op: op, Rule: "answer without a row"}
	case err == nil && n > 1:
		return &records.Breach{Op: op, Rule: "answer with more than its one row"}
	}
	return err
}

// all reads a short answer: one row more than most shows the guard that there
// are more; an answer that is cut off is no answer.
func (s *Source) all(ctx context.Context, op string, q question, most int, each func(json.RawMessage) string) error {
	t := &stream{source: s, op: op, q: q, most: int64(most) + 1}
	for raw, err := range t.rows(ctx) {
		if err != nil {
			return err
		}
		if rule := each(raw); rule != "" {
			return &records.Breach{Op: op, Rule: rule, Row: t.count}
		}
	}
	return nil
}

// Sessions streams an account's IP events in a period. Where the connection is
// cut it goes on behind the last row, from the same snapshot.
func (s *Source) Sessions(ctx context.Context, account records.AccountID, period records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		t := &stream{source: s, op: "sessions", q: question{Account: int64(account), From: &period.From, To: &period.To}, most: s.config.MaxRows, retries: s.config.Retries}
		for raw, err := range t.rows(ctx) {
			var row records.IPRow
			if err == nil {
				var rule string
				if row, rule = session(raw); rule != "" {
					err = &records.Breach{Op: "sessions", Rule: rule, Row: t.count}
				}
			}
			fault.Wrap(&err, "httprecords.Sessions(%s)", account)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// session reads one event. A port of 0, or an address that is none, is the
// guard's to refuse: here they are only read.
func session(raw json.RawMessage) (r records.IPRow, rule string) {
	var address, destination, transport, id, kind *string
	var port, destinationPort *uint16
	var first, last, end *time.Time
	var shared *bool
	rule = strict(raw, map[string]any{"source_record_id": &r.RecordID, "account_id": &r.Account, "event_type": &r.Event, "event_time": &r.At,
		"ip_address": &address, "source_port": &port, "destination_ip": &destination, "destination_port": &destinationPort, "transport": &transport,
		"session_id": &id, "session_type": &kind, "first_seen": &first, "last_seen": &last, "session_end": &end, "is_shared": &shared})
	if rule != "" {
		return r, rule
	}
	if port != nil && *port == 0 || destinationPort != nil && *destinationPort == 0 {
		return r, "port 0"
	}
	var ok bool
	if r.Address, ok = addr(address); !ok {
		return r, "impossible address"
	}
	if r.Destination, ok = addr(destination); !ok {
		return r, "impossible destination"
	}
	r.At, r.FirstSeen, r.LastSeen, r.SessionEnd = r.At.UTC(), utc(first), utc(last), utc(end)
	r.SourcePort, r.DestinationPort = value(port), value(destinationPort)
	r.Transport, r.SessionID, r.SessionType = records.Transport(value(transport)), value(id), records.SessionType(value(kind))
	if shared != nil {
		r.Shared = map[bool]records.Shared{true: records.SharedYes, false: records.SharedNo}[*shared]
	}
	return r, ""
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// addr reads an address in its one form; null is none. An IPv4 address that is
// written as one of IPv6 (::ffff:192.0.2.1) has another form, and lerd would lose
// that it came so.
func addr(s *string) (personal.Addr, bool) {
	if s == nil {
		return personal.Addr{}, true
	}
	a, err := netip.ParseAddr(*s)
	return personal.NewAddr(a), err == nil && !a.Is4In6() && a.String() == *s
}
