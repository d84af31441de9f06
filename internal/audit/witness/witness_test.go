package witness_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/audit/witness"
	"lerd/internal/fault"
)

// kept opens a log's present checkpoint, as a keeper gives it.
func kept(t testing.TB, log *audittest.Log) audit.SignedCheckpoint {
	t.Helper()
	c, err := audit.OpenCheckpoint(log.Files[audit.CheckpointPath].Data, log.Trust)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func client(t testing.TB, w *audittest.Witness) witness.Client {
	t.Helper()
	key, err := audit.NewWitness(w.VerifierKey)
	if err != nil {
		t.Fatal(err)
	}
	return witness.Client{Key: key, URL: w.URL, HTTP: w.Client()}
}

// desk is a log with its witnesses.
type desk struct {
	log   *audittest.Log
	fakes []*audittest.Witness
	group *witness.Group
	trust audit.Trust
	clock atomic.Int64 // seconds
}

func newDesk(t *testing.T, n int, policy witness.Policy) *desk {
	t.Helper()
	d := &desk{log: audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 5))}
	for i := range n {
		d.fakes = append(d.fakes, audittest.NewWitness(t, fmt.Sprintf("witness.example/w%d", i), d.log.Key))
	}
	d.regroup(t, policy)
	return d
}

// regroup makes the group anew, as a process that just started has it.
func (d *desk) regroup(t *testing.T, policy witness.Policy) {
	t.Helper()
	var clients []witness.Client
	for _, f := range d.fakes {
		clients = append(clients, client(t, f))
	}
	group, err := witness.NewGroup(policy, clients, func() time.Time { return time.Unix(d.clock.Load(), 0) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.group, d.trust = group, group.Trust(d.log.Trust)
}

func (d *desk) cosign(t *testing.T) (audit.SignedCheckpoint, bool, error) {
	t.Helper()
	msg, publish, err := d.group.Cosign(t.Context(), d.log.Reader(), kept(t, d.log))
	if err != nil {
		return audit.SignedCheckpoint{}, publish, err
	}
	trust := d.trust
	trust.Quorum = 0
	c, err := audit.OpenCheckpoint(msg, trust)
	if err != nil {
		t.Fatalf("the cosigned note does not open: %v\n%s", err, msg)
	}
	return c, publish, nil
}

func wantBreach(t *testing.T, err error, breach audit.Breach) {
	t.Helper()
	var v *audit.Violation
	if !errors.As(err, &v) || v.Breach != breach {
		t.Errorf("got %v, want %s", err, breach)
	}
}

// waitFor waits for what a request under way does; the deadline only ends a
// test that has failed.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestGrowthIsCosigned(t *testing.T) {
	d := newDesk(t, 3, witness.Policy{Quorum: 3, Required: true})
	for size := 5; size < 1200; size += size/2 + 1 {
		c, publish, err := d.cosign(t)
		if err != nil || !publish || len(c.Cosigned) != 3 || len(c.Unknown) != 0 {
			t.Fatalf("at %d entries: %d cosignatures, publish %v, %v", size, len(c.Cosigned), publish, err)
		}
		d.log.Append(t, audittest.Events(t, len(d.log.Entries), size+size/2+1)...)
	}
	// A new process does not know what the witnesses have seen, and learns it.
	d.regroup(t, witness.Policy{Quorum: 3, Required: true})
	if c, _, err := d.cosign(t); err != nil || len(c.Cosigned) != 3 {
		t.Errorf("after a restart: %v, %v", c.Cosigned, err)
	}
	for _, s := range d.group.Standings() {
		if s.Err != nil || s.Size != d.log.State.Size {
			t.Errorf("%+v, the log has %d", s, d.log.State.Size)
		}
	}
	// The same checkpoint again asks nobody.
	asked := d.fakes[0].Asked()
	if c, _, err := d.cosign(t); err != nil || len(c.Cosigned) != 3 || d.fakes[0].Asked() != asked {
		t.Errorf("again: %v, %v, asked %d times", c.Cosigned, err, d.fakes[0].Asked()-asked)
	}
	// Cosignatures that the keeper's note has already are not doubled.
	d.regroup(t, witness.Policy{Quorum: 3})
	msg, _, err := d.group.Cosign(t.Context(), d.log.Reader(), kept(t, d.log))
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.OpenCheckpoint(msg, d.log.Trust)
	if err != nil {
		t.Fatal(err)
	}
	msg, _, err = d.group.Cosign(t.Context(), d.log.Reader(), again)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := audit.OpenCheckpoint(msg, d.trust); err != nil || len(c.Cosigned) != 3 {
		t.Errorf("a cosigned note cosigned again: %v, %v", c.Cosigned, err)
	}
}

// TestContradictions: what a witness remembers against the log is an incident,
// also for a process that knows nothing of what the witness has seen.
func TestContradictions(t *testing.T) {
	other := func(d *desk, n int) *audittest.Log { // another history, with the log's key
		return audittest.Build(t, d.log.Key, audittest.Events(t, 1, n+1))
	}
	for name, c := range map[string]struct {
		change func(d *desk)
		breach audit.Breach
	}{
		"set back":           {func(d *desk) { d.log = audittest.Build(t, d.log.Key, audittest.Events(t, 0, 200)) }, audit.Rollback},
		"fork of equal size": {func(d *desk) { d.log = other(d, 300) }, audit.Fork},
		"fork that grew":     {func(d *desk) { d.log = other(d, 400) }, audit.Fork},
		"fork that is small": {func(d *desk) { d.log = other(d, 100) }, audit.Rollback},
		"a tile is changed": {func(d *desk) {
			d.log.Append(t, audittest.Events(t, 300, 600)...)
			d.log.Files[audit.TilePath(1, 0, 2)].Data[7] ^= 1
		}, audit.BadTree},
		"a tile is gone": {func(d *desk) {
			d.log.Append(t, audittest.Events(t, 300, 600)...)
			delete(d.log.Files, audit.TilePath(0, 1, 256))
		}, audit.Missing},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " restart=", restart), func(t *testing.T) {
				d := newDesk(t, 2, witness.Policy{Quorum: 1})
				d.log = audittest.Build(t, d.log.Key, audittest.Events(t, 0, 300))
				if _, _, err := d.cosign(t); err != nil {
					t.Fatal(err)
				}
				for _, f := range d.fakes {
					waitFor(t, "both have cosigned", func() bool { return f.Size() == 300 })
				}
				waitFor(t, "both are known to have", func() bool {
					s := d.group.Standings()
					return s[0].Size == 300 && s[1].Size == 300
				})
				c.change(d)
				if restart {
					d.regroup(t, witness.Policy{Quorum: 1})
				}
				_, publish, err := d.cosign(t)
				wantBreach(t, err, c.breach)
				if publish {
					t.Error("may be published")
				}
			})
		}
	}
}

