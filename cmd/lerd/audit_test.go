package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/store"
	"lerd/internal/testkit/auditlab"
	"lerd/internal/verifycli"
)

// folder makes a data folder for a lab's log, whose database lies elsewhere.
func folder(t *testing.T, lab *auditlab.Lab) auditSource {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"keys/log.vkey": lab.VKey + "\n", "keys/log.key": lab.Key + "\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return auditSource{Dir: dir, DatabaseURL: lab.Database.Auditor}
}

// keepSigned gives the folder the lab's last signed checkpoint.
func keepSigned(t *testing.T, lab *auditlab.Lab, s auditSource) {
	t.Helper()
	kept, err := lab.Keeper.Load()
	if err != nil {
		t.Fatal(err)
	}
	path := s.keeper().Path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAuditCommands(t *testing.T) {
	lab := auditlab.New(t)
	ids := lab.Fill(t, 300)
	lab.Place(t)
	source := folder(t, lab)

	var out bytes.Buffer
	verify := auditVerifyCmd{auditSource: source, NoRows: true} // the lab's table is not one of lerd's
	if err := verify.run(t.Context(), &out, io.Discard); err == nil || !strings.Contains(err.Error(), "--no-pin") {
		t.Errorf("without the checkpoint outside the database: %v", err)
	}
	keepSigned(t, lab, source)
	if err := verify.run(t.Context(), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VERIFIED\n", "300", "guards of the database", "Log " + auditlab.Origin + ", size 300"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("verify says nothing of %q:\n%s", want, out.String())
		}
	}

	out.Reset()
	export := auditExportCmd{auditSource: source, Out: filepath.Join(t.TempDir(), "log")}
	if err := export.run(t.Context(), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	files := auditVerifyCmd{auditSource: source, Log: export.Out, Pin: source.keeper().Path}
	if err := files.run(t.Context(), &out, io.Discard); err != nil {
		t.Errorf("the exported log: %v", err)
	}

	proveBoth(t, lab, source, ids[7])
}

func proveBoth(t *testing.T, lab *auditlab.Lab, source auditSource, id audit.EventID) {
	t.Helper()
	var byID, byIndex bytes.Buffer
	if err := (auditProveCmd{auditSource: source, Event: string(id)}).run(t.Context(), &byID); err != nil {
		t.Fatal(err)
	}
	entry, err := store.NewAuditReader(lab.App).Entry(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	_, index, err := audit.VerifyProof(entry, byID.Bytes(), lab.Trust)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "entry.json")
	if err := (auditProveCmd{auditSource: source, Index: &index, Entry: file}).run(t.Context(), &byIndex); err != nil {
		t.Fatal(err)
	}
	if written, err := os.ReadFile(file); err != nil || !bytes.Equal(written, entry) {
		t.Errorf("the entry beside its proof: %v", err)
	}
	if byID.String() != byIndex.String() {
		t.Error("the proof by id is not the proof by index")
	}
	beyond := uint64(300)
	if err := (auditProveCmd{auditSource: source, Index: &beyond}).run(t.Context(), io.Discard); err == nil {
		t.Error("an entry beyond the log was proved")
	}
	if err := (auditProveCmd{auditSource: source, Event: "LR-2026-CACT-5UU0"}).run(t.Context(), io.Discard); err == nil || !strings.Contains(verifycli.Plain(err), "is no event's id") {
		t.Errorf("a case's reference for an event's id: %v", err)
	}
	if _, err := (auditSource{Dir: t.TempDir()}).trust(); err == nil || !strings.Contains(verifycli.Plain(err), "Name the data folder with --dir") {
		t.Errorf("a folder without a log: %v", err)
	}
}

// TestAuditProveTakesAnIdOrANumber reads the command line itself: a default
// beside one of two that exclude each other once refused every id.
func TestAuditProveTakesAnIdOrANumber(t *testing.T) {
	parse := func(args ...string) (c cli, err error) {
		parser, err := kong.New(&c, kong.Exit(func(int) {}), kong.Writers(io.Discard, io.Discard))
		if err == nil {
			_, err = parser.Parse(append([]string{"audit", "prove"}, args...))
		}
		return c, err
	}
	if c, err := parse("--event", "afa47a7b-96ef-47d2-aff0-7b0150dff76e"); err != nil || c.Audit.Prove.Event == "" || c.Audit.Prove.Index != nil {
		t.Errorf("an id: %+v, %v", c.Audit.Prove, err)
	}
	if c, err := parse("--index", "0"); err != nil || c.Audit.Prove.Index == nil || *c.Audit.Prove.Index != 0 {
		t.Errorf("a number: %+v, %v", c.Audit.Prove, err)
	}
	for _, args := range [][]string{nil, {"--event", "x", "--index", "0"}, {"--index", "-1"}} {
		if _, err := parse(args...); err == nil {
			t.Errorf("taken: %q", args)
		}
	}
}

func TestAuditVerifyFails(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 20)
	lab.Place(t)
	source := folder(t, lab)
	keepSigned(t, lab, source)
	verify := auditVerifyCmd{auditSource: source, NoRows: true}
	lab.Tamper(t, `UPDATE audit.event SET kind = 'x' WHERE id = (SELECT event_id FROM audit.leaf WHERE index = 3)`)
	err := verify.run(t.Context(), io.Discard, io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "NOT VERIFIED: entry 3: The column kind") {
		t.Errorf("got %v", err)
	}
	verify.DatabaseURL = "postgres://nobody@127.0.0.1:1/none"
	err = verify.run(t.Context(), io.Discard, io.Discard)
	if err == nil || strings.Contains(err.Error(), "NOT VERIFIED") {
		t.Errorf("a database out of reach was judged: %v", err)
	}
}

