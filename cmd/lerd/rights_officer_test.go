package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// flagged submits a request of plain fraud whose officer says that the person is a
// journalist and bound by a professional secret.
func (s *scenario) flagged(number string) requests.ID {
	s.t.Helper()
	return s.submitWith(number, func(in *requests.Submission) { in.Targets[0].Flags = []string{"lawyer", "journalist", "lawyer"} }).ID
}

// TestTheOfficersWordOpensTheReview follows what an officer says of a person from
// the form to counsel, whose review opens by itself and keeps the case in.
func TestTheOfficersWordOpensTheReview(t *testing.T) {
	s := newScenario(t)
	bad := s.submission(s.upload("IN/94/2026/710"), "IN/94/2026/710")
	bad.Targets[0].Flags = []string{"journalist", "rich"}
	_, err := s.send(s.as("asha.rao"), bad)
	if p := fault.ProblemsOf(err); len(p) != 1 || p[0].Field != "target1_flags" {
		t.Fatalf("a word that is not the policy's: %v %v", p, err)
	}
	id, plain := s.flagged("IN/94/2026/711"), s.submit("IN/94/2026/712").ID
	if flags := s.load(id).Request.Targets[0].Flags; !slices.Equal(flags, []string{"journalist", "lawyer"}) {
		t.Fatalf("kept: %v", flags)
	}
	if n, err := s.cases.OpenRightsReviews(s.ctx); n != 0 || err != nil {
		t.Errorf("%d reviews open before anybody looks at the case: %v", n, err)
	}
	rita, helen := s.as("rita.lind"), s.as("helen.park")
	for _, q := range []requests.ID{id, plain} {
		s.must(s.cases.Claim(rita, q))
		s.answerAll(rita, q, "reviewer")
		s.answerAll(helen, q, "counsel")
	}
	qualify := func(q requests.ID) error {
		return s.cases.Qualify(rita, q, []requests.Allegation{{Target: "t1", Rule: "PR-05"}})
	}
	if err := qualify(id); fault.KindOf(err) != fault.Gate {
		t.Fatalf("before any review: %v", err)
	}
	s.must(qualify(plain))
	if n, err := s.cases.OpenRightsReviews(s.ctx); n != 1 || err != nil {
		t.Fatalf("%d reviews open by themselves: %v", n, err)
	}
	_, r, err := s.cases.RightsReview(helen, id)
	if s.must(err); !slices.Equal(r.Because, []string{requests.ByOfficer}) || r.OpenedBy != "" {
		t.Errorf("opened because of %v by %q", r.Because, r.OpenedBy)
	}
	s.must(s.cases.AnswerRights(helen, id, s.rightsInput(requests.Proceed)))
	s.must(s.cases.DecideRights(s.as("maya.stern"), id, true, ""))
	if n, err := s.cases.OpenRightsReviews(s.ctx); n != 0 || err != nil {
		t.Errorf("%d reviews open anew: %v", n, err)
	}
	s.must(qualify(id))
	for _, line := range s.column(`SELECT convert_from(entry, 'UTF8') FROM audit.event`) {
		if strings.Contains(line, "journalist") || strings.Contains(line, "lawyer") {
			t.Errorf("the log says what the person is: %s", line)
		}
	}
}

// TestTheOfficersWordIsWhatWasSigned changes what the officer said between the two
// signatures of the agency.
func TestTheOfficersWordIsWhatWasSigned(t *testing.T) {
	s := newScenario(t)
	q := s.load(s.flagged("IN/94/2026/713")).Request
	with := requests.Digest(q, "00", nil)
	q.Targets[0].Flags = []string{"journalist"}
	one := requests.Digest(q, "00", nil)
	q.Targets[0].Flags = nil
	if none := requests.Digest(q, "00", nil); with == one || one == none || with == none {
		t.Error("what is said of the person is not part of what is signed")
	}
}

