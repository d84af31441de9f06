package httprecords

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records"
	"lerd/internal/records/httprecords/reference"
	"lerd/internal/testkit/mtls"
)

// breaking is an engine that breaks off behind its third row and then goes on as a
// test wants: rows is what it answers to a cursor, by the number of the row.
type breaking struct {
	http.Handler
	rows func(after int) []int
	asks []question
}

func (e *breaking) line(n int) string {
	row := strings.Replace(sessionRow, `"ev:1"`, fmt.Sprintf(`"ev:%d"`, n), 1)
	row = strings.Replace(row, "00:00:00Z", fmt.Sprintf("00:00:%02dZ", n), 1)
	return strings.Replace(row, `"cursor":"c"`, fmt.Sprintf(`"cursor":"%d"`, n), 1)
}

func (e *breaking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/sessions" {
		e.Handler.ServeHTTP(w, r)
		return
	}
	var q question
	json.NewDecoder(r.Body).Decode(&q) //nolint:errcheck // lerd's own
	e.asks = append(e.asks, q)
	w.Header().Set("Content-Type", "application/x-ndjson")
	io.WriteString(w, begins) //nolint:errcheck // the client sees it
	after := 0
	fmt.Sscan(q.Cursor, &after) //nolint:errcheck // none is 0
	if len(e.asks) == 1 {
		for n := 1; n <= 3; n++ {
			io.WriteString(w, e.line(n)) //nolint:errcheck // the client sees it
		}
		http.NewResponseController(w).Flush() //nolint:errcheck // the client sees it
		panic(http.ErrAbortHandler)
	}
	rows := e.rows(after)
	for _, n := range rows {
		io.WriteString(w, e.line(n)) //nolint:errcheck // the client sees it
	}
	fmt.Fprintf(w, `{"end":{"rows":%d}}`+"\n", len(rows))
}

// TestAnAnswerGoesOnWhereItBrokeOff: an engine whose cursors lead elsewhere than
// behind their row is found out by the one row that lerd lets come twice.
func TestAnAnswerGoesOnWhereItBrokeOff(t *testing.T) {
	behind := func(from, to int) (out []int) {
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
		return out
	}
	for name, c := range map[string]struct {
		rows func(after int) []int
		rule string
	}{
		"right":             {func(after int) []int { return behind(after+1, 6) }, ""},
		"skips a row":       {func(after int) []int { return behind(after+2, 6) }, "answer that goes on with another row than it broke off with"},
		"skips three rows":  {func(after int) []int { return behind(after+4, 6) }, "answer that goes on with another row than it broke off with"},
		"skips all":         {func(int) []int { return nil }, "answer that goes on with another row than it broke off with"},
		"repeats a row":     {func(after int) []int { return behind(after, 6) }, "answer that goes on with another row than it broke off with"},
		"begins anew":       {func(int) []int { return behind(1, 6) }, "answer that goes on with another row than it broke off with"},
		"repeats it always": {func(after int) []int { return append(behind(after+1, 3), behind(3, 6)...) }, "record id twice"},
		"goes back later":   {func(after int) []int { return append(behind(after+1, 5), 4) }, "rows out of order"},
	} {
		certs := mtls.New(t)
		e := &breaking{Handler: (&reference.Server{Source: engine{}, Snapshot: "s"}).Handler(), rows: c.rows}
		s, err := Open(t.Context(), configOf(certs, certs.Serve(t, e)))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := drainRows(records.Guard(s))
		s.Close()
		b, breach := records.AsBreach(err)
		if c.rule == "" && (err != nil || len(rows) != 6) || c.rule != "" && (!breach || b.Rule != c.rule) {
			t.Errorf("%s: %d rows, %v; want %q", name, len(rows), err, c.rule)
		}
		if len(e.asks) != 2 || e.asks[1].Snapshot != "s" || e.asks[1].Cursor != "2" {
			t.Errorf("%s: asked %+v", name, e.asks)
		}
	}
}

