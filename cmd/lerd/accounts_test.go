package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/identity/passkey"
)

// TestPeopleComeInByInvitation brings people in on an installation that knows nobody
// but its operator, with real keys, over HTTP.
func TestPeopleComeInByInvitation(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()

	// The operator's command brings in two administrators, and no third.
	ada, bo := p.bring("Ada First", identity.Administrator), p.bring("Bo Second", identity.Administrator)
	if _, _, err := p.accounts.InviteFromServer(p.ctx, accounts.Invite{Name: "Cy Third", Role: identity.Administrator}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the server invites a third administrator: %v", err)
	}
	adaIn, boIn := p.signIn(ada), p.signIn(bo)

	// One of them invites a reviewer; whoever has the code alone has nothing.
	code, id := p.inviteBy(adaIn, ada, "Rhea Viewer", identity.Reviewer, "")
	rhea := p.newDevice()
	fingerprint := p.enrol(code, rhea)
	if got := p.trySignIn(newVisitor(p.base), rhea); got.status != http.StatusUnauthorized {
		t.Errorf("a code alone signs in: %d", got.status)
	}
	page := accounts.PathOf(identity.PersonID(id))
	if got, err := adaIn.get(p.ctx, page); err != nil || strings.Contains(string(got.body), fingerprint) {
		t.Errorf("the page shows the fingerprint that is to be typed: %v", err)
	}
	if got := p.stepUp(adaIn, ada, page, page+"/confirm", "fingerprint", fingerprint); got.status != http.StatusConflict || !strings.Contains(got.body, "Somebody else") {
		t.Errorf("the inviter confirms their own invitation: %d", got.status)
	}
	if got := p.stepUp(boIn, bo, page, page+"/confirm", "fingerprint", "00000-00000-00000"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong fingerprint: %d", got.status)
	}
	if got := p.stepUp(boIn, bo, page, page+"/confirm", "fingerprint", strings.ToUpper(strings.ReplaceAll(fingerprint, "-", " "))); got.status != http.StatusSeeOther {
		t.Errorf("the right fingerprint, as people type it: %d %s", got.status, got.body)
	}
	rheaIn := p.signIn(rhea)
	if got, err := rheaIn.get(p.ctx, "/review"); err != nil || got.status != 200 {
		t.Errorf("the reviewer has no desk: %v", err)
	}
	p.stop()
	p.sequenceAll()
	p.verifyLog()
	p.assertionsVerify()
}

// assertionsVerify verifies every kept assertion with the public keys alone, and
// shows that a changed one does not verify.
func (p *portal) assertionsVerify() {
	p.t.Helper()
	v := passkey.Verifier{RPID: "localhost", Origins: []string{p.base}}
	n := 0
	p.must(p.store.Assertions(identity.With(p.ctx, identity.SystemActor()), func(a identity.Assertion, k identity.Passkey) error {
		n++
		if a.Method == identity.ByDevelopment {
			return nil
		}
		if err := v.Verify(a, k); err != nil {
			return err
		}
		for name, change := range map[string]func(*identity.Assertion){
			"digest":    func(a *identity.Assertion) { a.Digest[0] ^= 1 },
			"purpose":   func(a *identity.Assertion) { a.Purpose += "x" },
			"nonce":     func(a *identity.Assertion) { a.Nonce = append([]byte{a.Nonce[0] ^ 1}, a.Nonce[1:]...) },
			"signature": func(a *identity.Assertion) { a.Signature = append([]byte(nil), a.Signature[:len(a.Signature)-1]...) },
			"client":    func(a *identity.Assertion) { a.ClientData = append([]byte(" "), a.ClientData...) },
			"counter":   func(a *identity.Assertion) { a.SignCount++ },
			"person":    func(a *identity.Assertion) { a.Person = "x" },
		} {
			b := a
			change(&b)
			if v.Verify(b, k) == nil {
				p.t.Errorf("an assertion with another %s verifies", name)
			}
		}
		if (passkey.Verifier{RPID: "example.org", Origins: v.Origins}).Verify(a, k) == nil || (passkey.Verifier{RPID: "localhost", Origins: []string{"https://example.org"}}).Verify(a, k) == nil {
			p.t.Error("an assertion of another site verifies")
		}
		return nil
	}))
	if n == 0 {
		p.t.Error("no assertion was kept")
	}
}

