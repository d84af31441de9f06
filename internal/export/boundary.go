package export

import (
	"slices"

	"lerd/internal/fault"
)

// boundary holds each record against what was approved. It is the last place
// where an over-disclosing source is stopped; a record that does not belong
// ends the export with fault.Gate, and the staging folder is thrown away.
type boundary struct {
	scope    Scope
	request  string
	subjects map[string]bool
	queries  map[string]bool
}

func newBoundary(h Header, ds []Derivation) boundary {
	b := boundary{scope: h.ScopeApplied, request: h.Request.Ref, subjects: map[string]bool{}, queries: map[string]bool{}}
	for _, s := range h.ScopeApplied.Subjects {
		b.subjects[s] = true
	}
	for _, d := range ds {
		b.queries[d.QueryID] = true
	}
	return b
}

func outside(record, what string) error {
	return fault.New(fault.Gate, "The record %s is outside what was approved (%s). Nothing was exported.", record, what)
}

// ref is what every record has.
type ref struct{ record, request, subject, query, category string }

func (b *boundary) check(r ref) error {
	switch {
	case !slices.Contains(b.scope.Categories, r.category):
		return outside(r.record, "category "+r.category)
	case r.request != b.request:
		return outside(r.record, "another request")
	case !b.subjects[r.subject]:
		return outside(r.record, "another subject")
	case !b.queries[r.query]:
		return outside(r.record, "no known query found it")
	}
	return nil
}

func (b *boundary) phone(p *PhoneRecord) error {
	if err := b.check(ref{p.RecordID, p.RequestRef, p.SubjectRef, p.QueryID, CategoryPhone}); err != nil {
		return err
	}
	before := !p.ValidTo.At.IsZero() && !p.ValidTo.At.After(b.scope.Period.From)
	after := !p.ValidFrom.At.IsZero() && !p.ValidFrom.At.Before(b.scope.Period.To)
	if before || after {
		return outside(p.RecordID, "another period")
	}
	return nil
}

func (b *boundary) ip(p *IPRecord) error {
	if err := b.check(ref{p.RecordID, p.RequestRef, p.SubjectRef, p.QueryID, CategoryIP}); err != nil {
		return err
	}
	if p.EventTime.At.Before(b.scope.Period.From) || !p.EventTime.At.Before(b.scope.Period.To) {
		return outside(p.RecordID, "another period")
	}
	return nil
}
