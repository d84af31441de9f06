package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// less is a narrowing of the only account.
func less(phone, ip bool, days int) []requests.NarrowInput {
	return []requests.NarrowInput{{Target: "t1", WantPhone: phone, WantIP: ip, Zone: "UTC",
		From: storyNow.AddDate(0, 0, -days).Format("2006-01-02T15:04"), To: storyNow.AddDate(0, 0, -2).Format("2006-01-02T15:04")}}
}

// TestAnAgencyAsksForLess narrows a request in each state of its life; what is in
// the making is made anew within the narrower limits, and nothing ever widens.
func TestAnAgencyAsksForLess(t *testing.T) {
	s := newScenario(t)
	officer, approver := s.as("asha.rao"), s.as("anna.keller")
	c, rel := s.prepared()
	id := c.Request.ID
	if err := s.cases.NarrowOwn(officer, id, less(true, true, 500), "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("widened: %v", err)
	}
	if err := s.cases.NarrowOwn(officer, id, less(false, false, 30), "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("narrowed to nothing: %v", err)
	}
	if err := s.cases.NarrowOwn(s.as("jana.weber"), id, less(true, false, 30), "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("narrowed by another agency: %v", err)
	}
	actor, _ := identity.From(officer)
	if err := s.cases.NarrowOwn(identity.With(s.ctx, actor), id, less(true, false, 30), "x"); fault.KindOf(err) != fault.StepUp {
		t.Errorf("narrowed without the passkey: %v", err)
	}
	s.must(s.cases.NarrowOwn(officer, id, less(false, true, 30), "The number is known by now."))
	if err := s.cases.NarrowOwn(officer, id, less(true, true, 30), "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("what was taken out came back: %v", err)
	}
	if err := s.cases.Approve(approver, id, rel.Digest); fault.KindOf(err) != fault.Conflict {
		t.Errorf("approved what was given up: %v", err)
	}
	s.jobs()
	c = s.load(id)
	if c.Release == nil || c.Release.ID == rel.ID || c.Release.Phones != 0 || c.Release.Addresses == 0 || c.Release.Addresses >= rel.Addresses {
		t.Fatalf("after the narrowing: %+v", c.Release)
	}
	s.must(s.cases.Approve(approver, id, c.Release.Digest))
	s.must(s.cases.NarrowOwn(officer, id, less(false, true, 20), "The last weeks are enough."))
	if got := s.state(id); got != requests.Confirmed {
		t.Errorf("narrowed after the approval: %s", got)
	}
	s.jobs()
	s.must(s.cases.Approve(approver, id, s.load(id).Release.Digest))
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase {
		t.Fatalf("after the second approval: %s\n%s", got, s.log)
	}
	for _, i := range s.load(id).Release.Items {
		if i.Category != requests.IPAddress || i.From.Before(storyNow.AddDate(0, 0, -20)) || i.To.After(storyNow.AddDate(0, 0, -2)) {
			t.Errorf("released %s from %s to %s", i.Category, i.From, i.To)
		}
	}
	if err := s.cases.NarrowOwn(officer, id, less(false, true, 10), "x"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("narrowed after the answer: %v", err)
	}
	q := s.submit("IN/94/2026/902")
	s.must(s.cases.NarrowOwn(officer, q.ID, less(true, false, 40), "Fewer data."))
	s.review(q.ID)
	if got := s.load(q.ID); len(got.Decisions) != 1 || got.Decisions[0].Category != requests.PhoneNumber || got.Request.State != requests.Qualified {
		t.Errorf("narrowed before the review: %+v", got.Decisions)
	}
	s.must(s.cases.NarrowOwn(officer, q.ID, less(true, false, 35), "Fewer still."))
	s.jobs()
	s.must(s.cases.NarrowOwn(officer, q.ID, less(true, false, 33), "And fewer."))
	s.verifyLog()
}

// TestAColleagueTakesOver: a colleague holds the case of a suspended officer,
// fetches its bundle, and can have no other part in it.
func TestAColleagueTakesOver(t *testing.T) {
	s := newScenario(t)
	c, _ := s.prepared()
	id := c.Request.ID
	p := c.Officer
	p.Active, p.Version = false, p.Version+1
	s.happen("person.suspended", "person:"+string(p.ID), p.Version, &p)
	if err := s.cases.Approve(s.as("anna.keller"), id, c.Release.Digest); fault.KindOf(err) != fault.Gate {
		t.Errorf("approved for an officer who has left: %v", err)
	}
	if err := s.cases.TakeOver(s.as("jana.weber"), id, "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("taken over by another agency: %v", err)
	}
	colleague := s.as("vikram.nair")
	actor, _ := identity.From(colleague)
	if err := s.cases.TakeOver(identity.With(s.ctx, actor), id, "On leave."); fault.KindOf(err) != fault.StepUp {
		t.Errorf("taken over without the passkey: %v", err)
	}
	s.must(s.cases.TakeOver(colleague, id, "She has left."))
	if err := s.cases.TakeOver(colleague, id, "Again."); fault.KindOf(err) != fault.Conflict {
		t.Errorf("taken over from oneself: %v", err)
	}
	s.must(s.cases.Approve(s.as("anna.keller"), id, c.Release.Digest))
	s.jobs()
	if _, err := s.fetched(colleague, id); err != nil {
		t.Errorf("the colleague: %v", err)
	}
	c = s.load(id)
	if c.Request.Officer == c.Holder() || c.Release.Officer != c.Request.Officer {
		t.Errorf("who asked is %s, holds %s", c.Request.Officer, c.Holder())
	}
	s.verifyLog()
}

