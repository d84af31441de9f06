package store_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"lerd/internal/store"
	"lerd/internal/testkit"
	"lerd/internal/testkit/auditlab"
)

// TestWhatBelongsToARequestIsFoundByIt: every table with the request that its rows
// belong to has an index which begins with it and leaves no row out. Without it such
// a look-up reads an index from its beginning to its end, which costs nothing in a
// test and a fifth of a second over a million requests.
func TestWhatBelongsToARequestIsFoundByIt(t *testing.T) {
	db := auditlab.Open(t, testkit.Postgres(t).Owner)
	var without []string
	err := db.Raw(`SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'request_id' AND NOT a.attisdropped
			AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indpred IS NULL AND i.indkey[0] = a.attnum)
		ORDER BY 1`).Scan(&without).Error
	if err != nil || len(without) > 0 {
		t.Errorf("without an index by request: %v, %v", without, err)
	}
}

// TestQueriesAreNotCompiled where the database's own setting would: keeping the planner to
// indexes makes what has none look costly enough for it.
func TestQueriesAreNotCompiled(t *testing.T) {
	d := testkit.Postgres(t)
	at, err := url.Parse(d.Owner)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(at.Path, "/")
	if err := auditlab.Open(t, d.Owner).Exec("ALTER DATABASE " + name + " SET jit = on").Error; err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{URL: d.App})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var jit string
	if err := s.SQL().QueryRow("SHOW jit").Scan(&jit); err != nil || jit != "off" {
		t.Errorf("jit is %q, %v", jit, err)
	}
}

// TestWhoHasLeftIsFoundAmongThoseWhoLeft: the round of erasures reads nobody who is
// active or was erased, however many people there are.
func TestWhoHasLeftIsFoundAmongThoseWhoLeft(t *testing.T) {
	db := auditlab.Open(t, testkit.Postgres(t).Owner)
	var plan []string
	err := db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec("SET LOCAL enable_seqscan = off").Error; err != nil {
			return err
		}
		return tx.Raw("EXPLAIN "+store.SelectDue, map[string]any{"until": time.Now(), "held": false, "limit": 50}).Scan(&plan).Error
	})
	if text := strings.Join(plan, "\n"); err != nil || !strings.Contains(text, " person_left ") {
		t.Errorf("people are found another way: %v\n%s", err, text)
	}
}
