package store

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

// Row structs of migrations/0027_rights.sql.

type sensitiveClassRow struct {
	OffenceClass string `gorm:"column:offence_class;primaryKey"`
	Touches      string `gorm:"column:touches"`
	EventID      string `gorm:"column:event_id"`
}

// TableName names the table.
func (sensitiveClassRow) TableName() string  { return "sensitive_class" }
func (r sensitiveClassRow) rowID() string    { return r.OffenceClass }
func (r sensitiveClassRow) rowEvent() string { return r.EventID }

type rightsReviewRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	RequestID string     `gorm:"column:request_id"`
	AgencyID  string     `gorm:"column:agency_id"`
	Ordinal   int        `gorm:"column:ordinal"`
	Because   string     `gorm:"column:because"`
	State     string     `gorm:"column:state"`
	OpenedBy  *string    `gorm:"column:opened_by"`
	OpenedAt  time.Time  `gorm:"column:opened_at"`
	AnswerID  *string    `gorm:"column:answer_id"`
	DecidedBy *string    `gorm:"column:decided_by"`
	DecidedAt *time.Time `gorm:"column:decided_at"`
	Note      string     `gorm:"column:note"`
	Version   int64      `gorm:"column:version"`
	EventID   string     `gorm:"column:event_id"`
}

// TableName names the table.
func (rightsReviewRow) TableName() string  { return "rights_review" }
func (r rightsReviewRow) rowID() string    { return r.ID }
func (r rightsReviewRow) rowEvent() string { return r.EventID }
func (rightsReviewRow) progress() []string {
	return []string{"state", "answer_id", "decided_by", "decided_at", "note", "version", "event_id"}
}

func fromRightsReview(r requests.RightsReview, event audit.EventID) *rightsReviewRow {
	return &rightsReviewRow{r.ID, string(r.Request), string(r.Agency), r.Ordinal, strings.Join(r.Because, " "), string(r.State), nilText(r.OpenedBy), micro(r.OpenedAt),
		nilText(r.Answer), nilText(r.DecidedBy), nilTime(r.DecidedAt), r.Note.Reveal(), r.Version, string(event)}
}

func (r rightsReviewRow) domain() requests.RightsReview {
	return requests.RightsReview{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Ordinal: r.Ordinal, Because: strings.Fields(r.Because),
		State: requests.RightsState(r.State), OpenedBy: text[identity.PersonID](r.OpenedBy), OpenedAt: r.OpenedAt.UTC(), Answer: text[string](r.AnswerID),
		DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Note: personal.NewText(r.Note), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

type rightsAnswerRow struct {
	ID            string    `gorm:"column:id;primaryKey"`
	ReviewID      string    `gorm:"column:review_id"`
	RequestID     string    `gorm:"column:request_id"`
	AgencyID      string    `gorm:"column:agency_id"`
	Round         int       `gorm:"column:round"`
	Content       string    `gorm:"column:content"`
	ContentSHA256 string    `gorm:"column:content_sha256"`
	Conclusion    string    `gorm:"column:conclusion"`
	OnlyCategory  string    `gorm:"column:only_category"`
	MadeBy        string    `gorm:"column:made_by"`
	At            time.Time `gorm:"column:at"`
	EventID       string    `gorm:"column:event_id"`
}

// TableName names the table.
func (rightsAnswerRow) TableName() string  { return "rights_answer" }
func (r rightsAnswerRow) rowID() string    { return r.ID }
func (r rightsAnswerRow) rowEvent() string { return r.EventID }

func fromRightsAnswer(a requests.RightsAnswer, event audit.EventID) *rightsAnswerRow {
	return &rightsAnswerRow{a.ID, a.Review, string(a.Request), string(a.Agency), a.Round, a.Content, a.ContentSHA256, a.Conclusion, string(a.Only), string(a.By), micro(a.At), string(event)}
}

func (r rightsAnswerRow) domain() requests.RightsAnswer {
	return requests.RightsAnswer{ID: r.ID, Review: r.ReviewID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Round: r.Round, Content: r.Content,
		ContentSHA256: r.ContentSHA256, Conclusion: r.Conclusion, Only: requests.Category(r.OnlyCategory), By: identity.PersonID(r.MadeBy), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type markRemovalRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	MarkID     string     `gorm:"column:mark_id"`
	Why        string     `gorm:"column:why"`
	State      string     `gorm:"column:state"`
	ProposedBy string     `gorm:"column:proposed_by"`
	ProposedAt time.Time  `gorm:"column:proposed_at"`
	DecidedBy  *string    `gorm:"column:decided_by"`
	DecidedAt  *time.Time `gorm:"column:decided_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

// TableName names the table.
func (markRemovalRow) TableName() string  { return "mark_removal" }
func (r markRemovalRow) rowID() string    { return r.ID }
func (r markRemovalRow) rowEvent() string { return r.EventID }
func (markRemovalRow) progress() []string {
	return []string{"state", "decided_by", "decided_at", "version", "event_id"}
}

func fromRemoval(r fraud.MarkRemoval, event audit.EventID) *markRemovalRow {
	return &markRemovalRow{r.ID, r.Of, r.Why.Reveal(), r.State, string(r.ProposedBy), micro(r.ProposedAt), nilText(r.DecidedBy), nilTime(r.DecidedAt), r.Version, string(event)}
}

func (r markRemovalRow) domain() fraud.MarkRemoval {
	return fraud.MarkRemoval{Removal: fraud.Removal{ID: r.ID, Of: r.MarkID, Why: personal.NewText(r.Why), State: r.State, ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(),
		DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}}
}

func (r sensitiveMarkRow) domain() fraud.Mark {
	return fraud.Mark{ID: r.ID, Kind: r.Kind, Hash: r.Hash, Why: r.Why, AddedBy: identity.PersonID(r.AddedBy), AddedAt: r.AddedAt.UTC(),
		RemovedBy: text[identity.PersonID](r.RemovedBy), RemovedAt: timeOf(r.RemovedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// rightsRow gives the row of a value of the review of rights or of counsel's list,
// nil of another.
func rightsRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *requests.SensitiveClass:
		return &sensitiveClassRow{x.Class, x.Touches, string(event)}
	case *requests.RightsReview:
		return fromRightsReview(*x, event)
	case *requests.RightsAnswer:
		return fromRightsAnswer(*x, event)
	case *fraud.MarkRemoval:
		return fromRemoval(*x, event)
	}
	return nil
}
