package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/agencies"
	"lerd/internal/agencies/statement"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/verifycli"
)

// aStatement puts a statement of an agency on record, for tests that only ask
// who may see it.
func (s *scenario) aStatement(agency identity.AgencyID) agencies.StatementID {
	s.t.Helper()
	from := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	st := &agencies.Statement{ID: "5f0c9a3e-7d0f-4f6a-9c35-2f1b7c1f0a11", Agency: agency, From: from, To: from.AddDate(0, 1, 0), MadeAt: s.clock.Now(), SumsSHA256: strings.Repeat("0", 64), Blob: "statements/none.zip"}
	ctx := identity.With(s.ctx, identity.SystemActor())
	s.must(s.store.Commit(ctx, change.Set{Parts: []change.Part{{Event: change.Event(ctx, s.clock.Now(), "agency.statement_made", "statement:test", 1), Insert: []any{st}}}}))
	return st.ID
}

// TestAnAdministratorSeesTheQueueAndNotTheCases reads as an administrator, and
// asks the database itself for more.
func TestAnAdministratorSeesTheQueueAndNotTheCases(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/61")
	admin, other := s.as("kavya.menon"), s.as("petra.vogel")
	o, err := s.agencies.Office(admin)
	s.must(err)
	if len(o.Queue) != 1 || o.Queue[0].Ref != q.Ref || o.Queue[0].Name != "Asha Rao" || o.Queue[0].Unit != "Cyber Cell" || len(o.Units) != 1 {
		t.Errorf("the queue is %+v with %d units", o.Queue, len(o.Units))
	}
	if _, err := s.store.Case(admin, q.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an administrator loads a case: %v", err)
	}
	if o, err := s.agencies.Office(other); err != nil || len(o.Queue) != 0 {
		t.Errorf("another agency's administrator sees %+v, %v", o.Queue, err)
	}
	for _, who := range []string{"asha.rao", "rita.lind", "nora.berg", "tess.boyd", "carl.ito"} {
		_, err := s.agencies.Office(s.as(who))
		wantKind(t, who+" sees the office", err, fault.NotFound)
	}
	wantKind(t, "another agency disowns", s.agencies.Disown(other, string(q.ID), "not_ours"), fault.NotFound)
	wantKind(t, "an officer disowns", s.agencies.Disown(s.as("asha.rao"), string(q.ID), "not_ours"), fault.NotFound)
	wantKind(t, "no reason", s.agencies.Disown(admin, string(q.ID), "whim"), fault.Invalid)
	for _, a := range s.attackers(t) {
		a.refused("an officer's alarm", a.tryAs("agency_admin", "disowned:x", fmt.Sprintf(`INSERT INTO disowned_request VALUES (gen_random_uuid(), '%s', '%s', '%s', 'not_ours', now(), $EVENT)`,
			q.ID, q.Agency, s.personID("asha.rao"))), "an administrator of the agency", "row-level security")
		a.refused("another agency's alarm", a.tryAs("agency_admin", "disowned:y", fmt.Sprintf(`INSERT INTO disowned_request VALUES (gen_random_uuid(), '%s', '%s', '%s', 'not_ours', now(), $EVENT)`,
			q.ID, q.Agency, s.personID("petra.vogel"))), "an administrator of the agency", "row-level security")
	}
	s.must(s.agencies.Disown(admin, string(q.ID), "officer_denies"))
	wantKind(t, "disowned twice", s.agencies.Disown(admin, string(q.ID), "officer_denies"), fault.Conflict)
	s.sequenceAll()
	s.verifyLog()
}

// TestPeopleAreConfirmedAnew moves the clock over an officer's 180 days.
func TestPeopleAreConfirmedAnew(t *testing.T) {
	s := newScenario(t)
	admin := s.as("kavya.menon")
	asha, vikram := identity.PersonID(s.personID("asha.rao")), identity.PersonID(s.personID("vikram.nair"))
	wantKind(t, "another agency confirms", s.agencies.Reverify(s.as("petra.vogel"), asha), fault.NotFound)
	wantKind(t, "confirming oneself", s.agencies.Reverify(admin, identity.PersonID(s.personID("kavya.menon"))), fault.Gate)
	s.must(s.agencies.Reverify(admin, asha))
	s.clock.Advance(100 * 24 * time.Hour)
	s.must(s.agencies.Reverify(admin, vikram))
	token, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
	s.must(err)
	s.clock.Set(storyNow.Add(agencies.OfficerValidity).AddDate(0, 0, -1))
	run := func() { _, err := s.agencies.DuePeople(s.ctx); s.must(err) }
	run()
	run()
	if n := len(s.column("SELECT 'x' FROM audit.event WHERE kind = 'person.vetting_ends'")); n != 4 {
		t.Errorf("reminded %d times", n)
	}
	s.clock.Set(storyNow.Add(agencies.OfficerValidity))
	run()
	active := strings.Join(s.column("SELECT sign_in || ' ' || active FROM person WHERE role = 'officer' AND reverify_by IS NOT NULL ORDER BY 1"), ", ")
	if active != "asha.rao false, jana.weber false, vikram.nair true" {
		t.Errorf("after 180 days: %s", active)
	}
	if _, err := s.people.Authenticate(s.ctx, token); fault.KindOf(err) != fault.SignIn {
		t.Errorf("a session of a suspended officer: %v", err)
	}
	s.sequenceAll()
	s.verifyLog()
}

