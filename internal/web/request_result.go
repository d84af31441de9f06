package web

import (
	"strings"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// outcomeTones give each outcome its colour.
var outcomeTones = map[string]Tone{
	"pending": Info, string(requests.Produce): Good, string(requests.Narrow): Caution, string(requests.Refuse): Danger, string(requests.NotHeld): Plain, requests.Taken: Danger, "none": Plain,
}

// outcomeOf says in one word what became of a category of a target, as the
// agency may know it: nothing was decided in a case that ended before that.
func outcomeOf(cs requests.Case, t requests.Target, cat requests.Category) string {
	switch cs.Request.State {
	case requests.Withdrawn, requests.Expired:
		return "none"
	case requests.NoData:
		return string(requests.NotHeld)
	case requests.Refused:
		if o := cs.Outcome(t, cat); o == string(requests.NotHeld) {
			return o
		}
		return string(requests.Refuse)
	}
	return cs.Outcome(t, cat)
}

// results lists what became of each category of each account, with the reasons
// and what would cure them.
func (s *Server) results(c *Ctx, cs requests.Case) Table {
	t := Table{Caption: c.T("results.caption"), Columns: []Column{{Text: c.T("results.account")}, {Text: c.T("results.category")}, {Text: c.T("results.outcome")}, {Text: c.T("results.why")}}}
	for _, target := range cs.Request.Targets {
		for _, cat := range requests.Categories {
			if target.Wants(cat) {
				t.Rows = append(t.Rows, s.resultRow(c, cs, target, cat))
			} else if target.Signed.Wants(cat) {
				t.Rows = append(t.Rows, c.droppedRow(target, cat))
			}
		}
	}
	return t
}

// droppedRow is a kind of data that the agency took out of its request.
func (c *Ctx) droppedRow(t requests.Target, cat requests.Category) []Cell {
	badge := Badge{c.T("outcome.dropped"), Plain}
	return []Cell{c.targetCell(t), {Text: c.T("category." + string(cat))}, {Badge: &badge}, {Text: c.T("outcome.dropped.text")}}
}

func (s *Server) resultRow(c *Ctx, cs requests.Case, t requests.Target, cat requests.Category) []Cell {
	outcome := outcomeOf(cs, t, cat)
	why := Cell{Text: c.T("outcome." + outcome + ".text")}
	d, decided := cs.Decision(t.ID, cat)
	if decided && outcome == string(requests.Narrow) {
		why = Cell{Text: c.T("results.narrowed", "from", c.Moment(d.From), "to", c.Moment(d.To))}
	}
	if outcome == string(requests.Refuse) || outcome == string(requests.Narrow) {
		s.explain(c, &why, reasonCodes(cs, d, outcome))
	}
	badge := Badge{c.T("outcome." + outcome), outcomeTones[outcome]}
	return []Cell{c.targetCell(t), {Text: c.T("category." + string(cat))}, {Badge: &badge}, why}
}

// reasonCodes are the codes for which something was withheld. What was decided
// to be produced and still did not leave lacked a confirmed violation.
func reasonCodes(cs requests.Case, d requests.Decision, outcome string) []string {
	switch {
	case len(d.Reasons) > 0:
		return d.Reasons
	case len(cs.Request.Refusals) > 0:
		return cs.Request.Refusals
	}
	return nil
}

// explain puts the words of the codes into a cell, and below them what would
// make the request valid.
func (s *Server) explain(c *Ctx, cell *Cell, codes []string) {
	var texts, cures []string
	for _, code := range codes {
		if r := s.cfg.Services.Law.Refusal(legal.RefusalCode(code)); r != nil {
			texts, cures = append(texts, c.Law("refusal."+code, r.Text)+" ("+code+")"), append(cures, c.Law("refusal."+code+".cure", r.Cure))
		}
	}
	if len(texts) == 0 {
		return
	}
	if cell.Text != "" {
		texts = append([]string{cell.Text}, texts...)
	}
	cell.Text = strings.Join(texts, " ")
	cell.Note = c.T("results.cure", "cure", strings.Join(cures, " "))
}