func TestLogKeyIsMadeOnceAndKeptClosed(t *testing.T) {
	dir := t.TempDir()
	first, err := ensureLogKey(dir, "lerd.example/audit")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ensureLogKey(dir, "lerd.example/audit")
	if err != nil || again.KeyHash() != first.KeyHash() {
		t.Errorf("a second call made another key: %v", err)
	}
	trust, err := (auditSource{Dir: dir}).trust()
	if err != nil || trust.Log[0].KeyHash() != first.KeyHash() {
		t.Errorf("the verifier key does not fit: %v", err)
	}
	path := filepath.Join(dir, "keys", "log.key")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ensureLogKey(dir, "lerd.example/audit"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read was used: %v", err)
	}
}

// TestStandAloneSaysTheSame: lerd-verify's command on an exported log has the
// words of lerd's own, for a good log and for a spoilt one.
func TestStandAloneSaysTheSame(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 300))
	dir := t.TempDir()
	for path, f := range log.Files {
		name := filepath.Join(dir, "log", path)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vkey := filepath.Join(dir, "vkey")
	if err := os.WriteFile(vkey, []byte(log.VerifierKey), 0o600); err != nil {
		t.Fatal(err)
	}
	both := func() (mine, alone string) {
		var a, b bytes.Buffer
		errA := auditVerifyCmd{auditSource: auditSource{VKey: vkey}, Log: filepath.Join(dir, "log")}.run(t.Context(), &a, io.Discard)
		errB := (&verifycli.Log{Dir: filepath.Join(dir, "log"), VKey: vkey}).Check(t.Context(), &b, io.Discard)
		return fmt.Sprint(a.String(), errA), fmt.Sprint(b.String(), errB)
	}
	if mine, alone := both(); mine != alone || !strings.HasPrefix(mine, "VERIFIED\n") {
		t.Errorf("lerd says %q, lerd-verify %q", mine, alone)
	}
	if err := os.WriteFile(filepath.Join(dir, "log", audit.TilePath(0, 0, 256)), make([]byte, 256*32), 0o600); err != nil {
		t.Fatal(err)
	}
	if mine, alone := both(); mine != alone || !strings.HasPrefix(mine, "NOT VERIFIED") {
		t.Errorf("of a spoilt log lerd says %q, lerd-verify %q", mine, alone)
	}
}
