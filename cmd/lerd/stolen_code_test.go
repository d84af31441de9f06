package main

import (
	"net/http"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/identity/passkey"
)

// TestAStolenCodeIsNotLetInByALift stops an officer, invites her anew, and lets a
// thief use the code. When the stop is lifted, her account lives again; the
// thief's key, which nobody has compared with hers, opens nothing, and neither
// do the keys that she had before.
func TestAStolenCodeIsNotLetInByALift(t *testing.T) {
	s := newScenario(t)
	asha := identity.PersonID(s.personID("asha.rao"))
	kavya := s.as("kavya.menon")
	p := s.openForReal()
	code, inv, err := p.accounts.Revet(kavya, asha)
	p.must(err)
	hers := p.newDevice()
	p.must(p.accounts.Confirm(kavya, inv.Person, p.enrol(code, hers)))
	p.signIn(hers)

	p.clock.Advance(time.Minute)
	c, err := s.contain("helen.park", "asha.rao", "asha.rao", "passkey_stolen")
	p.must(err)
	code, inv, err = p.accounts.Revet(kavya, asha)
	p.must(err)
	if left := p.column("SELECT count(*)::text FROM passkey WHERE removed_at IS NULL AND person_id = '" + string(asha) + "'")[0]; left != "0" {
		t.Errorf("%s of her keys are in use while she is vetted anew", left)
	}
	thief := p.newDevice()
	p.enrol(code, thief)
	p.must(s.fraud.ProposeLift(s.as("nora.berg"), c.ID, "The passkey was found."))
	p.must(s.fraud.Lift(s.as("paul.adler"), c.ID, true))
	for name, d := range map[string]*device{"the thief": thief, "the key that was stolen": hers} {
		if got := p.trySignIn(newVisitor(p.base), d); got.status != http.StatusUnauthorized {
			t.Errorf("%s signs in: %d", name, got.status)
		}
	}
	p.must(p.accounts.Cancel(kavya, inv.Person))
	p.verifyLog()
}

// TestOneRegistrarBringsNobodyIn: whoever has one registrar's account makes no
// administrator of an agency, through the portal or in the database.
func TestOneRegistrarBringsNobodyIn(t *testing.T) {
	s := newScenario(t)
	agency := identity.AgencyID(s.agencyOf("asha.rao"))
	nora, paul := s.as("nora.berg"), s.as("paul.adler")
	p := s.openForReal()
	code, inv, err := p.accounts.Invite(nora, accounts.Invite{Name: "Ida Impostor", Role: identity.AgencyAdmin, Agency: agency})
	p.must(err)
	fingerprint := p.enrol(code, p.newDevice())
	p.gate("confirmed by who invited", p.accounts.Confirm(nora, inv.Person, fingerprint))
	for _, a := range s.attackers(t) {
		a.refused("confirmed by who invited", a.try("person:"+string(inv.Person), s.gave("nora.berg", identity.PurposeInvite, identity.Digest{}),
			`UPDATE invitation SET state = 'confirmed', confirmed_by = invited_by, confirmed_at = now(), version = version + 1, event_id = $EVENT WHERE id = '`+string(inv.ID)+`'`,
			`UPDATE person SET active = true, version = version + 1, event_id = $EVENT WHERE id = '`+string(inv.Person)+`'`), "invitation_by_two")
	}
	p.must(p.accounts.Confirm(paul, inv.Person, fingerprint))
}

// TestAnEvaluationsSessionEndsWithIt: a session begun by name alone is nobody's
// where passkeys are asked for, though its row lives.
func TestAnEvaluationsSessionEndsWithIt(t *testing.T) {
	s := newScenario(t)
	token, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
	s.must(err)
	if _, err := s.people.Authenticate(s.ctx, token); err != nil {
		t.Fatalf("in the evaluation: %v", err)
	}
	p := s.openForReal()
	if _, err := p.people.Authenticate(s.ctx, token); fault.KindOf(err) != fault.SignIn {
		t.Errorf("outside it: %v", err)
	}
}

// TestCeremoniesOfStrangersAreForgotten: whoever asks for challenges fills the
// database for some minutes, not for a day.
func TestCeremoniesOfStrangersAreForgotten(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada := p.bring("Ada First", identity.Administrator)
	v := p.signIn(ada)
	p.begin(v, "/account/step-up", "purpose", "account", "digest", digestHex(identity.DigestOf("x")))
	for range 5 {
		p.begin(newVisitor(p.base), "/sign-in/begin")
	}
	p.clock.Advance(passkey.Lifetime + time.Minute)
	p.begin(newVisitor(p.base), "/sign-in/begin")
	if got := p.column("SELECT kind || ' ' || count(*) FROM ceremony GROUP BY kind ORDER BY kind"); len(got) != 2 || got[0] != "sign_in 1" || got[1] != "step_up 1" {
		t.Errorf("six minutes later there are %v", got)
	}
}
