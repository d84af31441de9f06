package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
	"lerd/internal/usernotice"
	"lerd/internal/web"
)

// ofError gives the notices about an error.
func (s *scenario) ofError(id string) []oversight.ErrorNotice {
	s.t.Helper()
	list, _, err := s.oversight.ErrorTold(s.as("ines.moreau"), id)
	s.must(err)
	if len(list) == 0 {
		s.t.Fatal("nobody is to be told of the error")
	}
	return list
}

// ofDisclosure gives the notice of a case's disclosure.
func (s *scenario) ofDisclosure(id requests.ID) (n usernotice.Notice) {
	s.t.Helper()
	for _, x := range s.onFile(id).Notices {
		if x.Error == "" {
			n = x
		}
	}
	return n
}

// deaf hands letters over and does not hear the answer as often as it says.
type deaf struct {
	usernotice.Courier
	times int
}

// Deliver delivers, and reports that it did not.
func (d *deaf) Deliver(ctx context.Context, l usernotice.Letter) (string, error) {
	receipt, err := d.Courier.Deliver(ctx, l)
	if d.times > 0 {
		d.times--
		return "", fault.New(fault.Unavailable, "The answer was lost.")
	}
	return receipt, err
}

// serious reports an error in a case and finds it serious.
func (s *scenario) serious(q requests.Request) string {
	s.t.Helper()
	id, err := s.oversight.ReportError(s.as("rita.lind"), "too_much", q.Ref, "One day too many.", storyNow)
	s.must(err)
	s.must(s.oversight.AssessError(s.as("ines.moreau"), id, "significant", "some", "It was used in court."))
	return id
}

// settles tries to close an error, and wants the kind of the refusal.
func (s *scenario) settles(id, told, ref string, want fault.Kind) {
	s.t.Helper()
	if err := s.oversight.SettleError(s.as("ines.moreau"), id, told, "The user has to know.", ref); err == nil || fault.KindOf(err) != want {
		s.t.Errorf("closed as %s with %q: %v, want %s", told, ref, err, want)
	}
}

// TestASeriousErrorIsToldToWhomItTouched: while a gag runs nobody is told, then the
// platform is away, then it tells the user and its answer is lost: the entry closes
// only with the receipt, the user is told once, and reads a page of its own.
func TestASeriousErrorIsToldToWhomItTouched(t *testing.T) {
	s := newScenario(t)
	m := s.messaging()
	q := s.released("IN/94/2026/881", "2026-11-20").Request
	id := s.serious(q)
	n := s.noticeOf(q.ID, id)
	link := s.telling.Links.Of(n.ID)
	s.tell()
	if n.State != usernotice.Scheduled || m.got != 0 || s.noticeOpens(link) {
		t.Fatalf("under a gag the notice is %s, the platform was asked %d times", n.State, m.got)
	}
	s.settles(id, "told", n.Ref, fault.Gate)
	s.settles(id, "not_told", "", fault.Gate)

	s.clock.Advance(19 * 24 * time.Hour)
	m.down = true // what is handed over is lost
	_, _ = s.tellUsers(s.ctx)
	if n = s.noticeOf(q.ID, id); n.State != usernotice.Sent || n.Attempts != 1 || len(m.told) != 0 {
		t.Errorf("after a loss it is %s, tried %d times", n.State, n.Attempts)
	}
	s.settles(id, "told", n.Ref, fault.Gate)
	m.down, s.telling.Courier = false, &deaf{s.telling.Courier, 2} // both notices are taken, and the answers lost
	s.clock.Advance(time.Hour)
	_, _ = s.tellUsers(s.ctx)
	if n = s.noticeOf(q.ID, id); n.State != usernotice.Sent || len(m.told) != 2 {
		t.Errorf("done but reported lost: it is %s, %d were told", n.State, len(m.told))
	}
	s.settles(id, "told", n.Ref, fault.Gate)
	s.clock.Advance(24 * time.Hour)
	s.tell()
	if n = s.noticeOf(q.ID, id); n.State != usernotice.Delivered || len(m.told) != 2 {
		t.Fatalf("at the end it is %s, %d were told", n.State, len(m.told))
	}
	if got := m.told[`"`+string(n.ID)+`"`]; got.Kind != "error" || got.Link != link || got.Reference != n.Ref {
		t.Errorf("the platform was handed %+v", got)
	}
	if got := m.told[`"`+string(s.ofDisclosure(q.ID).ID)+`"`]; got.Kind != "" {
		t.Errorf("the notice of the disclosure has the kind %q", got.Kind)
	}
	s.must(s.oversight.SettleError(s.as("ines.moreau"), id, "told", "It is over.", n.Ref))
	s.readsOfTheError(n, link)
	s.verifyLog()
}

// noticeOf gives the only notice about an error.
func (s *scenario) noticeOf(id requests.ID, mistake string) (n usernotice.Notice) {
	s.t.Helper()
	for _, x := range s.onFile(id).Notices {
		if x.Error == mistake {
			n = x
		}
	}
	if n.ID == "" {
		s.t.Fatal("nobody is to be told")
	}
	return n
}

// readsOfTheError opens the user's page in two languages.
func (s *scenario) readsOfTheError(n usernotice.Notice, link string) {
	s.t.Helper()
	p := s.open(web.Limits{})
	defer p.stop()
	at := link[strings.Index(link, "/notice/"):]
	for lang, want := range map[string]string{"en": "A serious mistake was made with your data", "de": "schwerer Fehler"} {
		got, err := newVisitor(p.base).get(s.ctx, at+"?lang="+lang)
		if err != nil || got.status != http.StatusOK || !strings.Contains(string(got.body), want) || !strings.Contains(string(got.body), n.Ref) {
			s.t.Errorf("in %s the page is %d, %v", lang, got.status, err)
		}
	}
}

