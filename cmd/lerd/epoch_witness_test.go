package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/witness"
	"lerd/internal/fault"
	"lerd/internal/testkit/litewitness"
	"lerd/internal/verifycli"
)

// TestAWitnessOfOthersCosignsTheNewOrigin lets a log that must be cosigned by
// litewitness lose entries. After the two words nothing is published until the
// witness's operator has added the new origin with the key that lerd publishes;
// from then on a stranger counts the witness's cosignature, and the witness has the
// old origin as it was.
func TestAWitnessOfOthersCosignsTheNewOrigin(t *testing.T) {
	w := litewitness.Start(t, filepath.Join("..", "..", "interop"))
	l := newLostSeen(t, func(c *config) {
		c.Witness = witnessConfig{List: []witnessEntry{{URL: w.URL, Key: w.VKey}}, Required: true, Wait: 10 * time.Second}
	}, func(l *lostLog) { w.Know(t, "lerd.example/test", l.keyOf(1)) })
	l.wantStop(audit.Rollback)
	before, err := l.store.AuditReader().ReadCheckpoint(l.ctx)
	l.must(err)
	for _, who := range []string{"helen.park", "ines.moreau"} {
		l.must(l.oversight.AcknowledgeLoss(l.as(who), l.digest(l.as(who)), "The disk failed."))
	}
	l.unpublished(before, "does not know this log")

	keys, err := l.publisher(l.now).File(l.ctx, "log-keys.txt")
	l.must(err)
	lines := strings.Split(strings.TrimSpace(string(keys)), "\n")
	w.Know(t, "lerd.example/test/2", strings.TrimSpace(lines[len(lines)-1]))
	l.clock.Advance(5 * time.Minute) // lerd asks a witness that failed again after a pause
	l.sequenceAll()
	if l.sequencer.Hold() != nil {
		t.Fatalf("still held: %v", l.sequencer.Hold())
	}
	said, err := l.cosigned(w, l.pin)
	for _, want := range []string{"VERIFIED", "GAP: epoch 1 ended at size", "Log lerd.example/test/2, size"} {
		if err != nil || !strings.Contains(said, want) {
			t.Errorf("with the witness's cosignature a stranger reads %q, %v; want %q", said, err, want)
		}
	}
	another := litewitness.Start(t, filepath.Join("..", "..", "interop"))
	if said, err := l.cosigned(another, l.pin); err == nil {
		t.Errorf("with another witness's key: %q", said)
	}
}

// keyOf gives the verifier key of an epoch.
func (s *scenario) keyOf(epoch int64) string {
	s.t.Helper()
	first, err := os.ReadFile(s.cfg.path("keys", "log.vkey"))
	s.must(err)
	keys, err := audit.VerifierKeys(strings.TrimSpace(string(first)), epoch)
	s.must(err)
	return keys[epoch-1]
}

// unpublished runs the log, and fails if readers see anything newer, or the
// witness does not stand as it must.
func (l *lostLog) unpublished(before []byte, why string) {
	l.t.Helper()
	for range 3 {
		_, _ = l.sequencer.RunOnce(l.ctx)
	}
	now, err := l.store.AuditReader().ReadCheckpoint(l.ctx)
	l.must(err)
	if !bytes.Equal(before, now) {
		l.t.Errorf("published without the witness:\n%s", now)
	}
	if s := l.sequencer.Witnesses.(*witness.Group).Standings(); fault.KindOf(s[0].Err) != fault.Unavailable || !strings.Contains(fault.Message(s[0].Err), why) {
		l.t.Errorf("the witness stands at %v", s[0].Err)
	}
}

// cosigned verifies the published log, counting a witness.
func (l *lostLog) cosigned(w litewitness.Witness, pin []byte) (string, error) {
	l.t.Helper()
	dir := l.t.TempDir()
	if _, err := (audit.Exporter{Source: l.store.AuditReader(), Dir: dir, Trust: l.sequencer.Trust}).Export(l.ctx); err != nil {
		l.t.Fatal(err)
	}
	files := l.t.TempDir()
	keys, kept := filepath.Join(files, "witnesses"), filepath.Join(files, "pin")
	l.must(os.WriteFile(keys, []byte(w.VKey+"\n"), 0o600))
	l.must(os.WriteFile(kept, pin, 0o600))
	c := verifycli.Log{Dir: dir, VKey: l.cfg.path("keys", "log.vkey"), Pin: kept, Witnesses: verifycli.Witnesses{Witness: keys, Quorum: 1}, Quiet: true}
	var out bytes.Buffer
	err := c.Check(l.ctx, &out, io.Discard)
	return out.String(), err
}
