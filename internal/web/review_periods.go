package web

import (
	"strings"

	"lerd/internal/requests"
	"lerd/internal/requests/ordercompare"
)

// periodsPart is what the order's text shows of each period of the form.
type periodsPart struct {
	Table   Table
	Unshown bool // a person has to look one up
}

// shownTones give what an order shows of a period its colour.
var shownTones = map[ordercompare.Shown]Tone{
	ordercompare.Found: Good, ordercompare.Ambiguous: Caution, ordercompare.Wider: Caution, ordercompare.Hours: Danger, ordercompare.Other: Danger, ordercompare.Missing: Caution,
}

// periods sets each period of the form beside what the order's text shows of it, nil
// where nothing was compared.
func (w *workbench) periods() *periodsPart {
	c, list := w.c, w.cs.ComparedPeriods()
	if len(list) == 0 {
		return nil
	}
	p := &periodsPart{Unshown: len(w.cs.UnshownPeriods()) > 0}
	p.Table = Table{Caption: c.T("compared.periods"), Columns: []Column{{Text: c.T("compared.typed")}, {Text: c.T("compared.period.shown")}, {Text: c.T("compared.says")}, {Text: c.T("compared.where")}}}
	for _, x := range list {
		place, href := c.placeWords(requests.Place{Page: x.Page, Line: x.Line}.String())
		typed := Cell{Code: x.Typed, Note: w.aboutTargets(x.Refs)}
		if x.Typed == "" {
			typed.Text = c.T("compared.period.unread")
		}
		p.Table.Rows = append(p.Table.Rows, []Cell{typed, {Badge: &Badge{c.T("compared.period." + string(x.Shown)), shownTones[x.Shown]}}, {Code: x.Says}, {Text: place, Href: href}})
	}
	return p
}

// mostNamed are the accounts of one period that are named one by one.
const mostNamed = 3

// aboutTargets names the accounts of a period.
func (w *workbench) aboutTargets(refs []string) string {
	if len(refs) > mostNamed {
		return w.c.T("compared.period.accounts", "n", len(refs))
	}
	var out []string
	for _, ref := range refs {
		out = append(out, w.aboutTarget(ref))
	}
	return strings.Join(out, ", ")
}
