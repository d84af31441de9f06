package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/retention"
	"lerd/internal/store"
)

// standing finds which of some texts stand anywhere in the database: in business
// rows, in the log's entries and payloads, as text or as bytes.
func (s *scenario) standing(texts ...string) (found []string) {
	s.t.Helper()
	db, err := sql.Open("pgx", s.db.Owner)
	s.must(err)
	defer db.Close()
	rows, err := db.Query(`SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname IN ('public', 'audit', 'retention') ORDER BY 1`)
	s.must(err)
	var tables []string
	for rows.Next() {
		var t string
		s.must(rows.Scan(&t))
		tables = append(tables, t)
	}
	s.must(rows.Err())
	for _, table := range tables {
		for _, text := range texts {
			query := fmt.Sprintf(`SELECT count(*) FROM %s t WHERE position($1 in t::text) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') in t::text) > 0
				OR position(rtrim(encode(convert_to($1, 'UTF8'), 'base64'), '=') in t::text) > 0`, table)
			if table == "audit.event" || table == "audit.payload" { // JSON in bytes
				column := map[string]string{"audit.event": "entry", "audit.payload": "body"}[table]
				query = fmt.Sprintf(`SELECT count(*) FROM %s t WHERE position(convert_to($1, 'UTF8') in t.%s) > 0
					OR position(convert_to(rtrim(encode(convert_to($1, 'UTF8'), 'base64'), '='), 'UTF8') in t.%[2]s) > 0`, table, column)
			}
			var n int
			s.must(db.QueryRow(query, text).Scan(&n))
			if n > 0 {
				found = append(found, text+" in "+table)
			}
		}
	}
	return found
}

func (s *scenario) eraseDue() int {
	s.t.Helper()
	total := 0
	for {
		n, err := s.retention.RunOnce(s.ctx)
		s.must(err)
		if total += n; n == 0 {
			return total
		}
	}
}

func (s *scenario) hasBlob(name string) bool {
	s.t.Helper()
	r, err := s.cases.Blobs.Get(s.ctx, name)
	if err == nil {
		r.Close()
	}
	return err == nil
}

const day = 24 * time.Hour

// TestACaseIsErasedAndTheLogStaysWhole lets the terms of a delivered case run
// out, one after the other.
func TestACaseIsErasedAndTheLogStaysWhole(t *testing.T) {
	s := newScenario(t)
	s.anyTime()
	id := s.ready("IN/94/2026/9911")
	_, err := s.fetched(s.as("asha.rao"), id)
	s.must(err)
	s.must(s.cases.Acknowledge(s.as("asha.rao"), id))
	s.indexed()
	c := s.load(id)
	bundle, document := requests.BundleBlob(*c.Release), requests.DocumentBlob(c.Document.ID)
	identifier, number := c.Request.Targets[0].Identifier.Reveal(), c.Request.Order.Number
	address := s.oneRecord(c.Release.ID)
	if found := s.standing(identifier, number, address, sample.SuspectPhone); len(found) < 3 {
		t.Fatalf("the search finds too little while all of it is there: %v", found)
	}
	if n := s.eraseDue(); n != 0 {
		t.Fatalf("%d erased on the day of closing", n)
	}

	s.clock.Advance(181 * day)
	if n := s.eraseDue(); n != 1 || s.hasBlob(bundle) || !s.hasBlob(document) {
		t.Errorf("after 181 days: %d erased, bundle there: %v, document there: %v", n, s.hasBlob(bundle), s.hasBlob(document))
	}
	if found := s.standing(address); len(found) > 0 {
		t.Errorf("the released address still stands in %v", found)
	}
	s.sequenceAll()
	if r := s.verifyLog(); r.Erased != 0 {
		t.Errorf("%d entries cannot be opened any more", r.Erased)
	}

	s.clock.Advance(915 * day)
	if n := s.eraseDue(); n != 1 || s.hasBlob(document) {
		t.Errorf("after 1096 days: %d erased, document there: %v", n, s.hasBlob(document))
	}
	if found := s.standing(identifier, number, "Examined."); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	s.sequenceAll()
	if r := s.verifyLog(); r.Erased < 10 {
		t.Errorf("only %d entries were erased", r.Erased)
	}

	account := fmt.Sprint(c.Request.Targets[0].AccountID)
	s.clock.Advance(91 * day)
	if n := s.eraseDue(); n != 1 {
		t.Errorf("after another 91 days: %d erased", n)
	}
	_, err = s.ownerDB().Exec("DELETE FROM log_viewed") // counts of 2026, which go with the database's own clock
	s.must(err)
	if found := s.standing(account, "MOD-48213"); len(found) > 0 {
		t.Errorf("the finding is still there: %v", found)
	}
	s.indexed()
	s.verifyLog()
	s.clock.Set(storyNow.AddDate(1, 0, 0)) // while the demo's seal is valid
	s.namesItsFacts(id)
	if list, err := s.store.Erasures(identity.With(s.ctx, identity.SystemActor()), true, 10); err != nil || len(list) != 0 {
		t.Errorf("files are still to go: %v, %v", list, err)
	}
}

