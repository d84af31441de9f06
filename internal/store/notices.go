package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/agencies"
	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/notices"
	"lerd/internal/personal"
)

type noticeAddressRow struct {
	ID      string `gorm:"column:id;primaryKey"`
	Address string `gorm:"column:address"`
	Version int64  `gorm:"column:version"`
	EventID string `gorm:"column:event_id"`
}

// TableName names the table.
func (noticeAddressRow) TableName() string  { return "notice_address" }
func (r noticeAddressRow) rowID() string    { return r.ID }
func (r noticeAddressRow) rowEvent() string { return r.EventID }

func fromNoticeAddress(a notices.Address, event audit.EventID) *noticeAddressRow {
	return &noticeAddressRow{string(a.Person), a.Address, a.Version, string(event)}
}

// Placed gives the events at the cursor of notices and after it.
func (s *Store) Placed(ctx context.Context, limit int) (list []notices.Placed, cursor int64, err error) {
	defer fault.Wrap(&err, "store.Placed")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT next FROM notice_cursor WHERE name = 'portal'").Scan(&cursor).Error; err != nil {
			return err
		}
		trail, err := readTrail(ctx, tx, selectTrail+"WHERE l.index >= $1 ORDER BY l.index LIMIT $2", cursor, limit)
		for _, ev := range trail {
			list = append(list, notices.Placed{Index: ev.Index, Record: ev.Record})
		}
		return err
	})
	return list, cursor, err
}

// Parties gives whom an event concerns, from its stream, its facts and its actor.
func (s *Store) Parties(ctx context.Context, p notices.Placed) (out notices.Parties, err error) {
	defer fault.Wrap(&err, "store.Parties(%s)", p.Record.ID)
	kind, id, _ := strings.Cut(p.Record.Stream, ":")
	facts := p.Record.Facts
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		out = notices.Parties{Agency: identity.AgencyID(facts["agency"]), Person: identity.PersonID(facts["person"])}
		if strings.HasPrefix(p.Record.Kind, "release.download") || p.Record.Kind == "request.taken_over" {
			out.Person = identity.PersonID(p.Record.Actor.Person) // a colleague, maybe
		}
		if kind == "takeover" {
			if err := tx.Raw("SELECT from_id FROM takeover WHERE id = id_in(':' || ?)", id).Scan(&out.Former).Error; err != nil {
				return err
			}
		}
		if kind == "audit_finding" { // of its case its owner may know nothing
			return tx.Raw("SELECT owner_id AS person, made_by AS opener FROM audit_finding WHERE id = id_in(':' || ?)", id).Scan(&out).Error
		}
		switch {
		case kind == "request":
			return partiesOfCase(tx, id, &out)
		case kind == "draft":
			return tx.Raw("SELECT owner_id AS person, agency_id AS agency FROM draft WHERE id = id_in(':' || ?)", id).Scan(&out).Error
		case facts["request"] != "":
			return partiesOfCase(tx, facts["request"], &out)
		case kind == "agency":
			out.Agency = identity.AgencyID(id)
		case kind == "person":
			out.Person = identity.PersonID(id)
		case kind == "session":
			out.Person = identity.PersonID(p.Record.Actor.Person)
		}
		if out.Person == "" {
			return nil
		}
		return tx.Raw("SELECT coalesce(agency_id::text, '') FROM person WHERE id::text = ?", string(out.Person)).Scan(&out.Agency).Error
	})
	return out, err
}

func partiesOfCase(tx *gorm.DB, request string, out *notices.Parties) error {
	var row struct {
		AgencyID  string `gorm:"column:agency_id"`
		Ref       string `gorm:"column:ref"`
		OfficerID string `gorm:"column:officer_id"`
		HolderID  string `gorm:"column:holder_id"`
	}
	err := tx.Raw(`SELECT agency_id, ref, officer_id, coalesce((SELECT t.to_id FROM takeover t WHERE t.request_id = q.id ORDER BY t.ordinal DESC LIMIT 1), q.officer_id) AS holder_id
		FROM request q WHERE id = id_in(':' || ?)`, request).Scan(&row).Error
	out.Agency, out.Ref, out.Asked, out.Officer = identity.AgencyID(row.AgencyID), row.Ref, identity.PersonID(row.OfficerID), identity.PersonID(row.HolderID)
	if out.Person == "" {
		out.Person = out.Asked
	}
	return err
}

