package store

import (
	"context"

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

// RowsOfEvents gives the rows of a case that events wrote last, in canonical form.
func (c Console) RowsOfEvents(ctx context.Context, ids []audit.EventID) (out map[audit.EventID][]dossier.Row, err error) {
	defer fault.Wrap(&err, "store.RowsOfEvents")
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	out = map[audit.EventID][]dossier.Row{}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		for _, read := range []func(*gorm.DB, []string) ([]tableRow, error){
			writtenBy[requestRow], writtenBy[targetRow], writtenBy[documentRow], writtenBy[answerRow], writtenBy[messageRow], writtenBy[decisionRow], writtenBy[releaseRow], writtenBy[itemRow],
			writtenBy[signatureRow], writtenBy[examinationRow], writtenBy[grantRow], writtenBy[receiptRow], writtenBy[recallRow], writtenBy[resultRow], writtenBy[takeoverRow], writtenBy[linkRow],
			writtenBy[amendmentRow], writtenBy[amendmentItemRow], writtenBy[attachmentRow], writtenBy[preservationRow], writtenBy[findingRow], writtenBy[confirmationRow], writtenBy[askRow],
		} {
			rows, err := read(tx, names)
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

// writtenBy gives the rows of one table that events wrote last.
func writtenBy[R any, P interface {
	*R
	tableRow
}](tx *gorm.DB, events []string) (out []tableRow, err error) {
	var rows []R
	err = tx.Where("event_id::text IN ?", events).Find(&rows).Error
	for i := range rows {
		out = append(out, P(&rows[i]))
	}
	return out, err
}
