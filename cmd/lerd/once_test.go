package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// together runs f from n goroutines that begin at the same moment, and gives
// their errors.
func together(n int, f func(i int) error) []error {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			errs[i] = f(i)
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

func kinds(errs []error) map[string]int {
	out := map[string]int{}
	for _, err := range errs {
		var used *change.Used
		switch {
		case err == nil:
			out["ok"]++
		case errors.As(err, &used):
			out["used"]++
		default:
			out[string(fault.KindOf(err))]++
		}
	}
	return out
}

func keyed(ctx context.Context, key, body string) context.Context {
	actor, _ := identity.From(ctx)
	return change.WithKey(ctx, change.Key{Person: actor.Person, Key: key, Body: sha256.Sum256([]byte(body)), At: storyNow})
}

// TestALostAnswerIsNotASecondRequest sends one form many times at once, as
// impatient fingers and retrying proxies do.
func TestALostAnswerIsNotASecondRequest(t *testing.T) {
	s := newScenario(t)
	officer := s.as("asha.rao")
	doc, err := s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order("IN/94/2026/30")))
	s.must(err)
	form, key := s.submission(doc.ID, "IN/94/2026/30"), uuid.NewString()
	errs := together(12, func(int) error {
		_, err := s.cases.Submit(keyed(officer, key, "same"), form)
		return err
	})
	if diff := cmp.Diff(map[string]int{"ok": 1, "used": 11}, kinds(errs)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s%v", diff, errors.Join(errs...))
	}
	outcomes := map[string]bool{}
	for _, err := range errs {
		var used *change.Used
		if errors.As(err, &used) {
			outcomes[used.Outcome] = true
		}
	}
	list, err := s.cases.List(officer, requests.Filter{})
	s.must(err)
	if len(list) != 1 || len(outcomes) != 1 || !outcomes[requests.PathOf(list[0].ID)] {
		t.Errorf("%d cases, outcomes %v", len(list), outcomes)
	}
	if _, err := s.cases.Submit(keyed(officer, key, "other"), form); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the same key with another body: %v", err)
	}
}

