package testkit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit"
)

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	ctx := context.Background()
	a, b := testkit.Postgres(t), testkit.Postgres(t)
	if _, err := connect(t, a.Owner).Exec(ctx, "CREATE TABLE only_in_a ()"); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := connect(t, b.Owner).QueryRow(ctx, "SELECT to_regclass('only_in_a') IS NOT NULL").Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		t.Error("a table of one test is seen by another")
	}
}

func TestURLsSignInAsTheirRoles(t *testing.T) {
	db := testkit.Postgres(t)
	for url, want := range map[string]string{db.Owner: "lerd_owner", db.App: "lerd_app", db.Auditor: "lerd_auditor"} {
		var who string
		var super bool
		err := connect(t, url).QueryRow(context.Background(),
			"SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&who, &super)
		if err != nil {
			t.Fatal(err)
		}
		if who != want || (super && want != "lerd_owner") {
			t.Errorf("signed in as %s (superuser %v), want %s", who, super, want)
		}
	}
}

func TestTheDatabaseIsDroppedAfterTheTest(t *testing.T) {
	var gone testkit.Database
	t.Run("inner", func(t *testing.T) { gone = testkit.EmptyPostgres(t) })
	if conn, err := pgx.Connect(context.Background(), gone.Owner); err == nil {
		conn.Close(context.Background())
		t.Error("the database outlived its test")
	}
}

func TestClockMovesOnlyWhenTold(t *testing.T) {
	start := time.Date(2026, 10, 25, 2, 30, 0, 0, time.FixedZone("CEST", 2*3600))
	c := testkit.NewClock(start)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { c.Advance(time.Minute) })
	}
	group.Wait()
	if want := start.Add(10 * time.Minute); !c.Now().Equal(want) || c.Now().Location() != time.UTC {
		t.Errorf("Now() = %v, want %v in UTC", c.Now(), want.UTC())
	}
	c.Set(start)
	if !c.Now().Equal(start) {
		t.Errorf("Set did not move the clock back: %v", c.Now())
	}
}

func BenchmarkPostgres(b *testing.B) {
	testkit.Postgres(b)
	for b.Loop() {
		testkit.Postgres(b)
	}
}