// TestTheDatabaseKeepsTheOfficersWord releases past the program, and writes the
// officer's word by SQL.
func TestTheDatabaseKeepsTheOfficersWord(t *testing.T) {
	s := newScenario(t)
	id := s.flagged("IN/94/2026/714")
	s.cases.Rights = nil
	s.review(id)
	s.jobs()
	s.confirm()
	system := identity.With(s.ctx, identity.SystemActor())
	s.must(s.cases.Settle(system, id))
	err := s.cases.Prepare(system, id)
	if err == nil || s.load(id).Release != nil || !strings.Contains(fmt.Sprint(errors.Unwrap(err), err), "touches rights") {
		t.Fatalf("a release is prepared without the review: %v", err)
	}
	s.cases.Rights = s.store
	other := s.submit("IN/94/2026/715").ID
	for _, a := range s.attackers(t) {
		put := func(into, of string) string {
			return fmt.Sprintf(`INSERT INTO target_flag SELECT gen_random_uuid(), request_id, agency_id, id, '%s', $EVENT FROM target WHERE request_id = '%s'`, of, into)
		}
		a.refused("said afterwards", a.try(requests.StreamOf(other), put(string(other), "journalist")), "written with its request")
		a.refused("taken back", a.try(requests.StreamOf(id), fmt.Sprintf(`DELETE FROM target_flag WHERE request_id = '%s'`, id)), "permission denied", "never change", "refused", "does not change")
		a.refused("another word", a.try(requests.StreamOf(id), fmt.Sprintf(`UPDATE target_flag SET flag = 'speech', event_id = $EVENT WHERE request_id = '%s'`, id)), "permission denied", "never change", "refused", "does not change")
	}
}

// TestTheFormAsksWhatIsKnownOfThePerson types marks into the form and into a list,
// and finds them on the pages of the officer, the supervisor and counsel.
func TestTheFormAsksWhatIsKnownOfThePerson(t *testing.T) {
	d := newDesk(t)
	a := d.withOrder()
	a.answers["targets-0-flags"] = []string{"asylum", "activist"}
	for _, step := range typedSteps {
		d.send(d.at(a, step))
	}
	says := func(who *visitor, path string, wants ...string) {
		t.Helper()
		page, err := who.get(d.ctx, path)
		d.must(err)
		for _, want := range wants {
			if !strings.Contains(textOf(page.root), want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
	officers := []string{"Activist, or organiser of a protest", "Asylum seeker or refugee"}
	says(d.officer, a.draft+"/check", officers...)
	if list := d.draftOf(a).Content.Targets; len(list) != 1 || len(list[0].Flags) != 2 {
		t.Fatalf("the draft holds %+v", list)
	}
	d.send(d.importing(a, "identifier,marks\n+447700900123,\"lawyer, speech\"\n"))
	if list := d.draftOf(a).Content.Targets; len(list) != 2 || !slices.Equal(list[1].Flags, []string{"lawyer", "speech"}) {
		t.Fatalf("the list brings %+v", list)
	}
	id := requests.ID(d.submitted(a))
	says(d.officer, requests.PathOf(id), append(officers, "The charge is about what was said")...)
	d.must(d.cases.Claim(d.as("rita.lind"), id))
	if n, err := d.cases.OpenRightsReviews(d.ctx); n != 1 || err != nil {
		t.Fatalf("%d reviews open: %v", n, err)
	}
	says(d.visit("helen.park"), requests.RightsPath(id), append(officers, "the officer's own words", "What the officer says of the person", "Account 2")...)
	says(d.visit("rita.lind"), "/review/"+string(id), officers...)
}

// TestTheOfficersWordIsErasedWithTheCase: what was said of a person goes when the
// rest of the case does, and the pages of the case are still shown.
func TestTheOfficersWordIsErasedWithTheCase(t *testing.T) {
	s := newScenario(t)
	s.anyTime()
	id := s.flagged("IN/94/2026/717")
	s.must(s.cases.Withdraw(s.as("asha.rao"), id, "Settled otherwise."))
	s.sequenceAll()
	if found := s.standing("journalist"); len(found) == 0 {
		t.Fatal("the search finds nothing while it is there")
	}
	s.clock.Advance(1100 * day)
	s.eraseDue()
	if got := strings.Join(s.column("SELECT flag FROM target_flag"), " "); got != "erased erased" {
		t.Errorf("it stands as %q", got)
	}
	if found := s.standing("journalist"); len(found) > 0 {
		t.Errorf("it still stands in %v", found)
	}
	s.sequenceAll()
	s.verifyLog()
	if flags := s.load(id).Request.Targets[0].Flags; len(flags) != 2 {
		t.Errorf("the case says %v", flags)
	}
}
