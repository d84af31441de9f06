package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/testkit/browser"
)

// hands is a window with an authenticator in its user's hand.
type hands struct {
	*browser.Page
	key *browser.Authenticator
}

// TestPasskeysInABrowser brings people in, signs them in and takes steps by
// passkey in Chromium, through the script that every browser loads. On every page
// axe finds nothing serious or critical at two widths.
func TestPasskeysInABrowser(t *testing.T) {
	s := &stage{portal: newScenarioOf(t, true).openForReal(), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	ada, bo := s.arrive("Ada First"), s.arrive("Bo Second")
	s.keylessFails()

	// Ada invites a reviewer, who enrols; Bo types the fingerprint.
	s.goTo(ada.Page, "/accounts", 200, "accounts")
	s.press(ada.Page, `a[href="/accounts/new"]`)
	s.look(ada.Page, "accounts-new")
	ada.Fill(`input[name="name"]`, "Rhea Viewer")
	ada.Click(`input[name="role"][value="reviewer"]`)
	s.press(ada.Page, `.main form button[type="submit"]`)
	s.look(ada.Page, "accounts-sure")
	s.press(ada.Page, `.main form button[type="submit"]`)
	s.look(ada.Page, "accounts-code")
	rhea := s.hands()
	fingerprint := s.enrolIn(rhea, ada.Text("#code"))
	account := accounts.PathOf(identity.PersonID(s.column("SELECT id::text FROM person WHERE name = 'Rhea Viewer'")[0]))
	s.goTo(bo.Page, account, 200, "accounts-confirm")
	bo.Fill(`input[name="fingerprint"]`, "00000-00000-00000")
	if got := bo.Follow(`form[action$="/confirm"] button`); got != 422 {
		t.Fatalf("a wrong fingerprint is answered %d", got)
	}
	s.look(bo.Page, "accounts-mistake")
	bo.Problems() // the browser logs the 422
	bo.Fill(`input[name="fingerprint"]`, fingerprint)
	s.press(bo.Page, `form[action$="/confirm"] button`)
	s.look(bo.Page, "accounts-open")

	s.enterIn(rhea)
	s.goTo(rhea.Page, "/account", 200, "account")
	s.press(rhea.Page, `#add button`)
	s.look(rhea.Page, "account-passkey")
	s.unverified(bo, account)
	s.stop()
	s.sequenceAll()
	s.verifyLog()
	s.assertionsVerify()
	for _, name := range []string{"enrol", "enrolled", "accounts", "accounts-new", "accounts-code", "accounts-confirm", "account", "account-passkey", "sign-in-passkey"} {
		if !slices.Contains(s.looked, name) {
			t.Errorf("nobody looked at %s", name)
		}
	}
}

func (s *stage) hands() hands {
	p := s.b.Page(s.t, s.base)
	return hands{p, p.Authenticator()}
}

// arrive brings somebody in by the server's command and signs them in.
func (s *stage) arrive(name string) hands {
	s.t.Helper()
	code, inv, err := s.accounts.InviteFromServer(s.ctx, accounts.Invite{Name: name, Role: identity.Administrator})
	s.must(err)
	h := s.hands()
	s.must(s.accounts.ConfirmFromServer(s.ctx, inv.Person, s.enrolIn(h, code)))
	s.enterIn(h)
	return h
}

// enrolIn registers a passkey with a code; it gives the fingerprint on the page.
func (s *stage) enrolIn(h hands, code string) string {
	s.t.Helper()
	s.goTo(h.Page, "/enrol", 200, "enrol")
	h.Fill(`input[name="code"]`, code)
	s.press(h.Page, `.main form button[type="submit"]`)
	s.look(h.Page, "enrolled")
	if n := h.key.Passkeys(); n != 1 {
		s.t.Fatalf("the authenticator keeps %d passkeys", n)
	}
	return h.Text("#fingerprint")
}

// enterIn signs in by the passkey of the window's authenticator.
func (s *stage) enterIn(h hands) {
	s.t.Helper()
	s.goTo(h.Page, "/sign-in", 200, "sign-in-passkey")
	s.press(h.Page, `form[action="/sign-in/passkey"] button`)
	if at := h.Path(); strings.HasPrefix(at, "/sign-in") {
		s.t.Fatalf("signing in leads to %s: %s", at, h.Text("main"))
	}
}

// keylessFails tries a wrong code and a browser without a passkey: both are told,
// and nothing is sent.
func (s *stage) keylessFails() {
	s.t.Helper()
	h := s.hands()
	h.Goto("/enrol")
	h.Fill(`input[name="code"]`, "0000-0000-0000-0000-0000-0000-0000")
	s.fails(h, `.main form button[type="submit"]`, "enrol-failed")
	h.Goto("/sign-in")
	s.fails(h, `form[action="/sign-in/passkey"] button`, "sign-in-failed")
	h.Problems() // the browser logs the refused code
}

// fails presses a button whose step fails in the browser, and waits until the
// page says so.
func (s *stage) fails(h hands, button, name string) {
	s.t.Helper()
	h.Click(button)
	for deadline := time.Now().Add(20 * time.Second); h.Count("[data-failed]:not([hidden])") == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: the page does not say that it failed", name)
		}
	}
	s.look(h.Page, name)
}

// unverified tries a step with an authenticator that does not verify its user,
// and with one that lies.
func (s *stage) unverified(h hands, account string) {
	s.t.Helper()
	h.Goto(account)
	h.Set(`form[action$="/suspend"] textarea`, "A reason.")
	h.key.VerifiesUser(false)
	s.fails(h, `form[action$="/suspend"] button`, "step-up-failed")
	h.key.VerifiesUser(true)
	h.key.Lies(true)
	if got := h.Follow(`form[action$="/suspend"] button`); got != 401 {
		s.t.Errorf("an answer without the mark of a verified user is answered %d", got)
	}
	h.Problems()
	h.key.Lies(false)
	h.Set(`form[action$="/suspend"] textarea`, "A reason.")
	s.press(h.Page, `form[action$="/suspend"] button`)
	if got := s.column("SELECT active::text FROM person WHERE name = 'Rhea Viewer'")[0]; got != "false" {
		s.t.Error("the step was not taken after all")
	}
	if shots := os.Getenv("LERD_SHOTS"); shots != "" {
		if _, err := os.Stat(filepath.Join(shots, "enrol-phone.png")); err != nil {
			s.t.Error(err)
		}
	}
}
