package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// content is a draft that is complete but for its order, and the change of one.
func (s *scenario) content(number string, change ...func(*requests.DraftContent)) func(*requests.DraftContent) {
	in := s.submission("", number)
	return func(c *requests.DraftContent) {
		c.Fields = map[string]string{"want": "now", "process": in.Process, "issuer_kind": in.IssuerKind, "issuer_name": in.IssuerName, "order_number": number,
			"issued_on": in.IssuedOn, "return_on": in.ReturnOn, "order_language": "en", "order_signed": "yes", "legal_basis": in.LegalBasis, "addressee": in.Addressee,
			"offence_class": in.OffenceClass, "offence_provision": in.OffenceProvision, "offence_text": in.OffenceText, "max_penalty_years": "7",
			"by_network": "yes", "confidential": "no", "need": in.Need}
		for fact, said := range in.Attested {
			c.Fields[strings.ReplaceAll(fact, ".", "_")] = said
		}
		c.Further, c.Targets = in.Further, in.Targets
		for _, f := range change {
			f(c)
		}
	}
}

// drafted gives a draft that is complete.
func (s *scenario) drafted(number string, change ...func(*requests.DraftContent)) requests.Draft {
	s.t.Helper()
	ctx := s.as("asha.rao")
	d, err := s.cases.NewDraft(ctx)
	s.must(err)
	_, err = s.cases.SaveDraft(ctx, d.ID, requests.DraftEdit{Step: requests.StepKind, Apply: s.content(number, change...)})
	s.must(err)
	d, err = s.cases.KeepOrder(ctx, d.ID, "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	return d
}

func TestADraftIsItsUnitsAlone(t *testing.T) {
	s := newScenario(t)
	d := s.drafted("IN/94/2026/501")
	for _, who := range []string{"asha.rao", "vikram.nair"} {
		got, err := s.cases.OpenDraft(s.as(who), d.ID)
		if err != nil || got.Content.Fields["order_number"] != "IN/94/2026/501" {
			t.Errorf("%s: %v", who, err)
		}
		if list, err := s.cases.ListDrafts(s.as(who), 10, 0); err != nil || len(list.List) != 1 {
			t.Errorf("%s lists %d drafts: %v", who, len(list.List), err)
		}
	}
	for _, who := range []string{"jana.weber", "rita.lind", "helen.park", "carl.ito", "anna.keller", "ines.moreau"} {
		ctx := s.as(who)
		for name, step := range map[string]func() error{
			"opens": func() error { _, err := s.cases.OpenDraft(ctx, d.ID); return err },
			"saves": func() error {
				_, err := s.cases.SaveDraft(ctx, d.ID, requests.DraftEdit{Step: requests.StepNeed, Apply: func(*requests.DraftContent) {}})
				return err
			},
			"takes over": func() error { return s.cases.TakeOverDraft(ctx, d.ID) },
			"drops":      func() error { return s.cases.DropDraft(ctx, d.ID) },
			"submits":    func() error { _, err := s.cases.SubmitDraft(ctx, d.ID); return err },
		} {
			if err := step(); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s %s a draft of others: %v", who, name, err)
			}
		}
		if list, _ := s.cases.ListDrafts(ctx, 10, 0); len(list.List) > 0 {
			t.Errorf("%s has it in a list", who)
		}
	}
	unit := s.as("vikram.nair") // of another unit of the same agency
	a, _ := identity.From(unit)
	a.Unit = "11111111-1111-4111-8111-111111111111"
	if _, err := s.cases.OpenDraft(identity.With(unit, a), d.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another unit opens it: %v", err)
	}
	if got := s.column("SELECT kind FROM audit.event WHERE kind LIKE 'draft.%' ORDER BY kind"); fmt.Sprint(got) != "[draft.created draft.opened draft.opened]" {
		t.Errorf("events %v", got)
	}
}