// slow are engines that never come to an end, each in its own way. Again says that an
// engine was asked before.
var slow = map[string]struct {
	write func(w io.Writer, flush func(), done <-chan struct{}, again bool)
	rule  string // of a breach; "" where the account data only do not answer
}{
	"an octet at a time": {func(w io.Writer, flush func(), done <-chan struct{}, _ bool) {
		for _, c := range []byte(sessionRow) {
			w.Write([]byte{c}) //nolint:errcheck // the client sees it
			flush()
			if !waited(20*time.Millisecond, done) {
				return
			}
		}
	}, ""},
	"a row just in time, for ever": {func(w io.Writer, flush func(), done <-chan struct{}, again bool) {
		if again { // on a busy machine it was not in time, and cannot go on where it broke off
			<-done
			return
		}
		e := breaking{}
		for n := 1; waited(70*time.Millisecond, done); n++ {
			io.WriteString(w, e.line(n%60)) //nolint:errcheck // the client sees it
			flush()
		}
	}, ""},
	"a stall in the middle": {func(w io.Writer, flush func(), done <-chan struct{}, _ bool) {
		io.WriteString(w, sessionRow[:40]) //nolint:errcheck // the client sees it
		flush()
		<-done
	}, ""},
	"a stall behind the end": {func(w io.Writer, flush func(), done <-chan struct{}, _ bool) {
		io.WriteString(w, sessionRow+oneEnds) //nolint:errcheck // the client sees it
		flush()
		<-done
	}, ""},
	"a line without end": {func(w io.Writer, _ func(), done <-chan struct{}, _ bool) {
		spaces := bytes.Repeat([]byte(" "), 4096)
		for range 1 << 20 {
			if _, err := w.Write(spaces); err != nil {
				return
			}
		}
	}, "line longer than 64 KiB"},
}

func waited(d time.Duration, done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	case <-time.After(d):
		return true
	}
}

// TestAnEngineThatNeverEndsIsLeft holds engines that dawdle against a wait of
// 100 ms: each is given up within seconds, and nothing of it counts as an answer.
func TestAnEngineThatNeverEndsIsLeft(t *testing.T) {
	for name, c := range slow {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certs := mtls.New(t)
			h := (&reference.Server{Source: engine{}, Snapshot: "s"}).Handler()
			var asked atomic.Int32
			config := configOf(certs, certs.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/sessions" {
					h.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/x-ndjson")
				io.WriteString(w, begins)                                                                          //nolint:errcheck // the client sees it
				c.write(w, func() { http.NewResponseController(w).Flush() }, r.Context().Done(), asked.Add(1) > 1) //nolint:errcheck // the client sees it
			})))
			config.Wait, config.Retries = 2*time.Second, 1
			s, err := Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if c.rule == "" { // who breaks a rule has to get as far as that
				s.config.Wait = 100 * time.Millisecond
			}
			start := time.Now()
			_, err = drainRows(s) // without the guard, which would stop some of them sooner
			if b, breach := records.AsBreach(err); c.rule != "" && (!breach || b.Rule != c.rule) || c.rule == "" && fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%v; want %q", err, c.rule)
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("given up after %v", d)
			}
		})
	}
}

// TestNothingIsUnpacked: an answer is taken as it comes, so that a gigabyte of
// nothing in a kilobyte stays a kilobyte.
func TestNothingIsUnpacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(begins))                    //nolint:errcheck // in memory
	z.Write(bytes.Repeat([]byte{' '}, 64<<20)) //nolint:errcheck // in memory
	z.Close()                                  //nolint:errcheck // in memory
	for name, c := range map[string]struct {
		header map[string]string
		rule   string
	}{
		"said":           {map[string]string{"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}, ""},
		"said in trade":  {map[string]string{"Content-Type": "application/x-ndjson", "Content-Encoding": "identity, gzip"}, ""},
		"not said":       {map[string]string{"Content-Type": "application/x-ndjson"}, "line longer than 64 KiB"},
		"as gzip":        {map[string]string{"Content-Type": "application/gzip"}, ""},
		"without a type": {map[string]string{"Content-Type": ""}, ""},
		"JSON":           {map[string]string{"Content-Type": "application/json"}, ""},
		"with a charset": {map[string]string{"Content-Type": "application/x-ndjson; charset=utf-16"}, ""},
	} {
		_, err := drainRows(open(t, engine{}, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/sessions" {
					h.ServeHTTP(w, r)
					return
				}
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				w.Write(packed.Bytes()) //nolint:errcheck // the client sees it
			})
		}))
		_, breach := records.AsBreach(err)
		if c.rule != "" != breach || !breach && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