// namesItsFacts takes the dossier of a case whose payloads are gone: country and process
// are opened all the same, and who opens less, other, or none is told.
func (s *scenario) namesItsFacts(id requests.ID) {
	s.t.Helper()
	_, file, err := s.oversight.MakeDossier(s.as("ines.moreau"), id)
	s.must(err)
	text, err := s.checkDossier(file)
	if err != nil || strings.Contains(text, "facts of 0 events") {
		s.t.Fatalf("%v\n%s", err, text)
	}
	whole := s.oversight.Dossiers
	defer func() { s.oversight.Dossiers = whole }()
	for name, alter := range map[string]func(map[audit.EventID]audit.ValueOpening, audit.EventID){
		"not opened": func(all map[audit.EventID]audit.ValueOpening, one audit.EventID) { delete(all, one) },
		"another's salt": func(all map[audit.EventID]audit.ValueOpening, one audit.EventID) {
			all[one] = audit.ValueOpening{Value: all[one].Value}
		},
		"another country": func(all map[audit.EventID]audit.ValueOpening, one audit.EventID) {
			all[one] = audit.ValueOpening{Salt: all[one].Salt, Value: bytes.Replace(all[one].Value, []byte(`"IN"`), []byte(`"DE"`), 1)}
		},
	} {
		s.oversight.Dossiers = forgedFacts{whole, alter}
		_, file, err := s.oversight.MakeDossier(s.as("ines.moreau"), id)
		s.must(err)
		if text, err := s.checkDossier(file); err == nil || !strings.Contains(err.Error(), "The closed facts of event") {
			s.t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// forgedFacts lets whoever has the seal put other openings into a dossier.
type forgedFacts struct {
	oversight.DossierStore
	alter func(all map[audit.EventID]audit.ValueOpening, one audit.EventID)
}

func (f forgedFacts) FactsOf(ctx context.Context, ids []audit.EventID) (map[audit.EventID]audit.ValueOpening, error) {
	all, err := f.DossierStore.FactsOf(ctx, ids)
	for id, o := range all {
		if bytes.Contains(o.Value, []byte(`"country":"IN"`)) {
			f.alter(all, id)
			return all, err
		}
	}
	return all, errors.New("no event of the case says its country")
}

// oneRecord gives an address that was frozen for a release.
func (s *scenario) oneRecord(release requests.ReleaseID) (address string) {
	s.t.Helper()
	db, err := sql.Open("pgx", s.db.Owner)
	s.must(err)
	defer db.Close()
	s.must(db.QueryRow("SELECT host(ip) FROM release_record WHERE release_id = $1 AND ip IS NOT NULL LIMIT 1", string(release)).Scan(&address))
	return address
}

// TestALegalHoldKeepsACase places a hold, lets the term run out, and has it
// lifted by two people.
func TestALegalHoldKeepsACase(t *testing.T) {
	s := newScenario(t)
	s.anyTime()
	q := s.submit("IN/94/2026/9913")
	s.must(s.cases.Withdraw(s.as("asha.rao"), q.ID, "No longer needed."))
	for _, who := range []string{"asha.rao", "rita.lind", "ines.moreau", "anna.keller", "tess.boyd"} {
		if _, err := s.retention.Place(s.as(who), q.ID, "x"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a hold by %s: %v", who, err)
		}
	}
	if _, err := s.retention.Place(s.as("helen.park"), q.ID, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a hold without a reason: %v", err)
	}
	for _, a := range s.attackers(t) {
		err := a.tryAs("counsel", requests.StreamOf(q.ID), s.gave("rita.lind", identity.PurposeRetain, retention.HoldDigest(q.ID)), fmt.Sprintf(`INSERT INTO legal_hold (id, request_id, reason, placed_by, placed_at, state, lift_reason, version, event_id)
			VALUES (gen_random_uuid(), '%s', 'x', '%s', now(), 'placed', '', 1, $EVENT)`, q.ID, s.personID("rita.lind")))
		if err == nil || !strings.Contains(err.Error(), "by counsel") {
			t.Errorf("as %s: a reviewer's hold: %v", a.as, err)
		}
	}
	h, err := s.retention.Place(s.as("helen.park"), q.ID, "A court has asked for the file.")
	s.must(err)
	s.clock.Advance(1200 * day)
	if n := s.eraseDue(); n != 0 {
		t.Fatalf("%d erased under a hold", n)
	}
	held := fmt.Sprintf(`INSERT INTO erasure (id, class, subject_id, due_at, made_at, version, event_id)
		SELECT gen_random_uuid(), 'records', id, retention.due('records', id), now(), 1, $EVENT FROM request WHERE id = '%s'`, q.ID)
	for _, a := range s.attackers(t) {
		if err := a.tryAs("system", requests.StreamOf(q.ID), held); err == nil || !strings.Contains(err.Error(), "legal hold") {
			t.Errorf("as %s: erased under a hold: %v", a.as, err)
		}
	}
	o, err := s.retention.Look(s.as("ines.moreau"))
	if s.must(err); len(o.Due) != 2 || !o.Due[0].Held || !o.Due[1].Held {
		t.Errorf("the overview says %+v", o.Due)
	}
	s.must(s.retention.ProposeLift(s.as("helen.park"), h.ID, "The court is done."))
	if err := s.retention.Lift(s.as("helen.park"), h.ID, true); fault.KindOf(err) != fault.Gate {
		t.Errorf("lifted by the one who asked: %v", err)
	}
	if n := s.eraseDue(); n != 0 {
		t.Fatalf("%d erased while somebody only asks", n)
	}
	if err := s.retention.Lift(s.as("ines.moreau"), h.ID, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("lifted by an auditor: %v", err)
	}
	s.must(s.retention.Lift(s.as("anna.keller"), h.ID, true))
	if n := s.eraseDue(); n != 2 { // what was frozen (nothing here), and the case
		t.Errorf("%d erased after the hold", n)
	}
	s.sequenceAll()
	s.verifyLog()
}

// TestNothingIsErasedPastTheGate tries to erase with raw SQL what is not due,
// held, or somebody else's.
func TestNothingIsErasedPastTheGate(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/9914")
	stream := requests.StreamOf(id)
	insert := `INSERT INTO erasure (id, class, subject_id, due_at, made_at, version, event_id) VALUES ('00000000-0000-4000-8000-0000000000aa', '%s', '%s', %s, now(), 1, $EVENT)`
	for _, a := range s.attackers(t) {
		for name, attack := range map[string][]string{
			"an open case":            {fmt.Sprintf(insert, "case", id, "now()")},
			"records of an open case": {fmt.Sprintf(insert, "records", id, "now() - interval '1 year'")},
			"a class of its own":      {`INSERT INTO retention.class VALUES ('mine', 'request', 1)`},
			"a field more":            {`INSERT INTO retention.field VALUES ('case', 'request', 'state', '''closed''')`},
			"the records":             {fmt.Sprintf("DELETE FROM release_record WHERE release_id = '%s'", s.load(id).Release.ID)},
			"a payload":               {fmt.Sprintf("DELETE FROM audit.payload WHERE event_id IN (SELECT id FROM audit.event WHERE stream = '%s')", stream)},
			"a row, as if erasing":    {`SELECT set_config('lerd.erasing', '00000000-0000-4000-8000-0000000000aa', true)`, fmt.Sprintf("UPDATE message SET body = '' WHERE request_id = '%s'", id), fmt.Sprintf("UPDATE decision SET note = 'x', event_id = $EVENT WHERE request_id = '%s'", id)},
			"through the function":    {fmt.Sprintf("SELECT retention.erase_rows('00000000-0000-4000-8000-0000000000aa', $EVENT, 'request', ARRAY['%s'::uuid])", id)},
		} {
			if a.as == "owner" && (name == "a class of its own" || name == "a field more") {
				continue // a migration may
			}
			if err := a.tryAs("system", stream, attack...); err == nil {
				t.Errorf("as %s: %s was possible", a.as, name)
			}
		}
	}
}

// TestALostPayloadIsNoErasure removes, past all triggers, what opens an event.
func TestALostPayloadIsNoErasure(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/9915")
	s.sequenceAll()
	for _, a := range s.attackers(t) {
		if a.as == "owner" {
			a.exec(fmt.Sprintf(`ALTER TABLE audit.payload DISABLE TRIGGER audit_erasure;
				DELETE FROM audit.payload WHERE event_id = (SELECT id FROM audit.event WHERE stream = '%s' AND version = 1);
				ALTER TABLE audit.payload ENABLE ALWAYS TRIGGER audit_erasure`, requests.StreamOf(q.ID)))
		}
	}
	_, err := s.verify()
	if !store.IsDifference(err) || !strings.Contains(err.Error(), "no erasure of request:") {
		t.Errorf("verify says %v", err)
	}
}

// TestASpoiledOpeningIsNamed alters, past all triggers, what opens an event's closed
// facts and its count: samples, figures and auditors' lists are made of them.
func TestASpoiledOpeningIsNamed(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/9917")
	s.sequenceAll()
	for _, name := range []string{"facts", "count"} {
		of := fmt.Sprintf("event_id = (SELECT id FROM audit.event WHERE stream = '%s' AND kind = 'request.cosign') AND name = '%s'", requests.StreamOf(q.ID), name)
		kept := s.column("SELECT encode(salt, 'hex') || ' ' || encode(value, 'hex') FROM audit.opening WHERE " + of)
		if len(kept) != 1 {
			t.Fatalf("%d openings of the %s", len(kept), name)
		}
		salt, value, _ := strings.Cut(kept[0], " ")
		for said, x := range map[string][2]string{ // the attack, and its undoing
			"is not the one that was recorded": {
				"UPDATE audit.opening SET value = convert_to(translate(convert_from(value, 'UTF8'), 'IN20', 'NI02'), 'UTF8') WHERE " + of,
				fmt.Sprintf("UPDATE audit.opening SET value = '\\x%s' WHERE %s", value, of)},
			"is gone": {
				"DELETE FROM audit.opening WHERE " + of,
				fmt.Sprintf("INSERT INTO audit.opening (event_id, name, salt, value) SELECT id, '%s', '\\x%s', '\\x%s' FROM audit.event WHERE stream = '%s' AND kind = 'request.cosign'", name, salt, value, requests.StreamOf(q.ID))},
			"which has none": {
				fmt.Sprintf("INSERT INTO audit.opening (event_id, name, salt, value) SELECT id, '%s', '\\x%s', '\\x%s' FROM audit.event WHERE kind = 'document.uploaded' LIMIT 1", name, salt, value),
				"DELETE FROM audit.opening WHERE event_id IN (SELECT id FROM audit.event WHERE kind = 'document.uploaded')"},
			"openings of events that do not exist": {
				fmt.Sprintf("INSERT INTO audit.opening (event_id, name, salt, value) VALUES (gen_random_uuid(), '%s', '\\x%s', '\\x%s')", name, salt, value),
				"DELETE FROM audit.opening o WHERE NOT EXISTS (SELECT 1 FROM audit.event e WHERE e.id = o.event_id)"},
		} {
			past := func(statement string) {
				t.Helper()
				_, err := s.ownerDB().Exec("ALTER TABLE audit.opening DISABLE TRIGGER audit_append_only; " + statement + "; ALTER TABLE audit.opening ENABLE ALWAYS TRIGGER audit_append_only")
				s.must(err)
			}
			past(x[0])
			if _, err := s.verify(); !store.IsDifference(err) || !strings.Contains(err.Error(), said) {
				t.Errorf("%s %s: verify says %v", name, said, err)
			}
			past(x[1])
		}
	}
	s.verifyLog()
}

// stuck loses the blob store for a while.
type stuck struct {
	requests.Blobs
	down bool
}

func (b *stuck) Remove(ctx context.Context, name string) error {
	if b.down {
		return fault.New(fault.Unavailable, "The files cannot be reached.")
	}
	return b.Blobs.Remove(ctx, name)
}

// TestAnErasureThatWasStoppedGoesOn loses the files' store after the rows were
// erased, and the answer to a removal that was done.
func TestAnErasureThatWasStoppedGoesOn(t *testing.T) {
	s := newScenario(t)
	s.anyTime()
	q := s.submit("IN/94/2026/9916")
	s.must(s.cases.Withdraw(s.as("asha.rao"), q.ID, "No longer needed."))
	document := requests.DocumentBlob(s.load(q.ID).Document.ID)
	s.clock.Advance(1100 * day)
	files := &stuck{Blobs: s.retention.Blobs, down: true}
	s.retention.Blobs = files
	if _, err := s.retention.RunOnce(s.ctx); fault.KindOf(err) != fault.Unavailable || !s.hasBlob(document) {
		t.Fatalf("the round says %v", err)
	}
	if found := s.standing(q.Order.Number); len(found) > 0 {
		t.Errorf("rows wait for files: %v", found)
	}
	files.down = false
	s.must(files.Remove(s.ctx, document)) // as by a round whose answer was lost
	if n, err := s.retention.RunOnce(s.ctx); n != 0 || err != nil {
		t.Errorf("the next round erased %d again: %v", n, err)
	}
	if list, err := s.store.Erasures(identity.With(s.ctx, identity.SystemActor()), true, 10); err != nil || len(list) != 0 {
		t.Errorf("still to go: %v, %v", list, err)
	}
	s.verifyLog()
}

// TestThePolicyOfRetentionIsTheDatabases compares the policy file with what the
// database holds to.
func TestThePolicyOfRetentionIsTheDatabases(t *testing.T) {
	s := newScenario(t)
	db, err := sql.Open("pgx", s.db.Owner)
	s.must(err)
	defer db.Close()
	read := func(query string) (out []string) {
		rows, err := db.Query(query)
		s.must(err)
		defer rows.Close()
		for rows.Next() {
			var line string
			s.must(rows.Scan(&line))
			out = append(out, line)
		}
		s.must(rows.Err())
		return out
	}
	var classes, fields []string
	for _, c := range s.retention.Policy.Classes {
		classes = append(classes, fmt.Sprintf("%s of a %s after %d, at least %d", c.ID, c.Subject, c.Days, c.Floor))
		for table, columns := range c.Erases {
			for _, column := range columns {
				fields = append(fields, fmt.Sprintf("%s: %s.%s", c.ID, table, column))
			}
		}
	}
	slices.Sort(classes)
	slices.Sort(fields)
	if diff := cmp.Diff(classes, read("SELECT format('%s of a %s after %s, at least %s', c.id, subject, days, floor) FROM retention.class c JOIN retention_term t ON t.class = c.id ORDER BY c.id")); diff != "" {
		t.Errorf("classes, policy against database:\n%s", diff)
	}
	if diff := cmp.Diff(fields, read(`SELECT format('%s: %s.%s', class, tablename, columname) FROM retention.field ORDER BY format('%s: %s.%s', class, tablename, columname) COLLATE "C"`)); diff != "" {
		t.Errorf("fields, policy against database:\n%s", diff)
	}
}

// TestEveryColumnHasATerm finds columns with text, bytes, addresses or accounts of
// which nobody has said how long they live.
func TestEveryColumnHasATerm(t *testing.T) {
	s := newScenario(t)
	kept := map[string]bool{}
	for _, columns := range s.retention.Policy.Keeps {
		for _, c := range columns {
			kept[c] = true
		}
	}
	for _, c := range s.column(`SELECT table_name || '.' || column_name FROM information_schema.columns c
		WHERE table_schema = 'public' AND table_name NOT LIKE 'lerd_%' AND (data_type IN ('text', 'bytea', 'inet', 'ARRAY', 'jsonb') OR column_name = 'account_id')
		  AND NOT EXISTS (SELECT 1 FROM retention.field f WHERE f.tablename = table_name AND f.columname = column_name) ORDER BY 1`) {
		_, column, _ := strings.Cut(c, ".")
		if !kept[c] && !kept["*."+column] {
			t.Errorf("%s: policies/retention.yaml says neither when it is erased nor why it stays", c)
		}
	}
	for c := range kept {
		table, column, _ := strings.Cut(c, ".")
		if table != "*" && len(s.column(fmt.Sprintf("SELECT 'x' FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '%s' AND column_name = '%s'", table, column))) == 0 {
			t.Errorf("policies/retention.yaml keeps %s, which is not there", c)
		}
	}
}

// TestWhatServesTheWorkingDayGoes removes old sessions and notices, and no new ones.
func TestWhatServesTheWorkingDayGoes(t *testing.T) {
	s := newScenario(t)
	p := s.open(unhurried)
	p.visit("asha.rao")
	if len(s.column("SELECT 'x' FROM session")) == 0 {
		t.Fatal("there is no session")
	}
	for _, step := range []struct{ age, want string }{{"399 days", "there"}, {"401 days", "gone"}} {
		attacker{t: t, db: s.ownerDB(), as: "owner"}.exec(`ALTER TABLE session DISABLE TRIGGER ALL; UPDATE session SET ends_at = now() - interval '` + step.age + `'; ALTER TABLE session ENABLE ALWAYS TRIGGER check_contained, ENABLE ALWAYS TRIGGER check_evaluation, ENABLE ALWAYS TRIGGER check_begins, ENABLE ALWAYS TRIGGER check_stays`)
		_, err := s.retention.RunOnce(s.ctx)
		s.must(err)
		if n := len(s.column("SELECT 'x' FROM session")); (n == 0) != (step.want == "gone") {
			t.Errorf("%d sessions that ended %s ago", n, step.age)
		}
	}
}
