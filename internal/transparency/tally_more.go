package transparency

import (
	"maps"
	"slices"
)

// decided counts the outcomes that were given in the period, whenever the request
// had come in.
func (t *tally) decided() {
	g := newGrid("decided", "all", outcomeNames[1:], []string{Everything})
	for i := range t.files {
		if f := &t.files[i]; f.decided.at != 0 {
			g.add(0, int(f.decided.outcome)-1, f)
		}
	}
	if t.rules.Version >= linkedSince { // the reasons say about how many these are
		g.spare[refused-1], g.spare[objected-1] = true, true
	}
	t.keep(g, "decided")
}

// refusals counts the reasons of the refusals of the period. A refusal can have
// several, so that they do not add up; they are protected as if they did. Where it is
// withheld how many refusals there were, the reasons are too.
func (t *tally) refusals() {
	n := map[string]size{}
	for i := range t.files {
		f := &t.files[i]
		if f.decided.refused == nil {
			continue
		}
		for _, code := range f.decided.refused.Codes {
			n[code] = size{n[code].n + 1, n[code].under + b2i(f.under)}
		}
	}
	keys := slices.Sorted(maps.Keys(n))
	counts, under := make([]int, len(keys)), make([]int, len(keys))
	for i, k := range keys {
		counts[i], under[i] = n[k].n, n[k].under
	}
	t.line("refusals_by_reason", "decided", "requests", "reason", "refused", keys, counts, counts, under)
}

// line keeps a table of one column, of which outsiders know at most the sum. cases
// are those behind each value.
func (t *tally) line(id, cohort, unit, dim, column string, keys []string, values, cases, under []int) {
	hidden := make([]bool, len(keys))
	if t.before != nil {
		for i, k := range keys {
			was := t.before.Table(id)
			hidden[i] = was != nil && was.Cell(k, column) == nil
		}
	}
	out := Table{ID: id, Cohort: cohort, Unit: unit, Rows: dim, Columns: []string{column}, Lines: []Line{}}
	out.Withheld = !protectLine(line{n: cases, under: under, hidden: hidden}, t.rules)
	if !out.Withheld {
		for i, k := range keys {
			l := Line{Key: k, Cells: []*int{nil}}
			if !hidden[i] {
				l.Cells[0] = known(values[i])
			}
			// A total is there also where it is zero: without it a year had none.
			if cases[i] > 0 || k == Everything && t.rules.Version >= casesSince {
				out.Lines = append(out.Lines, l)
			}
		}
	}
	t.tables = append(t.tables, out)
}

// accounts counts the accounts of which something left in the period: each once
// for every request in which it did. The rows are those of the requests received.
func (t *tally) accounts(countries []string) {
	keys := slices.Clone(countries)
	if !slices.Contains(keys, Others) {
		keys = append(keys, Others)
	}
	values, cases, under := make([]int, len(keys)), make([]int, len(keys)), make([]int, len(keys))
	all, from, gags := 0, 0, 0
	for i := range t.files {
		f := &t.files[i]
		if n := f.accounts(t.rules); n > 0 {
			at := place(keys, f.in.Country)
			values[at], cases[at], under[at] = values[at]+n, cases[at]+1, under[at]+b2i(f.under)
			all, from, gags = all+n, from+1, gags+b2i(f.under)
		}
	}
	t.line("accounts_by_country", "decided", "accounts", "country", "accounts", keys, values, cases, under)
	t.line("accounts", "decided", "accounts", "all", "accounts", []string{Everything}, []int{all}, []int{from}, []int{gags})
}

// categories counts what became of each category of data in the cases that were
// answered with data in the period: each case once for each category that it asked.
func (t *tally) categories() {
	g := newGrid("answered_by_category", "category", []string{"produced", "partly_produced", "not_produced"}, []string{"phone_number", "ip_address"})
	rows := [2]size{}
	for i := range t.files {
		f := &t.files[i]
		if f.decided.answered == nil {
			continue
		}
		for row, x := range []Items{f.decided.answered.Phone, f.decided.answered.IP} {
			if x.Asked() > 0 {
				g.add(row, x.result(), f)
				rows[row] = size{rows[row].n + 1, rows[row].under + b2i(f.under)}
			}
		}
	}
	if t.rules.small(rows[0].n, rows[0].under) || t.rules.small(rows[1].n, rows[1].under) {
		g.withheld = true // a row's total is published, or nothing is
		t.tables = append(t.tables, g.table("decided"))
		return
	}
	t.keep(g, "decided")
}

