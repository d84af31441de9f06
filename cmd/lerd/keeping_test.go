package main

import (
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"lerd/internal/callback"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// keeper is an authority that wants data kept, by the process of its country.
type keeper struct {
	process, country, zone, issuer, language, basis string
	officer, second                                 string // second is "" where nobody signs twice
	hold, extension                                 int    // days
}

var askers = []keeper{
	{"EU-EPOC-PR", "DE", "Europe/Berlin", "prosecutor", "de", "Regulation (EU) 2023/1543, Art. 6", "jana.weber", "", 60, 30},
	{"BR-15-2", "BR", "America/Sao_Paulo", "police", "pt", "Marco Civil, art. 15 § 2", "joana.lima", "rui.costa", 60, 0},
	{"US-PRES", "US", "America/New_York", "law_enforcement_officer", "en", "18 USC 2703(f)", "mary.stone", "paul.reed", 90, 90},
}

// foundAskers puts the authorities on file that the cast does not have.
func (s *scenario) foundAskers() {
	s.t.Helper()
	pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
	s.must(err)
	for _, k := range askers[1:] {
		key := strings.ToLower(k.country)
		s.must(s.seedAgency(identity.With(s.ctx, identity.SystemActor()), sampleAgency{key: key, name: "Sample Office " + k.country, country: k.country, zone: k.zone, domain: "office." + key + ".example",
			callBack: "+44 7700 90082" + string(rune('0'+len(key))), people: []samplePerson{
				{k.officer, k.officer, "Officer " + k.country + "1", identity.Officer, false}, {k.second, k.second, "Officer " + k.country + "2", identity.Officer, true}}}, pki, storyNow))
	}
}

// toKeep is a request that an authority's data be kept, filled in step by step.
func (p *portal) toKeep(by *visitor, k keeper, number string) *application {
	a := newApplication(by, storyNow)
	a.set("want", "keep", "process", k.process, "issuer_kind", k.issuer, "issuer_country", k.country, "order_language", k.language, "legal_basis", k.basis,
		"order_number", number, "targets-0-zone", k.zone)
	for name := range a.answers {
		if strings.HasPrefix(name, furtherField) {
			a.answers.Del(name)
		}
	}
	a.file = webFile{"order.pdf", "application/pdf", p.order(number)}
	return a
}

const furtherField = "further_"

// TestDataAreKeptThroughTheWizard: an officer asks through the pages that data be
// kept, by each process that leads there; it is signed, where its agency wants
// that twice, reviewed, counted down, extended where the law knows it, and lapses.
func TestDataAreKeptThroughTheWizard(t *testing.T) {
	s := newScenario(t)
	named := map[string]bool{}
	for _, p := range s.law.InForce(storyNow) {
		if p.Kind == legal.Preservation {
			named[string(p.ID)] = true
		}
	}
	s.foundAskers()
	p := s.open(unhurried)
	for _, k := range askers {
		if !named[k.process] {
			t.Errorf("%s is no preservation in force", k.process)
		}
		delete(named, k.process)
		p.isKept(k)
	}
	if len(named) > 0 {
		t.Errorf("nobody asks by %v", named)
	}
	p.stop()
	p.verifyLog()
}

// isKept tells one authority's story.
func (p *portal) isKept(k keeper) {
	p.t.Helper()
	officer := p.visit(k.officer)
	a := p.toKeep(officer, k, "KEEP/"+k.country+"/1")
	for want, process := range map[string]string{"now": k.process, "emergency": k.process, "keep": "MLAT"} { // what does not lead there
		a.set("want", want, "process", process)
		if page, err := a.walk(p.ctx); err == nil || page == nil || page.status != http.StatusUnprocessableEntity || !strings.HasSuffix(page.url.Path, "/kind") || page.complaint("process") == "" {
			p.t.Errorf("%s: %s is taken by somebody who wants %q: %v", k.country, process, want, err)
		}
	}
	a.set("want", "keep", "process", k.process)
	form, err := a.sign(p.ctx)
	p.must(err)
	page, err := form.send(p.ctx)
	p.must(err)
	at := page.url.Path
	id := requests.ID(path.Base(at))
	if k.second != "" {
		if got := p.state(id); got != requests.AwaitingCosignature {
			p.t.Fatalf("%s: %s before its second signature", k.process, got)
		}
		p.submitTo(p.visit(k.second), at+"/cosign", at+"/cosign")
	}
	if got := p.load(id).Request; got.State != requests.Submitted || got.Process.ID != k.process {
		p.t.Fatalf("it is %s under %s", got.State, got.Process.ID)
	}
	p.whileStopped(func() { p.reviewedToKeep(id) })
	p.runsOut(officer, k, id)
}

// reviewedToKeep takes the case of an order to keep data through its review.
func (s *scenario) reviewedToKeep(id requests.ID) {
	s.t.Helper()
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, id))
	s.answerAll(reviewer, id, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), id, legal.RoleCounsel)
	err := s.cases.Qualify(reviewer, id, nil)
	if fault.KindOf(err) == fault.Gate && err != nil { // an agency that is new here
		s.vouchedFor(id, err.Error())
		err = s.cases.Qualify(reviewer, id, nil)
	}
	s.must(err)
}

