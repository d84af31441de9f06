package remote_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lerd/internal/audit/remote"
	"lerd/internal/fault"
)

// store is an HTTP server that keeps one thing, with conditional requests.
// SPEC: RFC 9110 §13.1.
type store struct {
	*httptest.Server
	mu    sync.Mutex
	body  []byte // nil: nothing there
	gets  int
	spoil func(w http.ResponseWriter, r *http.Request, next func()) // answers instead, or calls next
}

func newStore(t *testing.T) *store {
	s := &store{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.spoil != nil {
			s.spoil(w, r, func() { s.serve(w, r) })
			return
		}
		s.serve(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *store) etag() string { return fmt.Sprintf(`"%x"`, sha256.Sum256(s.body)) }

func (s *store) serve(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		s.gets++
		if s.body == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", s.etag())
		w.Write(s.body)
	case http.MethodPut:
		match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
		if (match == "") == (none == "") || match != "" && (s.body == nil || match != s.etag()) || none != "" && (none != "*" || s.body != nil) {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		s.body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *store) keeper() *remote.Keeper {
	return &remote.Keeper{URL: s.URL + "/lerd", Client: s.Client()}
}

func TestKeeperReplacesByCompareAndSwap(t *testing.T) {
	s := newStore(t)
	a, b := s.keeper(), s.keeper()
	if got, err := a.Load(); got != nil || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if err := a.Replace(nil, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := b.Replace(nil, []byte("other")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second first one: %v", err)
	}
	if got, err := b.Load(); string(got) != "one" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if err := b.Replace([]byte("one"), []byte("two")); err != nil {
		t.Fatal(err)
	}
	// a has not seen that; what it remembers must not decide.
	if err := a.Replace([]byte("one"), []byte("three")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an old one was replaced: %v", err)
	}
	if got, _ := a.Load(); string(got) != "two" {
		t.Errorf("%q is kept", got)
	}
	if err := a.Replace([]byte("two"), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("nothing was kept: %v", err)
	}
}

// TestKeeperUnderContention: of many processes one wins each round.
func TestKeeperUnderContention(t *testing.T) {
	s := newStore(t)
	if err := s.keeper().Replace(nil, []byte("0")); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		var won atomic.Int32
		var all sync.WaitGroup
		for who := range 8 {
			all.Go(func() {
				err := s.keeper().Replace(fmt.Append(nil, round*100), fmt.Append(nil, (round+1)*100))
				if err == nil {
					won.Add(1)
				} else if fault.KindOf(err) != fault.Conflict {
					t.Errorf("%d: %v", who, err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("round %d: %d won", round, won.Load())
		}
	}
}

// TestKeeperDistrustsServers that could lose a checkpoint, and never takes a
// failure for "nothing is there".
func TestKeeperDistrustsServers(t *testing.T) {
	status := func(method string, code int) func(http.ResponseWriter, *http.Request, func()) {
		return func(w http.ResponseWriter, r *http.Request, next func()) {
			if r.Method == method {
				w.WriteHeader(code)
				return
			}
			next()
		}
	}
	for name, c := range map[string]struct {
		spoil func(s *store) func(http.ResponseWriter, *http.Request, func())
		load  fault.Kind // "" for none
		put   fault.Kind
	}{
		"honest":        {func(*store) func(http.ResponseWriter, *http.Request, func()) { return nil }, "", ""},
		"down":          {func(*store) func(http.ResponseWriter, *http.Request, func()) { return status("GET", 503) }, fault.Unavailable, fault.Unavailable},
		"not for us":    {func(*store) func(http.ResponseWriter, *http.Request, func()) { return status("GET", 401) }, fault.Unavailable, fault.Unavailable},
		"moved":         {func(*store) func(http.ResponseWriter, *http.Request, func()) { return status("GET", 302) }, fault.Unavailable, fault.Unavailable},
		"read only":     {func(*store) func(http.ResponseWriter, *http.Request, func()) { return status("PUT", 405) }, "", fault.Unavailable},
		"S3's conflict": {func(*store) func(http.ResponseWriter, *http.Request, func()) { return status("PUT", 409) }, "", fault.Conflict},
		"no ETag": {func(s *store) func(http.ResponseWriter, *http.Request, func()) {
			return func(w http.ResponseWriter, r *http.Request, next func()) { w.Write(s.body) }
		}, fault.Invalid, fault.Invalid},
		"weak ETag": {func(s *store) func(http.ResponseWriter, *http.Request, func()) {
			return func(w http.ResponseWriter, r *http.Request, next func()) {
				w.Header().Set("ETag", `W/"1"`)
				w.Write(s.body)
			}
		}, fault.Invalid, fault.Invalid},
		"ignores conditions": {func(s *store) func(http.ResponseWriter, *http.Request, func()) {
			return func(w http.ResponseWriter, r *http.Request, next func()) {
				if r.Method == http.MethodPut {
					s.body, _ = io.ReadAll(r.Body)
					return
				}
				next()
			}
		}, "", fault.Invalid},
		"endless": {func(s *store) func(http.ResponseWriter, *http.Request, func()) {
			return func(w http.ResponseWriter, r *http.Request, next func()) {
				w.Header().Set("ETag", `"1"`)
				w.Write(bytes.Repeat([]byte("x"), 1<<17))
			}
		}, fault.Unavailable, fault.Unavailable},
		"breaks off": {func(s *store) func(http.ResponseWriter, *http.Request, func()) {
			return func(w http.ResponseWriter, r *http.Request, next func()) {
				w.Header().Set("ETag", `"1"`)
				w.Header().Set("Content-Length", "100")
				w.Write([]byte("short"))
			}
		}, fault.Unavailable, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.body = []byte("old")
			s.spoil = c.spoil(s)
			kind := func(err error) fault.Kind {
				if err == nil {
					return ""
				}
				return fault.KindOf(err)
			}
			got, err := s.keeper().Load()
			if kind(err) != c.load || (c.load == "") != (string(got) == "old") {
				t.Errorf("load: %q, %v", got, err)
			}
			if err := s.keeper().Replace([]byte("old"), []byte("new")); kind(err) != c.put {
				t.Errorf("replace: %v, want %q", err, c.put)
			}
		})
	}
}

// TestKeeperAfterALostAnswer: a write that was done and reported lost is found.
func TestKeeperAfterALostAnswer(t *testing.T) {
	s := newStore(t)
	k := s.keeper()
	k.Fresh, k.Now = time.Hour, time.Now // what was read before counts no more
	if err := k.Replace(nil, []byte("one")); err != nil {
		t.Fatal(err)
	}
	s.spoil = func(w http.ResponseWriter, r *http.Request, next func()) {
		next()
		if r.Method == http.MethodPut {
			panic(http.ErrAbortHandler)
		}
	}
	if err := k.Replace([]byte("one"), []byte("two")); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("the answer was lost: %v", err)
	}
	s.mu.Lock()
	s.spoil = nil
	s.mu.Unlock()
	if got, err := k.Load(); string(got) != "two" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	s.Close()
	k.Fresh = 0
	if got, err := k.Load(); fault.KindOf(err) != fault.Unavailable || got != nil {
		t.Errorf("out of reach: %q, %v", got, err)
	}
}

// TestKeeperReadsAgain only after its time, and shows its token.
func TestKeeperReadsAgain(t *testing.T) {
	s := newStore(t)
	s.body = []byte("one")
	s.spoil = func(w http.ResponseWriter, r *http.Request, next func()) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next()
	}
	now := time.Unix(1000, 0)
	k := s.keeper()
	k.Token, k.Fresh, k.Now = "secret", 10*time.Second, func() time.Time { return now }
	for _, c := range []struct {
		after time.Duration
		gets  int
	}{{0, 1}, {9 * time.Second, 1}, {time.Second, 2}} {
		now = now.Add(c.after)
		if got, err := k.Load(); string(got) != "one" || err != nil || s.gets != c.gets {
			t.Errorf("%q, %v after %d reads, want %d", got, err, s.gets, c.gets)
		}
	}
}
