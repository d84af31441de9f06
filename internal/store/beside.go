package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// answered begins a query for at most so many answered requests of a kind. Each of its
// conditions has an index which ends with the day of the answer, so that the last ones
// are found without looking at the others (migrations/0020_workbench.sql). Those on
// lower case only the database's own function can use (migrations/0032_growth.sql).
func answered(tx *gorm.DB, p requests.Precedents, most int) *gorm.DB {
	q := tx.Table("request AS q").Order("q.closed_at DESC").Limit(most)
	if p.Statute != "" || p.Court != "" {
		return q.Where("q.id IN (SELECT answered_as(?, ?, ?, ?, ?, ?))", p.Statute, p.Court, p.Process, string(p.Agency), string(p.State), most)
	}
	q = q.Where("q.closed_at IS NOT NULL AND q.state <> 'redrafted'")
	if p.Process != "" {
		q = q.Where("q.process_id = ?", p.Process)
	}
	if p.Agency != "" {
		q = q.Where("q.agency_id = ?", string(p.Agency))
	}
	switch p.State {
	case "":
	case requests.Recalled:
		q = q.Where(calledBack)
	default:
		q = q.Where("q.state = ? AND "+howEnded+" = ?", string(p.State), string(p.State))
	}
	return q
}

// calledBack is howEnded = 'recalled', from the bundles that were called back: they
// are few, and closed requests many.
const calledBack = `q.state IN ('recalled', 'closed') AND q.id = ANY (ARRAY(SELECT l.request_id FROM release l WHERE l.state = 'recalled'))
	AND (q.state = 'recalled' OR NOT EXISTS (SELECT 1 FROM release l WHERE l.request_id = q.id AND l.state = 'exported'))`

// howEnded is a request's end as it is told of: one whose bundle was called back
// stays called back when the agency has said that its copies are gone.
const howEnded = `CASE WHEN q.state = 'closed' AND EXISTS (SELECT 1 FROM release l WHERE l.request_id = q.id AND l.state = 'recalled')
	AND NOT EXISTS (SELECT 1 FROM release l WHERE l.request_id = q.id AND l.state = 'exported') THEN 'recalled' ELSE q.state END`

// Tally counts how the last requests of a kind ended.
func (s *Store) Tally(ctx context.Context, p requests.Precedents) (t requests.Tally, err error) {
	defer fault.Wrap(&err, "store.Tally")
	t.Ended = map[requests.State]int{}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := inOrder(tx); err != nil {
			return err
		}
		var states []string
		err := answered(tx, p, requests.TallyOf).Select(howEnded).Scan(&states).Error
		for _, state := range states {
			t.Of++
			t.Ended[requests.State(state)]++
		}
		return err
	})
	return t, err
}

type earlierRow struct {
	ID         string    `gorm:"column:id"`
	Ref        string    `gorm:"column:ref"`
	AgencyName string    `gorm:"column:agency_name"`
	Country    string    `gorm:"column:country"`
	State      string    `gorm:"column:state"`
	ProcessID  string    `gorm:"column:process_id"`
	ReceivedAt time.Time `gorm:"column:received_at"`
	Targets    string    `gorm:"column:targets"`
	Disclosed  bool      `gorm:"column:disclosed"`
	Recalled   bool      `gorm:"column:recalled"`
}

func (r earlierRow) domain() requests.Elsewhere {
	return requests.Elsewhere{Request: requests.ID(r.ID), Ref: r.Ref, AgencyName: r.AgencyName, Country: r.Country, State: requests.State(r.State), Process: r.ProcessID,
		ReceivedAt: r.ReceivedAt.UTC(), Targets: r.Targets, Disclosed: r.Disclosed, Recalled: r.Recalled}
}

const whatLeft = `EXISTS (SELECT 1 FROM release l WHERE l.request_id = q.id AND l.state = 'exported') AS disclosed,
	EXISTS (SELECT 1 FROM release l WHERE l.request_id = q.id AND l.state = 'recalled') AS recalled`

// Precedents gives answered requests of a kind, the last answered first.
func (s *Store) Precedents(ctx context.Context, p requests.Precedents, limit int) (list []requests.Elsewhere, err error) {
	defer fault.Wrap(&err, "store.Precedents")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := inOrder(tx); err != nil {
			return err
		}
		var rows []earlierRow
		err := answered(tx, p, limit).Joins("JOIN agency a ON a.id = q.agency_id").
			Select("q.id, q.ref, a.name AS agency_name, a.country, " + howEnded + " AS state, q.process_id, q.received_at, '' AS targets, " + whatLeft).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

const selectSame = `WITH same AS MATERIALIZED (
		SELECT o.request_id, t.ordinal FROM target t CROSS JOIN LATERAL (
			SELECT x.request_id FROM target x WHERE x.kind = t.kind AND x.identifier = t.identifier AND x.request_id <> t.request_id LIMIT 200) o
		WHERE t.request_id = CAST(@id AS uuid)),
	found AS MATERIALIZED (SELECT request_id, string_agg('t' || ordinal, ' ' ORDER BY ordinal) AS targets FROM same GROUP BY request_id)
SELECT q.id, q.ref, a.name AS agency_name, a.country, q.state, q.process_id, q.received_at, found.targets, ` + whatLeft + `
FROM found JOIN request q ON q.id = found.request_id JOIN agency a ON a.id = q.agency_id
WHERE q.state NOT IN ('redrafted', 'awaiting_cosignature') ORDER BY q.received_at DESC, q.id LIMIT @limit`

// SamePeople gives other requests about identifiers of a case, the newest first.
func (s *Store) SamePeople(ctx context.Context, id requests.ID, limit int) (list []requests.Elsewhere, err error) {
	defer fault.Wrap(&err, "store.SamePeople(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := inOrder(tx); err != nil {
			return err
		}
		var rows []earlierRow
		err := tx.Raw(selectSame, map[string]any{"id": string(id), "limit": limit}).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// AgencyRecord gives what is known of an agency, without its tally.
func (s *Store) AgencyRecord(ctx context.Context, id identity.AgencyID) (r requests.AgencyRecord, err error) {
	defer fault.Wrap(&err, "store.AgencyRecord(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		row := tx.Raw(strings.TrimSpace(`SELECT
			(SELECT count(*) FROM recall c WHERE c.agency_id = @id AND c.state = 'confirmed' AND c.reason = 'finding_overturned') AS overturned,
			(SELECT count(*) FROM containment k WHERE k.agency_id = @id AND k.reason <> 'drill') AS stopped,
			EXISTS (SELECT 1 FROM containment k WHERE k.agency_id = @id AND k.reason <> 'drill' AND k.state <> 'lifted') AS now`), map[string]any{"id": string(id)}).Row()
		return row.Scan(&r.Overturned, &r.Stopped, &r.StoppedNow)
	})
	return r, err
}
