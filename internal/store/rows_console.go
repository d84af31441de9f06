package store

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/oversight/sampling"
	"lerd/internal/personal"
)

// Row structs of migrations/0024_console.sql.

type verificationRow struct {
	ID      string     `gorm:"column:id;primaryKey"`
	AskedBy string     `gorm:"column:asked_by"`
	AskedAt time.Time  `gorm:"column:asked_at"`
	State   string     `gorm:"column:state"`
	EndedAt *time.Time `gorm:"column:ended_at"`
	Size    int64      `gorm:"column:size"`
	Root    string     `gorm:"column:root"`
	Entries int64      `gorm:"column:entries"`
	Rows    int64      `gorm:"column:rows"`
	Breach  string     `gorm:"column:breach"`
	Finding string     `gorm:"column:finding"`
	Version int64      `gorm:"column:version"`
	EventID string     `gorm:"column:event_id"`
}

type sampleRow struct {
	ID               string     `gorm:"column:id;primaryKey"`
	Ref              string     `gorm:"column:ref"`
	PlannedBy        string     `gorm:"column:planned_by"`
	PlannedAt        time.Time  `gorm:"column:planned_at"`
	FromAt           time.Time  `gorm:"column:from_at"`
	ToAt             time.Time  `gorm:"column:to_at"`
	Strata           string     `gorm:"column:strata"`
	Each             int        `gorm:"column:each"`
	Percent          int        `gorm:"column:percent"`
	PopulationTree   int64      `gorm:"column:population_tree"`
	Population       int64      `gorm:"column:population"`
	PopulationSHA256 string     `gorm:"column:population_sha256"`
	SeedTree         int64      `gorm:"column:seed_tree"`
	Quorum           int        `gorm:"column:quorum"`
	PlanEvent        string     `gorm:"column:plan_event"`
	State            string     `gorm:"column:state"`
	SeedNote         string     `gorm:"column:seed_note"`
	SeedRoot         string     `gorm:"column:seed_root"`
	Seed             string     `gorm:"column:seed"`
	Drawn            int64      `gorm:"column:drawn"`
	DrawnSHA256      string     `gorm:"column:drawn_sha256"`
	DrawnAt          *time.Time `gorm:"column:drawn_at"`
	Version          int64      `gorm:"column:version"`
	EventID          string     `gorm:"column:event_id"`
}

type sampleCaseRow struct {
	ID       string `gorm:"column:id;primaryKey"`
	SampleID string `gorm:"column:sample_id"`
	CaseID   string `gorm:"column:case_id"`
	Stratum  string `gorm:"column:stratum"`
	Always   bool   `gorm:"column:always"`
	EventID  string `gorm:"column:event_id"`
}

type auditFindingRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	Ref        string     `gorm:"column:ref"`
	Grade      string     `gorm:"column:grade"`
	Title      string     `gorm:"column:title"`
	Body       string     `gorm:"column:body"`
	CaseID     *string    `gorm:"column:case_id"`
	SampleID   *string    `gorm:"column:sample_id"`
	Evidence   *string    `gorm:"column:evidence"`
	OwnerID    string     `gorm:"column:owner_id"`
	DueOn      time.Time  `gorm:"column:due_on"`
	MadeBy     string     `gorm:"column:made_by"`
	MadeAt     time.Time  `gorm:"column:made_at"`
	State      string     `gorm:"column:state"`
	ClosedBy   *string    `gorm:"column:closed_by"`
	ClosedAt   *time.Time `gorm:"column:closed_at"`
	ClosedWhy  string     `gorm:"column:closed_why"`
	Reminded   int        `gorm:"column:reminded"`
	RemindedOn *time.Time `gorm:"column:reminded_on"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

type auditAnswerRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	FindingID string    `gorm:"column:finding_id"`
	Ordinal   int       `gorm:"column:ordinal"`
	PersonID  string    `gorm:"column:person_id"`
	Kind      string    `gorm:"column:kind"`
	Body      string    `gorm:"column:body"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

type errorReportRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	Ref        string     `gorm:"column:ref"`
	What       string     `gorm:"column:what"`
	CaseID     *string    `gorm:"column:case_id"`
	Body       string     `gorm:"column:body"`
	FoundOn    time.Time  `gorm:"column:found_on"`
	MadeBy     string     `gorm:"column:made_by"`
	MadeAt     time.Time  `gorm:"column:made_at"`
	State      string     `gorm:"column:state"`
	Prejudice  string     `gorm:"column:prejudice"`
	Harm       string     `gorm:"column:harm"`
	Serious    *bool      `gorm:"column:serious"`
	Reason     string     `gorm:"column:reason"`
	AssessedBy *string    `gorm:"column:assessed_by"`
	AssessedAt *time.Time `gorm:"column:assessed_at"`
	Told       string     `gorm:"column:told"`
	ToldWhy    string     `gorm:"column:told_why"`
	ToldRef    string     `gorm:"column:told_ref"`
	SettledBy  *string    `gorm:"column:settled_by"`
	SettledAt  *time.Time `gorm:"column:settled_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

func (verificationRow) TableName() string { return "verification" }
func (sampleRow) TableName() string       { return "audit_sample" }
func (sampleCaseRow) TableName() string   { return "audit_sample_case" }
func (auditFindingRow) TableName() string { return "audit_finding" }
func (auditAnswerRow) TableName() string  { return "audit_answer" }
func (errorReportRow) TableName() string  { return "error_report" }

func (r verificationRow) rowID() string { return r.ID }
func (r sampleRow) rowID() string       { return r.ID }
func (r sampleCaseRow) rowID() string   { return r.ID }
func (r auditFindingRow) rowID() string { return r.ID }
func (r auditAnswerRow) rowID() string  { return r.ID }
func (r errorReportRow) rowID() string  { return r.ID }

func (r verificationRow) rowEvent() string { return r.EventID }
func (r sampleRow) rowEvent() string       { return r.EventID }
func (r sampleCaseRow) rowEvent() string   { return r.EventID }
func (r auditFindingRow) rowEvent() string { return r.EventID }
func (r auditAnswerRow) rowEvent() string  { return r.EventID }
func (r errorReportRow) rowEvent() string  { return r.EventID }

func (verificationRow) progress() []string {
	return []string{"state", "ended_at", "size", "root", "entries", "rows", "breach", "finding", "version", "event_id"}
}
func (sampleRow) progress() []string {
	return []string{"state", "seed_note", "seed_root", "seed", "drawn", "drawn_sha256", "drawn_at", "version", "event_id"}
}
func (auditFindingRow) progress() []string {
	return []string{"state", "closed_by", "closed_at", "closed_why", "reminded", "reminded_on", "version", "event_id"}
}
func (errorReportRow) progress() []string {
	return []string{"state", "prejudice", "harm", "serious", "reason", "assessed_by", "assessed_at", "told", "told_why", "told_ref", "settled_by", "settled_at", "version", "event_id"}
}

// consoleRow gives the row of a value of the auditors' console, nil of any other.
func consoleRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *oversight.Verification:
		return &verificationRow{x.ID, string(x.AskedBy), micro(x.AskedAt), x.State, nilTime(x.EndedAt), int64(x.Size), x.Root, x.Entries, x.Rows, x.Breach, x.Finding, x.Version, string(event)}
	case *oversight.Sample:
		return fromSample(*x, event)
	case *oversight.SampleCase:
		return &sampleCaseRow{x.ID, x.Sample, x.Case, x.Stratum, x.Always, string(event)}
	case *oversight.Finding:
		return fromAuditFinding(*x, event)
	case *oversight.Answer:
		return &auditAnswerRow{x.ID, x.Finding, x.Ordinal, string(x.Person), x.Kind, x.Body.Reveal(), micro(x.At), string(event)}
	case *oversight.ErrorReport:
		return fromErrorReport(*x, event)
	}
	return nil
}

func fromSample(x oversight.Sample, event audit.EventID) *sampleRow {
	return &sampleRow{ID: x.ID, Ref: x.Ref, PlannedBy: string(x.PlannedBy), PlannedAt: micro(x.PlannedAt), FromAt: micro(x.From), ToAt: micro(x.To), Strata: strings.Join(x.Strata, ","),
		Each: x.Each, Percent: x.Percent, PopulationTree: int64(x.Tree), Population: int64(x.Population), PopulationSHA256: x.Digest, SeedTree: int64(x.Plan.Seed), Quorum: x.Quorum,
		PlanEvent: string(x.PlanEvent), State: x.State, SeedNote: x.SeedNote, SeedRoot: x.SeedRoot, Seed: x.SeedHex, Drawn: int64(x.Drawn), DrawnSHA256: x.DrawnDigest,
		DrawnAt: nilTime(x.DrawnAt), Version: x.Version, EventID: string(event)}
}

func (r sampleRow) domain() oversight.Sample {
	return oversight.Sample{Plan: sampling.Plan{ID: r.ID, From: r.FromAt.UTC(), To: r.ToAt.UTC(), Strata: strings.Split(r.Strata, ","), Each: r.Each, Percent: r.Percent,
		Tree: uint64(r.PopulationTree), Population: int(r.Population), Digest: r.PopulationSHA256, Seed: uint64(r.SeedTree), Quorum: r.Quorum},
		Ref: r.Ref, PlannedBy: identity.PersonID(r.PlannedBy), PlannedAt: r.PlannedAt.UTC(), PlanEvent: audit.EventID(r.PlanEvent), State: r.State, SeedNote: r.SeedNote, SeedRoot: r.SeedRoot,
		SeedHex: r.Seed, Drawn: int(r.Drawn), DrawnDigest: r.DrawnSHA256, DrawnAt: timeOf(r.DrawnAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func (r verificationRow) domain() *oversight.Verification {
	return &oversight.Verification{ID: r.ID, AskedBy: identity.PersonID(r.AskedBy), AskedAt: r.AskedAt.UTC(), State: r.State, EndedAt: timeOf(r.EndedAt), Size: uint64(r.Size), Root: r.Root,
		Entries: r.Entries, Rows: r.Rows, Breach: r.Breach, Finding: r.Finding, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromAuditFinding(f oversight.Finding, event audit.EventID) *auditFindingRow {
	return &auditFindingRow{f.ID, f.Ref, f.Grade, f.Title.Reveal(), f.Body.Reveal(), nilText(f.Case), nilText(f.Sample), nilText(f.Evidence), string(f.Owner), micro(f.DueOn), string(f.MadeBy), micro(f.MadeAt),
		f.State, nilText(f.ClosedBy), nilTime(f.ClosedAt), f.ClosedWhy.Reveal(), f.Reminded, nilTime(f.RemindedOn), f.Version, string(event)}
}

func (r auditFindingRow) domain() oversight.Finding {
	return oversight.Finding{ID: r.ID, Ref: r.Ref, Grade: r.Grade, Title: personal.NewText(r.Title), Body: personal.NewText(r.Body), Case: text[string](r.CaseID), Sample: text[string](r.SampleID),
		Evidence: text[audit.EventID](r.Evidence), Owner: identity.PersonID(r.OwnerID), DueOn: r.DueOn.UTC(), MadeBy: identity.PersonID(r.MadeBy), MadeAt: r.MadeAt.UTC(), State: r.State,
		ClosedBy: text[identity.PersonID](r.ClosedBy), ClosedAt: timeOf(r.ClosedAt), ClosedWhy: personal.NewText(r.ClosedWhy), Reminded: r.Reminded, RemindedOn: timeOf(r.RemindedOn),
		Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromErrorReport(x oversight.ErrorReport, event audit.EventID) *errorReportRow {
	return &errorReportRow{x.ID, x.Ref, x.What, nilText(x.Case), x.Body.Reveal(), micro(x.FoundOn), string(x.MadeBy), micro(x.MadeAt), x.State, x.Prejudice, x.Harm, x.Serious, x.Reason.Reveal(),
		nilText(x.AssessedBy), nilTime(x.AssessedAt), x.Told, x.ToldWhy.Reveal(), x.ToldRef, nilText(x.SettledBy), nilTime(x.SettledAt), x.Version, string(event)}
}

func (r errorReportRow) domain() oversight.ErrorReport {
	return oversight.ErrorReport{ID: r.ID, Ref: r.Ref, What: r.What, Case: text[string](r.CaseID), Body: personal.NewText(r.Body), FoundOn: r.FoundOn.UTC(), MadeBy: identity.PersonID(r.MadeBy),
		MadeAt: r.MadeAt.UTC(), State: r.State, Prejudice: r.Prejudice, Harm: r.Harm, Serious: r.Serious, Reason: personal.NewText(r.Reason), AssessedBy: text[identity.PersonID](r.AssessedBy),
		AssessedAt: timeOf(r.AssessedAt), Told: r.Told, ToldWhy: personal.NewText(r.ToldWhy), ToldRef: r.ToldRef, SettledBy: text[identity.PersonID](r.SettledBy), SettledAt: timeOf(r.SettledAt),
		Version: r.Version, EventID: audit.EventID(r.EventID)}
}