// TestMissedMonthsAreCaughtUp: where lerd did not run for months, each gets its
// statement, those without a request too.
func TestMissedMonthsAreCaughtUp(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/63")
	s.sequenceAll()
	s.clock.Set(time.Date(2027, 2, 1, 2, 0, 0, 0, time.UTC))
	for want := range []int{6, 0} { // November, December, January of two agencies, and nothing twice
		n, err := s.statements.RunOnce(s.ctx)
		s.must(err)
		if n != []int{6, 0}[want] {
			t.Errorf("%d statements", n)
		}
	}
	got := s.column(`SELECT period_from || ' ' || t.requests FROM agency_statement t JOIN agency a ON a.id = t.agency_id WHERE a.country = 'IN' ORDER BY 1`)
	if want := []string{"2026-11-01 1", "2026-12-01 0", "2027-01-01 0"}; !slices.Equal(got, want) {
		t.Errorf("statements of %v, want %v", got, want)
	}
}

// TestAStatementIsSignedAndComplete makes the statements of a month, once, and
// verifies one with programs that are not lerd's.
func TestAStatementIsSignedAndComplete(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/62")
	run := func() int { s.sequenceAll(); n, err := s.statements.RunOnce(s.ctx); s.must(err); return n }
	if n := run(); n != 0 {
		t.Errorf("%d statements before the month is over", n)
	}
	s.clock.Set(time.Date(2026, 12, 1, 0, 30, 0, 0, time.UTC))
	if n := run(); n != 0 {
		t.Errorf("%d statements within the grace", n)
	}
	s.clock.Set(time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC))
	if n := run(); n != 2 {
		t.Errorf("%d statements, want one for each agency", n)
	}
	if n := run(); n != 0 {
		t.Errorf("%d statements were made again", n)
	}
	s.sequenceAll()
	admin := s.as("kavya.menon")
	o, err := s.agencies.Office(admin)
	s.must(err)
	if len(o.Statements) != 1 || o.Statements[0].Requests != 1 {
		t.Fatalf("the administrator has %+v", o.Statements)
	}
	id := o.Statements[0].ID
	for _, who := range []string{"petra.vogel", "asha.rao", "rita.lind"} {
		_, _, err := s.statements.Open(s.as(who), id)
		wantKind(t, who+" takes the statement", err, fault.NotFound)
	}
	plain, _ := identity.From(admin)
	_, _, err = s.statements.Open(identity.With(s.ctx, plain), id)
	wantKind(t, "without a passkey", err, fault.StepUp)
	packed, name, err := s.statements.Open(admin, id)
	s.must(err)
	if name != "statement-2026-11.zip" {
		t.Errorf("the file is %s", name)
	}
	if _, _, err := s.statements.Open(s.as("nora.berg"), id); err != nil {
		t.Errorf("a registrar for the oversight body: %v", err)
	}
	empty, err := s.agencies.Office(s.as("petra.vogel"))
	s.must(err)
	if len(empty.Statements) != 1 || empty.Statements[0].Requests != 0 {
		t.Errorf("the agency that asked nothing has %+v", empty.Statements)
	}
	dir := unpack(t, packed)
	s.checkStatement(dir, q.Ref)
	s.verifyLog()
}

