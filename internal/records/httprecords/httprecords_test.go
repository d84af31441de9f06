package httprecords

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/records/httprecords/reference"
	"lerd/internal/testkit/mtls"
)

var t0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

var period = records.Period{From: t0, To: t0.AddDate(0, 1, 0)}

// engine is a platform's account data in memory.
type engine struct{ rows int }

func (engine) System(context.Context) (records.System, error) {
	return records.System{Name: "engine", Version: "7", ClockSource: "NTP", MaxClockError: 5 * time.Millisecond, Precision: time.Millisecond, Now: t0}, nil
}

func (engine) Resolve(_ context.Context, id records.Identifier) (records.Resolution, error) {
	v := id.Username
	if id.Kind == records.ByPhone {
		v = personal.NewText(id.Phone.Reveal())
	}
	return records.Resolution{Holdings: []records.Holding{{Account: 7, Value: v, From: t0.AddDate(-1, 0, 0)}}}, nil
}

func (engine) Summary(_ context.Context, a records.AccountID) (records.Summary, error) {
	if a != 7 {
		return records.Summary{}, fault.New(fault.NotFound, "none")
	}
	return records.Summary{Account: 7, Username: personal.NewText("nightferry"), CreatedAt: t0, Status: records.Banned}, nil
}

func (engine) Phones(context.Context, records.AccountID, records.Period) ([]records.PhoneRow, error) {
	return []records.PhoneRow{{RecordID: "p1", Account: 7, Phone: personal.NewPhone("+447700900123"), Verification: records.Verified, ValidFrom: t0.AddDate(-1, 0, 0)}}, nil
}

func (e engine) row(n int) records.IPRow {
	r := records.IPRow{RecordID: fmt.Sprintf("ev:%08d", n), Account: 7, Event: records.Login, At: t0.Add(time.Duration(n) * time.Millisecond),
		Address: personal.NewAddr(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})), SourcePort: uint16(n%65535) + 1, Transport: records.TCP, SessionID: "s-1", SessionType: records.Web, Shared: records.SharedNo}
	if n%2 == 1 {
		r.SourcePort, r.Shared, r.Address = 0, records.SharedUnknown, personal.NewAddr(netip.MustParseAddr("2001:db8::7"))
		r.Destination, r.DestinationPort, r.LastSeen = personal.NewAddr(netip.MustParseAddr("198.51.100.1")), 443, r.At
	}
	return r
}

func (e engine) Sessions(_ context.Context, _ records.AccountID, _ records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for n := range e.rows {
			if !yield(e.row(n), nil) {
				return
			}
		}
	}
}

func configOf(c mtls.Certificates, url string) Config {
	return Config{URL: url, Cert: c.File("client.pem"), Key: c.File("client.key"), CA: c.File("ca.pem"), Wait: 2 * time.Second}
}

