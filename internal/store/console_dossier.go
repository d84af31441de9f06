package store

import (
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/oversight/dossier"
)

// Encoded gives the payloads of events as they are stored; what was erased is absent.
func (c Console) Encoded(ctx context.Context, ids []audit.EventID) (out map[audit.EventID][]byte, err error) {
	defer fault.Wrap(&err, "store.Encoded")
	payloads, err := c.Payloads(ctx, ids)
	out = map[audit.EventID][]byte{}
	for id, p := range payloads {
		if out[id], err = p.Encode(); err != nil {
			return nil, err
		}
	}
	return out, err
}

// FactsOf gives what opens the closed facts of events that have any.
func (c Console) FactsOf(ctx context.Context, ids []audit.EventID) (out map[audit.EventID]audit.ValueOpening, err error) {
	defer fault.Wrap(&err, "store.FactsOf")
	out = map[audit.EventID]audit.ValueOpening{}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		rows, err := tx.Statement.ConnPool.QueryContext(ctx, "SELECT event_id::text, salt, value FROM audit.opening WHERE name = $1 AND event_id = ANY($2::uuid[])", audit.FactsValue, textsOf(ids))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var salt, value []byte
			if err := rows.Scan(&id, &salt, &value); err != nil {
				return err
			}
			if len(salt) == len(audit.Salt{}) { // the verification names any other
				out[audit.EventID(id)] = audit.ValueOpening{Salt: audit.Salt(salt), Value: value}
			}
		}
		return rows.Err()
	})
	return out, err
}

// RowsOfEvents gives the rows of a case that events wrote last, in canonical form.
// Which rows those can be is what the entries themselves name, so that each is found
// by its key, however large its table is.
func (c Console) RowsOfEvents(ctx context.Context, ids []audit.EventID) (out map[audit.EventID][]dossier.Row, err error) {
	defer fault.Wrap(&err, "store.RowsOfEvents")
	out = map[audit.EventID][]dossier.Row{}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		w, err := namedBy(tx, ids)
		if err != nil {
			return err
		}
		for _, read := range []func(*gorm.DB, writings) ([]tableRow, error){
			writtenBy[requestRow], writtenBy[targetRow], writtenBy[documentRow], writtenBy[answerRow], writtenBy[messageRow], writtenBy[decisionRow], writtenBy[releaseRow], writtenBy[itemRow],
			writtenBy[signatureRow], writtenBy[examinationRow], writtenBy[grantRow], writtenBy[receiptRow], writtenBy[recallRow], writtenBy[resultRow], writtenBy[takeoverRow], writtenBy[linkRow], writtenBy[targetFlagRow],
			writtenBy[amendmentRow], writtenBy[amendmentItemRow], writtenBy[attachmentRow], writtenBy[preservationRow], writtenBy[findingRow], writtenBy[confirmationRow], writtenBy[askRow],
		} {
			rows, err := read(tx, w)
			if err != nil {
				return err
			}
			for _, r := range rows {
				id := audit.EventID(r.rowEvent())
				out[id] = append(out[id], dossier.Row{Table: r.TableName(), ID: r.rowID(), Row: canonical(r)})
			}
		}
		return nil
	})
	return out, err
}

// writings are some events, and by table the keys of the rows that they wrote.
type writings struct {
	events map[string]bool
	rows   map[string]map[string]bool
}

// namedBy reads what the entries of events say they wrote.
func namedBy(tx *gorm.DB, ids []audit.EventID) (w writings, err error) {
	w = writings{map[string]bool{}, map[string]map[string]bool{}}
	names := textsOf(ids)
	for _, name := range names {
		w.events[name] = true
	}
	if len(names) == 0 {
		return w, nil
	}
	var entries [][]byte
	if err := tx.Raw("SELECT entry FROM audit.event WHERE id IN ?", names).Scan(&entries).Error; err != nil {
		return w, err
	}
	for _, entry := range entries {
		record, err := audit.ParseEntry(entry)
		if err != nil {
			return w, err
		}
		for _, r := range record.Rows {
			if w.rows[r.Table] == nil {
				w.rows[r.Table] = map[string]bool{}
			}
			w.rows[r.Table][r.ID] = true
		}
	}
	return w, nil
}

// writtenBy gives the rows of one table that events wrote last.
func writtenBy[R any, P interface {
	*R
	tableRow
}](tx *gorm.DB, w writings) (out []tableRow, err error) {
	table, key := P(new(R)).TableName(), keyOf(P(new(R)))
	var rows []R
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(w.rows[table])), 1000) {
		rows = rows[:0]
		if err := tx.Where(key+" IN ?", ids).Order(key).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			if p := P(&r); w.events[p.rowEvent()] {
				out = append(out, p)
			}
		}
	}
	return out, nil
}
