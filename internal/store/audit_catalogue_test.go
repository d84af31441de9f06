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
		"auditors read nothing":       {`REVOKE SELECT ON request FROM lerd_auditor`, "the rights of lerd_auditor public.request is not the one"},
		"auditors see no rows":        {`DROP POLICY all_to_auditor ON passkey`, "the policy all_to_auditor of public.passkey is missing"},
		"a row hidden from auditors":  {`CREATE POLICY hide ON passkey AS RESTRICTIVE FOR SELECT TO lerd_auditor USING (false)`, "the policy hide of public.passkey was not installed"},
		"rows of other agencies":      {`ALTER TABLE request DISABLE ROW LEVEL SECURITY`, "the row-level security public.request is not the one"},
		"the application removes":     {`GRANT UPDATE (role) ON person TO lerd_app; GRANT DELETE ON ceremony TO lerd_auditor`, "the rights of lerd_auditor public.ceremony is not the one"},
		"one answer twice":            {`DROP INDEX assertion_once`, "the unique index assertion_once is missing"},
		"one auditor with the server": {`ALTER TABLE invitation DROP CONSTRAINT invitation_by_two`, "the constraint invitation_by_two of public.invitation is missing"},
		"any time is now":             {`CREATE OR REPLACE FUNCTION lerd_clock_slack() RETURNS interval LANGUAGE sql STABLE AS $$ SELECT interval '200 years' $$`, "the function public.lerd_clock_slack() is not the one"},
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
