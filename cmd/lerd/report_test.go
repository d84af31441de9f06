package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/store"
	"lerd/internal/store/blob"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
	"lerd/internal/verifycli"
	"lerd/policies"
)

// reporter is the command's view of a scenario.
// application reads the log as an auditor and adds to it as the application.
func (s *scenario) application() applicationSource {
	return applicationSource{auditSource: auditSource{Dir: s.cfg.Dir, DatabaseURL: s.db.Auditor}, now: s.clock.Now, app: s.db.App}
}

func (s *scenario) reporter() reportPeriod {
	return reportPeriod{applicationSource: s.application(), Quarter: "2026Q4", Quiet: true}
}

// publishing is the service as counsel's pages have it.
func (s *scenario) publishing() *publishing.Service {
	s.t.Helper()
	rules, err := access.Load(policies.FS)
	s.must(err)
	return publishing.New(publishing.Config{Store: s.store, Blobs: blob.Folder{Dir: s.cfg.path("blobs")}, Access: rules, Now: s.clock.Now})
}

// closeBooks lets the time go on until the books of the quarter are closed.
func (s *scenario) closeBooks(look requests.ID) {
	s.t.Helper()
	s.clock.Set(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))
	_, err := s.cases.View(s.as("rita.lind"), look)
	s.must(err)
	s.sequenceAll()
}

// count gives the quarter's report under rules that withhold nothing.
func (s *scenario) count() *transparency.Report {
	s.t.Helper()
	db, err := store.Open(s.ctx, store.Config{URL: s.db.Auditor})
	s.must(err)
	defer db.Close()
	c, err := s.reporter().count(s.ctx, db, io.Discard)
	s.must(err)
	c.order.Rules.Threshold, c.order.Rules.GagThreshold, c.order.Rules.Contributors, c.order.Rules.TimeCases = 1, 1, 1, 1
	r, err := c.book.Make(c.order)
	s.must(err)
	return r
}

// TestAReportFollowsFromTheLogAlone tells of three cases, and counts them from
// their events.
func TestAReportFollowsFromTheLogAlone(t *testing.T) {
	s := newScenario(t)
	done := s.ready("IN/94/2026/901")
	refused := s.submit("IN/94/2026/902").ID
	s.must(s.cases.Claim(s.as("rita.lind"), refused))
	s.must(s.cases.Refuse(s.as("rita.lind"), refused, []string{"RR-03"}, "The station is not competent for this order."))
	open := s.submit("IN/94/2026/903").ID
	s.closeBooks(open)

	r := s.count()
	want := func(table, row, column string, n int) {
		t.Helper()
		if got := r.Table(table).Cell(row, column); got == nil || *got != n {
			t.Errorf("%s, %s, %s: %v, want %d", table, row, column, got, n)
		}
	}
	want("received_by_country", "IN", "total", 3)
	want("received_by_country", "IN", "fulfilled", 1)
	want("received_by_country", "IN", "refused", 1)
	want("received_by_country", "IN", "pending", 1)
	want("received_by_process", "IN-94", "total", 3)
	want("received_by_category", "phone_number_and_ip_address", "total", 3)
	want("valid_by_country", "IN", "valid", 1)
	want("decided", "all", "fulfilled", 1)
	want("accounts", "all", "accounts", 1)
	want("answered_by_category", "phone_number", "produced", 1)
	want("answered_by_category", "ip_address", "produced", 1)
	if got := r.Table("refusals_by_reason").Cell("RR-03", "refused"); got == nil || *got != 1 {
		t.Errorf("refusals: %+v", r.Table("refusals_by_reason"))
	}
	if s.load(done).Release == nil {
		t.Error("nothing left")
	}
	s.verifyLog()
}