// selectSigners gives who may sign a second time what an officer signed.
const selectSigners = `WITH asked AS (SELECT id, agency_id, unit_id FROM person WHERE id::text = ?),
	able AS (SELECT p.id, p.unit_id IS NOT DISTINCT FROM a.unit_id AS near FROM person p JOIN asked a ON p.agency_id = a.agency_id AND p.id <> a.id
		WHERE p.active AND p.role = 'officer' AND p.supervisor)
	SELECT id FROM able WHERE near OR NOT EXISTS (SELECT 1 FROM able WHERE near) ORDER BY id`

// Audience gives the active people who are told.
func (s *Store) Audience(ctx context.Context, a notices.Audience, p notices.Parties) (list []identity.PersonID, err error) {
	defer fault.Wrap(&err, "store.Audience(%s)", a)
	query, arg := "", ""
	switch a {
	case notices.Admins:
		query, arg = "SELECT id FROM person WHERE role = 'agency_admin' AND active AND agency_id::text = ? ORDER BY id", string(p.Agency)
	case notices.Asker:
		query, arg = "SELECT id FROM person WHERE active AND id::text = ?", string(p.Officer)
	case notices.Former:
		query, arg = "SELECT id FROM person WHERE active AND id::text = ?", string(p.Former)
	case notices.Signers:
		query, arg = selectSigners, string(p.Asked)
	case notices.Subject:
		query, arg = "SELECT id FROM person WHERE active AND id::text = ?", string(p.Person)
	case notices.Opener:
		query, arg = "SELECT id FROM person WHERE active AND id::text = ?", string(p.Opener)
	case notices.Registrars:
		query, arg = "SELECT id FROM person WHERE active AND role = ? ORDER BY id", string(identity.Registrar)
	default:
		return nil, fault.New(fault.Internal, "nobody knows the audience %q", a)
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error { return tx.Raw(query, arg).Scan(&list).Error })
	return list, err
}

// Deliver writes notices and letters and moves the cursor, all or nothing.
func (s *Store) Deliver(ctx context.Context, from, to int64, list []notices.Notice, at time.Time) (err error) {
	defer fault.Wrap(&err, "store.Deliver(%d, %d)", from, to)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		moved := tx.Exec("UPDATE notice_cursor SET next = ? WHERE name = 'portal' AND next = ?", to, from)
		if moved.Error == nil && moved.RowsAffected == 0 {
			return fault.New(fault.Conflict, "Another replica delivered these notices.")
		}
		if moved.Error != nil {
			return moved.Error
		}
		for _, n := range list {
			err := tx.Exec(`INSERT INTO notice (id, person_id, source_event, kind, subject, about, at) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (source_event, person_id) DO NOTHING`, string(n.ID), string(n.Person), string(n.Source), n.Kind, n.Ref, string(n.About), micro(n.At)).Error
			if err != nil {
				return err
			}
			err = tx.Exec(`INSERT INTO notice_mail (id, person_id, made_at, attempts, next_at, trouble)
				SELECT ?, a.id, ?, 0, ?, '' FROM notice_address a WHERE a.id = ? AND a.address <> ''
				ON CONFLICT (person_id) WHERE sent_at IS NULL AND failed_at IS NULL DO NOTHING`, uuid.NewString(), micro(at), micro(at), string(n.Person)).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Notices gives the newest notices of a person.
func (s *Store) Notices(ctx context.Context, person identity.PersonID, limit int) (list []notices.Notice, err error) {
	defer fault.Wrap(&err, "store.Notices")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			ID          string     `gorm:"column:id"`
			SourceEvent string     `gorm:"column:source_event"`
			Kind        string     `gorm:"column:kind"`
			Subject     string     `gorm:"column:subject"`
			RequestID   string     `gorm:"column:request_id"`
			About       string     `gorm:"column:about"`
			Name        string     `gorm:"column:name"`
			At          time.Time  `gorm:"column:at"`
			ReadAt      *time.Time `gorm:"column:read_at"`
		}
		// A name is shown to people of the same agency, and to registrars of an agency's people.
		// A case's id is there where row-level security shows the reader the case.
		err := tx.Raw(`SELECT n.id, n.source_event, n.kind, n.subject, coalesce(q.id::text, '') AS request_id, n.about, n.at, n.read_at,
				coalesce(CASE WHEN p.agency_id IS NOT NULL AND (p.agency_id = me.agency_id OR me.role = 'registrar') THEN p.name END, '') AS name
			FROM notice n JOIN person me ON me.id = n.person_id LEFT JOIN person p ON p.id::text = n.about LEFT JOIN request q ON q.ref = n.subject
			WHERE n.person_id = ? ORDER BY n.at DESC, n.id LIMIT ?`, string(person), limit).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, notices.Notice{ID: notices.ID(r.ID), Person: person, Source: audit.EventID(r.SourceEvent), Kind: r.Kind, Ref: r.Subject, Case: r.RequestID,
				About: identity.PersonID(r.About), Name: personal.NewText(r.Name).Reveal(), At: r.At.UTC(), ReadAt: timeOf(r.ReadAt)})
		}
		return err
	})
	return list, err
}

