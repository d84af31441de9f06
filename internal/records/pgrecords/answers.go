package pgrecords

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// System reads lerd_source, which has exactly one row, and the server's clock.
func (s *Source) System(ctx context.Context) (sys records.System, err error) {
	defer fault.Wrap(&err, "pgrecords.System")
	const q = `SELECT system_name, system_version, clock_source, max_clock_error_ms, precision_us, clock_timestamp() FROM lerd_source`
	var errMS, precUS int32
	err = s.ask(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q)
		if err != nil {
			return err
		}
		n := 0
		_, err = pgx.ForEachRow(rows, []any{&sys.Name, &sys.Version, &sys.ClockSource, &errMS, &precUS, &sys.Now}, func() error {
			n++
			return nil
		})
		err = unreadable("system", err)
		if err == nil && n != 1 {
			return &records.Breach{Op: "system", Rule: "lerd_source does not have exactly one row"}
		}
		return err
	})
	sys.Now = sys.Now.UTC()
	sys.MaxClockError = time.Duration(errMS) * time.Millisecond
	sys.Precision = time.Duration(precUS) * time.Microsecond
	return sys, err
}

// resolveQueries give account, value, start and end of each holding that
// overlaps [$2, $3); one row more than the guard takes shows that there are more.
var resolveQueries = map[records.Kind]string{
	records.ByPhone: `SELECT account_id, phone_e164, valid_from, valid_to FROM lerd_phone_history
WHERE phone_e164 = $1 AND valid_from < $3 AND (valid_to IS NULL OR valid_to > $2)
ORDER BY valid_from, account_id LIMIT 1001`,
	records.ByUsername: `SELECT account_id, username, valid_from, valid_to FROM lerd_username_history
WHERE username = $1 AND valid_from < $3 AND (valid_to IS NULL OR valid_to > $2)
ORDER BY valid_from, account_id LIMIT 1001`,
	records.ByAccount: `SELECT account_id, account_id::text, created_at, NULL::timestamptz FROM lerd_accounts
WHERE account_id = $1 AND created_at < $3 AND $2::timestamptz IS NOT NULL LIMIT 1001`,
}

// Resolve looks the identifier up by equality.
func (s *Source) Resolve(ctx context.Context, id records.Identifier) (res records.Resolution, err error) {
	defer fault.Wrap(&err, "pgrecords.Resolve(%s)", id.Kind)
	var key any = int64(id.Account)
	switch id.Kind {
	case records.ByPhone:
		key = id.Phone.Reveal()
	case records.ByUsername:
		key = id.Username.Reveal()
	}
	err = s.ask(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, resolveQueries[id.Kind], key, id.During.From, id.During.To)
		if err != nil {
			return err
		}
		res.Holdings, err = pgx.CollectRows(rows, scanHolding)
		return unreadable("resolve", err)
	})
	return res, err
}

func scanHolding(row pgx.CollectableRow) (records.Holding, error) {
	var h records.Holding
	var value string
	var to *time.Time
	err := row.Scan(&h.Account, &value, &h.From, &to)
	h.Value, h.From, h.To = personal.NewText(value), h.From.UTC(), utc(to)
	return h, err
}

// Summary reads one row of lerd_accounts.
func (s *Source) Summary(ctx context.Context, account records.AccountID) (sum records.Summary, err error) {
	defer fault.Wrap(&err, "pgrecords.Summary(%s)", account)
	const q = `SELECT account_id, coalesce(username, ''), created_at, rule_status FROM lerd_accounts WHERE account_id = $1`
	err = s.ask(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var username string
		err := tx.QueryRow(ctx, q, int64(account)).Scan(&sum.Account, &username, &sum.CreatedAt, &sum.Status)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "There is no such account.")
		}
		sum.Username, sum.CreatedAt = personal.NewText(username), sum.CreatedAt.UTC()
		return unreadable("summary", err)
	})
	return sum, err
}

// Phones reads the numbers whose validity overlaps the period. The time of
// verification is given only if it lies in the period.
func (s *Source) Phones(ctx context.Context, account records.AccountID, period records.Period) (out []records.PhoneRow, err error) {
	defer fault.Wrap(&err, "pgrecords.Phones(%s)", account)
	const q = `SELECT source_record_id, account_id, phone_e164, verification_status,
 CASE WHEN verified_at >= $2 AND verified_at < $3 THEN verified_at END, valid_from, valid_to
FROM lerd_phone_history WHERE account_id = $1 AND valid_from < $3 AND (valid_to IS NULL OR valid_to > $2)
ORDER BY valid_from, source_record_id COLLATE "C" LIMIT 10001`
	err = s.ask(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, int64(account), period.From, period.To)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scanPhone)
		return unreadable("phones", err)
	})
	return out, err
}

func scanPhone(row pgx.CollectableRow) (records.PhoneRow, error) {
	var p records.PhoneRow
	var number string
	var verified, to *time.Time
	err := row.Scan(&p.RecordID, &p.Account, &number, &p.Verification, &verified, &p.ValidFrom, &to)
	p.Phone = personal.NewPhone(number)
	p.VerifiedAt, p.ValidFrom, p.ValidTo = utc(verified), p.ValidFrom.UTC(), utc(to)
	return p, err
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
