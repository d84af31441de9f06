// Package objectstore runs an S3 server that lerd's authors did not write, the
// gateway of Versity, for tests: built from its published module, over a folder
// of the test's own, on loopback.
package objectstore

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lerd/internal/store/blob/s3"
)

// Bucket is there when the store has started.
const Bucket = "evidence"

const accessKey, secretKey = "lerd-test", "a secret of tests alone"

// Store is a running server. What it keeps outlives Stop.
type Store struct {
	t       testing.TB
	bin     string
	root    string
	sidecar string
	address string
	cmd     *exec.Cmd
	said    bytes.Buffer
	ended   chan error
}

// Start builds and starts the server with an empty bucket. Where the module
// cannot be had, the test is not run.
func Start(t testing.TB) *Store {
	t.Helper()
	s := &Store{t: t, root: t.TempDir(), sidecar: t.TempDir(), bin: filepath.Join(t.TempDir(), "versitygw")}
	build := exec.Command("go", "build", "-mod=mod", "-modfile=versitygw.mod", "-o", s.bin, "github.com/versity/versitygw/cmd/versitygw")
	build.Dir = moduleFolder(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: versitygw cannot be built: %v\n%s", err, out)
	}
	if err := os.Mkdir(filepath.Join(s.root, Bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	l.Close()
	s.Run()
	t.Cleanup(s.Stop)
	return s
}

// moduleFolder finds the folder that names the server's module, from the folder
// of the test upwards.
func moduleFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		at := filepath.Join(dir, "interop", "s3")
		if _, err := os.Stat(filepath.Join(at, "versitygw.mod")); err == nil {
			return at
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("there is no folder interop/s3 above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// Run starts the server, the first time or again, and waits until it answers.
func (s *Store) Run() {
	s.t.Helper()
	s.cmd = exec.Command(s.bin, "--port", s.address, "--access", accessKey, "--secret", secretKey, "--quiet", "posix", "--sidecar", s.sidecar, s.root)
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.ended = make(chan error, 1)
	go func(c *exec.Cmd, ended chan<- error) { ended <- c.Wait() }(s.cmd, s.ended)
	for range 400 {
		if resp, err := http.Get("http://" + s.address); err == nil {
			resp.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("versitygw does not answer:\n%s", &s.said)
}

// Stop ends the server; doing it twice does nothing.
func (s *Store) Stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill() //nolint:errcheck // it may have ended
	<-s.ended
	s.cmd = nil
}

// Config opens the bucket.
func (s *Store) Config() s3.Config {
	return s3.Config{Endpoint: s.address, Plain: true, Region: "us-east-1", Bucket: Bucket, Prefix: "lerd/story", AccessKey: accessKey, SecretKey: secretKey, PathStyle: true}
}

// Files gives the names below a folder of the bucket's prefix.
func (s *Store) Files(area string) []string {
	found, err := filepath.Glob(filepath.Join(s.root, Bucket, "lerd/story", area, "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}
