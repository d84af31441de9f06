package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// attacker is a database session with raw SQL, as the application's role or as
// the owner, who in a private cluster is superuser.
type attacker struct {
	t  testing.TB
	db *sql.DB
	as string
}

func (s *scenario) attackers(t testing.TB) []attacker {
	t.Helper()
	var out []attacker
	for as, url := range map[string]string{"application": s.db.App, "owner": s.db.Owner} {
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		out = append(out, attacker{t, db, as})
	}
	return out
}

// try runs statements in one transaction that claims to be lerd itself, with an
// audit event of its own so that only the gate in question can refuse it. The
// word $EVENT stands for the event's id. It gives the error of the first
// statement or of the commit.
func (a attacker) try(stream string, statements ...string) error {
	return a.tryAs("system", stream, statements...)
}

// tryAs is try under the scope of another role.
func (a attacker) tryAs(scope, stream string, statements ...string) error {
	ctx := context.Background()
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	const event = `INSERT INTO audit.event (id, stream, version, causes, kind, entry)
		SELECT gen_random_uuid(), $1, coalesce(max(version), 0) + 1,
		       coalesce((SELECT array_agg(e.id) FROM audit.event e WHERE e.stream LIKE 'request:%' OR e.stream LIKE 'release:%' OR e.stream LIKE 'finding:%' OR e.stream LIKE 'agency:%' OR e.stream LIKE 'person:%' OR e.stream LIKE 'containment:%' OR e.stream LIKE 'passkey:%' OR e.stream LIKE 'grant:%' OR e.stream LIKE 'copy:%' OR e.stream LIKE 'forgery:%' OR e.stream LIKE 'forgery_removal:%'), '{}'), 'attack', '\x7b7d'
		FROM audit.event WHERE stream = $1 RETURNING id`
	if _, err := tx.Exec("SELECT set_config('lerd.scope', $1, true)", scope); err != nil {
		return err
	}
	var id string
	if err := tx.QueryRow(event, stream).Scan(&id); err != nil {
		return fmt.Errorf("the attack's own event: %w", err)
	}
	for _, s := range statements {
		if _, err := tx.Exec(strings.ReplaceAll(s, "$EVENT", "'"+id+"'")); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// refused fails the test when an attack goes through, or is refused for another
// reason than the one expected.
func (a attacker) refused(name string, err error, because ...string) {
	a.t.Helper()
	if err == nil {
		a.t.Errorf("%s, as %s: went through", name, a.as)
		return
	}
	for _, b := range because {
		if strings.Contains(err.Error(), b) {
			return
		}
	}
	a.t.Errorf("%s, as %s: refused for another reason: %v", name, a.as, err)
}

// prepared takes a case to the point where an approver looks at it.
func (s *scenario) prepared() (requests.Case, requests.Release) {
	q := s.submit("IN/94/2026/18")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	c := s.load(q.ID)
	if c.Release == nil {
		s.t.Fatal("there is no release")
	}
	return c, *c.Release
}

func (s *scenario) personID(signIn string) string {
	actor, _ := identityFrom(s.as(signIn))
	return string(actor.Person)
}

// TestTheGatesOfAReleaseHoldInTheDatabase attacks each gate with raw SQL.
func TestTheGatesOfAReleaseHoldInTheDatabase(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	stream := requests.StreamOfRelease(rel.ID)
	approve := func(person string) string {
		return fmt.Sprintf(`UPDATE release SET state = 'approved', version = version + 1, approver_id = '%s', approved_at = now(), approved_digest = digest, event_id = $EVENT WHERE id = '%s'`, person, rel.ID)
	}
	for _, a := range s.attackers(t) {
		for _, who := range []struct{ signIn, because string }{
			{"asha.rao", "release_check"}, {"rita.lind", "release_check"},
			{"carl.ito", "must be different people"}, {"dana.cruz", "must be different people"},
		} {
			a.refused("approval by "+who.signIn, a.try(stream, approve(s.personID(who.signIn))), who.because)
		}
		a.refused("approval of another digest", a.try(stream, fmt.Sprintf(`UPDATE release SET state = 'approved', version = version + 1, approver_id = '%s', approved_at = now(), approved_digest = repeat('0', 64), event_id = $EVENT WHERE id = '%s'`, s.personID("anna.keller"), rel.ID)), "release_check")
		a.refused("release without approval", a.try(stream, fmt.Sprintf(`UPDATE release SET state = 'exported', version = version + 1, event_id = $EVENT WHERE id = '%s'`, rel.ID)), "no step leads", "release_check")
		a.refused("a changed digest", a.try(stream, fmt.Sprintf(`UPDATE release SET digest = repeat('0', 64), version = version + 1, event_id = $EVENT WHERE id = '%s'`, rel.ID)), "no step leads", "what was prepared does not change")
		a.refused("a case called exported", a.try(requests.StreamOf(c.Request.ID), fmt.Sprintf(`UPDATE request SET state = 'exported', version = version + 1, event_id = $EVENT WHERE id = '%s'`, c.Request.ID)), "no step leads")
		a.refused("a case called approved", a.try(requests.StreamOf(c.Request.ID), fmt.Sprintf(`UPDATE request SET state = 'approved', version = version + 1, event_id = $EVENT WHERE id = '%s'`, c.Request.ID)), "no approved release")
		a.refused("another offence", a.try(requests.StreamOf(c.Request.ID), fmt.Sprintf(`UPDATE request SET offence_class = '0901', version = version + 1, event_id = $EVENT WHERE id = '%s'`, c.Request.ID)), "what the agency signed does not change", "foreign key")
		a.refused("a further record", a.try(stream, fmt.Sprintf(`INSERT INTO release_record (release_id, ordinal, item_id, category, account_id, source_record, phone, phone_status, valid_from)
			SELECT '%s', 9999, id, category, account_id, 'x', '+447700900999', 'verified', from_at FROM release_item WHERE release_id = '%s' AND category = 'phone_number'`, rel.ID, rel.ID)), "only in the transaction that prepares it")
		a.refused("a changed record", a.try(stream, fmt.Sprintf(`UPDATE release_record SET phone = '+447700900999' WHERE release_id = '%s' AND phone IS NOT NULL`, rel.ID)), "permission denied", "never changed")
		a.refused("a removed record", a.try(stream, fmt.Sprintf(`DELETE FROM release_record WHERE release_id = '%s'`, rel.ID)), "permission denied", "never changed")
		a.refused("a changed item", a.try(stream, fmt.Sprintf(`UPDATE release_item SET account_id = account_id + 1 WHERE release_id = '%s'`, rel.ID)), "permission denied", "never changed", "foreign key")
		a.refused("a second release", a.try("release:00000000-0000-4000-8000-000000000001", fmt.Sprintf(`INSERT INTO release SELECT gen_random_uuid(), 'EXP-2026-9999999999', request_id, agency_id, officer_id, reviewer_id, NULL, NULL, '', 'prepared', digest, phones, addresses, retrieved_at, 0, '', NULL, '', '', 0, NULL, 1, $EVENT FROM release WHERE id = '%s'`, rel.ID)), "release_open")
	}
}

// TestAFindingTakesTwoConfirmers attacks the confirmation itself.
func TestAFindingTakesTwoConfirmers(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/19")
	s.review(q.ID)
	s.jobs()
	finding := string(s.load(q.ID).Asks[0].Finding)
	stream := "finding:" + finding
	confirm := func(by string) []string {
		return []string{s.gave(by, identity.PurposeConfirm, violations.ConfirmDigest(finding)), fmt.Sprintf(`INSERT INTO confirmation VALUES (gen_random_uuid(), '%s', '%s', 'confirmed', 'MOD-1', '', now(), $EVENT)`, finding, s.personID(by))}
	}
	set := fmt.Sprintf(`UPDATE finding SET state = 'confirmed', evidence = 'MOD-1', version = version + 1, event_id = $EVENT WHERE id = '%s'`, finding)
	for _, a := range s.attackers(t) {
		a.refused("confirmed by nobody", a.try(stream, set), "two confirmers")
		a.refused("confirmed by one", a.try(stream, append(confirm("carl.ito"), set)...), "two confirmers")
		a.refused("confirmed by one, twice", a.try(stream, slices.Concat(confirm("carl.ito"), confirm("carl.ito"), []string{set})...), "confirmation_finding_id_person_id")
		a.refused("confirmed by reviewer and approver", a.try(stream, slices.Concat(confirm("rita.lind"), confirm("anna.keller"), []string{set})...), "two confirmers")
	}
}

// TestNoStepWithoutItsEvent changes each business table without an event, or
// with an event of another transaction.
func TestNoStepWithoutItsEvent(t *testing.T) {
	s := newScenario(t)
	c, _ := s.prepared()
	old := string(c.Request.EventID)
	byThemselves := 0 // refused for want of an event alone, and not by a gate of the table
	for _, a := range s.attackers(t) {
		for _, table := range []string{"agency", "person", "request", "decision", "finding", "release", "target"} {
			for how, event := range map[string]string{"the old event": "event_id", "another's event": "'" + old + "'", "an invented event": "gen_random_uuid()"} {
				version := ", version = version + 1"
				if table == "target" {
					version = ""
				}
				tx, err := a.db.Begin()
				s.must(err)
				_, err = tx.Exec("SELECT set_config('lerd.scope', 'system', true)")
				s.must(err)
				res, err := tx.Exec("UPDATE " + table + " SET event_id = " + event + version)
				if err == nil {
					if n, _ := res.RowsAffected(); n == 0 {
						t.Errorf("%s as %s: no row was touched, so nothing was tried", table, a.as)
					}
					err = tx.Commit()
				}
				tx.Rollback()
				if err == nil {
					t.Errorf("%s changed with %s as %s", table, how, a.as)
				} else if strings.Contains(err.Error(), "names no audit event of its own transaction") {
					byThemselves++
				}
			}
			if _, err := a.db.Exec("DELETE FROM " + table); err == nil {
				t.Errorf("%s emptied as %s", table, a.as)
			}
			if _, err := a.db.Exec("TRUNCATE " + table + " CASCADE"); err == nil {
				t.Errorf("%s truncated as %s", table, a.as)
			}
		}
	}
	if byThemselves == 0 {
		t.Error("nothing was refused for want of an event alone")
	}
}

// TestAgenciesAreKeptApart asks as another agency and as a confirmer for
// everything, with the application's role and raw SQL.
func TestAgenciesAreKeptApart(t *testing.T) {
	s := newScenario(t)
	c, _ := s.prepared()
	other, _ := identityFrom(s.as("jana.weber"))
	db, err := sql.Open("pgx", s.db.App)
	s.must(err)
	defer db.Close()
	tables := []string{"document", "request", "target", "check_answer", "message", "decision", "finding_ask", "release", "release_item", "release_record"}
	count := func(scope, agency, table string) (n int) {
		tx, err := db.Begin()
		s.must(err)
		defer tx.Rollback()
		_, err = tx.Exec("SELECT set_config('lerd.scope', $1, true), set_config('lerd.agency', $2, true)", scope, agency)
		s.must(err)
		s.must(tx.QueryRow("SELECT count(*) FROM " + table).Scan(&n))
		return n
	}
	for _, table := range tables {
		for _, who := range []struct{ scope, agency string }{{"officer", string(other.Agency)}, {"confirmer", ""}, {"", ""}, {"officer", ""}, {"nonsense", string(c.Request.Agency)}} {
			if n := count(who.scope, who.agency, table); n != 0 {
				t.Errorf("%q of %q sees %d rows of %s", who.scope, who.agency, n, table)
			}
		}
		if table != "message" && count("system", "", table) == 0 {
			t.Errorf("there is nothing in %s, so the test shows nothing", table)
		}
	}
	for _, table := range []string{"finding", "confirmation"} {
		if n := count("officer", string(c.Request.Agency), table); n != 0 {
			t.Errorf("an officer sees %d rows of %s", n, table)
		}
	}
	if _, err := s.cases.View(s.as("jana.weber"), c.Request.ID); err == nil {
		t.Error("another agency's officer sees the case")
	}
}