// TestInvitationsThatOpenNothing brings codes that do not count: each answers as
// one that never was.
func TestInvitationsThatOpenNothing(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada := p.bring("Ada First", identity.Administrator)
	in := p.signIn(ada)
	used, _ := p.inviteBy(in, ada, "Uma Used", identity.Reviewer, "")
	p.enrol(used, p.newDevice())
	cancelled, id := p.inviteBy(in, ada, "Cy Cancelled", identity.Reviewer, "")
	if got := p.stepUp(in, ada, "/accounts/"+id, "/accounts/"+id+"/cancel"); got.status != http.StatusSeeOther {
		t.Fatalf("cancelling answers %d", got.status)
	}
	replaced, rid := p.inviteBy(in, ada, "Rex Replaced", identity.Reviewer, "")
	again := p.stepUp(in, ada, "/accounts/"+rid, "/accounts/"+rid+"/again")
	fresh := codeShown.FindStringSubmatch(again.body)
	if again.status != http.StatusOK || fresh == nil {
		t.Fatalf("inviting anew answers %d", again.status)
	}
	expired, _ := p.inviteBy(in, ada, "Ed Expired", identity.Reviewer, "")
	open, _ := p.inviteBy(in, ada, "Olga Open", identity.Reviewer, "")

	never := "abcd-abcd-abcd-abcd-abcd-abcd-abcd"
	v := newVisitor(p.base)
	_, wantBegin := p.begin(v, "/enrol/begin", "code", never)
	c, _ := p.begin(newVisitor(p.base), "/enrol/begin", "code", open)
	answer := p.newDevice().create(string(c.Options))
	wantEnrol := p.send(v, "/enrol", c.ID, answer, "code", never)
	if wantBegin.status != http.StatusNotFound || wantEnrol.status != http.StatusNotFound {
		t.Fatalf("a code that never was answers %d and %d", wantBegin.status, wantEnrol.status)
	}
	if _, got := p.begin(newVisitor(p.base), "/enrol/begin", "code", strings.ToUpper(strings.ReplaceAll(open, "-", " "))); got.status != http.StatusOK {
		t.Errorf("a good code as people type it: %d", got.status)
	}
	if _, got := p.begin(newVisitor(p.base), "/enrol/begin", "code", fresh[1]); got.status != http.StatusOK {
		t.Errorf("the new code of a new invitation: %d", got.status)
	}
	wrong := map[string]string{"used": used, "cancelled": cancelled, "replaced": replaced, "too short": never[:20], "too long": never + "-abcd", "empty": "", "another alphabet": strings.Repeat("é", 28),
		"huge": strings.Repeat("a", 5000)}
	check := func() {
		t.Helper()
		for name, code := range wrong {
			v := newVisitor(p.base)
			if _, got := p.begin(v, "/enrol/begin", "code", code); got.status != http.StatusNotFound || got.body != wantBegin.body {
				t.Errorf("%s: beginning answers %d %s", name, got.status, got.body)
			}
			if code == "" || len(code) > 200 {
				continue // told at the field, whatever exists
			}
			if got := p.send(v, "/enrol", c.ID, answer, "code", code); got.status != http.StatusNotFound || plainReply(got) != plainReply(wantEnrol) {
				t.Errorf("%s: enrolling answers %d", name, got.status)
			}
		}
	}
	check()
	p.clock.Advance(accounts.CodeLife)
	wrong = map[string]string{"expired": expired}
	check()
	if got := p.column("SELECT count(*)::text FROM passkey")[0]; got != "2" {
		t.Errorf("%s passkeys", got)
	}
}

