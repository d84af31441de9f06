package tablerules

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// world makes the world in which refusals are asked: every table has one row, of
// ordinary values, which are also what a statement leaves out; all rows refer to each
// other, since every id is the same. No rule and no trigger is at work.
func world(ctx context.Context, c *pgx.Conn, list []table) error {
	for _, t := range list {
		sql := fmt.Sprintf("ALTER TABLE %s DISABLE TRIGGER ALL;\n", t.Name)
		for _, r := range t.Rules {
			if r.Drop != "" && r.Sort != Needed {
				drop := strings.Replace(r.Drop, "DROP CONSTRAINT ", "DROP CONSTRAINT IF EXISTS ", 1) // some go with a key
				sql += drop + ";\n"
			}
		}
		var defaults []string
		for _, x := range t.Columns {
			if value, ok := ordinary[x.Type]; ok {
				defaults = append(defaults, fmt.Sprintf("ALTER %s SET DEFAULT %s", pgx.Identifier{x.Name}.Sanitize(), literal(&value, x.Type)))
			}
		}
		if len(defaults) > 0 {
			sql += fmt.Sprintf("ALTER TABLE %s %s;\n", t.Name, strings.Join(defaults, ", "))
		}
		if _, err := c.Exec(ctx, sql+"TRUNCATE "+t.Name+" CASCADE"); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	for _, t := range list {
		if _, err := c.Exec(ctx, t.insert(nil)); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}
