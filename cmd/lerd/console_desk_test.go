package main

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lerd/internal/oversight"
)

// reading is the text of a page without its white space.
func (p *webPage) reading() string { return strings.Join(strings.Fields(textOf(p.root)), " ") }

// says fetches a page and expects words on it.
func (p *portal) says(v *visitor, at string, want ...string) *webPage {
	p.t.Helper()
	page, err := v.get(p.ctx, at)
	p.must(err)
	for _, w := range want {
		if !strings.Contains(page.reading(), w) {
			p.t.Errorf("%s does not say %q:\n%s", at, w, page.reading())
		}
	}
	return page
}

// TestAuditorsReadNamesAndNotIds: what an event names by an id stands on the auditors'
// pages under the name that people know, as the link to it, with the id beside it.
func TestAuditorsReadNamesAndNotIds(t *testing.T) {
	s := newScenario(t)
	c := s.released("IN/94/2026/5601", "2026-11-20")
	_, finding, report := s.overseen(c.Request.Ref)
	s.indexed()
	rita := s.column("SELECT id::text FROM person WHERE sign_in = 'rita.lind'")[0]
	known := s.column("SELECT pseudonym FROM person WHERE sign_in = 'rita.lind'")[0]
	p := s.open(unhurried)
	ines := p.visit("ines.moreau")
	own := "/audit/cases/" + string(c.Request.ID)
	for _, at := range []string{"/audit", own, "/audit/queries/events?kind=audit_finding.opened"} {
		page := p.says(ines, at, "Case: "+c.Request.Ref, "Person: "+known, "person="+rita)
		for _, link := range page.links("/audit/queries/events?person=") {
			if strings.Contains(page.reading(), "Person: "+rita) {
				t.Errorf("%s shows %s by its id", at, link)
			}
		}
	}
	p.says(ines, "/audit/acts", "Agency: "+c.Agency.Name)
	frozen := s.column("SELECT event_id::text FROM log_index WHERE kind = 'release.prepared'")[0]
	p.says(ines, "/audit/events/"+frozen, "Records were frozen for a release")
	opened := s.column("SELECT event_id::text FROM log_index WHERE kind = 'audit_finding.opened'")[0]
	page := p.says(ines, "/audit/events/"+opened, known, "person="+rita, c.Request.Ref)
	if list := page.links("/audit-findings/new?evidence=" + opened); len(list) != 1 {
		t.Errorf("from an event to a finding: %v", list)
	}
	if list := p.says(ines, "/errors/"+report, "Judge below").links(own); len(list) != 1 {
		t.Errorf("from an error to its case: %v", list)
	}
	if list := p.says(p.visit("rita.lind"), "/errors/"+report, c.Request.Ref, "Another auditor").links("/audit/"); len(list) != 0 {
		t.Errorf("a reviewer is led to %v", list)
	}
	p.says(ines, own+"/replay?step=3", "Rules of that moment")
	if page := p.says(ines, own+"/replay?step=3"); len(page.links(own+"/replay?step=4")) != 1 || !strings.Contains(page.reading(), "at most 15 min") {
		t.Errorf("the replay: %v\n%s", page.links(own), page.reading())
	}
	p.says(ines, "/audit/queries/self_approval", "Nothing was found", "The whole log was searched")
	p.says(ines, "/audit/queries/cases", "Legal process: Summons or written order to produce process=IN-94")
	p.says(ines, "/audit/queries/most_viewed", "Account account")
	if got := p.says(ines, "/audit/queries/cases").reading(); !strings.Contains(got, "Case What By When In short") && !strings.Contains(got, "CaseWhatByWhenIn short") {
		t.Errorf("the list of cases begins with something else than the case: %s", got)
	}
	if got := p.says(ines, "/audit/queries/events").reading(); strings.Contains(got, "In shortrule=") || strings.Contains(got, "; rule=") {
		t.Errorf("a list shows facts as they stand in the log: %s", got)
	}
	p.says(ines, own+"/dossier", "log.vkey is a file with the verifier key")
	p.says(ines, "/audit-findings/"+finding, known+" was told, and answers on this page by")
}

