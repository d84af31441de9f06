// Package witness_test lets a witness that lerd's authors did not write, the
// program litewitness of filippo.io/torchwood, cosign a lerd log on loopback.
//
// Invariant: the witness runs as the program that its authors ship, built from
// its published module, with the key and the database that it wants.
package witness_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/audit/witness"
	"lerd/internal/fault"
)

const name = "witness.example/lite"

// program builds litewitness once.
func program(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "litewitness")
	out, err := exec.Command("go", "build", "-o", bin, "filippo.io/torchwood/cmd/litewitness").CombinedOutput()
	if err != nil {
		t.Fatalf("building litewitness: %v\n%s", err, out)
	}
	return bin
}

// lite is a running litewitness.
type lite struct {
	url, vkey, db string
}

// start runs litewitness with a key of its own in an agent of its own.
func start(t *testing.T, bin string) lite {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lite") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent")
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	serveAgent(t, socket, keyring)
	sshKey, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	w := lite{url: "http://" + address, vkey: cosignatureKey(public), db: filepath.Join(dir, "db")}
	var said bytes.Buffer
	cmd := exec.Command(bin, "-name", name, "-db", w.db, "-ssh-agent", socket, "-key", ssh.FingerprintSHA256(sshKey), "-listen", address)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	for {
		if resp, err := http.Get(w.url); err == nil {
			resp.Body.Close()
			return w
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("litewitness ended: %v\n%s", err, &said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func serveAgent(t *testing.T, socket string, keyring agent.Agent) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keyring, c)
		}
	}()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// cosignatureKey writes a witness's verifier key.
// SPEC: C2SP tlog-cosignature, key type 4.
func cosignatureKey(public ed25519.PublicKey) string {
	key := append([]byte{4}, public...)
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return fmt.Sprintf("%s+%08x+%s", name, binary.BigEndian.Uint32(sum[:]), base64.StdEncoding.EncodeToString(key))
}

// know puts a log into the witness's database, as its operator does.
func (w lite) know(t *testing.T, origin, vkey string) {
	t.Helper()
	db, err := sqlite.OpenConn(w.db, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty := sha256.Sum256(nil)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", []any{origin, base64.StdEncoding.EncodeToString(empty[:])}},
		{"INSERT INTO key (origin, key) VALUES (?, ?)", []any{origin, vkey}},
	} {
		if err := sqlitex.Execute(db, s.query, &sqlitex.ExecOptions{Args: s.args}); err != nil {
			t.Fatal(err)
		}
	}
}

// group asks the witness as lerd does, with no memory of what it has seen.
func (w lite) group(t *testing.T) *witness.Group {
	t.Helper()
	key, err := audit.NewWitness(w.vkey)
	if err != nil {
		t.Fatal(err)
	}
	g, err := witness.NewGroup(witness.Policy{Quorum: 1, Required: true, Wait: 30 * time.Second},
		[]witness.Client{{Key: key, URL: w.url + "/", HTTP: http.DefaultClient}}, time.Now, nil)
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
	w := start(t, program(t))
	key := audittest.NewKey(t, audittest.Origin)
	w.know(t, audittest.Origin, key.VerifierKey)
	log := audittest.NewLog(key)
	g := w.group(t)
	for i, size := range []int{1, 2, 255, 256, 257, 1000, 1000, 3000} {
		if i == 5 {
			g = w.group(t) // begins at 0 and is told 257
		}
		log.Append(t, audittest.Events(t, len(log.Entries), size)...)
		msg, publish, err := cosign(t, g, log)
		if err != nil || !publish {
			t.Fatalf("at %d entries: publish %v, %v", size, publish, err)
		}
		if _, err := audit.OpenCheckpoint(msg, g.Trust(log.Trust)); err != nil {
			t.Fatalf("at %d entries: %v\n%s", size, err, msg)
		}
		alsoElsewhere(t, msg, w.vkey, log)
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
		for _, g := range []*witness.Group{g, w.group(t)} {
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
	w := start(t, program(t))
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 5))
	stands := func(words string) {
		t.Helper()
		g := w.group(t)
		if _, publish, err := cosign(t, g, log); err != nil || publish {
			t.Errorf("publish %v, %v", publish, err)
		}
		if s := g.Standings(); fault.KindOf(s[0].Err) != fault.Unavailable || !strings.Contains(fault.Message(s[0].Err), words) {
			t.Errorf("it stands at %v, want %q", s[0].Err, words)
		}
	}
	stands("does not know this log")
	w.know(t, audittest.Origin, audittest.NewKey(t, audittest.Origin).VerifierKey)
	stands("has another verifier key")
}
