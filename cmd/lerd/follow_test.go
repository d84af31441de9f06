package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// TestFurtherAccountsUnderTheSameOrder begins a draft from a case on its page,
// names another account, and reads the link on both cases and at the reviewer's.
func TestFurtherAccountsUnderTheSameOrder(t *testing.T) {
	d := newDesk(t)
	first := d.submitted(d.withOrder())
	at := "/requests/" + first
	form := d.formAt(d.officer, at, at+"/follow")
	page, err := form.send(d.ctx)
	d.must(err)
	again, err := form.send(d.ctx) // the same form, sent twice
	d.must(err)
	if page.url.Path != again.url.Path || len(d.column("SELECT id::text FROM draft WHERE state = 'open'")) != 1 {
		t.Errorf("a form sent twice begins %s and %s", page.url.Path, again.url.Path)
	}
	a := newApplication(d.officer, storyNow)
	a.draft = strings.TrimSuffix(page.url.Path, "/kind")
	was := d.draftOf(a).Content
	if was.Order == nil || was.Order.SHA256 != d.load(requests.ID(first)).Document.SHA256 || len(was.Targets) != 0 || was.Fields["order_number"] != d.load(requests.ID(first)).Request.Order.Number {
		t.Errorf("it begins with %+v", was)
	}
	for _, stated := range []string{"need_stated", "need_individualised", "offence_sole_purpose_identify"} {
		if was.Fields[stated] != "" {
			t.Errorf("%s is stated by nobody", stated)
		}
	}
	if page, err = d.officer.get(d.ctx, a.draft+"/sign"); err != nil || !strings.HasSuffix(page.url.Path, "/check") {
		t.Errorf("it can be signed as it begins: %v", page.url)
	}
	a.set("targets-0-kind", "username", "targets-0-identifier", "another_seller")
	second := d.submitted(a)
	c, q := d.load(requests.ID(first)), d.load(requests.ID(second))
	if len(q.Links) != 1 || q.Links[0].Request != c.Request.ID || q.Links[0].Kind != requests.LinkFurther || q.Links[0].Later {
		t.Fatalf("the second says %+v", q.Links)
	}
	if len(c.Links) != 1 || c.Links[0].Request != q.Request.ID || !c.Links[0].Later {
		t.Fatalf("the first says %+v", c.Links)
	}
	d.stated(c.Request.ID, q.Request.ID)
	for _, who := range []string{"asha.rao", "rita.lind"} {
		v, where := d.visit(who), "/requests/"
		if who == "rita.lind" {
			where = "/review/"
		}
		for id, ref := range map[string]string{first: q.Request.Ref, second: c.Request.Ref} {
			other := where + map[string]string{first: second, second: first}[id]
			if page, err := v.get(d.ctx, where+id); err != nil || !strings.Contains(string(page.body), ref) || len(page.links(other)) == 0 {
				t.Errorf("%s does not read of %s: %v", who, ref, err)
			}
		}
	}
	d.stop()
	d.verifyLog()
}

