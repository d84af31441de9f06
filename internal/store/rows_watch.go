package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// Row structs of clocks and objections in migrations/0018_processes.sql.

type clockAlertRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	Clock     string    `gorm:"column:clock"`
	Alert     string    `gorm:"column:alert"`
	DueAt     time.Time `gorm:"column:due_at"`
	TurnedAt  time.Time `gorm:"column:turned_at"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

// TableName names the table.
func (clockAlertRow) TableName() string  { return "clock_alert" }
func (r clockAlertRow) rowID() string    { return r.ID }
func (r clockAlertRow) rowEvent() string { return r.EventID }

func fromAlert(a requests.Alert, event audit.EventID) *clockAlertRow {
	return &clockAlertRow{a.ID, string(a.Request), string(a.Agency), a.Clock, string(a.Alert), micro(a.DueAt), micro(a.TurnedAt), micro(a.At), string(event)}
}

func (r clockAlertRow) domain() requests.Alert {
	return requests.Alert{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Clock: r.Clock, Alert: legal.Alert(r.Alert),
		DueAt: r.DueAt.UTC(), TurnedAt: r.TurnedAt.UTC(), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type objectionRow struct {
	ID            string    `gorm:"column:id;primaryKey"`
	RequestID     string    `gorm:"column:request_id"`
	AgencyID      string    `gorm:"column:agency_id"`
	Form          string    `gorm:"column:form"`
	Content       string    `gorm:"column:content"`
	ContentSHA256 string    `gorm:"column:content_sha256"`
	MadeBy        string    `gorm:"column:made_by"`
	At            time.Time `gorm:"column:at"`
	EventID       string    `gorm:"column:event_id"`
}

// TableName names the table.
func (objectionRow) TableName() string  { return "objection" }
func (r objectionRow) rowID() string    { return r.ID }
func (r objectionRow) rowEvent() string { return r.EventID }

func fromObjection(o requests.Objection, event audit.EventID) *objectionRow {
	return &objectionRow{o.ID, string(o.Request), string(o.Agency), o.Form, o.Content, o.ContentSHA256, string(o.By), micro(o.At), string(event)}
}

func (r objectionRow) domain() requests.Objection {
	return requests.Objection{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Form: r.Form, Content: r.Content,
		ContentSHA256: r.ContentSHA256, By: identity.PersonID(r.MadeBy), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

// watchRow gives the row of a clock's alert or of an objection, nil of another value.
func watchRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *requests.Alert:
		return fromAlert(*x, event)
	case *requests.Objection:
		return fromObjection(*x, event)
	}
	return nil
}

type tickingRow struct {
	ID            string     `gorm:"column:id"`
	AgencyID      string     `gorm:"column:agency_id"`
	ProcessID     string     `gorm:"column:process_id"`
	ProcessVer    int        `gorm:"column:process_version"`
	ProcessDigest string     `gorm:"column:process_digest"`
	State         string     `gorm:"column:state"`
	Emergency     bool       `gorm:"column:emergency"`
	EffectBy      *time.Time `gorm:"column:effect_by"`
	AskedAt       *time.Time `gorm:"column:asked_at"`
	EventID       string     `gorm:"column:event_id"`
	Entry         []byte     `gorm:"column:entry"`
}

// Ticking gives cases whose clock runs, the next due first, each with what was
// said of it already.
func (s *Store) Ticking(ctx context.Context, states []requests.State, before time.Time, skip, limit int) (list []requests.Ticking, err error) {
	defer fault.Wrap(&err, "store.Ticking")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []tickingRow
		if err := tx.Raw(`SELECT q.id, q.agency_id, q.process_id, q.process_version, q.process_digest, q.state, q.emergency, q.effect_by, q.event_id, e.entry,
				(SELECT max(m.at) FROM message m WHERE m.request_id = q.id AND m.kind = 'question') AS asked_at
			FROM request q JOIN audit.event e ON e.id = q.event_id
			WHERE q.state IN @states AND (q.effect_by <= @before OR q.state = 'needs_information' OR q.effect_by IS NULL AND q.state = 'legal_conflict')
			ORDER BY q.effect_by NULLS LAST, q.id LIMIT @limit OFFSET @skip`,
			map[string]any{"states": states, "before": micro(before), "limit": limit, "skip": skip}).Scan(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		var ids []string
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		var alerts []clockAlertRow
		if err := tx.Where("request_id IN ?", ids).Find(&alerts).Error; err != nil {
			return err
		}
		raised := map[requests.ID][]requests.Alert{}
		for _, a := range alerts {
			raised[requests.ID(a.RequestID)] = append(raised[requests.ID(a.RequestID)], a.domain())
		}
		for _, r := range rows {
			t, err := r.domain()
			if err != nil {
				return err
			}
			t.Raised = raised[t.ID]
			list = append(list, t)
		}
		return nil
	})
	return list, err
}

func (r tickingRow) domain() (requests.Ticking, error) {
	rec, err := audit.ParseEntry(r.Entry)
	return requests.Ticking{ID: requests.ID(r.ID), Agency: identity.AgencyID(r.AgencyID), Process: requests.ProcessPin{ID: r.ProcessID, Version: r.ProcessVer, Digest: r.ProcessDigest},
		State: requests.State(r.State), Emergency: r.Emergency, EffectBy: timeOf(r.EffectBy), Since: rec.At.UTC(), AskedAt: timeOf(r.AskedAt), EventID: audit.EventID(r.EventID)}, err
}

// Alerts gives what was said of a case's clocks, the oldest first.
func (s *Store) Alerts(ctx context.Context, id requests.ID) (list []requests.Alert, err error) {
	defer fault.Wrap(&err, "store.Alerts(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = loadAll(tx.Order("at, turned_at, clock, id"), id, clockAlertRow.domain)
		return err
	})
	return list, err
}

// Objections gives the objections to a case, the oldest first.
func (s *Store) Objections(ctx context.Context, id requests.ID) (list []requests.Objection, err error) {
	defer fault.Wrap(&err, "store.Objections(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = loadAll(tx.Order("at, id"), id, objectionRow.domain)
		return err
	})
	return list, err
}

// OfProcess gives the newest cases of a process in some states.
func (s *Store) OfProcess(ctx context.Context, process string, states []requests.State, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.OfProcess(%s)", process)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT id FROM request WHERE process_id = ? AND state IN ? ORDER BY received_at DESC, id LIMIT ?", process, states, limit).Scan(&ids).Error
	})
	return ids, err
}

// SamePaper gives the cases on the same paper that came in before one. Identical is
// of the same agency, with the same number and file, about the same accounts, periods and
// categories, and neither taken back nor ended with nothing.
func (s *Store) SamePaper(ctx context.Context, q requests.Request, sha256 string) (list []requests.SamePaper, err error) {
	defer fault.Wrap(&err, "store.SamePaper(%s)", q.ID)
	const asked = "SELECT kind, identifier, from_at, to_at, want_phone, want_ip FROM target WHERE request_id = "
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		list = nil
		return tx.Raw(`WITH same AS MATERIALIZED (
				SELECT x.id FROM document f JOIN request x ON x.document_id = f.id WHERE f.sha256 = @sha
				UNION SELECT x.id FROM request x WHERE x.agency_id = @agency AND x.order_number = @number)
			SELECT o.id, o.agency_id = @agency AND o.order_number = @number AND d.sha256 = @sha AND o.state NOT IN ('withdrawn', 'expired', 'refused', 'no_data', 'lapsed')
				AND EXISTS (SELECT 1 FROM target t WHERE t.request_id = @id)
				AND NOT EXISTS (`+asked+`o.id EXCEPT `+asked+`@id) AND NOT EXISTS (`+asked+`@id EXCEPT `+asked+`o.id) AS identical
			FROM same JOIN request o ON o.id = same.id JOIN document d ON d.id = o.document_id
			WHERE o.id <> @id AND o.state NOT IN ('redrafted', 'awaiting_cosignature')
			  AND (o.received_at, o.id) < (CAST(@at AS timestamptz), CAST(@id AS uuid)) ORDER BY o.received_at, o.id LIMIT 50`,
			map[string]any{"id": string(q.ID), "agency": string(q.Agency), "sha": sha256, "number": q.Order.Number, "at": micro(q.ReceivedAt)}).Scan(&list).Error
	})
	return list, err
}
