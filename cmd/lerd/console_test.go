package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
	"lerd/internal/web"
)

// indexed places what is pending and brings the index of the log up to date.
func (s *scenario) indexed() {
	s.t.Helper()
	s.sequenceAll()
	if _, err := s.indexLog(identity.With(s.ctx, identity.SystemActor())); err != nil {
		s.t.Fatal(err)
	}
}

// query asks one of the library's queries as an auditor.
func (s *scenario) query(name string) []oversight.Hit {
	s.t.Helper()
	s.indexed()
	list, err := s.oversight.Query(s.as("ines.moreau"), oversight.Search{Name: name, Limit: 200}, "page")
	s.must(err)
	return list
}

// TestTheIndexIsOfTheLog compares every row of the index with its event, and the
// cases that samples are drawn from with what the log's records give.
func TestTheIndexIsOfTheLog(t *testing.T) {
	s := newScenario(t)
	q := s.toExport("IN/94/2026/801")
	s.indexed()
	if n := s.column(`SELECT count(*)::text FROM audit.leaf l LEFT JOIN log_index i ON i.idx = l.index AND i.event_id = l.event_id WHERE i.idx IS NULL`)[0]; n != "0" {
		t.Errorf("%s events are not in the index", n)
	}
	bad := s.column(`SELECT i.idx::text FROM log_index i JOIN audit.event e ON e.id = i.event_id CROSS JOIN LATERAL (SELECT convert_from(e.entry, 'UTF8')::jsonb AS v) j
		WHERE i.kind <> j.v ->> 'kind' OR i.stream <> j.v ->> 'stream' OR i.person <> coalesce(j.v -> 'actor' ->> 'person', '') OR i.at <> (j.v ->> 'at')::timestamptz`)
	if len(bad) > 0 {
		t.Errorf("the index says otherwise than the log at %v", bad)
	}
	for _, stream := range []string{"request:" + string(q.ID), "look:" + string(q.ID) + ":%"} {
		if n := s.column(`SELECT count(*)::text FROM log_index WHERE stream LIKE '` + stream + `' AND case_id IS DISTINCT FROM '` + string(q.ID) + `'`)[0]; n != "0" {
			t.Errorf("%s events of %s belong to no case", n, stream)
		}
	}
	if n := s.column(`SELECT count(*)::text FROM log_index WHERE case_id = '` + string(q.ID) + `' AND stream LIKE 'release:%'`)[0]; n == "0" {
		t.Error("the release's events belong to no case")
	}
}

// TestTheLibraryFindsWhatWasDone plants what each query looks for.
func TestTheLibraryFindsWhatWasDone(t *testing.T) {
	s := newScenario(t)
	q := s.toExport("IN/94/2026/802") // in no time at all, with development proofs
	has := func(name, kind string) {
		t.Helper()
		for _, h := range s.query(name) {
			if h.Kind == kind {
				return
			}
		}
		t.Errorf("%s does not find %s", name, kind)
	}
	hasNot := func(name string) {
		t.Helper()
		if list := s.query(name); len(list) > 0 {
			t.Errorf("%s finds %s where nothing was done", name, list[0].Kind)
		}
	}
	has("dev_proof", "release.approved")
	has("quick_release", "release.approved")
	hasNot("two_duties")
	hasNot("off_hours")
	hasNot("containment")
	hasNot("self_approval")
	has("administrative", "settings.loaded")

	_, err := s.cases.View(s.as("omar.haddad"), q.ID) // a reviewer who has no part in it
	s.must(err)
	has("view_unassigned", "request.viewed")
	for _, h := range s.query("view_unassigned") {
		if h.Name == s.column("SELECT pseudonym FROM person WHERE sign_in = 'rita.lind'")[0] {
			t.Error("a look of the case's own reviewer counts as one of somebody else")
		}
	}
	s.drilled("jana.weber")
	has("containment", "containment.begun")
	s.clock.Set(time.Date(2026, 11, 7, 3, 0, 0, 0, time.UTC)) // a Saturday at three
	_, err = s.cases.View(s.as("omar.haddad"), q.ID)
	s.must(err)
	has("off_hours", "request.viewed")
	if list := s.query("most_viewed"); len(list) == 0 || !strings.Contains(list[0].Detail, "account=") {
		t.Error("no account was looked at")
	}
}

