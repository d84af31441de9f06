package main

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"lerd/internal/agencies"
	"lerd/internal/testkit/browser"
	"lerd/internal/web"
)

// TestAgenciesInABrowser vets an agency by two registrars in headless Chromium,
// then works as an agency's administrator: every page at the width of a phone and
// of a desk, with axe.
func TestAgenciesInABrowser(t *testing.T) {
	s := &stage{portal: newScenario(t).open(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.submit("IN/94/2026/71")
	s.aStatement(s.agencyOfPerson("asha.rao"))
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	s.goTo(s.b.Page(t, s.base), "/style", 200, "style")
	s.vets(s.proposal("Tribunal de Lieu"))
	s.administers()
	s.stop()
	s.verifyLog()
}

// administers works as an agency's administrator.
func (s *stage) administers() {
	p := s.as("kavya.menon")
	s.goTo(p, "/agency", 200, "office")
	s.fill(p, url.Values{"name": {"Harbour Station"}})
	s.press(p, `form[action="/agency/units"] button`)
	if got := p.Follow(`form[action="/agency/disown"] button`); got != 422 {
		s.t.Fatalf("an alarm about nothing is answered %d", got)
	}
	s.look(p, "office-mistakes")
	s.goTo(p, "/notices", 200, "notices")
	s.fill(p, url.Values{"address": {"kavya@elsewhere.example"}})
	if got := p.Follow(`form[action="/notices/address"] button`); got != 422 {
		s.t.Fatalf("a foreign address is answered %d", got)
	}
	s.look(p, "notices-mistakes")
	s.goTo(p, "/agency", 200, "office-again")
	s.press(p, `a[href^="/statements/"]`)
	s.look(p, "statement")
}

// vets enters an agency, calls it and activates it, by two registrars; it gives
// the address of the agency's page.
func (s *stage) vets(in agencies.Proposal) string {
	s.t.Helper()
	first := s.as("nora.berg")
	s.goTo(first, "/agencies", 200, "agencies")
	s.goTo(first, "/agencies/new", 200, "agency-new")
	if got := first.Follow(`main form button`); got != 422 {
		s.t.Fatalf("an empty form is answered %d", got)
	}
	s.look(first, "agency-new-mistakes")
	s.fill(first, url.Values{"name": {in.Name}, "country": {in.Country}, "zone": {in.Zone}, "register": {in.Source.Register}, "reference": {in.Source.Reference}, "seen_on": {in.Source.SeenOn},
		"call_back-name": {in.CallBack.Name}, "call_back-value": {in.CallBack.Value},
		"oversight-name": {in.Oversight.Name}, "oversight-channel": {in.Oversight.Channel}, "oversight-value": {in.Oversight.Value}})
	first.Set(`[name="domains"]`, strings.Join(in.Domains, "\n"))
	first.Set(`[name="certificates"]`, in.Certificates[0])
	s.press(first, `main form button`)
	s.look(first, "agency-proposed")
	at := first.Path()
	s.press(first, `form[action="`+at+`/call"] button`)
	s.look(first, "agency-call")
	if first.Count(`form[action="`+at+`/record"] input[type="tel"]`) != 0 || !strings.Contains(first.Text("main"), strings.ReplaceAll(in.CallBack.Value, " ", "")) {
		s.t.Error("the page does not show the number on file, or takes another one")
	}
	s.fill(first, vetted())
	if got := first.Follow(`form[action="` + at + `/record"] button`); got != 422 {
		s.t.Fatalf("a call without a name is answered %d", got)
	}
	s.look(first, "agency-call-mistakes")
	first.Fill(`form[action="`+at+`/record"] [name="name"]`, "A. Person")
	s.press(first, `form[action="`+at+`/record"] button`)
	if first.Count(`form[action="`+at+`/activate"]`) != 0 {
		s.t.Error("the first registrar is offered to activate")
	}
	second := s.as("paul.adler")
	s.goTo(second, at, 200, "agency-called")
	s.press(second, `form[action="`+at+`/activate"] button`)
	s.look(second, "agency-verified")
	if !strings.Contains(second.Text("main"), "Verified") {
		s.t.Error("the agency is not verified")
	}
	return at
}
