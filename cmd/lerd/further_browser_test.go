package main

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/agencies"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/requests"
	"lerd/internal/testkit/browser"
	"lerd/internal/web"
)

// TestFurtherPagesInABrowser looks at the pages beside the main story, with axe at
// the widths of a phone and of a desk: a list of accounts as it was read, a request
// that goes on from another, a message with a document, data that are kept and kept
// longer, the choice about second signatures, and the form of delivery.
func TestFurtherPagesInABrowser(t *testing.T) {
	sc := newScenario(t)
	id, kept := sc.submit("IN/94/2026/981").ID, sc.keeping("EPOC-PR 7/26")
	s := &stage{portal: sc.open(web.Limits{}), t: t, windows: map[string]*browser.Page{}, id: string(id)}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	s.agency = agencies.PathOf(s.agencyOfPerson("asha.rao"))
	s.importsAList()
	s.goesOn()
	s.attaches()
	s.keeps(kept)
	s.choosesSignatures()
	s.setsDelivery()
	s.makesALead()
	s.stop()
	s.verifyLog()
}

// makesALead walks two administrators through a reviewer's account, to the lead and
// back.
func (s *stage) makesALead() {
	at := accounts.PathOf(identity.PersonID(s.personID("omar.haddad")))
	tess := s.as("tess.boyd")
	s.goTo(tess, at, 200, "account-lead")
	tess.Set(`form[action$="/lead"] textarea`, "Knows the law and the languages.")
	s.press(tess, `form[action$="/lead"] button`)
	s.look(tess, "account-lead-proposed")
	hugo := s.as("hugo.marsh")
	s.goTo(hugo, at, 200, "account-lead-agree")
	s.press(hugo, `form[action$="/lead-agree"] button`)
	s.look(hugo, "account-leads")
	s.press(hugo, `form[action$="/lead-end"] button`)
	if got := s.column("SELECT supervisor::text FROM person WHERE sign_in = 'omar.haddad'")[0]; got != "false" {
		s.t.Errorf("leads still: %s", got)
	}
}