// TestAnActSaysWhomItIsAbout: a list of acts names who was invited, beside who did it,
// and so does the page of the act and the file.
func TestAnActSaysWhomItIsAbout(t *testing.T) {
	s := newScenario(t)
	list := s.query("administrative")
	at := slices.IndexFunc(list, func(h oversight.Hit) bool { return h.Kind == "person.invited" })
	if at < 0 {
		t.Fatal("nobody was invited")
	}
	id := strings.TrimPrefix(list[at].Stream, "person:")
	name := s.column("SELECT pseudonym FROM person WHERE id = '" + id + "'")[0]
	portal := s.open(unhurried)
	ines := portal.visit("ines.moreau")
	link := `href="/audit/queries/events?person=` + id + `"`
	for _, page := range []string{"/audit/queries/administrative?kind=person.invited", "/audit/events/" + string(list[at].Event)} {
		if body := portal.ask(ines, http.MethodGet, page, nil, "").body; !strings.Contains(body, link) || !strings.Contains(body, ">"+name+"<") {
			t.Errorf("%s does not name %s", page, name)
		}
	}
	if body := portal.ask(ines, http.MethodGet, "/audit/queries/administrative/csv?kind=person.invited", nil, "").body; !strings.Contains(body, ",person:"+id+"\n") {
		t.Errorf("the file does not say that it is about %s:\n%s", id, body)
	}
}

// TestCasesOfACountryComeNewestFirst: page by page, each of them once, whether one agency
// has most of the newest or many have one each.
func TestCasesOfACountryComeNewestFirst(t *testing.T) {
	s := newScenario(t)
	s.seeded(400, 0.1)
	ines := s.as("ines.moreau")
	for _, country := range s.column("SELECT DISTINCT country FROM agency ORDER BY 1") {
		for _, limit := range []int{3, 40} {
			q := oversight.Search{Name: "cases", Country: country, Limit: limit}
			var got []string
			for range 200 / limit {
				list, err := s.oversight.Query(ines, q, "page")
				s.must(err)
				for _, h := range list {
					got = append(got, h.Case)
				}
				if len(list) < limit {
					break
				}
				q.After = list[len(list)-1].Next
			}
			want := s.column("SELECT q.id::text FROM request q JOIN agency a ON a.id = q.agency_id WHERE a.country = '" + country + "' ORDER BY q.received_at DESC, q.id DESC")
			if want = want[:min(len(want), 200/limit*limit)]; !slices.Equal(got, want) {
				t.Errorf("%s by %d: %d cases, want %d in another order", country, limit, len(got), len(want))
			}
		}
	}
}

