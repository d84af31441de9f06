package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/requests/ordercompare"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/ordersample"
	"lerd/internal/web"
)

// orderNaming submits a request whose order names another phone number than the
// form, or none.
func (s *scenario) orderNaming(phone, number string) requests.ID {
	s.t.Helper()
	pdf, err := ordersample.PDF(ordersample.Order{Authority: "Cyber Crime Police Station, Sample District", Number: number, CaseFile: "FIR 231/2026", Issued: storyNow.AddDate(0, 0, -7), Judge: "Officer in charge",
		Offence: "Cheating, BNS 318(4)", Facts: "The account was used to sell tickets that do not exist.", Targets: []string{phone}, From: s.times.Begins, To: storyNow, Zone: "Asia/Kolkata", Addressee: "Sample Messenger Ltd"})
	s.must(err)
	doc, err := s.cases.Upload(s.as("asha.rao"), "order.pdf", "application/pdf", bytes.NewReader(pdf))
	s.must(err)
	q, err := s.send(s.as("asha.rao"), s.submission(doc.ID, number))
	s.must(err)
	return q.ID
}

// swapped is a phone number with its last two different digits changed about.
func swapped(phone string) string {
	n := len(phone)
	return phone[:n-2] + phone[n-1:] + phone[n-2:n-1]
}

// TestNoReadingFailsOfItself reads one order many times at once, each time in a
// cage of this very program. A reading that fails now and then looks like an order
// without text, and a wrong digit or a look-alike address in it is then missed.
func TestNoReadingFailsOfItself(t *testing.T) {
	r, err := orderdoc.FindRenderer()
	if err != nil {
		t.Fatal(err)
	}
	order := newScenario(t).order("IN/94/2026/880")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if text, err := r.Text(t.Context(), order); err != nil || !strings.Contains(text, "IN/94/2026/880") {
					t.Errorf("read %q: %v", text, err)
				}
			}
		})
	}
	all.Wait()
}

// TestAWrongDigitIsSeen: the order names another number than was typed, by two
// digits that changed places. The reviewer reads both with the place, the case
// cannot be found valid before they decided, and what they say counts.
func TestAWrongDigitIsSeen(t *testing.T) {
	s := newScenario(t)
	other := swapped(sample.SuspectPhone)
	id := s.orderNaming(other, "IN/94/2026/881")
	rita := s.as("rita.lind")
	s.must(s.cases.Claim(rita, id))
	found := s.load(id).Differences()
	if len(found) == 0 {
		t.Fatal("no difference was found")
	}
	if diff := cmp.Diff([]ordercompare.Difference{{Field: "t1", Typed: sample.SuspectPhone, Says: other, Page: 1, Line: found[0].Line}}, found); diff != "" {
		t.Fatalf("found (-want +got):\n%s", diff)
	}
	s.answersBut(rita, id, legal.RoleReviewer, "VC-09")
	s.answersBut(s.as("helen.park"), id, legal.RoleCounsel, "VC-09")
	if err := s.qualify(id); fault.KindOf(err) != fault.Gate {
		t.Errorf("found valid without a word on the difference: %v", err)
	}
	p := s.open(web.Limits{})
	page := p.ask(p.visit("rita.lind"), "GET", "/review/"+string(id), nil, "").body
	for _, want := range []string{"The order says something else", sample.SuspectPhone, other, `href="#p1"`, `id="check-VC-09"`} {
		if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if theirs := p.ask(p.visit("asha.rao"), "GET", "/requests/"+string(id), nil, "").body; strings.Contains(theirs, other) {
		t.Error("the agency reads what was found")
	}
	p.stop()
	s.must(s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-09", Result: "fail", Note: "The order names another number.", Place: "p1"}}))
	v, err := s.cases.Verdict(rita, s.load(id))
	if s.must(err); v.Outcome != legal.NeedsInformation {
		t.Errorf("what follows is %s", v.Outcome)
	}
	s.clock.Advance(time.Second)
	s.must(s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-09", Result: "pass", Note: "The other number is the victim's.", Place: "p1"}}))
	s.must(s.qualify(id))
	for _, a := range s.attackers(t) {
		a.refused("the comparison is written over", a.tryAs("reviewer", "request:"+string(id), `UPDATE order_comparison SET found = '[]', differences = 0, event_id = $EVENT`), "permission denied", "written once", "never changes", "not change")
	}
	s.verifyLog()
}

// TestAnOrderThatAgreesAsksNothing: nobody is asked about contradictions where the
// order says what was typed, or where it names nobody.
func TestAnOrderThatAgreesAsksNothing(t *testing.T) {
	s := newScenario(t)
	for phone, number := range map[string]string{sample.SuspectPhone: "IN/94/2026/882", "the holder of the account": "IN/94/2026/883"} {
		id := s.orderNaming(phone, number)
		s.must(s.cases.Claim(s.as("rita.lind"), id))
		c := s.load(id)
		if c.Compared == nil || !c.Compared.HasText || len(c.Differences()) != 0 {
			t.Errorf("%s: compared as %+v", phone, c.Compared)
		}
		v, err := s.cases.Verdict(s.as("rita.lind"), c)
		s.must(err)
		for _, r := range v.Results {
			if r.Check == "VC-09" && (r.Result != legal.Pass || !r.Auto) {
				t.Errorf("%s: VC-09 is %s", phone, r.Result)
			}
		}
	}
}

// answersBut answers what is open for a role with a yes, but for one check.
func (s *scenario) answersBut(ctx context.Context, id requests.ID, role, but string) {
	s.t.Helper()
	v, err := s.cases.Verdict(ctx, s.load(id))
	s.must(err)
	var in []requests.CheckInput
	for _, r := range v.Results {
		if r.Result == legal.Open && r.Counsel == (role == legal.RoleCounsel) && string(r.Check) != but {
			in = append(in, requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: "pass", Note: "Examined."})
		}
	}
	if len(in) > 0 {
		s.must(s.cases.AnswerChecks(ctx, id, in))
	}
}
