package main

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/jobs"
	"lerd/internal/requests"
	"lerd/internal/testkit"
)

// TestKillAtEachDurableStepOfARelease kills a real process with SIGKILL at each
// durable point of an export, starts lerd again, and looks for what must not
// be: a step taken twice, a step lost, a gap in the log, a bundle that does not
// verify, something left in the clear.
func TestKillAtEachDurableStepOfARelease(t *testing.T) {
	s := newScenario(t)
	accounts := s.cfg.AccountsURL
	for i, point := range jobs.Points {
		q := s.submit(fmt.Sprintf("IN/94/2026/%d", 100+i))
		s.review(q.ID)
		s.jobs()
		s.confirm()
		s.jobs()
		s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
		planted := s.recordsOf(q.ID)

		killed := s.dieAt(point)
		if !killed {
			t.Errorf("%s: the process was not killed, so nothing was tried", point)
		}
		s.unreadable(point, planted)
		s.close()
		s.start(s.cfg.Dir, accounts) // as after a restart
		s.jobs()
		if got := s.state(q.ID); got != requests.ExportedCase {
			t.Fatalf("%s: after the restart the case is %s\n%s", point, got, s.log)
		}
		s.once(point, s.load(q.ID))
	}
	s.verifyLog()
}

// recordsOf gives the numbers and addresses that a release discloses.
func (s *scenario) recordsOf(id requests.ID) (planted []string) {
	s.t.Helper()
	_, sheet, err := s.cases.ViewRelease(s.as("anna.keller"), id, 0, 1<<20)
	s.must(err)
	for _, r := range sheet.Rows {
		if r.Phone != nil {
			planted = append(planted, r.Phone.Phone.Reveal())
		} else {
			planted = append(planted, r.IP.Address.Reveal().String())
		}
	}
	if len(planted) < 5 {
		s.t.Fatalf("only %d records are disclosed", len(planted))
	}
	return planted
}

// unreadable looks into every file that a killed process left below the data
// folder, packed or not, for what it was about to disclose. The private database
// has its own guard, and orders are what agencies wrote.
func (s *scenario) unreadable(point string, planted []string) {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(s.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, "/pg/") || strings.Contains(path, "/blobs/documents/") || strings.Contains(path, "/blobs/orders/") {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		unpacked, _ := io.ReadAll(flate.NewReader(bytes.NewReader(b))) // what is no deflate stream ends early
		for _, text := range [][]byte{b, unpacked} {
			for _, p := range planted {
				if bytes.Contains(text, []byte(p)) {
					s.t.Errorf("%s: %s was left in %s", point, p, path)
					return nil
				}
			}
		}
		if bytes.Contains(b, []byte("PK\x03\x04")) || bytes.Contains(b, []byte("data/records/")) {
			s.t.Errorf("%s: %s is a container in the clear", point, path)
		}
		return nil
	})
	s.must(err)
	if files < 5 {
		s.t.Fatalf("%s: only %d files were looked at", point, files)
	}
}

// once checks that each step of a release is on record exactly once, and that
// its bundle opens and verifies.
func (s *scenario) once(point string, c requests.Case) {
	s.t.Helper()
	want := map[string][2]int{ // kind: least and most
		"release.prepared": {1, 1}, "release.approved": {1, 1}, "export.intended": {1, 1},
		"export.sealed": {1, 1}, "export.released": {1, 1}, "export.resumed": {0, 1},
	}
	got := map[string]int{}
	rows, err := s.store.SQL().Query("SELECT kind FROM audit.event WHERE stream = $1", requests.StreamOfRelease(c.Release.ID))
	s.must(err)
	defer rows.Close()
	for rows.Next() {
		var kind string
		s.must(rows.Scan(&kind))
		got[kind]++
	}
	for kind, n := range want {
		if got[kind] < n[0] || got[kind] > n[1] {
			s.t.Errorf("%s: %d × %s, want %d to %d", point, got[kind], kind, n[0], n[1])
		}
	}
	left, err := filepath.Glob(s.cfg.path("bundles", "*.asice*"))
	s.must(err)
	if len(left) > 0 {
		s.t.Errorf("%s: left in the clear: %v", point, left)
	}
	bundle, name, err := s.cases.Download(s.as("asha.rao"), c.Request.ID)
	s.must(err)
	path := filepath.Join(s.t.TempDir(), name)
	saveTo(s.t.(*testing.T), path, bundle)
	s.verifyBundle(path)
}

// dieAt runs the jobs in a process of their own, which kills itself at a point,
// and tells whether it did.
func (s *scenario) dieAt(point string) bool {
	s.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestDieAt$", "-test.v")
	cmd.Env = append(os.Environ(), "LERD_TEST_DIE_AT="+point, "LERD_TEST_DIE_DIR="+s.cfg.Dir,
		"LERD_TEST_DIE_APP="+s.db.App, "LERD_TEST_DIE_OWNER="+s.db.Owner, "LERD_TEST_DIE_ACCOUNTS="+s.cfg.AccountsURL)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
			return true
		}
	}
	s.t.Logf("%s: %v\n%s", point, err, out)
	return false
}

// TestDieAt is the process that TestKillAtEachDurableStepOfARelease kills.
func TestDieAt(t *testing.T) {
	point := os.Getenv("LERD_TEST_DIE_AT")
	if point == "" {
		return
	}
	s := &scenario{t: t, ctx: context.Background(), clock: testkit.NewClock(storyNow)}
	cfg := config{Dir: os.Getenv("LERD_TEST_DIE_DIR"), Listen: "127.0.0.1:0", PublicOrigin: "http://127.0.0.1:8443",
		DatabaseURL: os.Getenv("LERD_TEST_DIE_APP"), AccountsURL: os.Getenv("LERD_TEST_DIE_ACCOUNTS"), LogOrigin: "lerd.example/test", development: true}
	cfg.Controller.Name, cfg.Controller.Address, cfg.Controller.Contact = "Sample Messenger Ltd", "1 Example Street", "legal@sample.example"
	var err error
	s.system, err = buildCore(s.ctx, cfg, slog.New(slog.NewTextHandler(os.Stderr, nil)), s.clock.Now)
	s.must(err)
	s.caseJob.Export.(*jobs.Exporter).Reached = func(p string) {
		if p == point {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	_, err = s.caseJob.RunOnce(identity.With(s.ctx, identity.SystemActor()))
	t.Fatalf("the point %s was not reached: %v", point, err)
}
