package transparency

import (
	"cmp"
	"slices"
)

// sumTables makes a year of its quarters. Each figure is the sum of the quarters'
// published figures, and withheld where one of them is: the year tells nothing
// that the quarters do not. A row that is not in every quarter goes to the others.
func sumTables(parts []*tally) []Table {
	var out []Table
	for i := range parts[0].tables {
		id := parts[0].tables[i].ID
		var of []*Table
		for _, p := range parts {
			for j := range p.tables {
				if p.tables[j].ID == id {
					of = append(of, &p.tables[j])
				}
			}
		}
		out = append(out, sumTable(of))
	}
	return out
}

func sumTable(of []*Table) Table {
	out := Table{ID: of[0].ID, Cohort: of[0].Cohort, Unit: of[0].Unit, Rows: of[0].Rows, Columns: of[0].Columns, Lines: []Line{}}
	var keys []string
	rest := false
	for _, t := range of {
		out.Withheld, out.Partial = out.Withheld || t.Withheld, out.Partial || t.Partial
		for _, l := range t.Lines {
			switch {
			case l.Key == Others || !everywhere(of, l.Key):
				rest = true
			case !slices.Contains(keys, l.Key):
				keys = append(keys, l.Key)
			}
		}
	}
	if out.Withheld {
		out.Partial = false
		return out
	}
	slices.SortFunc(keys, func(a, b string) int { // totals first
		return cmp.Or(b2i(a != Everything)-b2i(b != Everything), cmp.Compare(a, b))
	})
	if rest && !out.Partial {
		keys = append(keys, Others)
	}
	for _, k := range keys {
		out.Lines = append(out.Lines, sumLine(of, k, keys))
	}
	return out
}

// everywhere tells whether a key's figure is known in each quarter: it has a row,
// or there is no row into which it could have gone and the table is not withheld.
func everywhere(of []*Table, key string) bool {
	for _, t := range of {
		if t.Withheld || t.Line(key) == nil && (t.Partial || t.Line(Others) != nil || key == Everything) {
			return false
		}
	}
	return true
}

func sumLine(of []*Table, key string, own []string) Line {
	l := Line{Key: key, Cells: make([]*int, len(of[0].Columns))}
	for j := range l.Cells {
		sum, seen := 0, true
		for _, t := range of {
			for _, from := range t.Lines {
				if from.Key != key && !(key == Others && !slices.Contains(own, from.Key)) {
					continue
				}
				if from.Cells[j] == nil {
					seen = false
					continue
				}
				sum += *from.Cells[j]
			}
		}
		if seen {
			l.Cells[j] = known(sum)
		}
	}
	return l
}
