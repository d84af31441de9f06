package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/jobs"
	"lerd/internal/records"
	"lerd/internal/records/httprecords/reference"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/testkit/mtls"
)

// tellTale is an engine that says more than it may, at one of its paths.
type tellTale struct {
	http.Handler
	path, old, with string // "" while it keeps to what is documented
}

func (e *tellTale) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != e.path {
		e.Handler.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	e.Handler.ServeHTTP(rec, r)
	for name, v := range rec.Header() {
		w.Header()[name] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(bytes.Replace(rec.Body.Bytes(), []byte(e.old), []byte(e.with), 1)) //nolint:errcheck // the client sees it
}

// engine gives the scenario's account data over HTTPS, through a tell-tale.
func (s *scenario) engine() *tellTale {
	s.t.Helper()
	certs := mtls.New(s.t)
	e := &tellTale{Handler: (&reference.Server{Source: s.source, Snapshot: "s"}).Handler()}
	cfg := s.cfg
	cfg.AccountsURL = certs.Serve(s.t, e)
	cfg.Records = recordsConfig{Kind: "http", Cert: certs.File("client.pem"), Key: certs.File("client.key"), CA: certs.File("ca.pem")}
	engine, err := openRecords(s.t.Context(), cfg)
	s.must(err)
	s.t.Cleanup(engine.Close)
	s.cases.Source = guarded(cfg, engine, s.store, func() time.Time { return s.clock.Now() })
	s.findings.Source = s.cases.Source
	return e
}

// breaches gives what the auditors were told: operation and rule of each.
func (s *scenario) breaches() []string {
	s.t.Helper()
	return s.column(`SELECT (convert_from(entry, 'UTF8')::jsonb -> 'facts' ->> 'op') || ': ' || (convert_from(entry, 'UTF8')::jsonb -> 'facts' ->> 'breach')
		FROM audit.event WHERE kind = 'source.breached' ORDER BY recorded_at`)
}

// TestATellTaleEngineIsStopped lets the platform's own engine say more than it may
// in each of its answers: to the reviewer who claims, to the confirmer who looks
// at the account, to the job that freezes. Each time the auditors are told once,
// and nothing leaves; when the engine keeps to its description again, the case
// goes on.
func TestATellTaleEngineIsStopped(t *testing.T) {
	s := newScenario(t)
	e := s.engine()
	bent := func(path, old, with string) { e.path, e.old, e.with = path, old, with }
	q := s.submit("IN/94/2026/770")

	bent("/v1/resolve", `"account_id"`, `"message_text":"whispered-7431","account_id"`)
	for range 2 {
		if err := s.cases.Claim(s.as("rita.lind"), q.ID); fault.KindOf(err) != fault.Gate || strings.Contains(err.Error(), "whispered-7431") {
			t.Errorf("claimed on a tell-tale answer: %v", err)
		}
	}
	bent("", "", "")
	s.review(q.ID)
	s.jobs()

	bent("/v1/summary", `"username"`, `"contacts":["whispered-7431"],"username"`)
	list, err := s.findings.List(s.as("carl.ito"))
	s.must(err)
	for range 2 {
		sheet, err := s.findings.View(s.as("carl.ito"), list[0].ID)
		if fault.KindOf(err) != fault.Gate || sheet.Account.Account != 0 {
			t.Errorf("a confirmer sees %+v, %v", sheet.Account, err)
		}
	}
	bent("", "", "")
	s.confirm()

	for _, b := range []struct{ path, old, with string }{
		{"/v1/phones", `"phone_e164"`, `"email":"whispered-7431","phone_e164"`},
		{"/v1/sessions", `"is_shared"`, `"message_text":"whispered-7431","is_shared"`},
	} {
		bent(b.path, b.old, b.with)
		s.jobs()
		s.jobs()
		if c := s.load(q.ID); c.Release != nil || c.Request.State != requests.Confirmed {
			t.Fatalf("%s: the case is %s, its release %v", b.path, c.Request.State, c.Release)
		}
	}
	want := []string{"resolve: unknown member", "summary: unknown member", "phones: unknown member", "sessions: unknown member"}
	if got := s.breaches(); !slices.Equal(got, want) {
		t.Errorf("the auditors were told %q, want %q", got, want)
	}
	if strings.Contains(s.log.String(), "whispered-7431") || strings.Contains(s.dump(), "whispered-7431") {
		t.Error("what must not come is kept somewhere")
	}
	bent("", "", "")
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		t.Errorf("the engine is right again, and the case is %s", got)
	}
	s.verifyLog()
}