// TestFaults: a witness that fails in any way never counts, is no incident, and
// holds up the log only where the policy says so.
func TestFaults(t *testing.T) {
	answer := func(status int, kind, body string) func(http.ResponseWriter, []byte) bool {
		return func(w http.ResponseWriter, _ []byte) bool {
			if kind != "" {
				w.Header().Set("Content-Type", kind)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	const sizes = "text/x.tlog.size"
	for name, spoil := range map[string]func(http.ResponseWriter, []byte) bool{
		"down":            answer(502, "", ""),
		"unknown log":     answer(404, "", ""),
		"unknown key":     answer(403, "", ""),
		"bad request":     answer(400, "", ""),
		"moved":           answer(307, "", ""),
		"empty":           answer(200, "", ""),
		"rubbish":         answer(200, "", "<html>\n"),
		"endless":         answer(200, "", strings.Repeat("— w x\n", 1<<14)),
		"half a line":     answer(200, "", "— witness.example/w0 AAAA"),
		"no size":         answer(409, sizes, "\n"),
		"size of letters": answer(409, sizes, "0x5\n"),
		"leading zero":    answer(409, sizes, "05\n"),
		"sign":            answer(409, sizes, "+5\n"),
		"over 63 bits":    answer(409, sizes, "9223372036854775808\n"),
		"size untyped":    answer(409, "text/plain", "3\n"),
		"never content":   answer(409, sizes, "3\n"),
		"refuses from 0":  answer(422, "", ""),
		"breaks off":      func(w http.ResponseWriter, _ []byte) bool { panic(http.ErrAbortHandler) },
		"the log's own": func(w http.ResponseWriter, body []byte) bool {
			w.Write(body[bytes.LastIndex(body, []byte("\n\n"))+2:])
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 1, witness.Policy{Quorum: 1})
			d.fakes[0].Spoil(spoil)
			c, publish, err := d.cosign(t)
			if err != nil || !publish || len(c.Cosigned)+len(c.Unknown) != 0 {
				t.Errorf("not required: %d cosignatures, publish %v, %v", len(c.Cosigned)+len(c.Unknown), publish, err)
			}
			if s := d.group.Standings(); fault.KindOf(s[0].Err) != fault.Unavailable {
				t.Errorf("it stands at %v", s[0].Err)
			}
			d.regroup(t, witness.Policy{Quorum: 1, Required: true})
			if _, publish, err := d.cosign(t); err != nil || publish {
				t.Errorf("required: publish %v, %v", publish, err)
			}
			d.fakes[0].Spoil(nil)
			d.clock.Add(3600)
			if c, publish, err := d.cosign(t); err != nil || !publish || len(c.Cosigned) != 1 {
				t.Errorf("mended: publish %v, %d cosignatures, %v", publish, len(c.Cosigned), err)
			}
		})
	}
}

// TestOnlyItsOwnCosignatureCounts: an answer may hold more lines; of these the
// one of the configured key over this checkpoint is taken and no other.
func TestOnlyItsOwnCosignatureCounts(t *testing.T) {
	d := newDesk(t, 2, witness.Policy{Quorum: 1})
	stranger := d.fakes[1]
	d.fakes = d.fakes[:1]
	_, strange := stranger.Judge(append([]byte("old 0\n\n"), d.log.Files[audit.CheckpointPath].Data...))
	for name, c := range map[string]struct {
		after func([]byte) []byte
		count int
	}{
		"more lines":       {func(a []byte) []byte { return slices.Concat(strange, a, strange) }, 1},
		"twice":            {func(a []byte) []byte { return slices.Concat(a, a) }, 1},
		"a stranger's":     {func([]byte) []byte { return strange }, 0},
		"a bit of it":      {func(a []byte) []byte { a[len(a)-20] ^= 1; return a }, 0},
		"other base64":     {func(a []byte) []byte { return bytes.Replace(a, []byte("=\n"), []byte("\n"), 1) }, 0},
		"without line end": {func(a []byte) []byte { return a[:len(a)-1] }, 0},
		"another dash":     {func(a []byte) []byte { return bytes.Replace(a, []byte("—"), []byte("-"), 1) }, 0},
		"another name":     {func(a []byte) []byte { return bytes.Replace(a, []byte("/w0 "), []byte("/w9 "), 1) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d.fakes[0].Forget()
			d.fakes[0].Garble(func(a []byte) []byte { return c.after(bytes.Clone(a)) })
			d.regroup(t, witness.Policy{Quorum: 1})
			got, _, err := d.cosign(t)
			if err != nil || len(got.Cosigned) != c.count || len(got.Unknown) != 0 {
				t.Errorf("%d cosignatures and %d unknown, want %d; %v", len(got.Cosigned), len(got.Unknown), c.count, err)
			}
		})
	}
}

// TestSlowWitness: with a quorum nobody is waited for; what the slow one finds
// wrong afterwards is told with the next checkpoint.
func TestSlowWitness(t *testing.T) {
	d := newDesk(t, 2, witness.Policy{Quorum: 1, Required: true, Wait: time.Hour})
	release := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	d.fakes[1].Spoil(func(w http.ResponseWriter, _ []byte) bool {
		<-release
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintln(w, 1<<20)
		return true
	})
	for range 2 {
		c, publish, err := d.cosign(t)
		if err != nil || !publish || len(c.Cosigned) != 1 {
			t.Fatalf("publish %v, %d cosignatures, %v", publish, len(c.Cosigned), err)
		}
		d.log.Append(t, audittest.Events(t, len(d.log.Entries), len(d.log.Entries)+1)...)
	}
	waitFor(t, "the slow witness is asked", func() bool { return d.fakes[1].Asked() > 0 })
	for range 20 {
		d.cosign(t)
		d.log.Append(t, audittest.Events(t, len(d.log.Entries), len(d.log.Entries)+1)...)
	}
	if n := d.fakes[1].Asked(); n != 1 {
		t.Errorf("the slow witness was asked %d times at once", n)
	}
	release <- struct{}{}
	var err error
	waitFor(t, "the slow witness is heard", func() bool {
		_, _, err = d.cosign(t)
		d.log.Append(t, audittest.Events(t, len(d.log.Entries), len(d.log.Entries)+1)...)
		return err != nil
	})
	wantBreach(t, err, audit.Rollback)
}

// TestSilentWitness: one that never answers ends a round at its time.
func TestSilentWitness(t *testing.T) {
	for _, required := range []bool{false, true} {
		d := newDesk(t, 1, witness.Policy{Quorum: 1, Required: required, Wait: 50 * time.Millisecond})
		release := make(chan struct{})
		d.fakes[0].Spoil(func(http.ResponseWriter, []byte) bool { <-release; return false })
		c, publish, err := d.cosign(t)
		if err != nil || publish == required || len(c.Cosigned) != 0 {
			t.Errorf("required %v: publish %v, %d cosignatures, %v", required, publish, len(c.Cosigned), err)
		}
		close(release)
	}
}

// TestFailingWitnessIsLeftAlone for a while, longer each time, a minute at most.
func TestFailingWitnessIsLeftAlone(t *testing.T) {
	d := newDesk(t, 1, witness.Policy{Quorum: 1})
	d.fakes[0].Spoil(func(w http.ResponseWriter, _ []byte) bool { w.WriteHeader(500); return true })
	pause := int64(1)
	for n := range 9 {
		before := d.fakes[0].Asked()
		if _, _, err := d.cosign(t); err != nil || d.fakes[0].Asked() != before+1 {
			t.Fatalf("failure %d: asked %d times, %v", n, d.fakes[0].Asked()-before, err)
		}
		d.clock.Add(pause - 1)
		if _, _, err := d.cosign(t); err != nil || d.fakes[0].Asked() != before+1 {
			t.Errorf("failure %d: asked again after %d s, %v", n, pause-1, err)
		}
		d.clock.Add(1)
		pause = min(2*pause, 60)
	}
}

func TestPolicyIsChecked(t *testing.T) {
	d := newDesk(t, 2, witness.Policy{Quorum: 1})
	w0, w1 := client(t, d.fakes[0]), client(t, d.fakes[1])
	for name, c := range map[string]struct {
		quorum  int
		clients []witness.Client
	}{
		"nobody": {1, nil}, "none needed": {0, []witness.Client{w0}}, "too many": {3, []witness.Client{w0, w1}},
		"negative": {-1, []witness.Client{w0}}, "one twice": {2, []witness.Client{w0, w0}},
	} {
		if _, err := witness.NewGroup(witness.Policy{Quorum: c.quorum}, c.clients, time.Now, nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestQuorum counts different witnesses, whoever they are.
func TestQuorum(t *testing.T) {
	down := func(w http.ResponseWriter, _ []byte) bool { w.WriteHeader(500); return true }
	for failing := range 4 {
		d := newDesk(t, 3, witness.Policy{Quorum: 2, Required: true})
		for i := range failing {
			d.fakes[i].Spoil(down)
		}
		if _, publish, err := d.cosign(t); err != nil || publish != (failing <= 1) {
			t.Errorf("%d of 3 fail: publish %v, %v", failing, publish, err)
		}
	}
}

type answering func(*http.Request) (*http.Response, error)

func (f answering) Do(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzAnswer gives a client arbitrary answers: it takes a line only if it is in
// the answer and verifies, and a size only if it is written in its one form.
func FuzzAnswer(f *testing.F) {
	log := audittest.Build(f, audittest.NewKey(f, audittest.Origin), audittest.Events(f, 0, 3))
	w := audittest.NewWitness(f, "witness.example/w0", log.Key)
	_, good := w.Judge(append([]byte("old 0\n\n"), log.Files[audit.CheckpointPath].Data...))
	for _, status := range []int{200, 409, 422, 404, 500} {
		for _, body := range []string{string(good), "17\n", "", "\n", "— witness.example/w0 AAAAAAAA\n"} {
			f.Add(status, "text/x.tlog.size", []byte(body))
		}
	}
	signed := kept(f, log)
	c := client(f, w)
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		c.HTTP = answering(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
		})
		line, err := c.Add(t.Context(), witness.Submission{Signed: signed})
		var conflict *witness.Conflict
		switch {
		case err == nil:
			trust := log.Trust
			trust.Witnesses, trust.Quorum = append(trust.Witnesses, c.Key), 1
			if _, err := audit.OpenCheckpoint(slices.Concat(signed.Note, line), trust); err != nil || !bytes.Contains(body, line) || status != 200 {
				t.Errorf("took %q of %q: %v", line, body, err)
			}
		case errors.As(err, &conflict):
			if status != 409 || string(body) != fmt.Sprintf("%d\n", conflict.Size) {
				t.Errorf("took %d of %q", conflict.Size, body)
			}
		}
	})
}
