package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// person is somebody who tries every route.
type person struct {
	signIn  string
	role    identity.Role
	foreign bool // an officer of another agency than the case's
	*visitor
}

func (p person) String() string {
	switch {
	case p.role == "":
		return "nobody"
	case p.foreign:
		return "foreign " + string(p.role)
	}
	return string(p.role) + " " + p.signIn
}

func (p person) may(route string) bool {
	who := entrance[route]
	return who == "everybody" || p.role != "" && slices.Contains(strings.Fields(who), string(p.role))
}

// house is the portal with one case that has been through every hand, planted texts in every field, and everybody who tries.
type house struct {
	*portal
	people   []person
	own      map[string]string // per kind of object: an id that is there
	accounts map[string]string // ids of people, by what they sign in as
	canary   map[string]string // what was planted
	visible  map[string]string // per canary: the roles that may see it
	missing  map[string]reply  // see gone
}

func newHouse(t *testing.T) *house {
	return houseOf(newScenario(t), func(s *scenario) *portal { return s.open(unhurried) })
}

// houseOf plants the case in a scenario and lets everybody in.
func houseOf(s *scenario, open func(*scenario) *portal) *house {
	h := &house{own: map[string]string{}, missing: map[string]reply{}}
	h.plant(s)
	s.cfg.OIDC = oidcConfig{Issuer: "http://127.0.0.1:1", ClientID: "lerd"} // nobody answers there
	h.portal = open(s)
	for _, who := range []person{{}, {signIn: "asha.rao", role: identity.Officer}, {signIn: "vikram.nair", role: identity.Officer}, {signIn: "jana.weber", role: identity.Officer, foreign: true},
		{signIn: "rita.lind", role: identity.Reviewer}, {signIn: "omar.haddad", role: identity.Reviewer}, {signIn: "helen.park", role: identity.Counsel}, {signIn: "carl.ito", role: identity.Confirmer},
		{signIn: "emil.novak", role: identity.Confirmer}, {signIn: "anna.keller", role: identity.Approver}, {signIn: "ines.moreau", role: identity.Auditor},
		{signIn: "nora.berg", role: identity.Registrar}, {signIn: "paul.adler", role: identity.Registrar},
		{signIn: "kavya.menon", role: identity.AgencyAdmin}, {signIn: "petra.vogel", role: identity.AgencyAdmin, foreign: true}, {signIn: "tess.boyd", role: identity.Administrator}} {
		who.visitor = h.visit(who.signIn)
		h.people = append(h.people, who)
	}
	return h
}

// plant tells a story with a text of its own in every field.
func (h *house) plant(s *scenario) {
	officer, reviewer := s.as("asha.rao"), s.as("rita.lind")
	doc, err := s.cases.Upload(officer, "canary-file.pdf", "application/pdf", strings.NewReader(string(s.order("IN/94/2026/77"))))
	s.must(err)
	in := s.submission(doc.ID, "CANARY/ORDER/77")
	in.IssuerName, in.OffenceText, in.Need = "Canary Issuing Station", "Canary offence text", "Canary need text."
	in.Further["fir_number"] = "CANARY/FIR/231"
	in.Confidential, in.ConfidentialBasis, in.ConfidentialUntil = true, "Canary secrecy provision", storyNow.AddDate(0, 3, 0).Format("2006-01-02")
	q, err := s.send(officer, in)
	s.must(err)
	s.must(s.cases.Claim(reviewer, q.ID))
	s.must(s.cases.Ask(reviewer, q.ID, "Canary question?"))
	s.must(s.cases.Reply(officer, q.ID, "Canary answer."))
	more, err := s.cases.Upload(officer, "further.pdf", "application/pdf", strings.NewReader(string(s.order("IN/94/2026/78"))))
	s.must(err)
	s.must(s.cases.Write(officer, q.ID, "A further page.", []requests.DocumentID{more.ID}))
	attachedDoc = string(more.ID)
	s.planted(q.ID, reviewer)
	s.must(s.cases.Qualify(reviewer, q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	c := s.load(q.ID)
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		s.must(s.findings.Confirm(s.as(who), string(c.Asks[0].Finding), violations.Input{Verdict: "confirmed", Evidence: "MOD-CANARY-" + who[:4], Note: "Canary note of " + who[:4]}))
	}
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	s.sequenceAll()
	if c = s.load(q.ID); c.Request.State != requests.ExportedCase {
		s.t.Fatalf("the planted case is %s", c.Request.State)
	}
	h.own["agency"], h.own["statement"] = string(c.Request.Agency), string(s.aStatement(c.Request.Agency))
	h.own["draft"] = string(s.drafted("CANARY/ORDER/77").ID)
	h.own["containment"] = s.drilled("jana.weber")
	im, err := s.findings.Bring(s.as("emil.novak"), violations.Delivery{How: violations.ByFile, Rows: []violations.Row{{Reference: "MOD-H-1", Account: "x"}}})
	s.must(err)
	h.own["import"] = im.ID
	h.own["gag"] = string(s.onFile(q.ID).Gags[0].ID)
	h.own["proposal"] = s.proposeVersion(s.fewerAccounts())
	h.own["request"], h.own["finding"] = string(q.ID), string(c.Asks[0].Finding)
	h.own["event"] = s.column("SELECT event_id::text FROM audit.leaf ORDER BY index LIMIT 1 OFFSET 20")[0]
	h.own["sample"], h.own["audit finding"], h.own["error"] = s.overseen(q.Ref)
	h.accounts = map[string]string{}
	for _, who := range []string{"asha.rao", "jana.weber", "kavya.menon", "rita.lind", "ines.moreau"} {
		h.accounts[who] = s.column("SELECT id::text FROM person WHERE sign_in = '" + who + "'")[0]
	}
	h.canaries(s, c)
}

// planted answers every check with a note of its own.
func (s *scenario) planted(id requests.ID, reviewer context.Context) {
	for role, ctx := range map[string]context.Context{legal.RoleReviewer: reviewer, legal.RoleCounsel: s.as("helen.park")} {
		c, err := s.cases.View(ctx, id)
		s.must(err)
		v, err := s.cases.Verdict(ctx, c)
		s.must(err)
		var in []requests.CheckInput
		for _, r := range v.Results {
			if r.Result == legal.Open && r.Counsel == (role == legal.RoleCounsel) {
				in = append(in, requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: "pass", Note: "Canary note of " + role + ".", Place: placeFor(r)})
			}
		}
		if len(in) > 0 {
			s.must(s.cases.AnswerChecks(ctx, id, in))
		}
	}
}

