// Package litewitness runs the witness that other people wrote, the program
// litewitness of filippo.io/torchwood, on loopback.
//
// Invariant: the witness runs as the program that its authors ship, built from
// its published module, with the key and the database that it wants.
package litewitness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Name is what the witness is called in its cosignatures.
const Name = "witness.example/lite"

// Witness is a running litewitness.
type Witness struct {
	URL  string // with a slash at its end
	VKey string // verifier key of its cosignatures

	db       string
	operator string
}

// Start builds litewitness in the folder of the module lerd/interop, whose
// versions count, and runs it with a key of its own in an agent of its own. It
// knows no log.
func Start(t testing.TB, interop string) Witness {
	t.Helper()
	bin := t.TempDir()
	program := build(t, interop, bin, "filippo.io/torchwood/cmd/litewitness")
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	dir, err := os.MkdirTemp("", "lite") // the path of a socket must be short
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent")
	keyring := agent.NewKeyring()
	must(t, keyring.Add(agent.AddedKey{PrivateKey: private}))
	serveAgent(t, socket, keyring)
	sshKey, err := ssh.NewPublicKey(public)
	must(t, err)
	address := freeAddress(t)
	w := Witness{URL: "http://" + address + "/", VKey: cosignatureKey(public), db: filepath.Join(dir, "db"), operator: build(t, interop, bin, "lerd/interop/witness/operator")}
	run(t, w.URL, exec.Command(program, "-name", Name, "-db", w.db, "-ssh-agent", socket, "-key", ssh.FingerprintSHA256(sshKey), "-listen", address))
	return w
}

// Know puts a log into the witness's database, as its operator does.
func (w Witness) Know(t testing.TB, origin, vkey string) {
	t.Helper()
	if out, err := exec.Command(w.operator, "-db", w.db, "-origin", origin, "-key", vkey).CombinedOutput(); err != nil {
		t.Fatalf("adding %s to the witness: %v\n%s", origin, err, out)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func build(t testing.TB, interop, bin, pkg string) string {
	t.Helper()
	out := filepath.Join(bin, filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-mod=mod", "-o", out, pkg)
	cmd.Dir = interop
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, said)
	}
	return out
}

// run starts the program and waits until it answers.
func run(t testing.TB, url string, cmd *exec.Cmd) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	for {
		if resp, err := http.Get(url); err == nil {
			resp.Body.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("litewitness ended: %v\n%s", err, &said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func serveAgent(t testing.TB, socket string, keyring agent.Agent) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	must(t, err)
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

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// cosignatureKey writes a witness's verifier key.
// SPEC: C2SP tlog-cosignature, key type 4.
func cosignatureKey(public ed25519.PublicKey) string {
	key := append([]byte{4}, public...)
	sum := sha256.Sum256(append([]byte(Name+"\n"), key...))
	return fmt.Sprintf("%s+%08x+%s", Name, binary.BigEndian.Uint32(sum[:]), base64.StdEncoding.EncodeToString(key))
}