// TestAUserNoticeInABrowser looks at the page on which a user reads what was
// disclosed about them.
func TestAUserNoticeInABrowser(t *testing.T) {
	sc := newScenario(t)
	sc.messaging()
	told := sc.released("IN/94/2026/982", "")
	sc.tell()
	s := &stage{portal: sc.open(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	link := sc.telling.Links.Of(sc.onFile(told.Request.ID).Notices[0].ID)
	user := s.b.Page(t, s.base)
	s.goTo(user, "/notice/"+path.Base(link), 200, "user-notice")
	s.goTo(user, "/notice/"+path.Base(link)+"?lang=ar", 200, "user-notice-ar")
}

// TestAnErrorsNoticeInABrowser looks at the page on which a user reads that a mistake
// was made with their data, at counsel's form for why an entry is closed without its
// receipts, and at what the auditor then reads.
func TestAnErrorsNoticeInABrowser(t *testing.T) {
	sc := newScenario(t)
	sc.messaging()
	q := sc.released("IN/94/2026/983", "").Request
	id := sc.serious(q)
	sc.tell()
	s := &stage{portal: sc.open(web.Limits{}), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	s.goTo(s.b.Page(t, s.base), "/notice/"+path.Base(sc.telling.Links.Of(sc.noticeOf(q.ID, id).ID)), 200, "error-notice")
	helen := s.as("helen.park")
	s.goTo(helen, "/errors", 200, "errors-counsel")
	s.goTo(helen, "/errors/"+id, 200, "errors-show-counsel")
	helen.Set(`textarea[name="reason"]`, "The user cannot be reached any more.")
	s.press(helen, `form[action$="/excuse"] button`)
	s.look(helen, "errors-show-signed")
	s.goTo(s.as("ines.moreau"), "/errors/"+id, 200, "errors-show-told")
}

// importsAList gives a draft a list of which some rows can be taken.
func (s *stage) importsAList() {
	p := s.as("asha.rao")
	p.Goto("/requests/new")
	s.press(p, `form[action="/drafts"] button`)
	draft := path.Dir(p.Path())
	list := filepath.Join(s.t.TempDir(), "accounts.csv")
	s.must(os.WriteFile(list, []byte("kind,identifier,used_at,from,to,zone,role,purpose,data\n"+
		"phone,+447700900123,2026-10-02 09:00,2026-08-02 09:00,2026-11-01 09:00,Asia/Kolkata,suspect,identify_user,phone_number\n"+
		"phone,4.47701E+11,2026-10-02 09:00,2026-08-02 09:00,2026-11-01 09:00,Asia/Kolkata,suspect,identify_user,phone_number\n"+
		"phone,=cmd(),,,,,,,\n"), 0o600))
	p.Goto(draft + "/targets")
	p.Click(`details summary`)
	p.Upload(`input[name="list"]`, list)
	if got := p.Follow(`button[value="import"]`); got != 200 && got != 422 {
		s.t.Fatalf("a list is answered %d", got)
	}
	p.Problems() // the browser logs a 422
	s.look(p, "draft-list-read")
	if text := p.Text("main"); !strings.Contains(text, "Row 3") && !strings.Contains(text, "line 3") && !strings.Contains(text, "Line 3") {
		s.t.Errorf("the rows that were not taken are not named: %s", text)
	}
}

// goesOn begins a request for further accounts under the order of another.
func (s *stage) goesOn() {
	p := s.as("asha.rao")
	p.Goto("/requests/" + s.id)
	s.press(p, `form[action$="/follow"] button`)
	s.look(p, "draft-follows")
	p.Goto(path.Dir(p.Path()) + "/check")
	s.look(p, "draft-follows-check")
}

// attaches writes a message with a document, first with one that is none.
func (s *stage) attaches() {
	p := s.as("asha.rao")
	at := "/requests/" + s.id + "/write"
	wrong, right := filepath.Join(s.t.TempDir(), "page.pdf"), filepath.Join(s.t.TempDir(), "page-2.pdf")
	s.must(os.WriteFile(wrong, []byte("no document"), 0o600))
	s.must(os.WriteFile(right, s.order("IN/94/2026/981"), 0o600))
	for file, status := range map[string]int{wrong: 422, right: 200} {
		p.Goto(at)
		p.Set(`form[action$="/write"] textarea`, "The page of the order that names the tickets.")
		p.Upload(`input[name="file"]`, file)
		if got := p.Follow(`form[action$="/write"] button`); got != status {
			s.t.Errorf("%s is answered %d, want %d", filepath.Base(file), got, status)
		}
		s.look(p, "write-attached-"+filepath.Base(file))
	}
	p.Problems() // the browser logs the 422
	p.Goto("/requests/" + s.id)
	s.look(p, "request-attached")
	if p.Count(`a[href*="/attachment/"]`) == 0 {
		s.t.Error("the attached page is not shown")
	}
}

// keeps looks at data that are kept, and extends that with a mistake first.
func (s *stage) keeps(id requests.ID) {
	p := s.as("jana.weber")
	s.goTo(p, requests.PathOf(id), 200, "request-kept")
	if text := p.Text("main"); !strings.Contains(text, "60 days left") && !strings.Contains(text, "61 days left") {
		s.t.Errorf("the page does not count the days: %s", text)
	}
	s.goTo(p, requests.PathOf(id)+"/extend", 200, "extend")
	if got := p.Follow(`form[action$="/extend"] button`); got != 422 {
		s.t.Errorf("an extension without a reason is answered %d", got)
	}
	p.Problems()
	s.look(p, "extend-mistake")
	p.Set(`form[action$="/extend"] textarea`, "The production order is being signed.")
	s.press(p, `form[action$="/extend"] button`)
	s.look(p, "request-extended")
	if p.Count(`a[href$="/extend"]`) != 0 {
		s.t.Error("a second extension is offered")
	}
}

// choosesSignatures proposes by one registrar and agrees by another that an
// agency's requests are signed once.
func (s *stage) choosesSignatures() {
	nora, paul := s.as("nora.berg"), s.as("paul.adler")
	s.goTo(nora, s.agency+"/cosignature", 200, "choices")
	if got := nora.Follow(`form[action$="/cosignature"] button`); got != 422 {
		s.t.Errorf("an empty choice is answered %d", got)
	}
	nora.Problems()
	s.look(nora, "choices-mistake")
	s.fill(nora, url.Values{"process": {"IN-94"}, "wanted": {"no"}})
	s.press(nora, `form[action$="/cosignature"] button`)
	s.look(nora, "choices-sure")
	s.press(nora, `form[action$="/cosignature"] button`)
	s.look(nora, "choices-proposed")
	s.goTo(nora, s.agency, 200, "agency-own-motion")
	if nora.Count(`form[action$="/motion"]:has([value="yes"])`) != 0 {
		s.t.Error("who proposed a choice is offered to agree")
	}
	s.goTo(paul, s.agency, 200, "agency-choice-motion")
	s.press(paul, `form[action$="/motion"]:has([value="yes"]) button`)
	s.goTo(paul, s.agency+"/cosignature", 200, "choices-agreed")
}

// setsDelivery chooses in which form an agency's bundles are encrypted.
func (s *stage) setsDelivery() {
	p := s.as("nora.berg")
	p.Goto(s.agency)
	s.answer(p, "profile", "cms-cbc")
	s.press(p, `form[action$="/delivery"] button`)
	s.look(p, "agency-delivery")
	if got := s.column("SELECT profile FROM delivery_form"); len(got) != 1 || got[0] != "cms-cbc" {
		s.t.Errorf("on file: %v", got)
	}
}
