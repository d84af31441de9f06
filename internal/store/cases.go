package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// Case gives a request with all that belongs to it, or NotFound: also when it
// is there but not for the actor in ctx.
func (s *Store) Case(ctx context.Context, id requests.ID) (c requests.Case, err error) {
	defer fault.Wrap(&err, "store.Case(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		c, err = loadCase(tx, id)
		return err
	})
	return c, err
}

func loadCase(tx *gorm.DB, id requests.ID) (c requests.Case, err error) {
	var q requestRow
	if err := tx.Where("id = ?", string(id)).Take(&q).Error; err != nil {
		return c, err
	}
	c.Request = q.domain()
	if c.Request.Targets, err = loadAll(tx.Order("ordinal"), id, targetRow.domain); err != nil {
		return c, err
	}
	if err := loadFlags(tx, &c); err != nil {
		return c, err
	}
	if c.Answers, err = loadAll(tx.Order("at, id"), id, answerRow.domain); err != nil {
		return c, err
	}
	if c.Messages, err = loadAll(tx.Order("at, id"), id, messageRow.domain); err != nil {
		return c, err
	}
	if c.Decisions, err = loadAll(tx.Order("target_id, category, version"), id, decisionRow.domain); err != nil {
		return c, err
	}
	c.Decisions = newest(c.Decisions)
	if err := loadRest(tx, &c); err != nil {
		return c, err
	}
	return c, nil
}

// loadAll gives the rows of one table that belong to a request.
func loadAll[R any, D any](tx *gorm.DB, id requests.ID, domain func(R) D) ([]D, error) {
	var rows []R
	if err := tx.Where("request_id = ?", string(id)).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]D, len(rows))
	for i, r := range rows {
		out[i] = domain(r)
	}
	return out, nil
}

func loadRest(tx *gorm.DB, c *requests.Case) error {
	var agency agencyRow
	var officer personRow
	var document documentRow
	if err := tx.Where("id = ?", string(c.Request.Agency)).Take(&agency).Error; err != nil {
		return err
	}
	if err := tx.Where("id = ?", string(c.Request.Officer)).Take(&officer).Error; err != nil {
		return err
	}
	if err := tx.Where("id = ?", string(c.Request.Order.Document)).Take(&document).Error; err != nil {
		return err
	}
	var err error
	if c.Signatures, err = loadAll(tx.Order("at, id"), c.Request.ID, signatureRow.domain); err != nil {
		return err
	}
	c.Agency, c.Officer, c.Document = agency.domain(), officer.domain(), document.domain()
	if c.Compared, err = compared(tx, c.Request.ID); err != nil {
		return err
	}
	if err := loadAsks(tx, c); err != nil {
		return err
	}
	if err := loadCallBack(tx, c); err != nil {
		return err
	}
	return loadRelease(tx, c)
}

// askRead is an ask with what its finding says; the finding is empty for those
// who may not see it.
type askRead struct {
	ID        string     `gorm:"column:id"`
	FindingID string     `gorm:"column:finding_id"`
	TargetID  string     `gorm:"column:target_id"`
	Ordinal   int        `gorm:"column:ordinal"`
	State     string     `gorm:"column:state"`
	AccountID int64      `gorm:"column:account_id"`
	RuleID    string     `gorm:"column:rule_id"`
	RuleVer   int        `gorm:"column:rule_version"`
	Appeal    string     `gorm:"column:appeal"`
	ExpiresAt *time.Time `gorm:"column:expires_at"`
	Told      string     `gorm:"column:told"`
	Confirmed *time.Time `gorm:"column:confirmed_at"`
}

// loadAsks gives the last ask about each target.
func loadAsks(tx *gorm.DB, c *requests.Case) error {
	var rows []askRead
	err := tx.Raw(`SELECT DISTINCT ON (a.target_id) a.id, a.finding_id, a.target_id, a.ordinal, coalesce(f.state, '') AS state,
			coalesce(f.account_id, 0) AS account_id, coalesce(f.rule_id, '') AS rule_id, coalesce(f.rule_version, 0) AS rule_version,
			coalesce(f.appeal, '') AS appeal, f.expires_at, coalesce(f.event_id::text, '') AS told,
			(SELECT max(y.at) FROM confirmation y WHERE y.finding_id = f.id AND y.verdict = 'confirmed') AS confirmed_at
		FROM finding_ask a LEFT JOIN finding f ON f.id = a.finding_id
		WHERE a.request_id = ? ORDER BY a.target_id, a.ordinal DESC`, string(c.Request.ID)).Scan(&rows).Error
	for _, r := range rows {
		c.Asks = append(c.Asks, requests.Ask{ID: r.ID, Finding: requests.FindingID(r.FindingID), Request: c.Request.ID, Agency: c.Request.Agency,
			Target: requests.TargetID(r.TargetID), Ordinal: r.Ordinal, FindingState: r.State, Account: r.AccountID, Rule: r.RuleID, RuleVer: r.RuleVer,
			Appeal: r.Appeal, Expires: timeOf(r.ExpiresAt), ConfirmedAt: timeOf(r.Confirmed), EventID: audit.EventID(r.Told)})
	}
	return err
}

// newest gives of each category of each target the decision that counts, out of
// decisions ordered by target, category and version.
func newest(all []requests.Decision) (out []requests.Decision) {
	for _, d := range all {
		if n := len(out); n > 0 && out[n-1].Target == d.Target && out[n-1].Category == d.Category {
			out = out[:n-1]
		}
		out = append(out, d)
	}
	return out
}

