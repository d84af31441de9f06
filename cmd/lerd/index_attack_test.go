package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"lerd/internal/identity"
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
func (s *scenario) ownerAttacks(t testing.TB) attacker {
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
	looked := "(SELECT max(idx) FROM log_index WHERE kind = 'request.viewed' AND role = 'reviewer')"
	s.named([]attackOnIndex{
		{"a look that belongs to no case", "log_index", "UPDATE log_index SET case_id = NULL WHERE idx = " + looked, "at another case than its event is of, or at none"},
		{"a look of somebody else", "log_index", "UPDATE log_index SET person = '" + s.personID("rita.lind") + "' WHERE idx = " + looked, "says otherwise than entry"},
		{"a look of another day", "log_index", "UPDATE log_index SET at = at - interval '1 day' WHERE idx = " + looked, "says otherwise than entry"},
		{"a look that is another kind of event", "log_index", "UPDATE log_index SET kind = 'request.listed' WHERE idx = " + looked, "says otherwise than entry"},
		{"a look that is gone", "log_index", "DELETE FROM log_index WHERE idx = " + looked + " - 1", "has no line for entry"},
		{"a document of another case", "log_index", "UPDATE log_index SET case_id = gen_random_uuid() WHERE kind = 'document.uploaded'", "at another case than its event is of"},
		{"a finding of another case", "log_index", "UPDATE log_index SET case_id = gen_random_uuid() WHERE stream LIKE 'finding:%'", "at another case than its event is of"},
		{"an act of a case that is none", "log_index", "UPDATE log_index SET case_id = gen_random_uuid() WHERE kind = 'settings.loaded'", "at another case than its event is of"},
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
		{"who acted began later", "log_holder", "UPDATE log_holder SET first_at = last_at + interval '1 hour' WHERE role = 'reviewer'", "separation of duties says otherwise than the log"},
		{"a case of another month", "log_case", "UPDATE log_case SET submitted_at = submitted_at - interval '40 days'", otherCase},
		{"a case of another country", "log_case", "UPDATE log_case SET country = 'XX'", otherCase},
		{"a case under another process", "log_case", "UPDATE log_case SET process = 'xx-other'", otherCase},
		{"a case that ended otherwise", "log_case", "UPDATE log_case SET outcome = 'open'", otherCase},
		{"a case that was an emergency", "log_case", "UPDATE log_case SET emergency = NOT emergency", otherCase},
		{"a case that is sensitive", "log_case", "UPDATE log_case SET sensitive = NOT sensitive", otherCase},
		{"a case that is none", "log_case", "INSERT INTO log_case SELECT gen_random_uuid(), submitted, submitted_at, country, process, outcome, reviewer, emergency, sensitive FROM log_case", otherCase},
		{"a mark that nobody knows", "log_mark", "INSERT INTO log_mark SELECT 'other', idx, case_id, person FROM log_index WHERE kind = 'release.approved'", notItsOwn},
	})
}

const (
	otherCase = "Samples are drawn from a list that says otherwise than the log of case"
	notItsOwn = "a mark in the auditors' query library that is not its own"
)

// attackOnIndex is what a superuser does to what auditors read, and what the verification
// has to say of it.
type attackOnIndex struct{ name, table, statement, want string }

// named makes each attack, with the triggers off, looks whether the verification names
// it, and takes it back.
func (s *scenario) named(attacks []attackOnIndex) {
	s.t.Helper()
	a := s.ownerAttacks(s.t)
	for _, x := range attacks {
		restore := a.asSuperuser([]string{x.table}, x.statement)
		same := s.column("SELECT (NOT EXISTS (SELECT * FROM " + x.table + " EXCEPT ALL SELECT * FROM held_" + x.table + ") AND NOT EXISTS (SELECT * FROM held_" + x.table + " EXCEPT ALL SELECT * FROM " + x.table + "))::text")[0]
		if report, err := s.verify(); same == "true" {
			s.t.Errorf("%s: nothing was changed", x.name)
		} else if err == nil {
			s.t.Errorf("%s: verified %d rows and saw nothing", x.name, report.Rows)
		} else if !strings.Contains(err.Error(), x.want) {
			s.t.Errorf("%s is called %v", x.name, err)
		}
		restore()
	}
	s.verifyLog()
}

