package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/demopki"
	"lerd/internal/export/tsp"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/jobs"
	"lerd/internal/keys"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// approved takes a new request up to its approval.
func (s *scenario) approved(number string) requests.ID {
	s.t.Helper()
	q := s.submit(number)
	s.review(q.ID)
	s.jobs()
	s.confirmFor(q.ID)
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	return q.ID
}

// confirmFor confirms the findings that a case waits for, wherever in the list they
// are.
func (s *scenario) confirmFor(id requests.ID) {
	s.t.Helper()
	waits := s.column("SELECT DISTINCT f.id::text FROM finding f JOIN finding_ask a ON a.finding_id = f.id WHERE f.state = 'proposed' AND a.request_id = '" + string(id) + "'")
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		for _, finding := range waits {
			s.must(s.findings.Confirm(s.as(who), finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-48213"}))
		}
	}
}

func (s *scenario) system_() context.Context {
	return identity.With(s.ctx, identity.SystemActor())
}

// another makes another hierarchy's seal, as an operator gets a new certificate.
func (s *scenario) another() *demopki.PKI {
	s.t.Helper()
	p, err := demopki.New(demopki.Options{Organisation: "Sample Messenger Ltd", URL: "http://127.0.0.1:8443/.well-known/lerd", Now: s.clock.Now()})
	s.must(err)
	return p
}

// TestTheLifeOfASealingKey publishes, rotates and revokes, and looks at what may
// leave in between.
func TestTheLifeOfASealingKey(t *testing.T) {
	s := newScenario(t)
	first := keys.FromChain(keys.Seal, s.keys.Signer.Chain())
	if err := s.signing.Usable(s.ctx, first.SHA256); err != nil {
		t.Fatalf("the first key is not in use: %v", err)
	}
	one := s.approved("IN/94/2026/401")
	s.jobs()

	next := keys.FromChain(keys.Seal, append(s.keys.Signer.Chain()[:0:0], s.another().Seal.Cert))
	if err := s.signing.Rotate(s.system_(), next.SHA256); fault.KindOf(err) != fault.Gate {
		t.Errorf("rotated to a key that nobody could fetch before: %v", err)
	}
	fresh, err := s.signing.Publish(s.system_(), next)
	s.must(err)
	if len(fresh) != 1 || fresh[0].Standing != keys.Announced {
		t.Errorf("published %+v, want one announced key", fresh)
	}
	if err := s.signing.Usable(s.ctx, next.SHA256); fault.KindOf(err) != fault.Gate {
		t.Errorf("an announced key may seal: %v", err)
	}
	s.must(s.signing.Rotate(s.system_(), next.SHA256))
	s.must(s.signing.Rotate(s.system_(), next.SHA256)) // a repetition changes nothing

	// The portal still runs with the former key: its releases wait.
	two := s.approved("IN/94/2026/402")
	s.jobs()
	if got := s.state(two); got != requests.Approved {
		t.Errorf("a bundle left under a rotated key: %s", got)
	}
	if err := s.signing.Usable(s.ctx, first.SHA256); fault.KindOf(err) != fault.Gate {
		t.Errorf("a rotated key may seal: %v", err)
	}
	k, list, err := s.signing.Revoke(s.system_(), first.SHA256[:12], s.clock.Now().Add(-time.Hour), "keyCompromise")
	s.must(err)
	if k.Standing != keys.Compromised || len(list) != 1 || list[0].Ref != s.load(one).Release.Ref || list[0].Holds {
		t.Errorf("revoked %s; affected %+v", k.Standing, list)
	}
	var out bytes.Buffer
	s.must(printRevoked(&out, k, list))
	if !strings.Contains(out.String(), "seal again") || !strings.Contains(out.String(), list[0].Ref) {
		t.Errorf("the operator is not told what to do:\n%s", &out)
	}
	owner, err := sql.Open("pgx", s.db.Owner)
	s.must(err)
	defer owner.Close()
	for _, statement := range []string{"UPDATE signing_key SET standing = 'current', compromised_at = NULL, version = version + 1 WHERE standing = 'compromised'",
		"UPDATE signing_key SET material = 'x', version = version + 1", "DELETE FROM signing_key"} {
		if _, err := owner.Exec(statement); err == nil {
			t.Errorf("even the owner's session may, unhindered: %s", statement)
		}
	}
	for _, a := range s.attackers(t) {
		if a.as == "owner" { // with an event of its own, so that the key's own rule is heard
			a.refused("another key under its name", a.try("release:x", "UPDATE signing_key SET material = 'x', version = version + 1, event_id = $EVENT"), "what was published does not change")
		}
	}
	got := s.column("SELECT kind FROM audit.event WHERE stream LIKE 'key:%' ORDER BY recorded_at, id")
	if want := 3 + 1 + 2 + 1; len(got) != want {
		t.Errorf("%d events of keys, want %d: %v", len(got), want, got)
	}
	s.verifyLog()
}

// TestKeysAreForLerdAlone: no person's role may publish, rotate or revoke.
func TestKeysAreForLerdAlone(t *testing.T) {
	s := newScenario(t)
	for _, who := range []string{"asha.rao", "rita.lind", "anna.keller", "ines.moreau"} {
		ctx := s.as(who)
		_, errPublish := s.signing.Publish(ctx, keys.FromVerifierKey("x+1+y"))
		_, _, errRevoke := s.signing.Revoke(ctx, "00000000", s.clock.Now(), "superseded")
		for _, err := range []error{errPublish, errRevoke, s.signing.Rotate(ctx, "00000000")} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v", who, err)
			}
		}
	}
}

