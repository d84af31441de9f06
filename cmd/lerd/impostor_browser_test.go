package main

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/requests"
	"lerd/internal/testkit/browser"
	"lerd/internal/web"
)

// TestImpostorsInABrowser takes an order that is not the court's from the
// reviewer's first look to the stopped officer, in headless Chromium: on every
// page axe finds nothing serious or critical at the widths of a phone and of a
// desk.
func TestImpostorsInABrowser(t *testing.T) {
	sc := newScenario(t)
	sc.marked()
	out := sc.bundledMarked("IN/94/2026/951")
	q := sc.submit("IN/94/2026/952")
	s := &stage{portal: sc.open(web.Limits{}), t: t, windows: map[string]*browser.Page{}, id: string(q.ID)}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))

	reviewer := s.as("rita.lind")
	s.goTo(reviewer, "/review/"+s.id, 200, "review-risk-strip")
	if got := reviewer.Text("section[aria-labelledby=risk]"); !strings.Contains(got, "Somebody on counsel's list") || !strings.Contains(got, "One more check") {
		t.Errorf("the strip says %q", got)
	}
	s.goTo(reviewer, "/review/"+s.id+"/risk", 200, "risk")
	if reviewer.Follow(`form[action$="/risk/echo"] button`) != 422 {
		t.Error("a question to nobody was taken")
	}
	s.look(reviewer, "risk-echo-mistake")
	reviewer.Set(`form[action$="/risk/echo"] select`, reviewer.Attributes(`form[action$="/risk/echo"] option:nth-child(2)`, "value")[0])
	s.press(reviewer, `form[action$="/risk/echo"] button`)
	s.press(reviewer, `form[action$="/risk/call"] button`)
	s.look(reviewer, "risk-call")
	if !strings.Contains(reviewer.Text("main"), "+44 7700 900801") && !strings.Contains(reviewer.Text("main"), "+447700900801") {
		t.Error("the number on file is not shown")
	}

	registrar := s.as("nora.berg")
	s.goTo(registrar, "/echoes", 200, "echoes")
	s.press(registrar, `form[action="/echoes"] button`)
	s.look(registrar, "echo-letter")
	_, rest, _ := strings.Cut(registrar.Text("main"), "Code: ")
	code := strings.Fields(rest + " -")[0]

	issuer := s.b.Page(t, s.base)
	s.goTo(issuer, "/confirm-order", 200, "confirm-order")
	issuer.Fill("input[name=code]", "AAAA-BBBB")
	if got := issuer.Follow(`form[action="/confirm-order"] button`); got != 404 {
		t.Errorf("a wrong code leads to %d", got)
	}
	s.look(issuer, "confirm-order-wrong")
	issuer.Fill("input[name=code]", code)
	s.press(issuer, `form[action="/confirm-order"] button`)
	s.look(issuer, "confirm-order-question")
	if text := issuer.Text("main"); !strings.Contains(text, "IN/94/2026/952") || strings.Contains(text, "7700 900123") || strings.Contains(text, "Asha") {
		t.Errorf("the issuer reads %q", text)
	}
	issuer.Click(`input[value=not_issued]`)
	issuer.Fill("input[name=name]", "R. Sharma, registrar")
	s.press(issuer, `form[action="/confirm-order/answer"] button`)
	s.look(issuer, "confirm-order-thanks")

	counsel := s.as("helen.park")
	s.goTo(counsel, "/review/"+s.id+"/risk", 200, "risk-stopped")
	s.press(counsel, `a[href*="/containments/new"][href*="officer="]`)
	s.look(counsel, "contain")
	if counsel.Follow(`form[action="/containments/new"] button`) != 422 {
		t.Error("a stop without a reason was taken")
	}
	counsel.Click(`input[value=forged_order]`)
	s.press(counsel, `form[action="/containments/new"] button`)
	s.look(counsel, "containment")
	if text := counsel.Text("main"); !strings.Contains(text, sc.load(out).Release.Ref) || !strings.Contains(text, q.Ref) {
		t.Error("the list of what left, or of what stands still, is not whole")
	}
	csv, err := os.ReadFile(counsel.Download(`a[href$="disclosures.csv"]`))
	if err != nil || !strings.Contains(string(csv), sc.load(out).Release.Ref) || !strings.HasPrefix(string(csv), "bundle,") {
		t.Errorf("the CSV file: %s, %v", csv, err)
	}
	s.goTo(counsel, "/containments", 200, "containments")
	s.goTo(counsel, "/sensitive", 200, "sensitive")
	s.registerOfForgeries()
	s.goTo(s.as("ines.moreau"), "/fraud", 200, "fraud-register")
	if text := s.as("ines.moreau").Text("main"); !strings.Contains(text, "FR-01") || !strings.Contains(text, "FR-12") {
		t.Errorf("the register says %q", text)
	}
	s.stop()
	s.verifyLog()
}

