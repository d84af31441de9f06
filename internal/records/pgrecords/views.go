package pgrecords

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
	"lerd/internal/records"
)

// view is a view's documented columns with their PostgreSQL types, in any order.
type view struct {
	name    string
	columns map[string]string
}

// views are what a platform provides. docs/records.md says what each column means.
var views = []view{
	{"lerd_source", map[string]string{
		"system_name": "text", "system_version": "text", "clock_source": "text",
		"max_clock_error_ms": "integer", "precision_us": "integer",
	}},
	{"lerd_accounts", map[string]string{
		"account_id": "bigint", "username": "text", "created_at": "timestamp with time zone", "rule_status": "text",
	}},
	{"lerd_username_history", map[string]string{
		"account_id": "bigint", "username": "text",
		"valid_from": "timestamp with time zone", "valid_to": "timestamp with time zone",
	}},
	{"lerd_phone_history", map[string]string{
		"source_record_id": "text", "account_id": "bigint", "phone_e164": "text", "verification_status": "text",
		"verified_at": "timestamp with time zone", "valid_from": "timestamp with time zone", "valid_to": "timestamp with time zone",
	}},
	{"lerd_ip_sessions", map[string]string{
		"source_record_id": "text", "account_id": "bigint", "event_type": "text", "event_time": "timestamp with time zone",
		"ip_address": "inet", "source_port": "integer", "destination_ip": "inet", "destination_port": "integer",
		"transport": "text", "session_id": "text", "session_type": "text",
		"first_seen": "timestamp with time zone", "last_seen": "timestamp with time zone", "session_end": "timestamp with time zone",
		"is_shared": "boolean",
	}},
}

const columnsQuery = `
SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = 'public' AND c.relkind IN ('v', 'm') AND c.relname = ANY($1)`

// checkViews refuses views that lack a documented column, have one more, or
// have one of another type.
func checkViews(ctx context.Context, tx pgx.Tx) error {
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.name
	}
	rows, err := tx.Query(ctx, columnsQuery, names)
	if err != nil {
		return err
	}
	have := map[string]map[string]string{}
	var rel, col, typ string
	_, err = pgx.ForEachRow(rows, []any{&rel, &col, &typ}, func() error {
		if have[rel] == nil {
			have[rel] = map[string]string{}
		}
		have[rel][col] = typ
		return nil
	})
	if err != nil {
		return err
	}
	return compareViews(have)
}

func compareViews(have map[string]map[string]string) error {
	var wrong []string
	for _, v := range views {
		got, ok := have[v.name]
		if !ok {
			wrong = append(wrong, v.name+": there is no such view in schema public")
			continue
		}
		wrong = append(wrong, v.differences(got)...)
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%s: %w", strings.Join(wrong, "; "), &records.Breach{Op: "views", Rule: "views differ from docs/records.md"})
}

func (v view) differences(got map[string]string) (wrong []string) {
	for col, typ := range v.columns {
		switch has, ok := got[col]; {
		case !ok:
			wrong = append(wrong, v.name+"."+col+": missing")
		case has != typ:
			wrong = append(wrong, v.name+"."+col+": is "+has+", must be "+typ)
		}
	}
	for col := range got {
		if _, ok := v.columns[col]; !ok {
			wrong = append(wrong, v.name+"."+col+": not a documented column, take it out of the view")
		}
	}
	return wrong
}

// roleQuery counts what the role can do beyond reading the five views, and which of
// them it cannot read.
const roleQuery = `
SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls,
 (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r','p','v','m','f') AND n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname NOT LIKE 'pg\_%'
  AND (has_table_privilege(c.oid, 'INSERT,UPDATE,DELETE,TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT,UPDATE')
       OR (has_any_column_privilege(c.oid, 'SELECT') AND NOT (n.nspname = 'public' AND c.relname = ANY($1))))),
 (SELECT count(*) FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND has_schema_privilege(n.oid, 'CREATE')),
 (SELECT count(*) FROM unnest($1::text[]) v(name) WHERE NOT has_table_privilege(('public.' || name)::regclass, 'SELECT'))
FROM pg_roles r WHERE r.rolname = current_user`

// checkRole refuses a role that could do more than read the five views: then
// a defect here could not disclose or change more than they hold.
func (s *Source) checkRole(ctx context.Context, tx pgx.Tx) error {
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.name
	}
	var mighty bool
	var more, create, closed int
	if err := tx.QueryRow(ctx, roleQuery, names).Scan(&mighty, &more, &create, &closed); err != nil {
		return err
	}
	switch {
	case mighty:
		return fault.New(fault.Invalid, "The role for the account database has more than plain rights (superuser, createrole, createdb, replication or bypassrls). Give lerd a role without them.")
	case more > 0:
		return fault.New(fault.Invalid, "The role for the account database can read or write %d tables or views beyond the five documented ones. Revoke these rights.", more)
	case create > 0:
		return fault.New(fault.Invalid, "The role for the account database can create objects in %d schemas. Revoke CREATE on them, from PUBLIC too.", create)
	case closed > 0:
		return fault.New(fault.Invalid, "The role for the account database cannot read %d of the five documented views. Grant it SELECT on them.", closed)
	}
	return nil
}