// vouchedFor makes the further checks that the gate names.
func (s *scenario) vouchedFor(id requests.ID, wanting string) {
	s.t.Helper()
	if strings.Contains(wanting, "called the agency back") {
		s.must(s.call(id, "R. Sample", callback.Yes))
	}
	if strings.Contains(wanting, "counsel") {
		s.must(s.fraud.Clear(s.as("helen.park"), id, "The agency is new; its register was looked at."))
	}
	if strings.Contains(wanting, "issuer") {
		s.must(s.fraud.ProposeOverride(s.as("rita.lind"), id, risk.Echo, "The authority that issued it confirmed it in person."))
		over := s.column("SELECT id::text FROM risk_override WHERE request_id = '" + string(id) + "'")[0]
		s.must(s.fraud.DecideOverride(s.as("omar.haddad"), id, over, "I spoke to them too.", true))
	}
}

// runsOut extends a preservation as its law allows, and lets it lapse.
func (p *portal) runsOut(officer *visitor, k keeper, id requests.ID) {
	p.t.Helper()
	at, began := requests.PathOf(id), p.clock.Now()
	page, err := officer.get(p.ctx, at)
	p.must(err)
	kept := p.load(id).Preservation
	if kept == nil || page.byID("kept") == nil {
		p.t.Fatalf("%s: the page says nothing of %+v", k.process, kept)
	}
	if days := int(kept.Until.Sub(began).Hours()/24 + 0.5); days != k.hold && days != k.hold+1 {
		p.t.Errorf("%s holds for %d days, want %d", k.process, days, k.hold)
	}
	if k.extension == 0 { // its law knows none: nothing is offered, and nothing taken
		if got := p.ask(officer, http.MethodGet, at+"/extend", nil, ""); got.status != http.StatusConflict {
			p.t.Errorf("%s offers an extension, which its law does not know: %d", k.process, got.status)
		}
		if err := p.cases.Extend(p.as(k.officer), id, "The order is being signed."); !strings.Contains(fault.Message(err), "knows no longer preservation") && !strings.Contains(fault.Message(err), "cannot be extended") {
			p.t.Errorf("%s is extended, which its law does not know: %v", k.process, err)
		}
	} else {
		_, err = p.formAt(officer, at+"/extend", at+"/extend").set("why", "The order to hand over is being signed.").send(p.ctx)
	}
	longer := p.load(id).Preservation.Until.Sub(kept.Until)
	switch {
	case k.extension == 0 && longer != 0:
		p.t.Errorf("%s is extended by %v, which its law does not know", k.process, longer)
	case k.extension > 0 && err != nil:
		p.t.Errorf("%s cannot be extended: %v", k.process, err)
	case k.extension > 0 && int(longer.Hours()/24+0.5) != k.extension:
		p.t.Errorf("%s is extended by %v", k.process, longer)
	}
	p.whileStopped(func() {
		p.clock.Set(p.load(id).Preservation.Until.Add(time.Minute))
		p.jobs()
	})
	if got := p.state(id); got != requests.Lapsed {
		p.t.Errorf("%s: after its time it is %s", k.process, got)
	}
	if k.hold+k.extension < 180 { // afterwards the officer has to be confirmed anew first
		if page, err = p.visit(k.officer).get(p.ctx, at); err != nil || strings.Contains(string(page.body), at+"/extend") {
			p.t.Errorf("%s: the page of a lapsed case: %v", k.process, err)
		}
		if fault.KindOf(p.cases.Extend(p.as(k.officer), id, "Once more.")) != fault.Conflict {
			p.t.Errorf("%s is extended after it lapsed", k.process)
		}
	}
	p.clock.Set(began)
}
