package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/agencies"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/jobs"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// upload sends the order of a number as the story's officer.
func (s *scenario) upload(number string) requests.DocumentID {
	s.t.Helper()
	doc, err := s.cases.Upload(s.as("asha.rao"), "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	return doc.ID
}

// ownerDB opens a session of the database's owner.
func (s *scenario) ownerDB() *sql.DB {
	s.t.Helper()
	db, err := sql.Open("pgx", s.db.Owner)
	s.must(err)
	db.SetMaxOpenConns(1)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// asOwner writes to business tables as the owner, with an event of its own.
func (s *scenario) asOwner(stream string, statements ...string) {
	s.t.Helper()
	db := s.ownerDB()
	defer db.Close()
	s.must(attacker{db: db, as: "owner"}.try(stream, statements...))
}

// happen writes one changed row with its event, as lerd itself.
func (s *scenario) happen(kind, stream string, version int64, row any) {
	s.t.Helper()
	ctx := identity.With(s.ctx, identity.SystemActor())
	e := change.Event(ctx, s.clock.Now(), kind, stream, version)
	s.must(s.store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{row}}}}))
}

// suspendAgency sets an agency's standing; it comes back by vetting alone.
func (s *scenario) suspendAgency(id identity.AgencyID, standing identity.Standing) {
	s.t.Helper()
	a, err := s.store.AgencyByID(identity.With(s.ctx, identity.SystemActor()), id)
	s.must(err)
	if standing == identity.Verified {
		s.reinstate(a)
		return
	}
	a.Standing, a.Version = standing, a.Version+1
	s.happen("agency.standing", "agency:"+string(id), a.Version, &a)
}

// reinstate vets a suspended agency anew.
func (s *scenario) reinstate(a identity.Agency) {
	s.t.Helper()
	if a.Standing == identity.Suspended {
		s.must(s.agencies.Renew(s.as("nora.berg"), a.ID, agencies.SourceInput{Register: "Another register", Reference: "page 7", SeenOn: s.clock.Now().Format(time.DateOnly)}))
		s.must(s.vet(s.ctx, a.ID))
	}
}

// fellFinding lets a confirmed finding fall, or come under appeal.
func (s *scenario) fellFinding(id requests.FindingID, state violations.State, appeal string) {
	s.t.Helper()
	f, err := s.store.Finding(identity.With(s.ctx, identity.SystemActor()), string(id))
	s.must(err)
	for _, who := range []string{"emil.novak", "carl.ito"} {
		s.must(s.findings.Appeal(s.as(who), string(id), violations.Overturn, "Appeal A-17: the account was hijacked."))
		if appeal == "pending" {
			return
		}
	}
	if f, err = s.store.Finding(identity.With(s.ctx, identity.SystemActor()), string(id)); err != nil || f.State != state || f.Appeal != appeal {
		s.t.Fatalf("after two words on the appeal the finding is %s, %s: %v", f.State, f.Appeal, err)
	}
}

