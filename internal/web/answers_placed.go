package web

import (
	"slices"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// placedPart is what people answered to the checks, each with its place in the order,
// and the order's pages with the places drawn over them; for those who look at a case
// and do not answer. Notes are for auditors alone among them; the order's number stands
// on the page itself, which is a look on record.
type placedPart struct {
	Answers Table
	Sheets  sheetsPart
}

// placed gives the answers of a case with their places; base is where the order's
// pages lie for the reader. by are the names of people for who may also read who gave each
// answer and what they noted, nil for others.
func (s *Server) placed(c *Ctx, cs requests.Case, zone *time.Location, base string, by *names) placedPart {
	p := placedPart{Answers: s.placedAnswers(c, cs, zone, by), Sheets: s.sheetsOf(c, cs, zone, base)}
	for i := range p.Sheets.Sheets {
		sheet := &p.Sheets.Sheets[i]
		sheet.Alt = c.T("placed.sheet", "n", i+1, "ref", cs.Request.Ref)
		sheet.Lazy = true // nobody has looked at a page that was not shown
		for j := range sheet.Pins {
			sheet.Pins[j].Href = "#answers"
		}
	}
	return p
}

func (s *Server) placedAnswers(c *Ctx, cs requests.Case, zone *time.Location, by *names) Table {
	t := Table{Caption: c.T("placed.answers"), Empty: Empty{Title: c.T("placed.none")}, Columns: []Column{{Text: c.T("placed.check")}, {Text: c.T("placed.answer")}, {Text: c.T("review.place")}, {Text: c.T("placed.by")}}}
	process, err := c.law().Process(legal.ProcessID(cs.Request.Process.ID), cs.Request.Process.Version)
	question := func(check string) string {
		if err == nil {
			if x := c.law().Checklist(process).Check(legal.CheckID(check)); x != nil {
				return x.Question
			}
		}
		return ""
	}
	for _, a := range cs.Latest() {
		if a.Automatic {
			continue
		}
		at := When{a.At, zone}
		place, href := c.placeWords(a.Place)
		row := []Cell{{Code: strings.TrimSpace(a.Check + " " + a.Target), Note: question(a.Check)}, {Text: c.T("review.result." + a.Result)}, {Text: word(place, "–"), Href: href}, {When: &at, Note: c.T("role." + a.As)}}
		if by != nil {
			row[3].Note = by.name(identity.PersonID(a.By)) + ", " + c.T("role."+a.As)
			row = slices.Insert(row, 3, Cell{Text: word(a.Note.Reveal(), "–")})
		}
		t.Rows = append(t.Rows, row)
	}
	if by != nil {
		t.Columns = slices.Insert(t.Columns, 3, Column{Text: c.T("audit_asked.note")})
	}
	return t
}