// loadRelease gives the release that counts with its items, and those that were
// called back.
func loadRelease(tx *gorm.DB, c *requests.Case) error {
	var rows []releaseRow
	err := tx.Where("request_id = ? AND state <> 'cancelled'", string(c.Request.ID)).Order("retrieved_at, id").Find(&rows).Error
	if err != nil {
		return err
	}
	for _, row := range rows {
		r := row.domain()
		var items []itemRow
		if err := tx.Where("release_id = ?", row.ID).Order("target_id, category").Find(&items).Error; err != nil {
			return err
		}
		var empty []string
		if err := tx.Raw("SELECT empty_items(?)", row.ID).Scan(&empty).Error; err != nil {
			return err
		}
		for _, i := range items {
			item := i.domain()
			item.Empty = slices.Contains(empty, i.ID)
			r.Items = append(r.Items, item)
		}
		if r.State == requests.RecalledR {
			c.Recalled = append(c.Recalled, r)
			continue
		}
		c.Release = &r
	}
	return loadAfter(tx, c)
}

// Cases lists requests, the next due first, without their parts. What the actor
// may not see is not among them.
func (s *Store) Cases(ctx context.Context, f requests.Filter) (list []requests.Summary, err error) {
	defer fault.Wrap(&err, "store.Cases")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		q := tx.Table("request AS q").Select(`q.id, q.ref, q.state, q.version, q.process_id, q.emergency, q.received_at, q.effect_by, q.agency_id, q.reviewer_id,
			q.order_number, a.name AS agency_name, a.country, EXISTS (SELECT 1 FROM examination x WHERE x.request_id = q.id) AS examined, (SELECT count(*) FROM target t WHERE t.request_id = q.id) AS targets`).
			Joins("JOIN agency a ON a.id = q.agency_id")
		if len(f.States) > 0 {
			q = q.Where("q.state IN ?", f.States)
		}
		if f.Agency != "" {
			q = q.Where("q.agency_id = ?", string(f.Agency))
		}
		if f.Reviewer != "" {
			q = q.Where("q.reviewer_id = ?", string(f.Reviewer))
		}
		if f.Ref != "" {
			q = q.Where("(q.ref = @ref OR q.id = (SELECT n.request_id FROM user_notice n WHERE n.ref = @ref))", map[string]any{"ref": f.Ref})
		}
		if err := byKeys(tx); err != nil {
			return err
		}
		var rows []summaryRow
		order := "q.emergency DESC, q.effect_by, q.received_at, q.id" // the index request_waits; NULL comes last
		if f.Newest {
			order = "q.received_at DESC, q.id"
		}
		if f.ByDeadline {
			order = "q.effect_by NULLS FIRST, q.id"
		}
		if err := q.Order(order).Limit(f.Max()).Offset(f.Skip).Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// summaryRow lists its columns itself: gorm does not look into embedded structs
// that are not exported.
type summaryRow struct {
	ID          string     `gorm:"column:id"`
	Ref         string     `gorm:"column:ref"`
	State       string     `gorm:"column:state"`
	ProcessID   string     `gorm:"column:process_id"`
	Emergency   bool       `gorm:"column:emergency"`
	ReceivedAt  time.Time  `gorm:"column:received_at"`
	EffectBy    *time.Time `gorm:"column:effect_by"`
	AgencyID    string     `gorm:"column:agency_id"`
	ReviewerID  *string    `gorm:"column:reviewer_id"`
	OrderNumber string     `gorm:"column:order_number"`
	AgencyName  string     `gorm:"column:agency_name"`
	Country     string     `gorm:"column:country"`
	Targets     int        `gorm:"column:targets"`
	Examined    bool       `gorm:"column:examined"`
}

func (r summaryRow) domain() requests.Summary {
	return requests.Summary{ID: requests.ID(r.ID), Ref: r.Ref, State: requests.State(r.State), Process: r.ProcessID, Emergency: r.Emergency,
		ReceivedAt: r.ReceivedAt.UTC(), EffectBy: timeOf(r.EffectBy), Agency: identity.AgencyID(r.AgencyID), AgencyName: r.AgencyName,
		Country: r.Country, Reviewer: text[identity.PersonID](r.ReviewerID), OrderNumber: r.OrderNumber, Targets: r.Targets, Examined: r.Examined}
}

// Document gives an uploaded order, or NotFound.
func (s *Store) Document(ctx context.Context, id requests.DocumentID) (d requests.Document, err error) {
	defer fault.Wrap(&err, "store.Document(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row documentRow
		if err := tx.Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return err
		}
		d = row.domain()
		return nil
	})
	return d, err
}

// Twins gives the ids of other requests that rest on the same paper: the same
// bytes, or the same order number of the same agency.
func (s *Store) Twins(ctx context.Context, q requests.Request, sha256 string) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.Twins(%s)", q.ID)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		return tx.Raw(`SELECT id FROM (
				SELECT q.id, q.received_at, q.state FROM document d JOIN request q ON q.document_id = d.id WHERE d.sha256 = @sha
				UNION SELECT q.id, q.received_at, q.state FROM request q WHERE q.agency_id = @agency AND q.order_number = @number) AS twin
			WHERE id <> @id AND state <> 'redrafted' ORDER BY received_at, id LIMIT @most`,
			map[string]any{"id": string(q.ID), "sha": sha256, "agency": string(q.Agency), "number": q.Order.Number, "most": mostTwins}).Scan(&ids).Error
	})
	return ids, err
}
