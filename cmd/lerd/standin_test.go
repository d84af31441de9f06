package main

import (
	"strings"
	"testing"
)

// TestTheVerificationReadsNoStandIns puts in the way of the verifying role what PostgreSQL
// would find before lerd's own: a copy of a table as it was, in a schema of the role's name,
// and a view of the triggers in which none is off. The rows themselves are edited.
func TestTheVerificationReadsNoStandIns(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/6101")
	s.sequenceAll()
	s.verifyLog()
	a := s.ownerAttacks(t)
	database := s.column("SELECT current_database()")[0]
	for name, c := range map[string]struct {
		before []string
		want   string
		after  []string
	}{
		"a schema of the role's name": {
			[]string{`CREATE SCHEMA lerd_auditor`, `CREATE TABLE lerd_auditor.request_signature AS TABLE public.request_signature`,
				`GRANT USAGE ON SCHEMA lerd_auditor TO lerd_auditor`, `GRANT SELECT ON lerd_auditor.request_signature TO lerd_auditor`},
			"the schema lerd_auditor stands before lerd's", []string{`DROP SCHEMA lerd_auditor CASCADE`}},
		"a path of the role's": {
			[]string{`CREATE SCHEMA clean`, `CREATE TABLE clean.request_signature AS TABLE public.request_signature`, `GRANT USAGE ON SCHEMA clean TO lerd_auditor`,
				`CREATE VIEW clean.pg_db_role_setting AS SELECT * FROM pg_catalog.pg_db_role_setting WHERE false`, `GRANT SELECT ON ALL TABLES IN SCHEMA clean TO lerd_auditor`,
				`ALTER ROLE lerd_auditor IN DATABASE ` + database + ` SET search_path = clean, pg_catalog, public`},
			"search_path is set for the role lerd_auditor", []string{`ALTER ROLE lerd_auditor IN DATABASE ` + database + ` RESET search_path`, `DROP SCHEMA clean CASCADE`}},
	} {
		for _, sql := range c.before {
			a.exec(sql)
		}
		restore := a.asSuperuser([]string{"public.request_signature"}, `UPDATE request_signature SET at = at - interval '1 day' WHERE request_id = '`+string(q.ID)+`'`)
		_, err := s.verify()
		if err == nil {
			t.Fatalf("%s: verified", name)
		}
		for _, want := range []string{"of table request_signature is not what event", c.want} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\nwant: %s", name, err, want)
			}
		}
		restore()
		for _, sql := range c.after {
			a.exec(sql)
		}
	}
	s.verifyLog()
}

// TestAGuardThatIsDownIsNamedAlone switches one guard off in an evaluation, where people come
// in without passkeys: nothing is said of auditors beside it, of whom nothing is compared.
func TestAGuardThatIsDownIsNamedAlone(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/6102")
	s.sequenceAll()
	a := s.ownerAttacks(t)
	a.exec(`ALTER TABLE request ENABLE TRIGGER audit_event`)
	if _, err := s.verify(); err == nil || err.Error() != "In the database the guard audit_event on table public.request is an ordinary trigger instead of ENABLE ALWAYS." {
		t.Errorf("the verification says %v", err)
	}
	a.exec(`ALTER TABLE request ENABLE ALWAYS TRIGGER audit_event`)
	s.verifyLog()
}
