package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"lerd/internal/requests"
)

// clicks is how often at once a form is sent.
const clicks = 4

// hammer sends a form several times at once, and once more when all have been
// answered. Each answer must lead to the same page; the events that came of it
// are given, looks left out.
func (p *portal) hammer(v *visitor, f *webForm) map[string]int {
	p.t.Helper()
	before := p.counts()
	pages := make([]*webPage, clicks+1)
	errs := together(clicks, func(i int) (err error) {
		pages[i], err = f.send(p.ctx)
		return err
	})
	again, err := f.send(p.ctx)
	pages[clicks] = again
	for _, err := range append(errs, err) {
		if err != nil {
			p.t.Errorf("a repeated form: %v", err)
		}
	}
	for _, page := range pages[1:] {
		if page != nil && pages[0] != nil && page.url.Path != pages[0].url.Path {
			p.t.Errorf("one form led to %s and to %s", pages[0].url.Path, page.url.Path)
		}
	}
	out := map[string]int{}
	for name, n := range without(p.counts(), "session") {
		if d := n - before[name]; d != 0 {
			out[name] = d
		}
	}
	return out
}

// formAt fetches a page and gives its form for an action, filled in.
func (p *portal) formAt(v *visitor, at, action string, fields ...string) *webForm {
	p.t.Helper()
	page, err := v.get(p.ctx, at)
	p.must(err)
	f, err := page.form(action)
	p.must(err)
	return f.set(fields...)
}

// once fails the test unless a form that was sent many times had the effect of
// one: the event named came once, and no table grew twice. "name+" may grow by
// more than a row; with "*" lerd's own steps may follow at once.
func once(t *testing.T, got map[string]int, event string, rows ...string) {
	t.Helper()
	if got["event "+event] != 1 || got["idempotency"] != 1 {
		t.Errorf("%s: one form sent %d times did %v", event, clicks+1, got)
	}
	for name, n := range got {
		if name == "document_examination" || name == "document_print" || name == "risk_statement" { // lerd's own, in its own time
			continue
		}
		if !slices.Contains(rows, "*") && !strings.HasPrefix(name, "event ") && name != "idempotency" && (n != 1 || !slices.Contains(rows, name)) && !slices.Contains(rows, name+"+") {
			t.Errorf("%s: %d rows more in %s", event, n, name)
		}
	}
}

// TestEveryFormOfTheStoryCanBeSentTwice tells the story with fingers that press
// every button several times.
func TestEveryFormOfTheStoryCanBeSentTwice(t *testing.T) {
	d := newDesk(t)
	last := d.checked(d.withOrder())
	once(t, d.hammer(d.officer, last), "request.propose", "request", "target", "request_signature", "assertion", "document")
	list := d.column("SELECT id::text FROM request")
	if len(list) != 1 {
		t.Fatalf("%d cases", len(list))
	}
	id := list[0]
	cosign, vikram := "/requests/"+id+"/cosign", d.visit("vikram.nair")
	once(t, d.hammer(vikram, d.formAt(vikram, cosign, cosign)), "request.cosign", "request_signature", "assertion")
	review, rita, helen := "/review/"+id, d.visit("rita.lind"), d.visit("helen.park")
	once(t, d.hammer(rita, d.formAt(rita, review, "/claim")), "request.claim", "order_comparison")
	once(t, d.hammer(rita, d.formAt(rita, review, "/ask", "body", "Which tickets?")), "request.ask", "message")
	once(t, d.hammer(d.officer, d.formAt(d.officer, "/requests/"+id, "/reply", "body", "Those for the concert.")), "request.reply", "message")
	for _, v := range []*visitor{rita, helen} {
		once(t, d.hammer(v, d.passing(v, review)), "request.answer_check", "check_answer+")
	}
	once(t, d.hammer(rita, d.formAt(rita, review, "/qualify", "rule_t1", "PR-05")), "request.qualify", "*")
	d.restOfTheStory(t, id)
	d.stop()
	d.verifyLog()
}

// passing is the form of the checks with a yes to all that is open.
func (p *portal) passing(v *visitor, at string) *webForm {
	p.t.Helper()
	f := p.formAt(v, at, "/checks")
	for _, name := range f.groups() {
		if check, ok := strings.CutPrefix(name, "result_"); ok && f.fields.Get(name) == "" {
			f.set(name, "pass", "note_"+check, "Compared.", "place_"+check, "page 1")
		}
	}
	return f
}

func (d *desk) restOfTheStory(t *testing.T, id string) {
	t.Helper()
	finding := d.await(func() string { return strings.Join(d.column("SELECT id::text FROM finding"), "") })
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		v := d.visit(who)
		once(t, d.hammer(v, d.formAt(v, "/findings/"+finding, "/findings/"+finding, "verdict", "confirmed", "evidence", "MOD-1")), "finding.confirmed", "*")
	}
	d.await(func() string { return strings.Join(d.column("SELECT state FROM release"), "") })
	anna := d.visit("anna.keller")
	f := d.formAt(anna, "/releases/"+id, "/approve")
	before := d.counts()["event release.approved"]
	d.hammer(anna, f) // the jobs go on at once, so only the approval itself is counted
	if got := d.counts()["event release.approved"] - before; got != 1 {
		t.Errorf("approved %d times", got)
	}
	d.await(func() string { return strings.Join(d.column("SELECT 'x' FROM release WHERE state = 'exported'"), "") })
	bundle := d.formAt(d.officer, "/requests/"+id, "/bundle")
	for range 2 { // a download is a receipt each time it is made
		page, err := bundle.send(d.ctx)
		d.must(err)
		if page.status != http.StatusOK || len(page.body) < 10_000 {
			t.Errorf("status %d, %d bytes", page.status, len(page.body))
		}
	}
	once(t, d.hammer(d.officer, d.formAt(d.officer, "/requests/"+id, "/acknowledge")), "request.acknowledge")
	if got := d.state(requests.ID(id)); got != requests.Closed {
		t.Errorf("the case is %s", got)
	}
}

