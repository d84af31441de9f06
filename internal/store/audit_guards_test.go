package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/store"
	"lerd/internal/testkit/auditlab"
)

// row gives a log with one placed event and its id.
func oneEvent(t *testing.T) (*auditlab.Lab, audit.EventID, string) {
	t.Helper()
	lab := auditlab.New(t)
	thing := uuid.NewString()
	id := lab.Do(t, auditlab.Step{ID: thing, To: "received", Version: 1})[0]
	lab.Place(t)
	return lab, id, thing
}

// inTx runs statements in one transaction and gives the first error, the one
// of the commit included.
func inTx(db *gorm.DB, statements ...string) error {
	return db.Transaction(func(tx *gorm.DB) error {
		for _, s := range statements {
			if err := tx.Exec(s).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

func TestApplicationRoleOnlyAdds(t *testing.T) {
	lab, id, thing := oneEvent(t)
	const denied, owner = "permission denied", "must be owner"
	other := uuid.NewString()
	for name, c := range map[string]struct{ sql, want string }{
		"update event":                {`UPDATE audit.event SET kind = 'x'`, denied},
		"update entry":                {`UPDATE audit.event SET entry = 'x' WHERE id = '` + string(id) + `'`, denied},
		"delete event":                {`DELETE FROM audit.event`, denied},
		"truncate event":              {`TRUNCATE audit.event CASCADE`, denied},
		"delete payload":              {`DELETE FROM audit.payload`, denied},
		"update payload":              {`UPDATE audit.payload SET body = 'x'`, denied},
		"update leaf":                 {`UPDATE audit.leaf SET index = 7`, denied},
		"delete leaf":                 {`DELETE FROM audit.leaf`, denied},
		"delete tile":                 {`DELETE FROM audit.tile`, denied},
		"update checkpoint":           {`UPDATE audit.checkpoint SET note = 'x'`, denied},
		"truncate checkpoint":         {`TRUNCATE audit.checkpoint`, denied},
		"forget a guard":              {`DELETE FROM audit.guarded`, denied},
		"on conflict do update":       {`INSERT INTO audit.event (id, stream, version, causes, kind, entry) VALUES ('` + string(id) + `', 's', 1, '{}', 'k', 'x') ON CONFLICT (id) DO UPDATE SET kind = 'x'`, denied},
		"merge":                       {`MERGE INTO audit.event e USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET kind = 'x'`, denied},
		"merge delete":                {`MERGE INTO audit.event e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE`, denied},
		"backdate":                    {`INSERT INTO audit.event (id, stream, version, causes, kind, entry, recorded_at) VALUES ('` + other + `', 's', 1, '{}', 'k', 'x', '2020-01-01')`, denied},
		"choose the transaction":      {`INSERT INTO audit.event (id, stream, version, causes, kind, entry, xid) VALUES ('` + other + `', 's', 1, '{}', 'k', 'x', '3')`, denied},
		"overriding":                  {`INSERT INTO audit.event (id, stream, version, causes, kind, entry, xid) OVERRIDING SYSTEM VALUE VALUES ('` + other + `', 's', 1, '{}', 'k', 'x', '3')`, denied},
		"backdate a checkpoint":       {`INSERT INTO audit.checkpoint (size, root, note, at) VALUES (9, 'x', 'x', '2020-01-01')`, denied},
		"disable triggers":            {`ALTER TABLE audit.event DISABLE TRIGGER ALL`, owner},
		"demote a trigger":            {`ALTER TABLE audit.event ENABLE TRIGGER audit_append_only`, owner},
		"drop trigger":                {`DROP TRIGGER audit_append_only ON audit.event`, owner},
		"drop trigger on business":    {`DROP TRIGGER audit_event ON public.thing`, owner},
		"drop table":                  {`DROP TABLE audit.leaf`, owner},
		"drop schema":                 {`DROP SCHEMA audit CASCADE`, owner},
		"rule":                        {`CREATE RULE r AS ON INSERT TO audit.event DO INSTEAD NOTHING`, owner},
		"replace a guard":             {`CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`, denied},
		"replica role":                {`SET session_replication_role = replica`, denied},
		"become the owner":            {`SET ROLE lerd_owner`, denied},
		"guard by itself":             {`SELECT audit.guard_table('public.thing')`, denied},
		"copy to a program":           {`COPY audit.event TO PROGRAM 'cat'`, "must be superuser"},
		"delete a business row":       {`DELETE FROM public.thing WHERE id = '` + thing + `'`, denied},
		"lock rows for update":        {`SELECT * FROM audit.event FOR UPDATE`, denied},
		"copy in with the xid":        {`COPY audit.event (id, xid, stream, version, causes, kind, entry) FROM STDIN`, denied},
		"a large object of a file":    {`SELECT lo_import('/etc/passwd')`, denied},
		"own schema in the way":       {`CREATE SCHEMA mine`, denied},
		"own function in public":      {`CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, denied},
		"change the default":          {`ALTER TABLE audit.event ALTER xid SET DEFAULT '3'`, owner},
		"temporary trigger elsewhere": {`CREATE TRIGGER t BEFORE INSERT ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.refuse()`, denied},
	} {
		t.Run(name, func(t *testing.T) { refused(t, inTx(lab.App, c.sql), c.want) })
	}
}

func TestTriggersRefuseEveryone(t *testing.T) {
	lab, _, thing := oneEvent(t)
	lab.Fill(t, 256) // so that there is a tile
	lab.Place(t)
	for _, sql := range []string{
		`UPDATE audit.event SET kind = 'x'`, `DELETE FROM audit.event`, `TRUNCATE audit.event CASCADE`,
		`UPDATE audit.payload SET body = 'x'`, `DELETE FROM audit.payload`, `TRUNCATE audit.payload`,
		`UPDATE audit.leaf SET hash = hash`, `DELETE FROM audit.leaf`, `TRUNCATE audit.leaf`,
		`UPDATE audit.tile SET level = 1`, `DELETE FROM audit.tile`, `TRUNCATE audit.tile`,
		`UPDATE audit.checkpoint SET note = 'x'`, `DELETE FROM audit.checkpoint`, `TRUNCATE audit.checkpoint`,
		`DELETE FROM audit.guarded`, `TRUNCATE public.thing`, `DELETE FROM public.thing WHERE id = '` + thing + `'`,
		`INSERT INTO audit.event (id, stream, version, causes, kind, entry) SELECT id, stream, version, causes, kind, entry FROM audit.event LIMIT 1 ON CONFLICT (id) DO UPDATE SET kind = 'x'`,
		`MERGE INTO audit.event e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE`,
	} {
		for role, db := range map[string]*gorm.DB{"owner": lab.Owner, "superuser": lab.Super} {
			refused(t, inTx(db, sql), "is refused")
			if role == "superuser" {
				refused(t, inTx(db, `SET LOCAL session_replication_role = replica`, sql), "is refused")
			}
		}
	}
	refused(t, inTx(lab.Super, `SET LOCAL session_replication_role = replica`,
		`INSERT INTO audit.event (id, xid, stream, version, causes, kind, entry) VALUES (gen_random_uuid(), '3', 's', 1, '{}', 'k', 'x')`), "is not its own")
	refused(t, inTx(lab.Super, `SET LOCAL session_replication_role = replica`,
		`UPDATE public.thing SET state = 'ghost'`), "names no audit event")
}

func TestNoStepWithoutItsEvent(t *testing.T) {
	lab, id, thing := oneEvent(t)
	second := lab.Do(t, auditlab.Step{ID: uuid.NewString(), To: "received", Version: 1})[0]
	refused(t, inTx(lab.App, `INSERT INTO public.thing VALUES (gen_random_uuid(), 'received', 1, gen_random_uuid())`), "names no audit event")
	refused(t, inTx(lab.App, `INSERT INTO public.thing VALUES (gen_random_uuid(), 'received', 1, '`+string(id)+`')`), "names no audit event")
	refused(t, inTx(lab.App, `UPDATE public.thing SET state = 'x' WHERE id = '`+thing+`'`), "names no audit event")
	refused(t, inTx(lab.App, `UPDATE public.thing SET state = 'x', event_id = '`+string(second)+`' WHERE id = '`+thing+`'`), "names no audit event")
	refused(t, inTx(lab.App, `INSERT INTO public.thing VALUES (gen_random_uuid(), 'received', 1, NULL)`), "event_id")
	refused(t, inTx(lab.Owner, `CREATE TABLE public.bare (id int)`, `SELECT audit.guard_table('public.bare')`), "needs a column event_id")

	// A step in another stream that does not know of the row's last writer.
	stray := auditlab.Step{ID: thing, From: "received", To: "taken", Version: 2, Stream: "other:1", At: 1}
	refused(t, lab.App.Transaction(func(tx *gorm.DB) error { _, err := auditlab.Take(tx, stray); return err }), "does not rely on event")
	stray.Causes = []audit.EventID{id}
	lab.Do(t, stray)
}

func TestEventsFollowTheirReasons(t *testing.T) {
	lab, _, thing := oneEvent(t)
	step := func(s auditlab.Step) error {
		return lab.App.Transaction(func(tx *gorm.DB) error { return store.AppendEvent(tx, s.Event(), rnd{}) })
	}
	refused(t, step(auditlab.Step{ID: thing, To: "x", Version: 3}), "skips a version")
	refused(t, step(auditlab.Step{ID: uuid.NewString(), To: "x", Version: 1, Causes: []audit.EventID{audit.EventID(uuid.NewString())}}), "which is not there")
	err := step(auditlab.Step{ID: thing, To: "x", Version: 1})
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("a version that is taken gave %v, want a Conflict", err)
	}
}

// rnd is a source of bytes for events that are never committed.
type rnd struct{}

func (rnd) Read(b []byte) (int, error) { return len(b), nil }

func TestLeavesKeepTheirOrder(t *testing.T) {
	lab, _, thing := oneEvent(t)
	first := lab.Do(t, auditlab.Step{ID: thing, From: "received", To: "a", Version: 2})[0]
	second := lab.Do(t, auditlab.Step{ID: thing, From: "a", To: "b", Version: 3})[0]
	leaf := func(index string, event audit.EventID) string {
		return `INSERT INTO audit.leaf (index, event_id, hash) SELECT ` + index + `, id, sha256('\x00'::bytea || entry) FROM audit.event WHERE id = '` + string(event) + `'`
	}
	refused(t, inTx(lab.App, leaf("2", first)), "leave a gap")
	refused(t, inTx(lab.App, leaf("1", second)), "before what its event relies on")
	refused(t, inTx(lab.App, `INSERT INTO audit.leaf (index, event_id, hash) VALUES (1, '`+string(first)+`', sha256('x'))`), "not the hash of its event")
	refused(t, inTx(lab.App, `INSERT INTO audit.leaf (index, event_id, hash) VALUES (1, gen_random_uuid(), sha256('x'))`), "not the hash of its event")
	refused(t, inTx(lab.App, `INSERT INTO audit.checkpoint (size, root, note) VALUES (2, sha256('x'), 'x')`), "not over all leaves")
	refused(t, inTx(lab.App, `INSERT INTO audit.leaf (index, event_id, hash) VALUES (0, '`+string(first)+`', sha256('x'))`), "leaf_pkey")
	if err := inTx(lab.App, leaf("1", first), leaf("2", second)); err != nil {
		t.Errorf("the right order was refused: %v", err)
	}
}

// standIns takes the place of what the guards compare with, for whoever names the
// schema first in the search_path.
const standIns = `
CREATE SCHEMA standin;
GRANT USAGE ON SCHEMA standin TO lerd_app;
CREATE FUNCTION standin.pg_current_xact_id() RETURNS xid8 LANGUAGE sql AS 'SELECT ''3''::xid8';
CREATE FUNCTION standin.yes(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION standin.yes(xid8, xid8) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION standin.no(xid8, xid8) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION standin.yes(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION standin.no(bigint, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION standin.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR standin.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = standin.yes);
CREATE OPERATOR standin.= (LEFTARG = xid8, RIGHTARG = xid8, FUNCTION = standin.yes);
CREATE OPERATOR standin.<> (LEFTARG = xid8, RIGHTARG = xid8, FUNCTION = standin.no);
CREATE OPERATOR standin.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = standin.yes);
CREATE OPERATOR standin.> (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = standin.no);
CREATE OPERATOR standin.= (LEFTARG = text, RIGHTARG = text, FUNCTION = standin.yes)`

// TestStandInsDoNotFoolTheGuards has somebody with the right to create put operators
// of their own into the way of those that the guards use.
func TestStandInsDoNotFoolTheGuards(t *testing.T) {
	lab, id, thing := oneEvent(t)
	second := lab.Do(t, auditlab.Step{ID: uuid.NewString(), To: "received", Version: 1})[0]
	if err := lab.Super.Exec(standIns).Error; err != nil {
		t.Fatal(err)
	}
	const first = `SET LOCAL search_path = standin, pg_catalog, public`
	refused(t, inTx(lab.App, first, `SELECT 1 / (gen_random_uuid() <> gen_random_uuid() AND NOT gen_random_uuid() = gen_random_uuid())::int`), "division by zero") // they work
	refused(t, inTx(lab.App, first, `INSERT INTO public.thing VALUES (gen_random_uuid(), 'received', 1, gen_random_uuid())`), "names no audit event")
	refused(t, inTx(lab.App, first, `INSERT INTO public.thing VALUES (gen_random_uuid(), 'received', 1, '`+string(id)+`')`), "names no audit event")
	refused(t, inTx(lab.App, first, `UPDATE public.thing SET state = 'x', event_id = '`+string(second)+`'`), "names no audit event")
	event := func(version int, causes string) string {
		return fmt.Sprintf(`INSERT INTO audit.event (id, stream, version, causes, kind, entry) VALUES (gen_random_uuid(), 'request:%s', %d, '%s', 'k', 'x')`, thing, version, causes)
	}
	refused(t, inTx(lab.App, first, event(3, "{}")), "skips a version")
	refused(t, inTx(lab.App, first, event(2, "{"+uuid.NewString()+"}")), "which is not there")
	stray := auditlab.Step{ID: thing, From: "received", To: "taken", Version: 2, Stream: "other:1", At: 1}
	refused(t, lab.App.Transaction(func(tx *gorm.DB) error {
		if _, err := auditlab.Take(tx, stray); err != nil {
			return err
		}
		return tx.Exec(first).Error // the guard of the row looks at the end
	}), "does not rely on event")
}
