package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Dossier gives an agency with all that is on file about it, or NotFound: also
// when it is there but not for the actor in ctx.
func (s *Store) Dossier(ctx context.Context, id identity.AgencyID) (d agencies.Dossier, err error) {
	defer fault.Wrap(&err, "store.Dossier(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var agency agencyRow
		if err := tx.Where("id = ?", string(id)).Take(&agency).Error; err != nil {
			return err
		}
		d.Agency = agency.domain()
		if d.Details, err = find(tx.Where("agency_id = ?", string(id)).Order("proposed_at, id"), detailRow.domain); err != nil {
			return err
		}
		if d.Rounds, err = find(tx.Where("agency_id = ?", string(id)).Order("round"), roundRow.domain); err != nil {
			return err
		}
		d.Calls, err = callsOf(tx, callback.Subject{Kind: callback.Agency, ID: string(id), Agency: id})
		return err
	})
	return d, err
}

// find gives the rows of a query as the domain's values.
func find[R any, D any](q *gorm.DB, domain func(R) D) ([]D, error) {
	var rows []R
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]D, len(rows))
	for i, r := range rows {
		out[i] = domain(r)
	}
	return out, nil
}

type agencySummaryRow struct {
	ID         string     `gorm:"column:id"`
	Name       string     `gorm:"column:name"`
	Country    string     `gorm:"column:country"`
	Standing   string     `gorm:"column:standing"`
	Stage      string     `gorm:"column:stage"`
	Changes    int        `gorm:"column:changes"`
	ValidUntil *time.Time `gorm:"column:valid_until"`
}

// Summaries lists agencies by name, at most limit from skip on.
func (s *Store) Summaries(ctx context.Context, limit, skip int) (list []agencies.Summary, err error) {
	defer fault.Wrap(&err, "store.Summaries")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []agencySummaryRow
		err := tx.Raw(`SELECT a.id, a.name, a.country, a.standing,
				coalesce((SELECT v.state FROM vetting v WHERE v.agency_id = a.id AND v.state IN ('proposed', 'called_back')), '') AS stage,
				(SELECT count(*) FROM agency_detail d WHERE d.agency_id = a.id AND d.state = 'proposed' AND a.standing <> 'proposed') AS changes,
				(SELECT max(v.valid_until) FROM vetting v WHERE v.agency_id = a.id) AS valid_until
			FROM agency a ORDER BY a.name, a.id LIMIT ? OFFSET ?`, limit, skip).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, agencies.Summary{ID: identity.AgencyID(r.ID), Name: r.Name, Country: r.Country, Standing: identity.Standing(r.Standing),
				Stage: agencies.Stage(r.Stage), Changes: r.Changes, ValidUntil: timeOf(r.ValidUntil)})
		}
		return err
	})
	return list, err
}

