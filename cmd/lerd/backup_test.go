package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/backup"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/retention"
	"lerd/internal/store"
	"lerd/internal/store/blob"
	"lerd/internal/store/cluster"
	"lerd/internal/testkit"
	"lerd/policies"
)

// vaultOf is where a test keeps its backups, and their keys apart from them.
type vaultOf struct {
	*scenario
	service *backup.Service
	out     string
	ctx     context.Context
}

func (s *scenario) vault() *vaultOf {
	s.cfg.Backups.Keys = s.t.TempDir()
	return &vaultOf{s, s.cfg.backups(s.store, s.rules, s.clock.Now), s.t.TempDir(), identity.With(s.ctx, identity.SystemActor())}
}

func (v *vaultOf) source() backup.Source {
	last, err := auditSource{Dir: v.cfg.Dir}.keeper().Load()
	v.must(err)
	return backup.Source{Dump: func(ctx context.Context, w io.Writer) error { return cluster.Dump(ctx, v.db.Owner, w) }, Files: v.cfg.path("blobs"), Checkpoint: string(last)}
}

func (v *vaultOf) make() (backup.Manifest, string) {
	v.t.Helper()
	m, err := v.service.Make(v.ctx, v.source(), v.out, 30)
	v.must(err)
	return m, filepath.Join(v.out, m.ID)
}

// restore restores a backup into new, empty places, and gives them.
func (v *vaultOf) restore(dir string) (testkit.Database, string, error) {
	v.t.Helper()
	db, files := testkit.EmptyPostgres(v.t), filepath.Join(v.t.TempDir(), "blobs")
	_, err := backup.Restore(v.ctx, v.service.Keys, dir, target(db, files))
	return db, files, err
}

func target(db testkit.Database, files string) backup.Target {
	return backup.Target{Load: func(ctx context.Context, r io.Reader) error { return cluster.Load(ctx, db.Owner, r) }, Files: files, Name: blob.Valid}
}

// judged verifies a restored log against the last checkpoint that was signed.
func (v *vaultOf) judged(db testkit.Database, kept []byte) error {
	v.t.Helper()
	trust, err := auditSource{Dir: v.cfg.Dir}.trust()
	v.must(err)
	restored, err := store.Open(v.ctx, store.Config{URL: db.Owner})
	v.must(err)
	defer restored.Close()
	_, err = restored.VerifyAudit(v.ctx, store.AuditCheck{Trust: trust, Kept: kept})
	return err
}

// TestABackupIsReadBackWhole restores database and files, which verify as they
// stood; a log that has gone on since is noticed.
func TestABackupIsReadBackWhole(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/970")
	s.sequenceAll()
	v := s.vault()
	m, dir := v.make()
	v.nothingReadable(dir, "IN/94/2026/970", string(id), "asha.rao")
	db, files, err := v.restore(dir)
	s.must(err)
	if diff := differ(s.cfg.path("blobs"), files); diff != "" {
		t.Error(diff)
	}
	s.must(v.judged(db, []byte(m.Checkpoint)))
	s.submit("IN/94/2026/971")
	s.sequenceAll()
	last, err := auditSource{Dir: s.cfg.Dir}.keeper().Load()
	s.must(err)
	if err := v.judged(db, last); !store.IsDifference(err) {
		t.Errorf("a database that was set back: %v", err)
	}
	if _, err := backup.Restore(v.ctx, v.service.Keys, dir, target(db, filepath.Join(t.TempDir(), "blobs"))); fault.KindOf(err) != fault.Conflict {
		t.Errorf("restored over data: %v", err)
	}
	if _, err := backup.Restore(v.ctx, v.service.Keys, dir, target(testkit.EmptyPostgres(t), files)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("restored over files: %v", err)
	}
	v.tampered(dir)
}

// tampered changes each file of a backup, and takes each away.
func (v *vaultOf) tampered(dir string) {
	v.t.Helper()
	entries, err := os.ReadDir(dir)
	v.must(err)
	if len(entries) != 3 {
		v.t.Errorf("%d files in the backup", len(entries))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		whole, err := os.ReadFile(path)
		v.must(err)
		for name, b := range map[string][]byte{"shorter": whole[:len(whole)-1], "another byte": append(bytes.Clone(whole[:len(whole)/2]), append([]byte{whole[len(whole)/2] ^ 1}, whole[len(whole)/2+1:]...)...)} {
			v.must(os.WriteFile(path, b, 0o600))
			if _, _, err := v.restore(dir); fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.NotFound && e.Name() != backup.ManifestName {
				v.t.Errorf("%s, %s: %v", e.Name(), name, err)
			}
		}
		v.must(os.Remove(path))
		if _, _, err := v.restore(dir); fault.KindOf(err) != fault.Invalid {
			v.t.Errorf("without %s: %v", e.Name(), err)
		}
		v.must(os.WriteFile(path, whole, 0o600))
	}
	if _, _, err := v.restore(dir); err != nil {
		v.t.Errorf("whole again: %v", err)
	}
}

