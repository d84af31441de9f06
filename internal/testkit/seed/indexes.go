package seed

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// manyRequests is from how many requests on it is faster to make the indexes anew
// than to keep them while rows are copied in.
const manyRequests = 50_000

// ours are the indexes of lerd's own tables.
const ours = `indexrelid IN (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'audit') AND c.relkind = 'i')`

// withoutIndexes runs f while no index is kept, and makes all of them anew
// afterwards, also after a failure. Nobody may read meanwhile.
func withoutIndexes(ctx context.Context, url string, f func() error) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "UPDATE pg_index SET indisready = false, indisvalid = false WHERE "+ours); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reindex(context.WithoutCancel(ctx), conn)) }()
	return f()
}

// reindex makes the indexes of every table anew; that makes them valid again.
func reindex(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SELECT set_config('maintenance_work_mem', '1GB', false)"); err != nil {
		return err
	}
	for _, schema := range []string{"public", "audit"} {
		if _, err := conn.Exec(ctx, "REINDEX SCHEMA "+schema); err != nil {
			return err
		}
	}
	return nil
}
