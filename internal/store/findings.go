package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// Finding gives a finding with its confirmations, or NotFound.
func (s *Store) Finding(ctx context.Context, id string) (f violations.Finding, err error) {
	defer fault.Wrap(&err, "store.Finding(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		f, err = loadFinding(tx, id)
		return err
	})
	return f, err
}

func loadFinding(tx *gorm.DB, id string) (violations.Finding, error) {
	var row findingRow
	if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
		return violations.Finding{}, err
	}
	f := row.domain()
	if err := tx.Raw("SELECT coalesce(made_by::text, '') FROM finding_origin WHERE id = ?", id).Scan(&f.BroughtBy).Error; err != nil {
		return f, err
	}
	var said []confirmationRow
	if err := tx.Where("finding_id = ?", id).Order("at, id").Find(&said).Error; err != nil {
		return f, err
	}
	for _, c := range said {
		f.Confirmations = append(f.Confirmations, c.domain())
	}
	var words []appealRow
	if err := tx.Where("finding_id = ?", id).Order("at, id").Find(&words).Error; err != nil {
		return f, err
	}
	for _, w := range words {
		f.Appeals = append(f.Appeals, w.domain())
	}
	return f, nil
}

// Waiting lists proposed findings which a person neither brought nor has given a word
// on, the oldest first.
func (s *Store) Waiting(ctx context.Context, person identity.PersonID, limit int) (list []violations.Finding, err error) {
	defer fault.Wrap(&err, "store.WaitingFindings")
	return s.findings(ctx, `SELECT f.id FROM finding f WHERE f.state = 'proposed'
		AND NOT EXISTS (SELECT 1 FROM confirmation c WHERE c.finding_id = f.id AND c.person_id = ?)
		AND NOT EXISTS (SELECT 1 FROM finding_origin o WHERE o.id = f.id AND o.made_by = ?)
		ORDER BY f.opened_at, f.id LIMIT ?`, string(person), string(person), limit)
}

// Standing lists confirmed findings, of one account or, for 0, of all: those with an
// appeal under way first, then the newest.
func (s *Store) Standing(ctx context.Context, account int64, limit int) (list []violations.Finding, err error) {
	defer fault.Wrap(&err, "store.StandingFindings")
	if account != 0 {
		return s.findings(ctx, `SELECT id FROM finding WHERE state = 'confirmed' AND account_id = ? ORDER BY appeal = 'pending' DESC, opened_at DESC, id LIMIT ?`, account, limit)
	}
	return s.findings(ctx, `SELECT id FROM (
			(SELECT id, 0 AS part, opened_at FROM finding WHERE state = 'confirmed' AND appeal = 'pending' ORDER BY opened_at DESC, id LIMIT ?)
			UNION ALL
			(SELECT id, 1, opened_at FROM finding WHERE state = 'confirmed' AND appeal <> 'pending' ORDER BY opened_at DESC, id LIMIT ?)) f
		ORDER BY part, opened_at DESC, id LIMIT ?`, limit, limit, limit)
}

// findings reads the findings that a query names.
func (s *Store) findings(ctx context.Context, query string, args ...any) (list []violations.Finding, err error) {
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := inOrder(tx); err != nil {
			return err
		}
		var ids []string
		if err := tx.Raw(query, args...).Scan(&ids).Error; err != nil {
			return err
		}
		for _, id := range ids {
			f, err := loadFinding(tx, id)
			if err != nil {
				return err
			}
			list = append(list, f)
		}
		return nil
	})
	return list, err
}

// Confirmed gives what a release needs of a finding, or a Gate fault where two
// people have not confirmed it.
func (s *Store) Confirmed(ctx context.Context, id requests.FindingID) (c requests.ConfirmedFinding, err error) {
	f, err := s.Finding(ctx, string(id))
	if err != nil {
		return c, err
	}
	var yes []identity.PersonID
	for _, x := range f.Confirmations {
		if x.Verdict == violations.Yes {
			yes = append(yes, x.Person)
		}
	}
	if f.State != violations.Confirmed || len(yes) < violations.Needed || !s.now().Before(f.ExpiresAt) || f.Appeal == "pending" || f.Appeal == "overturned" {
		return c, fault.New(fault.Gate, "A violation on which the release rests is not confirmed by two people, has expired, or is under appeal. Return the case to its reviewer.")
	}
	if yes[1] < yes[0] {
		yes[0], yes[1] = yes[1], yes[0]
	}
	return requests.ConfirmedFinding{ID: id, AccountID: f.AccountID, Rule: f.Rule, RuleVer: f.RuleVersion,
		Confirmers: [2]identity.PersonID{yes[0], yes[1]}, EventID: audit.EventID(f.EventID)}, nil
}

// RuleOffences gives the published links from rules to classes of offence.
func (s *Store) RuleOffences(ctx context.Context) (links map[requests.RuleOffence]bool, err error) {
	defer fault.Wrap(&err, "store.RuleOffences")
	links = map[requests.RuleOffence]bool{}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []ruleOffenceRow
		if err := tx.Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			links[requests.RuleOffence{Rule: r.RuleID, Version: r.RuleVersion, Class: r.OffenceClass}] = true
		}
		return nil
	})
	return links, err
}

// ReleaseByRef gives a release without its items, or NotFound.
func (s *Store) ReleaseByRef(ctx context.Context, ref string) (r requests.Release, err error) {
	defer fault.Wrap(&err, "store.ReleaseByRef(%s)", ref)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row releaseRow
		if err := tx.Where("ref = ?", ref).Take(&row).Error; err != nil {
			return err
		}
		r = row.domain()
		return nil
	})
	return r, err
}
