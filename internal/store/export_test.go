package store

import (
	"context"

	"gorm.io/gorm"
)

// MakeCatalogue gives what a database holds people to, as the program brings it.
func MakeCatalogue(ctx context.Context, db *gorm.DB) ([]byte, error) {
	list, err := guardCheck{ctx: ctx, pool: db.Statement.ConnPool}.catalogue()
	return writeCatalogue(list), err
}

// InstalledFaults gives what the database holds people to and lerd did not install.
func InstalledFaults(ctx context.Context, db *gorm.DB) ([]string, error) {
	found, _, err := guardCheck{ctx: ctx, pool: db.Statement.ConnPool}.installed(false)
	return found, err
}

// SelectDue is the statement that lists what is due for erasure.
const SelectDue = selectDue
