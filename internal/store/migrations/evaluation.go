package migrations

import (
	"context"
	"database/sql"
	"fmt"

	"lerd/internal/fault"
)

// Evaluate says, as the owner, whether a database is an evaluation's: whether
// invented people come in alive and steps count without a passkey. A database is
// none until its owner says so, and the application cannot.
func Evaluate(ctx context.Context, ownerURL string, yes bool) (err error) {
	defer fault.Wrap(&err, "migrations.Evaluate")
	db, err := sql.Open("pgx", ownerURL)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, fmt.Sprintf("CREATE OR REPLACE FUNCTION lerd_evaluation() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT %t $$", yes))
	return err
}
