package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/store"
	"lerd/internal/testkit/auditlab"
)

// at gives the event at an index, as SQL.
func at(index int) string {
	return fmt.Sprintf(`(SELECT event_id FROM audit.leaf WHERE index = %d)`, index)
}

// flip changes one letter of an entry and leaves it readable.
func flip(index int) string {
	return `UPDATE audit.event SET entry = convert_to(replace(convert_from(entry, 'UTF8'), '"reviewer"', '"approver"'), 'UTF8') WHERE id = ` + at(index)
}

// rehash makes an entry's leaf hash fit again.
func rehash(index int) string {
	return `UPDATE audit.leaf SET hash = (SELECT sha256('\x00'::bytea || entry) FROM audit.event WHERE id = leaf.event_id) WHERE index = ` + fmt.Sprint(index)
}

// tampers are what a superuser can do with all triggers off, and a part of the
// sentence that verify then says. The log has 356 entries under checkpoints of
// 300, 350 and 356.
var tampers = []struct {
	name string
	sql  []string
	want string
}{
	{"flip an entry", []string{flip(7)}, "entry 7: Event"},
	{"flip an entry and its hash", []string{flip(310), rehash(310)}, "TREE: the first 350 entries have the root"},
	{"flip an entry, its hash and nothing of the tile", []string{flip(7), rehash(7)}, "The hash tile tile/0/000 is not what its entries give"},
	{"unreadable entry", []string{`UPDATE audit.event SET entry = 'x' WHERE id = ` + at(310), rehash(310)}, "cannot be read"},
	{"delete an event", []string{`DELETE FROM audit.event WHERE id = ` + at(8)}, "entry 8: Event"},
	{"delete an event and its leaf", []string{`DELETE FROM audit.leaf WHERE index = 8`}, "Entry 8 of the log is missing"},
	{"close the gap", []string{`DELETE FROM audit.leaf WHERE index = 310`, `UPDATE audit.leaf SET index = index + 10000 WHERE index > 310`, `UPDATE audit.leaf SET index = index - 10001 WHERE index > 10000`}, "ROLLBACK"},
	{"delete the tail", []string{`DELETE FROM audit.leaf WHERE index >= 350`, `DELETE FROM audit.checkpoint WHERE size > 350`, `DELETE FROM audit.event WHERE id NOT IN (SELECT event_id FROM audit.leaf)`}, "ROLLBACK: the database has 350 entries, but 356 were signed"},
	{"delete the last place", []string{`DELETE FROM audit.leaf WHERE index = 355`}, "ROLLBACK"},
	{"delete everything", []string{`DELETE FROM audit.leaf`, `DELETE FROM audit.checkpoint`, `DELETE FROM audit.tile`, `DELETE FROM audit.event`, `DELETE FROM public.thing`}, "ROLLBACK"},
	{"swap two rows", []string{`UPDATE audit.leaf SET index = 9999 WHERE index = 310`, `UPDATE audit.leaf SET index = 310 WHERE index = 311`, `UPDATE audit.leaf SET index = 311 WHERE index = 9999`}, "TREE"},
	{"swap two events only", []string{`CREATE TEMP TABLE two AS SELECT index, event_id FROM audit.leaf WHERE index IN (310, 311)`, `UPDATE audit.leaf SET event_id = gen_random_uuid() WHERE index IN (310, 311)`,
		`UPDATE audit.leaf l SET event_id = t.event_id FROM two t WHERE l.index IN (310, 311) AND t.index = 621 - l.index`}, "its hash differs"},
	{"insert an event and no place", []string{`INSERT INTO audit.event SELECT gen_random_uuid(), xid, recorded_at - interval '1 day', 's', 1, '{}', 'k', entry FROM audit.event LIMIT 1`}, "has no place in the log"},
	{"insert an event that waits for its place for ever", []string{`INSERT INTO audit.event SELECT gen_random_uuid(), '3', recorded_at + interval '10 years', 's', 1, '{}', 'k', entry FROM audit.event LIMIT 1`}, "was recorded in the future"},
	{"remove a place of long ago", []string{`UPDATE audit.event SET recorded_at = recorded_at - interval '1 day' WHERE id = ` + at(355), `DELETE FROM audit.leaf WHERE index = 355`, `DELETE FROM audit.checkpoint WHERE size = 356`}, "ROLLBACK"},
	{"edit the kind", []string{`UPDATE audit.event SET kind = 'thing.seen' WHERE id = ` + at(9)}, `The column kind of event`},
	{"edit the stream", []string{`UPDATE audit.event SET stream = 'other' WHERE id = ` + at(9)}, `The column stream of event`},
	{"edit the version", []string{`UPDATE audit.event SET version = 99 WHERE id = ` + at(9)}, `The column version of event`},
	{"edit the causes", []string{`UPDATE audit.event SET causes = ARRAY[id] WHERE id = ` + at(9)}, `The column causes of event`},
	{"delete a payload", []string{`DELETE FROM audit.payload WHERE event_id = ` + at(10)}, "The payload of event"},
	{"edit a payload", []string{`UPDATE audit.payload SET body = convert_to(replace(convert_from(body, 'UTF8'), '"reason"', '"season"'), 'UTF8') WHERE event_id = ` + at(10)}, "not the one that was recorded"},
	{"swap two payloads", []string{`UPDATE audit.payload a SET body = b.body FROM audit.payload b WHERE (a.event_id = ` + at(10) + ` AND b.event_id = ` + at(11) + `)`}, "not the one that was recorded"},
	{"add a payload", []string{`INSERT INTO audit.payload SELECT gen_random_uuid(), body FROM audit.payload LIMIT 1`}, "1 payloads of events that do not exist"},
	{"edit a tile", []string{`UPDATE audit.tile SET data = set_byte(data, 77, 0) || ''`, `UPDATE audit.tile SET data = set_byte(data, 78, 255 - get_byte(data, 78))`}, "is not what its entries give"},
	{"edit a tile's root", []string{`UPDATE audit.tile SET root = sha256('x')`}, "is not what its entries give"},
	{"delete a tile", []string{`DELETE FROM audit.tile`}, "The hash tile tile/0/000 is missing"},
	{"add a tile", []string{`INSERT INTO audit.tile SELECT 3, 0, data, root FROM audit.tile`}, "There are 2 hash tiles"},
	{"flip a checkpoint", []string{`UPDATE audit.checkpoint SET note = set_byte(note, 20, get_byte(note, 20) # 1) WHERE size = 350`}, "CHECKPOINT: the checkpoint over 350 entries"},
	{"edit a checkpoint's root", []string{`UPDATE audit.checkpoint SET root = sha256('x') WHERE size = 350`}, "columns of the checkpoint over 350"},
	{"exchange two checkpoints", []string{`UPDATE audit.checkpoint SET note = (SELECT note FROM audit.checkpoint WHERE size = 300) WHERE size = 350`}, "columns of the checkpoint over 350"},
	{"rewind the checkpoint", []string{`DELETE FROM audit.checkpoint WHERE size = 356`}, "The checkpoint over 356 entries was signed and is not published"},
	{"announce more", []string{`INSERT INTO audit.checkpoint SELECT 400, root, note FROM audit.checkpoint WHERE size = 356`}, "ROLLBACK: a checkpoint over 400 entries was published"},
	{"edit a business row", []string{`UPDATE public.thing SET state = 'forged' WHERE version = 2`}, "is not what event"},
	{"edit a row's version", []string{`UPDATE public.thing SET version = 7 WHERE version = 2`}, "is not what event"},
	{"delete a business row", []string{`DELETE FROM public.thing WHERE event_id = ` + at(20)}, "of table thing, written by event"},
	{"insert a business row", []string{`INSERT INTO public.thing SELECT gen_random_uuid(), state, version, event_id FROM public.thing WHERE event_id = ` + at(20)}, "and no event says so"},
	{"restore an older row", []string{`UPDATE public.thing t SET state = 'received', version = 1, event_id = (SELECT e.id FROM audit.event e WHERE e.stream = 'request:' || t.id AND e.version = 1) WHERE version = 2`}, "says that event"},
	{"lose a guard", []string{`DROP TRIGGER audit_event ON public.thing`}, "the guard audit_event on table public.thing is missing"},
	{"lose a guard and its record", []string{`DROP TRIGGER audit_event ON public.thing`, `DROP TRIGGER audit_no_removal ON public.thing`, `DELETE FROM audit.guarded WHERE name = 'public.thing'`}, "the guard audit_event on table public.thing is missing"},
	{"replace a guard's function", []string{`CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`}, "the function audit.refuse is not the one"},
	{"weaken a guard", []string{`DROP TRIGGER audit_append_only ON audit.event`, `CREATE TRIGGER audit_append_only BEFORE TRUNCATE ON audit.event FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()`}, "does not do what it should"},
	{"a rule in the way", []string{`CREATE RULE silence AS ON UPDATE TO audit.event DO INSTEAD NOTHING`}, "has the rewrite rule silence"},
	{"a right too many", []string{`GRANT UPDATE (kind) ON audit.event TO lerd_app`}, "the role lerd_app may change or remove rows of audit.event"},
	{"the right to create", []string{`GRANT CREATE ON SCHEMA public TO lerd_app`}, "stand-ins for what the guards use"},
	{"the right to backdate", []string{`GRANT INSERT (recorded_at) ON audit.event TO lerd_app`}, "may choose the transaction or the time"},
}