// TestMarksThatRestOnRowsAreVerified does the same to what follows from a line together
// with other lines or with rows: late answers and notices, corrected times, proofs without
// a passkey, two parts of one person, a confirmer's part, and how often accounts were
// looked at.
func TestMarksThatRestOnRowsAreVerified(t *testing.T) {
	s := newScenario(t)
	s.messaging()
	silent := s.released("IN/94/2026/5811", "2026-11-30")
	s.must(s.cases.ProposeRecall(s.as("rita.lind"), silent.Request.ID, "wrong_period", "Read in UTC."))
	_, err := s.cases.View(s.as("omar.haddad"), silent.Request.ID)
	s.must(err)
	in := s.submission(s.upload("IN/94/2026/5812"), "IN/94/2026/5812")
	in.Targets[0].To = storyNow.AddDate(0, 0, 5).Format("2006-01-02T15:04") // in the future: VC-11
	refused, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	s.must(s.cases.Claim(s.as("rita.lind"), refused.ID))
	s.noted("rita.lind", identity.Counsel, refused.ID)
	s.indexed()
	s.clock.Set(time.Date(2026, 12, 8, 9, 0, 0, 0, time.UTC))
	s.tell()
	s.must(s.cases.Refuse(s.as("rita.lind"), refused.ID, []string{"RR-12"}, "It came from nobody whom we know."))
	s.indexed()
	s.verifyLog()
	var attacks []attackOnIndex
	const strange = "i.idx = (SELECT min(idx) FROM log_index WHERE kind = 'settings.loaded')"
	for _, x := range []struct{ mark, of string }{
		{"late", "kind = 'user_notice.sent'"}, {"late", "kind = 'request.refuse'"}, {"zone_correction", "kind = 'recall.proposed'"},
		{"zone_correction", "kind = 'request.refuse'"}, {"dev_proof", "kind = 'release.approved'"}, {"two_duties", "kind = 'request.noted'"},
	} {
		attacks = append(attacks, attackOnIndex{"a " + x.mark + " removed where " + x.of, "log_mark", "DELETE FROM log_mark WHERE mark = '" + x.mark + "' AND idx IN (SELECT idx FROM log_index WHERE " + x.of + ")", "has lost its mark"})
	}
	for _, mark := range []string{"late", "zone_correction", "dev_proof", "two_duties"} {
		attacks = append(attacks,
			attackOnIndex{"a " + mark + " of another entry", "log_mark", "UPDATE log_mark k SET idx = i.idx, case_id = i.case_id, person = i.person FROM log_index i WHERE k.ctid = (SELECT max(ctid) FROM log_mark WHERE mark = '" + mark + "') AND " + strange, "Entry"},
			attackOnIndex{"a " + mark + " invented", "log_mark", "INSERT INTO log_mark SELECT '" + mark + "', idx, case_id, person FROM log_index i WHERE " + strange, notItsOwn})
	}
	s.named(append(attacks,
		attackOnIndex{"a confirmer's part removed", "log_duty", "DELETE FROM log_duty WHERE duty = 'confirm'", otherDuty},
		attackOnIndex{"a confirmer's part of somebody else", "log_duty", "UPDATE log_duty SET person = '" + s.personID("anna.keller") + "' WHERE ctid = (SELECT min(ctid) FROM log_duty WHERE duty = 'confirm')", otherDuty},
		attackOnIndex{"a confirmer's part invented", "log_duty", "INSERT INTO log_duty SELECT '" + string(refused.ID) + "', person, duty, idx FROM log_duty WHERE duty = 'confirm'", otherDuty},
		attackOnIndex{"looks at an account forgotten", "log_viewed", "DELETE FROM log_viewed", otherLooks},
		attackOnIndex{"looks at an account fewer", "log_viewed", "UPDATE log_viewed SET views = views - 1", otherLooks},
		attackOnIndex{"looks at an account more", "log_viewed", "UPDATE log_viewed SET views = views + 1000", otherLooks},
		attackOnIndex{"looks at an account of nobody", "log_viewed", "INSERT INTO log_viewed SELECT month, 4711, 1000 FROM log_viewed LIMIT 1", otherLooks},
	))
}

const (
	otherDuty  = "Who had which part in case"
	otherLooks = "was looked at in a month, as auditors read it, is not what the log says"
)

// TestAnOpeningAlteredForTheIndexIsNamed alters the opening of closed facts as superuser,
// before the index of the log reads it or after: index_log takes an opening as it stands.
// The verification names the opening, and where it was put back, what was read from it.
func TestAnOpeningAlteredForTheIndexIsNamed(t *testing.T) {
	s := newScenario(t)
	q, other := s.submit("IN/94/2026/5821"), s.submit("IN/94/2026/5822")
	s.indexed()
	s.verifyLog()
	a := s.ownerAttacks(t)
	index := []string{"log_index", "log_mark", "log_duty", "log_holder", "log_viewed", "log_case"}
	anew := []string{"UPDATE log_total SET cases = 0"}
	for _, table := range index {
		anew = append(anew, "DELETE FROM "+table)
	}
	of := " WHERE name = 'facts' AND event_id = (SELECT event_id FROM log_index WHERE case_id = '" + string(q.ID) + "' AND kind IN ('request.submit', 'request.cosign') ORDER BY idx LIMIT 1)"
	with := func(fact, value string) string {
		return "UPDATE audit.opening SET value = convert_to((convert_from(value, 'UTF8')::jsonb || '{\"" + fact + "\": \"" + value + "\"}')::text, 'UTF8')" + of
	}
	named := func(name, want string) {
		t.Helper()
		if report, err := s.verify(); err == nil {
			t.Errorf("%s: verified %d rows and saw nothing", name, report.Rows)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is called %v", name, err)
		}
	}
	for _, x := range []struct{ name, alter, read string }{
		{"another country", with("country", "XX"), otherCase},
		{"another process", with("process", "XX-1"), otherCase},
		{"an emergency", with("emergency", "true"), otherCase},
		{"another case", with("request", string(other.ID)), "at another case than its event is of"},
		{"no opening", "DELETE FROM audit.opening WHERE name = 'facts'", otherCase},
	} {
		open := a.asSuperuser([]string{"audit.opening"}, x.alter)
		named(x.name+", after it was read", "The opening of the closed facts of event")
		closed := a.asSuperuser(append(index, "log_total"), anew...)
		s.indexed()
		named(x.name+", before it was read", "The opening of the closed facts of event")
		open()
		named(x.name+", put back", x.read)
		closed()
	}
	s.verifyLog()
}