// DueAgencies gives the agencies for which time may have something to do: their
// standing ends within 30 days, or what is in force is not what their row says.
func (s *Store) DueAgencies(ctx context.Context, now time.Time) (ids []identity.AgencyID, err error) {
	defer fault.Wrap(&err, "store.DueAgencies")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT a.id FROM agency a WHERE a.standing IN ('verified', 'suspended') AND (
				a.standing = 'verified' AND (SELECT max(v.valid_until) FROM vetting v WHERE v.agency_id = a.id) <= @soon
				OR EXISTS (SELECT 1 FROM agency_detail d WHERE d.agency_id = a.id AND d.state = 'approved' AND d.in_force_from <= @now
					AND d.kind IN ('name', 'domain', 'call_back') AND d.value NOT IN (a.name, a.domain, a.call_back)
					AND NOT detail_replaced(d.id, @now))
				OR EXISTS (SELECT 1 FROM agency_detail d WHERE d.agency_id = a.id AND d.state = 'approved' AND d.kind = 'certificate'
					AND (d.value = a.cert_pem AND (d.valid_to <= @now OR detail_replaced(d.id, @now))
						OR d.value <> a.cert_pem AND d.in_force_from <= @now AND d.valid_from <= @now AND d.valid_to > @now)))
			ORDER BY a.id`, map[string]any{"now": micro(now), "soon": micro(now.AddDate(0, 0, agencies.Reminders[0]))}).Scan(&ids).Error
	})
	return ids, err
}

// Happened tells whether a stream of events has begun.
func (s *Store) Happened(ctx context.Context, stream string) (there bool, err error) {
	defer fault.Wrap(&err, "store.Happened")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT EXISTS (SELECT 1 FROM audit.event WHERE stream = ? AND version = 1)", stream).Scan(&there).Error
	})
	return there, err
}

// NumberFor gives the number on file to be called about a subject, or NotFound.
func (s *Store) NumberFor(ctx context.Context, subject callback.Subject, now time.Time) (n callback.Number, err error) {
	defer fault.Wrap(&err, "store.NumberFor")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var agency agencyRow
		if err := tx.Where("id = ?", string(subject.Agency)).Take(&agency).Error; err != nil {
			return err
		}
		all, err := find(tx.Where("agency_id = ? AND kind = 'call_back'", string(subject.Agency)).Order("proposed_at, id"), detailRow.domain)
		if err != nil {
			return err
		}
		list := agencies.InForce(all, agencies.CallBack, now)
		if len(list) == 0 && identity.Standing(agency.Standing) == identity.Proposed && subject.Kind == callback.Agency {
			list = all
		}
		if len(list) == 0 {
			return gorm.ErrRecordNotFound
		}
		n = numberOf(list[0])
		return nil
	})
	return n, err
}

func numberOf(d agencies.Detail) callback.Number {
	return callback.Number{Entry: string(d.ID), Value: d.Value, Name: d.Name, Source: d.Source.Register}
}

// Call gives a call with its number, or NotFound.
func (s *Store) Call(ctx context.Context, id callback.ID) (c callback.Call, err error) {
	defer fault.Wrap(&err, "store.Call(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err := numbered(tx, tx.Where("id = ?", string(id)))
		if err == nil && len(list) == 0 {
			err = gorm.ErrRecordNotFound
		}
		if err == nil {
			c = list[0]
		}
		return err
	})
	return c, err
}

// Calls gives the calls about a subject, the oldest first.
func (s *Store) Calls(ctx context.Context, subject callback.Subject) (list []callback.Call, err error) {
	defer fault.Wrap(&err, "store.Calls")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = callsOf(tx, subject)
		return err
	})
	return list, err
}

func callsOf(tx *gorm.DB, subject callback.Subject) ([]callback.Call, error) {
	return numbered(tx, tx.Where("subject_kind = ? AND subject_id = ?", string(subject.Kind), subject.ID).Order("begun_at, id"))
}

// numbered gives calls with the numbers to which they were made.
func numbered(tx, q *gorm.DB) ([]callback.Call, error) {
	list, err := find(q, callRow.domain)
	if err != nil {
		return nil, err
	}
	for i := range list {
		entry, err := find(tx.Where("id = ?", list[i].Number.Entry), detailRow.domain)
		if err != nil {
			return nil, err
		}
		if len(entry) == 1 {
			list[i].Number = numberOf(entry[0])
		}
	}
	return list, nil
}

// Contacts gives how the contacts of a kind are reached that are in force at now:
// issuers, the oversight body, the number for calling back.
func (s *Store) Contacts(ctx context.Context, agency identity.AgencyID, kind agencies.Kind, now time.Time) (list []agencies.Detail, err error) {
	defer fault.Wrap(&err, "store.Contacts(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		all, err := find(tx.Where("agency_id = ? AND kind = ?", string(agency), string(kind)), detailRow.domain)
		list = agencies.InForce(all, kind, now)
		return err
	})
	return list, err
}
