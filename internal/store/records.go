package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"iter"
	"net/netip"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
)

// bytesValue keeps gorm from expanding a byte slice into a list of arguments.
type bytesValue []byte

// Value gives the bytes to the driver as they are.
func (b bytesValue) Value() (driver.Value, error) { return []byte(b), nil }

// recordRow is a record as jsonb_to_recordset reads it; absent is NULL.
type recordRow struct {
	ReleaseID       string  `json:"release_id"`
	Ordinal         int     `json:"ordinal"`
	ItemID          string  `json:"item_id"`
	Category        string  `json:"category"`
	AccountID       int64   `json:"account_id"`
	SourceRecord    string  `json:"source_record"`
	Phone           *string `json:"phone,omitempty"`
	PhoneStatus     *string `json:"phone_status,omitempty"`
	VerifiedAt      *string `json:"verified_at,omitempty"`
	ValidFrom       *string `json:"valid_from,omitempty"`
	ValidTo         *string `json:"valid_to,omitempty"`
	IP              *string `json:"ip,omitempty"`
	SourcePort      *uint16 `json:"source_port,omitempty"`
	Destination     *string `json:"destination,omitempty"`
	DestinationPort *uint16 `json:"destination_port,omitempty"`
	Transport       *string `json:"transport,omitempty"`
	EventType       *string `json:"event_type,omitempty"`
	EventAt         *string `json:"event_at,omitempty"`
	SessionID       *string `json:"session_id,omitempty"`
	SessionType     *string `json:"session_type,omitempty"`
	FirstSeen       *string `json:"first_seen,omitempty"`
	LastSeen        *string `json:"last_seen,omitempty"`
	SessionEnd      *string `json:"session_end,omitempty"`
	Shared          *string `json:"shared,omitempty"`
	PreservedAt     *string `json:"preserved_at,omitempty"`
}

const insertRecordsSQL = `INSERT INTO release_record
SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(
    release_id uuid, ordinal integer, item_id uuid, category text, account_id bigint, source_record text,
    phone text, phone_status text, verified_at timestamptz, valid_from timestamptz, valid_to timestamptz,
    ip inet, source_port integer, destination inet, destination_port integer, transport text, event_type text,
    event_at timestamptz, session_id text, session_type text, first_seen timestamptz, last_seen timestamptz,
    session_end timestamptz, shared text, preserved_at timestamptz)`

// recordsAtOnce is how many frozen records one statement writes.
const recordsAtOnce = 2000