// TestWhatCameToNothingIsAskedAgain begins anew from a withdrawn case, which a
// reviewer never gets to see before it is submitted.
func TestWhatCameToNothingIsAskedAgain(t *testing.T) {
	s := newScenario(t)
	officer := s.as("asha.rao")
	q := s.submit("IN/94/2026/701")
	s.must(s.cases.Withdraw(officer, q.ID, "The wrong period."))
	d, err := s.cases.FollowDraft(officer, q.ID)
	s.must(err)
	if d.Content.Follows.Kind != requests.LinkAgain || len(d.Content.Targets) != 1 {
		t.Fatalf("it begins with %+v", d.Content)
	}
	read, problems := requests.ReadTarget(d.Content.Targets[0])
	if was := s.load(q.ID).Request.Targets[0]; len(problems) > 0 || !read.From.Equal(was.From) || !read.To.Equal(was.To) || read.Identifier.Reveal() != was.Identifier.Reveal() {
		t.Errorf("the account is read as %+v: %v", read, problems)
	}
	for _, who := range []string{"jana.weber", "rita.lind", "carl.ito", "ines.moreau", "kavya.menon"} {
		if _, err := s.cases.FollowDraft(s.as(who), q.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s follows it: %v", who, err)
		}
	}
	if _, err := s.cases.FollowDraft(officer, "11111111-1111-4111-8111-111111111111"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what is not there is followed: %v", err)
	}
	waits := s.proposed("IN/94/2026/702")
	if _, err := s.cases.FollowDraft(officer, waits.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a request that still waits for its second signature is followed: %v", err)
	}
	if n := len(s.blobs()); n != 3 { // two documents, and the draft's file
		t.Errorf("%d files", n)
	}
	stated := func(c *requests.DraftContent) {
		for _, f := range []string{"need_stated", "need_facts_shown", "need_proportionality", "need_individualised", "offence_sole_purpose_identify"} {
			c.Fields[f] = "yes"
		}
	}
	if _, err := s.cases.SubmitDraft(officer, d.ID); fault.KindOf(err) != fault.Invalid {
		t.Errorf("submitted with nothing stated: %v", err)
	}
	_, err = s.cases.SaveDraft(officer, d.ID, requests.DraftEdit{Step: requests.StepNeed, Apply: stated})
	s.must(err)
	later, err := s.cases.SubmitDraft(officer, d.ID)
	s.must(err)
	if c, err := s.cases.View(s.as("rita.lind"), q.ID); err != nil || len(c.Links) != 0 {
		t.Errorf("a reviewer learns of a request that is not submitted: %+v, %v", c.Links, err)
	}
	s.cosigned(later.ID)
	if c, err := s.cases.View(s.as("rita.lind"), q.ID); err != nil || len(c.Links) != 1 || c.Links[0].Kind != requests.LinkAgain {
		t.Errorf("a reviewer reads %+v, %v", c.Links, err)
	}
	other := s.submit("IN/94/2026/703")
	for _, a := range s.attackers(t) {
		insert := func(kind string, id, follows requests.ID) error {
			return a.try(requests.StreamOf(id), `INSERT INTO request_link SELECT gen_random_uuid(), '`+string(id)+`', '`+string(follows)+`', agency_id, '`+kind+`', $EVENT FROM request WHERE id = '`+string(id)+`'`)
		}
		a.refused("a link made later", insert("further", other.ID, q.ID), "written with its request")
		a.refused("a changed link", a.try(requests.StreamOf(later.ID), `UPDATE request_link SET kind = 'further', event_id = $EVENT WHERE request_id = '`+string(later.ID)+`'`), "")
	}
	s.verifyLog()
}

// TestAnOrderNamesItsPreservation: the officer may say under which reference the
// data were kept; the reviewer reads it, and it is part of what was signed.
func TestAnOrderNamesItsPreservation(t *testing.T) {
	s := newScenario(t)
	kept := s.load(s.keeping("EPOC-PR 9/26")).Request
	for name, ref := range map[string]string{"no such": "LR-2026-0000-0000", "no preservation": s.submit("IN/94/2026/711").Ref} {
		doc := s.uploadAs("jana.weber", "EPOC 10/26")
		in := s.ordered(doc, "EPOC 10/26")
		in.KeptUnder = ref
		if _, err := s.cases.Submit(s.as("jana.weber"), in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s reference is taken: %v", name, err)
		}
	}
	in := s.submission(s.upload("IN/94/2026/712"), "IN/94/2026/712")
	in.KeptUnder = kept.Ref // another agency's
	if _, err := s.cases.Submit(s.as("asha.rao"), in); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another agency's preservation is named: %v", err)
	}
	in = s.ordered(s.uploadAs("jana.weber", "EPOC 11/26"), "EPOC 11/26")
	plain := requests.Digest(requests.Request{Further: map[string]string{}}, "", nil)
	in.KeptUnder = " " + strings.ToLower(kept.Ref) + " "
	q, err := s.send(s.as("jana.weber"), in)
	s.must(err)
	if q.Further["earlier_preservation"] != kept.Ref || requests.Digest(requests.Request{Further: q.Further}, "", nil) == plain {
		t.Errorf("what is signed says %v", q.Further)
	}
	p := s.open(unhurried)
	p.stated(q.ID)
	v := p.visit("rita.lind")
	page, err := v.get(p.ctx, "/review/"+string(q.ID))
	p.must(err)
	if page.status != http.StatusOK || len(page.links("/review/"+string(kept.ID))) == 0 || strings.Count(string(page.body), kept.Ref) < 2 {
		t.Errorf("the reviewer does not read of %s", kept.Ref)
	}
}

