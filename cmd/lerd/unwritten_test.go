package main

import (
	"bytes"
	"context"
	"database/sql"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/jobs"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// unwritable makes the log refuse the events of one kind.
type unwritable struct {
	*scenario
	db   *sql.DB
	seen map[string]bool
}

func (s *scenario) unwritable() *unwritable {
	s.refusing = true
	u := &unwritable{scenario: s, db: s.ownerDB(), seen: map[string]bool{}}
	for _, sql := range []string{
		`CREATE TABLE refused_kind (kind text)`,
		`GRANT SELECT ON refused_kind TO lerd_app`,
		`CREATE FUNCTION refuse_kind() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF EXISTS (SELECT 1 FROM public.refused_kind k WHERE k.kind = NEW.kind) THEN RAISE EXCEPTION 'the log is full'; END IF;
			RETURN NEW; END $$`,
		`CREATE TRIGGER refuse_kind BEFORE INSERT ON audit.event FOR EACH ROW EXECUTE FUNCTION refuse_kind()`,
	} {
		_, err := u.db.Exec(sql)
		s.must(err)
	}
	return u
}

// everything is a digest of every row that lerd keeps, its log included.
func (u *unwritable) everything() string {
	u.t.Helper()
	var all, digest string
	u.must(u.db.QueryRow(`SELECT string_agg(format('SELECT %L || r::text FROM %s r', oid::regclass, oid::regclass), ' UNION ALL ' ORDER BY oid)
		FROM pg_class WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'audit'::regnamespace) AND relname <> 'refused_kind'`).Scan(&all))
	u.must(u.db.QueryRow(`SELECT md5(string_agg(t, '|' ORDER BY t)) FROM (` + all + `) all_rows (t)`).Scan(&digest))
	return digest
}

// step takes a step once for each kind of event that it writes, with that kind
// refused, expects that nothing of it remains, and then takes it.
func (u *unwritable) step(name string, step func() error, kinds ...string) {
	u.t.Helper()
	u.without(name, step, kinds...)
	u.must(step())
}

// without is step but for taking it in the end.
func (u *unwritable) without(name string, step func() error, kinds ...string) {
	u.t.Helper()
	for _, kind := range kinds {
		u.seen[kind] = true
		_, err := u.db.Exec("INSERT INTO refused_kind VALUES ($1)", kind)
		u.must(err)
		before := u.everything()
		if err := step(); err == nil {
			u.t.Errorf("%s went through though %s cannot be written", name, kind)
		}
		if u.everything() != before {
			u.t.Errorf("%s left something behind without %s", name, kind)
		}
		_, err = u.db.Exec("DELETE FROM refused_kind")
		u.must(err)
	}
}

// stated lets lerd state the risk of a case: the order is read first, a step of
// its own, which stays where only the statement cannot be written.
func (u *unwritable) stated(system context.Context, id requests.ID) {
	u.t.Helper()
	state := func() error { _, err := u.fraud.Refresh(system, id); return err }
	u.without("read the order", state, "document.read")
	_, err := u.db.Exec("INSERT INTO refused_kind VALUES ('risk.stated')")
	u.must(err)
	if err := state(); err == nil {
		u.t.Error("the risk was stated though that cannot be written")
	}
	_, err = u.db.Exec("DELETE FROM refused_kind")
	u.must(err)
	u.step("state the risk", state, "risk.stated")
}

// TestWithoutItsEventNothingOfAStepRemains refuses, one after the other, every
// kind of event of the main job, its looks included.
func TestWithoutItsEventNothingOfAStepRemains(t *testing.T) {
	s := newScenario(t)
	u := s.unwritable()
	officer, reviewer, counsel, approver := s.as("asha.rao"), s.as("rita.lind"), s.as("helen.park"), s.as("anna.keller")
	system := identity.With(s.ctx, identity.SystemActor())
	var doc requests.Document
	var q requests.Request
	u.step("sign in", func() error { _, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao"); return err }, "session.started")
	u.step("upload", func() (err error) {
		doc, err = s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order("IN/94/2026/301")))
		return err
	}, "document.uploaded")
	u.step("submit", func() (err error) {
		q, err = s.cases.Submit(officer, s.submission(doc.ID, "IN/94/2026/301"))
		return err
	}, "request.propose")
	id := q.ID
	u.step("send back", func() error { return s.cases.SendBack(s.as("vikram.nair"), id, "The year is wrong.") }, "request.send_back")
	q, err := s.cases.Submit(officer, s.submission(doc.ID, "IN/94/2026/301"))
	s.must(err)
	id = q.ID
	u.step("cosign", func() error { return s.cases.CoSign(s.as("vikram.nair"), id) }, "request.cosign")
	u.step("take back", func() error { return s.cases.TakeBack(officer, id) }, "request.take_back")
	id = s.sent(officer, doc.ID, "IN/94/2026/301")
	u.step("choose", func() error { return s.cases.ChooseCosignature(system, q.Agency, "IN-94", true) }, "agency.cosignature_chosen")
	u.step("view", func() error { _, err := s.cases.View(reviewer, id); return err }, "request.viewed")
	u.step("order", func() error { return closed(s.cases.OpenDocument(reviewer, id)) }, "document.viewed")
	u.step("claim", func() error { return s.cases.Claim(reviewer, id) }, "request.claim")
	u.step("unclaim", func() error { return s.cases.Unclaim(reviewer, id, "Lunch.") }, "request.unclaim")
	s.must(s.cases.Claim(reviewer, id))
	u.step("ask", func() error { return s.cases.Ask(reviewer, id, "Which?") }, "request.ask")
	u.step("reply", func() error { return s.cases.Reply(officer, id, "That.") }, "request.reply")
	u.step("check", func() error {
		return s.cases.AnswerChecks(reviewer, id, []requests.CheckInput{{Check: "VC-06", Result: "pass"}})
	}, "request.answer_check")
	s.answerAll(reviewer, id, legal.RoleReviewer)
	s.answerAll(counsel, id, legal.RoleCounsel)
	u.step("decide", func() error {
		return s.cases.Decide(reviewer, id, []requests.DecisionInput{{Target: "t1", Category: requests.IPAddress, Outcome: requests.Produce}})
	}, "request.decide")
	rule := []requests.Allegation{{Target: "t1", Rule: "PR-05"}}
	u.stated(system, id) // as a step towards a release does first
	u.step("qualify", func() error { return s.cases.Qualify(reviewer, id, rule) }, "request.qualify")
	u.step("open findings", func() error { return s.cases.OpenFindings(system, id) }, "finding.opened", "request.examined")
	u.denied(id, rule)
	finding := string(s.load(id).Asks[0].Finding)
	u.step("look at a finding", func() error { _, err := s.findings.View(s.as("carl.ito"), finding); return err }, "finding.viewed")
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		u.step("confirm", func() error {
			return s.findings.Confirm(s.as(who), finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-1"})
		}, "finding.confirmed")
	}
	u.step("settle", func() error { return s.cases.Settle(system, id) }, "request.examined")
	u.step("prepare", func() error { return s.cases.Prepare(system, id) }, "release.prepared")
	u.step("look at a release", func() error { _, _, err := s.cases.ViewRelease(approver, id, 0, 1<<20); return err }, "release.viewed")
	digest := s.load(id).Release.Digest
	u.step("approve", func() error { return s.cases.Approve(approver, id, digest) }, "request.examined", "release.approved")
	u.exported(system, id)
	u.step("begin a download", func() error { return closed2(s.cases.Download(officer, id)) }, "release.download_begun")
	_, err = s.fetched(officer, id) // its end is told in TestEachStepOfADownloadBothWays
	s.must(err)
	u.step("acknowledge", func() error { return s.cases.Acknowledge(officer, id) }, "request.acknowledge")
	u.step("trail", func() error { _, _, err := s.cases.Trail(s.as("ines.moreau"), id); return err }, "trail.viewed")
	u.recalled(id)
	u.ends()
	t.Logf("%d kinds of event", len(u.seen))
}

// denied lets the first finding be denied, and counsel reopen the case.
func (u *unwritable) denied(id requests.ID, rule []requests.Allegation) {
	system := identity.With(u.ctx, identity.SystemActor())
	finding := string(u.load(id).Asks[0].Finding)
	u.step("deny", func() error {
		return u.findings.Confirm(u.as("emil.novak"), finding, violations.Input{Verdict: "rejected", Note: "No."})
	}, "finding.rejected")
	u.step("conflict", func() error { return u.cases.Settle(system, id) }, "request.examined")
	u.step("reopen", func() error { return u.cases.Reopen(u.as("helen.park"), id, "Again.") }, "request.reopen")
	u.must(u.cases.Qualify(u.as("rita.lind"), id, rule))
	u.must(u.cases.OpenFindings(system, id))
}

// exported takes the export through each of its events; what is durable of an
// earlier step stays, and the next run goes on from there.
func (u *unwritable) exported(system context.Context, id requests.ID) {
	x := u.caseJob.Export.(*jobs.Exporter)
	c := u.load(id)
	u.step("intend", func() (err error) { *c.Release, err = u.cases.Intend(system, *c.Release); return err }, "export.intended")
	u.step("resume", func() (err error) { *c.Release, err = u.cases.Resume(system, *c.Release); return err }, "export.resumed")
	for _, kind := range []string{"export.sealed", "export.released", "request.export", "release.granted"} {
		u.seen[kind] = true
		_, err := u.db.Exec("INSERT INTO refused_kind VALUES ($1)", kind)
		u.must(err)
		if err := x.Export(system, id); err == nil || u.state(id) != requests.Approved {
			u.t.Errorf("exported without %s: %v", kind, err)
		}
		_, err = u.db.Exec("DELETE FROM refused_kind")
		u.must(err)
	}
	u.must(x.Export(system, id))
}

// recalled calls the bundle back, takes the agency's answer, and begins the
// correction.
func (u *unwritable) recalled(id requests.ID) {
	officer, reviewer, approver := u.as("asha.rao"), u.as("rita.lind"), u.as("anna.keller")
	u.step("reissue", func() error { return u.cases.Reissue(reviewer, id, "file_lost", "Lost.") }, "release.grant_ended", "release.reissued")
	u.step("propose", func() error { return u.cases.ProposeRecall(reviewer, id, "wrong_period", "A day too long.") }, "recall.proposed")
	u.step("reject", func() error { return u.cases.RejectRecall(approver, id, "It is right.") }, "recall.rejected")
	u.must(u.cases.ProposeRecall(reviewer, id, "wrong_period", "A day too long after all."))
	u.step("recall", func() error { return u.cases.ConfirmRecall(approver, id, "Compared.") }, "request.recall", "recall.confirmed", "release.recalled", "release.grant_ended")
	u.step("acknowledge the recall", func() error { return u.cases.AcknowledgeRecall(officer, id) }, "recall.acknowledged")
	u.step("confirm the deletion", func() error { return u.cases.ConfirmDeletion(officer, id, "nobody", true) }, "recall.deletion_confirmed", "request.confirm_deletion")
	u.step("correct", func() error { return u.cases.Correct(reviewer, id, "The period.") }, "request.correct")
	u.step("list recalls", func() error { _, err := u.cases.RecallRegister(u.as("ines.moreau")); return err }, "recall.listed")
}

// ends takes the steps that end a case before its release.
func (u *unwritable) ends() {
	reviewer := u.as("rita.lind")
	q := u.submit("IN/94/2026/302")
	u.step("withdraw", func() error { return u.cases.Withdraw(u.as("asha.rao"), q.ID, "Settled.") }, "request.withdraw")
	q = u.submit("IN/94/2026/303")
	u.must(u.cases.Claim(reviewer, q.ID))
	u.step("refuse", func() error { return u.cases.Refuse(reviewer, q.ID, []string{"RR-12"}, "Too wide.") }, "request.refuse")
	q = u.submit("IN/94/2026/304")
	u.review(q.ID)
	u.jobs()
	u.confirm()
	u.jobs()
	u.step("return", func() error { return u.cases.Return(u.as("ben.osei"), q.ID, "Again.") }, "request.return", "release.cancelled")
	in := u.submission(u.upload("IN/94/2026/305"), "IN/94/2026/305")
	in.Targets[0].PersonRole = legal.Witness
	w, err := u.send(u.as("asha.rao"), in)
	u.must(err)
	u.must(u.cases.Claim(reviewer, w.ID))
	u.answerAll(reviewer, w.ID, legal.RoleReviewer)
	u.answerAll(u.as("helen.park"), w.ID, legal.RoleCounsel)
	u.step("to counsel", func() error { return u.cases.SendToCounsel(reviewer, w.ID, "A witness.") }, "request.send_to_counsel")
	u.step("settle the conflict", func() error { return u.cases.SettleConflict(u.as("helen.park"), w.ID, "We object.") }, "request.settle_conflict")
}

// TestWithoutItsEventNothingOfAChangeRemains does the same with the steps by which
// an agency changes what it asked, and with what lerd signs for it.
func TestWithoutItsEventNothingOfAChangeRemains(t *testing.T) {
	u := newScenario(t).unwritable()
	officer, colleague := u.as("asha.rao"), u.as("vikram.nair")
	id := u.submit("IN/94/2026/306").ID
	u.step("write", func() error { return u.cases.Write(officer, id, "The matter is with a new court.", nil) }, "message.sent")
	u.step("narrow", func() error { return u.cases.NarrowOwn(officer, id, less(true, false, 40), "Fewer data.") }, "request.narrow")
	u.step("take over", func() error { return u.cases.TakeOver(colleague, id, "She is on leave.") }, "request.taken_over")
	refused := u.submit("IN/94/2026/307").ID
	u.must(u.cases.Claim(u.as("rita.lind"), refused))
	u.must(u.cases.Refuse(u.as("rita.lind"), refused, []string{"RR-12"}, "Too wide."))
	results := &jobs.Results{Steps: u.cases, Keys: func() jobs.Keys { return u.keys }, Now: u.clock.Now}
	u.step("sign the results", func() error { _, err := results.RunOnce(u.ctx); return err }, "request.result")
	kept := u.keeping("EPOC-PR 8/26")
	u.step("extend", func() error { return u.cases.Extend(u.as("jana.weber"), kept, "The order is being written.") }, "request.extend")
}

func closed(_ requests.Document, body interface{ Close() error }, err error) error {
	if err == nil {
		return body.Close()
	}
	return err
}

func closed2(body interface{ Close() error }, _ string, err error) error {
	if err == nil {
		return body.Close()
	}
	return err
}
