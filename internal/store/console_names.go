package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/fault"
)

// namesOf asks each table by its key; ids are UUIDs, which no two tables share.
const namesOf = `SELECT q.id::text, q.ref AS name FROM request q WHERE q.id = ANY($1::uuid[])
	UNION ALL SELECT r.id::text, r.ref FROM release r WHERE r.id = ANY($1::uuid[])
	UNION ALL SELECT p.id::text, p.pseudonym FROM person p WHERE p.pseudonym <> '' AND p.id = ANY($1::uuid[])
	UNION ALL SELECT a.id::text, a.name FROM agency a WHERE a.name <> '' AND a.id = ANY($1::uuid[])
	UNION ALL SELECT f.id::text, f.ref FROM audit_finding f WHERE f.id = ANY($1::uuid[])
	UNION ALL SELECT x.id::text, x.ref FROM error_report x WHERE x.id = ANY($1::uuid[])
	UNION ALL SELECT s.id::text, s.ref FROM audit_sample s WHERE s.id = ANY($1::uuid[])`

// Names gives the names under which people know what ids name.
func (c Console) Names(ctx context.Context, ids []string) (out map[string]string, err error) {
	defer fault.Wrap(&err, "store.Names")
	var known []string
	for _, id := range ids {
		if uuidForm.MatchString(id) {
			known = append(known, id)
		}
	}
	out = map[string]string{}
	if len(known) == 0 {
		return out, nil
	}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		rows, err := tx.Statement.ConnPool.QueryContext(ctx, namesOf, known)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, name string
			if err := rows.Scan(&id, &name); err != nil {
				return err
			}
			out[id] = name
		}
		return rows.Err()
	})
	return out, err
}