// TestCounselSignsWhyAnErrorIsClosed: only counsel, not who reported it, once, with a
// passkey; the notice goes out all the same.
func TestCounselSignsWhyAnErrorIsClosed(t *testing.T) {
	s := newScenario(t)
	m := s.messaging()
	q := s.released("IN/94/2026/882", "2026-11-20").Request
	id := s.serious(q)
	for _, who := range []string{"ines.moreau", "rita.lind", "anna.keller", "asha.rao", "tess.boyd"} {
		if err := s.oversight.ExcuseError(s.as(who), id, "Because."); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s signs: %v", who, err)
		}
	}
	helen := s.as("helen.park")
	if err := s.oversight.ExcuseError(helen, id, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	actor, _ := identity.From(helen)
	if err := s.oversight.ExcuseError(identity.With(s.ctx, actor), id, "Because."); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without a passkey: %v", err)
	}
	s.must(s.oversight.ExcuseError(helen, id, "The gag runs for years; the court was told."))
	if err := s.oversight.ExcuseError(helen, id, "Again."); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second reason: %v", err)
	}
	s.must(s.oversight.SettleError(s.as("ines.moreau"), id, "not_told", "Counsel has signed why.", ""))
	s.clock.Advance(19 * 24 * time.Hour)
	s.tell()
	if n := s.noticeOf(q.ID, id); n.State != usernotice.Delivered || len(m.told) != 2 {
		t.Errorf("counsel's reason withholds the notice: it is %s", n.State)
	}
	own, err := s.oversight.ReportError(s.as("helen.park"), "process", q.Ref, "A step was left out.", storyNow)
	s.must(err)
	s.must(s.oversight.AssessError(s.as("ines.moreau"), own, "significant", "none", "So it is."))
	if err := s.oversight.ExcuseError(s.as("helen.park"), own, "Mine."); fault.KindOf(err) != fault.Gate {
		t.Errorf("who reported it signs: %v", err)
	}
	s.verifyLog()
}

// TestTheDatabaseClosesNoSeriousErrorUntold attacks the register with raw SQL.
func TestTheDatabaseClosesNoSeriousErrorUntold(t *testing.T) {
	s := newScenario(t)
	s.messaging()
	q := s.released("IN/94/2026/883", "2026-11-20").Request
	id := s.serious(q)
	open, err := s.oversight.ReportError(s.as("rita.lind"), "too_much", q.Ref, "Another day.", storyNow)
	s.must(err)
	ines, helen := s.personID("ines.moreau"), s.personID("helen.park")
	version := func(id string) string {
		return s.column("SELECT version::text FROM error_report WHERE id = '" + id + "'")[0]
	}
	close := fmt.Sprintf("UPDATE error_report SET state = 'settled', told = '%%s', told_why = 'x', told_ref = 'UN-2026-0000-0000', settled_by = '%s', settled_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'", ines, id)
	agreed := s.gave("ines.moreau", identity.PurposeAudit, identity.DigestOf("lerd settle error v1", id, version(id)))
	assess := fmt.Sprintf("UPDATE error_report SET state = 'assessed', serious = true, prejudice = 'significant', harm = 'none', reason = 'x', assessed_by = '%s', assessed_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'", ines, open)
	assessed := s.gave("ines.moreau", identity.PurposeAudit, identity.DigestOf("lerd assess error v1", open))
	reason := func(by string) string {
		return fmt.Sprintf("INSERT INTO error_reason (id, error_id, reason, by_id, at, event_id) VALUES (gen_random_uuid(), '%s', 'I say so.', '%s', now(), $EVENT)", id, by)
	}
	signed := s.gave("helen.park", identity.PurposeErrorReason, identity.DigestOf("lerd error reason v1", id, version(id)))
	false_ := fmt.Sprintf(`INSERT INTO user_notice SELECT (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid(), 'ref', 'UN-2026-0000-0000', 'error_id', '%s', 'version', 1, 'event_id', $EVENT::text))).* FROM user_notice n WHERE error_id = '%s'`, open, id)
	for _, a := range s.attackers(t) {
		for _, try := range []struct {
			name, scope, because string
			sql                  []string
		}{
			{"closed as told, before anybody was", "auditor", "proof that all were told", []string{fmt.Sprintf(close, "told"), agreed}},
			{"closed as not told, without a reason", "auditor", "proof that all were told", []string{fmt.Sprintf(close, "not_told"), agreed}},
			{"found serious, and nobody is to be told", "auditor", "has no notice of it", []string{assess, assessed}},
			{"a notice of an error that is not serious", "auditor", "no serious error", []string{false_}},
			{"a reason without a passkey", "counsel", "passkey", []string{reason(helen)}},
			{"an auditor's reason", "counsel", "counsel signs it", []string{reason(ines)}},
			{"a reason signed for another error", "counsel", "passkey", []string{reason(helen), s.gave("helen.park", identity.PurposeErrorReason, identity.DigestOf("lerd error reason v1", open, "1"))}},
		} {
			stream := "error:" + id
			if strings.Contains(try.sql[0], "'"+open+"'") {
				stream = "error:" + open
			}
			a.refused(try.name, a.tryAs(try.scope, stream, try.sql...), try.because, "row-level security", "permission denied")
		}
	}
	owner := attacker{t, s.ownerDB(), "owner"}
	s.must(owner.tryAs("counsel", "error:"+id, reason(helen), signed)) // the right way
	owner.refused("a reason changed", owner.try("error:"+id, "UPDATE error_reason SET reason = 'Other.', event_id = $EVENT"), "refused", "written once", "does not change")
}