// registerOfForgeries enters the order of the case as a known forgery and takes it
// off again, by a reviewer's proposal and counsel's word.
func (s *stage) registerOfForgeries() {
	s.t.Helper()
	reviewer, counsel := s.as("rita.lind"), s.as("helen.park")
	s.goTo(reviewer, "/forgeries", 200, "forgeries-none")
	s.goTo(reviewer, "/review/"+s.id+"/risk", 200, "forgeries-read")
	if reviewer.Follow(`form[action$="/risk/forgery"] button`) != 422 {
		s.t.Error("an order was entered without a reason")
	}
	s.look(reviewer, "risk-forgery-mistake")
	reviewer.Set(`form[action$="/risk/forgery"] select`, "template")
	s.press(reviewer, `form[action$="/risk/forgery"] button`)
	s.goTo(reviewer, "/forgeries", 200, "forgeries")
	reviewer.Set(`form[action="/forgeries/off"] select`, reviewer.Attributes(`form[action="/forgeries/off"] option:nth-child(2)`, "value")[0])
	if reviewer.Follow(`form[action="/forgeries/off"] button`) != 422 {
		s.t.Error("a proposal without a reason was taken")
	}
	s.look(reviewer, "forgeries-mistake")
	reviewer.Set(`form[action="/forgeries/off"] textarea`, "The court says that it is genuine.")
	s.press(reviewer, `form[action="/forgeries/off"] button`)
	if len(reviewer.Attributes(`form[action="/forgeries/taken"]`, "action")) != 0 {
		s.t.Error("a reviewer is asked to decide")
	}
	s.goTo(counsel, "/forgeries", 200, "forgeries-waiting")
	counsel.Click(`form[action="/forgeries/taken"] input[value=yes]`)
	s.press(counsel, `form[action="/forgeries/taken"] button`)
	if text := counsel.Text("main"); !strings.Contains(text, "No order is on the register") {
		s.t.Errorf("the register says %q", text)
	}
	s.goTo(s.as("ines.moreau"), "/forgeries", 200, "forgeries-read")
	s.goTo(s.as("nora.berg"), "/forgeries", 200, "forgeries-read")
}

// TestCodesAreNotGuessed: one address may try a few codes, and no more.
func TestCodesAreNotGuessed(t *testing.T) {
	p := newScenario(t).open(web.Limits{})
	v := p.visit("")
	tried := 0
	for ; tried < 40; tried++ {
		header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		form := url.Values{"code": {strings.Repeat(string(rune('A'+tried%20)), 32)}, "idempotency_key": {uuid.NewString()}}
		if got := p.ask(v, "POST", "/confirm-order", header, form.Encode()); got.status == 429 {
			break
		} else if got.status != 404 {
			t.Fatalf("a wrong code is answered %d", got.status)
		}
	}
	if tried < 5 || tried > 25 {
		t.Errorf("%d codes were tried", tried)
	}
}

// bundledMarked takes a case whose statement asks for the issuer's word to its
// bundle.
func (s *scenario) bundledMarked(number string) requests.ID {
	s.t.Helper()
	q := s.submit(number)
	s.answeredAll(q.ID)
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: s.asked(q.ID), Answer: fraud.Issued, Name: "The court"}))
	if err := s.qualify(q.ID); fault.KindOf(err) != fault.Gate { // by now its risk is stated, and somebody in it is on counsel's list
		s.t.Fatalf("qualified without counsel's review: %v", err)
	}
	s.rightsAgreed(q.ID)
	s.must(s.qualify(q.ID))
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	return q.ID
}