// filled gives a log of 356 entries, of which six are later steps on a thing.
func filled(t *testing.T) *auditlab.Lab {
	t.Helper()
	lab := auditlab.New(t)
	lab.Fill(t, 300)
	lab.Place(t)
	lab.Fill(t, 50)
	lab.Place(t)
	for range 3 {
		id := uuid.NewString()
		lab.Do(t, auditlab.Step{ID: id, To: "received", Version: 1}, auditlab.Step{ID: id, From: "received", To: "approved", Version: 2})
	}
	lab.Place(t)
	return lab
}

func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	lab := filled(t)
	report, err := lab.Verify(t)
	if err != nil {
		t.Fatalf("an honest log: %v", err)
	}
	if report.Entries != 356 || report.Checkpoints != 3 || report.Rows != 353 || report.Tiles != 1 || !report.Kept || report.Log.Entries != 356 {
		t.Errorf("report %+v", report)
	}
	check := lab.Check(t)
	for _, c := range tampers {
		t.Run(c.name, func(t *testing.T) {
			lab.Tampered(t, c.sql, func(tx *gorm.DB) {
				_, err := store.VerifyAudit(t.Context(), tx, check)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("verify said: %v\nwant: %s", err, c.want)
				}
				if err != nil && !store.IsDifference(err) {
					t.Errorf("not a finding: %v", err)
				}
			})
		})
	}
	if _, err := lab.Verify(t); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestVerifySeesDemotedGuards: DISABLE and ENABLE TRIGGER ALL leave an ALWAYS
