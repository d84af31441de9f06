package store_test

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/store/migrations"
	"lerd/internal/testkit"
)

// TestADatabaseThatDoesNotSuitIsLeftAsItIs migrates databases as many servers make them by
// default: the order of a language, and no encoding.
func TestADatabaseThatDoesNotSuitIsLeftAsItIs(t *testing.T) {
	d := testkit.EmptyPostgres(t)
	owner, err := sql.Open("pgx", d.Owner)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	at, err := url.Parse(d.Owner)
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.TrimPrefix(at.Path, "/")
	for _, c := range []struct{ name, as, word string }{
		{"sorted", "LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C.UTF-8'", "order of their octets"},
		{"octets", "ENCODING 'SQL_ASCII' LOCALE 'C'", "SQL_ASCII"},
		{"plain", "ENCODING 'UTF8' LOCALE 'C'", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := mine + "_" + c.name
			if _, err := owner.Exec("CREATE DATABASE " + name + " TEMPLATE template0 " + c.as); err != nil {
				t.Fatal(err)
			}
			defer owner.Exec("DROP DATABASE " + name + " WITH (FORCE)")
			there := *at
			there.Path = "/" + name
			_, err := migrations.Up(t.Context(), there.String())
			if c.word == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), "CREATE DATABASE lerd") {
				t.Fatalf("migrated with: %v", err)
			}
			db, err := sql.Open("pgx", there.String())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var tables int
			if err := db.QueryRow("SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')").Scan(&tables); err != nil {
				t.Fatal(err)
			}
			if tables > 0 {
				t.Errorf("%d tables were made", tables)
			}
		})
	}
}
