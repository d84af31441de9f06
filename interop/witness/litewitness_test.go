// Package witness_test lets a witness that lerd's authors did not write, the
// program litewitness of filippo.io/torchwood, cosign a lerd log on loopback.
package witness_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/audit/witness"
	"lerd/internal/fault"
	"lerd/internal/testkit/litewitness"
)

// group asks the witness as lerd does, with no memory of what it has seen.
func group(t *testing.T, w litewitness.Witness) *witness.Group {
	t.Helper()
	key, err := audit.NewWitness(w.VKey)
	if err != nil {
		t.Fatal(err)
	}
	g, err := witness.NewGroup(witness.Policy{Quorum: 1, Required: true, Wait: 30 * time.Second},
		[]witness.Client{{Key: key, URL: w.URL, HTTP: http.DefaultClient}}, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func cosign(t *testing.T, g *witness.Group, log *audittest.Log) ([]byte, bool, error) {
	t.Helper()
	kept, err := audit.OpenCheckpoint(log.Files[audit.CheckpointPath].Data, log.Trust)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	return g.Cosign(ctx, log.Reader(), kept)
}

// TestLitewitness: growth is cosigned; a log that was set back and two kinds of
// fork, all signed with the right key, are refused by the witness and named by
// lerd, also by a process that has just started.
func TestLitewitness(t *testing.T) {
	w := litewitness.Start(t, "..")
	key := audittest.NewKey(t, audittest.Origin)
	w.Know(t, audittest.Origin, key.VerifierKey)
	log := audittest.NewLog(key)
	g := group(t, w)
	for i, size := range []int{1, 2, 255, 256, 257, 1000, 1000, 3000} {
		if i == 5 {
			g = group(t, w) // begins at 0 and is told 257
		}
		log.Append(t, audittest.Events(t, len(log.Entries), size)...)
		msg, publish, err := cosign(t, g, log)
		if err != nil || !publish {
			t.Fatalf("at %d entries: publish %v, %v", size, publish, err)
		}
		if _, err := audit.OpenCheckpoint(msg, g.Trust(log.Trust)); err != nil {
			t.Fatalf("at %d entries: %v\n%s", size, err, msg)
		}
		alsoElsewhere(t, msg, w.VKey, log)
	}
	events := func(from, to int) [][]byte { return audittest.Events(t, from, to) }
	for name, c := range map[string]struct {
		log    *audittest.Log
		breach audit.Breach
		words  string
	}{
		"set back":           {audittest.Build(t, key, events(0, 900)), audit.Rollback, "has seen 3000 entries"},
		"fork of equal size": {audittest.Build(t, key, events(1, 3001)), audit.Fork, "two histories"},
		"fork that grew":     {audittest.Build(t, key, events(1, 4001)), audit.Fork, "two histories"},
	} {
		for _, g := range []*witness.Group{g, group(t, w)} {
			_, publish, err := cosign(t, g, c.log)
			var v *audit.Violation
			if !errors.As(err, &v) || v.Breach != c.breach || !strings.Contains(err.Error(), c.words) || publish {
				t.Errorf("%s: publish %v, %v; want %s with %q", name, publish, err, c.breach, c.words)
			}
		}
	}
	log.Append(t, events(3000, 3100)...)
	if _, publish, err := cosign(t, g, log); err != nil || !publish {
		t.Errorf("the honest log afterwards: %v, %v", publish, err)
	}
}

// alsoElsewhere verifies the cosignature with transparency-dev's library.
func alsoElsewhere(t *testing.T, msg []byte, vkey string, log *audittest.Log) {
	t.Helper()
	v, err := fnote.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(msg, note.VerifierList(log.Trust.Log[0], v))
	if err != nil || len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
		t.Errorf("%d signatures verified and %d not, %v", len(n.Sigs), len(n.UnverifiedSigs), err)
	}
}

// TestLitewitnessIsNotReady: a witness that does not know the log, or another
// key of it, is a matter for its operator and no incident.
func TestLitewitnessIsNotReady(t *testing.T) {
	w := litewitness.Start(t, "..")
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 5))
	stands := func(words string) {
		t.Helper()
		g := group(t, w)
		if _, publish, err := cosign(t, g, log); err != nil || publish {
			t.Errorf("publish %v, %v", publish, err)
		}
		if s := g.Standings(); fault.KindOf(s[0].Err) != fault.Unavailable || !strings.Contains(fault.Message(s[0].Err), words) {
			t.Errorf("it stands at %v, want %q", s[0].Err, words)
		}
	}
	stands("does not know this log")
	w.Know(t, audittest.Origin, audittest.NewKey(t, audittest.Origin).VerifierKey)
	stands("has another verifier key")
}
