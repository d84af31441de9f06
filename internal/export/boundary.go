package export

import (
	"bytes"
	"errors"

	"lerd/internal/fault"
)

// boundary holds each record against what was approved for its subject and
// category. It is the last place where an over-disclosing source is stopped; a
// record that does not belong ends the export with fault.Gate, and the staging
// folder is thrown away.
type boundary struct {
	request  string
	allowed  map[outcomeKey]*Outcome
	queries  map[string]bool
	accounts map[string]string // subject → the account of its records
	counts   map[outcomeKey]int64
	last     approved
}

// approved is the last record that passed: what holds for it holds for the next
// one of the same subject, account, query and category.
type approved struct {
	ref
	outcome *Outcome
	count   int64 // records since; counts has those before
}

func newBoundary(h Header, ds []Derivation) boundary {
	b := boundary{request: h.Request.Ref, allowed: map[outcomeKey]*Outcome{}, queries: map[string]bool{},
		accounts: map[string]string{}, counts: map[outcomeKey]int64{}}
	for i := range h.Outcomes {
		o := &h.Outcomes[i]
		if o.Applied != nil {
			b.allowed[o.key()] = o
		}
		if o.Account != "" {
			b.accounts[o.SubjectRef] = o.Account
		}
	}
	for _, d := range ds {
		b.queries[d.QueryID] = true
	}
	return b
}

// Breach is a record that would have left and must not. It names the rule, never
// the data; whoever gets one tells the auditors.
type Breach struct{ Rule string }

// Error names the rule.
func (b *Breach) Error() string { return "a record that must not leave: " + b.Rule }

// AsBreach gives the breach in err, if there is one.
func AsBreach(err error) (*Breach, bool) {
	var b *Breach
	ok := errors.As(err, &b)
	return b, ok
}

func outside(record, what string) error {
	return fault.Because(fault.Gate, &Breach{what}, "The record %s is outside what was approved (%s). Nothing was exported.", record, what)
}

// canary sees that a line holds none of the values that must never appear.
func (m *Maker) canary(line []byte) error {
	for _, c := range m.Canaries {
		if c != "" && bytes.Contains(line, []byte(c)) {
			return fault.Because(fault.Gate, &Breach{"canary value"}, "A record holds a value that must never appear. Nothing was exported.")
		}
	}
	return nil
}

// ref is what every record has.
type ref struct{ record, request, subject, account, query, category string }

// check gives the outcome under which a record may leave.
func (b *boundary) check(r *ref) (*Outcome, error) {
	was := &b.last
	if was.outcome != nil && r.subject == was.subject && r.account == was.account && r.query == was.query &&
		r.category == was.category && r.request == was.request {
		was.count++
		return was.outcome, nil
	}
	o, err := b.checkAnew(r)
	if err == nil {
		b.settle()
		*was = approved{ref: *r, outcome: o, count: 1}
	}
	return o, err
}

func (b *boundary) checkAnew(r *ref) (*Outcome, error) {
	o := b.allowed[outcomeKey{r.subject, r.category}]
	switch {
	case r.request != b.request:
		return nil, outside(r.record, "another request")
	case o == nil:
		return nil, outside(r.record, "category "+r.category+" of this subject")
	case !b.queries[r.query]:
		return nil, outside(r.record, "no known query found it")
	}
	if was, ok := b.accounts[r.subject]; ok && was != r.account {
		return nil, outside(r.record, "another account")
	}
	b.accounts[r.subject] = r.account
	return o, nil
}

// settle adds the records since the last change of subject to the counts.
func (b *boundary) settle() {
	if b.last.outcome != nil {
		b.counts[outcomeKey{b.last.subject, b.last.category}] += b.last.count
		b.last = approved{}
	}
}

func (b *boundary) phone(p *PhoneRecord) error {
	o, err := b.check(&ref{p.RecordID, p.RequestRef, p.SubjectRef, p.AccountID, p.QueryID, CategoryPhone})
	if err != nil {
		return err
	}
	before := !p.ValidTo.At.IsZero() && !p.ValidTo.At.After(o.Applied.From)
	after := !p.ValidFrom.At.IsZero() && !p.ValidFrom.At.Before(o.Applied.To)
	if before || after {
		return outside(p.RecordID, "another period")
	}
	return nil
}

func (b *boundary) ip(p *IPRecord) error {
	o, err := b.check(&ref{p.RecordID, p.RequestRef, p.SubjectRef, p.AccountID, p.QueryID, CategoryIP})
	if err != nil {
		return err
	}
	if p.EventTime.At.Before(o.Applied.From) || !p.EventTime.At.Before(o.Applied.To) {
		return outside(p.RecordID, "another period")
	}
	return nil
}
