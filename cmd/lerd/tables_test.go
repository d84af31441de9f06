package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// unguardedTables are kept outside the log, each for a reason.
var unguardedTables = map[string]string{
	"session":               "machinery; a sign-in is an event of its own",
	"idempotency":           "machinery, written with the step that it names",
	"ceremony":              "machinery: a challenge of five minutes",
	"draft":                 "nobody's business but its unit's; sealed",
	"notice":                "derived from events",
	"notice_cursor":         "machinery of notices",
	"notice_mail":           "machinery of notices",
	"goose_db_version":      "of the migrations",
	"request_transition":    "rules, written by migrations alone",
	"log_index":             "derived from the log, by its owner's function alone",
	"log_mark":              "the same",
	"log_duty":              "the same",
	"log_holder":            "the same",
	"log_viewed":            "the same",
	"log_case":              "the same",
	"log_total":             "how many cases the index knows, counted by the same function",
	"log_fresh":             "the same; empty but for the batch in work",
	"verification_progress": "machinery: how far a run is",
	"audit_sample_member":   "its digest is in the event of its plan, with which the verification compares it; never changed",
	"release_record":        "never changed; its release's digest is in the log",
}

// tablesForAll have no policy of rows: everybody who may read the table may read
// all of it, each for a reason.
var tablesForAll = map[string]string{
	"agency":             "every page names agencies; what is on file of them is agency_detail",
	"person":             "every step looks up who may take it; pages show names by the policy",
	"session":            "found by the hash of a token, before anybody is known",
	"idempotency":        "holds keys and paths; asked before the step's scope is known",
	"cosignature_rule":   "the policy as it is published",
	"rule_offence":       "the rules as they are published",
	"request_transition": "the states as they are published",
	"goose_db_version":   "of the migrations",
}

// TestEveryTableIsUnderGuard lists what there is in the database and asks of each
// table what the house asks: the guard of the log and the id of an event, policies
// of rows, no right to remove, triggers that fire in replication too.
func TestEveryTableIsUnderGuard(t *testing.T) {
	s := newScenario(t)
	tables := s.column(`SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'record%' ORDER BY 1`)
	if len(tables) < 40 {
		t.Fatalf("only %d tables are seen", len(tables))
	}
	yes := func(query, table string) bool { return s.column(fmt.Sprintf(query, "public."+table))[0] == "true" }
	for _, table := range tables {
		if unguardedTables[table] == "" {
			if !yes(`SELECT (count(*) = 1)::text FROM audit.guarded WHERE name = '%s'`, table) {
				t.Errorf("%s: no guard_table, and no reason why not", table)
			}
			if !yes(`SELECT (count(*) = 1)::text FROM pg_attribute WHERE attrelid = '%s'::regclass AND attname = 'event_id' AND attnotnull`, table) {
				t.Errorf("%s: no event_id", table)
			}
		}
		if tablesForAll[table] == "" && !yes(`SELECT (relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))::text FROM pg_class c WHERE c.oid = '%s'::regclass`, table) {
			t.Errorf("%s: no row-level security, and no reason why not", table)
		}
		if table != "ceremony" && yes(`SELECT (has_table_privilege('lerd_app', '%[1]s', 'DELETE') OR has_table_privilege('lerd_app', '%[1]s', 'TRUNCATE'))::text`, table) {
			t.Errorf("%s: the application may remove rows", table)
		}
	}
	for _, known := range []map[string]string{unguardedTables, tablesForAll} {
		for table := range known {
			if !slices.Contains(tables, table) {
				t.Errorf("%s is excused, and there is no such table", table)
			}
		}
	}
	if off := s.column(`SELECT tgrelid::regclass || '.' || tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT tgisinternal AND tgenabled <> 'A' ORDER BY 1`); len(off) > 0 {
		t.Errorf("triggers that do not always fire: %s", strings.Join(off, ", "))
	}
	if open := s.column(`SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) x WHERE x LIKE 'search_path=%') ORDER BY 1`); len(open) > 0 {
		t.Errorf("functions of the owner that anybody's objects can stand in for: %s", strings.Join(open, ", "))
	}
}
