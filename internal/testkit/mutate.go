package testkit

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit/mutant"
)

// mutate changes a test's database as the program mutants says, and notes at the
// end which of its gates the test came to.
func (s *server) mutate(t testing.TB, d Database) {
	mutant.Began(t.Name())
	path := os.Getenv(mutant.EnvSQL)
	if path == "" {
		return
	}
	sql, err := os.ReadFile(path)
	if err == nil {
		err = s.in(d, func(ctx context.Context, c *pgx.Conn) error { _, err := c.Exec(ctx, string(sql)); return err })
	}
	if err != nil {
		t.Fatalf("mutating the test's database: %v", err)
	}
	t.Cleanup(func() { s.noteHits(t, d) })
}

func (s *server) in(d Database, do func(context.Context, *pgx.Conn) error) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, d.Superuser)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return do(ctx, c)
}

func (s *server) noteHits(t testing.TB, d Database) {
	if os.Getenv(mutant.EnvHits) == "" {
		return
	}
	err := s.in(d, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, "SELECT sequencename FROM pg_sequences WHERE schemaname = $1 AND last_value IS NOT NULL", mutant.Schema)
		if err != nil {
			return err
		}
		hits, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, h := range hits {
			mutant.Note(t.Name(), h)
		}
		return err
	})
	if err != nil {
		t.Errorf("reading what the test came to: %v", err)
	}
}