// TestTwoTabsLoseNothing saves one step from two tabs, and two steps at once.
func TestTwoTabsLoseNothing(t *testing.T) {
	s := newScenario(t)
	ctx := s.as("asha.rao")
	d, err := s.cases.NewDraft(ctx)
	s.must(err)
	set := func(name, value string) func(*requests.DraftContent) {
		return func(c *requests.DraftContent) {
			if c.Fields == nil {
				c.Fields = map[string]string{}
			}
			c.Fields[name] = value
		}
	}
	_, err = s.cases.SaveDraft(ctx, d.ID, requests.DraftEdit{Step: requests.StepNeed, Apply: set("need", "The first tab's text.")})
	s.must(err)
	now, err := s.cases.SaveDraft(s.as("vikram.nair"), d.ID, requests.DraftEdit{Step: requests.StepNeed, Apply: set("need", "The second tab's text.")})
	if fault.KindOf(err) != fault.Conflict || now.Content.Fields["need"] != "The first tab's text." || now.Content.SavedBy[requests.StepNeed].By != "Asha Rao" {
		t.Errorf("the second tab: %v, and the draft says %q by %q", err, now.Content.Fields["need"], now.Content.SavedBy[requests.StepNeed].By)
	}
	_, err = s.cases.SaveDraft(s.as("vikram.nair"), d.ID, requests.DraftEdit{Step: requests.StepNeed, Revision: now.Content.Revisions[requests.StepNeed], Apply: set("need", "Both texts.")})
	s.must(err)
	steps := []requests.DraftStep{requests.StepKind, requests.StepOrder, requests.StepTargets, requests.StepCheck}
	for _, err := range together(len(steps), func(i int) error {
		_, err := s.cases.SaveDraft(ctx, d.ID, requests.DraftEdit{Step: steps[i], Apply: set("of_"+string(steps[i]), "kept")})
		return err
	}) {
		s.must(err)
	}
	d, err = s.cases.OpenDraft(ctx, d.ID)
	s.must(err)
	for _, step := range steps {
		if d.Content.Fields["of_"+string(step)] != "kept" {
			t.Errorf("what was typed at %s is lost", step)
		}
	}
	if d.Content.Fields["need"] != "Both texts." {
		t.Errorf("need is %q", d.Content.Fields["need"])
	}
}

// TestADumpOfTheDatabaseShowsNothingOfADraft looks for planted texts in every
// column of every table, and in every file.
func TestADumpOfTheDatabaseShowsNothingOfADraft(t *testing.T) {
	s := newScenario(t)
	canaries := []string{"CANARY/ORDER/88", "Canary need", "+447700900123", "canary-file", "Canary of a supervisor", "%PDF-"}
	d := s.drafted("CANARY/ORDER/88", func(c *requests.DraftContent) { c.Fields["need"] = "Canary need" })
	d, err := s.cases.KeepOrder(s.as("asha.rao"), d.ID, "canary-file.pdf", "application/pdf", bytes.NewReader(s.order("CANARY/ORDER/88B")))
	s.must(err)
	if d.Content.Order.Name != "canary-file.pdf" {
		t.Fatalf("the file is called %q", d.Content.Order.Name)
	}
	dump := s.dump()
	files := s.blobs()
	if len(dump) < 10_000 || len(files) != 1 {
		t.Fatalf("a dump of %d octets, %d files", len(dump), len(files))
	}
	for _, canary := range canaries {
		if strings.Contains(dump, canary) || strings.Contains(dump, fmt.Sprintf("%x", canary)) {
			t.Errorf("the database says %q", canary)
		}
		for name, body := range files {
			if strings.Contains(body, canary) || strings.Contains(name, canary) {
				t.Errorf("%s says %q", name, canary)
			}
		}
	}
	s.must(s.cases.DropDraft(s.as("asha.rao"), d.ID))
	if got := s.column("SELECT (sealed IS NULL AND sealed_key IS NULL AND blob = '')::text FROM draft"); fmt.Sprint(got) != "[true]" || len(s.blobs()) != 0 {
		t.Errorf("after it was dropped: %v, files %d", got, len(s.blobs()))
	}
}

