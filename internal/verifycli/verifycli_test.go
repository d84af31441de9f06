package verifycli_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/verifycli"
)

// exported writes a log's files to a folder, with its key beside.
func exported(t *testing.T, log *audittest.Log) (dir, vkey string) {
	t.Helper()
	dir, vkey = t.TempDir(), filepath.Join(t.TempDir(), "log.vkey")
	for path, f := range log.Files {
		write(t, filepath.Join(dir, path), f.Data)
	}
	write(t, vkey, []byte(log.VerifierKey+"\n"))
	return dir, vkey
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newLog(t *testing.T, n int) *audittest.Log {
	t.Helper()
	return audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, n))
}

func TestLogIsVerifiedAndFindingsAreNamed(t *testing.T) {
	log := newLog(t, 300)
	early := bytes.Clone(log.Files[audit.CheckpointPath].Data)
	log.Append(t, audittest.Events(t, 300, 320)...)
	dir, vkey := exported(t, log)
	pin := write(t, filepath.Join(t.TempDir(), "pin"), early)

	var out bytes.Buffer
	c := verifycli.Log{Dir: dir, VKey: vkey, Pin: pin}
	if err := c.Check(t.Context(), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VERIFIED\n320 entries", "1 checkpoints that you kept lie on its way", "Log " + audittest.Origin + ", size 320"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing of %q in:\n%s", want, &out)
		}
	}

	other := newLog(t, 0)
	for name, f := range map[string]struct {
		break_ func(c *verifycli.Log)
		want   string
	}{
		"an entry changed": {func(c *verifycli.Log) {
			path := filepath.Join(c.Dir, audit.EntriesPath(0, 256))
			data, _ := os.ReadFile(path)
			data[40] ^= 1
			write(t, path, data)
		}, "NOT VERIFIED: TREE"},
		"a tile is gone": {func(c *verifycli.Log) { os.Remove(filepath.Join(c.Dir, audit.TilePath(0, 0, 256))) }, "NOT VERIFIED: MISSING"},
		"another key":    {func(c *verifycli.Log) { c.VKey = write(t, c.Dir+"x", []byte(other.VerifierKey)) }, "NOT VERIFIED: CHECKPOINT"},
		"rolled back": {func(c *verifycli.Log) {
			write(t, filepath.Join(c.Dir, audit.CheckpointPath), early)
			c.Pin = write(t, c.Dir+"p", log.Files[audit.CheckpointPath].Data)
		}, "NOT VERIFIED: ROLLBACK"},
		"a foreign pin": {func(c *verifycli.Log) { c.Pin = write(t, c.Dir+"q", other.Files[audit.CheckpointPath].Data) }, "not one that this log has signed"},
		"no key at all": {func(c *verifycli.Log) { c.VKey = write(t, c.Dir+"k", nil) }, "holds no verifier key"},
		"unreadable tile": {func(c *verifycli.Log) {
			path := filepath.Join(c.Dir, audit.TilePath(0, 0, 256))
			os.Remove(path)
			os.Mkdir(path, 0o700)
		}, "which says nothing about the log"},
	} {
		dir, vkey := exported(t, log)
		c := verifycli.Log{Dir: dir, VKey: vkey}
		f.break_(&c)
		var out bytes.Buffer
		err := c.Check(t.Context(), &out, io.Discard)
		if err == nil || !strings.Contains(err.Error(), f.want) || strings.Contains(out.String(), "VERIFIED") {
			t.Errorf("%s: %v, want %q; printed %q", name, err, f.want, &out)
		}
	}
}