// TestAReturnedCaseGoesRoundAgain takes a case that the approver sent back
// through each way that is open to it.
func TestAReturnedCaseGoesRoundAgain(t *testing.T) {
	s := newScenario(t)
	reviewer, approver := s.as("rita.lind"), s.as("anna.keller")
	back := func(number string) requests.ID {
		q := s.submit(number)
		s.review(q.ID)
		s.jobs()
		s.confirm()
		s.jobs()
		s.must(s.cases.Return(approver, q.ID, "The period seems too long."))
		if c := s.load(q.ID); c.Request.State != requests.InReview || c.Release != nil {
			t.Fatalf("after the return: %s, release %v", c.Request.State, c.Release)
		}
		return q.ID
	}
	id := back("IN/94/2026/201")
	from, to := storyNow.AddDate(0, -1, 0), storyNow.AddDate(0, 0, -2)
	s.must(s.cases.Decide(reviewer, id, []requests.DecisionInput{{Target: "t1", Category: requests.IPAddress, Outcome: requests.Narrow,
		Note: "The last month is enough.", From: from.Format("2006-01-02T15:04"), To: to.Format("2006-01-02T15:04"), Zone: "UTC"}}))
	s.must(s.cases.Qualify(reviewer, id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	c := s.load(id)
	if c.Request.State != requests.Confirmed || c.Release == nil {
		t.Fatalf("a finding that stands carries the case on: %s", c.Request.State)
	}
	s.must(s.cases.Approve(approver, id, c.Release.Digest))
	s.jobs()
	if c = s.load(id); c.Request.State != requests.ExportedCase {
		t.Fatalf("after the second approval: %s\n%s", c.Request.State, s.log)
	}
	for _, i := range c.Release.Items {
		if i.Category == requests.IPAddress && (!i.From.Equal(from) || !i.To.Equal(to)) {
			t.Errorf("released %s to %s, decided %s to %s", i.From, i.To, from, to)
		}
	}
	s.must(s.cases.Refuse(reviewer, back("IN/94/2026/202"), []string{"RR-12"}, "Too wide after all."))

	id = back("IN/94/2026/203")
	s.must(s.cases.Unclaim(reviewer, id, "On leave."))
	other := s.as("omar.haddad")
	s.must(s.cases.Claim(other, id))
	s.answerAll(other, id, legal.RoleReviewer)
	s.must(s.cases.Qualify(other, id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	if c := s.load(id); c.Request.State != requests.Confirmed || c.Release == nil || c.Release.Reviewer != c.Request.Reviewer {
		t.Errorf("with another reviewer: %s, release %v", c.Request.State, c.Release)
	}
	s.verifyLog()
}

// TestAReopenedConflictCanGoOn lets trust and safety deny the violation, and
// counsel ask for another finding.
func TestAReopenedConflictCanGoOn(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/211")
	s.review(q.ID)
	s.jobs()
	finding := string(s.load(q.ID).Asks[0].Finding)
	s.must(s.findings.Confirm(s.as("carl.ito"), finding, violations.Input{Verdict: "rejected", Note: "No scam to be seen."}))
	s.jobs()
	if got := s.state(q.ID); got != requests.LegalConflict {
		t.Fatalf("after the denial: %s", got)
	}
	s.must(s.cases.Reopen(s.as("helen.park"), q.ID, "Look at the second channel too."))
	s.must(s.cases.Qualify(s.as("rita.lind"), q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	if got := s.state(q.ID); got != requests.AwaitingConfirmation {
		t.Fatalf("after the second qualification: %s", got)
	}
	s.confirm()
	s.jobs()
	if c := s.load(q.ID); c.Request.State != requests.Confirmed || c.Release == nil {
		t.Errorf("after the second finding: %s", c.Request.State)
	}
	s.verifyLog()
}

// TestAWitnessIsRefusedAsOne: what counsel settles gives the gate that failed
// as its reason, and refuses every category.
func TestAWitnessIsRefusedAsOne(t *testing.T) {
	s := newScenario(t)
	in := s.submission(s.upload("IN/94/2026/212"), "IN/94/2026/212")
	in.Targets[0].PersonRole = legal.Witness
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	reviewer, counsel := s.as("rita.lind"), s.as("helen.park")
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(counsel, q.ID, legal.RoleCounsel)
	if err := s.cases.Qualify(reviewer, q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}); fault.KindOf(err) != fault.Gate {
		t.Errorf("a witness qualified: %v", err)
	}
	s.must(s.cases.SendToCounsel(reviewer, q.ID, "The person is a witness."))
	s.must(s.cases.SettleConflict(counsel, q.ID, "We object: the person is not a suspect."))
	c := s.load(q.ID)
	if c.Request.State != requests.Refused || len(c.Request.Refusals) != 1 || c.Request.Refusals[0] != "RR-13" || len(c.Decisions) != 2 {
		t.Errorf("settled as %s for %v with %d decisions", c.Request.State, c.Request.Refusals, len(c.Decisions))
	}
	if _, err := s.cases.Verdict(reviewer, c); err != nil {
		t.Errorf("the verdict of a refused case: %v", err)
	}
}

// TestPeopleNarrowNoLessThanTheLaw: the process carries 365 days.
func TestPeopleNarrowNoLessThanTheLaw(t *testing.T) {
	s := newScenario(t)
	in := s.submission(s.upload("IN/94/2026/214"), "IN/94/2026/214")
	from, to := storyNow.AddDate(0, 0, -401), storyNow.AddDate(0, 0, -1)
	in.Targets[0].From, in.Targets[0].To, in.Targets[0].Zone = from.Format("2006-01-02T15:04"), to.Format("2006-01-02T15:04"), "UTC"
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	narrow := func(days int, reasons ...string) error {
		return s.cases.Decide(reviewer, q.ID, []requests.DecisionInput{{Target: "t1", Category: requests.IPAddress, Outcome: requests.Narrow, Note: "n", Reasons: reasons,
			From: to.AddDate(0, 0, -days).Format("2006-01-02T15:04"), To: to.Format("2006-01-02T15:04"), Zone: "UTC"}})
	}
	if err := narrow(395); fault.KindOf(err) != fault.Invalid {
		t.Errorf("395 days where the process carries 365: %v", err)
	}
	if err := narrow(20, "Max Muster, +447700900123"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a reason that is no code: %v", err)
	}
	s.must(s.cases.Qualify(reviewer, q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	for _, d := range s.load(q.ID).Decisions {
		if d.To.Sub(d.From) > 365*24*time.Hour {
			t.Errorf("%s: %s are to be produced", d.Category, d.To.Sub(d.From))
		}
	}
}

// TestARepeatedFormGivesItsFirstOutcome sends each form of a story twice, as
// after a lost answer.
func TestARepeatedFormGivesItsFirstOutcome(t *testing.T) {
	s := newScenario(t)
	twice := func(name string, ctx context.Context, step func(context.Context) error) {
		t.Helper()
		ctx = keyed(ctx, uuid.NewString(), name)
		s.must(step(ctx))
		var used *change.Used
		if err := step(ctx); !errors.As(err, &used) || used.Outcome == "" {
			t.Errorf("%s, sent again: %v", name, err)
		}
	}
	reviewer, officer, approver := s.as("rita.lind"), s.as("asha.rao"), s.as("anna.keller")
	q := s.submit("IN/94/2026/215")
	twice("claim", reviewer, func(ctx context.Context) error { return s.cases.Claim(ctx, q.ID) })
	twice("unclaim", reviewer, func(ctx context.Context) error { return s.cases.Unclaim(ctx, q.ID, "Lunch.") })
	s.must(s.cases.Claim(reviewer, q.ID))
	twice("check", reviewer, func(ctx context.Context) error {
		return s.cases.AnswerChecks(ctx, q.ID, []requests.CheckInput{{Check: "VC-06", Result: "pass"}})
	})
	twice("ask", reviewer, func(ctx context.Context) error { return s.cases.Ask(ctx, q.ID, "Which channel?") })
	twice("reply", officer, func(ctx context.Context) error { return s.cases.Reply(ctx, q.ID, "The one named.") })
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	twice("decide", reviewer, func(ctx context.Context) error {
		return s.cases.Decide(ctx, q.ID, []requests.DecisionInput{{Target: "t1", Category: requests.PhoneNumber, Outcome: requests.Produce}})
	})
	twice("qualify", reviewer, func(ctx context.Context) error {
		return s.cases.Qualify(ctx, q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}})
	})
	s.jobs()
	finding := string(s.load(q.ID).Asks[0].Finding)
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		twice("confirm", s.as(who), func(ctx context.Context) error {
			return s.findings.Confirm(ctx, finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-1"})
		})
	}
	s.jobs()
	digest := s.load(q.ID).Release.Digest
	twice("approve", approver, func(ctx context.Context) error { return s.cases.Approve(ctx, q.ID, digest) })
	other := s.submit("IN/94/2026/216")
	twice("withdraw", officer, func(ctx context.Context) error { return s.cases.Withdraw(ctx, other.ID, "Settled.") })
	third := s.submit("IN/94/2026/217")
	s.must(s.cases.Claim(reviewer, third.ID))
	twice("refuse", reviewer, func(ctx context.Context) error { return s.cases.Refuse(ctx, third.ID, []string{"RR-12"}, "Too wide.") })
}

// TestWhatFallsOnTheWayStopsTheRelease lets a finding fall, or the agency's
// standing, before the approval and at durable points of the export.
func TestWhatFallsOnTheWayStopsTheRelease(t *testing.T) {
	falls := map[string]func(s *scenario, c requests.Case){
		"overturned": func(s *scenario, c requests.Case) {
			s.fellFinding(c.Asks[0].Finding, violations.Overturned, "overturned")
		},
		"appeal pending": func(s *scenario, c requests.Case) { s.fellFinding(c.Asks[0].Finding, violations.Confirmed, "pending") },
		"suspended":      func(s *scenario, c requests.Case) { s.suspendAgency(c.Request.Agency, identity.Suspended) },
		"expired":        func(s *scenario, _ requests.Case) { s.clock.Advance(200 * 24 * time.Hour) },
	}
	for name, fall := range falls {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t)
			c, rel := s.prepared()
			fall(s, c)
			err := s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest)
			if fault.KindOf(err) != fault.Gate || name == "suspended" && !strings.Contains(fault.Message(err), "The agency is suspended") {
				t.Errorf("approved: %v", err)
			}
			if got := s.state(c.Request.ID); got != requests.Confirmed {
				t.Errorf("the case is %s", got)
			}
		})
	}
	for _, at := range []struct{ fall, point string }{{"overturned", jobs.PointSealed}, {"appeal pending", jobs.PointKept}, {"suspended", jobs.PointKept}, {"expired", jobs.PointSealed}} {
		t.Run(at.fall+" at "+at.point, func(t *testing.T) {
			s := newScenario(t)
			c, rel := s.prepared()
			s.must(s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest))
			s.caseJob.Export.(*jobs.Exporter).Reached = func(p string) {
				if p == at.point {
					falls[at.fall](s, c)
				}
			}
			_, err := s.caseJob.RunOnce(s.ctx)
			if got := s.state(c.Request.ID); got != requests.Approved {
				t.Errorf("the case is %s (%v)", got, err)
			}
			if _, _, err := s.cases.Download(s.as("asha.rao"), c.Request.ID); fault.KindOf(err) != fault.NotFound {
				t.Errorf("downloaded: %v", err)
			}
			s.must(s.cases.Return(s.as("ben.osei"), c.Request.ID, "Its ground has fallen."))
			if c := s.load(c.Request.ID); c.Request.State != requests.InReview || c.Release != nil {
				t.Errorf("returned: %s, release %v", c.Request.State, c.Release)
			}
		})
	}
}

