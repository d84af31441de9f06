package store

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/usernotice"
)

// Row structs of migrations/0022_notices.sql.

type gagRow struct {
	ID           string     `gorm:"column:id;primaryKey"`
	RequestID    string     `gorm:"column:request_id"`
	AgencyID     string     `gorm:"column:agency_id"`
	Source       string     `gorm:"column:source"`
	OrderedIn    *string    `gorm:"column:ordered_in"`
	Reference    string     `gorm:"column:reference"`
	Basis        string     `gorm:"column:basis"`
	BeginsAt     time.Time  `gorm:"column:begins_at"`
	EndsAt       *time.Time `gorm:"column:ends_at"`
	ReviewAt     *time.Time `gorm:"column:review_at"`
	State        string     `gorm:"column:state"`
	EndedWhy     string     `gorm:"column:ended_why"`
	EndedAt      *time.Time `gorm:"column:ended_at"`
	Steps        int        `gorm:"column:steps"`
	RegisteredBy *string    `gorm:"column:registered_by"`
	Version      int64      `gorm:"column:version"`
	EventID      string     `gorm:"column:event_id"`
}

type gagStepRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	GagID     string     `gorm:"column:gag_id"`
	RequestID string     `gorm:"column:request_id"`
	AgencyID  string     `gorm:"column:agency_id"`
	Ordinal   int        `gorm:"column:ordinal"`
	Kind      string     `gorm:"column:kind"`
	Reference string     `gorm:"column:reference"`
	EndsAt    *time.Time `gorm:"column:ends_at"`
	ReviewAt  *time.Time `gorm:"column:review_at"`
	Why       string     `gorm:"column:why"`
	ByID      string     `gorm:"column:by_id"`
	At        time.Time  `gorm:"column:at"`
	EventID   string     `gorm:"column:event_id"`
}

type userNoticeRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	Ref         string     `gorm:"column:ref"`
	RequestID   string     `gorm:"column:request_id"`
	AgencyID    string     `gorm:"column:agency_id"`
	ReleaseID   string     `gorm:"column:release_id"`
	AccountID   int64      `gorm:"column:account_id"`
	Rule        string     `gorm:"column:rule"`
	Categories  string     `gorm:"column:categories"`
	Country     string     `gorm:"column:country"`
	Authority   string     `gorm:"column:authority"`
	DisclosedAt time.Time  `gorm:"column:disclosed_at"`
	State       string     `gorm:"column:state"`
	WithheldWhy string     `gorm:"column:withheld_why"`
	DueAt       time.Time  `gorm:"column:due_at"`
	Attempts    int        `gorm:"column:attempts"`
	NextAt      time.Time  `gorm:"column:next_at"`
	SentAt      *time.Time `gorm:"column:sent_at"`
	DeliveredAt *time.Time `gorm:"column:delivered_at"`
	Receipt     string     `gorm:"column:receipt"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
	ErrorID     *string    `gorm:"column:error_id"`
	ErrorWhat   string     `gorm:"column:error_what"`
}

func (gagRow) TableName() string        { return "gag" }
func (gagStepRow) TableName() string    { return "gag_step" }
func (userNoticeRow) TableName() string { return "user_notice" }

func (r gagRow) rowID() string        { return r.ID }
func (r gagStepRow) rowID() string    { return r.ID }
func (r userNoticeRow) rowID() string { return r.ID }

func (r gagRow) rowEvent() string        { return r.EventID }
func (r gagStepRow) rowEvent() string    { return r.EventID }
func (r userNoticeRow) rowEvent() string { return r.EventID }

func (gagRow) progress() []string {
	return []string{"ends_at", "review_at", "state", "ended_why", "ended_at", "steps", "version", "event_id"}
}

func (userNoticeRow) progress() []string {
	return []string{"state", "attempts", "next_at", "sent_at", "delivered_at", "receipt", "version", "event_id"}
}

// userNoticeRowOf gives the row of a value of package usernotice, nil of others.
func userNoticeRowOf(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *usernotice.Gag:
		return fromGag(*x, event)
	case *usernotice.GagStep:
		return fromGagStep(*x, event)
	case *usernotice.Notice:
		return fromUserNotice(*x, event)
	}
	return nil
}

func fromGag(g usernotice.Gag, event audit.EventID) *gagRow {
	return &gagRow{string(g.ID), string(g.Request), string(g.Agency), string(g.Source), nilText(g.OrderedIn), g.Reference, g.Basis, micro(g.Begins), nilTime(g.Ends),
		nilTime(g.Review), string(g.State), g.EndedWhy, nilTime(g.EndedAt), g.Steps, nilText(g.RegisteredBy), g.Version, string(event)}
}

func (r gagRow) domain() usernotice.Gag {
	return usernotice.Gag{ID: usernotice.GagID(r.ID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Source: usernotice.Source(r.Source),
		OrderedIn: text[requests.ID](r.OrderedIn), Reference: r.Reference, Basis: r.Basis, Begins: r.BeginsAt.UTC(), Ends: timeOf(r.EndsAt), Review: timeOf(r.ReviewAt),
		State: usernotice.GagState(r.State), EndedWhy: r.EndedWhy, EndedAt: timeOf(r.EndedAt), Steps: r.Steps, RegisteredBy: text[identity.PersonID](r.RegisteredBy),
		Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromGagStep(s usernotice.GagStep, event audit.EventID) *gagStepRow {
	return &gagStepRow{s.ID, string(s.Gag), string(s.Request), string(s.Agency), s.Ordinal, string(s.Kind), s.Reference, nilTime(s.Ends), nilTime(s.Review),
		s.Why.Reveal(), string(s.By), micro(s.At), string(event)}
}

func (r gagStepRow) domain() usernotice.GagStep {
	return usernotice.GagStep{ID: r.ID, Gag: usernotice.GagID(r.GagID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Ordinal: r.Ordinal,
		Kind: usernotice.StepKind(r.Kind), Reference: r.Reference, Ends: timeOf(r.EndsAt), Review: timeOf(r.ReviewAt), Why: personal.NewText(r.Why),
		By: identity.PersonID(r.ByID), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromUserNotice(n usernotice.Notice, event audit.EventID) *userNoticeRow {
	words := make([]string, len(n.Categories))
	for i, c := range n.Categories {
		words[i] = string(c)
	}
	return &userNoticeRow{string(n.ID), n.Ref, string(n.Request), string(n.Agency), string(n.Release), n.Account, n.Rule, strings.Join(words, " "), n.Country, n.Authority,
		micro(n.DisclosedAt), string(n.State), n.WithheldWhy, micro(n.Due), n.Attempts, micro(n.Next), nilTime(n.SentAt), nilTime(n.DeliveredAt), n.Receipt, n.Version, string(event), nilText(n.Error), n.ErrorWhat}
}

func (r userNoticeRow) domain() usernotice.Notice {
	n := usernotice.Notice{ID: usernotice.ID(r.ID), Ref: r.Ref, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Release: requests.ReleaseID(r.ReleaseID),
		Account: r.AccountID, Rule: r.Rule, Country: r.Country, Authority: r.Authority, DisclosedAt: r.DisclosedAt.UTC(), State: usernotice.State(r.State),
		WithheldWhy: r.WithheldWhy, Due: r.DueAt.UTC(), Attempts: r.Attempts, Next: r.NextAt.UTC(), SentAt: timeOf(r.SentAt), DeliveredAt: timeOf(r.DeliveredAt),
		Receipt: r.Receipt, Version: r.Version, EventID: audit.EventID(r.EventID), Error: text[string](r.ErrorID), ErrorWhat: r.ErrorWhat}
	for _, w := range strings.Fields(r.Categories) {
		n.Categories = append(n.Categories, requests.Category(w))
	}
	return n
}
