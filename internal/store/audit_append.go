package store

import (
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// The SQLSTATE codes that migration 0001 raises.
const (
	codeSkipsVersion = "LR001" // an event without its predecessor in its stream
	codeUnknownCause = "LR002" // an event that relies on one that is not there
	codeAppendOnly   = "LR003" // a change or removal of what is only added to
	codeLeafOrder    = "LR004" // a leaf or checkpoint out of its order
	codeNoEvent      = "LR005" // a business row without an event of its transaction
	codeUntoldCause  = "LR006" // a changed row whose last writer is not among the reasons
	codeUnique       = "23505"
)

// appendEvent is one statement, so that an event costs the step one round trip.
const appendEvent = `
WITH e AS (
    INSERT INTO audit.event (id, stream, version, causes, kind, entry)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id)
INSERT INTO audit.payload (event_id, body) SELECT id, $7 FROM e`

// appendCounted also keeps the opening of what the event counts.
const appendCounted = `
WITH e AS (
    INSERT INTO audit.event (id, stream, version, causes, kind, entry)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id),
o AS (INSERT INTO audit.opening (event_id, salt, value) SELECT id, $8, $9 FROM e)
INSERT INTO audit.payload (event_id, body) SELECT id, $7 FROM e`

// AppendEvent records an event in the transaction of the step that it records.
// Nonce and salt come from rand (48 bytes). It is Conflict when the stream has
// that version already: somebody else took the step first.
func AppendEvent(tx *gorm.DB, e audit.Event, rand io.Reader) (err error) {
	defer fault.Wrap(&err, "store.AppendEvent(%s, %s)", e.ID, e.Kind)
	done, err := sealed(e, rand)
	if err != nil {
		return err
	}
	statement, args := appendEvent, []any{string(e.ID), e.Stream, e.Version, idStrings(e.Causes), e.Kind, done.entry, done.payload}
	if done.counted {
		statement, args = appendCounted, append(args, done.count.Salt[:], done.count.Value)
	}
	// Straight through the connection: gorm would write the values of a failed
	// statement to its log.
	_, err = tx.Statement.ConnPool.ExecContext(tx.Statement.Context, statement, args...)
	if violates(err, codeUnique, "event_stream_version_key") {
		return fault.Because(fault.Conflict, err, "Somebody else was quicker. Look at the newest state and try again.")
	}
	return err
}

// sealedEvent is an event as it is kept.
type sealedEvent struct {
	entry, payload []byte
	count          audit.CountOpening
	counted        bool
}

// sealed gives an event's entry and what opens it, with a fresh nonce and salt.
func sealed(e audit.Event, rand io.Reader) (out sealedEvent, err error) {
	var nonce audit.Nonce
	var salt audit.Salt
	for _, b := range [][]byte{nonce[:], salt[:]} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return out, fmt.Errorf("randomness: %w", err)
		}
	}
	if out.entry, err = e.Seal(nonce, salt); err != nil {
		return out, err
	}
	out.count, out.counted = e.Count(salt)
	out.payload, err = e.Payload(salt).Encode()
	return out, err
}

// violates reports whether err is PostgreSQL's error of that code and, unless it
// is empty, of that constraint.
func violates(err error, code, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code && (constraint == "" || pg.ConstraintName == constraint)
}

func idStrings(ids []audit.EventID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