// dump gives every row of every table as text.
func (s *scenario) dump() string {
	s.t.Helper()
	var all strings.Builder
	for _, table := range s.column(`SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname IN ('public', 'audit')`) {
		if strings.HasPrefix(table, "public.goose") {
			continue
		}
		for _, row := range s.column("SELECT r::text FROM " + table + " r") {
			all.WriteString(row + "\n")
		}
	}
	return all.String() + strings.Join(s.column("SELECT convert_from(entry, 'UTF8') FROM audit.event"), "\n")
}

// blobs gives the files below the blobs folder.
func (s *scenario) blobs() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(s.cfg.path("blobs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return out
}

func TestAnOrderSentTwiceIsOneFile(t *testing.T) {
	s := newScenario(t)
	ctx := s.as("asha.rao")
	d, err := s.cases.NewDraft(ctx)
	s.must(err)
	pdf := s.order("IN/94/2026/503")
	for _, err := range together(6, func(int) error {
		_, err := s.cases.KeepOrder(ctx, d.ID, "order.pdf", "application/pdf", bytes.NewReader(pdf))
		return err
	}) {
		s.must(err)
	}
	if n := len(s.blobs()); n != 1 {
		t.Errorf("%d files of one order that was sent six times", n)
	}
	_, err = s.cases.KeepOrder(ctx, d.ID, "other.pdf", "application/pdf", bytes.NewReader(s.order("IN/94/2026/504")))
	s.must(err)
	if n := len(s.blobs()); n != 1 {
		t.Errorf("%d files after another took its place", n)
	}
	if _, err := s.cases.KeepOrder(ctx, d.ID, "bad.pdf", "application/pdf", strings.NewReader("MZ this is a program")); fault.KindOf(err) == "" {
		t.Error("a program is kept as an order")
	}
	d, err = s.cases.OpenDraft(ctx, d.ID)
	s.must(err)
	if d.Content.Order.Name != "other.pdf" || len(s.column("SELECT id::text FROM document")) != 0 {
		t.Errorf("the draft has %q, and documents %v", d.Content.Order.Name, s.column("SELECT id::text FROM document"))
	}
}

// TestADraftBecomesARequestAndComesBack takes one back and forth, and erases it
// once nothing can come back.
func TestADraftBecomesARequestAndComesBack(t *testing.T) {
	s := newScenario(t)
	officer, system := s.as("asha.rao"), identity.With(s.ctx, identity.SystemActor())
	d := s.drafted("IN/94/2026/505")
	q, err := s.cases.SubmitDraft(officer, d.ID)
	s.must(err)
	if q.State != requests.AwaitingCosignature {
		t.Fatalf("it is %q", q.State)
	}
	if _, err := s.cases.SubmitDraft(officer, d.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("sent twice: %v", err)
	}
	if _, err := s.cases.SaveDraft(officer, d.ID, requests.DraftEdit{Step: requests.StepNeed, Apply: func(*requests.DraftContent) {}}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("changed after it was sent: %v", err)
	}
	s.must(s.cases.SendBack(s.as("vikram.nair"), q.ID, "The year is wrong."))
	d, err = s.cases.OpenDraft(officer, d.ID)
	s.must(err)
	if d.State != requests.DraftOpen || d.Content.Returned.Text != "The year is wrong." || d.Content.Fields["order_number"] != "IN/94/2026/505" {
		t.Errorf("the draft is %q, returned %+v", d.State, d.Content.Returned)
	}
	q, err = s.cases.SubmitDraft(officer, d.ID)
	s.must(err)
	s.cosigned(q.ID)
	s.must(s.cases.TakeBack(officer, q.ID))
	q, err = s.cases.SubmitDraft(officer, d.ID)
	s.must(err)
	s.cosigned(q.ID)
	expire := func() int { n, err := s.cases.ExpireDrafts(system); s.must(err); return n }
	if n := expire(); n != 0 {
		t.Errorf("%d drafts erased while they can come back", n)
	}
	s.clock.Advance(requests.UndoWindow + time.Second)
	if n := expire(); n != 1 {
		t.Errorf("%d drafts erased once nothing can come back", n)
	}
	if got := s.column("SELECT state || (sealed IS NULL)::text FROM draft"); fmt.Sprint(got) != "[erasedtrue]" {
		t.Errorf("it is %v", got)
	}
	files := s.blobs()
	if len(files) != 3 { // the documents of three requests
		t.Errorf("%d files", len(files))
	}
	for name, body := range files {
		if sum := sha256.Sum256([]byte(body)); fmt.Sprintf("%x", sum) != d.Content.Order.SHA256 {
			t.Errorf("%s is not the order", name)
		}
	}
	s.review(q.ID) // the whole way goes on
	s.verifyLog()
}

func TestADraftExpires(t *testing.T) {
	s := newScenario(t)
	system := identity.With(s.ctx, identity.SystemActor())
	d := s.drafted("IN/94/2026/506")
	run := func(after time.Duration, want int) {
		t.Helper()
		s.clock.Advance(after)
		if n, err := s.cases.ExpireDrafts(system); err != nil || n != want {
			t.Errorf("after %v: %d drafts, %v; want %d", after, n, err, want)
		}
	}
	run(26*24*time.Hour, 0)
	run(24*time.Hour, 1) // told
	run(time.Hour, 0)    // once
	_, err := s.cases.SaveDraft(s.as("asha.rao"), d.ID, requests.DraftEdit{Step: requests.StepNeed, Apply: func(*requests.DraftContent) {}})
	s.must(err) // lives anew
	run(27*24*time.Hour, 1)
	s.clock.Advance(3 * 24 * time.Hour)
	if _, err := s.cases.OpenDraft(s.as("asha.rao"), d.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an expired draft is opened before the job came: %v", err)
	}
	run(0, 1)
	run(0, 0)
	if got := s.column("SELECT state || (sealed IS NULL)::text || blob FROM draft"); fmt.Sprint(got) != "[erasedtrue]" || len(s.blobs()) != 0 {
		t.Errorf("it is %v, files %d", got, len(s.blobs()))
	}
	if got := s.column("SELECT kind FROM audit.event WHERE kind IN ('draft.expiring', 'draft.expired') ORDER BY kind"); fmt.Sprint(got) != "[draft.expired draft.expiring draft.expiring]" {
		t.Errorf("events %v", got)
	}
}

// TestFilesThatNoRowNamesAreRemoved plants what a killed step leaves behind.
func TestFilesThatNoRowNamesAreRemoved(t *testing.T) {
	s := newScenario(t)
	system := identity.With(s.ctx, identity.SystemActor())
	s.drafted("IN/94/2026/507")
	s.upload("IN/94/2026/508")
	s.ready("IN/94/2026/509")
	s.jobs()
	kept := len(s.blobs())
	for area, n := range map[string]int{"documents": 2, "drafts": 1, "results": 2, "bundles": 1} {
		if left, _ := os.ReadDir(s.cfg.path("blobs", area)); len(left) != n {
			t.Fatalf("%d files in %s, want %d: something to sweep wrongly", len(left), area, n)
		}
	}
	orphan := "11111111-1111-4111-8111-111111111111"
	for _, name := range []string{"documents/" + orphan + ".pdf", "drafts/" + orphan + ".sealed", "results/" + orphan + ".json", "results/" + orphan + ".p7s", "bundles/" + orphan + ".p7m"} {
		s.must(os.WriteFile(s.cfg.path("blobs", filepath.FromSlash(name)), []byte("left behind"), 0o600))
	}
	sweep := func(want int) {
		t.Helper()
		if n, err := s.cases.SweepBlobs(system); err != nil || n != want {
			t.Errorf("%d files removed, %v; want %d", n, err, want)
		}
	}
	sweep(0) // they may belong to a step that is under way
	for name := range s.blobs() {
		s.must(os.Chtimes(name, storyNow.AddDate(0, 0, -3), storyNow.AddDate(0, 0, -3)))
	}
	sweep(5)
	sweep(0)
	if n := len(s.blobs()); n != kept {
		t.Errorf("%d files are left, want %d", n, kept)
	}
	s.sent(s.as("asha.rao"), requests.DocumentID(s.column("SELECT id::text FROM document")[0]), "IN/94/2026/508")
}

// TestNothingIncompleteIsSubmitted takes one answer after the other out of a
// complete draft.
func TestNothingIncompleteIsSubmitted(t *testing.T) {
	s := newScenario(t)
	ctx := s.as("asha.rao")
	whole := s.drafted("IN/94/2026/509")
	check := func(c requests.DraftContent) requests.DraftCheck {
		t.Helper()
		d := whole
		d.Content = c
		got, err := s.cases.CheckDraft(ctx, d)
		s.must(err)
		return got
	}
	full := func() requests.DraftContent {
		var c requests.DraftContent
		s.content("IN/94/2026/509")(&c)
		c.Order = whole.Content.Order
		return c
	}
	if got := check(full()); !got.Complete() || got.Request.AcknowledgeBy.IsZero() || !got.Twice {
		t.Fatalf("a complete draft: %v", got.Problems)
	}
	optional := map[string]bool{"max_penalty_years": true, "expires_on": true}
	for field := range full().Fields {
		c := full()
		delete(c.Fields, field)
		got := check(c)
		if got.Complete() != optional[field] {
			t.Errorf("without %s it is complete: %v", field, got.Complete())
		}
		if !optional[field] && !strings.Contains(fmt.Sprint(got.Problems), "{"+field+" ") && field != "return_on" {
			t.Errorf("without %s the problems are %v", field, got.Problems)
		}
	}
	for name, spoil := range map[string]func(*requests.DraftContent){
		"no order":           func(c *requests.DraftContent) { c.Order = nil },
		"no account":         func(c *requests.DraftContent) { c.Targets = nil },
		"a row that is left": func(c *requests.DraftContent) { c.Rejected = []requests.RejectedTarget{{Line: 3}} },
		"rows that are lost": func(c *requests.DraftContent) { c.Dropped = 99_000 },
		"a further field":    func(c *requests.DraftContent) { c.Further = nil },
		"another country":    func(c *requests.DraftContent) { c.Fields["process"] = "DE-100j" },
		"no such process":    func(c *requests.DraftContent) { c.Fields["process"] = "XX-1" },
		"a preservation":     func(c *requests.DraftContent) { c.Fields["process"] = "US-PRES" },
		"an emergency":       func(c *requests.DraftContent) { c.Fields["want"] = "emergency" },
	} {
		c := full()
		spoil(&c)
		if got := check(c); got.Complete() {
			t.Errorf("with %s it is complete", name)
		}
	}
	c := full()
	delete(c.Fields, "need")
	_, err := s.cases.SaveDraft(ctx, whole.ID, requests.DraftEdit{Step: requests.StepKind, Revision: 1, Apply: func(to *requests.DraftContent) { to.Fields = c.Fields }})
	s.must(err)
	_, err = s.cases.SubmitDraft(ctx, whole.ID)
	if missing := fault.ProblemsOf(err); fault.KindOf(err) != fault.Invalid || len(missing) != len(check(c).Problems) || missing[0].Field != "need" {
		t.Errorf("an incomplete draft is submitted, or does not say what is missing: %v", missing)
	}
	_, err = s.cases.SaveDraft(ctx, whole.ID, requests.DraftEdit{Step: requests.StepKind, Revision: 2, Apply: func(to *requests.DraftContent) { to.Fields, to.Dropped = full().Fields, 99_000 }})
	s.must(err)
	if _, err := s.cases.SubmitDraft(ctx, whole.ID); fault.KindOf(err) != fault.Invalid { // only the draft knows of rows that are lost
		t.Errorf("a draft whose list lost rows is submitted: %v", err)
	}
	if n := len(s.column("SELECT id::text FROM request UNION ALL SELECT id::text FROM document")); n != 0 {
		t.Errorf("%d rows of it", n)
	}
}

// TestASubmissionThatFailsLeavesNoFile refuses the commit after the file was stored.
func TestASubmissionThatFailsLeavesNoFile(t *testing.T) {
	s := newScenario(t)
	u := s.unwritable()
	d := s.drafted("IN/94/2026/510")
	var q requests.Request
	u.step("submit a draft", func() (err error) {
		q, err = s.cases.SubmitDraft(s.as("asha.rao"), d.ID)
		if err != nil && len(s.blobs()) != 1 {
			t.Errorf("a failed submission leaves %d files", len(s.blobs()))
		}
		return err
	}, "document.uploaded", "request.propose")
	if len(s.blobs()) != 2 || q.Order.Document == "" {
		t.Errorf("%d files", len(s.blobs()))
	}
	d = s.drafted("IN/94/2026/511")
	u.step("take over", func() error { return s.cases.TakeOverDraft(s.as("vikram.nair"), d.ID) }, "draft.taken_over")
}

// TestDraftsAreCounted: an officer has so many drafts open and no more, also with
// raw SQL, and reads them page by page; one that is dropped makes room.
func TestDraftsAreCounted(t *testing.T) {
	s := newScenario(t)
	asha := s.as("asha.rao")
	var last requests.Draft
	for range requests.MaxDrafts {
		d, err := s.cases.NewDraft(asha)
		s.must(err)
		last = d
	}
	if _, err := s.cases.NewDraft(asha); fault.KindOf(err) != fault.TooMany || !strings.Contains(fault.Message(err), "50 drafts open") {
		t.Errorf("one more: %v", err)
	}
	if _, err := s.cases.FollowDraft(asha, s.submit("IN/94/2026/61").ID); fault.KindOf(err) != fault.TooMany {
		t.Errorf("one more that follows a case: %v", err)
	}
	copied := fmt.Sprintf(`INSERT INTO draft SELECT gen_random_uuid(), agency_id, unit_id, owner_id, state, request_id, sealed, sealed_key, blob, version, created_at, changed_at, expires_at, warned_at FROM draft WHERE id = '%s'`, last.ID)
	for _, a := range s.attackers(t) {
		a.refused("one more with raw SQL", a.try("draft:x", copied), "too many")
	}
	for page, want := range map[int]int{0: 25, 25: 25, 50: 0} {
		if got, err := s.cases.ListDrafts(s.as("vikram.nair"), 25, page); err != nil || len(got.List) != want || got.Seen != requests.MaxDrafts || got.Own != 0 || got.OfUnit != requests.MaxDrafts {
			t.Errorf("from %d on: %d drafts, %+v, %v", page, len(got.List), got.OfUnit, err)
		}
	}
	if _, err := s.cases.NewDraft(s.as("vikram.nair")); err != nil {
		t.Errorf("a colleague's: %v", err)
	}
	s.must(s.cases.DropDraft(asha, last.ID))
	if _, err := s.cases.NewDraft(asha); err != nil {
		t.Errorf("after one was dropped: %v", err)
	}
	p := s.open(unhurried)
	v := p.visit("asha.rao")
	page, err := v.get(p.ctx, "/requests")
	s.must(err)
	if next := page.links("/requests?drafts=2"); len(next) != 1 {
		t.Errorf("the list leads to %v", next)
	}
	page, err = v.get(p.ctx, "/requests?drafts=3")
	s.must(err)
	if n := len(page.links("/drafts/")); n != 1 {
		t.Errorf("the last page shows %d drafts", n)
	}
	page, err = v.get(p.ctx, "/requests/new?lang=hi")
	s.must(err)
	form, err := page.form("/drafts")
	s.must(err)
	if page, err = form.send(p.ctx); page.status != 429 {
		t.Errorf("one more by the page: %d, %v", page.status, err)
	}
}