// TestPublishedFilesCheckABundle fetches what a stranger would, checks it by its
// own index with openssl, and verifies a bundle with nothing else.
func TestPublishedFilesCheckABundle(t *testing.T) {
	s := newScenario(t)
	id := s.approved("IN/94/2026/410")
	s.jobs()
	portal := s.open(unhurried)
	nobody := portal.visit("")
	dir := t.TempDir()
	get := func(name string) []byte {
		r := portal.ask(nobody, "GET", "/.well-known/lerd/"+name, nil, "")
		if r.status != http.StatusOK {
			t.Fatalf("%s: status %d", name, r.status)
		}
		s.must(os.WriteFile(filepath.Join(dir, filepath.Base("/"+name)), []byte(r.body), 0o600))
		return []byte(r.body)
	}
	for line := range strings.Lines(string(get(keys.SumsName))) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		get(name)
	}
	get(keys.SignatureName)
	var index struct {
		Keys []struct{ Purpose, Standing, SHA256, File string }
	}
	s.must(json.Unmarshal(get(keys.IndexName), &index))
	named := map[string]string{}
	for _, k := range index.Keys {
		named[k.Purpose] = k.File
	}
	if len(index.Keys) != 4 || named["log"] != "log-keys.txt" || named["report"] != "report-keys.txt" {
		t.Errorf("the index lists %+v", index.Keys)
	}
	for _, cmd := range [][]string{{"sha256sum", "-c", "--quiet", keys.SumsName},
		{"openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", keys.SignatureName, "-content", keys.SumsName, "-CAfile", "root.pem", "-attime", "1793610000", "-out", os.DevNull}} {
		c := exec.Command(cmd[0], cmd[1:]...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil && !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("%v: %v\n%s", cmd, err, out)
		}
	}
	if r := portal.ask(nobody, "GET", "/.well-known/lerd/../../keys/log.key", nil, ""); strings.Contains(r.body, "PRIVATE") {
		t.Error("a private key is published")
	}
	for _, name := range []string{"nothing.pem", "..%2f..%2fkeys%2flog.key", "seal.key"} {
		if r := portal.ask(nobody, "GET", "/.well-known/lerd/"+name, nil, ""); r.status < 400 {
			t.Errorf("%s: status %d", name, r.status)
		}
	}
	bundle, name, err := s.cases.Download(s.as("asha.rao"), id)
	s.must(err)
	path := filepath.Join(t.TempDir(), name)
	saveTo(t, path, bundle)
	s.verifyBundle(path)
}

// downTSA is out of reach until it is not.
type downTSA struct {
	tsp.Stamper
	down bool
}

func (d *downTSA) Stamp(ctx context.Context, digest tsp.Digest) (*tsp.Stamp, error) {
	if d.down {
		return nil, fault.New(fault.Unavailable, "The time-stamping authority is out of reach.")
	}
	return d.Stamper.Stamp(ctx, digest)
}