// TestACodeServesOneBrowser takes a ceremony of one browser to another.
func TestACodeServesOneBrowser(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	code, inv, err := p.accounts.InviteFromServer(p.ctx, accounts.Invite{Name: "Ada First", Role: identity.Administrator})
	p.must(err)
	mine, thief := newVisitor(p.base), newVisitor(p.base)
	d := p.newDevice()
	c, _ := p.begin(mine, "/enrol/begin", "code", code)
	p.begin(thief, "/enrol/begin", "code", code)
	answer := d.create(string(c.Options))
	if got := p.send(thief, "/enrol", c.ID, answer, "code", code); got.status != http.StatusUnauthorized {
		t.Errorf("another browser's answer: %d", got.status)
	}
	unverified := p.newDevice()
	unverified.auth.Options.UserNotVerified = true
	if got := p.send(mine, "/enrol", c.ID, unverified.create(string(c.Options)), "code", code); got.status != http.StatusUnauthorized {
		t.Errorf("a key whose user was not verified: %d", got.status)
	}
	first := p.send(mine, "/enrol", c.ID, answer, "code", code)
	if got := p.send(mine, "/enrol", c.ID, answer, "code", code); first.status != http.StatusOK || got.status != http.StatusOK || fingerprintShown.FindString(got.body) != fingerprintShown.FindString(first.body) {
		t.Errorf("the same answer after a lost page: %d, %d", first.status, got.status)
	}
	if got := p.send(mine, "/enrol", c.ID, p.newDevice().create(string(c.Options)), "code", code); got.status == http.StatusOK && fingerprintShown.FindString(got.body) == fingerprintShown.FindString(first.body) {
		t.Error("another key shows the first one's fingerprint")
	}
	for n := 1; n < accounts.MaxTries; n++ {
		if err := p.accounts.ConfirmFromServer(p.ctx, inv.Person, "11111-11111-11111"); fault.KindOf(err) != fault.Invalid {
			t.Fatalf("try %d: %v", n, err)
		}
	}
	if err := p.accounts.ConfirmFromServer(p.ctx, inv.Person, "11111-11111-11111"); fault.KindOf(err) != fault.Gate {
		t.Errorf("the fifth wrong fingerprint: %v", err)
	}
	if err := p.accounts.ConfirmFromServer(p.ctx, inv.Person, fingerprintShown.FindStringSubmatch(first.body)[1]); err == nil {
		t.Error("the right fingerprint after five wrong ones opens the account")
	}
}

// TestAuditorsAreForAuditors tries to touch an auditor's account as everybody.
func TestAuditorsAreForAuditors(t *testing.T) {
	s := newScenario(t)
	ines := identity.PersonID(s.personID("ines.moreau"))
	admin := s.as("tess.boyd")
	for name, err := range map[string]error{
		"suspend": s.accounts.Suspend(admin, ines, "A reason."), "sign out": s.accounts.EndSessions(admin, ines), "cancel": s.accounts.Cancel(admin, ines),
		"confirm": s.accounts.Confirm(admin, ines, "x"), "propose": s.accounts.Propose(admin, ines, "A reason."), "decide": s.accounts.Decide(admin, ines, true),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("an administrator may %s an auditor: %v", name, err)
		}
	}
	if _, _, err := s.accounts.Revet(admin, ines); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an administrator invites an auditor anew: %v", err)
	}
	if _, _, err := s.accounts.Invite(admin, accounts.Invite{Name: "Mal", Role: identity.Auditor}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an administrator invites an auditor: %v", err)
	}
	if _, err := s.accounts.View(admin, ines); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an administrator sees an auditor's account: %v", err)
	}
	tariq, lena := s.as("tariq.aziz"), s.as("lena.frost")
	if err := s.accounts.Propose(s.as("ines.moreau"), ines, "Myself."); fault.KindOf(err) != fault.Gate {
		t.Errorf("one's own account: %v", err)
	}
	if err := s.accounts.Decide(lena, ines, true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what nobody proposed: %v", err)
	}
	if _, _, err := s.accounts.Revet(lena, ines); fault.KindOf(err) != fault.Gate {
		t.Errorf("one auditor alone ends another's access by inviting anew: %v", err)
	}
	s.must(s.accounts.Propose(tariq, ines, "Left."))
	if err := s.accounts.Decide(tariq, ines, true); fault.KindOf(err) != fault.Gate {
		t.Errorf("one auditor alone: %v", err)
	}
	s.must(s.accounts.Decide(lena, ines, false))
	s.must(s.accounts.Propose(tariq, ines, "Left."))
	s.must(s.accounts.Decide(lena, ines, true))
	if got := s.column("SELECT active::text FROM person WHERE sign_in = 'ines.moreau'")[0]; got != "false" {
		t.Error("two auditors' decision has no effect")
	}
	if _, _, err := s.accounts.Revet(lena, ines); err != nil {
		t.Errorf("the way back: %v", err)
	}
	s.sequenceAll()
	s.verifyLog()
}

