package main

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// onlyNew asks a query before and after something is done, and expects just the
// cases (or, where of is empty, the kind alone) to come to the list.
func (s *scenario) onlyNew(name string, plant func(), kind string, of ...requests.ID) {
	s.t.Helper()
	before := len(s.query(name))
	plant()
	list := s.query(name)
	// What is put on record after an answer may come after the reader of the answer.
	for range 200 {
		if len(list) > before {
			break
		}
		time.Sleep(50 * time.Millisecond)
		list = s.query(name)
	}
	var got, want []string
	for _, h := range list[:max(0, len(list)-before)] {
		if h.Case != "" {
			got = append(got, h.Case)
		}
		if h.Kind != kind {
			s.t.Errorf("%s finds %s, planted was %s", name, h.Kind, kind)
		}
	}
	for _, id := range of {
		want = append(want, string(id))
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(list) != before+max(1, len(of)) || !slices.Equal(got, want) {
		s.t.Errorf("%s finds %d lines of %v beside the %d before, planted were %v", name, len(list)-before, got, before, want)
	}
}

// unmoved expects a query to give as much after something as before it.
func (s *scenario) unmoved(name string, do func()) {
	s.t.Helper()
	before := len(s.query(name))
	do()
	if after := len(s.query(name)); after != before {
		s.t.Errorf("%s gives %d lines where %d were, and nothing was planted", name, after, before)
	}
}

// emergency submits a claimed emergency.
func (s *scenario) emergency(number string) requests.Request {
	s.t.Helper()
	in := s.submission(s.upload(number), number)
	in.Emergency, in.EmergencyWhy = true, "A child is missing since this morning."
	in.Further["danger"] = "life"
	for _, k := range []string{"emergency.imminent", "emergency.why_not_ordinary", "emergency.data_averts"} {
		in.Attested[k] = "yes"
	}
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	return q
}

// TestTheLibraryFindsTheSecondStepOfOnePerson: an officer who tries to sign their own
// request a second time, and somebody who had two parts in one case, past the services.
func TestTheLibraryFindsTheSecondStepOfOnePerson(t *testing.T) {
	s := newScenario(t)
	p := s.open(unhurried)
	q := s.proposed("IN/94/2026/811")
	tries := func(who string) func() {
		return func() {
			v := p.visit(who)
			page, err := p.visit("vikram.nair").get(p.ctx, "/requests/"+string(q.ID)+"/cosign") // who may
			p.must(err)
			form, err := page.form("/cosign")
			p.must(err)
			form.page = &webPage{visitor: v, url: page.url}
			if _, err = form.send(p.ctx); err == nil || !strings.Contains(err.Error(), "404") {
				t.Fatalf("%s signs: %v", who, err)
			}
		}
	}
	s.unmoved("self_approval", tries("jana.weber")) // somebody else's: an attempt, no self-approval
	s.onlyNew("self_approval", tries("asha.rao"), "attempt.refused")
	s.unmoved("self_approval", func() { p.ask(p.visit("asha.rao"), "GET", "/releases/"+string(q.ID), nil, "") })

	other := s.submit("IN/94/2026/812")
	s.must(s.cases.Claim(s.as("rita.lind"), other.ID))
	s.unmoved("two_duties", func() { s.noted("rita.lind", identity.Reviewer, other.ID) })
	s.onlyNew("two_duties", func() { s.noted("rita.lind", identity.Counsel, other.ID) }, "request.noted", other.ID)
}

// noted puts a part in a case on record, past the services.
func (s *scenario) noted(who string, role identity.Role, of requests.ID) {
	s.t.Helper()
	a := actorIn(s.as(who))
	a.Role = role
	e := change.Event(identity.With(s.ctx, a), s.clock.Now(), "request.noted", "request_note:"+string(of), 0)
	e.Facts["request"] = string(of)
	s.must(s.store.Commit(identity.With(s.ctx, identity.SystemActor()), change.Set{Parts: []change.Part{{Event: e}}}))
}

// TestTheLibraryFindsWhatCameTooLate: emergencies without an order, gags past their
// end, late answers and late notices.
func TestTheLibraryFindsWhatCameTooLate(t *testing.T) {
	s := newScenario(t)
	s.messaging()
	silent, longer := s.released("IN/94/2026/821", "2026-11-30"), s.released("IN/94/2026/822", "2027-12-31")
	urgent := s.emergency("IN/94/2026/823")
	s.unmoved("emergency_no_order", func() {
		s.submit("IN/94/2026/824")
		s.clock.Advance(71 * time.Hour)
	})
	s.onlyNew("emergency_no_order", func() { s.clock.Advance(2 * time.Hour) }, string(urgent.State), urgent.ID)

	s.unmoved("gag_past_end", func() {})
	s.onlyNew("gag_past_end", func() { s.clock.Set(time.Date(2026, 12, 3, 9, 0, 0, 0, time.UTC)) }, string(requests.ExportedCase), silent.Request.ID)
	s.clock.Advance(48 * time.Hour) // the job did not run in time
	s.onlyNew("late", s.tell, "user_notice.sent", silent.Request.ID)
	if list := s.query("gag_past_end"); len(list) != 0 {
		t.Errorf("a gag that has ended is past its end: %v of %s", list[0].Ref, longer.Request.Ref)
	}
	s.clock.Set(time.Date(2028, 1, 1, 9, 0, 0, 0, time.UTC))
	s.unmoved("late", s.tell) // on the day on which the second gag ended
}

// TestTheLibraryFindsCorrectedZonesAndLooksWithoutACase plants both.
func TestTheLibraryFindsCorrectedZonesAndLooksWithoutACase(t *testing.T) {
	s := newScenario(t)
	right, wrong := s.toExport("IN/94/2026/831"), s.toExport("IN/94/2026/832")
	s.unmoved("zone_correction", func() {
		s.must(s.cases.ProposeRecall(s.as("rita.lind"), right.ID, "wrong_records", "Of a test system."))
	})
	s.onlyNew("zone_correction", func() {
		s.must(s.cases.ProposeRecall(s.as("rita.lind"), wrong.ID, "wrong_period", "Read in UTC."))
	}, "recall.proposed", wrong.ID)

	s.unmoved("view_no_case", func() {
		_, err := s.cases.View(s.as("rita.lind"), right.ID)
		s.must(err)
	})
	s.onlyNew("view_no_case", func() {
		_, err := s.cases.RecallRegister(s.as("anna.keller"))
		s.must(err)
	}, "recall.listed")
}

// TestAQueryIsAnAddressAFileAndAnEvent: the same address gives the same rows, the
// file has them too with nothing that a spreadsheet would compute, and each is an event.
func TestAQueryIsAnAddressAFileAndAnEvent(t *testing.T) {
	s := newScenario(t)
	p := s.open(unhurried)
	q := s.submit("IN/94/2026/841")
	for _, w := range []string{"=2+2", "+1", "-1", "@sum"} { // words of a log that somebody else wrote
		e := change.Event(identity.With(s.ctx, identity.Actor{Person: identity.PersonID(w), Role: identity.Role(w)}), s.clock.Now(), "request.noted", "request_note:"+string(q.ID), 0)
		e.Facts["request"] = string(q.ID)
		s.must(s.store.Commit(identity.With(s.ctx, identity.SystemActor()), change.Set{Parts: []change.Part{{Event: e}}}))
	}
	s.indexed()
	asked := func() int { return len(s.column(`SELECT 1::text FROM audit.event WHERE kind = 'audit.queried'`)) }
	at := "/audit/queries/events?kind=request.&ref=" + url.QueryEscape(q.Ref)
	before := asked()
	rows := func(v *visitor) []string {
		page, err := v.get(p.ctx, at)
		p.must(err)
		return slices.DeleteFunc(page.links("/audit/events/"), func(l string) bool { return l == "" })
	}
	one, two := rows(p.visit("ines.moreau")), rows(p.visit("ines.moreau"))
	file := p.ask(p.visit("ines.moreau"), "GET", strings.Replace(at, "/events?", "/events/csv?", 1), nil, "")
	lines, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	s.must(err)
	if len(one) < 5 || !slices.Equal(one, two) || len(lines) != len(one)+1 {
		t.Fatalf("the address gives %d and %d rows, the file %d", len(one), len(two), len(lines)-1)
	}
	strange := 0
	for i, l := range lines[1:] {
		if !strings.HasSuffix(one[i], l[1]) {
			t.Errorf("line %d of the file is of %s, the page's of %s", i, l[1], one[i])
		}
		for _, cell := range l {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet computes %q", cell)
			}
			if strings.HasPrefix(cell, "'") {
				strange++
			}
		}
	}
	if strange != 8 {
		t.Errorf("%d cells are marked as text, planted were 8", strange)
	}
	if got := asked() - before; got != 3 {
		t.Errorf("three looks are %d events", got)
	}
	want := oversight.Search{Name: "events", Kind: "request.", Ref: q.Ref}.Canonical()
	if n := len(s.column(`SELECT 1::text FROM audit.event e JOIN audit.payload p ON p.event_id = e.id WHERE kind = 'audit.queried'
		AND decode(convert_from(p.body, 'UTF8')::jsonb -> 'values' -> 0 ->> 'new', 'base64') = '` + want + `'`)); n != 3 {
		t.Errorf("%d of three events name the query", n)
	}
	sum := sha256.Sum256([]byte(want))
	for _, guess := range []string{want, q.Ref, hex.EncodeToString(sum[:])} {
		if n := len(s.column(`SELECT 1::text FROM audit.event WHERE kind = 'audit.queried' AND position('` + guess + `' IN convert_from(entry, 'UTF8')) > 0`)); n > 0 {
			t.Errorf("%d public entries tell what was typed, to who guesses %q", n, guess)
		}
	}
	if got := p.ask(p.visit("omar.haddad"), "GET", at, nil, "").status; got != 404 {
		t.Errorf("a reviewer asks: %d", got)
	}
}

