package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// historyRow is what selectHistory gives.
type historyRow struct {
	OfficerSince       *time.Time `gorm:"column:officer_since"`
	OfficerBefore      int        `gorm:"column:officer_before"`
	OfficerHour        int        `gorm:"column:officer_hour"`
	OfficerDay         int        `gorm:"column:officer_day"`
	AgencyHour         int        `gorm:"column:agency_hour"`
	AgencyUsual        int        `gorm:"column:agency_usual"`
	HourHistory        int        `gorm:"column:hour_history"`
	HourNear           int        `gorm:"column:hour_near"`
	IdentifierAgencies int        `gorm:"column:identifier_agencies"`
	PasskeySince       *time.Time `gorm:"column:passkey_since"`
	PasskeyBefore      int        `gorm:"column:passkey_before"`
}

// selectHistory counts up to the arrival of the request, so that a statement
// made later says the same. What is usual of an agency is read from its last 500
// requests, so that the busiest one is not the slowest.
const selectHistory = `
WITH q AS (SELECT * FROM request WHERE id = CAST(@id AS uuid)),
     before AS (SELECT r.id, r.received_at FROM request r WHERE r.agency_id = (SELECT agency_id FROM q) AND r.received_at <= (SELECT received_at FROM q)
              AND r.state <> 'redrafted' ORDER BY r.received_at DESC LIMIT 500),
     mine AS (SELECT r.id, r.received_at FROM request r WHERE r.officer_id = (SELECT officer_id FROM q) AND r.received_at <= (SELECT received_at FROM q)
              AND r.state <> 'redrafted' ORDER BY r.received_at DESC LIMIT 500),
     near AS (SELECT extract(hour FROM b.received_at AT TIME ZONE @zone) AS h FROM before b, q
              WHERE b.id <> q.id AND b.received_at > q.received_at - interval '365 days'),
     own AS (SELECT extract(hour FROM q.received_at AT TIME ZONE @zone) AS h FROM q),
     key AS (SELECT p.* FROM request_signature g JOIN assertion a ON a.id = g.assertion JOIN passkey p ON p.id = a.passkey_id
             WHERE g.request_id = CAST(@id AS uuid) AND g.kind = 'submit')
SELECT
    (SELECT (convert_from(e.entry, 'UTF8')::jsonb ->> 'at')::timestamptz FROM audit.event e, q WHERE e.stream = 'person:' || q.officer_id AND e.version = 1) AS officer_since,
    (SELECT count(*) FROM mine b, q WHERE b.id <> q.id) AS officer_before,
    (SELECT count(*) FROM mine b, q WHERE b.received_at > q.received_at - interval '1 hour') AS officer_hour,
    (SELECT count(*) FROM mine b, q WHERE b.received_at > q.received_at - interval '1 day') AS officer_day,
    (SELECT count(*) FROM before b, q WHERE b.received_at > q.received_at - interval '1 hour') AS agency_hour,
    (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM before b, q WHERE b.received_at <= q.received_at - interval '1 hour'
        AND b.received_at > q.received_at - interval '90 days' GROUP BY date_trunc('hour', b.received_at)) AS x) AS agency_usual,
    (SELECT count(*) FROM near) AS hour_history,
    (SELECT count(*) FROM near, own WHERE least(abs(near.h - own.h), 24 - abs(near.h - own.h)) <= 1) AS hour_near,
    (SELECT coalesce(max(n), 0) FROM (SELECT count(DISTINCT o.agency_id) AS n FROM target t JOIN target o ON o.kind = t.kind AND o.identifier = t.identifier
        JOIN request r ON r.id = o.request_id, q WHERE t.request_id = q.id AND r.received_at > q.received_at - interval '30 days' AND r.received_at <= q.received_at
        GROUP BY t.id) AS y) AS identifier_agencies,
    (SELECT created_at FROM key) AS passkey_since,
    (SELECT count(*) FROM passkey o, key WHERE o.person_id = key.person_id AND o.created_at < key.created_at) AS passkey_before`