// result gives the column: everything, something, nothing.
func (i Items) result() int {
	switch {
	case i.Produced == i.Asked():
		return 0
	case i.Produced+i.Narrowed > 0:
		return 1
	}
	return 2
}

// happened counts what happened in the period to requests of any time. However often
// it happened, what is withheld follows from how many requests it happened to.
func (t *tally) happened() {
	cols := []string{"recalls", "corrections", "preservations_extended", "preservations_lapsed", "fraud_caught"}
	n, cases, under := make([]int, len(cols)), make([]int, len(cols)), make([]int, len(cols))
	for i := range t.files {
		f := &t.files[i]
		for j, x := range []int{f.recalls, f.corrected, f.extended, f.lapsed} {
			of := x
			if t.rules.Version >= casesSince {
				of = b2i(x > 0)
			}
			n[j], cases[j], under[j] = n[j]+x, cases[j]+of, under[j]+of*b2i(f.under)
		}
	}
	n[4] = t.fraud
	out := Table{ID: "happened", Cohort: "happened", Unit: "events", Rows: "all", Columns: cols, Lines: []Line{{Key: Everything, Cells: make([]*int, len(cols))}}}
	for j, c := range cols {
		exact := slices.Contains(t.rules.Exact, c)
		if (exact || !t.rules.small(cases[j], under[j])) && !t.hidBefore("happened", c) {
			out.Lines[0].Cells[j] = known(n[j])
		}
	}
	t.tables = append(t.tables, out)
}

func (t *tally) hidBefore(table, column string) bool {
	return t.before != nil && t.before.Table(table) != nil && t.before.Table(table).Cell(Everything, column) == nil
}

// european counts the rows of the DSA's template and of Regulation (EU) 2023/1543.
// Every table has all requests of the Member States in it, so that what the other
// tables say of them gives nothing away.
// LAW: (EU) 2022/2065 Art. 15(1)(a); (EU) 2023/1543 Art. 28(2).
func (t *tally) european(countries []string) {
	r := t.rules
	categories := r.categories()
	t.union("dsa_orders", countries, categories, func(f *casefile) int { return slices.Index(categories, r.category(f.in.Offence)) })
	types := append(r.evidenceTypes(), "other_instruments")
	t.union("e_evidence_received", countries, types, func(f *casefile) int {
		if at := r.evidence(f.in.Process); at >= 0 {
			return at
		}
		return len(types) - 1
	})
	t.union("e_evidence_emergency", countries, []string{"emergency", "routine", "other_instruments"}, func(f *casefile) int {
		if r.evidence(f.in.Process) < 0 {
			return 2
		}
		return b2i(!f.in.Emergency)
	})
	t.union("e_evidence_outcome", countries, unionNames, func(f *casefile) int {
		switch o := f.stands.outcome; {
		case r.evidence(f.in.Process) < 0:
			return 3
		case o.fulfils() || o == preserved:
			return 0
		case o == pending:
			return 2
		}
		return 1
	})
}

// union counts the requests of Member States. Where the countries without a row
// of their own are too few together, neither they nor a total are shown.
func (t *tally) union(id string, countries, cols []string, col func(*casefile) int) {
	var keys []string
	for _, c := range countries {
		if t.rules.inEU(c) {
			keys = append(keys, c)
		}
	}
	rest := size{}
	for i := range t.files {
		f := &t.files[i]
		if t.span.holds(f.received) && t.rules.inEU(f.in.Country) && !slices.Contains(keys, f.in.Country) {
			rest = size{rest.n + 1, rest.under + b2i(f.under)}
		}
	}
	all := append(slices.Clone(keys), Others)
	g := newGrid(id, "country", cols, all)
	for i := range t.files {
		if f := &t.files[i]; t.span.holds(f.received) && t.rules.inEU(f.in.Country) {
			g.add(place(all, f.in.Country), col(f), f)
		}
	}
	g.loose = t.rules.small(rest.n, rest.under) || t.looseBefore(id)
	if rest.n == 0 || g.loose {
		g.keys, g.n, g.under, g.hidden = g.keys[:len(keys)], g.n[:len(keys)], g.under[:len(keys)], g.hidden[:len(keys)]
	}
	t.keep(g, "received")
}

func (t *tally) looseBefore(id string) bool {
	return t.before != nil && t.before.Table(id) != nil && t.before.Table(id).Line(Everything) == nil
}
