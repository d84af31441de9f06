package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"lerd/internal/store/migrations"
)

// selectCatalogue describes what the database itself holds people to, a line each:
// triggers, functions, columns, constraints, rules, row-level security, rights, and what
// stands in the tables that migrations alone fill. Tabs stand between the kind, the name,
// and the definition as PostgreSQL words it.
//
// A foreign key rests on triggers of its own, which can be off while the constraint
// stands, and is not asked where a column is null; so columns and these triggers belong
// to what holds. So do the rights to execute and the language and body of a function, an
// index that is not kept up, and tables whose rows are read as their parent's.
const selectCatalogue = `
WITH tab AS (
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'audit', 'retention') AND c.relname NOT LIKE 'goose%')
SELECT 'trigger' || chr(9) || t.tgname || ' of ' || tab.name || chr(9) || t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN tab ON tab.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL SELECT 'function' || chr(9) || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' || chr(9) ||
    concat_ws(' ', p.prosecdef, p.provolatile, array_to_string(p.proconfig, ','), pg_get_function_result(p.oid), p.prosrc, l.lanname, p.prosqlbody IS NULL,
    (SELECT string_agg(coalesce(r.rolname, 'PUBLIC'), ',' ORDER BY r.rolname) FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE x.grantee <> p.proowner))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang WHERE n.nspname IN ('public', 'audit', 'retention') AND p.prolang <> 13 AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'policy' || chr(9) || p.policyname || ' of ' || p.schemaname || '.' || p.tablename || chr(9) || concat_ws(' ', p.permissive, p.roles::text, p.cmd, p.qual, 'check', p.with_check)
FROM pg_policies p WHERE p.schemaname IN ('public', 'audit', 'retention')
UNION ALL SELECT 'row-level security' || chr(9) || tab.name || chr(9) || tab.relrowsecurity || ' ' || tab.relforcerowsecurity FROM tab
UNION ALL SELECT 'constraint' || chr(9) || k.conname || ' of ' || tab.name || chr(9) || concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated,
    (SELECT string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger t WHERE t.tgconstraint = k.oid), CASE WHEN k.contype <> 'f' THEN (SELECT i.indisvalid AND i.indisready AND i.indislive FROM pg_index i WHERE i.indexrelid = k.conindid) END)
FROM pg_constraint k JOIN tab ON tab.oid = k.conrelid WHERE k.contype IN ('c', 'f', 'u', 'p', 'x')
UNION ALL SELECT 'unique index' || chr(9) || i.indexrelid::regclass::text || chr(9) || pg_get_indexdef(i.indexrelid) || ' ' || (i.indisvalid AND i.indisready AND i.indislive)
FROM pg_index i JOIN tab ON tab.oid = i.indrelid WHERE i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
UNION ALL SELECT 'column' || chr(9) || a.attname || ' of ' || tab.name || chr(9) || concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a JOIN tab ON tab.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'rewrite rule' || chr(9) || w.rulename || ' of ' || n.nspname || '.' || c.relname || chr(9) || concat_ws(' ', w.ev_enabled, pg_get_ruledef(w.oid), array_to_string(c.reloptions, ','))
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'audit', 'retention')
UNION ALL SELECT 'child table' || chr(9) || h.inhrelid::regclass || ' of ' || tab.name || chr(9) FROM pg_inherits h JOIN tab ON tab.oid = h.inhparent
UNION ALL SELECT 'contents of' || chr(9) || 'public.request_transition' || chr(9) || string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C") FROM public.request_transition t
UNION ALL SELECT 'contents of' || chr(9) || 'retention.class' || chr(9) || string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C") FROM retention.class t
UNION ALL SELECT 'contents of' || chr(9) || 'retention.field' || chr(9) || string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C") FROM retention.field t
UNION ALL SELECT 'rights of ' || r.rolname || ' to' || chr(9) || tab.name || chr(9) || concat_ws(' ',
    (SELECT string_agg(x, ',' ORDER BY x) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) x WHERE has_table_privilege(r.oid, tab.oid, x)),
    (SELECT string_agg(a.attname || ':' || x, ',' ORDER BY a.attname, x) FROM pg_attribute a CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) x
     WHERE a.attrelid = tab.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT has_table_privilege(r.oid, tab.oid, x) AND has_column_privilege(r.oid, tab.oid, a.attnum, x)))
FROM pg_roles r CROSS JOIN tab WHERE r.rolname IN ('lerd_app', 'lerd_auditor')
ORDER BY 1`