// canaries says what was planted and who may read it on some page.
// SPEC: OWASP ASVS 5.0 V8.2.2, V8.2.3.
func (h *house) canaries(s *scenario, c requests.Case) {
	const staff = "reviewer counsel approver"
	h.canary, h.visible = map[string]string{}, map[string]string{}
	add := func(name, value, who string) { h.canary[name], h.visible[name] = value, who }
	add("phone number", "+447700900123", "officer auditor "+staff)
	add("case reference", c.Request.Ref, "officer auditor agency_admin "+staff)
	add("agency", c.Agency.Name, "officer auditor registrar administrator agency_admin "+staff)
	add("order number", "CANARY/ORDER/77", "officer auditor "+staff)
	add("issuer", "Canary Issuing Station", "officer auditor "+staff)
	add("offence", "Canary offence text", "officer auditor "+staff)
	add("need", "Canary need text.", "officer auditor "+staff)
	add("case file", "CANARY/FIR/231", "officer auditor "+staff)
	add("secrecy", "Canary secrecy provision", "officer auditor "+staff)
	add("file name", "canary-file", "officer auditor "+staff)
	add("question", "Canary question?", "officer reviewer counsel auditor")
	add("answer", "Canary answer.", "officer reviewer counsel auditor")
	add("reviewer's note", "Canary note of reviewer.", "reviewer counsel auditor")
	add("counsel's note", "Canary note of counsel.", "reviewer counsel auditor")
	add("first confirmer's evidence", "MOD-CANARY-carl", "confirmer:carl.ito approver")
	add("second confirmer's evidence", "MOD-CANARY-dana", "")
	add("first confirmer's note", "Canary note of carl", "confirmer:carl.ito")
	add("second confirmer's note", "Canary note of dana", "")
	add("officer's name", "Asha Rao", "officer registrar administrator agency_admin "+staff)
	add("account", "10000001", "confirmer approver")
	for _, ip := range s.column("SELECT host(ip) FROM release_record WHERE ip IS NOT NULL ORDER BY ordinal LIMIT 1") {
		add("released address", ip, "approver")
	}
	if len(h.canary) != 21 {
		s.t.Fatalf("%d canaries", len(h.canary))
	}
}

// mayRead tells whether a person may find a canary on a page.
func (h *house) mayRead(p person, name string) bool {
	if p.foreign {
		return false
	}
	for _, who := range strings.Fields(h.visible[name]) {
		if who == string(p.role) || who == string(p.role)+":"+p.signIn {
			return true
		}
	}
	return false
}