// TestAFindingIsWalkedFromItsCaseToItsEnd: an auditor comes from the case to the form,
// the owner answers, the auditor opens it again, the owner answers once more, and the
// auditor closes it; at each step the page says who acts next.
func TestAFindingIsWalkedFromItsCaseToItsEnd(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/5602")
	s.indexed()
	p := s.open(unhurried)
	ines, rita := p.visit("ines.moreau"), p.visit("rita.lind")
	at := "/audit-findings/new?case=" + url.QueryEscape(q.Ref)
	if list := p.says(ines, "/audit/cases/"+string(q.ID)).links(at); len(list) != 1 {
		t.Fatalf("from the case to a finding: %v", list)
	}
	page := p.submitTo(ines, at, "/audit-findings", "grade", "amber", "title", "Late", "body", "It waited for a week.", "owner", s.personID("rita.lind"), "due", "2026-11-20")
	own := page.url.Path
	if !strings.HasPrefix(own, "/audit-findings/") || !strings.Contains(page.reading(), q.Ref) {
		t.Fatalf("the finding is at %s: %s", own, page.reading())
	}
	p.says(rita, own, "It is yours to answer, below, by 20 Nov 2026")
	p.submitTo(rita, own, own+"/answer", "body", "It was a holiday.")
	p.says(rita, own, "An auditor now closes the finding, or opens it again")
	p.says(ines, own, "The answer is here. Accept it and close the finding")
	p.submitTo(ines, own, own+"/reject", "why", "There was none.")
	p.says(ines, own, "was told, and answers on this page by")
	p.submitTo(rita, own, own+"/answer", "body", "Then we were late. Two more people work here now.")
	p.submitTo(ines, own, own+"/close", "why", "That will do.")
	for _, v := range []*visitor{ines, rita} {
		p.says(v, own, "the finding is closed. Nothing is left to do", "There was none.", "That will do.")
	}
}

// TestASampleSaysHowFarItIs: while the seed is waited for, how many events are missing;
// when it is drawn, how many of its cases were opened since.
func TestASampleSaysHowFarItIs(t *testing.T) {
	s := newScenario(t)
	first := s.submit("IN/94/2026/5603")
	s.submit("IN/94/2026/5604")
	s.indexed()
	ines := s.as("ines.moreau")
	waits, err := s.oversight.PlanSample(ines, oversight.PlanInput{From: storyNow.AddDate(0, 0, -1), To: storyNow.AddDate(0, 0, 1), Strata: []string{"country"}, Each: 2, Ahead: 1000})
	s.must(err)
	drawn, err := s.oversight.PlanSample(ines, s.plan())
	s.must(err)
	_, _, err = s.cases.Trail(s.as("tariq.aziz"), first.ID) // before the draw, which counts for nothing
	s.must(err)
	s.grow(8)
	if n, err := s.oversight.DrawSamples(s.ctx); n != 1 || err != nil {
		t.Fatalf("drawn %d, %v", n, err)
	}
	s.indexed()
	show := func() (looked []string, findings int) {
		t.Helper()
		s.indexed()
		_, cases, err := s.oversight.ShowSample(ines, drawn)
		s.must(err)
		if len(cases) != 2 {
			t.Fatalf("%d cases were drawn", len(cases))
		}
		for _, c := range cases {
			looked, findings = append(looked, c.Looked...), findings+c.Findings
		}
		return looked, findings
	}
	if looked, n := show(); len(looked) != 0 || n != 0 {
		t.Errorf("nobody did anything, and the sample says %v, %d", looked, n)
	}
	for range 2 {
		_, _, err = s.cases.Trail(ines, first.ID)
		s.must(err)
	}
	_, err = s.oversight.OpenFinding(ines, oversight.FindingInput{Grade: "red", Title: "x", Body: "y", CaseRef: first.Ref, Owner: s.personID("rita.lind"), DueOn: storyNow.AddDate(0, 0, 7)})
	s.must(err)
	me := s.column("SELECT pseudonym FROM person WHERE sign_in = 'ines.moreau'")[0]
	if looked, n := show(); len(looked) != 1 || looked[0] != me || n != 1 {
		t.Errorf("one case was opened and one finding made, and the sample says %v, %d", looked, n)
	}
	p := s.open(unhurried)
	v := p.visit("ines.moreau")
	p.says(v, "/audit/samples/"+waits, "the seed is there after", "GroupsCountry")
	p.says(v, "/audit/samples/"+drawn, "Auditors have opened 1 of 2 cases since the draw", "Findings about these cases so far: 1", "nobody yet")
}

// TestTheNewestEventsSayTheirClosedFacts: the first page of auditors names the process
// of a request, to which the public log only commits.
func TestTheNewestEventsSayTheirClosedFacts(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/9931")
	s.indexed()
	p := s.open(unhurried)
	defer p.stop()
	v := p.visit("ines.moreau")
	text := p.says(v, "/audit").reading()
	_, recent, _ := strings.Cut(text, "Newest events")
	if !strings.Contains(recent, "Summons or written order to produce") {
		t.Errorf("the newest events do not say the process of a request: %s", recent)
	}
}

