package main

import (
	"context"
	"strings"
	"testing"
)

// asSuperuser runs statements with every trigger off that is on the tables, and keeps the
// tables to put them back as they were.
func (a attacker) asSuperuser(tables []string, statements ...string) (restore func()) {
	a.t.Helper()
	restore, err := a.trySuperuser(tables, statements...)
	if err != nil {
		a.t.Fatal(err)
	}
	return restore
}

// trySuperuser gives the database's refusal: constraints hold with triggers off, and who
// drops them is named by the catalogue.
func (a attacker) trySuperuser(tables []string, statements ...string) (restore func(), err error) {
	a.t.Helper()
	switched := func(between string) string {
		sql := "BEGIN; SET LOCAL session_replication_role = replica; "
		for _, t := range tables {
			sql += "ALTER TABLE " + t + " DISABLE TRIGGER ALL; "
		}
		sql += between
		for _, t := range tables {
			sql += `DO $$ DECLARE g record; BEGIN FOR g IN SELECT tgname, tgrelid::regclass AS t FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '` + t + `'::regclass LOOP
				EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.t, g.tgname); END LOOP; END $$;
				DO $$ DECLARE g record; BEGIN FOR g IN SELECT tgname, tgrelid::regclass AS t FROM pg_trigger WHERE tgisinternal AND tgrelid = '` + t + `'::regclass LOOP
				EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', g.t, g.tgname); END LOOP; END $$; `
		}
		return sql + "COMMIT"
	}
	keep, back := "", ""
	for _, t := range tables {
		kept := "held_" + strings.ReplaceAll(t, ".", "_")
		keep += "CREATE TABLE " + kept + " AS TABLE " + t + "; "
		back += "DELETE FROM " + t + "; INSERT INTO " + t + " SELECT * FROM " + kept + "; DROP TABLE " + kept + "; "
	}
	conn, err := a.db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), switched(keep+strings.Join(statements, "; ")+"; ")); err != nil {
		_, _ = conn.ExecContext(context.Background(), "ROLLBACK")
		return nil, err
	}
	return func() { a.exec(switched(back)) }, nil
}

// owner is the database's owner, who may switch triggers off.
func (s *scenario) ownerAttacks(t *testing.T) attacker {
	t.Helper()
	for _, a := range s.attackers(t) {
		if a.as == "owner" {
			return a
		}
	}
	t.Fatal("there is no owner")
	return attacker{}
}

// TestWhatAuditorsReadIsVerified edits what the lists, the query library and the report
// on duties are read from, as superuser with the triggers off: who looked at a case, when
// somebody worked, who had which part. Nothing of it is a row with an event of its own;
// the verification compares it with the entries and names the first line that differs.
func TestWhatAuditorsReadIsVerified(t *testing.T) {
	s := newScenario(t)
	c := s.released("IN/94/2026/5801", "2026-11-20")
	_, err := s.cases.View(s.as("omar.haddad"), c.Request.ID) // who has no part in it
	s.must(err)
	s.indexed()
	s.verifyLog()
	a := s.ownerAttacks(t)
	looked := "(SELECT max(idx) FROM log_index WHERE kind = 'request.viewed' AND role = 'reviewer')"
	for _, x := range []struct {
		name, table, statement, want string
	}{
		{"a look that belongs to no case", "log_index", "UPDATE log_index SET case_id = NULL WHERE idx = " + looked, "at another case than its event is of, or at none"},
		{"a look of somebody else", "log_index", "UPDATE log_index SET person = '" + s.personID("rita.lind") + "' WHERE idx = " + looked, "says otherwise than entry"},
		{"a look of another day", "log_index", "UPDATE log_index SET at = at - interval '1 day' WHERE idx = " + looked, "says otherwise than entry"},
		{"a look that is another kind of event", "log_index", "UPDATE log_index SET kind = 'request.listed' WHERE idx = " + looked, "says otherwise than entry"},
		{"a look that is gone", "log_index", "DELETE FROM log_index WHERE idx = " + looked + " - 1", "has no line for entry"},
		{"a release of another case", "log_index", "UPDATE log_index SET case_id = gen_random_uuid() WHERE kind = 'release.approved'", "at another case than its event is of"},
		{"a query's mark removed", "log_mark", "DELETE FROM log_mark WHERE mark = 'view_unassigned'", "has lost its mark"},
		{"an administrative act unmarked", "log_mark", "DELETE FROM log_mark WHERE mark = 'administrative' AND idx = (SELECT min(idx) FROM log_index WHERE kind = 'person.invited')", "has lost its mark"},
		{"a quick release unmarked", "log_mark", "DELETE FROM log_mark WHERE mark = 'quick_release'", "has lost its mark"},
		{"a mark invented", "log_mark", "INSERT INTO log_mark SELECT 'off_hours', idx, case_id, person FROM log_index WHERE kind = 'release.approved'", "a mark in the auditors' query library that is not its own"},
		{"a mark on somebody else", "log_mark", "UPDATE log_mark SET person = '" + s.personID("rita.lind") + "' WHERE mark = 'view_unassigned'", "says otherwise than entry"},
		{"a part in a case removed", "log_duty", "DELETE FROM log_duty WHERE duty = 'approve'", "is not what the log says"},
		{"a part in a case given", "log_duty", "UPDATE log_duty SET person = '" + s.personID("anna.keller") + "' WHERE duty = 'review'", "is not what the log says"},
		{"a case that no sample draws", "log_case", "DELETE FROM log_case", "Samples are drawn from a list that says otherwise"},
		{"a case of another reviewer", "log_case", "UPDATE log_case SET reviewer = '" + s.personID("omar.haddad") + "'", "Samples are drawn from a list that says otherwise"},
		{"fewer cases judged", "log_total", "UPDATE log_total SET cases = cases - 1", "is not that of the log"},
		{"who acted is nobody", "log_holder", "DELETE FROM log_holder WHERE role = 'approver'", "separation of duties says otherwise than the log"},
		{"who acted did so less", "log_holder", "UPDATE log_holder SET events = events - 1 WHERE role = 'reviewer'", "separation of duties says otherwise than the log"},
	} {
		restore := a.asSuperuser([]string{x.table}, x.statement)
		if report, err := s.verify(); err == nil {
			t.Errorf("%s: verified %d rows and saw nothing", x.name, report.Rows)
		} else if !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s is called %v", x.name, err)
		}
		restore()
	}
	s.verifyLog()
}
