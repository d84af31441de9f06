package main

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/requests/ordersample"
	"lerd/internal/store/migrations"
	"lerd/internal/testkit"
	"lerd/internal/violations"
)

// scenario is lerd on a database of its own, with the demonstration's cast and
// a clock that stands still. Tests tell stories with it: s.as("rita.lind").
type scenario struct {
	*system
	t     testing.TB
	ctx   context.Context
	db    testkit.Database
	clock *testkit.Clock
	times sample.Times
	log   *logText
	owner *sql.DB // of lerd_owner, once somebody asked
	empty bool    // nobody of the cast is registered
	slack string  // how far the database lets clocks differ
	// earnest: steps count with a passkey only.
	earnest  bool
	invented bool       // its requests are the seeder's, whose events have kinds and facts of their own
	level    slog.Level // of the technical log; 0: what it says in use
	refusing bool       // the log refuses kinds of events, by a trigger of the test
	compared bool       // see comparesItsTables
	// configure changes what lerd is started with; nil: nothing.
	configure func(*config)
}

// storyNow is when the stories take place.
var storyNow = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func newScenario(t testing.TB) *scenario {
	t.Helper()
	return newScenarioOf(t, false)
}

// newTalkative gives a scenario whose technical log says all that it can.
func newTalkative(t testing.TB) *scenario {
	t.Helper()
	s := &scenario{t: t, level: slog.LevelDebug, ctx: context.Background(), db: testkit.Postgres(t), clock: testkit.NewClock(storyNow), times: sample.StoryTimes(storyNow), log: &logText{}}
	s.begin(testkit.Folder(t), false)
	return s
}

// newScenarioOf gives a scenario with the cast, or an empty one that knows nobody.
func newScenarioOf(t testing.TB, empty bool) *scenario {
	t.Helper()
	s := &scenario{t: t, empty: empty, ctx: context.Background(), db: testkit.Postgres(t), clock: testkit.NewClock(storyNow), times: sample.StoryTimes(storyNow), log: &logText{}}
	s.begin(testkit.Folder(t), false)
	return s
}

// begin fills the database, unless that was done in an earlier run, and starts lerd.
func (s *scenario) begin(dir string, filled bool) {
	t := s.t
	t.Helper()
	const password = testkit.RecordsPassword
	if !filled {
		_, err := sample.Fill(s.ctx, s.db.Owner, sample.Options{Accounts: 20, Sessions: 200, Seed: 7, Now: storyNow, Password: password})
		s.must(err)
	}
	accounts, err := sample.URL(s.db.Owner, password)
	s.must(err)
	s.anyTime()
	s.start(dir, accounts)
	t.Cleanup(func() {
		if s.system != nil {
			s.close()
		}
	})
	s.eventsHaveWords()
	t.Cleanup(s.comparesItsTables)
}

// anyTime lets the database take the story's clock for its own, as only its owner
// can.
func (s *scenario) anyTime() { s.clockSlack("200 years") }

func (s *scenario) clockSlack(most string) {
	s.t.Helper()
	s.slack = most
	db, err := sql.Open("pgx", s.db.Owner)
	if err == nil {
		_, err = db.Exec("CREATE OR REPLACE FUNCTION lerd_clock_slack() RETURNS interval LANGUAGE sql STABLE AS $$ SELECT interval '" + most + "' $$")
		db.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// evaluation says, as the database's owner, whether invented people and steps
// without passkeys count.
func (s *scenario) evaluation(yes bool) {
	s.t.Helper()
	s.must(migrations.Evaluate(s.ctx, s.db.Owner, yes))
	s.earnest = !yes
}

// start builds lerd over a data folder; a test that "kills" it starts it again.
func (s *scenario) start(dir, accounts string) {
	s.t.Helper()
	cfg := config{Dir: dir, Listen: "127.0.0.1:0", PublicOrigin: "http://localhost:8443", DatabaseURL: s.db.App, AccountsURL: accounts,
		Product: "Sample Messenger", LogOrigin: "lerd.example/test", development: true, recheck: -1}
	cfg.Controller.Name, cfg.Controller.Address, cfg.Controller.Contact = "Sample Messenger Ltd", "1 Example Street", "legal@sample.example"
	if _, err := os.Stat(cfg.path("keys")); err != nil {
		useSharedPKI(s.t, cfg)
	}
	cfg.Security.Contact = "mailto:security@sample.example"
	if s.configure != nil {
		s.configure(&cfg)
	}
	var err error
	if s.system, err = buildCore(s.ctx, cfg, slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: s.level})), s.clock.Now); err != nil {
		s.t.Fatal(err)
	}
	if err := s.publish(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	if s.empty {
		return
	}
	if err := s.seedPeople(s.ctx, storyNow); err != nil {
		s.t.Fatal(err)
	}
}