// TestAFilterThatNamesNothingIsNotAnEmptyAnswer: a slip in a filter is said where it was
// typed, on the page and in place of the file, and is no event; what is only written
// another way is read as it is on record.
func TestAFilterThatNamesNothingIsNotAnEmptyAnswer(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/5821")
	_, err := s.cases.View(s.as("rita.lind"), q.ID)
	s.must(err)
	s.indexed()
	p := s.open(unhurried)
	ines := p.visit("ines.moreau")
	asked := func() string {
		return s.column(`SELECT count(*)::text FROM audit.event WHERE kind = 'audit.queried'`)[0]
	}
	before := asked()
	for at, want := range map[string]string{
		"events?person=Reviewer+7Z":                 "Nobody has this pseudonym or id.",
		"events?person=" + string(q.ID):             "Nobody has this pseudonym or id.",
		"events?ref=LR-2026-XXXX-0000":              "There is no case with this reference.",
		"events?kind=request.veiwed":                "No event has this kind.",
		"events?kind=nonsense.":                     "No event has this kind.",
		"events?role=king":                          "There is no such role.",
		"events?from=2026-12-01&to=2026-11-01":      "The end must be after the beginning.",
		"events?state=closed":                       "This list has no such filter.",
		"view_unassigned?country=DE":                "This list has no such filter.",
		"source_silence?kind=request.viewed":        "This list has no such filter.",
		"cases?state=open":                          "There is no such state.",
		"cases?country=UK":                          "No agency of this country is on file.",
		"cases?process=IN94":                        "No case came by this kind of process.",
		"emergency_no_order?country=XX&from=7.1.26": "Give the date as year, month and day",
	} {
		list, filters, _ := strings.Cut(at, "?")
		for _, at := range []string{"/audit/queries/" + list + "?" + filters, "/audit/queries/" + list + "/csv?" + filters} {
			page, _ := ines.get(p.ctx, at) // an error for what is not there to read
			if got := page.reading(); page.status != http.StatusUnprocessableEntity || !strings.Contains(got, want) || strings.Contains(got, "Nothing was found") {
				t.Errorf("%s: %d, without %q: %s", at, page.status, want, got)
			}
		}
	}
	if after := asked(); after != before {
		t.Errorf("%s queries are on record before, %s after", before, after)
	}
	for _, at := range []string{"events?ref=+" + strings.ToLower(q.Ref), "events?person=reviewer+7f", "events?kind=REQUEST.", "cases?country=in&process=in-94"} {
		if page := p.says(ines, "/audit/queries/"+at); page.status != http.StatusOK || strings.Contains(page.reading(), "Nothing was found") {
			t.Errorf("%s: %d, %s", at, page.status, page.reading())
		}
	}
	p.says(ines, "/audit/queries/events?kind=key.revoked", "Nothing was found") // there is such an event, and none happened
}
