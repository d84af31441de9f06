package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/oversight"
)

// auditorsHouse is an installation with two administrators and three auditors, of
// whom the third came in by the word of the first two, all with real keys.
type auditorsHouse struct {
	*portal
	ada                *device
	adaIn              *visitor
	ines, tariq, lena  identity.PersonID
	adaID              identity.PersonID
	inesHas, tariqHas  *device
	inesSees, tariqSee *visitor
}

func openAuditorsHouse(t *testing.T) *auditorsHouse {
	h := &auditorsHouse{portal: newScenarioOf(t, true).openForReal()}
	h.ada = h.bring("Ada First", identity.Administrator)
	h.bring("Bo Second", identity.Administrator)
	h.inesHas, h.tariqHas = h.bring("Ines Moreau", identity.Auditor), h.bring("Tariq Aziz", identity.Auditor)
	h.adaIn, h.inesSees, h.tariqSee = h.signIn(h.ada), h.signIn(h.inesHas), h.signIn(h.tariqHas)
	id := func(name string) identity.PersonID {
		return identity.PersonID(h.column("SELECT id::text FROM person WHERE name = '" + name + "'")[0])
	}
	h.adaID, h.ines, h.tariq = id("Ada First"), id("Ines Moreau"), id("Tariq Aziz")
	code, lena := h.inviteBy(h.inesSees, h.inesHas, "Lena Frost", identity.Auditor, "")
	h.lena = identity.PersonID(lena)
	fingerprint, at := h.enrol(code, h.newDevice()), accounts.PathOf(h.lena)
	if got := h.stepUp(h.inesSees, h.inesHas, at, at+"/confirm", "fingerprint", fingerprint); got.status != http.StatusConflict {
		t.Errorf("one auditor alone brings in another: %d", got.status)
	}
	if got := h.stepUp(h.tariqSee, h.tariqHas, at, at+"/confirm", "fingerprint", fingerprint); got.status != http.StatusSeeOther {
		t.Fatalf("the second auditor confirms: %d", got.status)
	}
	return h
}

// TestAnAdministratorDoesNotReachTheAuditors tries every route about accounts, and
// the server's own command, for what an administrator wants with an auditor.
func TestAnAdministratorDoesNotReachTheAuditors(t *testing.T) {
	h := openAuditorsHouse(t)
	nobody := identity.PersonID(uuid.NewString())
	before := h.tables()
	send := func(method, path string) reply {
		form := url.Values{"idempotency_key": {uuid.NewString()}, "why": {"Because."}, "fingerprint": {"1a2b3-c4d5e-6f708"}, "decision": {"yes"}, "answer": {"yes"}}
		if method == http.MethodGet {
			return h.ask(h.adaIn, method, path, nil, "")
		}
		return h.ask(h.adaIn, method, path, nil, form.Encode())
	}
	tried := 0
	for _, r := range h.web.Routes() {
		if !strings.HasPrefix(r.Path, "/accounts/:id") {
			continue
		}
		tried++
		got := send(r.Method, strings.Replace(r.Path, ":id", string(h.ines), 1))
		none := send(r.Method, strings.Replace(r.Path, ":id", string(nobody), 1))
		if got.status != http.StatusNotFound || strings.ReplaceAll(plainReply(got), string(h.ines), "") != strings.ReplaceAll(plainReply(none), string(nobody), "") {
			t.Errorf("%s %s of an auditor: %d, and of nobody %d", r.Method, r.Path, got.status, none.status)
		}
	}
	if tried < 8 {
		t.Errorf("only %d routes were tried", tried)
	}
	invite := h.ask(h.adaIn, "POST", "/accounts", nil, url.Values{"idempotency_key": {uuid.NewString()}, "name": {"Mal"}, "role": {"auditor"}}.Encode())
	if invite.status != http.StatusNotFound {
		t.Errorf("an administrator invites an auditor: %d", invite.status)
	}
	list := h.ask(h.adaIn, "GET", "/accounts", nil, "")
	if list.status != http.StatusOK || strings.Contains(list.body, string(h.ines)) || strings.Contains(list.body, "Ines Moreau") {
		t.Errorf("the administrator's list shows auditors: %d", list.status)
	}
	for name, err := range map[string]error{
		"the company's provider": h.accounts.LinkFromServer(h.ctx, h.ines, "https://id.example", "ines"),
		"a confirmation":         h.accounts.ConfirmFromServer(h.ctx, h.ines, "1a2b3-c4d5e-6f708"),
	} {
		if kind := fault.KindOf(err); kind != fault.Gate && kind != fault.Invalid {
			t.Errorf("by the server's command, %s: %v", name, err)
		}
	}
	if _, _, err := h.accounts.InviteFromServer(h.ctx, accounts.Invite{Name: "Mal", Role: identity.Auditor}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the server invites a fourth auditor: %v", err)
	}
	h.adaIn.get(h.ctx, "/sign-in") // and the evaluation's way in is not there
	if got := h.ask(newVisitor(h.base), "POST", "/sign-in", nil, url.Values{"sign_in": {string(h.ines)}, "idempotency_key": {uuid.NewString()}}.Encode()); got.status == http.StatusSeeOther {
		t.Errorf("the evaluation's sign-in: %d", got.status)
	}
	after := h.tables()
	for _, table := range []string{"person", "passkey", "invitation", "account_change", "provider_account"} {
		if before[table] != after[table] {
			t.Errorf("something changed in %s", table)
		}
	}
	h.stop()
	h.verifyLog()
	h.assertionsVerify()
}