// TestWhoInvitesWhom tries every role's invitations to every role, at home and
// abroad.
func TestWhoInvitesWhom(t *testing.T) {
	s := newScenario(t)
	home, abroad := identity.AgencyID(s.agencyOf("asha.rao")), identity.AgencyID(s.agencyOf("jana.weber"))
	may := map[string]map[identity.Role]bool{
		"tess.boyd":  {identity.Reviewer: true, identity.Counsel: true, identity.Confirmer: true, identity.Approver: true, identity.Registrar: true, identity.Administrator: true},
		"tariq.aziz": {identity.Auditor: true}, "nora.berg": {identity.AgencyAdmin: true}, "kavya.menon": {identity.Officer: true},
		"asha.rao": {}, "rita.lind": {}, "helen.park": {}, "carl.ito": {}, "anna.keller": {},
	}
	for who, roles := range may {
		for _, role := range identity.Roles {
			for _, agency := range []identity.AgencyID{"", home, abroad} {
				if role.OfAgency() && agency == "" && who != "kavya.menon" && who != "asha.rao" || !role.OfAgency() && agency != "" {
					continue
				}
				_, inv, err := s.accounts.Invite(s.as(who), accounts.Invite{Name: "Somebody " + who, Role: role, Agency: agency})
				if roles[role] != (err == nil) || err != nil && fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s invites a %s of %q: %v", who, role, agency, err)
				}
				if err == nil && who == "kavya.menon" && inv.Agency != home {
					t.Errorf("an agency's administrator invites into another agency")
				}
			}
		}
	}
	if _, _, err := s.accounts.Invite(identity.With(s.ctx, identity.Actor{Person: identity.PersonID(s.personID("tess.boyd")), Role: identity.Administrator}), accounts.Invite{Name: "X", Role: identity.Reviewer}); fault.KindOf(err) != fault.StepUp {
		t.Errorf("an invitation without a passkey: %v", err)
	}
}

// TestTheDatabaseGuardsAccounts writes past the program, as the application and as
// the owner of the database.
func TestTheDatabaseGuardsAccounts(t *testing.T) {
	s := newScenario(t)
	rita, tess, hugo, ines := s.personID("rita.lind"), s.personID("tess.boyd"), s.personID("hugo.marsh"), s.personID("ines.moreau")
	s.must(s.accounts.Suspend(s.as("tess.boyd"), identity.PersonID(rita), "Left."))
	_, inv, err := s.accounts.Revet(s.as("tess.boyd"), identity.PersonID(rita))
	s.must(err)
	key := `INSERT INTO passkey (id, person_id, credential_id, public_key, algorithm, transports, sign_count, backup_eligible, backed_up, label, created_at, removed_why, version, event_id)
		VALUES ('7d444840-9dc0-11d1-b245-5ffdce74fad2', '` + rita + `', decode(repeat('ab', 32), 'hex'), decode(repeat('cd', 77), 'hex'), -7, '', 5, false, false, '', now(), '', 1, $EVENT)`
	enrolled := `UPDATE invitation SET state = 'enrolled', passkey_id = '7d444840-9dc0-11d1-b245-5ffdce74fad2', enrolled_at = invited_at, version = version + 1, event_id = $EVENT WHERE id = '` + string(inv.ID) + `'`
	confirmed := func(by string) string {
		return `UPDATE invitation SET state = 'confirmed', confirmed_by = ` + by + `, confirmed_at = now(), version = version + 1, event_id = $EVENT WHERE id = '` + string(inv.ID) + `'`
	}
	alive := `UPDATE person SET active = true, download_from = now() + interval '72 hours', version = version + 1, event_id = $EVENT WHERE id = '` + rita + `'`
	assertion := func(challenge string, count int) string {
		return fmt.Sprintf(`INSERT INTO assertion (id, person_id, session_id, passkey_id, purpose, digest, nonce, client_data, authenticator_data, signature, sign_count, method, at, event_id)
			VALUES (gen_random_uuid(), '%s', 's', '7d444840-9dc0-11d1-b245-5ffdce74fad2', 'invite', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'), convert_to('{"challenge":"%s"}', 'UTF8'), 'a', 'b', %d, 'passkey', now(), $EVENT)`, rita, challenge, count)
	}
	sum := identity.Challenge(identity.PurposeInvite, identity.Digest{}, make([]byte, 32))
	right := to64(sum[:])
	for _, a := range s.attackers(t) {
		for _, attack := range []struct {
			name, because string
			statements    []string
		}{
			{"an account comes alive by itself", "comes alive by a confirmed invitation", []string{alive}},
			{"an invitation is confirmed without a key", "no step leads", []string{confirmed("'" + hugo + "'")}},
			{"the inviter confirms", "check", []string{key, enrolled, confirmed("'" + tess + "'"), alive}},
			{"the server confirms a reviewer", "first two administrators", []string{key, enrolled, confirmed("NULL"), alive}},
			{"an auditor confirms a reviewer", "may not", []string{key, enrolled, confirmed("'" + ines + "'"), alive}},
			{"an administrator takes an auditor's access", "two other auditors", []string{`UPDATE person SET active = false, version = version + 1, event_id = $EVENT WHERE id = '` + ines + `'`}},
			{"a reviewer becomes an approver", "do not change", []string{`UPDATE person SET role = 'approver', supervisor = false, version = version + 1, event_id = $EVENT WHERE id = '` + rita + `'`}},
			{"a code counts for longer", "what was offered", []string{`UPDATE invitation SET expires_at = expires_at + interval '1 minute', version = version + 1, event_id = $EVENT WHERE id = '` + string(inv.ID) + `'`}},
			{"a key is exchanged", "what was registered", []string{key, `UPDATE passkey SET public_key = decode(repeat('ef', 77), 'hex'), version = 2, event_id = $EVENT WHERE person_id = '` + rita + `'`}},
			{"an answer to another challenge", "another challenge", []string{key, assertion("AAAA", 6)}},
			{"a counter that stands still", "does not follow", []string{key, assertion(right, 5)}},
			{"a counter that goes back", "does not follow", []string{key, assertion(right, 9), assertion(right, 8)}},
			{"a key that nobody confirmed", "nobody has confirmed its passkey", []string{key, enrolled, assertion(right, 9)}},
			{"a confirmation without a passkey", "with their passkey", []string{key, enrolled, confirmed("'" + hugo + "'"), alive}},
			{"an auditor's end that was decided at once", "proposed before it is decided", []string{`INSERT INTO account_change (id, person_id, what, why, proposed_by, proposed_at, state, decided_by, decided_at, version, event_id)
				SELECT gen_random_uuid(), '` + ines + `', 'suspend', 'x', '` + rita + `', now(), 'done', p.id, now(), 1, $EVENT FROM person p WHERE p.role = 'auditor' AND p.id <> '` + ines + `' LIMIT 1`}},
			{"an assertion is changed", "written once", []string{key, assertion(right, 9), `UPDATE assertion SET digest = decode(repeat('11', 32), 'hex')`}},
			{"an assertion of another's key", "passkey", []string{key, strings.Replace(assertion(right, 9), rita, tess, 1)}},
		} {
			stream := "person:" + rita
			if strings.Contains(attack.statements[0], "WHERE id = '"+ines+"'") {
				stream = "person:" + ines
			}
			a.refused(attack.name, a.try(stream, attack.statements...), attack.because, "permission denied", "row-level security")
		}
	}
	s.must(attacker{t: t, db: s.ownerDB(), as: "owner"}.try("person:"+rita, key, assertion(right, 9), enrolled, s.gave("hugo.marsh", identity.PurposeInvite, identity.Digest{}), confirmed("'"+hugo+"'"), alive)) // the right way
}

