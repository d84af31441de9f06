package pgrecords

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// declareSessions opens the cursor. Times of a row that lie outside the
// period are withheld here, so that they never reach this process.
const declareSessions = `DECLARE lerd_sessions NO SCROLL CURSOR WITHOUT HOLD FOR
SELECT source_record_id, account_id, event_type, event_time, ip_address, source_port,
 destination_ip, destination_port, transport, session_id, session_type,
 CASE WHEN first_seen >= $2 AND first_seen < $3 THEN first_seen END,
 CASE WHEN last_seen >= $2 AND last_seen < $3 THEN last_seen END,
 CASE WHEN session_end >= $2 AND session_end < $3 THEN session_end END,
 is_shared
FROM lerd_ip_sessions WHERE account_id = $1 AND event_time >= $2 AND event_time < $3
ORDER BY event_time, source_record_id COLLATE "C"`

// Sessions streams lerd_ip_sessions through a cursor: the server computes a
// batch when the reader has used up the one before. A batch is in memory whole, so
// that the wait for it does not count the time in which the reader is slow.
func (s *Source) Sessions(ctx context.Context, account records.AccountID, period records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		stopped := false
		err := s.read(ctx, func(ctx context.Context, tx pgx.Tx) error {
			// DECLARE takes no parameters in the extended protocol; pgx quotes
			// the three values, an integer and two times, on this side.
			err := s.limited(ctx, func(ctx context.Context) error {
				_, err := tx.Exec(ctx, declareSessions, pgx.QueryExecModeSimpleProtocol, int64(account), stamp(period.From), stamp(period.To))
				return err
			})
			batch := make([]records.IPRow, 0, s.fetch)
			for more := true; err == nil && more && !stopped; more = len(batch) > 0 {
				batch, err = s.batch(ctx, tx, batch[:0])
				for i := 0; i < len(batch) && !stopped; i++ {
					stopped = !yield(batch[i], nil)
				}
			}
			return err
		})
		fault.Wrap(&err, "pgrecords.Sessions(%s)", account)
		if err != nil && !stopped {
			yield(records.IPRow{}, err)
		}
	}
}

// stamp writes a time so that PostgreSQL reads it exactly.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z07:00") }

// batch fetches the next rows, and gives none at the end. Those that came before an
// error are given with it.
func (s *Source) batch(ctx context.Context, tx pgx.Tx, into []records.IPRow) ([]records.IPRow, error) {
	err := s.limited(ctx, func(ctx context.Context) error {
		rows, err := tx.Query(ctx, fmt.Sprintf("FETCH FORWARD %d FROM lerd_sessions", s.fetch))
		if err != nil {
			return err
		}
		defer rows.Close()
		var raw rawSession
		targets := raw.targets()
		for rows.Next() {
			if err := rows.Scan(targets...); err != nil {
				return unreadable("sessions", err)
			}
			row, err := raw.row()
			if err != nil {
				return err
			}
			into = append(into, row)
		}
		return rows.Err()
	})
	return into, err
}

// unreadable makes a breach of a value that does not fit the documented type (NULL
// where there must be one, a time of infinity). The text of err may quote it and is
// dropped. Any other error stays as it is.
func unreadable(op string, err error) error {
	var misfit pgx.ScanArgError
	if errors.As(err, &misfit) {
		return &records.Breach{Op: op, Rule: misfitRule}
	}
	return err
}

const misfitRule = "a value is missing or does not fit its type"

// rawSession is a row as PostgreSQL gives it, with NULLs.
type rawSession struct {
	id, event                         string
	account                           int64
	at                                time.Time
	address                           netip.Prefix
	destination                       *netip.Prefix
	sourcePort, destinationPort       *int32
	transport, session, kind          *string
	firstSeen, lastSeen, sessionEnded *time.Time
	shared                            *bool
}

func (r *rawSession) targets() []any {
	return []any{&r.id, &r.account, &r.event, &r.at, &r.address, &r.sourcePort, &r.destination, &r.destinationPort,
		&r.transport, &r.session, &r.kind, &r.firstSeen, &r.lastSeen, &r.sessionEnded, &r.shared}
}

func (r *rawSession) row() (out records.IPRow, err error) {
	out = records.IPRow{
		RecordID: r.id, Account: records.AccountID(r.account), Event: records.EventType(r.event), At: r.at.UTC(),
		Transport: records.Transport(text(r.transport)), SessionID: text(r.session), SessionType: records.SessionType(text(r.kind)),
		FirstSeen: utc(r.firstSeen), LastSeen: utc(r.lastSeen), SessionEnd: utc(r.sessionEnded), Shared: shared(r.shared),
	}
	if out.Address, err = host(r.address); err != nil {
		return out, err
	}
	if r.destination != nil {
		if out.Destination, err = host(*r.destination); err != nil {
			return out, err
		}
	}
	if out.SourcePort, err = port(r.sourcePort); err != nil {
		return out, err
	}
	out.DestinationPort, err = port(r.destinationPort)
	return out, err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func shared(b *bool) records.Shared {
	switch {
	case b == nil:
		return records.SharedUnknown
	case *b:
		return records.SharedYes
	}
	return records.SharedNo
}

// host refuses a network: an address of a person is a single one.
func host(p netip.Prefix) (personal.Addr, error) {
	if !p.IsValid() { // NULL
		return personal.Addr{}, &records.Breach{Op: "sessions", Rule: misfitRule}
	}
	if !p.IsSingleIP() {
		return personal.Addr{}, &records.Breach{Op: "sessions", Rule: "a network instead of an address"}
	}
	if p.Addr().Is4In6() {
		return personal.Addr{}, &records.Breach{Op: "sessions", Rule: "an IPv4 address in the form of one of IPv6"}
	}
	return personal.NewAddr(p.Addr()), nil
}

// port gives 0 for "not recorded"; a recorded 0 is no port.
func port(p *int32) (uint16, error) {
	if p == nil {
		return 0, nil
	}
	if *p < 1 || *p > 65535 {
		return 0, &records.Breach{Op: "sessions", Rule: "port outside 1 to 65535"}
	}
	return uint16(*p), nil
}