// stranger makes the folder that somebody gets who recomputes the report.
func (s *scenario) stranger() string {
	s.t.Helper()
	dir := s.t.TempDir()
	s.must(reportMakeCmd{reportPeriod: s.reporter(), Out: dir, To: "The supervisory authority"}.run(s.ctx, io.Discard, io.Discard))
	s.must(auditExportCmd{auditSource: s.reporter().auditSource, Out: filepath.Join(dir, "log"), Quiet: true}.run(s.ctx, io.Discard, io.Discard))
	return dir
}

func (s *scenario) recompute(dir string) (string, error) {
	s.t.Helper()
	var out bytes.Buffer
	check := verifycli.Report{Dir: dir, VKey: s.cfg.path("keys", "log.vkey"), RKey: s.cfg.path("keys", "report.vkey"), Quiet: true}
	err := check.Check(s.ctx, &out, io.Discard)
	return out.String(), err
}

// TestAStrangerRecomputesWhatLerdReports exports everything that a stranger needs,
// recomputes, and finds nothing personal in any of it.
func TestAStrangerRecomputesWhatLerdReports(t *testing.T) {
	s := newScenario(t)
	done := s.ready("IN/94/2026/911")
	s.closeBooks(done)
	dir := s.stranger()
	said, err := s.recompute(dir)
	if err != nil || !strings.HasPrefix(said, "VERIFIED\nReport of 2026Q4, edition 1") {
		t.Fatalf("%s %v", said, err)
	}
	q := s.load(done).Request
	planted := []string{sample.SuspectPhone, sample.SuspectPhone[3:], string(q.Agency), string(q.Officer), string(q.Reviewer), q.Ref, q.Order.Number, q.Order.IssuerName, "Asha", "Rita", "tickets", "FIR 231"}
	for _, target := range q.Targets {
		planted = append(planted, string(target.ID), strconv.FormatInt(target.AccountID, 10))
	}
	for _, name := range append(publishing.Names, transparency.OpeningsName) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		s.must(err)
		for _, p := range planted {
			if len(p) > 3 && bytes.Contains(b, []byte(p)) {
				t.Errorf("%s tells %q", name, p)
			}
		}
		if name == transparency.OpeningsName && !bytes.Contains(b, []byte(`"country":"IN"`)) {
			t.Errorf("the openings open nothing: %s", b)
		}
	}

	lines, err := os.ReadFile(filepath.Join(dir, transparency.OpeningsName))
	s.must(err)
	s.must(os.WriteFile(filepath.Join(dir, transparency.OpeningsName), bytes.Replace(lines, []byte(`"IN"`), []byte(`"DE"`), 1), 0o600))
	if _, err := s.recompute(dir); err == nil || !strings.Contains(err.Error(), "NOT VERIFIED: OPENING at entry") {
		t.Errorf("a country was altered: %v", err)
	}
}

