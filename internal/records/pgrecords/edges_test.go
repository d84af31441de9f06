package pgrecords_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/records/pgrecords"
	"lerd/internal/records/sample"
)

var march = records.Period{From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}

// The views of a platform that has one account with one number and one event.
const (
	sessionView = `CREATE OR REPLACE VIEW lerd_ip_sessions AS SELECT 'ev-1'::text AS source_record_id, 7::bigint AS account_id, 'login'::text AS event_type,
 timestamptz '2026-03-02 00:00:00Z' AS event_time, inet '192.0.2.1' AS ip_address, 443::integer AS source_port, NULL::inet AS destination_ip, NULL::integer AS destination_port,
 'tcp'::text AS transport, 's-1'::text AS session_id, 'web'::text AS session_type, NULL::timestamptz AS first_seen, NULL::timestamptz AS last_seen, NULL::timestamptz AS session_end, NULL::boolean AS is_shared`
	phoneView = `CREATE OR REPLACE VIEW lerd_phone_history AS SELECT 'ph-1'::text AS source_record_id, 7::bigint AS account_id, '+447700900123'::text AS phone_e164,
 'verified'::text AS verification_status, NULL::timestamptz AS verified_at, timestamptz '2026-03-02 00:00:00Z' AS valid_from, NULL::timestamptz AS valid_to`
	accountView = `CREATE OR REPLACE VIEW lerd_accounts AS SELECT 7::bigint AS account_id, 'nightferry'::text AS username, timestamptz '2026-01-01 00:00:00Z' AS created_at, 'banned'::text AS rule_status`
	sourceView  = `CREATE OR REPLACE VIEW lerd_source AS SELECT 'accounts'::text AS system_name, '1'::text AS system_version, 'NTP'::text AS clock_source, 5::integer AS max_clock_error_ms, 1000::integer AS precision_us`
)

// edge is one change of a view, and the rule by which its answer is stopped; none
// where it passes, with so many rows.
type edge struct {
	name, old, with, rule string
	rows                  int
}

const (
	misfit     = "a value is missing or does not fit its type"
	notAddress = "impossible address"
)

var sessionEdges = []edge{
	{"right", "", "", "", 1},
	{"first microsecond", "2026-03-02 00:00:00Z", "2026-03-01 00:00:00Z", "", 1},
	{"microsecond before", "2026-03-02 00:00:00Z", "2026-02-28 23:59:59.999999Z", "", 0},
	{"last microsecond", "2026-03-02 00:00:00Z", "2026-03-31 23:59:59.999999Z", "", 1},
	{"end itself", "2026-03-02 00:00:00Z", "2026-04-01 00:00:00Z", "", 0},
	{"last second before a leap second", "2026-03-02 00:00:00Z", "2026-03-31 23:59:60Z", "", 0}, // PostgreSQL's own reading: the next day
	{"hour before clocks went forward", "2026-03-02 00:00:00Z", "2026-03-29 01:30:00 Europe/Berlin", "", 1},
	{"year 0", "2026-03-02 00:00:00Z", "0001-01-01 00:00:00Z BC", "", 0},
	{"for ever", "timestamptz '2026-03-02 00:00:00Z'", "timestamptz 'infinity'", "", 0},
	{"no time", "timestamptz '2026-03-02 00:00:00Z'", "NULL::timestamptz", "", 0},
	{"IPv4 in IPv6", "192.0.2.1", "::ffff:192.0.2.1", "an IPv4 address in the form of one of IPv6", 0},
	{"loopback in IPv6", "192.0.2.1", "::ffff:127.0.0.1", "an IPv4 address in the form of one of IPv6", 0},
	{"network", "192.0.2.1", "192.0.2.0/24", "a network instead of an address", 0},
	{"host in its network", "192.0.2.1", "192.0.2.1/24", "a network instead of an address", 0},
	{"link-local", "192.0.2.1", "fe80::1", notAddress, 0},
	{"broadcast", "192.0.2.1", "255.255.255.255", notAddress, 0},
	{"no address", "inet '192.0.2.1'", "NULL::inet", misfit, 0},
	{"port 0", "443::integer", "0::integer", "port outside 1 to 65535", 0},
	{"port 65535", "443::integer", "65535::integer", "", 1},
	{"port 65536", "443::integer", "65536::integer", "port outside 1 to 65535", 0},
	{"port -1", "443::integer", "-1::integer", "port outside 1 to 65535", 0},
	{"no record id", "'ev-1'::text", "NULL::text", misfit, 0},
	{"record id of another alphabet", "'ev-1'::text", "'ev-１'::text", "ill-formed record id", 0},
	{"session id that is an address", "'s-1'::text", "'x@example.org'::text", "ill-formed session id", 0},
	{"kind of event in capitals", "'login'::text", "'Login'::text", "unknown event type", 0},
	{"same row twice", "NULL::boolean AS is_shared", "NULL::boolean AS is_shared FROM generate_series(1, 2)", "record id twice", 1},
	{"an account that changes while it is read", "7::bigint", "(CASE WHEN random() < 0.5 THEN 7 ELSE 8 END)::bigint", "row of another account", -1},
	{"canary", "'ev-1'::text", "'canary-31'::text", "canary value", 0},
}