// open serves an engine through a handler around the reference server.
func open(t *testing.T, e engine, around func(http.Handler) http.Handler) records.Source {
	t.Helper()
	c := mtls.New(t)
	h := (&reference.Server{Source: e, Snapshot: "snap-1", Flush: 1}).Handler()
	if around != nil {
		h = around(h)
	}
	s, err := Open(t.Context(), configOf(c, c.Serve(t, h)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return records.Guard(s)
}

func drainRows(s records.Source) (rows []records.IPRow, err error) {
	for r, e := range s.Sessions(context.Background(), 7, period) {
		if e != nil {
			return rows, e
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func TestEveryQuestionIsAnswered(t *testing.T) {
	e := engine{rows: 500}
	s, ctx := open(t, e, nil), t.Context()
	sys, err := s.System(ctx)
	if err != nil || sys.Name != "engine" || sys.Precision != time.Millisecond || !sys.Now.Equal(t0) {
		t.Errorf("%+v, %v", sys, err)
	}
	res, err := s.Resolve(ctx, records.PhoneIn(personal.NewPhone("+447700900123"), period))
	if a, m := res.Account(); err != nil || a != 7 || m != records.ExactlyOne {
		t.Errorf("%v, %v", res, err)
	}
	if sum, err := s.Summary(ctx, 7); err != nil || sum.Username.Reveal() != "nightferry" {
		t.Errorf("%+v, %v", sum, err)
	}
	if _, err := s.Summary(ctx, 8); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if rows, err := s.Phones(ctx, 7, period); err != nil || len(rows) != 1 || rows[0].Phone.Reveal() != "+447700900123" {
		t.Errorf("%v, %v", rows, err)
	}
	rows, err := drainRows(s)
	if err != nil || len(rows) != e.rows {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for n, r := range rows {
		if r != e.row(n) {
			t.Fatalf("row %d is %+v, want %+v", n, r, e.row(n))
		}
	}
}

// cutting ends each response to a question after some lines.
func cutting(after int, cuts *atomic.Int32) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/sessions" {
				w = &cutter{ResponseWriter: w, left: after, cuts: cuts}
			}
			h.ServeHTTP(w, r)
		})
	}
}

type cutter struct {
	http.ResponseWriter
	left int
	cuts *atomic.Int32
}

func (c *cutter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutter) Write(b []byte) (int, error) {
	if c.left--; c.left < 0 {
		c.cuts.Add(1)
		c.ResponseWriter.Write(b[:len(b)/2])
		http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(b)
}

func TestAnAnswerThatIsCutOffGoesOn(t *testing.T) {
	var cuts atomic.Int32
	e := engine{rows: 95}
	rows, err := drainRows(open(t, e, cutting(21, &cuts)))
	if err != nil || len(rows) != e.rows || cuts.Load() < 4 {
		t.Fatalf("%d rows after %d cuts, %v", len(rows), cuts.Load(), err)
	}
	for n, r := range rows {
		if r != e.row(n) {
			t.Fatalf("row %d differs", n)
		}
	}
}

func TestAnAnswerThatDoesNotMoveEnds(t *testing.T) {
	var cuts atomic.Int32
	rows, err := drainRows(open(t, engine{rows: 5}, cutting(1, &cuts)))
	if fault.KindOf(err) != fault.Unavailable || len(rows) != 0 || cuts.Load() != 6 {
		t.Errorf("%d rows after %d cuts, %v", len(rows), cuts.Load(), err)
	}
}

func TestAnotherSnapshotIsNoSequel(t *testing.T) {
	var cuts atomic.Int32
	e := engine{rows: 50}
	cut := cutting(21, &cuts)
	rows, err := drainRows(open(t, e, func(http.Handler) http.Handler {
		return cut(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(&reference.Server{Source: e, Snapshot: fmt.Sprint("snap-", cuts.Load()), Flush: 1}).Handler().ServeHTTP(w, r)
		}))
	}))
	if fault.KindOf(err) != fault.Unavailable || len(rows) >= 50 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestWhatIsNotDocumentedIsABreach answers with lines of its own.
func TestWhatIsNotDocumentedIsABreach(t *testing.T) {
	const begin, end = `{"begin":{"snapshot":"s"}}` + "\n", `{"end":{"rows":1}}` + "\n"
	row := `{"row":{"source_record_id":"ev:1","account_id":7,"event_type":"login","event_time":"2026-03-02T00:00:00Z","ip_address":"192.0.2.1","source_port":1,` +
		`"destination_ip":null,"destination_port":null,"transport":"tcp","session_id":null,"session_type":null,"first_seen":null,"last_seen":null,"session_end":null,"is_shared":null},"cursor":"c"}` + "\n"
	change := func(old, with string) string { return begin + strings.Replace(row, old, with, 1) + end }
	for name, c := range map[string]struct{ lines, rule string }{
		"right":                {begin + row + end, ""},
		"canary":               {change(`"is_shared":null`, `"is_shared":null,"message_text":"secret"`), "unknown member"},
		"canary beside":        {change(`"cursor":"c"`, `"cursor":"c","contacts":[]`), "unknown member of a line"},
		"member missing":       {change(`,"is_shared":null`, ``), "missing member"},
		"member twice":         {change(`"account_id":7`, `"account_id":8,"account_id":7`), "member that comes twice"},
		"member in capitals":   {change(`"account_id"`, `"Account_ID"`), "unknown member"},
		"text for a number":    {change(`"source_port":1`, `"source_port":"1"`), "member of another type"},
		"port too high":        {change(`"source_port":1`, `"source_port":65536`), "member of another type"},
		"port 0":               {change(`"source_port":1`, `"source_port":0`), "port 0"},
		"address not RFC 5952": {change(`192.0.2.1`, `2001:DB8::1`), "impossible address"},
		"other account":        {change(`"account_id":7`, `"account_id":8`), "row of another account"},
		"other period":         {change(`2026-03-02T00:00:00Z`, `2026-04-02T00:00:00Z`), "row outside the period"},
		"nanoseconds":          {change(`2026-03-02T00:00:00Z`, `2026-03-02T00:00:00.000000001Z`), "time not in UTC microseconds"},
		"time outside":         {change(`"last_seen":null`, `"last_seen":"2026-05-01T00:00:00Z"`), "time outside the period"},
		"no begin":             {row + end, "answer that does not begin as documented"},
		"second begin":         {begin + begin + row + end, "second begin"},
		"wrong end":            {begin + row + `{"end":{"rows":2}}` + "\n", "answer with another number of rows than it says"},
		"empty line":           {begin + "\n" + end, "line that is not a JSON object"},
		"list":                 {begin + "[]\n" + end, "line that is not a JSON object"},
		"two objects":          {begin + strings.TrimSpace(row) + "{}\n" + end, "something behind a JSON object"},
		"giant line":           {begin + `{"row":"` + strings.Repeat("x", 70<<10) + `"}` + "\n" + end, "line longer than 64 KiB"},
		"deep":                 {begin + `{"row":` + strings.Repeat("[", 20000) + "\n" + end, "line that is not a JSON object"},
		"row and end":          {begin + `{"row":{},"end":{}}` + "\n", "line that is not one of begin, row and end"},
	} {
		rows, err := drainRows(open(t, engine{}, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/sessions" {
					h.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/x-ndjson")
				io.WriteString(w, c.lines)
			})
		}))
		b, breach := records.AsBreach(err)
		if c.rule == "" && (err != nil || len(rows) != 1) || c.rule != "" && (!breach || b.Rule != c.rule) {
			t.Errorf("%s: %d rows, %v; want %q", name, len(rows), err, c.rule)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "192.0.2")) {
			t.Errorf("%s: data in %q", name, err)
		}
	}
}

