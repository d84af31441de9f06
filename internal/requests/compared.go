package requests

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests/ordercompare"
)

// Comparison is what was typed about an order against what its text says, as it
// stood when a reviewer first took the case up. It never changes.
type Comparison struct {
	ID       string
	Request  ID
	Agency   identity.AgencyID
	Document DocumentID
	HasText  bool // false: a scanned page, which people compare by eye
	Found    []ordercompare.Difference
	Periods  []ordercompare.Period // nil: compared before periods were
	At       time.Time
	EventID  audit.EventID
}

// OrderReader gives the text of an order; *orderdoc.Renderer fulfils it.
type OrderReader interface {
	// Text is Invalid where a document's text cannot be read, and Unavailable where
	// it cannot be read now.
	Text(ctx context.Context, pdf []byte) (string, error)
}

// Comparisons keeps what was found.
type Comparisons interface {
	// Compared gives the comparison of a request, ok false where there is none yet.
	Compared(ctx context.Context, id ID) (c Comparison, ok bool, err error)
}

// notCompared keeps a case from being found valid before it was compared.
var notCompared = fault.New(fault.Gate, "What was typed was not yet compared with the order's text, because the document could not be read. Give the case back and claim it again.")

// compare adds to a claim the comparison of the order's text with what was typed,
// the first time. A document that nobody may open yet, or that cannot be read at
// this moment, is compared with the next claim.
func (s *Service) compare(ctx context.Context, q Request, part *change.Part) error {
	if s.Reader == nil || s.Compared == nil {
		return nil
	}
	_, there, err := s.Compared.Compared(ctx, q.ID)
	if err != nil || there {
		return err
	}
	doc, err := s.Store.Document(ctx, q.Order.Document)
	if err != nil {
		return err
	}
	text, err := s.orderText(ctx, doc)
	if err != nil {
		switch fault.KindOf(err) {
		case fault.Invalid: // it has none that can be read
		case fault.Unavailable, fault.Gate, fault.NotFound:
			return nil
		default:
			return err
		}
	}
	found, hasText := ordercompare.Compare(text, typedOf(q)), strings.TrimSpace(text) != ""
	part.Event.Facts["order_text"], part.Event.Facts["differences"] = string(legal.TriOf(hasText)), strconv.Itoa(len(found))
	compared := Comparison{ID: newID[string](), Request: q.ID, Agency: q.Agency, Document: q.Order.Document, HasText: hasText, Found: found,
		Periods: ordercompare.Periods(text, q.Order.IssuedOn, statedPeriods(q)), At: s.now()}
	part.Event.Facts["periods_unshown"] = strconv.Itoa(len(unshown(compared.asked(q.Targets))))
	part.Insert = append(part.Insert, &compared)
	return nil
}

func (s *Service) orderText(ctx context.Context, d Document) (string, error) {
	if s.Papers != nil {
		if err := s.Papers.MayOpen(ctx, d); err != nil {
			return "", err
		}
	}
	pdf, err := ReadDocument(ctx, s.Blobs, d)
	if err != nil {
		return "", err
	}
	return s.Reader.Text(ctx, pdf)
}

// typedOf is what the form says that an order can contradict.
func typedOf(q Request) ordercompare.Typed {
	t := ordercompare.Typed{Issued: q.Order.IssuedOn, Court: q.Order.IssuerName,
		Numbers:  []ordercompare.Named{{Field: "order_number", Value: q.Order.Number}},
		Statutes: []ordercompare.Named{{Field: "legal_basis", Value: q.Order.LegalBasis}, {Field: "offence_provision", Value: q.Offence.Provision}}}
	for id, text := range q.Further {
		if strings.HasSuffix(id, "_number") {
			t.Numbers = append(t.Numbers, ordercompare.Named{Field: id, Value: text})
		}
	}
	slices.SortFunc(t.Numbers[1:], func(a, b ordercompare.Named) int { return strings.Compare(a.Field, b.Field) })
	for _, x := range q.Targets {
		t.Targets = append(t.Targets, ordercompare.Target{Ref: x.Ref(), Kind: x.Kind, Value: x.Identifier.Reveal()})
	}
	return t
}

// Differences gives where the order says something else than what is still asked.
func (c Case) Differences() (out []ordercompare.Difference) {
	if c.Compared == nil {
		return nil
	}
	dropped := map[string]bool{}
	for _, t := range c.Request.Targets {
		dropped[t.Ref()] = t.Dropped()
	}
	for _, d := range c.Compared.Found {
		if !dropped[d.Field] {
			out = append(out, d)
		}
	}
	return out
}

// formCheck is the check at which a person decides on differences and on periods.
const formCheck = "VC-09"

// compareDecided refuses to find a case valid before somebody has said, since the
// order was compared, that what was typed is right although the order says something
// else, and where in it a period stands that its text does not show.
func (c Case) compareDecided() error {
	if c.Compared == nil {
		return notCompared
	}
	said := c.formAnswer()
	passed := said.Result == string(legal.Pass)
	switch {
	case len(c.Differences()) > 0 && !passed:
		return fault.New(fault.Gate, "The order says something else than was typed. Decide on it at the check of the form before you find the case valid.")
	case len(c.UnshownPeriods()) > 0 && (!passed || said.Place == ""):
		return fault.New(fault.Gate, "The text of the order does not show a period that was typed. Look it up, and give its place at the check of the form, before you find the case valid.")
	}
	return nil
}

// formAnswer gives what a person said last at the check of the form since the order
// was compared, the zero answer where nobody did.
func (c Case) formAnswer() (last Answer) {
	for _, a := range c.Answers { // the oldest first
		if a.Check == formCheck && !a.Automatic && !a.At.Before(c.Compared.At) {
			last = a
		}
	}
	return last
}

// contradictions names the differences for the law, by field and place alone, and the
// periods that the order's text does not show.
func (c Case) contradictions() (out []string) {
	for _, d := range c.Differences() {
		out = append(out, d.Field+" "+Place{Page: d.Page, Line: d.Line}.String())
	}
	for _, p := range c.UnshownPeriods() {
		out = append(out, strings.TrimSpace("period "+p.Refs[0]+" "+string(p.Shown)+" "+Place{Page: p.Page, Line: p.Line}.String()))
	}
	return out
}