// insertRecords writes the frozen records of a release.
func insertRecords(tx *gorm.DB, values []any) error {
	for _, v := range values {
		recs, ok := v.(requests.Records)
		if !ok {
			continue
		}
		rows := make([]recordRow, 0, recordsAtOnce)
		for r, err := range recs.Rows {
			if err != nil {
				return err
			}
			if rows = append(rows, fromRecord(recs.Release, r)); len(rows) == cap(rows) {
				if err := writeRecords(tx, rows); err != nil {
					return err
				}
				rows = rows[:0]
			}
		}
		if len(rows) > 0 {
			if err := writeRecords(tx, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeRecords(tx *gorm.DB, rows []recordRow) error {
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = tx.Statement.ConnPool.ExecContext(tx.Statement.Context, insertRecordsSQL, string(b))
	return err
}

func isoTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := micro(t).Format(time.RFC3339Nano)
	return &s
}

func nilPort(p uint16) *uint16 {
	if p == 0 {
		return nil
	}
	return &p
}

func nilAddr(a personal.Addr) *string {
	if !a.Reveal().IsValid() {
		return nil
	}
	s := a.Reveal().String()
	return &s
}

func fromRecord(release requests.ReleaseID, r requests.Record) recordRow {
	row := recordRow{ReleaseID: string(release), Ordinal: r.Ordinal, ItemID: string(r.Item), Category: string(r.Category()), PreservedAt: isoTime(r.PreservedAt)}
	if p := r.Phone; p != nil {
		row.AccountID, row.SourceRecord = int64(p.Account), p.RecordID
		row.Phone, row.PhoneStatus = nilText(p.Phone.Reveal()), nilText(p.Verification)
		row.VerifiedAt, row.ValidFrom, row.ValidTo = isoTime(p.VerifiedAt), isoTime(p.ValidFrom), isoTime(p.ValidTo)
	}
	if i := r.IP; i != nil {
		row.AccountID, row.SourceRecord = int64(i.Account), i.RecordID
		row.IP, row.SourcePort, row.Destination, row.DestinationPort = nilAddr(i.Address), nilPort(i.SourcePort), nilAddr(i.Destination), nilPort(i.DestinationPort)
		row.Transport, row.EventType, row.EventAt = nilText(i.Transport), nilText(i.Event), isoTime(i.At)
		row.SessionID, row.SessionType, row.Shared = nilText(i.SessionID), nilText(i.SessionType), nilText(i.Shared)
		row.FirstSeen, row.LastSeen, row.SessionEnd = isoTime(i.FirstSeen), isoTime(i.LastSeen), isoTime(i.SessionEnd)
	}
	return row
}

const selectRecordsSQL = `SELECT ordinal, item_id, account_id, source_record, phone, phone_status, verified_at, valid_from, valid_to,
    host(ip), source_port, host(destination), destination_port, transport, event_type, event_at, session_id, session_type,
    first_seen, last_seen, session_end, shared, preserved_at
FROM release_record WHERE release_id = $1 ORDER BY ordinal`

// ReleaseRecords streams the frozen records of a release in their order. The
// sequence ends with an error when the database is lost on the way; what came
// before must then not be used.
func (s *Store) ReleaseRecords(ctx context.Context, id requests.ReleaseID) iter.Seq2[requests.Record, error] {
	return func(yield func(requests.Record, error) bool) {
		err := s.inReadTx(ctx, func(tx *gorm.DB) error {
			rows, err := tx.Statement.ConnPool.QueryContext(ctx, selectRecordsSQL, string(id))
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				r, err := scanRecord(rows)
				if err != nil {
					return err
				}
				if !yield(r, nil) {
					return errStopped
				}
			}
			return rows.Err()
		})
		if err != nil && err != errStopped {
			yield(requests.Record{}, err)
		}
	}
}

// errStopped ends a stream whose reader has had enough.
var errStopped = fault.New(fault.Conflict, "stopped")

func scanRecord(rows *sql.Rows) (requests.Record, error) {
	var (
		r                                                                requests.Record
		item, source                                                     string
		account                                                          int64
		phone, status, ip, dest, transport, event, session, kind, shared sql.NullString
		verified, validFrom, validTo, at, first, last, end, preserved    sql.NullTime
		port, destPort                                                   sql.NullInt32
	)
	err := rows.Scan(&r.Ordinal, &item, &account, &source, &phone, &status, &verified, &validFrom, &validTo,
		&ip, &port, &dest, &destPort, &transport, &event, &at, &session, &kind, &first, &last, &end, &shared, &preserved)
	if err != nil {
		return r, err
	}
	r.Item, r.PreservedAt = requests.ItemID(item), utc(preserved)
	if phone.Valid {
		r.Phone = &records.PhoneRow{RecordID: source, Account: records.AccountID(account), Phone: personal.NewPhone(phone.String),
			Verification: records.Verification(status.String), VerifiedAt: utc(verified), ValidFrom: utc(validFrom), ValidTo: utc(validTo)}
		return r, nil
	}
	addr, err := netip.ParseAddr(ip.String)
	if err != nil {
		return r, err
	}
	r.IP = &records.IPRow{RecordID: source, Account: records.AccountID(account), Event: records.EventType(event.String), At: utc(at),
		Address: personal.NewAddr(addr), SourcePort: uint16(port.Int32), DestinationPort: uint16(destPort.Int32),
		Transport: records.Transport(transport.String), SessionID: session.String, SessionType: records.SessionType(kind.String),
		FirstSeen: utc(first), LastSeen: utc(last), SessionEnd: utc(end), Shared: records.Shared(shared.String)}
	if dest.Valid {
		d, err := netip.ParseAddr(dest.String)
		if err != nil {
			return r, err
		}
		r.IP.Destination = personal.NewAddr(d)
	}
	return r, nil
}

func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// checkRecords compares the frozen records of every release with the digest
// that its event commits to: they are too many to stand in the log one by one.
// Of a release whose records were erased, as a row of erasure that the replay
// compares says, none may be there.
func (s *Store) checkRecords(ctx context.Context) error {
	var releases []releaseRow
	var erased []string
	err := s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Order("id").Find(&releases).Error; err != nil {
			return err
		}
		return tx.Raw("SELECT r.id FROM release r JOIN erasure e ON e.class = 'records' AND e.subject_id = r.request_id").Scan(&erased).Error
	})
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, id := range erased {
		gone[id] = true
	}
	none := requests.NewDigester().Sum()
	for _, r := range releases {
		digest := requests.NewDigester()
		for rec, err := range s.ReleaseRecords(ctx, requests.ReleaseID(r.ID)) {
			if err != nil {
				return err
			}
			digest.Add(rec)
		}
		if sum := digest.Sum(); sum != r.Digest && !(gone[r.ID] && sum == none) {
			return differs("The frozen records (release_record) of release %s are not those that were prepared and approved.", r.ID)
		}
	}
	return nil
}
