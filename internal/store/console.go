package store

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// Console is what the auditors' console keeps and reads.
type Console struct{ *Store }

// Console gives the store as the auditors' console needs it.
func (s *Store) Console() Console { return Console{s} }

// IndexLog takes placed events into the index of the log, at most limit, and gives
// how many it took.
func (c Console) IndexLog(ctx context.Context, limit int) (n int, err error) {
	defer fault.Wrap(&err, "store.IndexLog")
	err = c.inWriteTx(ctx, func(tx *gorm.DB) error { return tx.Raw("SELECT index_log(?)", limit).Scan(&n).Error })
	return n, err
}

// catchUp brings the index up to the newest event, as far as a page may wait for it.
func (c Console) catchUp(ctx context.Context) error {
	for range 5 {
		n, err := c.IndexLog(ctx, 2000)
		if err != nil || n < 2000 {
			return err
		}
	}
	return nil
}

// LastVerifications gives the newest run that ended, and the one that was asked for.
func (c Console) LastVerifications(ctx context.Context) (ended, asked *oversight.Verification, err error) {
	defer fault.Wrap(&err, "store.LastVerifications")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		for where, to := range map[string]**oversight.Verification{"state <> 'asked'": &ended, "state = 'asked'": &asked} {
			var rows []verificationRow
			if err := tx.Where(where).Order("asked_at DESC").Limit(1).Find(&rows).Error; err != nil {
				return err
			}
			if len(rows) > 0 {
				*to = rows[0].domain()
			}
		}
		return nil
	})
	return ended, asked, err
}

// EntryOf gives an event's entry, nil where there is none.
func (c Console) EntryOf(ctx context.Context, id audit.EventID) (entry []byte, err error) {
	defer fault.Wrap(&err, "store.EntryOf(%s)", id)
	entry, err = c.AuditReader().Entry(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return entry, err
}

// Progress gives how far a run is.
func (c Console) Progress(ctx context.Context, id string) (p oversight.Progress, err error) {
	defer fault.Wrap(&err, "store.Progress")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var row struct {
			What        string
			Done, Total int64
			BegunAt, At time.Time
		}
		err := tx.Raw("SELECT what, done, total, begun_at, at FROM verification_progress WHERE verification_id = ?", id).Scan(&row).Error
		p = oversight.Progress{What: row.What, Done: row.Done, Total: row.Total, Begun: row.BegunAt.UTC(), At: row.At.UTC()}
		return err
	})
	return p, err
}

// PutProgress says how far a run is.
func (c Console) PutProgress(ctx context.Context, id string, p oversight.Progress) (err error) {
	defer fault.Wrap(&err, "store.PutProgress")
	return c.inWriteTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO verification_progress (verification_id, what, done, total, begun_at, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (verification_id) DO UPDATE SET what = EXCLUDED.what, done = EXCLUDED.done, total = EXCLUDED.total, at = EXCLUDED.at`,
			id, p.What, p.Done, p.Total, micro(p.Begun), micro(p.At)).Error
	})
}

// Published gives when the newest checkpoint was published; zero if there is none.
func (c Console) Published(ctx context.Context) (at time.Time, err error) {
	defer fault.Wrap(&err, "store.Published")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var list []time.Time
		if err := tx.Raw("SELECT at FROM audit.checkpoint ORDER BY size DESC LIMIT 1").Scan(&list).Error; err != nil || len(list) == 0 {
			return err
		}
		at = list[0].UTC()
		return nil
	})
	return at, err
}

// Decisions gives every version of the decisions of a case.
func (c Console) Decisions(ctx context.Context, id requests.ID) (list []requests.Decision, err error) {
	defer fault.Wrap(&err, "store.Decisions(%s)", id)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = loadAll(tx.Order("target_id, category, version"), id, decisionRow.domain)
		return err
	})
	return list, err
}

// CaseIDByRef gives a case's id by its reference, or NotFound. Whoever may not see
// cases is told that there is none.
func (c Console) CaseIDByRef(ctx context.Context, ref string) (id string, err error) {
	defer fault.Wrap(&err, "store.CaseIDByRef")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT id::text FROM request WHERE ref = ?", ref).Scan(&id).Error; err != nil {
			return err
		}
		if id == "" {
			return fault.New(fault.NotFound, "There is nothing here.")
		}
		return nil
	})
	return id, err
}

// insertMembers writes the population that a plan fixes.
func insertMembers(tx *gorm.DB, values []any) error {
	for _, v := range values {
		m, ok := v.(oversight.SampleMembers)
		if !ok {
			continue
		}
		for from := 0; from < len(m.Members); from += 5000 {
			b, err := json.Marshal(m.Members[from:min(from+5000, len(m.Members))])
			if err != nil {
				return err
			}
			if err := tx.Exec(`INSERT INTO audit_sample_member (sample_id, case_id, stratum, always)
				SELECT ?::uuid, r."Case"::uuid, r."Stratum", r."Always" FROM jsonb_to_recordset(?::jsonb) AS r ("Case" text, "Stratum" text, "Always" boolean)`, m.Sample, string(b)).Error; err != nil {
				return err
			}
		}
	}
	return nil
}
