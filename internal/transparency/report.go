package transparency

import (
	"bytes"
	"encoding/json"

	"lerd/internal/audit"
)

// Schema names the form of a report's JSON.
const Schema = "lerd/transparency/v1"

// Names of a report's files.
const (
	ReportName      = "report.json"
	TableName       = "report.csv"
	DSAName         = "dsa-orders.csv"
	EvidenceName    = "e-evidence.csv"
	DefinitionsName = "definitions.csv"
	SealName        = "report.note"
	OpeningsName    = "openings.tsv"
	SchemaName      = "report.schema.json"
)

// Report is what is published of a period.
type Report struct {
	Schema   string  `json:"schema"`
	Period   string  `json:"period"`
	From     string  `json:"from"`    // the first day, UTC
	To       string  `json:"to"`      // the first day after it
	CutOff   string  `json:"cut_off"` // what happened from here on is not counted
	Interim  bool    `json:"interim"` // made before the log reached over the cut-off: not to be published
	Edition  int     `json:"edition"`
	Replaces string  `json:"replaces"` // SHA-256 of the earlier edition's report.json; empty: none
	Why      string  `json:"why"`      // code of the reason for a further edition
	Log      LogHead `json:"log"`
	// Origins and Gaps are empty while the log has lost nothing.
	Origins []Stretch `json:"origins,omitempty"` // under which the entries stand that were counted
	Gaps    []Gap     `json:"gaps,omitempty"`    // losses which can be of this period
	Tables  []Table   `json:"tables"`
	Rules   Rules     `json:"rules"`
}

// LogHead is the checkpoint that a report was computed at.
type LogHead struct {
	Origin string     `json:"origin"`
	Size   uint64     `json:"size"`
	Root   audit.Hash `json:"root"`
}

// Checkpoint gives it as the log's own type.
func (h LogHead) Checkpoint() audit.Checkpoint {
	return audit.Checkpoint{Origin: h.Origin, Size: h.Size, Root: h.Root}
}

// Table is one table of figures. A cell is null where it is withheld.
type Table struct {
	ID       string   `json:"id"`
	Cohort   string   `json:"cohort"` // received, decided, happened: which cases of the period
	Unit     string   `json:"unit"`   // requests, accounts, items, events, minutes
	Rows     string   `json:"rows"`   // what a row is: all, country, process, category, reason
	Columns  []string `json:"columns"`
	Withheld bool     `json:"withheld"` // too few cases: nothing is shown
	Partial  bool     `json:"partial"`  // rows that are too small are left out, and so is the total
	Lines    []Line   `json:"lines"`
}

// Line is a row of a table.
type Line struct {
	Key   string `json:"key"`
	Cells []*int `json:"cells"`
}

// Table gives a table, or nil.
func (r *Report) Table(id string) *Table { return tableOf(r.Tables, id) }

func tableOf(tables []Table, id string) *Table {
	for i := range tables {
		if tables[i].ID == id {
			return &tables[i]
		}
	}
	return nil
}

// Line gives a row, or nil.
func (t *Table) Line(key string) *Line {
	for i := range t.Lines {
		if t.Lines[i].Key == key {
			return &t.Lines[i]
		}
	}
	return nil
}

// Cell gives a figure, nil where it is withheld or not there.
func (t *Table) Cell(key, column string) *int {
	l := t.Line(key)
	for i, c := range t.Columns {
		if l != nil && c == column {
			return l.Cells[i]
		}
	}
	return nil
}

// Encode gives the report's one form.
func (r *Report) Encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(r); err != nil {
		panic(err) // strings and numbers always marshal
	}
	return b.Bytes()
}

// ParseReport reads a report and refuses every form but the one that Encode gives.
func ParseReport(b []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, &Finding{Code: Malformed, File: ReportName, Reason: "it is not JSON of its form", Err: err}
	}
	if r.Schema != Schema || !bytes.Equal(r.Encode(), b) {
		return nil, &Finding{Code: Malformed, File: ReportName, Reason: "it is not in its one form of " + Schema}
	}
	return &r, nil
}

func known(n int) *int { return &n }