// TestAnOutageHoldsReleasesAndLosesNothing takes away the authority of time,
// the revocation lists and the sealing key in turn.
func TestAnOutageHoldsReleasesAndLosesNothing(t *testing.T) {
	s := newScenario(t)
	x := s.caseJob.Export.(*jobs.Exporter)
	whole := x.Keys
	clock := &downTSA{Stamper: whole.TSA, down: true}
	for name, broken := range map[string]func(*jobs.Keys){
		"time stamps": func(k *jobs.Keys) { k.TSA = tsp.First{clock} },
		"lists": func(k *jobs.Keys) {
			k.CRLs = func(context.Context) ([][]byte, error) { return nil, errors.New("no such file") }
		},
		"old lists": func(k *jobs.Keys) {
			k.CRLs = func(ctx context.Context) ([][]byte, error) {
				pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
				s.must(err)
				return pki.CRLs(s.clock.Now().AddDate(0, 0, -8))
			}
		},
	} {
		x.Keys = whole
		broken(&x.Keys)
		id := s.approved("IN/94/2026/" + strings.ReplaceAll(name, " ", "-"))
		for range 3 {
			s.caseJob.RunOnce(s.ctx) //nolint:errcheck // it cannot but fail, or wait
		}
		if !strings.Contains(s.log.String(), string(id)) {
			t.Errorf("without %s nobody is told that the case waits", name)
		}
		if got := s.state(id); got != requests.Approved {
			t.Errorf("without %s the case is %s", name, got)
		}
		if left, _ := filepath.Glob(s.cfg.path("blobs", "bundles", "*")); len(left) != int(s.exported()) {
			t.Errorf("without %s something left: %v", name, left)
		}
		x.Keys = whole
		s.jobs()
		if got := s.state(id); got != requests.ExportedCase {
			t.Errorf("%s are back, and the case is %s\n%s", name, got, s.log)
		}
	}
	s.verifyLog()
}

func (s *scenario) exported() int64 {
	s.t.Helper()
	var n int64
	s.must(s.store.SQL().QueryRow("SELECT count(*) FROM audit.event WHERE kind = 'export.released'").Scan(&n))
	return n
}

// TestAKeyStolenInTheMiddle revokes the seal while an export under it waits for
// the authority of time. Nothing leaves under it; the case goes back, is
// approved anew, and leaves under the next key.
func TestAKeyStolenInTheMiddle(t *testing.T) {
	s := newScenario(t)
	x := s.caseJob.Export.(*jobs.Exporter)
	whole, first := x.Keys, keys.FromChain(keys.Seal, s.keys.Signer.Chain())
	x.Keys.TSA = tsp.First{&downTSA{down: true}}
	id := s.approved("IN/94/2026/601")
	s.caseJob.RunOnce(s.ctx) //nolint:errcheck // it waits for a time stamp

	pki := s.another()
	signer, err := pki.Signer()
	s.must(err)
	next := keys.FromChain(keys.Seal, signer.Chain())
	_, err = s.signing.Publish(s.system_(), next)
	s.must(err)
	if err := s.signing.Rotate(s.system_(), next.SHA256); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("rotated while an export was under way: %v", err)
	}
	_, _, err = s.signing.Revoke(s.system_(), first.SHA256[:8], s.clock.Now(), "keyCompromise")
	s.must(err)
	x.Keys = whole // the authority of time is back
	s.jobs()
	if got := s.state(id); got != requests.Approved || s.exported() != 0 {
		t.Fatalf("a bundle left under a stolen key: %s", got)
	}

	s.must(s.cases.Return(s.as("ben.osei"), id, "The sealing key was stolen."))
	s.must(s.signing.Rotate(s.system_(), next.SHA256))
	x.Keys.Signer, x.Keys.Roots = signer, append(x.Keys.Roots[1:2:2], pki.Root.Cert)
	x.Keys.CRLs = func(ctx context.Context) ([][]byte, error) {
		old, err := whole.CRLs(ctx)
		s.must(err)
		fresh, err := pki.CRLs(s.clock.Now())
		return append(old, fresh...), err
	}
	s.must(s.cases.Qualify(s.as("rita.lind"), id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), id, s.load(id).Release.Digest))
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase {
		t.Fatalf("under the next key the case is %s\n%s", got, s.log)
	}
	list, err := s.store.SealedWith(s.system_(), next.SHA256)
	s.must(err)
	if len(list) != 1 || list[0].Request != string(id) {
		t.Errorf("sealed with the next key: %+v", list)
	}
	s.verifyLog()
}