// TestABundleOfASuspendedAgencyStays: to its officers there is nothing any more.
func TestABundleOfASuspendedAgencyStays(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/219")
	officer := s.as("asha.rao") // signed in while the agency was verified
	s.suspendAgency(s.load(id).Request.Agency, identity.Suspended)
	if _, _, err := s.cases.Download(officer, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("downloaded: %v", err)
	}
}

// TestTwoTabsAreTwoLooks opens one case many times at once.
func TestTwoTabsAreTwoLooks(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/218")
	ctx := s.as("rita.lind")
	errs := together(8, func(int) error { _, err := s.cases.View(ctx, q.ID); return err })
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	var looks int
	s.must(s.store.SQL().QueryRow("SELECT count(*) FROM audit.event WHERE kind = 'request.viewed' AND stream LIKE 'look:' || $1 || ':%'", string(q.ID)).Scan(&looks))
	if looks != 8 {
		t.Errorf("%d looks are on record, want 8", looks)
	}
}

// TestDaysAreTheAgencysDays: it is already tomorrow in Kolkata.
func TestDaysAreTheAgencysDays(t *testing.T) {
	s := newScenario(t)
	s.clock.Set(time.Date(2026, 11, 2, 20, 0, 0, 0, time.UTC))
	in := s.submission(s.upload("IN/94/2026/222"), "IN/94/2026/222")
	in.IssuedOn, in.ReturnOn = "2026-11-03", "2026-11-16"
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	if want := time.Date(2026, 11, 16, 18, 29, 59, 0, time.UTC); !q.EffectBy.Equal(want) {
		t.Errorf("due %s, want the end of the agency's day, %s", q.EffectBy, want)
	}
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	v, err := s.cases.Verdict(reviewer, s.load(q.ID))
	s.must(err)
	if v.Outcome != legal.Undecided {
		t.Errorf("an order of today is %s: %v", v.Outcome, v.Failing)
	}
	in.IssuedOn = "2026-11-04"
	if _, err := s.send(s.as("asha.rao"), in); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an order of tomorrow: %v", err)
	}
}

