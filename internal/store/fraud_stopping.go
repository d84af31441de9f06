package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

// Subject gives an agency and, where one is named, its officer or administrator.
func (s *Store) Subject(ctx context.Context, agency identity.AgencyID, officer identity.PersonID) (a identity.Agency, p identity.Person, err error) {
	defer fault.Wrap(&err, "store.Subject(%s, %s)", agency, officer)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row agencyRow
		if err := tx.Where("id = ?", string(agency)).Take(&row).Error; err != nil {
			return err
		}
		if a = row.domain(); officer == "" {
			return nil
		}
		var person personRow
		if err := tx.Where("id = ? AND agency_id = ?", string(officer), string(agency)).Take(&person).Error; err != nil {
			return err
		}
		p = person.domain()
		return nil
	})
	return a, p, err
}

// Subjects lists the agencies on file by name, with their active people.
func (s *Store) Subjects(ctx context.Context) (list []fraud.AgencyPeople, err error) {
	defer fault.Wrap(&err, "store.Subjects")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var agencies []agencyRow
		var people []personRow
		if err := tx.Where("standing IN ('verified', 'suspended')").Order("name, id").Find(&agencies).Error; err != nil {
			return err
		}
		if err := tx.Where("active AND agency_id IS NOT NULL").Order("name, id").Find(&people).Error; err != nil {
			return err
		}
		at := map[string]int{}
		for i, a := range agencies {
			at[a.ID] = i
			list = append(list, fraud.AgencyPeople{ID: identity.AgencyID(a.ID), Name: a.Name})
		}
		for _, p := range people {
			if i, ok := at[text[string](p.AgencyID)]; ok {
				list[i].People = append(list[i].People, p.domain())
			}
		}
		return nil
	})
	return list, err
}

// Containments lists them, the newest first.
func (s *Store) Containments(ctx context.Context, all bool) (list []fraud.Containment, err error) {
	defer fault.Wrap(&err, "store.Containments")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if !all {
			tx = tx.Where("state <> 'lifted'")
		}
		var rows []containmentRow
		err := tx.Order("begun_at DESC, id").Limit(500).Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// ContainmentByID gives one with its letters, or NotFound.
func (s *Store) ContainmentByID(ctx context.Context, id string) (c fraud.Containment, letters []fraud.Letter, err error) {
	defer fault.Wrap(&err, "store.ContainmentByID(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row containmentRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		c = row.domain()
		var rows []containmentLetterRow
		err := tx.Where("containment_id = ?", id).Order("array_position(ARRAY['agency_administrator', 'oversight', 'users', 'internal'], recipient)").Find(&rows).Error
		for _, r := range rows {
			letters = append(letters, r.domain())
		}
		return err
	})
	return c, letters, err
}

type disclosureRow struct {
	Release    string     `gorm:"column:id"`
	Ref        string     `gorm:"column:ref"`
	Request    string     `gorm:"column:request_id"`
	RequestRef string     `gorm:"column:request_ref"`
	Process    string     `gorm:"column:process_id"`
	Order      string     `gorm:"column:order_number"`
	Officer    string     `gorm:"column:officer_id"`
	Name       string     `gorm:"column:name"`
	Accounts   int        `gorm:"column:accounts"`
	Phones     int        `gorm:"column:phones"`
	Addresses  int        `gorm:"column:addresses"`
	ReadyAt    *time.Time `gorm:"column:exported_at"`
	State      string     `gorm:"column:state"`
}

// Disclosed lists every bundle that was ready to be fetched by an agency, or was
// asked for or fetched by one of its officers, the newest first.
func (s *Store) Disclosed(ctx context.Context, agency identity.AgencyID, officer identity.PersonID) (list []fraud.Disclosure, err error) {
	defer fault.Wrap(&err, "store.Disclosed(%s, %s)", agency, officer)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []disclosureRow
		err := tx.Raw(`SELECT r.id, r.ref, r.request_id, q.ref AS request_ref, q.process_id, q.order_number, r.officer_id, p.name,
				(SELECT count(DISTINCT i.account_id) FROM release_item i WHERE i.release_id = r.id) AS accounts, r.phones, r.addresses, r.exported_at, r.state
			FROM release r JOIN request q ON q.id = r.request_id JOIN person p ON p.id = r.officer_id
			WHERE r.exported_at IS NOT NULL AND r.agency_id = @agency AND (@officer = '' OR r.officer_id::text = @officer
				OR EXISTS (SELECT 1 FROM request_signature g WHERE g.request_id = q.id AND g.signed_by::text = @officer)
				OR EXISTS (SELECT 1 FROM release_receipt d WHERE d.release_id = r.id AND d.officer_id::text = @officer))
			ORDER BY r.exported_at DESC, r.id`, map[string]any{"agency": string(agency), "officer": string(officer)}).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, r := range rows {
			d := fraud.Disclosure{Release: requests.ReleaseID(r.Release), Ref: r.Ref, Request: requests.ID(r.Request), RequestRef: r.RequestRef, Process: r.Process, Order: r.Order,
				Officer: identity.PersonID(r.Officer), Name: personal.NewText(r.Name), Accounts: r.Accounts, Phones: r.Phones, Addresses: r.Addresses, ReadyAt: timeOf(r.ReadyAt), State: r.State}
			if d.Fetched, err = fetches(tx, r.Release); err != nil {
				return err
			}
			list = append(list, d)
		}
		return nil
	})
	return list, err
}

// fetches tells who fetched a bundle, when, and how much of it was sent.
func fetches(tx *gorm.DB, release string) (list []fraud.Fetch, err error) {
	var rows []struct {
		By    string    `gorm:"column:officer_id"`
		Name  string    `gorm:"column:name"`
		At    time.Time `gorm:"column:begun_at"`
		State string    `gorm:"column:state"`
		Bytes int64     `gorm:"column:bytes"`
	}
	err = tx.Raw(`SELECT d.officer_id, p.name, d.begun_at, d.state, d.bytes FROM release_receipt d JOIN person p ON p.id = d.officer_id
		WHERE d.release_id = ? ORDER BY d.begun_at, d.id`, release).Scan(&rows).Error
	for _, r := range rows {
		list = append(list, fraud.Fetch{By: identity.PersonID(r.By), Name: personal.NewText(r.Name), At: r.At.UTC(), State: r.State, Bytes: r.Bytes})
	}
	return list, err
}

// OpenCases lists the cases of an agency or an officer that are not at their end.
func (s *Store) OpenCases(ctx context.Context, agency identity.AgencyID, officer identity.PersonID) (list []requests.Summary, err error) {
	defer fault.Wrap(&err, "store.OpenCases(%s, %s)", agency, officer)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			ID    string `gorm:"column:id"`
			Ref   string `gorm:"column:ref"`
			State string `gorm:"column:state"`
		}
		err := tx.Raw(`SELECT q.id, q.ref, q.state FROM request q WHERE q.agency_id = @agency AND q.state NOT IN ('closed', 'refused', 'no_data', 'withdrawn', 'expired', 'redrafted')
			AND (@officer = '' OR q.officer_id::text = @officer OR EXISTS (SELECT 1 FROM request_signature g WHERE g.request_id = q.id AND g.signed_by::text = @officer))
			ORDER BY q.received_at DESC, q.id`, map[string]any{"agency": string(agency), "officer": string(officer)}).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, requests.Summary{ID: requests.ID(r.ID), Ref: r.Ref, State: requests.State(r.State)})
		}
		return err
	})
	return list, err
}