// TestGivingOutOpeningsIsOnRecord: who gets what opens a report's counts stands in the
// log before there is a file, and auditors find it among the administrative acts.
func TestGivingOutOpeningsIsOnRecord(t *testing.T) {
	s := newScenario(t)
	s.closeBooks(s.submit("IN/94/2026/931").ID)
	dir := t.TempDir()
	open := reportOpeningsCmd{reportPeriod: s.reporter(), Out: dir, To: " x "}
	if err := open.run(s.ctx, io.Discard, io.Discard); fault.KindOf(err) != fault.Invalid {
		t.Errorf("given to nobody in particular: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Fatalf("without an event there is %v, %v", left, err)
	}
	open.To = "Institute 9C of Statistics"
	s.must(open.run(s.ctx, io.Discard, io.Discard))
	b, err := os.ReadFile(filepath.Join(dir, transparency.OpeningsName))
	s.must(err)
	s.sequenceAll()
	s.indexed()
	hits, err := s.oversight.Query(s.as("ines.moreau"), oversight.Search{Name: "administrative", Kind: "report.openings_given", Limit: 5}, "page")
	if s.must(err); len(hits) != 1 || hits[0].Facts["openings_sha256"] != transparency.Digest(b) || hits[0].Facts["period"] != "2026Q4" || hits[0].Facts["openings"] != "1" {
		t.Fatalf("auditors find %+v", hits)
	}
	page := s.open(unhurried)
	shown := page.ask(page.visit("ines.moreau"), http.MethodGet, "/audit/events/"+string(hits[0].Event), nil, "").body
	if !strings.Contains(shown, "Institute 9C of Statistics") {
		t.Error("the event's page does not say to whom")
	}
	page.stop()
	var entry []byte
	s.must(s.store.SQL().QueryRow("SELECT entry FROM audit.event WHERE kind = 'report.openings_given'").Scan(&entry))
	if bytes.Contains(entry, []byte("Institute")) {
		t.Errorf("the public entry says to whom: %s", entry)
	}
	s.verifyLog()
}

// TestCounselPublishesAReport follows a report from its proposal to its second
// edition, and asks everybody else.
func TestCounselPublishesAReport(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/921").ID
	early := s.reporter()
	s.sequenceAll()
	if err := (reportMakeCmd{reportPeriod: early, Out: t.TempDir()}).run(s.ctx, io.Discard, io.Discard); fault.KindOf(err) != fault.Gate {
		t.Errorf("made before the books are closed: %v", err)
	}
	s.closeBooks(id)
	first := s.propose("")
	pub, counsel := s.publishing(), s.as("helen.park")
	for _, who := range []string{"ines.moreau", "rita.lind", "anna.keller", "asha.rao"} {
		if err := pub.Publish(s.as(who), first.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("published by %s: %v", who, err)
		}
	}
	if list, err := pub.Public(s.ctx); err != nil || len(list) != 0 {
		t.Errorf("a proposal is public: %v, %v", list, err)
	}
	actor, _ := identity.From(counsel)
	if err := pub.Publish(identity.With(s.ctx, actor), first.ID); fault.KindOf(err) != fault.StepUp {
		t.Errorf("published without the passkey: %v", err)
	}
	s.must(pub.Publish(counsel, first.ID))
	if err := pub.Publish(counsel, first.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("published twice: %v", err)
	}
	stands := 0 // refused because a decision stands, and not for want of an event alone
	for _, statement := range []string{
		`UPDATE transparency_report SET digest = repeat('0', 64)`, `UPDATE transparency_report SET state = 'dropped', published_at = NULL, published_by = NULL, version = version + 1`,
		`DELETE FROM transparency_report`, `UPDATE audit.opening SET value = 'x'`, `DELETE FROM audit.opening`,
	} {
		if _, err := s.ownerDB().Exec(statement); err == nil {
			t.Errorf("the owner can: %s", statement)
		} else if strings.Contains(err.Error(), "what was decided about it stands") {
			stands++
		}
	}
	if stands == 0 {
		t.Error("nothing is refused because what was decided stands")
	}
	s.sequenceAll()
	second := s.propose("method")
	s.must(pub.Publish(counsel, second.ID))
	newest, err := pub.PublicOne(s.ctx, "2026Q4", 0)
	s.must(err)
	if newest.Edition != 2 || newest.Replaces != first.Digest {
		t.Errorf("the second edition: %+v", newest)
	}
	if _, err := pub.Figures(s.ctx, newest); err != nil {
		t.Error(err)
	}
	s.verifyLog()
}

// propose computes a report and puts it before counsel.
func (s *scenario) propose(why string) publishing.Report {
	s.t.Helper()
	db, err := store.Open(s.ctx, store.Config{URL: s.db.Auditor})
	s.must(err)
	defer db.Close()
	made, err := s.reporter().count(s.ctx, db, io.Discard)
	s.must(err)
	r, err := propose(identity.With(s.ctx, identity.SystemActor()), proposing{s.publishing(), made, s.cfg.Dir, why})
	s.must(err)
	return r
}
