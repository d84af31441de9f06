package store

import (
	"context"
	"database/sql/driver"

	"lerd/internal/fault"
)

// Elect makes this process the one that does a job, until done is called; it is
// not elected while another one has the job. The election lives as long as a
// connection of its own: a process that dies, or is cut off, loses it.
func (s *Store) Elect(ctx context.Context, job string) (done func(), elected bool, err error) {
	defer fault.Wrap(&err, "store.Elect(%s)", job)
	conn, err := s.sql.Conn(ctx)
	if err != nil {
		return nil, false, unavailable(err)
	}
	if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", "lerd job "+job).Scan(&elected); err != nil || !elected {
		conn.Close()
		return nil, false, translate(err)
	}
	return func() {
		// A lock that cannot be let go must not go back into the pool with its
		// connection.
		free := context.WithoutCancel(ctx)
		if _, err := conn.ExecContext(free, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", "lerd job "+job); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // drops the connection
		}
		conn.Close()
	}, true, nil
}
