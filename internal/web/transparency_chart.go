package web

import "lerd/internal/transparency"

// Chart is bars drawn as SVG, with a title and a description for those who do not
// see it (partial "chart"). The same figures stand in a table of the page.
type Chart struct {
	ID, Title, Desc string
	Width, Height   int
	Bars            []Bar
}

// Bar is one bar with its words above it and its value beside it, in the chart's
// units. Value and words are on lines of their own, so that the longest of both fit
// in every language.
type Bar struct {
	Text, Value         string
	TextY, BarY, ValueY int
	Length              int
	Thick, Full         int // the bar's thickness, and the length of the longest
	End                 int // where the value's words end
}

// The chart's measures: a phone shows it as it is.
const (
	chartWidth = 340
	barFull    = 232
	barStep    = 42
	barThick   = 12
	maxBars    = 12
)

// reportCharts draws what became of the requests, and who asked.
func (c *Ctx) reportCharts(r *transparency.Report) []Chart {
	var out []Chart
	if t := r.Table("received_by_country"); t != nil && len(t.Lines) > 0 {
		var outcomes, countries []figure
		for j, col := range t.Columns[1:] {
			outcomes = append(outcomes, figure{c.T("report.c." + col), t.Lines[0].Cells[j+1]})
		}
		for _, l := range t.Lines[1:] {
			countries = append(countries, figure{c.rowWords("country", l.Key), l.Cells[0]})
		}
		out = append(out, c.bars("outcomes", outcomes))
		if len(countries) > 0 {
			out = append(out, c.bars("countries", largest(countries)))
		}
	}
	return out
}

// figure is a number with its words; nil is withheld.
type figure struct {
	text string
	n    *int
}

// largest gives the largest figures, in order.
func largest(list []figure) []figure {
	out := append([]figure(nil), list...)
	for i := range out {
		for j := i; j > 0 && lengthOf(out[j].n) > lengthOf(out[j-1].n); j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out[:min(len(out), maxBars)]
}

func lengthOf(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

// bars draws one bar for each figure, the longest as wide as the chart.
func (c *Ctx) bars(id string, list []figure) Chart {
	most := 1
	for _, f := range list {
		most = max(most, lengthOf(f.n))
	}
	chart := Chart{ID: "chart-" + id, Title: c.T("report.chart." + id), Desc: c.T("report.chart." + id + ".desc"), Width: chartWidth, Height: barStep*len(list) + 4}
	for i, f := range list {
		b := Bar{Text: f.text, Value: c.figureWords("requests", f.n), TextY: i*barStep + 14, BarY: i*barStep + 21, ValueY: i*barStep + 31, Thick: barThick, Full: barFull, End: chartWidth}
		if f.n != nil {
			b.Length = max(*f.n*barFull/most, min(*f.n, 1))
		}
		chart.Bars = append(chart.Bars, b)
	}
	return chart
}