func TestProofOfAnEntry(t *testing.T) {
	log := newLog(t, 40)
	hashes, err := audit.InclusionProof(t.Context(), log.Reader(), 7, 40)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := log.Files[audit.CheckpointPath].Data
	proof := audit.Proof{Index: 7, Hashes: hashes, Checkpoint: checkpoint}
	dir := t.TempDir()
	c := verifycli.Proof{File: write(t, filepath.Join(dir, "p"), proof.Format()), Entry: write(t, filepath.Join(dir, "e"), log.Entries[7]),
		VKey: write(t, filepath.Join(dir, "k"), []byte(log.VerifierKey)), Pin: write(t, filepath.Join(dir, "pin"), checkpoint)}
	var out bytes.Buffer
	if err := c.Check(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VERIFIED\nEntry 7 is event " + string(audittest.EventID(7)), "request.step", "The checkpoint is the one in", "size 40"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing of %q in:\n%s", want, &out)
		}
	}
	fork := audittest.Build(t, log.Key, audittest.Events(t, 1, 41))
	longer := audittest.Build(t, log.Key, audittest.Events(t, 0, 50))
	for name, f := range map[string]struct {
		change func(c *verifycli.Proof)
		want   string
	}{
		"another entry": {func(c *verifycli.Proof) { c.Entry = write(t, filepath.Join(dir, "e8"), log.Entries[8]) }, "NOT VERIFIED"},
		"a line's end": {func(c *verifycli.Proof) {
			c.Entry = write(t, filepath.Join(dir, "e7n"), append(bytes.Clone(log.Entries[7]), "\r\n"...))
		}, "ends with a line's end"},
		"another entry with a line's end": {func(c *verifycli.Proof) {
			c.Entry = write(t, filepath.Join(dir, "e8n"), append(bytes.Clone(log.Entries[8]), '\n'))
		}, "NOT VERIFIED"},
		"another index": {func(c *verifycli.Proof) {
			p := proof
			p.Index = 8
			c.File = write(t, filepath.Join(dir, "p8"), p.Format())
		}, "NOT VERIFIED"},
		"another history": {func(c *verifycli.Proof) {
			c.Pin = write(t, filepath.Join(dir, "fork"), fork.Files[audit.CheckpointPath].Data)
		}, "NOT VERIFIED: FORK"},
		"a proof too long": {func(c *verifycli.Proof) { c.File = write(t, filepath.Join(dir, "long"), make([]byte, 1<<20)) }, "longer than"},
	} {
		c := c
		f.change(&c)
		var out bytes.Buffer
		if err := c.Check(&out); err == nil || !strings.Contains(err.Error(), f.want) || out.Len() > 0 {
			t.Errorf("%s: %v, want %q; printed %q", name, err, f.want, &out)
		}
	}
	out.Reset()
	c.Pin = write(t, filepath.Join(dir, "longer"), longer.Files[audit.CheckpointPath].Data)
	if err := c.Check(&out); err != nil || !strings.Contains(out.String(), "Not compared") {
		t.Errorf("a later checkpoint: %v, %q", err, &out)
	}
}

func TestTrustIsReadStrictly(t *testing.T) {
	log := newLog(t, 1)
	dir := t.TempDir()
	if _, err := verifycli.ReadTrust(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "--vkey") {
		t.Errorf("an absent file: %v", err)
	}
	two := write(t, filepath.Join(dir, "two"), []byte(log.VerifierKey+"\n\n"+newLog(t, 1).VerifierKey+"\n"))
	if trust, err := verifycli.ReadTrust(two); err != nil || len(trust.Log) != 2 {
		t.Errorf("two keys: %+v, %v", trust, err)
	}
	if _, err := verifycli.ReadTrust(write(t, filepath.Join(dir, "bad"), []byte("no key\n"))); err == nil {
		t.Error("a line that is no key was read")
	}
	for name, w := range map[string]verifycli.Witnesses{
		"a quorum of nobody": {Quorum: 1}, "no such file": {Witness: filepath.Join(dir, "none")},
		"a log's key": {Witness: two}, "an empty file": {Witness: write(t, filepath.Join(dir, "empty"), nil)},
	} {
		if trust, err := w.Add(log.Trust); err == nil {
			t.Errorf("%s: %+v", name, trust)
		}
	}
}