// trigger as an ordinary one.
func TestVerifySeesDemotedGuards(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 1)
	lab.Place(t)
	for _, c := range []struct{ sql, want string }{
		{`ALTER TABLE audit.event DISABLE TRIGGER ALL; ALTER TABLE audit.event ENABLE TRIGGER ALL`, "is an ordinary trigger instead of ENABLE ALWAYS"},
		{`ALTER TABLE public.thing DISABLE TRIGGER audit_event`, "is disabled instead of ENABLE ALWAYS"},
		{`ALTER TABLE audit.leaf ENABLE REPLICA TRIGGER audit_check`, "is for replicas only instead of ENABLE ALWAYS"},
	} {
		other := lab.Copy(t)
		for _, s := range strings.Split(c.sql, ";") {
			if err := other.Super.Exec(s).Error; err != nil {
				t.Fatal(err)
			}
		}
		_, err := store.VerifyAudit(t.Context(), other.Super, lab.Check(t))
		refused(t, err, c.want)
	}
}

// TestVerifyWhileWorkGoesOn: events without a place are no fault for a moment,
// and their rows are compared all the same.
func TestVerifyWhileWorkGoesOn(t *testing.T) {
	lab := filled(t)
	thing := uuid.NewString()
	lab.Do(t, auditlab.Step{ID: thing, To: "received", Version: 1}, auditlab.Step{ID: thing, From: "received", To: "approved", Version: 2})
	report, err := lab.Verify(t)
	if err != nil || report.Pending != 2 || report.Rows != 354 {
		t.Fatalf("report %+v, error %v", report, err)
	}
	lab.Tampered(t, []string{`UPDATE public.thing SET state = 'forged' WHERE id = '` + thing + `'`}, func(tx *gorm.DB) {
		_, err := store.VerifyAudit(t.Context(), tx, lab.Check(t))
		refused(t, err, "is not what event")
	})
}

// TestVerifyFollowsTheStates: a request's states chain.
func TestVerifyFollowsTheStates(t *testing.T) {
	lab := auditlab.New(t)
	thing := uuid.NewString()
	lab.Do(t, auditlab.Step{ID: thing, To: "received", Version: 1})
	// The row's own compare-and-swap is not asked here: the event lies.
	lie := auditlab.Step{ID: thing, From: "approved", To: "disclosed", Version: 2}.Event()
	lie.Rows = nil
	if err := store.AppendEvent(lab.App, lie, rnd{}); err != nil {
		t.Fatal(err)
	}
	lab.Place(t)
	_, err := lab.Verify(t)
	refused(t, err, `from state "approved", in which it was not`)
}

// TestRestoredBackup (T11): an older copy of the database, beside a keeper that
// has seen more, is neither verified nor signed on; nor is one in which the
// same steps were repeated.
func TestRestoredBackup(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 20)
	lab.Place(t)
	restored := lab.Copy(t)
	lab.Fill(t, 5)
	lab.Place(t)

	_, err := restored.Verify(t)
	refused(t, err, "ROLLBACK: the database has 20 entries, but 25 were signed")
	_, err = restored.Sequencer(t).RunOnce(t.Context())
	refused(t, err, string(audit.Rollback))

	repeated := restored
	kept := repeated.Keeper
	repeated.Keeper = audit.FileKeeper{Path: t.TempDir() + "/checkpoint"} // an insider with the signing key
	lab.CopyKeeperAt(t, repeated, 20)
	repeated.Fill(t, 5)
	repeated.Place(t)
	repeated.Keeper = kept
	_, err = repeated.Verify(t)
	refused(t, err, "FORK: at 25 entries")
	_, err = repeated.Sequencer(t).RunOnce(t.Context())
	refused(t, err, string(audit.Fork))
}
