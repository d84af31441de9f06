package main

import (
	"bytes"
	"context"
	"fmt"
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
		Offence: "Cheating, BNS 318(4)", Facts: "The account was used to sell tickets that do not exist.", Targets: []string{phone}, From: wallIn("Asia/Kolkata", storyNow.AddDate(0, -3, 0)), To: wallIn("Asia/Kolkata", storyNow.AddDate(0, 0, -1)), Zone: "Asia/Kolkata", Addressee: "Sample Messenger Ltd"})
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

// TestTheDatabaseWantsTheComparison finds cases valid past the program: without a
// comparison, with a difference that nobody decided on, that somebody decided on
// before it was known, or decided against.
func TestTheDatabaseWantsTheComparison(t *testing.T) {
	s := newScenario(t)
	rita := s.as("rita.lind")
	reader := s.cases.Reader
	s.cases.Reader = nil // nothing is compared
	unread := s.submit("IN/94/2026/884").ID
	differs := s.orderNaming(swapped(sample.SuspectPhone), "IN/94/2026/885")
	s.must(s.cases.Claim(rita, unread))
	s.must(s.cases.Claim(rita, differs))
	s.answerAll(rita, unread, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), unread, legal.RoleCounsel)
	if err := s.qualify(unread); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "not yet compared") {
		t.Errorf("the program finds a case valid that was not compared: %v", err)
	}
	early := []requests.CheckInput{{Check: "VC-09", Result: "pass", Note: "Complete.", Place: "p1"}}
	s.must(s.cases.AnswerChecks(rita, differs, early))
	s.cases.Reader = reader
	s.clock.Advance(time.Second)
	s.must(s.cases.Unclaim(rita, differs, "To have it compared."))
	s.must(s.cases.Claim(rita, differs))
	if n := len(s.load(differs).Differences()); n != 1 {
		t.Fatalf("%d differences", n)
	}
	s.answersBut(rita, differs, legal.RoleReviewer, "VC-09")
	s.answersBut(s.as("helen.park"), differs, legal.RoleCounsel, "VC-09")
	if err := s.qualify(differs); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "says something else than was typed") {
		t.Errorf("the program takes a word from before the difference was known: %v", err)
	}
	valid := func(id requests.ID) string {
		return fmt.Sprintf(`UPDATE request SET state = 'qualified', verdict = 'qualified', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)
	}
	said := func(result string, after string, automatic bool) string {
		return fmt.Sprintf(`INSERT INTO check_answer (id, request_id, agency_id, check_id, result, automatic, note, target_ref, place, answered_by, answered_as, at, event_id)
			SELECT gen_random_uuid(), request_id, agency_id, 'VC-09', '%s', %t, 'x', '', '', '%s', 'reviewer', at + interval '%s', $EVENT FROM order_comparison WHERE request_id = '%s'`, result, automatic, s.personID("rita.lind"), after, differs)
	}
	for _, a := range s.attackers(t) {
		try := func(id requests.ID, steps ...string) error {
			return a.tryAs("reviewer", requests.StreamOf(id), steps...)
		}
		a.refused("never compared", try(unread, valid(unread)), "was not compared")
		a.refused("nobody decided since", try(differs, valid(differs)), "nobody has decided")
		a.refused("decided before", try(differs, said("pass", "-1 second", false), valid(differs)), "nobody has decided")
		a.refused("decided by the program", try(differs, said("pass", "1 second", true), valid(differs)), "nobody has decided")
		a.refused("decided against", try(differs, said("pass", "1 second", false), said("fail", "2 seconds", false), valid(differs)), "nobody has decided")
	}
	s.clock.Advance(time.Second)
	s.must(s.cases.AnswerChecks(rita, differs, early))
	s.must(s.qualify(differs))
}
