package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"lerd/internal/audit"
)

// losses runs the command as an operator does, on the reading role's connection.
func (l *lostLog) losses(config string) (string, error) {
	l.t.Helper()
	var out bytes.Buffer
	err := auditLossCmd{auditSource: auditSource{Dir: l.cfg.Dir, DatabaseURL: l.db.Auditor}, Config: config}.run(l.ctx, func(string) string { return "" }, &out)
	return out.String(), err
}

// says fails unless the command prints all of this, and fails with this.
func (l *lostLog) says(when, fails string, prints ...string) {
	l.t.Helper()
	said, err := l.losses("")
	if fails == "" && err != nil || fails != "" && (err == nil || !strings.Contains(err.Error(), fails)) {
		l.t.Errorf("%s: it fails with %v, want %q", when, err, fails)
	}
	for _, want := range prints {
		if !strings.Contains(said, want) {
			l.t.Errorf("%s: it prints\n%s\nwant %q", when, said, want)
		}
	}
}

// TestAuditLossSaysHowItStands asks the command at each step of a loss.
func TestAuditLossSaysHowItStands(t *testing.T) {
	l := newLost(t)
	ended, err := audit.OpenCheckpoint(l.pin, l.sequencer.Trust)
	l.must(err)
	here, err := l.store.AuditReader().Placed(l.ctx)
	l.must(err)
	missing := fmt.Sprintf("entries %d to %d\n", here, ended.Size-1)
	digest := l.digest(l.as("helen.park"))
	l.says("at first", "Needed still: the word of one auditor and the word of one counsel, at /log-loss", "LOST", "ROLLBACK", missing, ended.Root.String(), "in the data folder", "epoch 2 under lerd.example/test/2", digest)
	l.must(l.oversight.AcknowledgeLoss(l.as("helen.park"), digest, "The disk failed."))
	l.says("after counsel's word", "Needed still: the word of one auditor, at", "LOST", missing, "by counsel (person "+string(l.personOf("helen.park")))
	l.must(l.oversight.AcknowledgeLoss(l.as("ines.moreau"), digest, "Seen."))
	l.says("after both", "", "NOTHING LOST", "begins with the sequencer's next round")
	l.sequenceAll()
	l.says("afterwards", "", "NOTHING LOST", "places asked: 1", "epoch 2", "under lerd.example/test/2", "the log goes on under it")

	second := t.TempDir()
	file := l.cfg.path("loss.yaml")
	l.must(os.WriteFile(file, []byte("dir: "+l.cfg.Dir+"\nkeeper:\n  folder: "+second+"\n"), 0o600))
	if said, err := l.losses(file); err == nil || !strings.Contains(err.Error(), "UNCLEAR") || !strings.Contains(err.Error(), "lerd audit keep") {
		t.Errorf("a configured place without a record: %q, %v", said, err)
	}
}
