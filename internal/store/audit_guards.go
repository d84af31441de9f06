package store

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"

	"lerd/internal/store/migrations"
)

// auditTables are the tables of migrations 0001 and 0023 that are only added to.
var auditTables = []string{"event", "payload", "opening", "leaf", "tile", "checkpoint", "guarded"}

// trigger is one guard as PostgreSQL describes it.
type trigger struct{ table, name, definition string }

// expectedGuards lists the guards that migration 0001 and guard_table install,
// as pg_get_triggerdef words them.
func expectedGuards(guarded []string) []trigger {
	var out []trigger
	add := func(table, name, definition string) {
		out = append(out, trigger{table, name, fmt.Sprintf(definition, name, table)})
	}
	for _, t := range auditTables {
		if t == "payload" { // whose rows go when they are erased
			add("audit.payload", "audit_append_only", "CREATE TRIGGER %s BEFORE UPDATE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()")
			add("audit.payload", "audit_erasure", "CREATE TRIGGER %s BEFORE DELETE ON %s FOR EACH ROW EXECUTE FUNCTION audit.check_erasure()")
			continue
		}
		add("audit."+t, "audit_append_only", "CREATE TRIGGER %s BEFORE DELETE OR UPDATE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()")
	}
	add("audit.event", "audit_check", "CREATE TRIGGER %s BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION audit.check_event()")
	add("audit.leaf", "audit_check", "CREATE TRIGGER %s AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit.check_leaves()")
	add("audit.checkpoint", "audit_check", "CREATE TRIGGER %s BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION audit.check_checkpoint()")
	for _, t := range guarded {
		add(t, "audit_event", "CREATE CONSTRAINT TRIGGER %s AFTER INSERT OR UPDATE ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit.require_event()")
		add(t, "audit_no_removal", "CREATE TRIGGER %s BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()")
	}
	return out
}

// guardCheck compares the guards in the database with the program's own list of
// them. It asks PostgreSQL's catalogue and no function of the database, since
// whoever removes a guard could also change a function that reports it.
type guardCheck struct {
	ctx    context.Context // one check's
	pool   gorm.ConnPool
	tables []string // business tables that must be guarded, with their schema
}

// faults gives a sentence for every guard that is missing or weakened, and the
// number of guards looked at.
func (g guardCheck) faults() (out []string, looked int, err error) {
	registered, err := g.column(`SELECT name FROM audit.guarded ORDER BY name`)
	if err != nil {
		return nil, 0, err
	}
	guarded := slices.Compact(slices.Sorted(slices.Values(append(registered, g.tables...))))
	steps := []func([]string) ([]string, int, error){g.triggers, g.functions, g.rules, g.rights, g.settings, g.strangers}
	for _, step := range steps {
		found, n, err := step(guarded)
		if err != nil {
			return nil, 0, err
		}
		out, looked = append(out, found...), looked+n
	}
	return out, looked, nil
}

