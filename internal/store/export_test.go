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

// InstalledFaults gives what the database holds people to and lerd did not install, and
// the guards that are not in force.
func InstalledFaults(ctx context.Context, db *gorm.DB) ([]string, error) {
	g := guardCheck{ctx: ctx, pool: db.Statement.ConnPool}
	down, _, err := g.faults()
	if err != nil {
		return nil, err
	}
	found, _, err := g.installed(false)
	return append(down, found...), err
}

// SelectDue is the statement that lists what is due for erasure.
const SelectDue = selectDue
