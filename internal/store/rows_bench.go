package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

// The rows of migrations/0020_workbench.sql.

type skipRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	PersonID  string    `gorm:"column:person_id"`
	Reason    string    `gorm:"column:reason"`
	Note      string    `gorm:"column:note"`
	At        time.Time `gorm:"column:at"`
	UntilAt   time.Time `gorm:"column:until_at"`
	EventID   string    `gorm:"column:event_id"`
}

// TableName names the table.
func (skipRow) TableName() string  { return "case_skip" }
func (r skipRow) rowID() string    { return r.ID }
func (r skipRow) rowEvent() string { return r.EventID }

func fromSkip(k requests.Skip, event audit.EventID) *skipRow {
	return &skipRow{k.ID, string(k.Request), string(k.Agency), string(k.Person), k.Reason, k.Note.Reveal(), micro(k.At), micro(k.Until), string(event)}
}

func (r skipRow) domain() requests.Skip {
	return requests.Skip{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Person: identity.PersonID(r.PersonID),
		Reason: r.Reason, Note: personal.NewText(r.Note), At: r.At.UTC(), Until: r.UntilAt.UTC(), EventID: audit.EventID(r.EventID)}
}

type savedReplyRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	Name      string    `gorm:"column:name"`
	Language  string    `gorm:"column:language"`
	Version   int       `gorm:"column:version"`
	Title     string    `gorm:"column:title"`
	Body      string    `gorm:"column:body"`
	Withdrawn bool      `gorm:"column:withdrawn"`
	PersonID  string    `gorm:"column:person_id"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

// TableName names the table.
func (savedReplyRow) TableName() string  { return "saved_reply" }
func (r savedReplyRow) rowID() string    { return r.ID }
func (r savedReplyRow) rowEvent() string { return r.EventID }

func fromSavedReply(t requests.SavedReply, event audit.EventID) *savedReplyRow {
	return &savedReplyRow{t.ID, t.Name, t.Language, t.Version, t.Title, t.Body, t.Withdrawn, string(t.By), micro(t.At), string(event)}
}

func (r savedReplyRow) domain() requests.SavedReply {
	return requests.SavedReply{ID: r.ID, Name: r.Name, Language: r.Language, Version: r.Version, Title: r.Title, Body: r.Body, Withdrawn: r.Withdrawn,
		By: identity.PersonID(r.PersonID), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

// stepAt is when an event happened, by lerd's clock.
const stepAt = `(convert_from(e.entry, 'UTF8')::jsonb ->> 'at')::timestamptz`

// LastStep gives when the last step on a case was taken.
func (s *Store) LastStep(ctx context.Context, id requests.ID) (at time.Time, err error) {
	defer fault.Wrap(&err, "store.LastStep(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT `+stepAt+` FROM request q JOIN audit.event e ON e.id = q.event_id WHERE q.id = ?`, string(id)).Scan(&at).Error
	})
	return at.UTC(), err
}

// Idle gives claimed cases on which no step was taken since a moment.
func (s *Store) Idle(ctx context.Context, since time.Time, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.Idle")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT q.id FROM request q JOIN audit.event e ON e.id = q.event_id
			WHERE q.state = 'in_review' AND q.reviewer_id IS NOT NULL AND `+stepAt+` < ? ORDER BY q.received_at LIMIT ?`, micro(since), limit).Scan(&ids).Error
	})
	return ids, err
}

// Hands gives who took a case up, gave it back or took it over, oldest first.
func (s *Store) Hands(ctx context.Context, id requests.ID) (list []requests.Hand, err error) {
	defer fault.Wrap(&err, "store.Hands(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			Entry []byte `gorm:"column:entry"`
			Body  []byte `gorm:"column:body"`
		}
		err := tx.Raw(`SELECT e.entry, p.body FROM audit.event e LEFT JOIN audit.payload p ON p.event_id = e.id
			WHERE e.stream = ? AND e.kind IN ('request.claim', 'request.unclaim') ORDER BY e.version`, requests.StreamOf(id)).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, r := range rows {
			h, err := handOf(r.Entry, r.Body)
			if err != nil {
				return err
			}
			list = append(list, h)
		}
		return nil
	})
	return list, err
}

func handOf(entry, body []byte) (h requests.Hand, err error) {
	rec, err := audit.ParseEntry(entry)
	if err != nil {
		return h, err
	}
	h = requests.Hand{At: rec.At.UTC(), Kind: rec.Kind[len("request."):], By: identity.PersonID(rec.Actor.Person), Taken: rec.Facts["taken_over"] == "yes"}
	if len(body) == 0 {
		return h, nil
	}
	opened, err := audit.ParsePayload(body)
	for _, v := range opened.Values {
		if v.Name == "reason" {
			h.Why = personal.NewText(string(v.New))
		}
	}
	return h, err
}

// Skips gives the cases that were left, the newest first.
func (s *Store) Skips(ctx context.Context, f requests.SkipFilter) (list []requests.Skip, err error) {
	defer fault.Wrap(&err, "store.Skips")
	if f.Limit <= 0 {
		f.Limit = 100
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		q := tx.Table("case_skip AS k").Order("k.at DESC, k.id").Limit(f.Limit)
		if f.Request != "" {
			q = q.Where("k.request_id = ?", string(f.Request))
		}
		if f.Person != "" {
			q = q.Where("k.person_id = ?", string(f.Person))
		}
		if !f.After.IsZero() {
			q = q.Where("k.until_at > ?", micro(f.After))
		}
		var rows []skipRow
		if err := q.Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nameSkipped(tx, list)
	})
	return list, err
}

// nameSkipped adds which cases were left and where they stand.
func nameSkipped(tx *gorm.DB, list []requests.Skip) error {
	var ids []string
	for _, k := range list {
		ids = append(ids, string(k.Request))
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct{ ID, Ref, State string }
	err := tx.Raw("SELECT id, ref, state FROM request WHERE id IN ?", ids).Scan(&rows).Error
	for i := range list {
		for _, r := range rows {
			if r.ID == string(list[i].Request) {
				list[i].Ref, list[i].State = r.Ref, requests.State(r.State)
			}
		}
	}
	return err
}

// SavedReplies gives the last version of each text, by name and language.
func (s *Store) SavedReplies(ctx context.Context) (list []requests.SavedReply, err error) {
	defer fault.Wrap(&err, "store.SavedReplies")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []savedReplyRow
		err := tx.Raw("SELECT DISTINCT ON (name, language) * FROM saved_reply ORDER BY name, language, version DESC").Scan(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}