// TestTheReplayIsWhatWasSeen steps through a case and compares each moment with what
// the service showed then.
func TestTheReplayIsWhatWasSeen(t *testing.T) {
	s := newScenario(t)
	type seen struct {
		state, agency requests.State
		answers       int
	}
	var was []seen
	q := s.submit("IN/94/2026/803")
	note := func() {
		t.Helper()
		staff, err := s.cases.View(s.as("rita.lind"), q.ID)
		s.must(err)
		own, err := s.cases.View(s.as("asha.rao"), q.ID)
		s.must(err)
		was = append(was, seen{staff.Request.State, own.Request.State, len(staff.Latest())})
	}
	note()
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	note()
	s.must(s.cases.Ask(s.as("rita.lind"), q.ID, "Which zone?"))
	note()
	s.must(s.cases.Reply(s.as("asha.rao"), q.ID, "India's."))
	s.planted(q.ID, s.as("rita.lind"))
	note()
	s.must(s.cases.Qualify(s.as("rita.lind"), q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	note()
	s.jobs()
	note()
	s.indexed()
	r, err := s.oversight.ReplayCase(s.as("ines.moreau"), q.ID)
	s.must(err)
	var got []seen
	for _, m := range r.Moments {
		rec := m.Event.Record
		if rec.Kind != "request.viewed" {
			continue
		}
		if m.Look == nil {
			t.Fatal("a look is none")
		}
		if rec.Actor.Role == "reviewer" {
			got = append(got, seen{m.State, "", len(m.Answers)})
		} else if got[len(got)-1].agency == "" {
			got[len(got)-1].agency = m.Shown
		}
	}
	// looks of other steps stand between; each of ours has to be there in its order
	i := 0
	for _, g := range got {
		if i < len(was) && g == was[i] {
			i++
		}
	}
	if i < len(was) {
		t.Errorf("the replay does not show moment %d: %+v\nof %+v", i, was[i], got)
	}
	last := r.Moments[len(r.Moments)-1]
	rules, err := s.oversight.RulesAt(s.as("ines.moreau"), last.Event.Index)
	s.must(err)
	if rules.Digest == "" || len(rules.Readers) < 4 {
		t.Errorf("the rules of the day: %+v", rules)
	}
	if early, err := s.oversight.RulesAt(s.as("ines.moreau"), 0); err != nil || len(early.Readers) != 0 && early.Digest == "" {
		t.Errorf("before any settings: %+v %v", early, err)
	}
}

// TestSomebodyElsesSecondStepIsOnRecord has people try what they may not, through the
// portal, and finds each attempt.
func TestSomebodyElsesSecondStepIsOnRecord(t *testing.T) {
	s := newScenario(t)
	p := s.open(unhurried)
	q := s.submit("IN/94/2026/804")
	rita := p.visit("rita.lind")
	if got := p.ask(rita, "GET", "/releases/"+string(q.ID), nil, ""); got.status != 404 {
		t.Fatalf("a reviewer at a release: %d", got.status)
	}
	list := s.query("refused_attempt")
	if len(list) == 0 || !strings.Contains(list[0].Detail, "route=release.show") || !strings.Contains(list[0].Detail, "why=not_found") {
		t.Fatalf("the attempt is not on record: %+v", list)
	}
}

// TestAnErrorGoesThroughItsTest reports, assesses and settles an error.
func TestAnErrorGoesThroughItsTest(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/805")
	rita, ines := s.as("rita.lind"), s.as("ines.moreau")
	id, err := s.oversight.ReportError(rita, "wrong_zone", q.Ref, "The period was read in UTC.", storyNow)
	s.must(err)
	if err := s.oversight.AssessError(rita, id, "none", "none", "Nothing left."); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer assesses: %v", err)
	}
	if _, err := s.oversight.ShowError(s.as("omar.haddad"), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a colleague reads it: %v", err)
	}
	s.must(s.oversight.AssessError(ines, id, "some", "significant", "Somebody else was searched."))
	x, err := s.oversight.ShowError(ines, id)
	s.must(err)
	if x.Serious == nil || !*x.Serious {
		t.Error("significant harm is not serious")
	}
	s.must(s.oversight.SettleError(ines, id, "later", "The inquiry runs.", ""))
	for told, ref := range map[string]string{"told": "Letter 12/2026", "not_told": ""} { // nothing was disclosed: nobody can be told through lerd
		if err := s.oversight.SettleError(ines, id, told, "It is over.", ref); fault.KindOf(err) != fault.Gate {
			t.Errorf("%s, without counsel's reason: %v", told, err)
		}
	}
	s.must(s.oversight.ExcuseError(s.as("helen.park"), id, "The person was told by letter 12/2026."))
	s.must(s.oversight.SettleError(ines, id, "told", "It is over.", "Letter 12/2026"))
	if err := s.oversight.SettleError(ines, id, "not_told", "No.", ""); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a settled error moves: %v", err)
	}
	own, err := s.oversight.ReportError(ines, "process", "", "A step was left out.", storyNow)
	s.must(err)
	if err := s.oversight.AssessError(ines, own, "none", "none", "Small."); fault.KindOf(err) != fault.Gate {
		t.Errorf("who reported it assesses it: %v", err)
	}
}