// TestOneOutcomeUnderContention lets two people do the same thing at once.
func TestOneOutcomeUnderContention(t *testing.T) {
	s := newScenario(t)
	for round := range 5 {
		q := s.submit(fmt.Sprintf("IN/94/2026/4%d", round))
		reviewers := []context.Context{s.as("rita.lind"), s.as("omar.haddad")}
		errs := together(2, func(i int) error { return s.cases.Claim(reviewers[i], q.ID) })
		if diff := cmp.Diff(map[string]int{"ok": 1, "conflict": 1}, kinds(errs)); diff != "" {
			t.Fatalf("two claims (-want +got):\n%s%v", diff, errors.Join(errs...))
		}
	}
	q := s.submit("IN/94/2026/50")
	s.review(q.ID)
	s.jobs()
	finding := string(s.load(q.ID).Asks[0].Finding)
	confirmer := s.as("carl.ito")
	errs := together(4, func(int) error {
		return s.findings.Confirm(confirmer, finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-1"})
	})
	if got := kinds(errs); got["ok"] != 1 {
		t.Fatalf("one confirmer four times at once: %v", got)
	}
	s.must(s.findings.Confirm(s.as("dana.cruz"), finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-1"}))
	s.jobs()
	digest := s.load(q.ID).Release.Digest
	officer, approver := s.as("asha.rao"), s.as("anna.keller")
	errs = together(2, func(i int) error {
		if i == 0 {
			return s.cases.Withdraw(officer, q.ID, "The matter is settled.")
		}
		return s.cases.Approve(approver, q.ID, digest)
	})
	s.jobs()
	c := s.load(q.ID)
	withdrawn, approved := errs[0] == nil, errs[1] == nil
	if withdrawn == approved {
		t.Fatalf("withdrawal and approval at once: %v", errs)
	}
	if withdrawn && (c.Request.State != requests.Withdrawn || c.Release != nil) {
		t.Errorf("withdrawn, and yet %s with release %v", c.Request.State, c.Release)
	}
	if approved && c.Request.State != requests.ExportedCase {
		t.Errorf("approved, and yet %s", c.Request.State)
	}
	s.verifyLog()
}

// TestTheDatabaseHasTheSameWorkflow compares the table of state.go with the
// one that the database's trigger reads.
func TestTheDatabaseHasTheSameWorkflow(t *testing.T) {
	s := newScenario(t)
	want, got := map[[2]string]bool{}, map[[2]string]bool{}
	for _, row := range requests.Workflow {
		if row.Action != requests.Deliver || row.From != requests.Delivered {
			want[[2]string{string(row.From), string(row.To)}] = true
		}
	}
	want[[2]string{"delivered", "delivered"}] = true
	rows, err := s.store.SQL().Query("SELECT from_state, to_state FROM request_transition")
	s.must(err)
	defer rows.Close()
	for rows.Next() {
		var step [2]string
		s.must(rows.Scan(&step[0], &step[1]))
		got[step] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state.go and request_transition differ (-go +sql):\n%s", diff)
	}
}

// TestAnEditedCaseIsNamed edits business rows as superuser with every trigger
// off, and expects the verification to name the first row that differs.
func TestAnEditedCaseIsNamed(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	s.verifyLog()
	owner := s.attackers(t)
	var db attacker
	for _, a := range owner {
		if a.as == "owner" {
			db = a
		}
	}
	for name, edit := range map[string][2]string{
		"request's need":      {"UPDATE request SET need = 'x' || need WHERE id = '" + string(c.Request.ID) + "'", string(c.Request.ID)},
		"request's state":     {"UPDATE request SET state = 'closed' WHERE id = '" + string(c.Request.ID) + "'", string(c.Request.ID)},
		"decision's outcome":  {"UPDATE decision SET note = 'x' || note WHERE request_id = '" + string(c.Request.ID) + "' AND category = 'ip_address'", "decision"},
		"release's digest":    {"UPDATE release SET digest = repeat('0', 64) WHERE id = '" + string(rel.ID) + "'", string(rel.ID)},
		"target's identifier": {"UPDATE target SET identifier = '+447700900124' WHERE request_id = '" + string(c.Request.ID) + "'", "target"},
		"a frozen record":     {"UPDATE release_record SET phone = '+447700900124' WHERE phone IS NOT NULL AND release_id = '" + string(rel.ID) + "'", string(rel.ID)},
		"a removed finding":   {"DELETE FROM confirmation WHERE finding_id = '" + string(c.Asks[0].Finding) + "'", "confirmation"},
	} {
		db.tamper(edit[0])
		report, err := s.verify()
		if err == nil {
			t.Errorf("%s: verified %d rows and saw nothing", name, report.Rows)
		} else if !bytes.Contains([]byte(err.Error()), []byte(edit[1])) {
			t.Errorf("%s: named something else: %v", name, err)
		}
		db.untamper()
	}
	s.verifyLog()
}

// tamper runs a statement with every trigger and constraint off, and keeps the
// database as it was before beside it.
func (a attacker) tamper(statement string) {
	a.t.Helper()
	for _, table := range tampered {
		a.exec("DROP TABLE IF EXISTS kept_" + table + "; CREATE TABLE kept_" + table + " AS TABLE " + table)
	}
	a.exec("SET session_replication_role = replica; " + offTriggers("DISABLE") + statement + "; " + offTriggers("ENABLE ALWAYS") + " SET session_replication_role = DEFAULT")
}

// tampered are the tables that the tests edit, children first.
var tampered = []string{"release_record", "confirmation", "decision", "release", "target", "request"}

// untamper puts the rows back as they were.
func (a attacker) untamper() {
	a.t.Helper()
	all := "SET session_replication_role = replica; " + offTriggers("DISABLE")
	for _, table := range tampered {
		all += "DELETE FROM " + table + "; INSERT INTO " + table + " SELECT * FROM kept_" + table + "; DROP TABLE kept_" + table + "; "
	}
	a.exec(all + offTriggers("ENABLE ALWAYS") + " SET session_replication_role = DEFAULT")
}

// offTriggers switches our triggers, which are ENABLE ALWAYS, off or on again.
func offTriggers(how string) string {
	return `DO $$ DECLARE g record; BEGIN
		FOR g IN SELECT tgrelid::regclass AS t, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text IN ('release_record', 'public.release_record', 'confirmation', 'decision', 'release', 'target', 'request', 'public.release', 'public.request') LOOP
			EXECUTE format('ALTER TABLE %s ` + how + ` TRIGGER %I', g.t, g.tgname);
		END LOOP; END $$; `
}

func (a attacker) exec(sql string) {
	a.t.Helper()
	conn, err := a.db.Conn(context.Background())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), sql); err != nil {
		a.t.Fatalf("%v\n%s", err, sql)
	}
}

// TestOneProcessTakesCasesOn: while one has the job, another does nothing; when
// the first is done, or gone, the other goes on.
func TestOneProcessTakesCasesOn(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/70")
	s.review(q.ID)
	done, elected, err := s.store.Elect(s.ctx, "cases")
	s.must(err)
	if !elected {
		t.Fatal("nobody else has the job, and yet it is not to be had")
	}
	if n, err := s.caseJob.RunOnce(s.ctx); err != nil || n != 0 || s.state(q.ID) != requests.Qualified {
		t.Errorf("a second process took %d cases on: %v", n, err)
	}
	done()
	s.jobs()
	if got := s.state(q.ID); got != requests.AwaitingConfirmation {
		t.Errorf("after the first was done: %s", got)
	}
}
