package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// fact gives what a page says under a name in its lists of facts, "" where the name
// is not there.
func (p *webPage) fact(name string) (said string) {
	walk(p.root, func(n *html.Node) {
		if n.Data == "dt" && wordsOf(n) == name {
			for v := n.NextSibling; v != nil && said == ""; v = v.NextSibling {
				if v.Data == "dd" {
					said = wordsOf(v)
				}
			}
		}
	})
	return said
}

// rows gives the rows of the table under a caption, each as its cells' words joined
// by a bar; nil where there is no such table.
func (p *webPage) rows(caption string) (out []string) {
	walk(p.root, func(table *html.Node) {
		if table.Data != "table" {
			return
		}
		found := false
		walk(table, func(n *html.Node) {
			found = found || n.Data == "caption" && wordsOf(n) == caption
			if found && n.Data == "tr" && n.Parent.Data == "tbody" {
				var cells []string
				for c := n.FirstChild; c != nil; c = c.NextSibling {
					if c.Data == "th" || c.Data == "td" {
						cells = append(cells, wordsOf(value(c)))
					}
				}
				out = append(out, strings.Join(cells, " | "))
			}
		})
	})
	return out
}

// value leaves out the label that a cell bears on a narrow screen.
func value(cell *html.Node) *html.Node {
	out := cell
	walk(cell, func(n *html.Node) {
		if attr(n, "class") == "card-value" {
			out = n
		}
	})
	return out
}

func wordsOf(n *html.Node) string { return strings.Join(strings.Fields(textOf(n)), " ") }

// workbenchOf gives the page of a case as a reviewer has it before them.
func (p *portal) workbenchOf(who string, id requests.ID) *webPage {
	p.t.Helper()
	page, err := p.visit(who).get(p.ctx, "/review/"+string(id))
	p.must(err)
	return page
}

const (
	lastRequests = "Its last requests"
	calledBack   = "Bundles called back because a finding fell"
	timesStopped = "Times that it or an officer was stopped"
	sameTable    = "Other requests about the same identifiers"
	alikeTable   = "How alike requests were answered"
	historyTable = "Other cases of this agency"
)

// endings takes requests of the Indian agency to one end each, and gives the case at
// hand, which is about the same number as they are.
func (s *scenario) endings() (at requests.ID, refs map[string]string) {
	s.t.Helper()
	refs = map[string]string{}
	note := func(how string, id requests.ID) { refs[how] = s.load(id).Request.Ref }
	closed := s.ready("IN/94/2026/601")
	_, err := s.fetched(s.as("asha.rao"), closed)
	s.must(err)
	s.must(s.cases.Acknowledge(s.as("asha.rao"), closed))
	note("closed", closed)
	fallen := s.ready("IN/94/2026/602")
	finding := string(s.load(fallen).Asks[0].Finding)
	for _, who := range []string{"carl.ito", "emil.novak"} {
		s.must(s.findings.Appeal(s.as(who), finding, violations.Overturn, "Appeal A-2: hijacked."))
	}
	s.jobs()
	s.must(s.cases.ConfirmRecall(s.as("anna.keller"), fallen, "The finding fell."))
	s.jobs()
	note("recalled", fallen)
	for _, number := range []string{"IN/94/2026/603", "IN/94/2026/604"} {
		q := s.submit(number)
		s.must(s.cases.Withdraw(s.as("asha.rao"), q.ID, "Settled otherwise."))
		note("withdrawn "+number[len(number)-3:], q.ID)
	}
	at = s.submit("IN/94/2026/605").ID
	note("at hand", at)
	return at, refs
}

