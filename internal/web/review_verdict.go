package web

import (
	"slices"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// verdictPart is what follows from the checks; it stays in sight.
type verdictPart struct {
	Outcome Badge
	Means   string // a sentence: what can be done now
	Lines   []verdictLine
	Codes   []string
	Broken  string // why no verdict can be derived
}

// verdictLine names checks by what they do to the verdict.
type verdictLine struct {
	Text   string
	Checks []NavItem
}

var verdictTones = map[legal.Outcome]Tone{
	legal.Qualified: Good, legal.Refused: Danger, legal.NeedsInformation: Caution, legal.LegalConflict: Caution, legal.Undecided: Info,
}

func (w *workbench) verdict(v legal.Verdict) verdictPart {
	c := w.c
	p := verdictPart{Outcome: Badge{c.T("review.verdict." + string(v.Outcome)), verdictTones[v.Outcome]}, Means: c.T("review.verdict." + string(v.Outcome) + ".means"), Codes: w.codeWords(v.Codes)}
	if v.NoData {
		p.Means = c.T("review.verdict.no_data")
	}
	for _, line := range []struct {
		key    string
		result legal.Result
		ids    []legal.CheckID
	}{{"open", legal.Open, v.Open}, {"failing", legal.Fail, v.Failing}, {"asking", legal.NeedsInfo, asking(v)}, {"pending", legal.Pending, v.Pending}} {
		if len(line.ids) == 0 {
			continue
		}
		l := verdictLine{Text: c.T("review.verdict.line."+line.key, "n", len(line.ids))}
		for _, id := range line.ids {
			l.Checks = append(l.Checks, NavItem{Text: string(id), Href: "#" + elementOf(v, id, line.result)})
		}
		p.Lines = append(p.Lines, l)
	}
	return p
}

// asking lists the checks for which the authority has to be asked.
func asking(v legal.Verdict) []legal.CheckID {
	var out []legal.CheckID
	for _, res := range v.Results {
		if res.Result == legal.NeedsInfo && !slices.Contains(out, res.Check) {
			out = append(out, res.Check)
		}
	}
	return out
}

// elementOf gives the id of the element that shows a check with a result.
func elementOf(v legal.Verdict, id legal.CheckID, result legal.Result) string {
	for _, res := range v.Results {
		if res.Check == id && res.Result == result {
			name := "check-" + checkKey(string(id), res.Target)
			if res.Category != "" {
				name += "-" + string(res.Category)
			}
			return name
		}
	}
	return "check-" + string(id)
}

// statementPart is what the officer will read, or has read.
type statementPart struct {
	Title, Lead string
	Text        []string
	Table       Table
}

// statement previews the statement of reasons: the text, and line by line what
// becomes of each kind of data.
func (w *workbench) statement(v legal.Verdict) statementPart {
	c, q := w.c, w.cs.Request
	t := Table{Caption: c.T("review.statement.caption"), Columns: []Column{{Text: c.T("results.account")}, {Text: c.T("results.category")}, {Text: c.T("results.outcome")}, {Text: c.T("results.why")}}}
	if !q.Reasons.Empty() || q.Verdict != "" {
		return statementPart{Title: c.T("review.statement.kept"), Lead: c.T("review.statement.kept.lead"), Text: paragraphs(q.Reasons.Reveal()), Table: w.s.results(c, w.cs)}
	}
	for _, item := range v.Items {
		for _, target := range q.Targets {
			if target.Ref() == item.Target {
				t.Rows = append(t.Rows, w.previewRow(target, item))
			}
		}
	}
	if sv := w.s.cfg.Services.Bench; sv != nil {
		if seen, ok := sv.Foresee(c.Ctx(), w.cs, v); ok {
			return statementPart{Title: c.T("review.statement"), Lead: c.T("review.statement.lead." + string(v.Outcome)), Text: paragraphs(seen.Request.Reasons.Reveal()), Table: w.s.results(c, seen)}
		}
	}
	return statementPart{Title: c.T("review.statement"), Lead: c.T("review.statement.lead." + string(v.Outcome)), Text: paragraphs(w.s.cfg.Services.Review.Statement(w.cs, v)), Table: t}
}

func (w *workbench) previewRow(t requests.Target, item legal.Item) []Cell {
	c := w.c
	badge := Badge{c.T("review.action." + string(item.Action)), actionTones[item.Action]}
	why := Cell{}
	var codes []string
	for _, code := range item.Codes {
		codes = append(codes, string(code))
	}
	w.s.explain(c, &why, codes)
	if why.Text == "" {
		why.Text = c.T("review.preview." + string(item.Action))
	}
	if d, ok := w.cs.Decision(t.ID, requests.Category(item.Category)); ok && item.Action == legal.Narrow && d.Outcome == requests.Narrow {
		why.Text = c.T("results.narrowed", "from", c.Moment(d.From), "to", c.Moment(d.To)) + " " + why.Text
	}
	return []Cell{c.targetCell(t), {Text: c.T("category." + string(item.Category))}, {Badge: &badge}, why}
}