var phoneEdges = []edge{
	{"right", "", "", "", 1},
	{"no plus", "+447700900123", "447700900123", "number not in E.164 form", 0},
	{"national", "+447700900123", "07700 900123", "number not in E.164 form", 0},
	{"line break behind", "'+447700900123'", `E'+447700900123\n'`, "number not in E.164 form", 0},
	{"no number", "'+447700900123'::text", "NULL::text", misfit, 0},
	{"no id", "'ph-1'::text", "NULL::text", misfit, 0},
	{"valid for ever, said so", "NULL::timestamptz AS valid_to", "timestamptz 'infinity' AS valid_to", misfit, 0},
	{"valid since ever", "timestamptz '2026-03-02 00:00:00Z'", "timestamptz '-infinity'", misfit, 0},
	{"ended at the first moment of the calendar", "NULL::timestamptz AS valid_to", "timestamptz '0001-01-01 00:00:00Z' AS valid_to", "", 0},
	{"begins in the last microsecond", "2026-03-02 00:00:00Z", "2026-03-31 23:59:59.999999Z", "", 1},
	{"begins with the end", "2026-03-02 00:00:00Z", "2026-04-01 00:00:00Z", "", 0},
	{"ended with the beginning", "timestamptz '2026-03-02 00:00:00Z' AS valid_from, NULL::timestamptz", "timestamptz '2026-02-02 00:00:00Z' AS valid_from, timestamptz '2026-03-01 00:00:00Z'", "", 0},
	{"verified outside", "NULL::timestamptz AS verified_at", "timestamptz '2025-03-02 00:00:00Z' AS verified_at", "", 1}, // withheld
	{"verification not said", "'verified'::text", "NULL::text", misfit, 0},
	{"same row twice", "NULL::timestamptz AS valid_to", "NULL::timestamptz AS valid_to FROM generate_series(1, 2)", "record id twice", 0},
}

var accountEdges = []edge{
	{"right", "", "", "", 1},
	{"made at no time", "timestamptz '2026-01-01 00:00:00Z'", "NULL::timestamptz", misfit, 0},
	{"made since ever", "timestamptz '2026-01-01 00:00:00Z'", "timestamptz '-infinity'", misfit, 0},
	{"status not said", "'banned'::text", "NULL::text", misfit, 0},
	{"name in capitals", "'nightferry'::text", "'NightFerry'::text", "ill-formed username", 0},
}

var sourceEdges = []edge{
	{"right", "", "", "", 1},
	{"no name", "'accounts'::text", "NULL::text", misfit, 0},
	{"clock error not known", "5::integer", "NULL::integer", misfit, 0},
	{"line break in the name", "'accounts'::text", `E'accounts\nx'::text`, "text of the system with what cannot be printed", 0},
	{"canary within a text", "'NTP'::text", "'NTP canary-31'::text", "canary value", 0},
	{"two systems", "1000::integer AS precision_us", "1000::integer AS precision_us FROM generate_series(1, 2)", "lerd_source does not have exactly one row", 0},
}