// TestTheDatabaseKeepsAuditorsOutOfReach tries the same with raw SQL, as the
// application's role and as the owner.
func TestTheDatabaseKeepsAuditorsOutOfReach(t *testing.T) {
	h := openAuditorsHouse(t)
	h.stop()
	h.sequenceAll()
	ines := string(h.ines)
	person := "UPDATE person SET %s, version = version + 1, event_id = $EVENT WHERE id = '" + ines + "'"
	session := func(method string) string {
		return fmt.Sprintf(`INSERT INTO session (id, token_hash, person_id, role, method, created_at, seen_at, ends_at)
			VALUES (gen_random_uuid(), sha256('%s'), '%s', 'auditor', '%s', now(), now(), now() + interval '1 hour')`, uuid.NewString(), ines, method)
	}
	invitation := func(by string) []string {
		id := uuid.NewString()
		return []string{fmt.Sprintf(`INSERT INTO person (id, name, sign_in, pseudonym, role, active, version, event_id) VALUES ('%s', 'Mal', '%s', 'A %s', 'auditor', false, 1, $EVENT)`, id, id, id),
			fmt.Sprintf(`INSERT INTO invitation (id, person_id, role, revetting, code_hash, invited_by, invited_at, expires_at, state, tries, version, event_id)
			VALUES (gen_random_uuid(), '%s', 'auditor', false, sha256('%s'), %s, now(), now() + interval '1 hour', 'open', 0, 1, $EVENT)`, id, id, by)}
	}
	again := fmt.Sprintf(`INSERT INTO assertion SELECT gen_random_uuid(), person_id, session_id, passkey_id, purpose, digest, nonce, client_data, authenticator_data, signature, sign_count + 1000, method, now(), $EVENT
		FROM assertion WHERE person_id = '%s' AND purpose = 'sign_in' LIMIT 1`, ines)
	for _, a := range h.attackers(t) {
		for _, attack := range []struct {
			name, because string
			statements    []string
		}{
			{"removed", "two other auditors", []string{fmt.Sprintf(person, "active = false")}},
			{"made something else", "do not change", []string{fmt.Sprintf(person, "role = 'reviewer'")}},
			{"one's own decision", "an auditor decides", []string{fmt.Sprintf(`INSERT INTO account_change (id, person_id, what, why, proposed_by, proposed_at, state, version, event_id)
				VALUES (gen_random_uuid(), '%s', 'suspend', 'x', '%s', now(), 'proposed', 1, $EVENT)`, ines, h.adaID)}},
			{"without a key", "still has access", []string{`UPDATE passkey SET removed_at = now(), removed_why = 'suspended', version = version + 1, event_id = $EVENT WHERE person_id = '` + ines + `'`}},
			{"another's key", "nobody was invited with it", []string{`INSERT INTO passkey (id, person_id, credential_id, public_key, algorithm, transports, sign_count, backup_eligible, backed_up, label, created_at, removed_why, version, event_id)
				SELECT gen_random_uuid(), '` + ines + `', sha256('mine'), public_key, algorithm, '', 0, false, false, '', now(), '', 1, $EVENT FROM passkey LIMIT 1`}},
			{"a session", "nobody has signed in", []string{session("passkey")}},
			{"a session of the company's", "for nothing", []string{session("oidc")}},
			{"a session of an evaluation's", "without a passkey", []string{session("development")}},
			{"another's session", "it is seen and it ends", []string{`UPDATE session SET person_id = '` + ines + `' WHERE person_id = '` + string(h.adaID) + `'`}},
			{"a session that comes back", "it is seen and it ends", []string{`UPDATE session SET ends_at = ends_at + interval '1 year' WHERE person_id = '` + ines + `'`}},
			{"the company's provider", "passkey alone", []string{`INSERT INTO provider_account (id, person_id, issuer, subject, linked_at, version, event_id) VALUES (gen_random_uuid(), '` + ines + `', 'https://id.example', 'ines', now(), 1, $EVENT)`}},
			{"a word said twice", "assertion_once", []string{again}},
			{"an auditor of one's own", "whoever invited may not", invitation("'" + string(h.adaID) + "'")},
			{"an auditor of the server's", "does not invite", invitation("NULL")},
			{"one auditor with the server", "with their passkey", invitation("'" + string(h.tariq) + "'")},
		} {
			a.refused(attack.name, a.try("person:"+ines, attack.statements...), attack.because)
		}
		if a.as != "application" {
			continue
		}
		for _, sql := range []string{`DROP POLICY read ON passkey`, `ALTER TABLE passkey DISABLE ROW LEVEL SECURITY`, `ALTER TABLE person DISABLE TRIGGER ALL`,
			`DROP TRIGGER check_standing ON person`, `CREATE OR REPLACE FUNCTION lerd_evaluation() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'`, `SET ROLE lerd_owner`, `DELETE FROM person WHERE id = '` + ines + `'`} {
			a.refused(sql, a.try("person:"+ines, sql), "must be owner", "permission denied")
		}
	}
	h.verifyLog()
	h.assertionsVerify()
	h.forgedWord(t, ines)
}