// Unread counts a person's notices that they have not seen.
func (s *Store) Unread(ctx context.Context, person identity.PersonID) (n int, err error) {
	defer fault.Wrap(&err, "store.Unread")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT count(*) FROM notice WHERE person_id = ? AND read_at IS NULL", string(person)).Scan(&n).Error
	})
	return n, err
}

// ReadNotices marks a person's notices as seen, up to a time.
func (s *Store) ReadNotices(ctx context.Context, person identity.PersonID, upTo, at time.Time) (err error) {
	defer fault.Wrap(&err, "store.ReadNotices")
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE notice SET read_at = ? WHERE person_id = ? AND read_at IS NULL AND at <= ?", micro(at), string(person), micro(upTo)).Error
	})
}

// NoticeAddress gives a person's address and their agency's mail domains.
func (s *Store) NoticeAddress(ctx context.Context, person identity.PersonID, now time.Time) (a notices.Address, domains []string, err error) {
	defer fault.Wrap(&err, "store.NoticeAddress")
	err = s.inReadTx(identity.With(ctx, identity.SystemActor()), func(tx *gorm.DB) error {
		rows, err := find(tx.Where("id = ?", string(person)), func(r noticeAddressRow) notices.Address {
			return notices.Address{Person: person, Address: r.Address, Version: r.Version, EventID: audit.EventID(r.EventID)}
		})
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			a = rows[0]
		}
		all, err := find(tx.Where("kind = 'domain' AND agency_id = (SELECT agency_id FROM person WHERE id = ?)", string(person)), detailRow.domain)
		for _, d := range agencies.InForce(all, agencies.Domain, now) {
			domains = append(domains, d.Value)
		}
		return err
	})
	return a, domains, err
}

// TakeLetters gives letters that are due, and puts each off until again.
func (s *Store) TakeLetters(ctx context.Context, now, again time.Time, limit int) (list []notices.Letter, err error) {
	defer fault.Wrap(&err, "store.TakeLetters")
	err = s.inWriteTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []struct {
			ID       string `gorm:"column:id"`
			Address  string `gorm:"column:address"`
			Attempts int    `gorm:"column:attempts"`
		}
		err := tx.Raw(`WITH due AS (SELECT m.id FROM notice_mail m WHERE m.sent_at IS NULL AND m.failed_at IS NULL AND m.next_at <= ? ORDER BY m.next_at, m.id LIMIT ? FOR UPDATE SKIP LOCKED)
			UPDATE notice_mail m SET attempts = attempts + 1, next_at = ? FROM due, notice_address a WHERE m.id = due.id AND a.id = m.person_id
			RETURNING m.id, a.address, m.attempts`, micro(now), limit, micro(again)).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, notices.Letter{ID: r.ID, Address: r.Address, Attempts: r.Attempts})
		}
		return err
	})
	return list, err
}

// LetterSent marks a letter as sent.
func (s *Store) LetterSent(ctx context.Context, id string, at time.Time) (err error) {
	defer fault.Wrap(&err, "store.LetterSent(%s)", id)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE notice_mail SET sent_at = ?, trouble = '' WHERE id = ?", micro(at), id).Error
	})
}

// LetterFailed puts a letter off until again, or ends it where again is zero.
func (s *Store) LetterFailed(ctx context.Context, id, trouble string, again, at time.Time) (err error) {
	defer fault.Wrap(&err, "store.LetterFailed(%s)", id)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		if again.IsZero() {
			return tx.Exec("UPDATE notice_mail SET failed_at = ?, trouble = ? WHERE id = ?", micro(at), trouble, id).Error
		}
		return tx.Exec("UPDATE notice_mail SET next_at = ?, trouble = ? WHERE id = ?", micro(again), trouble, id).Error
	})
}
