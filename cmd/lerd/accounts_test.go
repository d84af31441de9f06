package main

import (
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
			"nonce":     func(a *identity.Assertion) { a.Nonce = append([]byte{1}, a.Nonce[1:]...) },
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