// TestTheAgencysRecordIsCounted: how its requests ended, bundles that were called
// back because a finding fell, and stops; drills do not count, and of another
// agency nothing is told.
func TestTheAgencysRecordIsCounted(t *testing.T) {
	s := newScenario(t)
	fresh := s.submit("IN/94/2026/600").ID
	p := s.open(unhurried)
	page := p.workbenchOf("rita.lind", fresh)
	if a, b, c := page.fact(lastRequests), page.fact(calledBack), page.fact(timesStopped); a != "None was answered yet." || b != "0" || c != "0" {
		t.Errorf("of an agency that asked nothing yet: %q, %q, %q", a, b, c)
	}
	if rows := page.rows(historyTable); rows != nil || !strings.Contains(plainText(string(page.body)), "This agency has no other case") {
		t.Errorf("its history: %q", rows)
	}
	var at requests.ID
	p.whileStopped(func() {
		at, _ = s.endings()
		s.drilled("asha.rao")
	})
	page = p.workbenchOf("rita.lind", at)
	if got, want := page.fact(lastRequests), "Of the last 4: 1 answered with data, 1 called back, 2 withdrawn"; got != want {
		t.Errorf("its requests: %q, want %q", got, want)
	}
	if b, c := page.fact(calledBack), page.fact(timesStopped); b != "1" || c != "0" {
		t.Errorf("called back %q, stopped %q; a drill is no stop", b, c)
	}
	p.whileStopped(func() {
		stop, err := s.contain("helen.park", "asha.rao", "vikram.nair", "account_taken")
		s.must(err)
		page := func(when, want string) {
			s.t.Helper()
			if got := s.recordOn(at); got != want {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		page("while it is stopped", "1 true")
		s.must(s.fraud.ProposeLift(s.as("nora.berg"), stop.ID, "Settled."))
		s.must(s.fraud.Lift(s.as("helen.park"), stop.ID, true))
		page("after it was stopped", "1 false")
	})
	if got := p.workbenchOf("helen.park", at).fact(timesStopped); got != "1" {
		t.Errorf("counsel reads %q", got)
	}
	q, err := s.send(s.as("jana.weber"), s.ordered(s.uploadAs("jana.weber", "EPOC 60/26"), "EPOC 60/26"))
	s.must(err)
	page = p.workbenchOf("rita.lind", q.ID)
	if a, b, c := page.fact(lastRequests), page.fact(calledBack), page.fact(timesStopped); a != "None was answered yet." || b != "0" || c != "0" {
		t.Errorf("of the other agency: %q, %q, %q", a, b, c)
	}
	officers, err := p.visit("asha.rao").get(p.ctx, requests.PathOf(at))
	p.must(err)
	if officers.fact(lastRequests) != "" || officers.rows(sameTable) != nil || officers.rows(alikeTable) != nil {
		t.Error("an officer reads what lies beside a case")
	}
}

// recordOn says how often the agency of a case was stopped, and whether it is.
func (s *scenario) recordOn(id requests.ID) string {
	s.t.Helper()
	b, err := s.cases.Beside(s.as("rita.lind"), s.load(id))
	s.must(err)
	return fmt.Sprint(b.Agency.Stopped, " ", b.Agency.StoppedNow)
}

// TestOthersWhoAskedAboutTheSameAreTold: by identifier, of every agency, with what
// left; not what waits for a second signature, not another person, and not that two
// identifiers belong to one account.
func TestOthersWhoAskedAboutTheSameAreTold(t *testing.T) {
	s := newScenario(t)
	at, refs := s.endings()
	foreign := s.ordered(s.uploadAs("jana.weber", "EPOC 61/26"), "EPOC 61/26")
	foreign.Targets = append(foreign.Targets, foreign.Targets[0])
	foreign.Targets[0].Kind, foreign.Targets[0].Identifier, foreign.Targets[0].HolderAt = "username", sample.ReassignedUsername, storyNow.AddDate(0, -2, 0).Format("2006-01-02T15:04")
	other, err := s.send(s.as("jana.weber"), foreign)
	s.must(err)
	waiting := s.proposed("IN/94/2026/606")
	sameAccount := s.submitWith("IN/94/2026/607", func(in *requests.Submission) {
		in.Targets[0].Kind, in.Targets[0].Identifier, in.Targets[0].HolderAt = "account_id", fmt.Sprint(sample.SuspectByPhone), ""
	})
	p := s.open(unhurried)
	got := p.workbenchOf("rita.lind", at).rows(sameTable)
	left := map[string]string{refs["closed"]: "left", refs["recalled"]: "left, and called back", refs["withdrawn 603"]: "did not leave", refs["withdrawn 604"]: "did not leave", other.Ref: "did not leave"}
	if len(got) != len(left) {
		t.Errorf("%d others are told, want %d: %q", len(got), len(left), got)
	}
	for _, row := range got {
		cells := strings.Split(row, " | ")
		ref, _, _ := strings.Cut(cells[0], "about")
		if !strings.Contains(cells[0], "about t1 of this case") || cells[len(cells)-1] != left[ref] {
			t.Errorf("told as %q, want %q", row, left[ref])
		}
	}
	for _, never := range []string{waiting.Ref, sameAccount.Ref} {
		if slices.ContainsFunc(got, func(row string) bool { return strings.Contains(row, never) }) {
			t.Errorf("%s is told", never)
		}
	}
	if rows := p.workbenchOf("rita.lind", sameAccount.ID).rows(sameTable); rows != nil {
		t.Errorf("beside a request about the account's number: %q", rows)
	}
	rows := p.workbenchOf("rita.lind", other.ID).rows(sameTable)
	if len(rows) != 5 || !strings.Contains(rows[0], "about t2 of this case") {
		t.Errorf("beside the other agency's request: %q", rows)
	}
}

// TestPrecedentsAreCountedByWhatTheyShare: by legal basis, issuer, process and
// agency, each with how they ended, and the page behind each line lists them.
func TestPrecedentsAreCountedByWhatTheyShare(t *testing.T) {
	s := newScenario(t)
	at, refs := s.endings()
	elsewhere := s.submitWith("IN/94/2026/608", func(in *requests.Submission) {
		in.LegalBasis, in.IssuerName = "bnss 2023, S. 94", "Another Station"
	})
	s.must(s.cases.Withdraw(s.as("asha.rao"), elsewhere.ID, "Settled otherwise."))
	alone, err := s.send(s.as("jana.weber"), s.ordered(s.uploadAs("jana.weber", "EPOC 62/26"), "EPOC 62/26"))
	s.must(err)
	s.must(s.cases.Withdraw(s.as("jana.weber"), alone.ID, "Settled otherwise."))
	p := s.open(unhurried)
	page := p.workbenchOf("rita.lind", at)
	const five, four = "Of the last 5: 1 answered with data, 1 called back, 3 withdrawn", "Of the last 4: 1 answered with data, 1 called back, 2 withdrawn"
	want := []string{"Legal basis, as the order states it BNSS 2023, s. 94 | " + five, "Issuer Cyber Crime Police Station | " + four, "Legal process IN-94 | " + five}
	got := page.rows(alikeTable)
	if len(got) != 4 || !slices.Equal(got[:3], want) || !strings.HasSuffix(got[3], five) {
		t.Errorf("precedents:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	p.precedentsAre(map[string][]string{
		"court=another+station":                            {elsewhere.Ref},
		"court=Cyber+Crime+Police+Station&ended=recalled":  {refs["recalled"]},
		"process=EU-EPOC-PR":                               {alone.Ref},
		"statute=BNSS+2023%2C+s.+94&ended=closed":          {refs["closed"]},
		"court=Nobody":                                     nil,
		"process=IN-94&ended=refused":                      nil,
		"statute=bnss+2023%2c+S.+94&court=another+station": {elsewhere.Ref},
		"process=IN-94&ended=recalled":                     {refs["recalled"]},
	})
	p.whileStopped(func() { s.must(s.cases.ConfirmDeletion(s.as("asha.rao"), s.idOf(refs["recalled"]), "Asha Rao", true)) })
	if rows := p.workbenchOf("rita.lind", at).rows(alikeTable); len(rows) != 4 || rows[1] != want[1] {
		t.Errorf("once the copies are gone: %q", rows)
	}
	p.precedentsAre(map[string][]string{
		"court=Cyber+Crime+Police+Station&ended=recalled": {refs["recalled"]},
		"court=Cyber+Crime+Police+Station&ended=closed":   {refs["closed"]},
		"process=IN-94&ended=recalled":                    {refs["recalled"]},
		"process=IN-94&ended=closed":                      {refs["closed"]},
	})
	q, err := s.send(s.as("jana.weber"), func() requests.Submission {
		in := s.ordered(s.uploadAs("jana.weber", "EPOC 63/26"), "EPOC 63/26")
		in.LegalBasis, in.IssuerName = "Art. 5", "Landgericht Musterstadt"
		return in
	}())
	s.must(err)
	fresh := p.workbenchOf("rita.lind", q.ID).rows(alikeTable)
	if len(fresh) != 4 || !strings.HasSuffix(fresh[0], "| None was answered yet.") || !strings.HasSuffix(fresh[1], "| None was answered yet.") || !strings.HasSuffix(fresh[2], "Of the last one: 1 withdrawn") {
		t.Errorf("of a law and an issuer that nobody relied on: %q", fresh)
	}
}

// precedentsAre asks the page of precedents, and wants these requests listed for each
// address.
func (p *portal) precedentsAre(want map[string][]string) {
	p.t.Helper()
	for query, refs := range want {
		found, err := p.visit("rita.lind").get(p.ctx, "/review/precedents?"+query)
		p.must(err)
		var listed []string
		for _, row := range found.rows("The last fifty") {
			ref, _, _ := strings.Cut(row, " ")
			listed = append(listed, ref)
		}
		if !slices.Equal(listed, refs) {
			p.t.Errorf("%s: %v, want %v", query, listed, refs)
		}
	}
}

// idOf gives the request of a reference.
func (s *scenario) idOf(ref string) requests.ID {
	s.t.Helper()
	return requests.ID(s.column("SELECT id::text FROM request WHERE ref = '" + ref + "'")[0])
}

// TestThePageTellsOfThePaperTheClockAndThePins: the same paper twice, the agency's
// other cases, when an answer is due, and where an answer is pinned.
func TestThePageTellsOfThePaperTheClockAndThePins(t *testing.T) {
	s := newScenario(t)
	first := s.submit("IN/94/2026/611")
	calm := s.submit("IN/94/2026/612")
	p := s.open(unhurried)
	page := p.workbenchOf("rita.lind", calm.ID)
	if strings.Contains(plainText(string(page.body)), "The same paper or order number came in other cases too") {
		t.Error("another paper is said to be the same")
	}
	if rows := page.rows(historyTable); len(rows) != 1 || !strings.Contains(rows[0], first.Ref) || !strings.Contains(rows[0], "IN/94/2026/611") {
		t.Errorf("the agency's other cases: %q", rows)
	}
	var twin requests.Request
	p.whileStopped(func() {
		s.clock.Advance(time.Hour)
		twin = s.submit("IN/94/2026/611")
		s.must(s.cases.Claim(s.as("rita.lind"), twin.ID))
		s.pin(twin.ID, "p1@100,250,300,40")
	})
	page = p.workbenchOf("rita.lind", twin.ID)
	if !strings.Contains(plainText(string(page.body)), "The same paper or order number came in other cases too") || !slices.Contains(page.links("/review/"), "/review/"+string(first.ID)) {
		t.Error("the same paper is not told")
	}
	if got := p.workbenchOf("rita.lind", calm.ID); strings.Contains(string(got.body), "pin-") {
		t.Error("an answer of another case is pinned")
	}
	pins := 0
	walk(page.root, func(n *html.Node) {
		if n.Data == "rect" && attr(n, "x") == "100" && attr(n, "y") == "250" && attr(n, "width") == "300" && attr(n, "height") == "40" {
			pins++
		}
	})
	if pins != 1 {
		t.Errorf("the answer is pinned %d times", pins)
	}
	due := s.load(twin.ID).Request.EffectBy
	shown := map[string]bool{}
	walk(page.root, func(n *html.Node) {
		if n.Data == "time" {
			shown[attr(n, "datetime")] = true
		}
	})
	if at, err := time.Parse(time.RFC3339, "2026-11-16T18:29:00Z"); err == nil && due.IsZero() || !anyTime(shown, due) {
		t.Errorf("due %s (%s), shown are %v", due, at, shown)
	}
}

// anyTime tells whether a moment is among those that a page shows.
func anyTime(shown map[string]bool, at time.Time) bool {
	for text := range shown {
		if got, err := time.Parse(time.RFC3339, text); err == nil && got.Equal(at.Truncate(time.Second)) {
			return true
		}
	}
	return false
}

// pin answers the first open check of the reviewer at a place of the order.
func (s *scenario) pin(id requests.ID, place string) {
	s.t.Helper()
	ctx := s.as("rita.lind")
	c, err := s.cases.View(ctx, id)
	s.must(err)
	v, err := s.cases.Verdict(ctx, c)
	s.must(err)
	for _, r := range v.Results {
		if r.Result == legal.Open && !r.Counsel {
			s.must(s.cases.AnswerChecks(ctx, id, []requests.CheckInput{{Check: string(r.Check), Target: r.Target, Result: "pass", Note: "Seen there.", Place: place}}))
			return
		}
	}
	s.t.Fatal("no check is open")
}

// TestThePageTellsWhatTheRiskIs: the factors of the statement in words, as many as
// there are, and none in a case that has none.
func TestThePageTellsWhatTheRiskIs(t *testing.T) {
	s := newScenario(t)
	ids := []requests.ID{s.submit("IN/94/2026/621").ID}
	for i := range 3 {
		s.clock.Advance(time.Minute)
		ids = append(ids, s.submit(fmt.Sprintf("IN/94/2026/62%d", i+2)).ID)
	}
	paper, err := s.send(s.as("jana.weber"), s.ordered(s.uploadAs("jana.weber", "IN/94/2026/621"), "EPOC 64/26")) // the very paper of another agency
	s.must(err)
	ids = append(ids, paper.ID)
	p := s.open(unhurried)
	p.stated(ids...)
	factors := map[int]bool{}
	for _, id := range ids {
		file, _, err := s.fraud.Look(s.as("rita.lind"), s.load(id))
		if fault.KindOf(err) != "" {
			s.must(err)
		}
		last, ok := file.Last()
		page := p.workbenchOf("rita.lind", id)
		items := 0
		walk(page.root, func(n *html.Node) {
			if n.Data == "section" && attr(n, "aria-labelledby") == "risk" {
				walk(n, func(n *html.Node) {
					if n.Data == "li" && wordsOf(n) != "" {
						items++
					}
				})
			}
		})
		if !ok || items != len(last.Factors) {
			t.Errorf("%d factors are shown of %d", items, len(last.Factors))
		}
		factors[len(last.Factors)] = true
	}
	if len(factors) < 2 {
		t.Errorf("every case has the same number of factors, %v: nothing is shown by that", factors)
	}
}