// TestASessionThatEndedStaysEnded signs out while another request of the same
// session is under way.
func TestASessionThatEndedStaysEnded(t *testing.T) {
	s := newScenario(t)
	token, actor, err := s.people.SignInForDevelopment(s.ctx, "rita.lind")
	s.must(err)
	system := identity.With(s.ctx, identity.SystemActor())
	var hash []byte
	s.must(s.store.SQL().QueryRow("SELECT token_hash FROM session WHERE id = $1", string(actor.Session)).Scan(&hash))
	stale, _, _, err := s.store.Session(system, hash)
	s.must(err)
	s.must(s.people.SignOut(identity.With(s.ctx, actor), token))
	stale.SeenAt = s.clock.Now().Add(2 * time.Minute)
	s.must(s.store.PutSession(system, stale)) // what the other request would do
	if _, err := s.people.Authenticate(s.ctx, token); fault.KindOf(err) != fault.SignIn {
		t.Errorf("a session that was signed out lives: %v", err)
	}
	if err := s.people.SignOut(identity.With(s.ctx, actor), token); err != nil {
		t.Errorf("signing out again: %v", err)
	}
}

// TestNonsenseIsNotFound: an id that cannot be is an id that is not.
func TestNonsenseIsNotFound(t *testing.T) {
	s := newScenario(t)
	for _, id := range []string{"x", "00000000-0000-4000-8000-00000000000g", "' OR 1=1", "a\x00b", uuid.NewString()} {
		if _, err := s.cases.View(s.as("rita.lind"), requests.ID(id)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("View(%q): %v", id, err)
		}
		if _, err := s.findings.View(s.as("carl.ito"), id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("finding %q: %v", id, err)
		}
	}
	list, err := s.cases.List(s.as("rita.lind"), requests.Filter{Ref: "a\x00b"})
	if fault.KindOf(err) != fault.NotFound || len(list) > 0 {
		t.Errorf("List: %v", err)
	}
}
