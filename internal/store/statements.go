package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"gorm.io/gorm"

	"lerd/internal/agencies"
	"lerd/internal/agencies/statement"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// StatementDue gives agencies that were vetted before the end of a period, or in
// whose name something was asked in it, and that have no statement of it.
func (s *Store) StatementDue(ctx context.Context, from, to time.Time) (ids []identity.AgencyID, err error) {
	defer fault.Wrap(&err, "store.StatementDue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT a.id FROM agency a
			WHERE (EXISTS (SELECT 1 FROM vetting v WHERE v.agency_id = a.id AND v.activated_at < @to)
				OR EXISTS (SELECT 1 FROM request q WHERE q.agency_id = a.id AND q.received_at >= @from AND q.received_at < @to))
			AND NOT EXISTS (SELECT 1 FROM agency_statement t WHERE t.agency_id = a.id AND t.period_from = CAST(@day AS date)) ORDER BY a.id`,
			map[string]any{"from": micro(from), "to": micro(to), "day": from.Format(time.DateOnly)}).Scan(&ids).Error
	})
	return ids, err
}

type lineRow struct {
	Ref       string    `gorm:"column:ref"`
	Process   string    `gorm:"column:process_id"`
	Order     string    `gorm:"column:order_number"`
	Issuer    string    `gorm:"column:issuer_name"`
	Officer   string    `gorm:"column:officer"`
	Received  time.Time `gorm:"column:received_at"`
	Emergency bool      `gorm:"column:emergency"`
	State     string    `gorm:"column:state"`
	Examined  bool      `gorm:"column:examined"`
	Targets   int       `gorm:"column:targets"`
	Phones    int       `gorm:"column:phones"`
	Addresses int       `gorm:"column:addresses"`
	Downloads int       `gorm:"column:downloads"`
	Disowned  bool      `gorm:"column:disowned"`
	Event     string    `gorm:"column:event"`
	Index     int64     `gorm:"column:index"`
	Entry     []byte    `gorm:"column:entry"`
}

// StatementLines gives every request made in an agency's name in a period, as the
// agency reads where it stands, with the event that began it, and the size of the log. One without a place in the
// log is waited for.
func (s *Store) StatementLines(ctx context.Context, agency identity.AgencyID, from, to time.Time) (lines []statement.Line, size int64, err error) {
	defer fault.Wrap(&err, "store.StatementLines(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var err error
		if size, err = placed(ctx, tx.Statement.ConnPool); err != nil {
			return err
		}
		var rows []lineRow
		err = tx.Raw(`SELECT q.ref, q.process_id, q.order_number, q.issuer_name, p.name AS officer, q.received_at, q.emergency, q.state, EXISTS (SELECT 1 FROM examination x WHERE x.request_id = q.id) AS examined,
				(SELECT count(*) FROM target t WHERE t.request_id = q.id) AS targets,
				coalesce(r.phones, 0) AS phones, coalesce(r.addresses, 0) AS addresses, coalesce(r.downloads, 0) AS downloads,
				EXISTS (SELECT 1 FROM disowned_request d WHERE d.request_id = q.id) AS disowned,
				e.id AS event, coalesce(l.index, -1) AS index, e.entry
			FROM request q JOIN person p ON p.id = q.officer_id JOIN audit.event e ON e.stream = 'request:' || q.id AND e.version = 1
			LEFT JOIN audit.leaf l ON l.event_id = e.id 
			LEFT JOIN LATERAL (SELECT sum(x.phones) AS phones, sum(x.addresses) AS addresses, sum(x.downloads) AS downloads
				FROM release x WHERE x.request_id = q.id AND x.exported_at IS NOT NULL) r ON true
			WHERE q.agency_id = ? AND q.received_at >= ? AND q.received_at < ? ORDER BY q.received_at, q.id`, string(agency), micro(from), micro(to)).Scan(&rows).Error
		for _, r := range rows {
			if r.Index < 0 || r.Index >= size {
				return fault.New(fault.Unavailable, "A request of the period has no place in the log yet.")
			}
			sum := sha256.Sum256(r.Entry)
			state := requests.State(r.State).ForAgency(r.Examined) // the statement is read by the agency
			lines = append(lines, statement.Line{Ref: r.Ref, Process: r.Process, Order: r.Order, Issuer: r.Issuer, Officer: r.Officer, Received: r.Received.UTC(), Emergency: r.Emergency,
				State: string(state), StateWords: state.Words(), Targets: r.Targets, Phones: r.Phones, Addresses: r.Addresses, Downloads: r.Downloads, Disowned: r.Disowned, Event: r.Event, Index: r.Index,
				EntrySHA256: hex.EncodeToString(sum[:])})
		}
		return err
	})
	return lines, size, err
}

// Statement gives a statement, or NotFound: also when it is not for the actor.
func (s *Store) Statement(ctx context.Context, id agencies.StatementID) (st agencies.Statement, err error) {
	defer fault.Wrap(&err, "store.Statement(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err := find(tx.Where("id = ?", string(id)), statementRow.domain)
		if err == nil && len(list) == 0 {
			err = gorm.ErrRecordNotFound
		}
		if err == nil {
			st = list[0]
		}
		return err
	})
	return st, err
}

// Statements gives an agency's statements, the newest first.
func (s *Store) Statements(ctx context.Context, agency identity.AgencyID) (list []agencies.Statement, err error) {
	defer fault.Wrap(&err, "store.Statements(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = find(tx.Where("agency_id = ?", string(agency)).Order("period_from DESC"), statementRow.domain)
		return err
	})
	return list, err
}