// TestAKeyIsForOneForm sends another content under a key that was used.
func TestAKeyIsForOneForm(t *testing.T) {
	d := newDesk(t)
	last := d.checked(d.withOrder())
	_, err := last.send(d.ctx)
	d.must(err)
	before := d.counts()
	last.set("digest", strings.Repeat("0", 64))
	page := d.send(last)
	if page.status != http.StatusConflict || first(page.root, "h1") == nil {
		t.Errorf("status %d", page.status)
	}
	other := d.visit("vikram.nair")
	got := d.ask(other, "POST", "/drafts", nil, last.fields.Encode()) // a colleague's form under the same key is their own
	if got.status != http.StatusSeeOther {
		t.Errorf("a colleague's form under the same key answers %d", got.status)
	}
	diff := changed(without(before, "session", "event session"), without(d.counts(), "session", "event session"))
	if n := len(d.column("SELECT 'x' FROM request UNION ALL SELECT 'x' FROM draft")); n != 3 {
		t.Errorf("%d cases; changed %v", n, diff)
	}
}

// TestTwoReviewersAtOnce: one outcome each time, and whoever was second is told
// in words and loses nothing that they could still use.
func TestTwoReviewersAtOnce(t *testing.T) {
	d := newDesk(t)
	people := []*visitor{d.visit("rita.lind"), d.visit("omar.haddad")}
	for round := range 3 {
		id := d.submitted(d.withOrder().set("order_number", "IN/94/2026/8"+string(rune('0'+round))))
		forms := []*webForm{d.formAt(people[0], "/review/"+id, "/claim"), d.formAt(people[1], "/review/"+id, "/claim")}
		winner := d.race(t, "claim", forms...)
		holder, other := people[winner], people[1-winner]
		if d.counts()["event request.claim"] != round+1 {
			t.Errorf("claimed %d times in %d rounds", d.counts()["event request.claim"], round+1)
		}
		if page, err := other.get(d.ctx, "/review/"+id); err != nil {
			t.Errorf("the other reviewer cannot read the case: %v", err)
		} else if _, err := page.form("/qualify"); err == nil {
			t.Error("the other reviewer is offered the decision")
		}
		d.must2(d.passing(holder, "/review/"+id).send(d.ctx))
		helen := d.visit("helen.park")
		d.must2(d.passing(helen, "/review/"+id).send(d.ctx))
		d.twoTabs(t, holder, id)
	}
	d.stop()
	d.verifyLog()
}

// twoTabs decides a case in two windows of one reviewer: yes in one, no in the
// other.
func (d *desk) twoTabs(t *testing.T, v *visitor, id string) {
	t.Helper()
	yes := d.formAt(v, "/review/"+id, "/qualify", "rule_t1", "PR-05")
	no := d.formAt(v, "/review/"+id, "/refuse", "why", "The order is not readable.")
	no.fields["codes"] = no.checkboxes("codes")[:1]
	winner := d.race(t, "decision", yes, no)
	d.await(func() string { return map[bool]string{true: "x"}[d.state(requests.ID(id)) != requests.InReview] })
	refused := d.state(requests.ID(id)) == requests.Refused
	if refused != (winner == 1) {
		t.Errorf("the answer said %d, the case is %s", winner, d.state(requests.ID(id)))
	}
	outcomes := d.column("SELECT DISTINCT outcome FROM decision WHERE request_id = '" + id + "'")
	if len(outcomes) != 1 {
		t.Errorf("decided both ways: %v", outcomes)
	}
}

// race sends forms at once and gives the one that was taken; every other must be
// told so with status 409 and a sentence.
func (d *desk) race(t *testing.T, what string, forms ...*webForm) (winner int) {
	t.Helper()
	pages := make([]*webPage, len(forms))
	together(len(forms), func(i int) (err error) {
		pages[i], err = forms[i].send(d.ctx)
		return err
	})
	winner = -1
	for i, page := range pages {
		switch {
		case page == nil:
			t.Fatalf("%s: no answer", what)
		case page.status == http.StatusOK && winner < 0:
			winner = i
		case page.status == http.StatusOK:
			t.Errorf("%s: both were taken", what)
		case page.status != http.StatusConflict:
			t.Errorf("%s: the second is answered %d: %s", what, page.status, page.problem())
		case len(strings.TrimSpace(textOf(first(page.root, "main")))) < 40:
			t.Errorf("%s: the second is told nothing", what)
		}
	}
	if winner < 0 {
		t.Fatalf("%s: neither was taken: %s", what, pages[0].problem())
	}
	return winner
}
