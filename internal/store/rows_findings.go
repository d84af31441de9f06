package store

import (
	"encoding/json"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/violations"
)

// Row structs of migrations/0021_findings.sql: findings that were brought.

type findingImportRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	How        string    `gorm:"column:how"`
	MadeBy     *string   `gorm:"column:made_by"`
	Machine    string    `gorm:"column:machine"`
	Key        string    `gorm:"column:key"`
	BodySHA256 string    `gorm:"column:body_sha256"`
	Total      int       `gorm:"column:total"`
	Accepted   int       `gorm:"column:accepted"`
	Known      int       `gorm:"column:known"`
	Faults     string    `gorm:"column:faults"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

type findingOriginRow struct {
	ID          string  `gorm:"column:id;primaryKey"`
	ImportID    string  `gorm:"column:import_id"`
	ExternalRef string  `gorm:"column:external_ref"`
	MadeBy      *string `gorm:"column:made_by"`
	EventID     string  `gorm:"column:event_id"`
}

func (findingImportRow) TableName() string { return "finding_import" }
func (findingOriginRow) TableName() string { return "finding_origin" }

func (r findingImportRow) rowID() string { return r.ID }
func (r findingOriginRow) rowID() string { return r.ID }

func (r findingImportRow) rowEvent() string { return r.EventID }
func (r findingOriginRow) rowEvent() string { return r.EventID }

// findingRowOf gives the row of a value that brings findings, nil of others.
func findingRowOf(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *violations.Import:
		return fromImport(*x, event)
	case *violations.Origin:
		return &findingOriginRow{x.Finding, x.Import, x.Reference, nilText(x.By), string(event)}
	}
	return nil
}

func fromImport(i violations.Import, event audit.EventID) *findingImportRow {
	faults, err := json.Marshal(i.Faults)
	if err != nil {
		panic(err) // numbers and texts always marshal
	}
	return &findingImportRow{i.ID, i.How, nilText(i.By), i.Machine, i.Key, i.Body, i.Total, i.Accepted, i.Known, string(faults), micro(i.At), string(event)}
}

func (r findingImportRow) domain() (violations.Import, error) {
	i := violations.Import{ID: r.ID, How: r.How, By: text[identity.PersonID](r.MadeBy), Machine: r.Machine, Key: r.Key, Body: r.BodySHA256, Total: r.Total, Accepted: r.Accepted,
		Known: r.Known, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
	return i, json.Unmarshal([]byte(r.Faults), &i.Faults)
}
