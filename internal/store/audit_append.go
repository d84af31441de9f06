package store

import (
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/change"
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

// appendOpened also keeps the openings of what stays when the payload is erased.
const appendOpened = `
WITH e AS (
    INSERT INTO audit.event (id, stream, version, causes, kind, entry)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id),
o AS (INSERT INTO audit.opening (event_id, name, salt, value) SELECT e.id, x.* FROM e, unnest($8::text[], $9::bytea[], $10::bytea[]) x)
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
	if len(done.openings) > 0 {
		var names []string
		var salts, values [][]byte
		for _, o := range done.openings {
			names, salts, values = append(names, o.Name), append(salts, o.Salt[:]), append(values, o.Value)
		}
		statement, args = appendOpened, append(args, names, salts, values)
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
	openings       []Opening
}

// Opening is what opens one value of an event, as audit.opening keeps it.
type Opening struct {
	Name string // audit.CountValue or audit.FactsValue
	audit.ValueOpening
}

// sealed gives an event's entry and what opens it, with a fresh nonce and salt. The
// facts that the public log does not say are closed here, where every event passes.
func sealed(e audit.Event, rand io.Reader) (out sealedEvent, err error) {
	var nonce audit.Nonce
	var salt audit.Salt
	for _, b := range [][]byte{nonce[:], salt[:]} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return out, fmt.Errorf("randomness: %w", err)
		}
	}
	if e, err = e.Close(change.Closed); err != nil {
		return out, err
	}
	if out.entry, err = e.Seal(nonce, salt); err != nil {
		return out, err
	}
	for _, name := range []string{audit.CountValue, audit.FactsValue} {
		if o, has := e.Opening(name, salt); has {
			out.openings = append(out.openings, Opening{name, o})
		}
	}
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