// History gives what happened before a request.
func (s *Store) History(ctx context.Context, c requests.Case) (h fraud.History, err error) {
	defer fault.Wrap(&err, "store.History(%s)", c.Request.ID)
	zone := c.Agency.Zone
	if _, err := time.LoadLocation(zone); err != nil || zone == "" {
		zone = "UTC"
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := inOrder(tx); err != nil {
			return err
		}
		var r historyRow
		if err := tx.Raw(selectHistory, map[string]any{"id": string(c.Request.ID), "zone": zone}).Scan(&r).Error; err != nil {
			return err
		}
		h = fraud.History{OfficerSince: timeOf(r.OfficerSince), OfficerBefore: r.OfficerBefore, OfficerHour: r.OfficerHour, OfficerDay: r.OfficerDay, AgencyHour: r.AgencyHour,
			AgencyUsual: r.AgencyUsual, HourHistory: r.HourHistory, HourNear: r.HourNear, IdentifierAgencies: r.IdentifierAgencies, PasskeySince: timeOf(r.PasskeySince), PasskeyBefore: r.PasskeyBefore}
		return changedData(tx, c, &h)
	})
	return h, err
}

// changedData gives what is on file about the agency and took the place of
// something else, not long before the request or after it.
func changedData(tx *gorm.DB, c requests.Case, h *fraud.History) error {
	var rows []struct {
		Kind string    `gorm:"column:kind"`
		At   time.Time `gorm:"column:in_force_from"`
	}
	err := tx.Raw(`SELECT d.kind, d.in_force_from FROM agency_detail d WHERE d.agency_id = ? AND d.state IN ('approved', 'retired') AND d.replaces IS NOT NULL
		AND d.in_force_from > ? AND d.in_force_from <= ? ORDER BY d.in_force_from, d.kind`, string(c.Request.Agency), c.Request.ReceivedAt.AddDate(0, 0, -365), c.Request.ReceivedAt.AddDate(1, 0, 0)).Scan(&rows).Error
	for _, r := range rows {
		if r.Kind == "domain" {
			h.DomainSince = r.At.UTC()
		}
		h.Changed = append(h.Changed, fraud.ChangedAt{Kind: r.Kind, At: r.At.UTC()})
	}
	return err
}

// Print gives what is kept of a document, ok false where nothing is yet.
func (s *Store) Print(ctx context.Context, id requests.DocumentID) (p fraud.Print, ok bool, err error) {
	defer fault.Wrap(&err, "store.Print(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []documentPrintRow
		err := tx.Where("id = ?", string(id)).Find(&rows).Error
		if len(rows) > 0 {
			p, ok = rows[0].domain(), true
		}
		return err
	})
	return p, ok, err
}

// How many papers are compared at most, of each sort.
const (
	mostTwins    = 200
	mostPictures = 2000
)

const selectPapers = `
WITH found AS MATERIALIZED (%s), mine AS (SELECT string_agg(kind || ' ' || identifier, E'\n' ORDER BY kind, identifier) AS t FROM target WHERE request_id = CAST(@id AS uuid))
SELECT r.ref, r.agency_id, r.officer_id, r.received_at, r.order_number, d.sha256 = @sha AS same_file, coalesce(p.mark, '') AS mark, coalesce(p.picture, '') AS picture,
    (SELECT string_agg(t.kind || ' ' || t.identifier, E'\n' ORDER BY t.kind, t.identifier) FROM target t WHERE t.request_id = r.id) IS NOT DISTINCT FROM (SELECT t FROM mine) AS same_targets
FROM found JOIN request r ON r.id = found.id JOIN document d ON d.id = r.document_id LEFT JOIN document_print p ON p.id = d.id
WHERE r.id <> CAST(@id AS uuid) AND r.state NOT IN ('redrafted', 'awaiting_cosignature') AND r.received_at <= @at%s ORDER BY r.received_at DESC LIMIT %d`