var sharedPKI string

// useSharedPKI spares each test the making of RSA keys.
func useSharedPKI(t testing.TB, cfg config) {
	t.Helper()
	if sharedPKI == "" {
		made := cfg
		made.Dir = testkit.SharedFolder(t)
		sharedPKI = made.Dir
		if _, err := demoKeys(made, func() time.Time { return storyNow }); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(cfg.path("keys", "demo-pki"), os.DirFS(sharedPKI+"/keys/demo-pki")); err != nil {
		t.Fatal(err)
	}
}

// as gives a context in which one of the cast acts, and agrees to every step that
// asks for a passkey.
func (s *scenario) as(signIn string) context.Context {
	s.t.Helper()
	system := identity.With(s.ctx, identity.SystemActor())
	p, err := s.store.PersonBySignIn(system, signIn)
	if err != nil {
		s.t.Fatalf("%s: %v", signIn, err)
	}
	actor := identity.Actor{Person: p.ID, Name: p.Name, Pseudonym: p.Pseudonym, Role: p.Role, Agency: p.Agency, Unit: p.Unit, Supervisor: p.Supervisor, DownloadFrom: p.DownloadFrom, Session: "test", Method: identity.ByDevelopment}
	return identity.Evaluating(identity.With(s.ctx, actor), s.clock.Now)
}

// order is the PDF of the story's order.
func (s *scenario) order(number string) []byte {
	s.t.Helper()
	b, err := ordersample.PDF(ordersample.Order{
		Authority: "Cyber Crime Police Station, Sample District", Address: "1 Sample Road", Number: number, CaseFile: "FIR 231/2026",
		Issued: storyNow.AddDate(0, 0, -7), Judge: "Officer in charge", Offence: "Cheating, BNS 318(4)", Facts: "The account was used to sell tickets that do not exist.",
		Targets: []string{sample.SuspectPhone}, From: wallIn("Asia/Kolkata", storyNow.AddDate(0, -3, 0)), To: wallIn("Asia/Kolkata", storyNow.AddDate(0, 0, -1)), Zone: "Asia/Kolkata",
		Data: []string{"phone numbers", "IP addresses with source port and time"}, Addressee: "Sample Messenger Ltd",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// submission is a request that is complete in form.
func (s *scenario) submission(doc requests.DocumentID, number string) requests.Submission {
	date := func(t time.Time) string { return t.Format(time.DateOnly) }
	return requests.Submission{
		Process: "IN-94", IssuerKind: "station_officer", IssuerName: "Cyber Crime Police Station", OrderNumber: number,
		IssuedOn: date(storyNow.AddDate(0, 0, -7)), ReturnOn: date(storyNow.AddDate(0, 0, 14)), OrderLanguage: "en", OrderSigned: true,
		LegalBasis: "BNSS 2023, s. 94", Addressee: "Sample Messenger Ltd", OffenceClass: "0701", OffenceProvision: "BNS 318(4)",
		OffenceText: "Sale of tickets that do not exist", MaxPenaltyYears: "7", ByNetwork: true, Need: "To identify the seller.",
		Attested: map[string]string{"order.addressee_right": "yes", "need.stated": "yes", "need.facts_shown": "yes", "need.proportionality": "yes",
			"need.individualised": "yes", "offence.sole_purpose_identify": "yes"},
		Further:  map[string]string{"fir_number": "FIR 231/2026", "data_description": "registered number and login addresses", "time_and_place": "by return, at the police station"},
		Document: doc,
		Targets: []requests.TargetInput{{Kind: "phone", Identifier: sample.SuspectPhone, HolderAt: storyNow.AddDate(0, -1, 0).Format("2006-01-02T15:04"),
			From: storyNow.AddDate(0, -3, 0).Format("2006-01-02T15:04"), To: storyNow.AddDate(0, 0, -1).Format("2006-01-02T15:04"), Zone: "Asia/Kolkata",
			PersonRole: legal.Suspect, Purpose: legal.PurposeIdentify, WantPhone: true, WantIP: true}},
	}
}

// submit takes the story to a submitted case.
func (s *scenario) submit(number string) requests.Request {
	s.t.Helper()
	ctx := s.as("asha.rao")
	doc, err := s.cases.Upload(ctx, "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	q, err := s.send(ctx, s.submission(doc.ID, number))
	s.must(err)
	return q
}

// cosigners are who signs a second time for whom.
var cosigners = map[string]string{"asha.rao": "vikram.nair"}

// send submits, and has a colleague sign too where the agency wants that.
func (s *scenario) send(ctx context.Context, in requests.Submission) (requests.Request, error) {
	s.t.Helper()
	q, err := s.cases.Submit(ctx, in)
	if err != nil || q.State != requests.AwaitingCosignature {
		return q, err
	}
	return s.cosigned(q.ID), nil
}

// sent gives the id of a request that was submitted on a document and signed twice.
func (s *scenario) sent(ctx context.Context, doc requests.DocumentID, number string) requests.ID {
	s.t.Helper()
	q, err := s.send(ctx, s.submission(doc, number))
	s.must(err)
	return q.ID
}

// cosigned has a colleague of its officer sign a request too.
func (s *scenario) cosigned(id requests.ID) requests.Request {
	s.t.Helper()
	for who, other := range cosigners {
		if actor, _ := identity.From(s.as(who)); actor.Person == s.load(id).Request.Officer {
			s.must(s.cases.CoSign(s.as(other), id))
		}
	}
	return s.load(id).Request
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		for _, p := range fault.ProblemsOf(err) {
			s.t.Logf("problem %s: %s", p.Field, p.Message)
		}
		s.t.Fatal(err)
	}
}

// review takes a submitted case to "qualified".
func (s *scenario) review(id requests.ID) {
	s.t.Helper()
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, id))
	s.answerAll(reviewer, id, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), id, legal.RoleCounsel)
	s.must(s.cases.Qualify(reviewer, id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
}

// answerAll passes every check that is open for a role.
func (s *scenario) answerAll(ctx context.Context, id requests.ID, role string) {
	s.t.Helper()
	c, err := s.cases.View(ctx, id)
	s.must(err)
	v, err := s.cases.Verdict(ctx, c)
	s.must(err)
	var in []requests.CheckInput
	for _, r := range v.Results {
		if r.Result == legal.Open && r.Counsel == (role == legal.RoleCounsel) {
			in = append(in, requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: "pass", Note: "Examined.", Place: placeFor(r)})
		}
	}
	if len(in) > 0 {
		s.must(s.cases.AnswerChecks(ctx, id, in))
	}
}

// placeFor is the place that is given with an answer: at the check of the form one is
// wanted where the order's text does not show a period.
func placeFor(r legal.CheckResult) string {
	if r.Check == "VC-09" {
		return "p1"
	}
	return ""
}

// confirm lets two confirmers say yes to everything that is open.
func (s *scenario) confirm() {
	s.t.Helper()
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		ctx := s.as(who)
		list, err := s.findings.List(ctx)
		s.must(err)
		for _, f := range list {
			s.must(s.findings.Confirm(ctx, f.ID, violations.Input{Verdict: "confirmed", Evidence: "MOD-48213"}))
		}
	}
}

// jobs lets lerd do what waits for it, until nothing moves. A process that was
// killed a moment ago may still hold the job for as long as the database takes
// to notice.
func (s *scenario) jobs() {
	s.t.Helper()
	for run, idle := 0, 0; run < 40; run++ {
		before := s.states()
		if _, err := s.caseJob.RunOnce(s.ctx); err != nil {
			s.t.Fatal(err)
		}
		if s.states() != before {
			idle = 0
			continue
		}
		if idle++; idle == 2 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Fatal("the jobs never come to rest")
}

func (s *scenario) states() string {
	list, err := s.store.Cases(identity.With(s.ctx, identity.SystemActor()), requests.Filter{Limit: 200})
	s.must(err)
	var b strings.Builder
	for _, q := range list {
		b.WriteString(string(q.ID) + string(q.State) + " ")
	}
	return b.String()
}

// state gives where a case stands.
func (s *scenario) state(id requests.ID) requests.State {
	s.t.Helper()
	c, err := s.store.Case(identity.With(s.ctx, identity.SystemActor()), id)
	s.must(err)
	return c.Request.State
}

// load gives a case as lerd itself sees it.
func (s *scenario) load(id requests.ID) requests.Case {
	s.t.Helper()
	c, err := s.store.Case(identity.With(s.ctx, identity.SystemActor()), id)
	s.must(err)
	return c
}

// logText keeps what a scenario logs; it is read while lerd goes on.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds a line.
func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives everything so far.
func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// sequenceAll brings every event into the log and signs it.
func (s *scenario) sequenceAll() {
	s.t.Helper()
	// The second idle round publishes what a portal that was stopped had signed.
	for idle, busy := 0, 0; idle < 2; {
		r, err := s.sequencer.RunOnce(s.ctx)
		s.must(err)
		if r.Idle && busy < 500 { // a portal that stops has not let the log go yet
			busy++
			time.Sleep(10 * time.Millisecond)
			continue
		}
		idle++
		if r.Placed > 0 {
			idle = 0
		}
	}
}

func identityFrom(ctx context.Context) (identity.Actor, bool) { return identity.From(ctx) }