// ordered is an order of the German agency that is complete in form.
func (s *scenario) ordered(doc requests.DocumentID, number string) requests.Submission {
	in := s.submission(doc, number)
	in.Process, in.IssuerKind, in.IssuerName, in.LegalBasis, in.Further = "EU-EPOC-PR", "judge", "Amtsgericht Musterstadt", "Art. 6", nil
	return in
}

// uploadAs gives an order's document of somebody's agency.
func (s *scenario) uploadAs(who, number string) requests.DocumentID {
	s.t.Helper()
	doc, err := s.cases.Upload(s.as(who), "order.pdf", "application/pdf", strings.NewReader(string(s.order(number))))
	s.must(err)
	return doc.ID
}

// TestAReceiptStaysAfterAWithdrawal: who signed alone finds the receipt on the
// page of a withdrawn request; of one that never counted there is none.
func TestAReceiptStaysAfterAWithdrawal(t *testing.T) {
	s := newScenario(t)
	alone, err := s.send(s.as("jana.weber"), s.ordered(s.uploadAs("jana.weber", "EPOC 12/26"), "EPOC 12/26"))
	s.must(err)
	s.must(s.cases.Withdraw(s.as("jana.weber"), alone.ID, "Not needed."))
	never := s.proposed("IN/94/2026/721")
	s.must(s.cases.Withdraw(s.as("asha.rao"), never.ID, "Not needed."))
	p := s.open(unhurried)
	for id, c := range map[requests.ID]struct {
		who   string
		there bool
	}{alone.ID: {"jana.weber", true}, never.ID: {"asha.rao", false}} {
		page, err := p.visit(c.who).get(p.ctx, requests.PathOf(id))
		p.must(err)
		if got := len(page.links(requests.PathOf(id)+"/receipt")) > 0; got != c.there {
			t.Errorf("%s finds a receipt: %v", c.who, got)
		}
	}
}

// TestARegistrarRecordsAnAgencysChoice changes who signs twice, on the pages.
func TestARegistrarRecordsAnAgencysChoice(t *testing.T) {
	s := newScenario(t)
	agency := s.load(s.submit("IN/94/2026/731").ID).Request.Agency
	p := s.open(unhurried)
	registrar, at := p.visit("nora.berg"), requests.ChoicesPath(agency)
	form := p.formAt(registrar, at, at, "process", "IN-94", "wanted", "no")
	page, err := form.send(p.ctx)
	p.must(err)
	if n := len(p.column("SELECT id::text FROM cosignature_choice WHERE process_id = 'IN-94'")); n != 0 {
		t.Errorf("%d choices before it was confirmed", n)
	}
	sure, err := page.form(at)
	p.must(err)
	p.must2(sure.send(p.ctx))
	p.must2(sure.send(p.ctx)) // twice
	if n := len(p.column("SELECT id::text FROM cosignature_choice WHERE process_id = 'IN-94'")); n != 0 {
		t.Errorf("%d choices by one registrar", n)
	}
	motion := p.column("SELECT id::text FROM agency_motion WHERE state = 'proposed'")
	if len(motion) != 1 {
		t.Fatalf("%d motions wait", len(motion))
	}
	s.refusesTheProposer(agency, motion[0])
	form = p.formAt(p.visit("paul.adler"), agencies.PathOf(agency), "/motion", "motion", motion[0], "yes", "yes")
	p.must2(form.send(p.ctx))
	p.must2(form.send(p.ctx)) // twice
	if got := p.column("SELECT wanted::text || version FROM cosignature_choice WHERE process_id = 'IN-94'"); len(got) != 1 || got[0] != "false1" {
		t.Fatalf("on file: %v", got)
	}
	if got := p.column("SELECT x.entry FROM (SELECT convert_from(entry, 'UTF8') AS entry FROM audit.event WHERE kind = 'agency.cosignature_chosen' ORDER BY recorded_at DESC LIMIT 1) x"); len(got) != 1 || !strings.Contains(got[0], "assertion") {
		t.Errorf("the event says %v", got)
	}
	if page, err = p.visit("kavya.menon").get(p.ctx, "/agency"); err != nil || !strings.Contains(string(page.body), "Signed once") {
		t.Errorf("the agency's administrator does not read it: %v", err)
	}
	p.stop()
	doc := s.upload("IN/94/2026/732")
	if q, err := s.cases.Submit(s.as("asha.rao"), s.submission(doc, "IN/94/2026/732")); err != nil || q.State != requests.Submitted {
		t.Errorf("with one signature it is %q: %v", q.State, err)
	}
	registered := s.as("nora.berg")
	actor, _ := identity.From(registered)
	if err := s.cases.ProposeChoice(identity.With(s.ctx, actor), agency, "IN-94", true); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without the passkey: %v", err)
	}
	if err := s.cases.ProposeChoice(registered, agency, "XX-1", true); fault.KindOf(err) != fault.Invalid {
		t.Errorf("for no process: %v", err)
	}
	if err := s.cases.ChooseCosignature(registered, agency, "IN-94", true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a registrar alone: %v", err)
	}
	for _, a := range s.attackers(t) {
		for _, scope := range []string{"registrar", "system"} {
			if scope == "system" {
				s.evaluation(false)
			}
			a.refused("a choice that nobody confirmed, as "+scope, a.tryAs(scope, "cosignature:"+string(agency), `UPDATE cosignature_choice SET wanted = true, version = version + 1, event_id = $EVENT WHERE agency_id = '`+string(agency)+`'`), "two registrars")
		}
		s.evaluation(true)
	}
	for _, who := range []string{"asha.rao", "kavya.menon", "petra.vogel", "rita.lind", "tess.boyd", "ines.moreau"} {
		if err := s.cases.ProposeChoice(s.as(who), agency, "IN-94", true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s proposes: %v", who, err)
		}
		if err := s.cases.DecideChoice(s.as(who), agency, motion[0], true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s decides: %v", who, err)
		}
		if _, err := s.cases.CosignatureChoices(s.as(who), agency); who != "kavya.menon" && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s reads: %v", who, err)
		}
	}
	s.verifyLog()
}

