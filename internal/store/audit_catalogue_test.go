package store_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"gorm.io/gorm"

	"lerd/internal/store"
	"lerd/internal/store/migrations"
	"lerd/internal/testkit/auditlab"
)

// TestTheCatalogueIsOfTheseMigrations compares the list that the program brings with
// a database that was just migrated.
//
//	LERD_CATALOGUE=1 go test ./internal/store -run TestTheCatalogueIsOfTheseMigrations
//
// writes it anew, after a migration was added.
func TestTheCatalogueIsOfTheseMigrations(t *testing.T) {
	lab := auditlab.New(t)
	for _, sql := range []string{`DROP TABLE public.thing`, `CREATE OR REPLACE FUNCTION lerd_evaluation() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT false $$`} {
		if err := lab.Owner.Exec(sql).Error; err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.MakeCatalogue(t.Context(), lab.Owner)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("LERD_CATALOGUE") != "" {
		if err := os.WriteFile("migrations/catalogue.txt", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, migrations.Catalogue()) {
		t.Error("catalogue.txt is not of these migrations; write it anew as this test's comment says")
	}
}

// TestVerifyNamesTheRulesThatWereChanged changes what the database holds people to,
// as only its owner can.
func TestVerifyNamesTheRulesThatWereChanged(t *testing.T) {
	if head, _, _ := strings.Cut(string(migrations.Catalogue()), "\n"); head != migrations.Digest() {
		t.Fatal("catalogue.txt is not of these migrations")
	}
	lab := filled(t)
	evaluation := `CREATE OR REPLACE FUNCTION lerd_evaluation() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT true $$`
	if err := lab.Owner.Exec(strings.Replace(evaluation, "true", "false", 1)).Error; err != nil {
		t.Fatal(err)
	}
	report, err := lab.Verify(t)
	if err != nil || report.Rules < 500 || report.Evaluation {
		t.Fatalf("%d rules as they were installed: %v", report.Rules, err)
	}
	check := lab.Check(t)
	for name, c := range map[string]struct{ sql, want string }{
		"a gate gone":                 {`DROP TRIGGER check_standing ON person`, "the trigger check_standing of public.person is missing"},
		"a gate off":                  {`ALTER TABLE release DISABLE TRIGGER step_up`, "the trigger step_up of public.release is not the one"},
		"a gate that replicas skip":   {`ALTER TABLE release ENABLE TRIGGER step_up`, "the trigger step_up of public.release is not the one"},
		"a gate that says yes":        {`CREATE OR REPLACE FUNCTION check_inviter() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`, "the function public.check_inviter() is not the one"},
		"a trigger of somebody's":     {`CREATE TRIGGER mine BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION check_inviter()`, "the trigger mine of public.person was not installed"},
		"auditors read nothing":       {`REVOKE SELECT ON request FROM lerd_auditor`, "the rights of lerd_auditor to public.request are not those"},
		"auditors see no rows":        {`DROP POLICY all_to_auditor ON passkey`, "the policy all_to_auditor of public.passkey is missing"},
		"a row hidden from auditors":  {`CREATE POLICY hide ON passkey AS RESTRICTIVE FOR SELECT TO lerd_auditor USING (false)`, "the policy hide of public.passkey was not installed"},
		"rows of other agencies":      {`ALTER TABLE request DISABLE ROW LEVEL SECURITY`, "the row-level security public.request is not the one"},
		"the application removes":     {`GRANT UPDATE (role) ON person TO lerd_app; GRANT DELETE ON ceremony TO lerd_auditor`, "the rights of lerd_auditor to public.ceremony are not those"},
		"one answer twice":            {`DROP INDEX assertion_once`, "the unique index assertion_once is missing"},
		"one auditor with the server": {`ALTER TABLE invitation DROP CONSTRAINT invitation_by_two`, "the constraint invitation_by_two of public.invitation is missing"},
		"any time is now":             {`CREATE OR REPLACE FUNCTION lerd_clock_slack() RETURNS interval LANGUAGE sql STABLE AS $$ SELECT interval '200 years' $$`, "the function public.lerd_clock_slack() is not the one"},

		// What holds although its definition says so, or does not.
		"foreign keys off":                 {`ALTER TABLE confirmation DISABLE TRIGGER ALL; ALTER TABLE confirmation ENABLE TRIGGER USER`, "the constraint release_item_finding_id_confirmer1_confirmed_fkey of public.release_item is not the one"},
		"a key that may be empty":          {`ALTER TABLE release_item ALTER confirmer2 DROP NOT NULL`, "the column confirmer2 of public.release_item is not the one"},
		"another default":                  {`ALTER TABLE audit.event ALTER recorded_at SET DEFAULT '2020-01-01'`, "the column recorded_at of audit.event is not the one"},
		"names without case":               {`CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false); ALTER TABLE agency ALTER name TYPE text COLLATE blind`, "the column name of public.agency is not the one"},
		"an index that is not kept up":     {`UPDATE pg_index SET indisready = false WHERE indexrelid = 'assertion_once'::regclass`, "the unique index assertion_once is not the one"},
		"a function for everybody":         {`GRANT EXECUTE ON FUNCTION audit.guard_table TO lerd_app`, "the function audit.guard_table(target regclass) is not the one"},
		"a body behind the text":           {`CREATE FUNCTION other() RETURNS interval LANGUAGE sql BEGIN ATOMIC SELECT interval '200 years'; END; SET LOCAL allow_system_table_mods = on; UPDATE pg_proc SET prosqlbody = (SELECT prosqlbody FROM pg_proc WHERE proname = 'other') WHERE proname = 'lerd_clock_slack'; DROP FUNCTION other()`, "the function public.lerd_clock_slack() is not the one"},
		"a function of the owner's":        {`CREATE FUNCTION public.let_in(id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE public.person SET active = true WHERE person.id = $1'`, "the function public.let_in(id uuid) was not installed"},
		"a view that sees all":             {`ALTER VIEW agency_contact SET (security_invoker = false)`, "the rewrite rule _RETURN of public.agency_contact is not the one"},
		"a view of something else":         {`CREATE OR REPLACE VIEW agency_contact WITH (security_invoker = true) AS SELECT id, agency_id, kind, name, channel, 'police@evil.example'::text AS value, source, source_ref, seen_on, in_force_from FROM agency_detail`, "the rewrite rule _RETURN of public.agency_contact is not the one"},
		"notices that vanish":              {`CREATE RULE none AS ON INSERT TO notice DO INSTEAD NOTHING`, "the rewrite rule none of public.notice was not installed"},
		"rows from a child":                {`CREATE TABLE public.more () INHERITS (public.session)`, "the child table more of public.session was not installed"},
		"a way around the workflow":        {`INSERT INTO request_transition VALUES ('submitted', 'exported')`, "the contents of public.request_transition are not those"},
		"a field that is not erased":       {`ALTER TABLE retention.field DISABLE TRIGGER ALL; UPDATE retention.field SET becomes = columname WHERE columname = 'emergency_reason'; ALTER TABLE retention.field ENABLE ALWAYS TRIGGER written_once`, "the contents of retention.field are not those"},
		"a floor that is lower":            {`ALTER TABLE retention.class DISABLE TRIGGER written_once; UPDATE retention.class SET floor = 1; ALTER TABLE retention.class ENABLE ALWAYS TRIGGER written_once`, "the contents of retention.class are not those"},
		"the application sees all":         {`ALTER ROLE lerd_app BYPASSRLS`, "the role lerd_app passes row-level security by"},
		"the application makes roles":      {`ALTER ROLE lerd_app CREATEROLE`, "the role lerd_app passes row-level security by, or may make roles"},
		"the application runs programs":    {`GRANT pg_execute_server_program TO lerd_app`, "the role lerd_app is a member of pg_execute_server_program"},
		"gates that replicas skip, always": {`DO $$ BEGIN EXECUTE format('ALTER ROLE lerd_app IN DATABASE %I SET session_replication_role = replica', current_database()); END $$`, "session_replication_role is set for the role lerd_app"},
		"everybody is an auditor":          {`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lerd.scope = auditor', current_database()); END $$`, "lerd.scope is set for everybody"},
		"a path for who works as lerd_app": {`CREATE ROLE lerd_test_worker LOGIN; GRANT lerd_app TO lerd_test_worker; DO $$ BEGIN EXECUTE format('ALTER ROLE lerd_test_worker IN DATABASE %I SET search_path = hide', current_database()); END $$`, "search_path is set for the role lerd_test_worker"},
		"another role that writes":         {`CREATE ROLE lerd_test_stranger; GRANT UPDATE (state) ON release TO lerd_test_stranger`, "the role lerd_test_stranger, which is none of lerd's, may write into public.release"},
		"a schema in the way":              {`CREATE SCHEMA lerd_app`, "the schema lerd_app stands before lerd's"},
		"an operator in the way":           {`CREATE FUNCTION pg_temp.yes(uuid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR public.= (LEFTARG = uuid, RIGHTARG = text, FUNCTION = pg_temp.yes)`, "the operator =(uuid,text) was not installed"},
		"a cast in the way":                {`CREATE CAST (text AS inet) WITH INOUT AS IMPLICIT`, "the cast from text to inet was not installed"},
		"a stand-in of PostgreSQL's":       {`CREATE FUNCTION pg_catalog.sha256(text) RETURNS bytea LANGUAGE sql AS 'SELECT $1::bytea'`, "the function pg_catalog.sha256(text) was not installed by PostgreSQL"},
		"a trigger on commands":            {`CREATE FUNCTION pg_temp.f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION pg_temp.f()`, "the event trigger watch was not installed"},
	} {
		t.Run(name, func(t *testing.T) {
			undone := errors.New("undone")
			err := lab.Super.Transaction(func(tx *gorm.DB) error {
				if err := tx.Exec(c.sql).Error; err != nil {
					return err
				}
				found, err := store.InstalledFaults(t.Context(), tx)
				if err != nil || !strings.Contains(strings.Join(found, "\n"), c.want) {
					t.Errorf("found %q (%v)\nwant: %s", found, err, c.want)
				}
				return undone
			})
			if !errors.Is(err, undone) {
				t.Fatal(err)
			}
		})
	}
	lab.Tampered(t, []string{`DROP TRIGGER check_standing ON person`}, func(tx *gorm.DB) {
		if _, err := store.VerifyAudit(t.Context(), tx, check); err == nil || !strings.Contains(err.Error(), "check_standing of public.person is missing") || !store.IsDifference(err) {
			t.Errorf("verify said: %v", err)
		}
	})
	lab.Tampered(t, []string{evaluation}, func(tx *gorm.DB) {
		if report, err := store.VerifyAudit(t.Context(), tx, check); err != nil || !report.Evaluation {
			t.Errorf("a database that became an evaluation's is not said to be one: %v", err)
		}
	})
}