// A private key is not taken for a verifier key, so that one given by mistake
// is not used further.
func TestPrivateKeyIsNoVerifierKey(t *testing.T) {
	skey, _, err := audit.GenerateKey(rand.Reader, audittest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifycli.ReadTrust(write(t, filepath.Join(t.TempDir(), "k"), []byte(skey)))
	if err == nil || strings.Contains(err.Error(), skey[20:]) {
		t.Errorf("%v", err)
	}
}

func TestBundleThatIsNone(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x.asice"), []byte("PK no zip"))
	var out bytes.Buffer
	err := (&verifycli.Bundle{File: path}).Check(t.Context(), &out)
	if err == nil || !strings.Contains(err.Error(), "The bundle does not verify.") || !strings.Contains(out.String(), "NOT VALID") {
		t.Errorf("%v\n%s", err, &out)
	}
}

// TestAVerificationIsResumedFromItsFile verifies a log, lets it grow, and goes on
// from what the file says.
func TestAVerificationIsResumedFromItsFile(t *testing.T) {
	log := newLog(t, 600)
	dir, vkey := exported(t, log)
	state := filepath.Join(t.TempDir(), "last.checkpoint")
	run := func() string {
		var out bytes.Buffer
		if err := (&verifycli.Log{Dir: dir, VKey: vkey, Resume: state}).Check(t.Context(), &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if said := run(); strings.Contains(said, "verified before") {
		t.Errorf("the first time: %s", said)
	}
	if said := run(); !strings.Contains(said, "512 of the entries were verified before") {
		t.Errorf("the second time: %s", said)
	}
	if err := os.WriteFile(state, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&verifycli.Log{Dir: dir, VKey: vkey, Resume: state}).Check(t.Context(), io.Discard, io.Discard); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a file that is no checkpoint: %v", err)
	}
}

// TestPlainIsForPeople holds what is printed of an error against what a person can use: the
// message and its cause, without kinds and operations of the program.
func TestPlainIsForPeople(t *testing.T) {
	step := func(err error, op string) error { fault.Wrap(&err, "%s", op); return err }
	gate := fault.New(fault.Gate, "The books close later.")
	cause := fault.Because(fault.Invalid, errors.New("open /x: no such file"), "Name the file with --vkey.")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a message":              {gate, "The books close later."},
		"through two operations": {step(step(gate, "store.At(7)"), "cluster.Attach"), "The books close later."},
		"a verdict":              {verifycli.Verdict(step(gate, "store.At(7)"), true), "NOT VERIFIED: The books close later."},
		"a file":                 {fmt.Errorf("/tmp/root.pem: %w", gate), "/tmp/root.pem: The books close later."},
		"a cause":                {cause, "Name the file with --vkey. (open /x: no such file)"},
		"a message as the cause": {fault.Because(fault.Invalid, gate, "It cannot be done."), "It cannot be done. (The books close later.)"},
		"nothing for people":     {step(errors.New("connection refused"), "store.At(7)"), "store.At(7): connection refused"},
		"fields":                 {fault.Fields([]fault.Problem{{Field: "url", Message: "Give one."}}), "Some answers need another look.\n  url: Give one."},
	} {
		if got := verifycli.Plain(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAFileInThePlaceOfAnotherIsNamed gives options files that are none of theirs. Nothing is
// said about the bundle then.
func TestAFileInThePlaceOfAnotherIsNamed(t *testing.T) {
	dir := t.TempDir()
	o := demopki.Options{Organisation: "Example", URL: "http://127.0.0.1", Now: time.Now()}
	pki, err := demopki.New(o)
	if err != nil {
		t.Fatal(err)
	}
	pair := func(name string) (cert, key string) {
		to, err := pki.Recipient(o, false)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(to.Key)
		if err != nil {
			t.Fatal(err)
		}
		return write(t, filepath.Join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: to.Cert.Raw})),
			write(t, filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	cert, key := pair("mine")
	_, other := pair("other")
	empty := write(t, filepath.Join(dir, "empty"), nil)
	bundle := write(t, filepath.Join(dir, "x.asice"), []byte("PK no zip"))
	for name, c := range map[string]struct {
		b    verifycli.Bundle
		want string
	}{
		"a certificate for the log's key": {verifycli.Bundle{LogVKey: cert}, cert + " holds a line that is no verifier key"},
		"an empty file of keys":           {verifycli.Bundle{LogVKey: empty}, empty + " holds no verifier key"},
		"an empty file of witnesses":      {verifycli.Bundle{Witnesses: verifycli.Witnesses{Witness: empty}}, empty + " holds no key of a witness"},
		"a certificate for a list":        {verifycli.Bundle{CRL: []string{cert}}, "must hold a certificate revocation list"},
		"a certificate alone":             {verifycli.Bundle{Cert: cert}, "--key, both of them"},
		"the key of another":              {verifycli.Bundle{Cert: cert, Key: other}, "is not that of the certificate"},
		"the two the other way round":     {verifycli.Bundle{Cert: key, Key: cert}, "at least one PEM certificate"},
	} {
		c.b.File = bundle
		var out bytes.Buffer
		err := c.b.Check(t.Context(), &out)
		if err == nil || !strings.Contains(verifycli.Plain(err), c.want) || out.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
	}
	var out bytes.Buffer
	if err := (&verifycli.Bundle{File: bundle, Cert: cert, Key: key}).Check(t.Context(), &out); out.Len() == 0 {
		t.Errorf("its own key: %v", err)
	}
}
