package audittest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Witness is a witness in the process which can be made to fail. It judges with
// the tree mathematics of x/mod and signs with crypto/ed25519 alone,
// none of it lerd's code.
type Witness struct {
	*httptest.Server
	VerifierKey string // of its cosignatures
	signer      note.Signer
	log         note.Verifier

	mu    sync.Mutex
	size  int64
	root  tlog.Hash
	asked int
	spoil func(w http.ResponseWriter, body []byte) bool
	after func(answer []byte) []byte
}

// NewWitness makes a witness of a log that knows nothing of it yet.
func NewWitness(t testing.TB, name string, log Key) *Witness {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := append([]byte{4}, public...)
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	c := cosigner{name, binary.BigEndian.Uint32(sum[:]), private}
	f := &Witness{log: log.Trust.Log[0], signer: c}
	f.VerifierKey = fmt.Sprintf("%s+%08x+%s", name, c.hash, base64.StdEncoding.EncodeToString(key))
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

// Signer is with what the witness cosigns, for who needs a cosignature at once.
func (f *Witness) Signer() note.Signer { return f.signer }

// Spoil lets by answer in the witness's stead where it says that it has; nil
// mends it.
func (f *Witness) Spoil(by func(w http.ResponseWriter, body []byte) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spoil = by
}

// Garble lets by change the answers that the witness gives.
func (f *Witness) Garble(by func(answer []byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = by
}

// Size is the size that the witness cosigned last.
func (f *Witness) Size() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return uint64(f.size)
}

// Forget lets the witness begin anew.
func (f *Witness) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size, f.root = 0, tlog.Hash{}
}

// Take lets the witness be told of another log, which it watches from now on.
func (f *Witness) Take(log note.Verifier) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log, f.size, f.root = log, 0, tlog.Hash{}
}

// Asked is how many requests it got.
func (f *Witness) Asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *Witness) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.asked++
	spoil := f.spoil
	f.mu.Unlock()
	if spoil != nil && spoil(w, body) {
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/add-checkpoint" {
		http.Error(w, "no such thing", http.StatusNotFound)
		return
	}
	status, answer := f.Judge(body)
	if status == http.StatusConflict {
		w.Header().Set("Content-Type", "text/x.tlog.size")
	}
	f.mu.Lock()
	after := f.after
	f.mu.Unlock()
	if status == http.StatusOK && after != nil {
		answer = after(answer)
	}
	w.WriteHeader(status)
	w.Write(answer)
}

// Judge gives the status and the answer to a request's body.
func (f *Witness) Judge(body []byte) (int, []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	head, msg, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	var old int64
	if n, err := fmt.Sscanf(lines[0], "old %d", &old); !ok || n != 1 || err != nil || len(lines) > 64 {
		return http.StatusBadRequest, nil
	}
	var proof tlog.TreeProof
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			return http.StatusBadRequest, nil
		}
		proof = append(proof, h)
	}
	n, err := note.Open(msg, note.VerifierList(f.log))
	if err != nil {
		return http.StatusForbidden, nil
	}
	text := strings.Split(n.Text, "\n")
	if text[0] != f.log.Name() {
		return http.StatusNotFound, nil
	}
	var size int64
	fmt.Sscanf(text[1], "%d", &size)
	root, err := tlog.ParseHash(text[2])
	if err != nil || old > size {
		return http.StatusBadRequest, nil
	}
	if old != f.size || old == size && old > 0 && root != f.root {
		return http.StatusConflict, fmt.Appendf(nil, "%d\n", f.size)
	}
	if old > 0 {
		if err := tlog.CheckTree(proof, size, root, old, f.root); err != nil && old != size {
			return http.StatusUnprocessableEntity, nil
		}
	}
	f.size, f.root = size, root
	signed, err := note.Sign(&note.Note{Text: n.Text}, f.signer)
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	return http.StatusOK, signed[len(n.Text)+1:]
}

// cosigner writes cosignature/v1 lines. SPEC: C2SP tlog-cosignature. That real
// witnesses write the same is for the tests in interop to show.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Sign(msg []byte) ([]byte, error) {
	at := uint64(time.Now().Unix())
	sig := ed25519.Sign(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, msg))
	return append(binary.BigEndian.AppendUint64(nil, at), sig...), nil
}