// refusesTheProposer: whoever proposed a choice does not agree to it, and a second
// one about the same process waits.
func (s *scenario) refusesTheProposer(agency identity.AgencyID, motion string) {
	s.t.Helper()
	if err := s.cases.DecideChoice(s.as("nora.berg"), agency, motion, true); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "You proposed this") {
		s.t.Errorf("the proposer agrees: %v", err)
	}
	if err := s.cases.ProposeChoice(s.as("paul.adler"), agency, "IN-94", true); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "waits for another registrar already") {
		s.t.Errorf("a second motion about the same: %v", err)
	}
	bare, _ := identity.From(s.as("paul.adler"))
	if err := s.cases.DecideChoice(identity.With(s.ctx, bare), agency, motion, true); fault.KindOf(err) != fault.StepUp {
		s.t.Errorf("agreed without the passkey: %v", err)
	}
}

// TestWhatARequestFollowsIsSigned: the case that a request goes on from is part of
// what both people sign, so that another link, or none, is another digest.
func TestWhatARequestFollowsIsSigned(t *testing.T) {
	s := newScenario(t)
	was := s.submit("IN/94/2026/791")
	in := s.submission(s.upload("IN/94/2026/792"), "IN/94/2026/792")
	in.Follows = &requests.Following{Request: was.ID, Kind: requests.LinkFurther}
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	c := s.load(q.ID)
	g, _ := c.Signature(requests.SignedToCosign)
	digest := func(links ...requests.Linked) string {
		return fmt.Sprintf("%x", requests.Digest(c.Request, c.Document.SHA256, links))
	}
	if len(c.Links) != 1 || g.Digest != digest(c.Links...) {
		t.Fatalf("signed %s over %+v", g.Digest, c.Links)
	}
	other := c.Links[0]
	other.Kind = requests.LinkAgain
	for name, links := range map[string][]requests.Linked{"no link": nil, "another kind": {other}, "another case": {{Request: q.ID, Kind: requests.LinkFurther}}, "two": {c.Links[0], other}} {
		if digest(links...) == g.Digest {
			t.Errorf("%s: the digest is the same", name)
		}
	}
	later := requests.Linked{Request: q.ID, Kind: requests.LinkFurther, Later: true}
	if digest(c.Links[0], later) != g.Digest {
		t.Error("what follows it later changes what was signed")
	}
	s.must(s.cases.TakeBack(s.as("asha.rao"), was.ID)) // the link stays signed
	if c = s.load(q.ID); len(c.Links) != 1 {
		t.Errorf("after the earlier case went back into its draft: %+v", c.Links)
	}
}
