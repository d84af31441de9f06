package transparency

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"strconv"
	"strings"
)

// Files gives every file of a report by its name, but for its seal.
func (r *Report) Files() map[string][]byte {
	return map[string][]byte{
		ReportName: r.Encode(), TableName: r.csv(), DSAName: r.dsa(), EvidenceName: r.evidence(),
		DefinitionsName: r.definitions(), SchemaName: r.schema(),
	}
}

// sheet writes rows of text. SPEC: RFC 4180, UTF-8.
func sheet(rows [][]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.WriteAll(rows); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// cell gives a figure's text and whether it is shown.
func cell(n *int) (value, status string) {
	if n == nil {
		return "", "withheld"
	}
	return strconv.Itoa(*n), "exact"
}

// csv has a row for each figure, after rows which say what is missing.
func (r *Report) csv() []byte {
	rows := [][]string{{"period", "edition", "table", "cohort", "unit", "rows", "row", "column", "value", "status"}}
	edition := strconv.Itoa(r.Edition)
	for _, g := range r.Gaps {
		for _, part := range [][2]string{{"first_entry", orUnknown(g.First)}, {"last_entry", orUnknown(g.Last)}, {"after", cmp.Or(g.After, unknown)}, {"until", g.Until}} {
			rows = append(rows, []string{r.Period, edition, "gaps", "", "entries", "origin", g.Origin, part[0], part[1], "missing"})
		}
	}
	for _, s := range r.Origins {
		for _, part := range [][2]string{{"first_entry", strconv.FormatUint(s.First, 10)}, {"last_entry", strconv.FormatUint(s.Last, 10)}} {
			rows = append(rows, []string{r.Period, edition, "origins", "", "entries", "origin", s.Origin, part[0], part[1], "exact"})
		}
	}
	for _, t := range r.Tables {
		if t.Withheld {
			rows = append(rows, []string{r.Period, edition, t.ID, t.Cohort, t.Unit, t.Rows, "", "", "", "withheld"})
		}
		for _, l := range t.Lines {
			for j, c := range t.Columns {
				value, status := cell(l.Cells[j])
				rows = append(rows, []string{r.Period, edition, t.ID, t.Cohort, t.Unit, t.Rows, l.Key, c, value, status})
			}
		}
	}
	return sheet(rows)
}

func (r *Report) definitions() []byte {
	rows := [][]string{{"id", "definition"}}
	for _, d := range r.Rules.Definitions {
		rows = append(rows, []string{d.ID, d.Text})
	}
	return sheet(rows)
}

// dsa has the rows about orders of the template for reports under the DSA: number
// of orders to provide information by Member State and category, and the median
// times to inform of the receipt and to give effect. Orders to act against content
// do not come to lerd.
// LAW: (EU) 2022/2065 Art. 15(1)(a); (EU) 2024/2835 Annex I (names of rows from
// memory: to be compared with the Annex).
func (r *Report) dsa() []byte {
	rows := [][]string{{"period", "scope", "category", "indicator", "unit", "value", "status"}}
	add := func(scope, category, indicator, unit string, n *int) {
		value, status := cell(n)
		rows = append(rows, []string{r.Period, scope, category, indicator, unit, value, status})
	}
	if t := r.Table("dsa_orders"); t != nil {
		if r.silent(t) {
			add(Everything, Everything, "orders_to_provide_information_article_10", "orders", nil)
		}
		for _, l := range t.Lines {
			for j, c := range t.Columns {
				add(l.Key, strings.Replace(c, "total", Everything, 1), "orders_to_provide_information_article_10", "orders", l.Cells[j])
			}
		}
	}
	for _, id := range []string{"dsa_times_by_country", "dsa_times_by_category"} {
		t := r.Table(id)
		for _, l := range t.Lines {
			scope, category := l.Key, Everything
			if id == "dsa_times_by_category" {
				scope, category = Everything, l.Key
			}
			add(scope, category, "median_time_to_inform_of_receipt", "minutes", l.Cells[0])
			add(scope, category, "median_time_to_give_effect", "minutes", l.Cells[2])
		}
	}
	rows = append(rows, []string{r.Period, Everything, Everything, "orders_to_act_against_illegal_content_article_9", "orders", "", "not_handled_here"})
	return sheet(rows)
}

// silent tells whether the total of a table is withheld, so that a row has to say so:
// who finds no row would take it for zero.
func (r *Report) silent(t *Table) bool {
	return r.Rules.Version >= casesSince && (t.Withheld || t.Partial)
}

// evidence has the figures that a service provider may publish under the
// e-Evidence Regulation. LAW: (EU) 2023/1543 Art. 28.
func (r *Report) evidence() []byte {
	rows := [][]string{{"period", "issuing_state", "figure", "unit", "value", "status"}}
	for _, id := range []string{"e_evidence_received", "e_evidence_emergency", "e_evidence_outcome", "e_evidence_times"} {
		t := r.Table(id)
		if r.silent(t) {
			rows = append(rows, []string{r.Period, Everything, strings.TrimPrefix(id, "e_evidence_"), t.Unit, "", "withheld"})
		}
		for _, l := range t.Lines {
			for j, c := range t.Columns {
				if c == "total" || c == "other_instruments" {
					continue // of all instruments
				}
				value, status := cell(l.Cells[j])
				rows = append(rows, []string{r.Period, l.Key, strings.TrimPrefix(id, "e_evidence_") + "_" + c, t.Unit, value, status})
			}
		}
	}
	rows = append(rows, []string{r.Period, Everything, "time_from_preservation_to_production", "minutes", "", "not_counted_here"})
	return sheet(rows)
}