// TestACaseComesBackToItsOfficer: only who holds a case fetches its bundle.
func TestACaseComesBackToItsOfficer(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/920")
	officer, colleague := s.as("asha.rao"), s.as("vikram.nair")
	s.must(s.cases.TakeOver(colleague, id, "She is on leave."))
	s.jobs()
	if _, err := s.fetched(officer, id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("who held it before: %v", err)
	}
	_, err := s.fetched(colleague, id)
	s.must(err)
	s.must(s.cases.TakeOver(officer, id, "Back."))
	s.jobs()
	_, err = s.fetched(officer, id)
	s.must(err)
	if _, err := s.fetched(colleague, id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the colleague after that: %v", err)
	}
	s.verifyLog()
}

// TestBothSidesWrite: messages with examined documents, unasked, both ways.
func TestBothSidesWrite(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/910")
	officer, reviewer := s.as("asha.rao"), s.as("rita.lind")
	due := q.EffectBy
	if _, err := s.cases.Upload(officer, "bad.pdf", "application/pdf", strings.NewReader("%PDF-1.7 /JavaScript nonsense")); fault.KindOf(err) == "" || err == nil {
		t.Error("a hostile file was taken")
	}
	doc, err := s.cases.Upload(officer, "further.pdf", "application/pdf", bytes.NewReader(s.order("IN/94/2026/911")))
	s.must(err)
	s.must(s.cases.Write(officer, q.ID, "A further page of the order.", []requests.DocumentID{doc.ID}))
	s.clock.Advance(time.Minute)
	s.must(s.cases.Write(reviewer, q.ID, "Thank you; we have it.", nil))
	for name, err := range map[string]error{
		"the same file again":     s.cases.Write(officer, q.ID, "Again.", []requests.DocumentID{doc.ID}),
		"the order itself":        s.cases.Write(officer, q.ID, "The order.", []requests.DocumentID{q.Order.Document}),
		"nothing":                 s.cases.Write(officer, q.ID, " ", nil),
		"a colleague's file":      s.cases.Write(s.as("vikram.nair"), q.ID, "Mine?", []requests.DocumentID{doc.ID}),
		"a file of nobody":        s.cases.Write(officer, q.ID, "What?", []requests.DocumentID{"00000000-0000-4000-8000-000000000000"}),
		"by another agency":       s.cases.Write(s.as("jana.weber"), q.ID, "Hello.", nil),
		"by a confirmer":          s.cases.Write(s.as("carl.ito"), q.ID, "Hello.", nil),
		"by counsel, who may not": s.cases.Write(s.as("helen.park"), q.ID, "Hello.", nil),
	} {
		if kind := fault.KindOf(err); err == nil || kind != fault.Invalid && kind != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := s.cases.View(officer, q.ID)
	s.must(err)
	if len(c.Messages) != 2 || len(c.Messages[0].Documents) != 1 || c.Messages[1].FromName == "Rita Lind" || c.Messages[1].Kind != requests.Note {
		t.Fatalf("messages: %+v", c.Messages)
	}
	if _, body, err := s.cases.OpenAttachment(reviewer, q.ID, doc.ID); err != nil {
		t.Errorf("the reviewer cannot open it: %v", err)
	} else {
		body.Close()
	}
	if _, _, err := s.cases.OpenAttachment(s.as("jana.weber"), q.ID, doc.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another agency opens it: %v", err)
	}
	const looked = "SELECT id::text FROM audit.event WHERE kind = 'document.viewed'"
	looks := len(s.column(looked))
	if _, _, err := s.cases.OpenAttachment(reviewer, q.ID, q.Order.Document); fault.KindOf(err) != fault.NotFound || len(s.column(looked)) != looks {
		t.Errorf("something else under the address of an attachment: %v", err)
	}
	s.must(s.cases.Claim(reviewer, q.ID))
	s.clock.Advance(2 * time.Hour)
	s.must(s.cases.Ask(reviewer, q.ID, "Which one?"))
	s.must(s.cases.Reply(officer, q.ID, "That one."))
	if got := s.load(q.ID).Request.EffectBy; !got.Equal(due) {
		t.Errorf("messages that nobody asked for moved the deadline from %s to %s", due, got)
	}
	for i := range requests.MaxMessagesADay {
		if err = s.cases.Write(officer, q.ID, fmt.Sprintf("Message %d.", i), nil); err != nil {
			break
		}
	}
	if fault.KindOf(err) != fault.TooMany {
		t.Errorf("more than %d messages a day: %v", requests.MaxMessagesADay, err)
	}
	s.verifyLog()
}

// TestWhatAgenciesChangeHoldsInTheDatabase attacks narrowings and take-overs with
// raw SQL.
func TestWhatAgenciesChangeHoldsInTheDatabase(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	id, target := c.Request.ID, c.Request.Targets[0]
	req := requests.StreamOf(id)
	const am = "00000000-0000-4000-8000-0000000000cc"
	amend := func(who string) string {
		return fmt.Sprintf(`INSERT INTO amendment SELECT '%s', id, agency_id, 1, '%s', 'x', repeat('0', 64), now(), $EVENT FROM request WHERE id = '%s'`, am, s.personID(who), id)
	}
	part := func(phone, ip bool, from, to string) string {
		return fmt.Sprintf(`INSERT INTO amendment_item SELECT gen_random_uuid(), '%s', request_id, agency_id, id, %t, %t, %s, %s, $EVENT FROM target WHERE id = '%s'`, am, phone, ip, from, to, target.ID)
	}
	over := func(from, to string, n int) string {
		return fmt.Sprintf(`INSERT INTO takeover SELECT gen_random_uuid(), id, agency_id, %d, '%s', '%s', 'x', now(), $EVENT FROM request WHERE id = '%s'`, n, s.personID(from), s.personID(to), id)
	}
	for _, a := range s.attackers(t) {
		a.refused("an earlier beginning", a.try(req, amend("asha.rao"), part(true, true, "from_at - interval '1 second'", "to_at")), "more than was signed")
		a.refused("a later end", a.try(req, amend("asha.rao"), part(true, true, "from_at", "to_at + interval '1 second'")), "more than was signed")
		a.refused("nothing at all", a.try(req, amend("asha.rao"), part(false, false, "from_at", "to_at")), "nothing would be asked")
		a.refused("by another agency", a.try(req, amend("jana.weber"), part(true, false, "from_at", "to_at")), "officer of the agency")
		a.refused("by a reviewer", a.try(req, amend("rita.lind"), part(true, false, "from_at", "to_at")), "officer of the agency")
		a.refused("over a release in the making", a.try(req, amend("asha.rao"), part(true, false, "from_at", "to_at")), "in the making")
		a.refused("parts without their amendment", a.try(req, part(true, false, "from_at", "to_at")), "never later", "foreign key")
		a.refused("taken over by another agency", a.try("takeover:x", over("asha.rao", "jana.weber", 1)), "same unit")
		a.refused("taken over by a reviewer", a.try("takeover:x", over("asha.rao", "rita.lind", 1)), "same unit")
		a.refused("taken from who does not hold it", a.try("takeover:x", over("vikram.nair", "asha.rao", 1)), "other hands")
		a.refused("taken over twice at once", a.try("takeover:x", over("asha.rao", "vikram.nair", 2)), "other hands")
	}
	s.must(s.cases.NarrowOwn(s.as("asha.rao"), id, less(true, false, 30), "Fewer."))
	for _, a := range s.attackers(t) {
		a.refused("one more part of an earlier amendment", a.try(req, fmt.Sprintf(`INSERT INTO amendment_item SELECT gen_random_uuid(), m.id, t.request_id, t.agency_id, t.id, false, true, t.from_at, t.to_at, $EVENT
			FROM target t JOIN amendment m ON m.request_id = t.request_id WHERE t.id = '%s'`, target.ID)), "never later")
		a.refused("a wider one later", a.try(req, strings.Replace(amend("asha.rao"), ", 1, '", ", 2, '", 1), part(true, true, "from_at", "to_at")), "more than was signed")
		a.refused("a release as wide as before", a.try("release:00000000-0000-4000-8000-0000000000dd",
			fmt.Sprintf(`INSERT INTO release SELECT '00000000-0000-4000-8000-0000000000dd', 'EXP-2026-1111111111', request_id, agency_id, officer_id, reviewer_id, NULL, NULL, '', 'prepared', digest, phones, addresses, retrieved_at, 0, '', NULL, '', '', 0, NULL, 1, $EVENT FROM release WHERE id = '%s'`, rel.ID),
			fmt.Sprintf(`INSERT INTO release_item SELECT gen_random_uuid(), '00000000-0000-4000-8000-0000000000dd', request_id, agency_id, target_id, category, decision_id, decision_outcome, finding_id, account_id, rule_id, rule_version, offence_class, confirmer1, confirmer2, confirmed, from_at, to_at, $EVENT FROM release_item WHERE release_id = '%s'`, rel.ID)), "still asks for")
	}
}