// TestAStatementSaysNoMoreThanThePortal makes a statement while cases are where their
// agency reads only that they are examined.
func TestAStatementSaysNoMoreThanThePortal(t *testing.T) {
	s := newScenario(t)
	done := s.ready("IN/94/2026/65")
	approved := s.approved("IN/94/2026/64") // afterwards, as what is approved leaves with the next
	waiting := s.submit("IN/94/2026/66").ID
	s.clock.Set(time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC))
	s.sequenceAll()
	_, err := s.statements.RunOnce(s.ctx)
	s.must(err)
	s.sequenceAll()
	admin := s.as("kavya.menon")
	o, err := s.agencies.Office(admin)
	s.must(err)
	packed, _, err := s.statements.Open(admin, o.Statements[0].ID)
	s.must(err)
	dir := unpack(t, packed)
	b, err := os.ReadFile(filepath.Join(dir, "statement.json"))
	s.must(err)
	var st statement.Statement
	s.must(json.Unmarshal(b, &st))
	want := map[requests.ID]string{approved: "examined", done: "exported", waiting: "submitted"}
	for _, line := range st.Requests {
		for id, state := range want {
			if q := s.load(id).Request; q.Ref == line.Ref && line.State != state {
				t.Errorf("a case that is %s is %q in the statement, want %q", q.State, line.State, state)
			}
		}
	}
	shown, err := os.ReadFile(filepath.Join(dir, "statement.html"))
	s.must(err)
	if len(st.Requests) != 3 || !strings.Contains(string(shown), "being examined by the platform") || strings.Contains(string(shown), "signed") {
		t.Errorf("%d requests; the page says %s", len(st.Requests), shown)
	}
	s.verifyLog()
}

func unpack(t *testing.T, packed []byte) string {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// checkStatement verifies as HOW-TO-VERIFY.txt says, and then that a changed byte
// is noticed by each step.
func (s *scenario) checkStatement(dir, ref string) {
	t := s.t
	t.Helper()
	read := func(name string) []byte { b, err := os.ReadFile(filepath.Join(dir, name)); s.must(err); return b }
	run := func(name string, args ...string) error { c := exec.Command(name, args...); c.Dir = dir; return c.Run() }
	root := s.keys.Roots[0]
	s.must(os.WriteFile(filepath.Join(dir, "root.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}), 0o600))
	openssl := []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", statement.SignatureName, "-content", statement.SumsName, "-CAfile", "root.pem", "-certfile", statement.ChainName, "-purpose", "any",
		"-attime", fmt.Sprint(s.clock.Now().Unix()), "-out", os.DevNull}
	w := agencyShell{t: t, dir: dir, at: fmt.Sprint(s.clock.Now().Unix())}
	for line := range strings.Lines(string(read(statement.HowName))) {
		if strings.HasPrefix(line, "  ") {
			w.do(strings.TrimSpace(line))
		}
	}
	if len(w.done) != 2 {
		t.Errorf("%s has other commands than were typed: %q", statement.HowName, w.done)
	}
	var st statement.Statement
	s.must(json.Unmarshal(read("statement.json"), &st))
	if len(st.Requests) != 1 || st.Requests[0].Ref != ref || st.Requests[0].Officer != "Asha Rao" || st.Requests[0].Index < 0 || st.Requests[0].Index >= st.LogSize {
		t.Errorf("the statement says %+v", st.Requests)
	}
	for _, not := range []string{"+447700900123", "Sale of tickets"} {
		if bytes.Contains(read("statement.json"), []byte(not)) || bytes.Contains(read("statement.html"), []byte(not)) {
			t.Errorf("the statement says %q", not)
		}
	}
	s.must(os.WriteFile(filepath.Join(dir, "log-keys.txt"), []byte(s.logVKey+"\n"), 0o600))
	prove := verifycli.Proof{File: filepath.Join(dir, statement.ProofName), Entry: filepath.Join(dir, statement.EntryName), VKey: filepath.Join(dir, "log-keys.txt")}
	if err := prove.Run(); err != nil {
		t.Errorf("lerd-verify proof: %v", err)
	}
	rec, err := audit.ParseEntry(audit.Entry(read(statement.EntryName)))
	s.must(err)
	proof, err := audit.ParseProof(read(statement.ProofName))
	s.must(err)
	if len(proof.Checkpoint) == 0 || rec.Facts["sums_sha256"] != sha256Of(read(statement.SumsName)) {
		t.Error("the log's entry does not name what was signed")
	}
	s.must(os.WriteFile(filepath.Join(dir, "statement.json"), bytes.Replace(read("statement.json"), []byte(ref), []byte("LR-0000-0000-0000"), 1), 0o600))
	if run("sha256sum", "--quiet", "-c", statement.SumsName) == nil {
		t.Error("sha256sum takes a changed statement")
	}
	s.must(os.WriteFile(filepath.Join(dir, statement.SumsName), append(read(statement.SumsName), '\n'), 0o600))
	if _, err := exec.LookPath("openssl"); err == nil && run("openssl", openssl...) == nil {
		t.Error("openssl takes changed sums")
	}
}

func sha256Of(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
