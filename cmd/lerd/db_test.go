package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
	"lerd/internal/testkit"
)

// The private database by hand: started, found, asked, stopped.
func TestDBStartURLStop(t *testing.T) {
	ctx := context.Background()
	dir := testkit.Folder(t)
	t.Cleanup(func() { _ = dbStopCmd{Dir: dir}.run(ctx, &bytes.Buffer{}) })
	var out bytes.Buffer
	if err := (dbURLCmd{Dir: dir, Role: "app"}).run(&out); fault.KindOf(err) != fault.NotFound {
		t.Errorf("url before the first start: %v", err)
	}
	for range 2 { // starting twice is one start
		if err := (dbStartCmd{Dir: dir}).run(ctx, &out); err != nil {
			t.Fatal(err)
		}
	}
	for word, role := range dbRoles {
		if got := whoIs(t, dir, word); got != role {
			t.Errorf("--role %s signs in as %s, want %s", word, got, role)
		}
	}
	for _, want := range []string{"PostgreSQL has stopped.", "PostgreSQL was not running."} {
		out.Reset()
		if err := (dbStopCmd{Dir: dir}).run(ctx, &out); err != nil || strings.TrimSpace(out.String()) != want {
			t.Errorf("stop says %q (%v), want %q", out.String(), err, want)
		}
	}
}

func whoIs(t *testing.T, dir, word string) string {
	t.Helper()
	var url bytes.Buffer
	if err := (dbURLCmd{Dir: dir, Role: word, Database: "lerd"}).run(&url); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(context.Background(), strings.TrimSpace(url.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var who string
	if err := conn.QueryRow(context.Background(), "SELECT current_user").Scan(&who); err != nil {
		t.Fatal(err)
	}
	return who
}