// forgedWord signs in as an auditor with an answer that has the right form and no
// signature; the database cannot tell, and whoever verifies what was signed can.
func (h *auditorsHouse) forgedWord(t *testing.T, who string) {
	t.Helper()
	nonce := bytes.Repeat([]byte{7}, 32)
	challenge := identity.Challenge(identity.PurposeSignIn, identity.Digest{}, nonce)
	session := uuid.NewString()
	h.must(attacker{t: t, db: h.ownerDB(), as: "application"}.try("session:"+session,
		fmt.Sprintf(`INSERT INTO assertion (id, person_id, session_id, passkey_id, purpose, digest, nonce, client_data, authenticator_data, signature, sign_count, method, at, event_id)
			SELECT gen_random_uuid(), person_id, '', id, 'sign_in', decode('%x', 'hex'), decode('%x', 'hex'), convert_to('{"type":"webauthn.get","origin":"%s","challenge":"%s"}', 'UTF8'), 'a', 'b', 100000, 'passkey', now(), $EVENT FROM passkey WHERE person_id = '%s'`,
			identity.Digest{}, nonce, h.base, to64(challenge[:]), who),
		fmt.Sprintf(`INSERT INTO session (id, token_hash, person_id, role, method, created_at, seen_at, ends_at) VALUES ('%s', sha256('mine'), '%s', 'auditor', 'passkey', now(), now(), now() + interval '1 hour')`, session, who)))
	var out bytes.Buffer
	audit := auditAssertionsCmd{auditSource: auditSource{DatabaseURL: h.db.Auditor}, Origin: []string{h.base}}
	if err := audit.run(h.ctx, &out); fault.KindOf(err) != fault.Invalid || !strings.Contains(out.String(), ", 1 are not.") {
		t.Errorf("a forged sign-in is not named: %v\n%s", err, out.String())
	}
}