// TestAnEngineThatIsAlmostRightIsStopped bends the records themselves, each by as
// little as makes them wrong: nothing is frozen, and the auditors read each rule.
func TestAnEngineThatIsAlmostRightIsStopped(t *testing.T) {
	s := newScenario(t)
	e := s.engine()
	q := s.submit("IN/94/2026/771")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	var want []string
	for _, b := range []struct{ path, old, with, rule string }{
		{"/v1/phones", `"phone_e164":"+`, `"phone_e164":"00`, "number not in E.164 form"},
		{"/v1/phones", `"valid_to":null`, `"valid_to":"0001-01-01T00:00:00Z"`, "time not in UTC microseconds"},
		{"/v1/phones", `{"end":`, `{"end":{"rows":1}}` + "\n" + `{"end":`, "something behind the end"},
		{"/v1/sessions", `Z","event_type"`, `+05:30","event_type"`, "time not in UTC microseconds"},
		{"/v1/sessions", `"ip_address":"`, `"ip_address":"::ffff:`, "impossible address"},
		{"/v1/sessions", `"source_record_id":"`, "\"source_record_id\":\"\xc0", "line that is not UTF-8"},
	} {
		e.path, e.old, e.with = b.path, b.old, b.with
		s.jobs()
		if c := s.load(q.ID); c.Release != nil || c.Request.State != requests.Confirmed {
			t.Fatalf("%s: the case is %s, its release %v", b.rule, c.Request.State, c.Release)
		}
		want = append(want, strings.TrimPrefix(b.path, "/v1/")+": "+b.rule)
	}
	if got := s.breaches(); !slices.Equal(got, want) {
		t.Errorf("the auditors were told %q, want %q", got, want)
	}
	e.path = ""
	s.jobs()
	if c := s.load(q.ID); c.Release == nil {
		t.Errorf("an engine that is right again is not read\n%s", s.log)
	}
}

// TestACanaryNeverLeaves plants a value of the account's own rows as one that must
// never appear: in the answer, and, where it was frozen before it was planted, in
// what is about to leave.
func TestACanaryNeverLeaves(t *testing.T) {
	s := newScenario(t)
	c, _ := s.prepared()
	id, approver := c.Request.ID, s.as("anna.keller")
	_, sheet, err := s.cases.ViewRelease(approver, id, 0, 1<<20)
	s.must(err)
	frozen := sheet.Rows[len(sheet.Rows)-1].IP.RecordID
	s.must(s.cases.Approve(approver, id, c.Release.Digest))
	x := s.caseJob.Export.(*jobs.Exporter)
	x.Maker.Canaries = []string{"never-there", frozen}
	s.jobs()
	if got := s.state(id); got != requests.Approved {
		t.Fatalf("the case is %s", got)
	}
	if got := s.breaches(); !slices.Equal(got, []string{"export: canary value"}) {
		t.Errorf("the auditors were told %q", got)
	}
	if left := s.column("SELECT id::text FROM audit.event WHERE kind IN ('export.sealed', 'export.released')"); len(left) != 0 {
		t.Errorf("%d events say that something was sealed", len(left))
	}
	x.Maker.Canaries = nil
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase {
		t.Errorf("without the canary the case is %s", got)
	}
}

// TestAReassignedPhoneLeadsToWhoHeldItThen asks for a number that changed hands:
// at the stated moment it leads to its first holder, over both times to nobody,
// and one that passes to another account after the review stops the release.
func TestAReassignedPhoneLeadsToWhoHeldItThen(t *testing.T) {
	s := newScenario(t)
	times := sample.StoryTimes(storyNow)
	at := func(when time.Time) func(*requests.Submission) {
		return func(in *requests.Submission) {
			in.Targets[0].Kind, in.Targets[0].Identifier, in.Targets[0].HolderAt = "phone", sample.RecycledPhone, when.Format("2006-01-02T15:04")
		}
	}
	for n, want := range map[string]struct {
		at      time.Time
		account records.AccountID
	}{
		"before": {times.PhoneGivenUp.Add(-24 * time.Hour), sample.FirstByPhone},
		"after":  {times.PhoneTakenAgain.Add(24 * time.Hour), sample.NextByPhone},
		"gap":    {times.PhoneGivenUp.Add(24 * time.Hour), 0},
	} {
		q := s.submitWith("IN/94/2026/773"+n, at(want.at))
		s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
		if got := s.load(q.ID).Request.Targets[0]; got.AccountID != int64(want.account) {
			t.Errorf("%s: the number leads to account %d (%s), want %d", n, got.AccountID, got.Resolution, want.account)
		}
	}
	id := s.ready("IN/94/2026/774")
	s.must(s.cases.Reissue(s.as("rita.lind"), id, "file_lost", "Lost."))
	good := s.cases.Source
	s.cases.Source = records.Guard(bentSource{Source: s.source, resolve: func(r records.Resolution) records.Resolution {
		for i := range r.Holdings {
			r.Holdings[i].Account++
		}
		return r
	}})
	s.jobs()
	if cp := s.load(id).Copies[0]; cp.State != requests.Ordered {
		t.Errorf("a copy was made although the number passed to another account: %s", cp.State)
	}
	s.cases.Source = good
	s.jobs()
	if cp := s.load(id).Copies[0]; cp.State != requests.Exported {
		t.Errorf("the copy is %s", cp.State)
	}
}