// nothingReadable looks for words in a backup's files.
func (v *vaultOf) nothingReadable(dir string, words ...string) {
	v.t.Helper()
	v.must(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				v.t.Errorf("%q stands readable in %s", w, e.Name())
			}
		}
		return err
	}))
}

// differ compares two folders file by file.
func differ(a, b string) (diff string) {
	n := 0
	err := filepath.WalkDir(a, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			return err
		}
		n++
		rel, _ := filepath.Rel(a, path)
		one, errA := os.ReadFile(path)
		other, errB := os.ReadFile(filepath.Join(b, rel))
		if errA != nil || errB != nil || !bytes.Equal(one, other) {
			diff += rel + " differs\n"
		}
		return nil
	})
	if err != nil || n < 2 {
		diff += "nothing was compared\n"
	}
	return diff
}

// TestABackupEndsWithItsKey lets the time of a backup come: nobody opens it any
// more, and both its making and its end are on record.
func TestABackupEndsWithItsKey(t *testing.T) {
	s := newScenario(t)
	v := s.vault()
	m, dir := v.make()
	if n, err := v.service.RunOnce(s.ctx); err != nil || n != 0 {
		t.Errorf("ended %d before the time: %v", n, err)
	}
	s.clock.Set(m.Until)
	if n, err := v.service.RunOnce(s.ctx); err != nil || n != 1 {
		t.Errorf("ended %d: %v", n, err)
	}
	if left, err := os.ReadDir(v.service.Keys.Dir); err != nil || len(left) != 0 {
		t.Errorf("left of the key: %v %v", left, err)
	}
	if _, _, err := v.restore(dir); fault.KindOf(err) != fault.NotFound {
		t.Errorf("opened past its time: %v", err)
	}
	if n, err := v.service.RunOnce(s.ctx); err != nil || n != 0 {
		t.Errorf("ended again: %d, %v", n, err)
	}
	if got := s.column("SELECT kind || ' ' || (stream = 'backup:" + m.ID + "') FROM audit.event WHERE kind LIKE 'backup.%' ORDER BY recorded_at"); strings.Join(got, ",") != "backup.made true,backup.key_ended true" {
		t.Errorf("on record: %v", got)
	}
	policy, err := retention.Load(policies.FS)
	s.must(err)
	for _, c := range policy.Classes {
		if c.Floor < backup.MaxDays {
			t.Errorf("%s may be erased after %d days, and a backup can be opened for %d", c.ID, c.Floor, backup.MaxDays)
		}
	}
	for days, keys := range map[int]string{0: v.service.Keys.Dir, 31: v.service.Keys.Dir, 5: v.out, 6: filepath.Join(v.out, "keys"), 7: ""} {
		other := *v.service
		other.Keys.Dir = keys
		if _, err := other.Make(v.ctx, v.source(), v.out, days); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d days, keys in %q: %v", days, keys, err)
		}
	}
	if _, err := v.service.Make(s.as("anna.keller"), v.source(), v.out, 3); fault.KindOf(err) != fault.NotFound {
		t.Errorf("made by an approver: %v", err)
	}
	s.verifyLog()
}

// TestABackupIsOnRecordOrNotThere breaks the making and the end of a backup at
// their events.
func TestABackupIsOnRecordOrNotThere(t *testing.T) {
	s := newScenario(t)
	u, v := s.unwritable(), s.vault()
	u.without("make a backup", func() error { _, err := v.service.Make(v.ctx, v.source(), v.out, 30); return err }, "backup.made")
	for _, dir := range []string{v.out, v.service.Keys.Dir} {
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
	m, dir := v.make()
	s.clock.Set(m.Until)
	u.without("end its key", func() error { _, err := v.service.RunOnce(s.ctx); return err }, "backup.key_ended")
	if _, _, err := v.restore(dir); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the key outlives an event that was not written: %v", err)
	}
	if n, err := v.service.RunOnce(s.ctx); err != nil || n != 1 {
		t.Errorf("put on record afterwards: %d, %v", n, err)
	}
	stopped := filepath.Join(v.service.Keys.Dir, "20260101T000000Z-00000000.key") // overwritten, and stopped before it was renamed
	s.must(os.WriteFile(stopped, make([]byte, 120), 0o600))
	if n, err := v.service.RunOnce(s.ctx); err != nil || n != 1 || exists(stopped) {
		t.Errorf("a key that was half ended: %d, %v", n, err)
	}
}