func TestOnlyTheRightCertificatesMeet(t *testing.T) {
	c, other := mtls.New(t), mtls.New(t)
	url := c.Serve(t, (&reference.Server{Source: engine{}, Snapshot: "s"}).Handler())
	for name, config := range map[string]Config{
		"client of another authority": {URL: url, Cert: other.File("client.pem"), Key: other.File("client.key"), CA: c.File("ca.pem")},
		"server of another authority": {URL: url, Cert: c.File("client.pem"), Key: c.File("client.key"), CA: other.File("ca.pem")},
	} {
		if _, err := Open(t.Context(), config); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"http://127.0.0.1", "https://user:pass@127.0.0.1", "127.0.0.1"} {
		if _, err := Open(t.Context(), configOf(c, bad)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestOddAnswersAreUnavailable: nothing is taken as "not held" because of them.
func TestOddAnswersAreUnavailable(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"redirect":     func(w http.ResponseWriter) { w.Header().Set("Location", "https://127.0.0.1:1/"); w.WriteHeader(302) },
		"server fault": func(w http.ResponseWriter) { w.WriteHeader(500) },
		"not found":    func(w http.ResponseWriter) { w.WriteHeader(404) },
		"page":         func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html"); io.WriteString(w, "<p>") },
		"compressed": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/x-ndjson")
			w.Header().Set("Content-Encoding", "gzip")
		},
		"empty": func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/x-ndjson") },
	} {
		_, err := drainRows(open(t, engine{}, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/sessions" {
					h.ServeHTTP(w, r)
					return
				}
				answer(w)
			})
		}))
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestASilentEngineEnds, a slow reader does not.
func TestASilentEngineEnds(t *testing.T) {
	c := mtls.New(t)
	h := (&reference.Server{Source: engine{rows: 3}, Snapshot: "s", Flush: 1}).Handler()
	url := c.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/phones" {
			w.Header().Set("Content-Type", "application/x-ndjson")
			io.WriteString(w, `{"begin":{"snapshot":"s"}}`+"\n")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		h.ServeHTTP(w, r)
	}))
	config := configOf(c, url)
	config.Wait = 200 * time.Millisecond
	s, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Phones(t.Context(), 7, period); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
	n := 0
	for _, err := range s.Sessions(t.Context(), 7, period) {
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		n++
	}
	if n != 3 {
		t.Errorf("%d rows for a slow reader", n)
	}
}

// TestASlowReaderSlowsTheEngine counts how far ahead the engine runs.
func TestASlowReaderSlowsTheEngine(t *testing.T) {
	var made atomic.Int64
	s := open(t, engine{}, func(h http.Handler) http.Handler {
		e := counting{engine{rows: 2_000_000}, &made}
		return (&reference.Server{Source: e, Snapshot: "s"}).Handler()
	})
	n := int64(0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, err := range s.Sessions(t.Context(), 7, period) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2000 {
			time.Sleep(500 * time.Millisecond)
			if ahead := made.Load() - n; ahead > 200_000 {
				t.Errorf("the engine is %d rows ahead of a reader that waits", ahead)
			}
			break
		}
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 64<<20 {
		t.Errorf("%d MiB more are in use", grown>>20)
	}
}

type counting struct {
	engine
	made *atomic.Int64
}

func (c counting) Sessions(ctx context.Context, a records.AccountID, p records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for r, err := range c.engine.Sessions(ctx, a, p) {
			c.made.Add(1)
			if ctx.Err() != nil || !yield(r, err) {
				return
			}
		}
	}
}

func TestACallerWhoGivesUpIsHeard(t *testing.T) {
	s := open(t, engine{rows: 1000}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range s.Sessions(ctx, 7, period) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) && fault.KindOf(last) != fault.Unavailable {
		t.Errorf("%v", last)
	}
}
