package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/testkit"
	"lerd/internal/verifycli"
)

// stopped ends lerd, so that its database can be copied or exchanged.
func (s *scenario) stopped() {
	s.t.Helper()
	s.close()
	s.system = nil
	if s.owner != nil {
		s.owner.Close()
		s.owner = nil
	}
}

// backUp copies the database of a lerd that is stopped, as a backup would.
func (s *scenario) backUp(name string) testkit.Database {
	s.t.Helper()
	maintenance, err := sql.Open("pgx", strings.Replace(s.db.Superuser, s.db.Name, "postgres", 1))
	s.must(err)
	defer maintenance.Close()
	copied := s.db
	copied.Name = s.db.Name + "_" + name
	for try := 0; ; try++ { // a connection that was closed takes a moment to be gone
		if _, err = maintenance.Exec("CREATE DATABASE " + copied.Name + " TEMPLATE " + s.db.Name); err == nil || try == 50 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.must(err)
	s.t.Cleanup(func() {
		m, err := sql.Open("pgx", strings.Replace(copied.Superuser, copied.Name, "postgres", 1))
		if err == nil {
			_, _ = m.Exec("DROP DATABASE " + copied.Name + " WITH (FORCE)")
			m.Close()
		}
	})
	for _, u := range []*string{&copied.App, &copied.Owner, &copied.Auditor, &copied.Superuser} {
		*u = strings.Replace(*u, s.db.Name, copied.Name, 1)
	}
	return copied
}

// lostLog is a log whose database was restored from a backup after a case had left.
type lostLog struct {
	*scenario
	accounts  string // URL of the account data
	dir       string
	early     requests.Request // left before the backup
	after     requests.Request // left after it
	oldBundle string
	pin       []byte // the checkpoint that a stranger kept, from after the backup
}

// newLost lets a case leave, makes a backup, lets another leave, and restores.
func newLost(t *testing.T) *lostLog { return newLostSeen(t, nil, nil) }

// newLostSeen is newLost with more places outside the database: configure names
// them, known is called once the log's key is there.
func newLostSeen(t *testing.T, configure func(*config), known func(*lostLog)) *lostLog {
	t.Helper()
	l := &lostLog{scenario: newScenario(t)}
	l.dir = l.cfg.Dir
	var err error
	l.accounts, err = sample.URL(l.db.Owner, testkit.RecordsPassword)
	l.must(err)
	if configure != nil {
		known(l)
		l.stopped()
		l.configure = configure
		l.start(l.dir, l.accounts)
	}
	l.early = l.toExport("IN/94/2026/701")
	l.sequenceAll()
	l.oldBundle = l.bundleOf(l.early.ID)
	l.stopped()
	backup := l.backUp("backup")
	l.start(l.dir, l.accounts)
	l.after = l.toExport("IN/94/2026/702")
	l.sequenceAll()
	l.pin, err = l.store.AuditReader().ReadCheckpoint(l.ctx)
	l.must(err)
	l.stopped()
	l.db = backup
	l.start(l.dir, l.accounts)
	return l
}

// bundleOf puts the bundle of a case into a file.
func (s *scenario) bundleOf(id requests.ID) string {
	s.t.Helper()
	b, name, err := s.cases.Download(s.as("asha.rao"), id)
	s.must(err)
	defer b.Close()
	path := filepath.Join(s.t.TempDir(), name)
	all, err := io.ReadAll(b)
	s.must(err)
	s.must(os.WriteFile(path, all, 0o600))
	return path
}

// strangers verifies the published log with lerd-verify's own check.
func (s *scenario) strangers(pin []byte) (string, error) {
	s.t.Helper()
	dir := s.t.TempDir()
	if _, err := (audit.Exporter{Source: s.store.AuditReader(), Dir: dir, Trust: s.sequencer.Trust}).Export(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	c := verifycli.Log{Dir: dir, VKey: s.cfg.path("keys", "log.vkey"), Quiet: true}
	if pin != nil {
		c.Pin = filepath.Join(s.t.TempDir(), "pin")
		s.must(os.WriteFile(c.Pin, pin, 0o600))
	}
	var out bytes.Buffer
	err := c.Check(s.ctx, &out, io.Discard)
	return out.String(), err
}

// digest is what the loss is called that the actor would acknowledge.
func (l *lostLog) digest(ctx context.Context) string {
	l.t.Helper()
	in, err := l.oversight.LogLoss(ctx)
	l.must(err)
	if in.Loss == nil {
		l.t.Fatalf("nothing is lost: %v", in.Unclear)
	}
	return in.Digest
}

// wantStop fails unless the log stands still with a finding of this kind.
func (l *lostLog) wantStop(breach audit.Breach) {
	l.t.Helper()
	_, err := l.sequencer.RunOnce(l.ctx)
	var v *audit.Violation
	if !errors.As(err, &v) || v.Breach != breach || fault.KindOf(l.sequencer.Hold()) != fault.Gate {
		l.t.Fatalf("the log goes on: %v, hold %v", err, l.sequencer.Hold())
	}
}

// TestALostLogIsAcknowledged restores a backup, sees everything stop, has a
// counsel and an auditor acknowledge the loss, and lets a stranger read of it.
func TestALostLogIsAcknowledged(t *testing.T) {
	l := newLost(t)
	l.wantStop(audit.Rollback)
	waiting := l.approved("IN/94/2026/703")
	if _, err := l.caseJob.RunOnce(l.ctx); err == nil && l.load(waiting).Request.State == requests.ExportedCase {
		t.Fatal("a case left while the log was stopped")
	}
	if _, err := l.erase(l.ctx); err == nil {
		t.Error("erasure went on while the log was stopped")
	}
	counsel, auditor := l.as("helen.park"), l.as("ines.moreau")
	digest := l.digest(counsel)
	for who, ctx := range map[string]context.Context{"an administrator": l.as("tess.boyd"), "an approver": l.as("anna.keller"), "an officer": l.as("asha.rao")} {
		if err := l.oversight.AcknowledgeLoss(ctx, digest, "I say so."); err == nil {
			t.Errorf("%s acknowledged a loss", who)
		}
	}
	if err := l.oversight.AcknowledgeLoss(counsel, strings.Repeat("0", 64), "Another."); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another loss than was read: %v", err)
	}
	if err := l.oversight.AcknowledgeLoss(counsel, digest, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	l.must(l.oversight.AcknowledgeLoss(counsel, digest, "The disk failed; the write-ahead log is gone."))
	if err := l.oversight.AcknowledgeLoss(counsel, digest, "Again."); fault.KindOf(err) != fault.Gate {
		t.Errorf("the same person twice: %v", err)
	}
	l.wantStop(audit.Rollback)
	l.must(l.oversight.AcknowledgeLoss(auditor, digest, "Seen, and nothing newer was found."))
	l.sequenceAll()
	if l.sequencer.Hold() != nil {
		t.Fatalf("still held: %v", l.sequencer.Hold())
	}
	for who, ctx := range map[string]context.Context{"counsel": counsel, "auditor": auditor} {
		if err := l.oversight.AcknowledgeLoss(ctx, digest, "Once more."); fault.KindOf(err) != fault.Gate {
			t.Errorf("a second acknowledgement by %s: %v", who, err)
		}
	}
	l.clock.Advance(time.Hour) // a release that failed is tried again after a while
	l.jobs()
	l.sequenceAll()
	if got := l.load(waiting).Request.State; got != requests.ExportedCase {
		t.Fatalf("after the acknowledgement the case is %s\n%s", got, l.log)
	}
	l.afterTheGap(waiting)
	l.comparesItsTables()
}

// afterTheGap is what everybody finds from then on.
func (l *lostLog) afterTheGap(waiting requests.ID) {
	l.t.Helper()
	said, err := l.strangers(l.pin)
	old, openErr := audit.OpenCheckpoint(l.pin, l.sequencer.Trust)
	l.must(openErr)
	for _, want := range []string{"VERIFIED", "GAP: epoch 1 ended at size", old.Root.String(), "are lost; acknowledged by a counsel and an auditor on 2 November 2026; epoch 2 begins", "lie in a gap", "Log lerd.example/test/2, size"} {
		if err != nil || !strings.Contains(said, want) {
			l.t.Errorf("a stranger reads %q, %v; want %q", said, err, want)
		}
	}
	l.verifyBundle(l.oldBundle)
	l.verifyBundle(l.bundleOf(waiting))
	if report := l.verifyLog(); len(report.Log.Gaps) != 1 {
		l.t.Errorf("the database's verification names %d gaps", len(report.Log.Gaps))
	}
	epochs := l.column("SELECT DISTINCT convert_from(entry, 'UTF8')::jsonb->>'epoch' FROM audit.event ORDER BY 1")
	if strings.Join(epochs, " ") != "0 1" {
		l.t.Errorf("events are of epochs %v", epochs)
	}
	in, err := l.oversight.LogLoss(l.as("helen.park"))
	if err != nil || in.Loss != nil || len(in.Before) != 1 || in.Before[0].Epoch != 2 {
		l.t.Errorf("the page says %+v, %v", in, err)
	}
	keys, err := l.publisher(l.now).File(l.ctx, "log-keys.txt")
	if err != nil || !strings.Contains(string(keys), "lerd.example/test/2+") || strings.Count(string(keys), "\n") != 2 {
		l.t.Errorf("published keys %q, %v", keys, err)
	}
	former, err := l.store.AuditReader().EpochCheckpoint(l.ctx, 1)
	if c, openErr := audit.OpenCheckpoint(former, l.sequencer.Trust); err != nil || openErr != nil || c.Origin != "lerd.example/test" || c.Size > in.Before[0].Size {
		l.t.Errorf("the old origin's checkpoint is %q, %v", former, err)
	}
	if err := l.oversight.AcknowledgeLoss(l.as("ines.moreau"), in.Before[0].Loss, "Nothing is lost."); fault.KindOf(err) != fault.Gate {
		l.t.Errorf("acknowledged with nothing lost: %v", err)
	}
}