// TestListsAreTakenAwayAsFiles: findings, errors, duties and the cases of a sample open in
// a spreadsheet, with every line of the page, nothing that is read as a formula, and an
// event of who took them; nobody but auditors gets them.
func TestListsAreTakenAwayAsFiles(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/5605")
	s.submit("IN/94/2026/5606")
	sample, _, _ := s.overseen(q.Ref)
	ines := s.as("ines.moreau")
	s.clock.Advance(time.Minute) // the newest are first
	_, err := s.oversight.OpenFinding(ines, oversight.FindingInput{Grade: "red", Title: "=1+1", Body: "Zwölf Tage,\n\"zu spät\".", Owner: s.personID("rita.lind"), DueOn: storyNow})
	s.must(err)
	drawn, err := s.oversight.PlanSample(ines, s.plan())
	s.must(err)
	s.grow(8)
	if n, err := s.oversight.DrawSamples(s.ctx); n != 1 || err != nil {
		t.Fatalf("drawn %d, %v", n, err)
	}
	report, err := s.oversight.ReportError(ines, "too_much", q.Ref, "@all of it", storyNow)
	s.must(err)
	s.must(s.oversight.AssessError(s.as("tariq.aziz"), report, "some", "none", "Nobody was searched."))
	s.indexed()
	p := s.open(unhurried)
	v := p.visit("ines.moreau")
	read := func(at, page string) (rows []map[string]string) {
		t.Helper()
		if page != "" && len(p.says(v, page).links(at)) != 1 {
			t.Errorf("%s does not lead to %s", page, at)
		}
		got := p.ask(v, http.MethodGet, at, nil, "")
		all, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
		if err != nil || len(all) == 0 || got.status != http.StatusOK || !utf8.ValidString(got.body) {
			t.Fatalf("%s: %d %v", at, got.status, err)
		}
		for _, line := range all[1:] {
			row := map[string]string{}
			for i, cell := range line {
				row[all[0][i]] = cell
			}
			rows = append(rows, row)
		}
		return rows
	}
	findings := read("/audit-findings/csv", "/audit-findings")
	if len(findings) != 2 || findings[0]["title"] != "'=1+1" || findings[0]["found"] != "Zwölf Tage,\n\"zu spät\"." || findings[0]["owner"] != "Reviewer 7F" || findings[1]["case"] != q.Ref || findings[1]["opened_by"] == "" {
		t.Errorf("findings: %v", findings)
	}
	errors := read("/errors/csv", "/errors")
	if len(errors) != 2 || errors[0]["description"] != "'@all of it" || errors[0]["serious"] != "false" || errors[0]["reported_by"] == "" || errors[0]["assessed_by"] == errors[0]["reported_by"] || errors[1]["reported_by"] != "Reviewer 7F" || errors[1]["assessed_at"] != "" {
		t.Errorf("errors: %v", errors)
	}
	duties := read("/audit/duties/csv", "/audit/duties")
	if i := slices.IndexFunc(duties, func(r map[string]string) bool { return r["name"] == "Reviewer 7F" }); i < 0 || duties[i]["line"] != "acted" || duties[i]["first"] == "" {
		t.Errorf("duties: %v", duties)
	}
	if cases := read("/audit/samples/"+drawn+"/csv", "/audit/samples/"+drawn); len(cases) != 2 || cases[0]["reference"] == "" || cases[0]["why"] != "drawn" {
		t.Errorf("the sample: %v", cases)
	}
	if cases := read("/audit/samples/"+sample+"/csv", ""); len(cases) != 0 {
		t.Errorf("a sample that is not drawn: %v", cases)
	}
	p.says(v, "/errors/"+report, "Reported", "Auditor 6B", "Assessed", "Auditor 1C")
	s.indexed()
	if got := p.says(v, "/audit/queries/events?kind=audit.queried").reading(); !strings.Contains(got, "Register of errors") || !strings.Contains(got, "Cases of a sample") {
		t.Errorf("what was taken is not on record: %s", got)
	}
	for _, who := range []string{"rita.lind", "helen.park", "anna.keller", "tess.boyd"} {
		other := p.visit(who)
		for _, at := range []string{"/audit-findings/csv", "/errors/csv", "/audit/duties/csv", "/audit/samples/" + drawn + "/csv"} {
			if got := p.ask(other, http.MethodGet, at, nil, ""); got.status != http.StatusNotFound {
				t.Errorf("%s takes %s: %d", who, at, got.status)
			}
		}
	}
}
