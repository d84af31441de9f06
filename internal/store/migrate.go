package store

import (
	"context"

	"lerd/internal/store/migrations"
)

// Migrate brings the database at the owner's URL to the newest schema. Several
// processes may call it at once; one migrates, the others wait.
func Migrate(ctx context.Context, ownerURL string) error {
	_, err := migrations.Up(ctx, ownerURL)
	return err
}
