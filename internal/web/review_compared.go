package web

import (
	"strings"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// compared shows where the order's text says something else than what was typed,
// nil where it does not.
func (w *workbench) compared() *Table {
	c, found := w.c, w.cs.Differences()
	if len(found) == 0 {
		return nil
	}
	t := Table{Caption: c.T("compared.table"), Columns: []Column{{Text: c.T("compared.field")}, {Text: c.T("compared.typed")}, {Text: c.T("compared.says")}, {Text: c.T("compared.where")}}}
	for _, d := range found {
		place, href := c.placeWords(requests.Place{Page: d.Page, Line: d.Line}.String())
		t.Rows = append(t.Rows, []Cell{{Text: w.fieldName(d.Field)}, {Code: d.Typed}, {Code: d.Says}, {Text: place, Href: href}})
	}
	return &t
}

// fieldName names a field of the form, or an account.
func (w *workbench) fieldName(field string) string {
	key := "request.f." + field
	switch {
	case w.c.srv.words.has(key):
		return w.c.T(key)
	case strings.HasPrefix(field, "t"):
		return w.aboutTarget(field)
	}
	if law := w.s.cfg.Services.Law.Field(legal.FieldID(field)); law != nil {
		return upper(w.c.Law("field."+field, law.Label))
	}
	return field
}

// comparedFact says whether the order was compared with what was typed.
func (w *workbench) comparedFact() []Fact {
	c, done := w.c, w.cs.Compared
	text := c.T("compared.fact.not_yet")
	switch {
	case w.s.cfg.Services.Sheets == nil:
		return nil
	case done != nil && !done.HasText:
		text = c.T("compared.fact.no_text")
	case done != nil && len(w.cs.Differences()) > 0:
		text = c.T("compared.fact.some", "n", len(w.cs.Differences()))
	case done != nil && len(w.cs.UnshownPeriods()) > 0:
		text = c.T("compared.fact.periods")
	case done != nil:
		text = c.T("compared.fact.none")
	}
	return []Fact{{Name: c.T("compared.fact"), Cell: Cell{Text: text}}}
}
