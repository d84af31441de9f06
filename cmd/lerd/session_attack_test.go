package main

import (
	"net/http"
	"strings"
	"testing"

	"lerd/internal/web"
)

// TestNobodyEndsAnAuditorsSessionUnseen attacks the row of an auditor's session with
// raw SQL: it ends with an event about the session or its person, which the auditor
// finds in the log, and in no other way. The auditor's own ways to end it work.
func TestNobodyEndsAnAuditorsSessionUnseen(t *testing.T) {
	s := newScenario(t)
	p := s.open(web.Limits{})
	ines, elsewhere := p.visit("ines.moreau"), p.visit("ines.moreau")
	rita := s.person("rita.lind")
	list := s.column("SELECT id::text FROM session WHERE role = 'auditor' AND ended_at IS NULL ORDER BY created_at, id")
	if len(list) != 2 {
		t.Fatalf("%d sessions", len(list))
	}
	const end = "UPDATE session SET ended_at = clock_timestamp() WHERE role = 'auditor' AND ended_at IS NULL"
	for _, a := range s.attackers(t) {
		for name, sql := range map[string]string{"ended": end, "made to look unused": "UPDATE session SET seen_at = seen_at - interval '1 hour' WHERE role = 'auditor'",
			"removed": "DELETE FROM session WHERE role = 'auditor'", "cut short": "UPDATE session SET ends_at = now() WHERE role = 'auditor'"} {
			a.refused(name+" beside an event of somebody else", a.try("person:"+rita, sql), "ends with an event", "stays on record", "seen and it ends", "permission denied")
		}
	}
	for _, v := range []*visitor{ines, elsewhere} {
		if got, err := v.get(s.ctx, "/audit"); err != nil || got.status != http.StatusOK {
			t.Fatalf("a session ended after all: %d, %v", got.status, err)
		}
	}
	owner := attacker{t, s.ownerDB(), "owner"}
	s.must(owner.try("session:"+list[0], strings.Replace(end, "WHERE", "WHERE id = '"+list[0]+"' AND", 1)))
	if n := s.column("SELECT count(*)::text FROM audit.event WHERE stream = 'session:" + list[0] + "' AND kind = 'attack'")[0]; n != "1" {
		t.Errorf("whoever ended the session left %s events about it", n)
	}
	left := elsewhere
	if got, err := ines.get(s.ctx, "/audit"); err == nil && got.status == http.StatusOK {
		left = ines
	}
	p.submitTo(left, "/account", "/sign-out")
	if n := s.column("SELECT count(*)::text FROM session WHERE role = 'auditor' AND ended_at IS NULL")[0]; n != "0" {
		t.Errorf("after signing out %s sessions live", n)
	}
}