// TestRecoveryIsVettingAnew loses an officer's keys and brings them back, by
// their agency's administrator, with a pause before downloads.
func TestRecoveryIsVettingAnew(t *testing.T) {
	s := newScenario(t)
	id, asha, kavya := s.ready("IN/94/2026/61"), identity.PersonID(s.personID("asha.rao")), s.as("kavya.menon")
	p := s.openForReal()
	code, inv, err := p.accounts.Revet(kavya, asha)
	p.must(err)
	if _, _, err := p.accounts.Revet(s.as("petra.vogel"), asha); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another agency's administrator: %v", err)
	}
	if _, err := s.store.PersonBySignIn(identity.With(s.ctx, identity.SystemActor()), "asha.rao"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("she has access while she is vetted anew: %v", err)
	}
	d := p.newDevice()
	fingerprint := p.enrol(code, d)
	if err := p.accounts.Confirm(s.as("petra.vogel"), inv.Person, fingerprint); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another agency's administrator confirms: %v", err)
	}
	p.must(p.accounts.Confirm(kavya, inv.Person, fingerprint))
	v := p.signIn(d)
	if got, err := v.get(p.ctx, "/account"); err != nil || !strings.Contains(string(got.body), "nothing can be downloaded before") {
		t.Errorf("the page does not tell of the pause: %v", err)
	}
	if got, err := v.get(p.ctx, "/requests/"+string(id)); err != nil || !strings.Contains(string(got.body), "you can download again from the time above") {
		t.Errorf("the case's page does not tell of the pause: %v", err)
	}
	if _, err := s.fetched(s.as("asha.rao"), id); fault.KindOf(err) != fault.Gate {
		t.Errorf("a download in the pause: %v", err)
	}
	p.clock.Advance(accounts.CoolDown)
	if _, err := s.fetched(s.as("asha.rao"), id); err != nil {
		t.Errorf("a download after the pause: %v", err)
	}
}
