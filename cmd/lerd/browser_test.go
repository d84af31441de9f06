package main

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/requests"
	"lerd/internal/testkit/browser"
	"lerd/internal/web"
)

// stage is the portal with a browser in which everybody has a window of their
// own.
type stage struct {
	*portal
	t       *testing.T
	b       *browser.Browser
	windows map[string]*browser.Page
	id, ref string // of the case
	agency  string // address of its page, of who came in by the pages
	looked  []string
}

// TestTheStoryInABrowser brings everybody in and takes one request the whole way in
// headless Chromium, each person in a window of their own with a virtual
// authenticator, without which nobody signs in and no step is signed, and with
// the limits that visitors have. On every page axe finds nothing serious
// or critical at the width of a phone and of a desk; nothing goes to another
// origin, breaks the content security policy or complains on the console (the
// windows fail the test for these). With LERD_SHOTS=FOLDER screenshots are kept.
func TestTheStoryInABrowser(t *testing.T) {
	s := &stage{portal: newScenarioOf(t, true).openForRealWith(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	for _, act := range []struct {
		name string
		play func()
	}{
		{"strangers", s.strangers}, {"staff come in", s.staffArrive}, {"two registrars vet the agency", s.vetsAgency}, {"its people come in", s.officersArrive},
		{"the officer submits", s.submits}, {"the reviewer asks", s.asks}, {"the officer replies", s.replies}, {"the officer asks for less", s.narrows},
		{"reviewer and counsel check", s.checks}, {"confirmers confirm", s.confirms}, {"the approver approves", s.approves},
		{"the officer downloads", s.downloads}, {"the bundle is called back", s.callsBack}, {"it is corrected", s.corrects}, {"a request is withdrawn", s.withdraws},
		{"an officer is stopped", s.contains}, {"the auditor reads", s.audits}, {"everybody leaves", s.leaves},
	} {
		begun := time.Now()
		act.play()
		if t.Failed() {
			t.Fatalf("the story ends here: %s", act.name)
		}
		t.Logf("%s: %.1f s", act.name, time.Since(begun).Seconds())
	}
	s.stop()
	s.verifyLog()
	s.everyPageWasSeen()
}

// look examines the page of a window in both widths, once under each name.
func (s *stage) look(p *browser.Page, name string) {
	s.t.Helper()
	if slices.Contains(s.looked, name) {
		return
	}
	p.Examine(name)
	if key := unworded.FindString(p.Text("body")); key != "" {
		s.t.Errorf("%s shows %s in place of words", p.Path(), key)
	}
	s.looked = append(s.looked, name)
}

// unworded is what a page shows for a message that has no words, or none for the
// number that it was given.
var unworded = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`)

// goTo goes to a path, expects a status and looks.
func (s *stage) goTo(p *browser.Page, at string, status int, name string) {
	s.t.Helper()
	if got := p.Goto(at); got != status {
		s.t.Fatalf("%s answers %d, want %d", at, got, status)
	}
	s.look(p, name)
}

// press clicks a button and expects the page that follows to be a good one.
func (s *stage) press(p *browser.Page, css string) {
	s.t.Helper()
	if got := p.Follow(css); got != 200 {
		s.t.Fatalf("%s leads to %d at %s: %s", css, got, p.Path(), p.Text("main"))
	}
}

// as gives the window of somebody, signed in: by their passkey where they came in
// by one, and else by the evaluation's sign-in.
func (s *stage) as(signIn string) *browser.Page {
	s.t.Helper()
	if p, ok := s.windows[signIn]; ok {
		return p
	}
	p := s.b.Page(s.t, s.base)
	p.Goto("/sign-in")
	s.press(p, `button[value="`+signIn+`"]`)
	s.windows[signIn] = p
	return p
}

// strangers see what is public, and nothing else.
func (s *stage) strangers() {
	p := s.b.Page(s.t, s.base)
	for at, name := range map[string]string{"/": "landing", "/sign-in": "sign-in", "/help/verify": "help-verify", "/help/accessibility": "help-accessibility",
		"/help/privacy": "help-privacy", "/check?want=now&country=IN&issuer=station_officer": "precheck"} {
		s.goTo(p, at, 200, name)
	}
	s.goTo(p, "/requests", 401, "error-sign-in")
	s.goTo(p, "/no/such/page", 404, "error-not-found")
}

// submits fills in the form as people do: first with mistakes, then well.
func (s *stage) submits() {
	p := s.as("asha.rao")
	s.goTo(p, "/requests", 200, "requests-empty")
	s.goTo(p, "/requests/new", 200, "request-new")
	s.press(p, `form[action="/drafts"] button`)
	s.look(p, "draft-kind-empty")
	next := `p.actions button[value="next"]`
	if got := p.Follow(next); got != 422 {
		s.t.Fatalf("an empty form is answered %d", got)
	}
	s.look(p, "draft-kind-mistakes")
	s.writes(p, "CC/94/2026/17")
	s.press(p, `a[href$="/targets"]`)
	s.look(p, "draft-targets-read")
	s.press(p, `button[value="go-sign"]`)
	s.look(p, "draft-sign")
	s.press(p, `form.final button[class*="primary"]`)
	s.id = path.Base(p.Path())
	s.ref = s.load(requests.ID(s.id)).Request.Ref
	if !strings.Contains(p.Text("h1"), s.ref) {
		s.t.Fatalf("after submission: %s", p.Text("h1"))
	}
	s.look(p, "request-submitted")
	second := s.as("vikram.nair")
	s.goTo(second, "/requests/"+s.id+"/cosign", 200, "request-cosign")
	s.press(second, `form[action$="/cosign"] button`)
	s.look(second, "request-cosigned")
	s.goTo(p, "/requests/"+s.id+"/receipt", 200, "receipt")
	s.goTo(p, "/requests", 200, "requests")
	s.goTo(p, "/requests/"+s.id+"/withdraw", 200, "request-withdraw")
}

// writes fills the steps of a draft in, from its first to its check.
func (s *stage) writes(p *browser.Page, number string) {
	s.t.Helper()
	order := filepath.Join(s.t.TempDir(), "order.pdf")
	s.must(os.WriteFile(order, s.order(number), 0o600))
	all := newApplication(nil, storyNow).set("order_number", number)
	for _, step := range typedSteps {
		answers := url.Values{}
		for name, list := range all.answers {
			if stepOfAnswer(name) == step {
				answers[name] = list
			}
		}
		if step == "order" {
			p.Upload(`input[name="file"]`, order)
		}
		s.fill(p, answers)
		s.look(p, "draft-"+step+"-filled")
		s.press(p, `p.actions button[value="next"]`)
	}
	s.look(p, "draft-check")
}

// fill answers fields of every kind, by their names.
func (s *stage) fill(p *browser.Page, answers url.Values) {
	s.t.Helper()
	for _, name := range sortedKeys(answers) {
		for _, value := range answers[name] {
			s.answer(p, name, value)
		}
	}
}

func sortedKeys(v url.Values) []string {
	var out []string
	for name := range v {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (s *stage) answer(p *browser.Page, name, value string) {
	s.t.Helper()
	field := `[name="` + name + `"]`
	choice := `input` + field + `[value="` + value + `"]`
	switch {
	case p.Count(choice+`:is([type="radio"],[type="checkbox"])`) == 1:
		if p.Count(choice+`:checked`) == 0 {
			p.Click(choice)
		}
	case p.Count(`select`+field) == 1:
		p.Set(`select`+field, value)
	case p.Count(`textarea`+field+`,input`+field) == 1:
		p.Set(field, value)
	default:
		s.t.Fatalf("there is no field %s for %q", name, value)
	}
}

func (s *stage) asks() {
	p := s.as("rita.lind")
	s.goTo(p, "/review", 200, "review-queue")
	s.press(p, `a[href="/review/`+s.id+`"]`)
	s.look(p, "review-unclaimed")
	s.press(p, `form[action$="/claim"] button`)
	if p.Count(`img[src*="/order/"]`) == 0 {
		s.t.Error("the workbench does not show the order")
	}
	s.look(p, "review-workbench")
	if got := p.Follow(`form[action*="/qualify"] button, form[action*="/ask"] button[class*="secondary"]:not([name])`); got != 422 {
		s.t.Errorf("an empty question is answered %d", got)
	}
	s.look(p, "review-mistakes")
	p.Set(`form[action*="/ask"] textarea[name="body"]`, "Which tickets does the order mean?")
	s.press(p, `form[action*="/ask"] button:not([name])`)
	s.look(p, "review-waiting")
}

func (s *stage) replies() {
	p := s.as("asha.rao")
	s.goTo(p, "/requests/"+s.id, 200, "request-question")
	p.Set(`form[action$="/reply"] textarea`, "Those for the concert on 2 October.")
	s.press(p, `form[action$="/reply"] button`)
	s.look(p, "request-replied")
}

func (s *stage) checks() {
	rita, helen := s.as("rita.lind"), s.as("helen.park")
	s.passAll(rita)
	s.look(rita, "review-checked")
	s.goTo(helen, "/review", 200, "counsel-queue")
	s.passAll(helen)
	s.look(helen, "counsel-checked")
	s.press(rita, `a[href="/review"]`)
	rita.Goto("/review/" + s.id)
	rita.Click(`input[name="rule_t1"][value="PR-05"]`)
	s.press(rita, `form[action$="/qualify"] button`)
	s.look(rita, "review-qualified")
	for _, page := range []string{"keys", "precedents", "replies", "skips"} {
		s.goTo(rita, "/review/"+page, 200, "review-"+page)
	}
}

// passAll answers every check that the page asks of its reader with yes.
func (s *stage) passAll(p *browser.Page) {
	s.t.Helper()
	p.Goto("/review/" + s.id)
	seen := map[string]bool{}
	for _, name := range p.Attributes(`form[action$="/checks"] .check:not(details .check) input[type="radio"][value="pass"]`, "name") {
		if check := strings.TrimPrefix(name, "result_"); !seen[name] {
			seen[name] = true
			p.Click(`input[name="` + name + `"][value="pass"]`)
			p.Set(`[name="note_`+check+`"]`, "Compared with the order.")
			s.answer(p, "place_"+check, "1")
		}
	}
	if len(seen) == 0 {
		s.t.Fatalf("no check is asked of the reader of %s", p.Path())
	}
	s.press(p, `form[action$="/checks"] > .actions button`)
}

func (s *stage) confirms() {
	finding := s.await(func() string { return strings.Join(s.column("SELECT id::text FROM finding"), "") })
	for i, who := range []string{"carl.ito", "dana.cruz"} {
		p := s.as(who)
		p.Goto("/findings")
		s.blind(p)
		if i == 0 {
			s.look(p, "findings")
		}
		s.press(p, `a[href="/findings/`+finding+`"]`)
		s.blind(p)
		if i == 0 {
			s.look(p, "finding")
			if got := p.Follow(`form[action^="/findings/"] button`); got != 422 {
				s.t.Errorf("an empty verdict is answered %d", got)
			}
			s.look(p, "finding-mistakes")
		}
		p.Click(`input[name="verdict"][value="confirmed"]`)
		p.Set(`input[name="evidence"]`, "MOD-48213")
		s.press(p, `form[action^="/findings/"] button`)
		s.blind(p)
	}
	s.look(s.as("dana.cruz"), "findings-done")
	p := s.as("emil.novak") // a third confirmer, to whom the finding is closed
	s.goTo(p, "/findings/"+finding, 200, "finding-closed")
	s.blind(p)
}

// blind fails the test when a confirmer's page tells who asks.
func (s *stage) blind(p *browser.Page) {
	s.t.Helper()
	c := s.load(requests.ID(s.id))
	text := p.Text("html")
	for _, secret := range []string{c.Agency.Name, c.Agency.Country + " ", "Asha Rao", s.ref, "LR-", c.Request.Order.Number, "IN-94", "+447700900123"} {
		if strings.Contains(text, secret) {
			s.t.Errorf("a confirmer's page %s says %q", p.Path(), secret)
		}
	}
}

func (s *stage) approves() {
	s.await(func() string { return strings.Join(s.column("SELECT state FROM release"), "") })
	p := s.as("anna.keller")
	s.goTo(p, "/releases", 200, "releases")
	s.goTo(p, "/releases/"+s.id, 200, "release")
	digest := s.load(requests.ID(s.id)).Release.Digest
	if got := p.Attributes(`form[action$="/approve"] input[name="digest"]`, "value"); len(got) != 1 || got[0] != digest {
		s.t.Errorf("the form approves %v, the release is %s", got, digest)
	}
	if got := p.Follow(`form[action$="/return"] button`); got != 422 {
		s.t.Errorf("a return without a reason is answered %d", got)
	}
	s.look(p, "release-mistakes")
	s.press(p, `form[action$="/approve"] button`)
	s.look(p, "release-approved")
}

func (s *stage) downloads() {
	s.await(func() string { return strings.Join(s.column("SELECT 'x' FROM release WHERE state = 'exported'"), "") })
	p := s.as("asha.rao")
	s.goTo(p, "/requests/"+s.id, 200, "request-bundle")
	file := p.Download(`form[action$="/bundle"] button`)
	if want := s.load(requests.ID(s.id)).Release.Ref + ".zip.p7m"; filepath.Base(file) != want {
		s.t.Errorf("the browser calls it %s, want %s", filepath.Base(file), want)
	}
	s.verifyBundle(file)
	p.Goto("/requests/" + s.id)
	s.press(p, `form[action$="/acknowledge"] button`)
	s.look(p, "request-closed")
	if got := s.state(requests.ID(s.id)); got != requests.Closed {
		s.t.Errorf("the case is %s", got)
	}
}

func (s *stage) audits() {
	p := s.as("ines.moreau")
	s.await(func() string { // the last event has its place in the signed log
		return strings.Join(s.column("SELECT 'x' WHERE (SELECT count(*) FROM audit.leaf) = (SELECT count(*) FROM audit.event)"), "")
	})
	s.goTo(p, "/audit", 200, "audit")
	s.goTo(p, "/audit/cases/"+s.id, 200, "audit-case")
	if n := p.Count(`a[href^="/audit/events/"]`); n < 30 {
		s.t.Errorf("the auditor sees %d events", n)
	}
	s.press(p, `a[href^="/audit/events/"]`)
	s.look(p, "audit-event")
	submitted := s.column("SELECT id::text FROM audit.event WHERE kind = 'request.propose' AND stream = 'request:" + s.id + "'")[0]
	s.goTo(p, "/audit/events/"+submitted, 200, "audit-event-closed")
	if said := p.Text("#closed ~ dl"); !strings.Contains(said, "Country\nIN country\n") || !strings.Contains(said, "process=IN-94") {
		s.t.Errorf("the auditor reads of the closed facts: %q", said)
	}
	for _, page := range [][2]string{{"/audit/queries", "audit-queries"}, {"/audit/queries/dev_proof", "audit-query"}, {"/audit/queries/cases", "audit-cases"}, {"/audit/acts", "audit-acts"}, {"/audit/duties", "audit-duties"},
		{"/audit/samples", "audit-samples"}, {"/audit/samples/new", "audit-sample-new"}, {"/audit-findings", "audit-findings"}, {"/audit-findings/new", "audit-finding-new"}, {"/errors", "errors"}, {"/errors/new", "error-new"},
		{"/audit/cases/" + s.id + "/replay?step=12", "audit-replay"}, {"/audit/cases/" + s.id + "/dossier", "audit-dossier"}} {
		s.goTo(p, page[0], 200, page[1])
	}
}

func (s *stage) leaves() {
	for _, p := range s.windows {
		s.press(p, `form[action="/sign-out"] button`)
		if got := p.Goto("/requests"); got != 401 {
			s.t.Errorf("after signing out: %d", got)
		}
	}
	s.goTo(s.windows["asha.rao"], "/signed-out", 200, "signed-out")
}

// everyPageWasSeen compares the pages that were looked at with the templates, so
// that a new page cannot stay unseen.
func (s *stage) everyPageWasSeen() {
	s.t.Helper()
	for template, name := range map[string]string{
		"accessibility": "help-accessibility", "audit_case": "audit-case", "audit_desk": "audit-queries", "audit_event": "audit-event", "audit_home": "audit", "error": "error-not-found",
		"act": "narrow", "recall_list": "recalls", "finding_list": "findings", "finding_appeals": "appeals", "finding_show": "finding", "landing": "landing", "privacy": "help-privacy", "release_list": "releases", "release_show": "release",
		"cosign": "request-cosign", "receipt": "receipt", "precheck": "precheck", "draft_kind": "draft-kind-filled", "draft_order": "draft-order-filled", "draft_targets": "draft-targets-read", "draft_need": "draft-need-filled", "draft_check": "draft-check", "draft_sign": "draft-sign",
		"request_list": "requests", "request_new": "request-new", "request_show": "request-submitted",
		"request_withdraw": "request-withdraw", "review_queue": "review-queue", "review_keys": "review-keys", "review_precedents": "review-precedents", "review_replies": "review-replies", "review_skips": "review-skips", "review_show": "review-workbench", "sign_in": "sign-in", "signed_out": "signed-out",
		"verify": "help-verify", "agency_list": "agencies", "agency_new": "agency-new", "agency_show": "agency-verified", "office": "office",
		"enrol": "enrol", "enrolled": "enrolled", "accounts": "accounts", "accounts_new": "accounts-new", "accounts_code": "accounts-code", "accounts_show": "accounts-confirm",
	} {
		if !slices.Contains(s.looked, name) {
			s.t.Errorf("nobody looked at %s (%s)", name, template)
		}
		s.looked = append(s.looked, template)
	}
	s.looked = append(s.looked, "practice")                      // TestPracticeInABrowser looks at it
	s.looked = append(s.looked, "transparency")                  // TestReportsInABrowser
	s.looked = append(s.looked, "audit_desk")                    // TestTheAuditorsDeskInABrowser
	s.looked = append(s.looked, "fraud_desk", "user_notice")     // TestImpostorsInABrowser, TestAUserNoticeInABrowser
	s.looked = append(s.looked, "error_notice")                  // TestAnErrorsNoticeInABrowser
	s.looked = append(s.looked, "notices", "statement", "style") // TestAgenciesInABrowser
	// TestPasskeysInABrowser looks at these; those of a company's provider are two buttons
	s.looked = append(s.looked, "account", "account_passkey", "provider_go", "provider_back")
	files, err := filepath.Glob("../../templates/pages/*.html")
	s.must(err)
	for _, f := range files {
		if !slices.Contains(s.looked, strings.TrimSuffix(filepath.Base(f), ".html")) {
			s.t.Errorf("nobody looked at a page made of %s", filepath.Base(f))
		}
	}
}