// TestEdgesOfEachView bends each view of a real PostgreSQL in one place and sees
// that exactly what is documented passes, through the connector and the guard. A
// value that cannot be read is a breach and not a database that does not answer:
// that would be asked for ever, and told to nobody.
func TestEdgesOfEachView(t *testing.T) {
	l := newLab(t)
	for _, v := range []string{sessionView, phoneView, accountView, sourceView} {
		l.exec(t, v)
	}
	opened, err := l.open(t)
	if err != nil {
		t.Fatal(err)
	}
	s, ctx := records.Guard(opened, "canary-31"), t.Context()
	for op, q := range map[string]struct {
		view  string
		edges []edge
		ask   func() (int, error)
	}{
		"sessions": {sessionView, sessionEdges, func() (n int, err error) {
			for _, err := range s.Sessions(ctx, 7, march) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}},
		"phones":  {phoneView, phoneEdges, func() (int, error) { rows, err := s.Phones(ctx, 7, march); return len(rows), err }},
		"summary": {accountView, accountEdges, func() (int, error) { return one(s.Summary(ctx, 7)) }},
		"system":  {sourceView, sourceEdges, func() (int, error) { return one(s.System(ctx)) }},
	} {
		for _, c := range q.edges {
			if !strings.Contains(q.view, c.old) {
				t.Fatalf("%s, %s: %q is not in the view", op, c.name, c.old)
			}
			l.exec(t, strings.Replace(q.view, c.old, c.with, 1))
			n, err := q.ask()
			b, breach := records.AsBreach(err)
			if c.rows < 0 { // by chance: whatever comes is right or stopped
				if err != nil && (!breach || b.Rule != c.rule) {
					t.Errorf("%s, %s: %v", op, c.name, err)
				}
				continue
			}
			if n != c.rows || c.rule == "" && err != nil || c.rule != "" && (!breach || b.Rule != c.rule || b.Op != op) {
				t.Errorf("%s, %s: %d rows, %v; want %d, %q", op, c.name, n, err, c.rows, c.rule)
			}
		}
		l.exec(t, q.view)
	}
}

func one[T any](_ T, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// TestAHolderAtNoTimeIsABreach: holdings have their own view of usernames.
func TestAHolderAtNoTimeIsABreach(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t)
	if err != nil {
		t.Fatal(err)
	}
	l.exec(t, `CREATE OR REPLACE VIEW lerd_username_history AS SELECT 7::bigint AS account_id, 'nightferry'::text AS username, timestamptz '-infinity' AS valid_from, NULL::timestamptz AS valid_to`)
	_, err = records.Guard(s).Resolve(t.Context(), records.UsernameIn(personal.NewText("nightferry"), march))
	if b, breach := records.AsBreach(err); !breach || b.Rule != misfit || b.Op != "resolve" {
		t.Error(err)
	}
}

// stalling stands between lerd and PostgreSQL, and lets no answer through once it
// is told to stand still; the connection stays.
type stalling struct {
	still atomic.Bool
	url   string
}

func newStalling(t *testing.T, to string) *stalling {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, server := &stalling{}, u.Host
	u.Host = l.Addr().String()
	s.url = u.String()
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.pass(c, server)
		}
	}()
	return s
}

func (s *stalling) pass(client net.Conn, server string) {
	defer client.Close()
	up, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer up.Close()
	go io.Copy(up, client) //nolint:errcheck // ends with the connection
	b := make([]byte, 4096)
	for {
		n, err := up.Read(b)
		if err != nil {
			return
		}
		for s.still.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}

// TestADatabaseThatStandsStillIsLeft: each statement has an end by lerd's own
// clock, because the server's time-out is the server's to keep.
func TestADatabaseThatStandsStillIsLeft(t *testing.T) {
	l := newLab(t)
	p := newStalling(t, l.url)
	s, err := pgrecords.Open(t.Context(), pgrecords.Config{URL: p.url, FetchRows: 5, StatementTimeout: 2 * time.Second, Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer p.still.Store(false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all := records.Period{From: now.AddDate(-3, 0, 0), To: now}
	n := 0
	var last error
	for _, err := range s.Sessions(ctx, sample.SuspectByPhone, all) {
		if n++; n == 12 {
			p.still.Store(true)
		}
		last = err
	}
	if fault.KindOf(last) != fault.Unavailable || n > 20 {
		t.Errorf("%d rows, %v", n, last)
	}
	if _, err := s.Phones(ctx, sample.SuspectByPhone, all); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("phones: %v", err)
	}
	p.still.Store(false)
	if rows, err := s.Phones(ctx, sample.SuspectByPhone, all); err != nil || len(rows) == 0 {
		t.Errorf("when it moves again: %d rows, %v", len(rows), err)
	}
}

// TestAViewThatDawdlesIsLeft is stopped by the server's own time-out, which lerd
// sets, and not by the grace.
func TestAViewThatDawdlesIsLeft(t *testing.T) {
	l := newLab(t)
	l.exec(t, strings.Replace(sessionView, "'ev-1'::text", "('ev-' || pg_sleep(60))::text", 1))
	s, err := pgrecords.Open(t.Context(), pgrecords.Config{URL: l.url, StatementTimeout: 500 * time.Millisecond, Grace: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	start := time.Now()
	for _, err := range s.Sessions(t.Context(), 7, march) {
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fmt.Sprint(err), "57014") {
			t.Error(err)
		}
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("left after %v", d)
	}
}