// TestAnAuditFindingIsAnsweredAndClosed takes one through its whole life.
func TestAnAuditFindingIsAnsweredAndClosed(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/806")
	ines, rita := s.as("ines.moreau"), s.as("rita.lind")
	owners, err := s.oversight.Owners(ines)
	s.must(err)
	owner := ""
	for _, o := range owners {
		if o.SignIn == "rita.lind" {
			owner = string(o.ID)
		}
		if o.Role == identity.Auditor {
			t.Error("an auditor owns a finding")
		}
	}
	in := oversight.FindingInput{Grade: "red", Title: "Reasons are missing", Body: "Three refusals have none.", CaseRef: q.Ref, Owner: owner, DueOn: storyNow.Truncate(24*time.Hour).AddDate(0, 0, 7)}
	id, err := s.oversight.OpenFinding(ines, in)
	s.must(err)
	if list, err := s.oversight.ListFindings(s.as("omar.haddad"), true); err != nil || len(list) != 0 {
		t.Errorf("somebody else's finding is listed: %v %v", list, err)
	}
	if err := s.oversight.AnswerFinding(s.as("omar.haddad"), id, "Mine."); fault.KindOf(err) != fault.NotFound {
		t.Errorf("somebody else answers: %v", err)
	}
	s.clock.Advance(9 * 24 * time.Hour)
	for want := 1; want <= 2; want++ {
		if n, err := s.oversight.RemindOwners(s.ctx); err != nil || n != 2-want {
			t.Errorf("reminded %d, %v", n, err)
		}
	}
	s.must(s.oversight.AnswerFinding(rita, id, "They were written down."))
	s.must(s.oversight.RejectAnswer(ines, id, "Where?"))
	s.must(s.oversight.AnswerFinding(rita, id, "In each case now."))
	if err := s.oversight.CloseFinding(identity.With(s.ctx, actorIn(ines)), id, "Seen."); fault.KindOf(err) != fault.StepUp {
		t.Errorf("closed without a passkey: %v", err)
	}
	s.must(s.oversight.CloseFinding(ines, id, "Seen."))
	f, err := s.oversight.ShowFinding(rita, id)
	s.must(err)
	s.deliverNotices()
	for who, kinds := range map[string][]string{
		"rita.lind":   {"audit_finding.closed", "audit_finding.opened", "audit_finding.overdue", "audit_finding.reopened"},
		"ines.moreau": {"audit_finding.answered", "audit_finding.answered", "audit_finding.overdue"},
		"omar.haddad": nil,
	} {
		var told []string
		for _, n := range s.told(who) {
			if strings.HasPrefix(n, "audit_finding.") {
				told = append(told, n)
			}
		}
		slices.Sort(told) // what comes at the same second has no order
		if !slices.Equal(told, kinds) {
			t.Errorf("%s was told %v, want %v", who, told, kinds)
		}
	}
	if f.State != oversight.Closed || len(f.Answers) != 3 || f.Reminded != 1 {
		t.Errorf("it ends as %s with %d answers, reminded %d", f.State, len(f.Answers), f.Reminded)
	}
}

func actorIn(ctx context.Context) identity.Actor { a, _ := identity.From(ctx); return a }

// toExport takes a case from its submission to an exported bundle.
func (s *scenario) toExport(number string) requests.Request {
	s.t.Helper()
	id := s.approved(number)
	s.jobs()
	c := s.load(id)
	if c.Request.State != requests.ExportedCase {
		s.t.Fatalf("the case is %s", c.Request.State)
	}
	return c.Request
}

// overseen plans a sample and opens a finding, which rita.lind owns, and an error,
// which she reported.
func (s *scenario) overseen(ref string) (sample, finding, report string) {
	s.t.Helper()
	s.indexed()
	ines, rita := s.as("ines.moreau"), s.as("rita.lind")
	sample, err := s.oversight.PlanSample(ines, oversight.PlanInput{From: storyNow.AddDate(0, 0, -1), To: storyNow.AddDate(0, 0, 1), Strata: []string{"country"}, Each: 5, Ahead: 1000})
	s.must(err)
	finding, err = s.oversight.OpenFinding(ines, oversight.FindingInput{Grade: "amber", Title: "Late", Body: "It was late.", CaseRef: ref, Owner: string(actorIn(rita).Person), DueOn: storyNow.AddDate(0, 0, 7)})
	s.must(err)
	report, err = s.oversight.ReportError(rita, "late_notice", ref, "It was told late.", storyNow)
	s.must(err)
	return sample, finding, report
}

// anothers tells whether a route is about an audit finding that somebody else owns, or
// an error that somebody else reported.
func (h *house) anothers(p person, r web.Route) bool {
	kind := kindOf(r)
	return (kind == "audit finding" || kind == "error") && p.signIn != "rita.lind" && p.role != identity.Auditor
}
