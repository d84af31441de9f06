package store_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"lerd/internal/store"
	"lerd/internal/store/cluster"
	"lerd/internal/testkit"
)

// TestARestoredDatabaseHasTheSameRules dumps and restores: PostgreSQL must word
// each rule as it did before, or the verifier would blame whoever restored.
func TestARestoredDatabaseHasTheSameRules(t *testing.T) {
	first, second := testkit.Postgres(t), testkit.EmptyPostgres(t)
	var dump bytes.Buffer
	if err := cluster.Dump(t.Context(), first.Owner, &dump); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Load(t.Context(), second.Owner, &dump); err != nil {
		t.Fatal(err)
	}
	rules := func(url string) []string {
		db, err := gorm.Open(postgres.Open(url))
		if err != nil {
			t.Fatal(err)
		}
		list, err := store.MakeCatalogue(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(list), "\n")
	}
	if diff := cmp.Diff(rules(first.Owner), rules(second.Owner)); diff != "" {
		t.Error(diff)
	}
}