// How papers are found, each by an index; what is found is compared one by one.
const (
	samePaper = `SELECT s.id FROM document e JOIN request s ON s.document_id = e.id WHERE e.sha256 = @sha
    UNION SELECT s.id FROM request s WHERE s.agency_id = CAST(@agency AS uuid) AND s.order_number = @number`
	sameBands = `SELECT s.id FROM prints_sharing(@bands) e JOIN request s ON s.document_id = e`
	// the newest prints, whoever sent them; an index of their own finds them
	samePicture = `SELECT s.id FROM (SELECT id FROM document_print WHERE picture <> '' ORDER BY at DESC LIMIT @pictures) e JOIN request s ON s.document_id = e.id`
	ofOthers    = ` AND r.agency_id <> CAST(@agency AS uuid) AND d.sha256 <> @sha`
)

// TwinPapers gives other requests, received before this one, whose papers may be
// made of the same: the same bytes, the same number of the same agency, a text
// that shares a band, or the picture of another agency's recent order.
func (s *Store) TwinPapers(ctx context.Context, c requests.Case, p fraud.Print) (list []fraud.Paper, err error) {
	defer fault.Wrap(&err, "store.TwinPapers(%s)", c.Request.ID)
	args := map[string]any{"id": string(c.Request.ID), "sha": c.Document.SHA256, "agency": string(c.Request.Agency), "number": c.Request.Order.Number, "bands": p.Bands,
		"at": c.Request.ReceivedAt, "pictures": mostPictures}
	queries := []string{fmt.Sprintf(selectPapers, samePaper, "", mostTwins)}
	if p.Bands != "" {
		queries = append(queries, fmt.Sprintf(selectPapers, sameBands, ofOthers, mostTwins))
	}
	if p.Picture != "" {
		queries = append(queries, fmt.Sprintf(selectPapers, samePicture, ofOthers, mostPictures))
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, q := range queries {
			if err := readPapers(tx.Raw(q, args), seen, &list); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func readPapers(q *gorm.DB, seen map[string]bool, list *[]fraud.Paper) error {
	var rows []struct {
		Ref         string    `gorm:"column:ref"`
		Agency      string    `gorm:"column:agency_id"`
		Officer     string    `gorm:"column:officer_id"`
		ReceivedAt  time.Time `gorm:"column:received_at"`
		OrderNumber string    `gorm:"column:order_number"`
		SameFile    bool      `gorm:"column:same_file"`
		SameTargets bool      `gorm:"column:same_targets"`
		Mark        string    `gorm:"column:mark"`
		Picture     string    `gorm:"column:picture"`
	}
	err := q.Scan(&rows).Error
	for _, r := range rows {
		if !seen[r.Ref] {
			seen[r.Ref] = true
			*list = append(*list, fraud.Paper{Ref: r.Ref, Agency: identity.AgencyID(r.Agency), Officer: identity.PersonID(r.Officer), ReceivedAt: r.ReceivedAt.UTC(),
				OrderNumber: r.OrderNumber, SameFile: r.SameFile, SameTargets: r.SameTargets, Mark: r.Mark, Picture: r.Picture})
		}
	}
	return err
}

// KnownDomains gives every domain on file with its agency: those of agencies,
// and those of the mail addresses of their issuers and oversight bodies.
func (s *Store) KnownDomains(ctx context.Context) (list []fraud.KnownDomain, err error) {
	defer fault.Wrap(&err, "store.KnownDomains")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			Name   string `gorm:"column:name"`
			Agency string `gorm:"column:agency_id"`
		}
		err := tx.Raw(`SELECT domain AS name, id AS agency_id FROM agency WHERE standing IN ('verified', 'suspended') AND domain <> ''
			UNION SELECT CASE kind WHEN 'domain' THEN value ELSE split_part(value, '@', 2) END, agency_id FROM agency_detail
			WHERE state = 'approved' AND (kind = 'domain' OR channel = 'email') ORDER BY 1, 2`).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, fraud.KnownDomain{Name: r.Name, Agency: identity.AgencyID(r.Agency)})
		}
		return err
	})
	return list, err
}

// MarksOf gives why those are on counsel's list whose hashes are named.
func (s *Store) MarksOf(ctx context.Context, hashes []string) (why []string, err error) {
	defer fault.Wrap(&err, "store.MarksOf")
	if len(hashes) == 0 {
		return nil, nil
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT DISTINCT why FROM sensitive_mark WHERE removed_at IS NULL AND hash IN ? ORDER BY why", hashes).Scan(&why).Error
	})
	return why, err
}
