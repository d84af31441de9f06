package store

import (
	"time"

	"lerd/internal/agencies"
	"lerd/internal/audit"
	"lerd/internal/callback"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Row structs of migrations/0004_agencies.sql.

type detailRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	AgencyID    string     `gorm:"column:agency_id"`
	Kind        string     `gorm:"column:kind"`
	Name        string     `gorm:"column:name"`
	Channel     string     `gorm:"column:channel"`
	Value       string     `gorm:"column:value"`
	Fingerprint string     `gorm:"column:fingerprint"`
	ValidFrom   *time.Time `gorm:"column:valid_from"`
	ValidTo     *time.Time `gorm:"column:valid_to"`
	Source      string     `gorm:"column:source"`
	SourceRef   string     `gorm:"column:source_ref"`
	SeenOn      time.Time  `gorm:"column:seen_on"`
	State       string     `gorm:"column:state"`
	ProposedBy  string     `gorm:"column:proposed_by"`
	ProposedAt  time.Time  `gorm:"column:proposed_at"`
	ApprovedBy  *string    `gorm:"column:approved_by"`
	ApprovedAt  *time.Time `gorm:"column:approved_at"`
	InForceFrom *time.Time `gorm:"column:in_force_from"`
	Replaces    *string    `gorm:"column:replaces"`
	RetiredBy   *string    `gorm:"column:retired_by"`
	RetiredAt   *time.Time `gorm:"column:retired_at"`
	AssertionID *string    `gorm:"column:assertion_id"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

type roundRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	AgencyID    string     `gorm:"column:agency_id"`
	Round       int        `gorm:"column:round"`
	State       string     `gorm:"column:state"`
	Source      string     `gorm:"column:source"`
	SourceRef   string     `gorm:"column:source_ref"`
	SeenOn      time.Time  `gorm:"column:seen_on"`
	ProposedBy  string     `gorm:"column:proposed_by"`
	ProposedAt  time.Time  `gorm:"column:proposed_at"`
	CallID      *string    `gorm:"column:call_id"`
	CalledBy    *string    `gorm:"column:called_by"`
	ActivatedBy *string    `gorm:"column:activated_by"`
	ActivatedAt *time.Time `gorm:"column:activated_at"`
	AssertionID *string    `gorm:"column:assertion_id"`
	Digest      string     `gorm:"column:digest"`
	ValidUntil  *time.Time `gorm:"column:valid_until"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

type callRow struct {
	ID              string     `gorm:"column:id;primaryKey"`
	SubjectKind     string     `gorm:"column:subject_kind"`
	SubjectID       string     `gorm:"column:subject_id"`
	AgencyID        string     `gorm:"column:agency_id"`
	DetailID        string     `gorm:"column:detail_id"`
	CalledBy        string     `gorm:"column:called_by"`
	BegunAt         time.Time  `gorm:"column:begun_at"`
	State           string     `gorm:"column:state"`
	Reached         string     `gorm:"column:reached"`
	ReachedName     string     `gorm:"column:reached_name"`
	ReachedFunction string     `gorm:"column:reached_function"`
	Answers         string     `gorm:"column:answers"`
	Outcome         string     `gorm:"column:outcome"`
	Note            string     `gorm:"column:note"`
	RecordedAt      *time.Time `gorm:"column:recorded_at"`
	Version         int64      `gorm:"column:version"`
	EventID         string     `gorm:"column:event_id"`
}

// TableName names the table.
func (detailRow) TableName() string { return "agency_detail" }

// TableName names the table.
func (roundRow) TableName() string { return "vetting" }

// TableName names the table.
func (callRow) TableName() string { return "call_back" }

func (r detailRow) rowID() string { return r.ID }
func (r roundRow) rowID() string  { return r.ID }
func (r callRow) rowID() string   { return r.ID }

func (r detailRow) rowEvent() string { return r.EventID }
func (r roundRow) rowEvent() string  { return r.EventID }
func (r callRow) rowEvent() string   { return r.EventID }

func fromDetail(d agencies.Detail, event audit.EventID) *detailRow {
	return &detailRow{ID: string(d.ID), AgencyID: string(d.Agency), Kind: string(d.Kind), Name: d.Name, Channel: string(d.Channel), Value: d.Value, Fingerprint: d.Fingerprint,
		ValidFrom: nilTime(d.ValidFrom), ValidTo: nilTime(d.ValidTo), Source: d.Source.Register, SourceRef: d.Source.Reference, SeenOn: micro(d.Source.SeenOn), State: string(d.State),
		ProposedBy: string(d.ProposedBy), ProposedAt: micro(d.ProposedAt), ApprovedBy: nilText(d.ApprovedBy), ApprovedAt: nilTime(d.ApprovedAt), InForceFrom: nilTime(d.InForceFrom),
		Replaces: nilText(d.Replaces), RetiredBy: nilText(d.RetiredBy), RetiredAt: nilTime(d.RetiredAt), AssertionID: nilText(d.Assertion), Version: d.Version, EventID: string(event)}
}

func (r detailRow) domain() agencies.Detail {
	return agencies.Detail{ID: agencies.DetailID(r.ID), Agency: identity.AgencyID(r.AgencyID), Kind: agencies.Kind(r.Kind), Name: r.Name, Channel: agencies.Channel(r.Channel), Value: r.Value,
		Fingerprint: r.Fingerprint, ValidFrom: timeOf(r.ValidFrom), ValidTo: timeOf(r.ValidTo), Source: source(r.Source, r.SourceRef, r.SeenOn), State: agencies.DetailState(r.State),
		ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(), ApprovedBy: text[identity.PersonID](r.ApprovedBy), ApprovedAt: timeOf(r.ApprovedAt),
		InForceFrom: timeOf(r.InForceFrom), Replaces: text[agencies.DetailID](r.Replaces), RetiredBy: text[identity.PersonID](r.RetiredBy), RetiredAt: timeOf(r.RetiredAt),
		Assertion: text[identity.AssertionID](r.AssertionID), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func source(register, reference string, seen time.Time) agencies.Source {
	return agencies.Source{Register: register, Reference: reference, SeenOn: seen.UTC()}
}

func fromRound(x agencies.Round, event audit.EventID) *roundRow {
	return &roundRow{ID: string(x.ID), AgencyID: string(x.Agency), Round: x.Number, State: string(x.Stage), Source: x.Source.Register, SourceRef: x.Source.Reference, SeenOn: micro(x.Source.SeenOn),
		ProposedBy: string(x.ProposedBy), ProposedAt: micro(x.ProposedAt), CallID: nilText(x.Call), CalledBy: nilText(x.CalledBy), ActivatedBy: nilText(x.ActivatedBy),
		ActivatedAt: nilTime(x.ActivatedAt), AssertionID: nilText(x.Assertion), Digest: x.Digest, ValidUntil: nilTime(x.ValidUntil), Version: x.Version, EventID: string(event)}
}

func (r roundRow) domain() agencies.Round {
	return agencies.Round{ID: agencies.RoundID(r.ID), Agency: identity.AgencyID(r.AgencyID), Number: r.Round, Stage: agencies.Stage(r.State), Source: source(r.Source, r.SourceRef, r.SeenOn),
		ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(), Call: text[callback.ID](r.CallID), CalledBy: text[identity.PersonID](r.CalledBy),
		ActivatedBy: text[identity.PersonID](r.ActivatedBy), ActivatedAt: timeOf(r.ActivatedAt), Assertion: text[identity.AssertionID](r.AssertionID), Digest: r.Digest,
		ValidUntil: timeOf(r.ValidUntil), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromCall(c callback.Call, event audit.EventID) *callRow {
	return &callRow{ID: string(c.ID), SubjectKind: string(c.Subject.Kind), SubjectID: c.Subject.ID, AgencyID: string(c.Subject.Agency), DetailID: c.Number.Entry, CalledBy: string(c.By),
		BegunAt: micro(c.BegunAt), State: string(c.State), Reached: string(c.Reached), ReachedName: c.Name.Reveal(), ReachedFunction: c.Function, Answers: callback.Format(c.Answers),
		Outcome: string(c.Outcome), Note: c.Note.Reveal(), RecordedAt: nilTime(c.RecordedAt), Version: c.Version, EventID: string(event)}
}

func (r callRow) domain() callback.Call {
	return callback.Call{ID: callback.ID(r.ID), Subject: callback.Subject{Kind: callback.Kind(r.SubjectKind), ID: r.SubjectID, Agency: identity.AgencyID(r.AgencyID)},
		Number: callback.Number{Entry: r.DetailID}, By: identity.PersonID(r.CalledBy), BegunAt: r.BegunAt.UTC(), State: callback.State(r.State), Reached: callback.Reached(r.Reached),
		Name: personal.NewText(r.ReachedName), Function: r.ReachedFunction, Answers: callback.Parse(r.Answers), Outcome: callback.Outcome(r.Outcome), Note: personal.NewText(r.Note),
		RecordedAt: timeOf(r.RecordedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}