// TestWhatAnOwnerDoesToAuditorsIsNamed switches the database's own rules off, as its
// owner can, does to auditors what they forbid, and switches them on again: the log
// is in order, and the verification names what was done all the same.
func TestWhatAnOwnerDoesToAuditorsIsNamed(t *testing.T) {
	h := openAuditorsHouse(t)
	h.stop()
	h.verifyLog()
	ctx := identity.With(h.ctx, identity.SystemActor())
	ines := func() *identity.Person {
		a, err := h.store.Account(ctx, h.ines)
		h.must(err)
		a.Person.Version++
		return &a.Person
	}
	named := func(what, want string) {
		t.Helper()
		h.sequenceAll()
		if _, err := h.verify(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the verification says %v", what, err)
		}
	}
	p := ines()
	p.Active = false
	h.withoutRules(t, "person", func() { h.happen("person.suspended", "person:"+string(h.ines), 0, p) })
	named("suspended", "was closed, and no two auditors decided it")
	p = ines()
	p.Active = true
	h.withoutRules(t, "person", func() { h.happen("person.confirmed", "person:"+string(h.ines), 0, p) })
	h.verifyLog()

	p = ines()
	p.Role = identity.Reviewer
	h.withoutRules(t, "person", func() { h.happen("person.changed", "person:"+string(h.ines), 0, p) })
	named("another role", "has another role now")
	p = ines()
	p.Role = identity.Auditor
	h.withoutRules(t, "person", func() { h.happen("person.changed", "person:"+string(h.ines), 0, p) })
	h.verifyLog()

	acts := identity.With(h.ctx, identity.Actor{Person: h.ines, Role: identity.Auditor, Session: identity.SessionID(uuid.NewString())})
	h.must(h.store.Commit(acts, change.Set{Parts: []change.Part{{Event: change.Event(acts, h.clock.Now(), "log.viewed", "look:log", 0)}}}))
	named("a session that nobody began", "for which the auditor's passkey did not sign in")

	keys, err := h.passkeys.InUse(ctx, h.tariq)
	h.must(err)
	k := keys[0]
	k.ID, k.Person, k.CredentialID, k.Version = identity.PasskeyID(uuid.NewString()), h.ines, bytes.Repeat([]byte{9}, 32), 1
	h.withoutRules(t, "passkey", func() {
		e := change.Event(ctx, h.clock.Now(), "passkey.added", "person:"+string(h.ines), 0)
		h.must(h.store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&k}}}}))
	})
	named("a key", "came by no invitation")
}

// withoutRules switches lerd's triggers on a table off, but for those of the log,
// while do runs, and leaves them as they were.
func (s *scenario) withoutRules(t *testing.T, table string, do func()) {
	t.Helper()
	owner := attacker{t: t, db: s.ownerDB(), as: "owner"}
	names := s.column("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A' AND tgname NOT LIKE 'audit%' AND tgrelid = '" + table + "'::regclass")
	for _, name := range names {
		owner.exec("ALTER TABLE " + table + " DISABLE TRIGGER " + name)
	}
	do()
	for _, name := range names {
		owner.exec("ALTER TABLE " + table + " ENABLE ALWAYS TRIGGER " + name)
	}
}

// TestAViewDoesNotAnswerForATable: the database's owner puts an empty view in the way of
// the index that auditors' pages are read from, by a search_path for the role that serves
// them. The pages say what is there all the same.
func TestAViewDoesNotAnswerForATable(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/5811")
	s.indexed()
	asked := func() int {
		t.Helper()
		list, err := s.oversight.Query(s.as("ines.moreau"), oversight.Search{Name: "events", Limit: 100}, "page")
		s.must(err)
		return len(list)
	}
	before := asked()
	s.ownerAttacks(t).exec(`CREATE SCHEMA hide; CREATE VIEW hide.log_index AS SELECT * FROM public.log_index WHERE false; GRANT USAGE ON SCHEMA hide TO lerd_app; GRANT SELECT ON hide.log_index TO lerd_app;
		DO $$ BEGIN EXECUTE format('ALTER ROLE lerd_app IN DATABASE %I SET search_path = hide, public', current_database()); END $$`)
	s.store.SQL().SetMaxIdleConns(0) // what begins from now on has the new path
	if after := asked(); before == 0 || after < before {
		t.Errorf("%d events before, %d behind the view", before, after)
	}
}
