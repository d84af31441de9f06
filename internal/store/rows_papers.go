package store

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/papers"
	"lerd/internal/requests"
	"lerd/internal/requests/pades"
)

// Row structs of migrations/0019_orders.sql.

type documentExaminationRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	Agency     string    `gorm:"column:agency_id"`
	Scan       string    `gorm:"column:scan"`
	Engine     string    `gorm:"column:engine"`
	Malware    string    `gorm:"column:malware"`
	Signing    string    `gorm:"column:signing"`
	Signatures string    `gorm:"column:signatures"`
	Anchors    int       `gorm:"column:anchors"`
	Revisions  int       `gorm:"column:revisions"`
	Pictures   string    `gorm:"column:pictures"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

type knownForgeryRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	Document  string     `gorm:"column:document_id"`
	Agency    string     `gorm:"column:agency_id"`
	Request   string     `gorm:"column:request_id"`
	Why       string     `gorm:"column:why"`
	Mark      string     `gorm:"column:mark"`
	Bands     string     `gorm:"column:bands"`
	Pictures  string     `gorm:"column:pictures"`
	AddedBy   string     `gorm:"column:added_by"`
	AddedAt   time.Time  `gorm:"column:added_at"`
	RemovedBy *string    `gorm:"column:removed_by"`
	RemovedAt *time.Time `gorm:"column:removed_at"`
	Version   int64      `gorm:"column:version"`
	EventID   string     `gorm:"column:event_id"`
}

// TableName names the table.
func (documentExaminationRow) TableName() string { return "document_examination" }

// TableName names the table.
func (knownForgeryRow) TableName() string { return "known_forgery" }

func (r documentExaminationRow) rowID() string    { return r.ID }
func (r knownForgeryRow) rowID() string           { return r.ID }
func (r documentExaminationRow) rowEvent() string { return r.EventID }
func (r knownForgeryRow) rowEvent() string        { return r.EventID }

func (knownForgeryRow) progress() []string {
	return []string{"removed_by", "removed_at", "version", "event_id"}
}

func fromExaminationOf(x papers.Examination, event audit.EventID) *documentExaminationRow {
	return &documentExaminationRow{string(x.ID), string(x.Agency), x.Scan, x.Engine, x.Malware, string(x.Signing), papers.WriteSignatures(x.Signatures), x.Anchors, x.Revisions,
		strings.Join(x.Pictures, " "), micro(x.At), string(event)}
}

func (r documentExaminationRow) domain() papers.Examination {
	return papers.Examination{ID: requests.DocumentID(r.ID), Agency: identity.AgencyID(r.Agency), Scan: r.Scan, Engine: r.Engine, Malware: r.Malware, Signing: pades.Result(r.Signing),
		Signatures: papers.ReadSignatures(r.Signatures), Anchors: r.Anchors, Revisions: r.Revisions, Pictures: strings.Fields(r.Pictures), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromForgery(x fraud.Forgery, event audit.EventID) *knownForgeryRow {
	return &knownForgeryRow{x.ID, string(x.Document), string(x.Agency), string(x.Request), x.Why, x.Mark, x.Bands, strings.Join(x.Pictures, " "), string(x.AddedBy), micro(x.AddedAt),
		nilText(x.RemovedBy), nilTime(x.RemovedAt), x.Version, string(event)}
}

func (r knownForgeryRow) domain() fraud.Forgery {
	return fraud.Forgery{ID: r.ID, Document: requests.DocumentID(r.Document), Agency: identity.AgencyID(r.Agency), Request: requests.ID(r.Request), Why: r.Why, Mark: r.Mark, Bands: r.Bands,
		Pictures: strings.Fields(r.Pictures), AddedBy: identity.PersonID(r.AddedBy), AddedAt: r.AddedAt.UTC(), RemovedBy: text[identity.PersonID](r.RemovedBy), RemovedAt: timeOf(r.RemovedAt),
		Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// paperRow gives the row of a value of this area, nil of any other.
func paperRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *papers.Examination:
		return fromExaminationOf(*x, event)
	case *fraud.Forgery:
		return fromForgery(*x, event)
	}
	return nil
}