// catalogued is one thing of the catalogue: its kind and name, and the beginning of
// the SHA-256 of its definition.
type catalogued struct{ what, digest string }

// catalogue reads what the database holds people to.
func (g guardCheck) catalogue() (out []catalogued, err error) {
	lines, err := g.column(selectCatalogue)
	for _, line := range lines {
		part := strings.SplitN(line, "\t", 3)
		what := part[0] + " " + part[1]
		sum := sha256.Sum256([]byte(part[2]))
		out = append(out, catalogued{what, fmt.Sprintf("%x", sum[:8])})
	}
	slices.SortFunc(out, func(a, b catalogued) int { return strings.Compare(a.what, b.what) })
	return out, err
}

// ownersChoice are functions by which the owner of an evaluation's database sets
// what counts there. Anywhere else they stand as lerd installed them.
var ownersChoice = []string{"function public.lerd_evaluation()", "function public.lerd_clock_slack()", "function public.max_preserved()"}

// installed gives a sentence for everything that the database holds people to and
// that is not as this program's migrations made it, and how many it looked at.
// Tables of others beside lerd's are not looked at; functions are, which can stand in for
// lerd's where they have the same name. Nothing is compared where the
// list that the program brings was not made from its own migrations.
func (g guardCheck) installed(evaluation bool) (out []string, looked int, err error) {
	want, current := installedCatalogue()
	if !current {
		return nil, 0, nil
	}
	have, err := g.catalogue()
	if err != nil {
		return nil, 0, err
	}
	left := map[string]string{}
	for _, w := range want {
		left[w.what] = w.digest
	}
	tables := tablesOf(want)
	for _, h := range have {
		digest, known := left[h.what]
		delete(left, h.what)
		switch {
		case evaluation && slices.Contains(ownersChoice, h.what):
		case known && digest != h.digest:
			out = append(out, "the "+h.what+notInstalled(h.what))
		case !known && (tables[ownTable(h.what)] || strings.HasPrefix(h.what, "function ")):
			out = append(out, "the "+h.what+" was not installed by lerd")
		}
		looked++
	}
	for what := range left {
		out = append(out, "the "+what+" is missing")
	}
	slices.Sort(out)
	return out, looked, nil
}

// notInstalled says of a thing that it is another than it was.
func notInstalled(what string) string {
	if strings.HasPrefix(what, "rights ") || strings.HasPrefix(what, "contents ") {
		return " are not those that lerd installed"
	}
	return " is not the one that lerd installed"
}

// ownTable gives the table that a thing of the catalogue belongs to, or "".
func ownTable(what string) string {
	if _, table, ok := strings.Cut(what, " of "); ok && !strings.HasPrefix(what, "rights") {
		return table
	}
	return ""
}

func tablesOf(list []catalogued) map[string]bool {
	out := map[string]bool{}
	for _, c := range list {
		if table, ok := strings.CutPrefix(c.what, "row-level security "); ok {
			out[table] = true
		}
	}
	return out
}

// installedCatalogue gives the list that the program brings, and whether it was made
// from the migrations that the program brings too.
func installedCatalogue() (out []catalogued, current bool) {
	head, body, _ := bytes.Cut(migrations.Catalogue(), []byte("\n"))
	for line := range strings.Lines(string(body)) {
		digest, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		out = append(out, catalogued{what, digest})
	}
	return out, string(head) == migrations.Digest()
}

// writeCatalogue words a catalogue as the program brings it.
func writeCatalogue(list []catalogued) []byte {
	b := []byte(migrations.Digest() + "\n")
	for _, c := range list {
		b = fmt.Appendf(b, "%s %s\n", c.digest, c.what)
	}
	return b
}

// evaluation tells whether the database says that it is an evaluation's, by the text
// of the function that says so.
func (g guardCheck) evaluation() (bool, error) {
	body, err := g.column(`SELECT p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.proname = 'lerd_evaluation'`)
	return len(body) == 1 && strings.TrimSpace(body[0]) != "SELECT false", err
}