func (g guardCheck) column(query string, args ...any) ([]string, error) {
	rows, err := g.pool.QueryContext(g.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// triggers looks for each guard under its name. ALTER TABLE … DISABLE TRIGGER
// ALL followed by ENABLE TRIGGER ALL leaves an ALWAYS trigger as an ordinary
// one, which session_replication_role = replica skips.
func (g guardCheck) triggers(guarded []string) (out []string, looked int, err error) {
	have := map[[2]string][2]string{}
	rows, err := g.pool.QueryContext(g.ctx, `
		SELECT n.nspname || '.' || c.relname, t.tgname, t.tgenabled::text, pg_get_triggerdef(t.oid)
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE NOT t.tgisinternal AND t.tgname LIKE 'audit%'`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var table, name, enabled, definition string
		if err := rows.Scan(&table, &name, &enabled, &definition); err != nil {
			return nil, 0, err
		}
		have[[2]string{table, name}] = [2]string{enabled, definition}
	}
	for _, want := range expectedGuards(guarded) {
		got, there := have[[2]string{want.table, want.name}]
		switch {
		case !there:
			out = append(out, fmt.Sprintf("the guard %s on table %s is missing", want.name, want.table))
		case got[0] != "A":
			out = append(out, fmt.Sprintf("the guard %s on table %s is %s instead of ENABLE ALWAYS", want.name, want.table, enabledWord(got[0])))
		case strings.Join(strings.Fields(got[1]), " ") != want.definition:
			out = append(out, fmt.Sprintf("the guard %s on table %s does not do what it should: %s", want.name, want.table, got[1]))
		}
		looked++
	}
	return out, looked, rows.Err()
}

func enabledWord(tgenabled string) string {
	switch tgenabled {
	case "D":
		return "disabled"
	case "R":
		return "for replicas only"
	}
	return "an ordinary trigger"
}

var guardBody = regexp.MustCompile(`(?s)FUNCTION audit\.(\w+)\([^)]*\) RETURNS .*?AS \$guard\$(.*?)\$guard\$`)

// functions compares the guards' bodies with the newest ones in the migrations.
func (g guardCheck) functions([]string) (out []string, looked int, err error) {
	files, err := fs.Glob(migrations.FS(), "*.sql")
	if err != nil {
		return nil, 0, err
	}
	want := map[string]string{}
	for _, name := range files {
		text, err := fs.ReadFile(migrations.FS(), name)
		if err != nil {
			return nil, 0, err
		}
		for _, m := range guardBody.FindAllStringSubmatch(string(text), -1) {
			want[m[1]] = m[2]
		}
	}
	for name, body := range want {
		got, err := g.column(`SELECT p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'audit' AND p.proname = $1`, name)
		if err != nil {
			return nil, 0, err
		}
		if len(got) != 1 || got[0] != body {
			out = append(out, fmt.Sprintf("the function audit.%s is not the one that lerd installed", name))
		}
		looked++
	}
	slices.Sort(out)
	return out, looked, nil
}

// rules finds rewrite rules, which could turn a statement into another or none.
func (g guardCheck) rules(guarded []string) (out []string, looked int, err error) {
	out, err = g.column(`
		SELECT format('table %s.%s has the rewrite rule %s', n.nspname, c.relname, r.rulename)
		FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'audit' OR n.nspname || '.' || c.relname = ANY ($1)) ORDER BY 1`, guarded)
	return out, 1, err
}

// rights finds rights of the working roles beyond adding and reading.
func (g guardCheck) rights(guarded []string) (out []string, looked int, err error) {
	out, err = g.column(`
		SELECT format('the role %s may change or remove rows of %s', r.rolname, t.name)
		FROM pg_roles r CROSS JOIN (
		    SELECT c.oid, n.nspname || '.' || c.relname AS name, n.nspname = 'audit' AS log
		    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		    WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'audit' OR n.nspname || '.' || c.relname = ANY ($1))) t
		WHERE r.rolname IN ('lerd_app', 'lerd_auditor')
		  AND (has_table_privilege(r.oid, t.oid, 'DELETE') OR has_table_privilege(r.oid, t.oid, 'TRUNCATE')
		       OR (t.log AND has_any_column_privilege(r.oid, t.oid, 'UPDATE')))
		UNION ALL
		SELECT format('the role %s may choose the transaction or the time of an event', r.rolname)
		FROM pg_roles r WHERE r.rolname IN ('lerd_app', 'lerd_auditor')
		  AND (has_column_privilege(r.oid, 'audit.event', 'xid', 'INSERT') OR has_column_privilege(r.oid, 'audit.event', 'recorded_at', 'INSERT'))
		UNION ALL
		SELECT format('the role %s passes row-level security by, or may make roles, databases or replicas', r.rolname)
		FROM pg_roles r WHERE r.rolname IN ('lerd_app', 'lerd_auditor') AND (r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
		UNION ALL
		SELECT format('the role %s is a member of %s', r.rolname, o.rolname)
		FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles o ON o.oid = m.roleid WHERE r.rolname IN ('lerd_app', 'lerd_auditor') AND o.rolname <> 'lerd_owner'
		UNION ALL
		SELECT DISTINCT format('the role %s, which is none of lerd''s, may write into %s.%s', coalesce(o.rolname, 'PUBLIC'), n.nspname, c.relname)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (
		    SELECT (aclexplode(c.relacl)).* UNION ALL SELECT (aclexplode(a.attacl)).* FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) x
		LEFT JOIN pg_roles o ON o.oid = x.grantee
		WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'audit' OR n.nspname || '.' || c.relname = ANY ($1)) AND x.privilege_type <> 'SELECT'
		  AND x.grantee <> c.relowner AND coalesce(o.rolname, '') NOT IN ('lerd_app', 'lerd_auditor')
		UNION ALL
		SELECT format('the table %s.%s belongs to the role %s, and the log to another', n.nspname, c.relname, pg_get_userbyid(c.relowner))
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'audit' OR n.nspname || '.' || c.relname = ANY ($1)) AND c.relowner <> (SELECT e.relowner FROM pg_class e WHERE e.oid = 'audit.event'::regclass)
		UNION ALL
		SELECT format('the role %s is a superuser or may become lerd_owner', r.rolname)
		FROM pg_roles r WHERE r.rolname IN ('lerd_app', 'lerd_auditor')
		  AND (r.rolsuper OR EXISTS (SELECT 1 FROM pg_roles o WHERE o.rolname = 'lerd_owner' AND pg_has_role(r.oid, o.oid, 'MEMBER')))
		UNION ALL
		SELECT format('the role %s may create objects in schema %s, and so stand-ins for what the guards use', r.rolname, n.nspname)
		FROM pg_roles r CROSS JOIN pg_namespace n WHERE r.rolname IN ('lerd_app', 'lerd_auditor')
		  AND n.nspname NOT LIKE 'pg_temp%' AND n.nspname NOT LIKE 'pg_toast_temp%' AND has_schema_privilege(r.oid, n.oid, 'CREATE')
		UNION ALL
		SELECT format('the role %s may create schemas', r.rolname)
		FROM pg_roles r WHERE r.rolname IN ('lerd_app', 'lerd_auditor') AND has_database_privilege(r.oid, current_database(), 'CREATE')
		ORDER BY 1`, guarded)
	return out, 1, err
}

// settings finds what is set in the database for the working roles, or for everybody, by
// which guards are skipped, rows appear to belong to somebody else, or other objects stand
// before lerd's.
func (g guardCheck) settings([]string) (out []string, looked int, err error) {
	out, err = g.column(`
		SELECT format('%s is set for %s', x.name, CASE WHEN s.setrole = 0 THEN 'everybody' ELSE 'the role ' || pg_get_userbyid(s.setrole) END)
		FROM pg_db_role_setting s CROSS JOIN LATERAL (SELECT split_part(c, '=', 1) AS name FROM unnest(s.setconfig) c) x
		WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
		  AND (s.setrole = 0 OR pg_get_userbyid(s.setrole) IN ('lerd_app', 'lerd_auditor', 'lerd_owner')
		    OR EXISTS (SELECT 1 FROM pg_roles r JOIN pg_roles o ON o.rolname IN ('lerd_app', 'lerd_auditor') WHERE r.oid = s.setrole AND NOT r.rolsuper AND pg_has_role(r.oid, o.oid, 'MEMBER')))
		  AND (x.name IN ('session_replication_role', 'search_path', 'row_security', 'role', 'session_preload_libraries', 'local_preload_libraries') OR x.name LIKE 'lerd.%')
		UNION ALL
		SELECT 'session_replication_role is set for the whole server' FROM pg_settings WHERE name = 'session_replication_role' AND reset_val <> 'origin' AND source NOT IN ('user', 'database', 'database user')
		ORDER BY 1`)
	return out, 1, err
}

// strangers finds what can act on the statements of others without being named in them:
// schemas that stand before lerd's for a role, operators and casts, and event triggers.
func (g guardCheck) strangers([]string) (out []string, looked int, err error) {
	out, err = g.column(`
		SELECT format('the schema %s stands before lerd''s for the role of its name', nspname) FROM pg_namespace WHERE nspname IN ('lerd_app', 'lerd_auditor', 'lerd_owner')
		UNION ALL
		SELECT format('the operator %s was not installed by lerd', o.oid::regoperator) FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
		WHERE o.oid >= 16384 AND n.nspname IN ('pg_catalog', 'public', 'audit', 'retention') AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')
		UNION ALL
		SELECT format('the cast from %s to %s was not installed by lerd', castsource::regtype, casttarget::regtype) FROM pg_cast c
		WHERE c.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
		UNION ALL
		SELECT format('the function pg_catalog.%s was not installed by PostgreSQL', p.oid::regprocedure) FROM pg_proc p
		WHERE p.oid >= 16384 AND p.pronamespace = 'pg_catalog'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
		UNION ALL
		SELECT format('the event trigger %s was not installed by lerd', evtname) FROM pg_event_trigger
		ORDER BY 1`)
	return out, 1, err
}
