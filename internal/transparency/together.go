package transparency

import "math/bits"

// Each table alone gives nothing away when it has been protected. Put together they
// still can: the sum of some figures less the sum of others, from any tables, may be
// a withheld one. together looks for such sums and withholds what completes them.
//
// A figure is a sum over kinds of cases (those that every table counts alike), that
// is, a row of zeros and ones. A withheld figure can be computed from those that are
// shown if its row is a sum of theirs. Rows are compared over the field of two
// elements, in which every sum with whole coefficients remains one; a random vector
// for each kind, as long as there are figures and more, stands for it, so that rows
// have the length of the number of figures and not of kinds.

// mark says that a case is in a cell of a grid, by their places.
type mark struct{ file, cell int32 }

// vector is a row over the field of two elements.
type vector []uint64

func (v vector) add(w vector) {
	for i := range v {
		v[i] ^= w[i]
	}
}

// first gives the place of its first one, -1 for nothing.
func (v vector) first() int {
	for i, x := range v {
		if x != 0 {
			return i*64 + bits.TrailingZeros64(x)
		}
	}
	return -1
}

func (v vector) has(at int) bool { return v[at/64]>>(at%64)&1 == 1 }

// readers know what is shown, and look for what is not.
type readers struct {
	basis   []vector // by their first one, in order of learning
	lead    []int
	targets []vector // withheld small figures, less what is known of them
}

// rest takes away what is known of a row.
func (r *readers) rest(v vector) vector {
	v = append(vector(nil), v...)
	for i, b := range r.basis {
		if v.has(r.lead[i]) {
			v.add(b)
		}
	}
	return v
}

// gives tells whether one more figure would give a target away.
func (r *readers) gives(v vector) bool {
	for _, t := range r.targets {
		if same(t, v) {
			return true
		}
	}
	return false
}

func same(a, b vector) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// learn shows a figure, unless that would give a target away.
func (r *readers) learn(v vector) bool {
	v = r.rest(v)
	lead := v.first()
	if lead < 0 {
		return true
	}
	if r.gives(v) {
		return false
	}
	for _, rows := range [][]vector{r.basis, r.targets} {
		for _, x := range rows {
			if x.has(lead) {
				x.add(v)
			}
		}
	}
	r.basis, r.lead = append(r.basis, v), append(r.lead, lead)
	return true
}

// together withholds further figures until no sum of figures that are shown is a
// small one that is withheld. Tables that come first keep more.
func (t *tally) together() {
	if t.rules.Version < linkedSince {
		return
	}
	rows := t.vectors()
	r := &readers{}
	for i, g := range t.grids {
		r.seek(g.grid, rows[i], t.rules)
	}
	for i, g := range t.grids {
		g.show(r, rows[i])
		t.tables[g.table] = g.grid.table(g.cohort)
	}
	t.reasonsTogether()
}

// reasonsTogether withholds the reasons of refusals where it is withheld how many
// were refused or objected to.
func (t *tally) reasonsTogether() {
	var decided, reasons *Table
	for i := range t.tables {
		switch t.tables[i].ID {
		case "decided":
			decided = &t.tables[i]
		case "refusals_by_reason":
			reasons = &t.tables[i]
		}
	}
	if decided.Withheld || decided.Cell(Everything, outcomeNames[refused]) == nil || decided.Cell(Everything, outcomeNames[objected]) == nil {
		reasons.Withheld, reasons.Lines = true, []Line{}
	}
}

// gridRows are the rows of a grid's figures: of cells, and of the totals of its lines and
// columns.
type gridRows struct{ cells, lines, columns []vector }

// vectors makes the rows of all grids.
func (t *tally) vectors() []gridRows {
	figures := 1
	for _, g := range t.grids {
		figures += (len(g.keys) + 1) * (len(g.cols) + 1)
	}
	words := figures/64 + 2
	out := make([]gridRows, len(t.grids))
	kind, at := make([]uint64, len(t.files)), make([]int, len(t.files))
	for i, g := range t.grids {
		out[i] = g.rows(words)
		for _, m := range g.marks {
			kind[m.file] = mix(kind[m.file] + mix(uint64(i)<<32|uint64(m.cell)))
		}
	}
	seen := map[uint64]bool{}
	for f, k := range kind {
		at[f] = b2i(!seen[k])
		seen[k] = true
	}
	v := make(vector, words)
	for i, g := range t.grids {
		for _, m := range g.marks {
			if at[m.file] == 0 {
				continue
			}
			for w := range v {
				v[w] = mix(kind[m.file] + uint64(w)*0x9e3779b97f4a7c15)
			}
			out[i].add(int(m.cell), len(g.cols), v)
		}
	}
	return out
}

func (g *grid) rows(words int) gridRows {
	list := func(n int) []vector {
		out := make([]vector, n)
		for i := range out {
			out[i] = make(vector, words)
		}
		return out
	}
	return gridRows{list(len(g.keys) * len(g.cols)), list(len(g.keys)), list(len(g.cols))}
}

// add takes a kind of case. The line of those that are too few to be shown can have
// been cut off the grid: they are in its totals alone.
func (r gridRows) add(cell, cols int, v vector) {
	if cell < len(r.cells) {
		r.cells[cell].add(v)
		r.lines[cell/cols].add(v)
	}
	r.columns[cell%cols].add(v)
}

// seek puts the withheld small figures of a grid among the targets.
func (r *readers) seek(g *grid, rows gridRows, rules Rules) {
	for j := range g.cols {
		if rules.small(g.total[j], g.gags[j]) {
			r.targets = append(r.targets, append(vector(nil), rows.columns[j]...))
		}
		for i := range g.keys {
			if rules.small(g.n[i][j], g.under[i][j]) {
				r.targets = append(r.targets, append(vector(nil), rows.cells[i*len(g.cols)+j]...))
			}
		}
	}
}

// show lets readers see what a grid shows, and withholds what would give something
// away: a figure, or all where it is the total of a line.
func (g *grid) show(r *readers, rows gridRows) {
	for i := range g.keys {
		if !g.withheld && !r.learn(rows.lines[i]) {
			g.withheld = true
		}
	}
	if g.withheld {
		return
	}
	for j := range g.cols {
		if !g.loose && !g.totalHidden[j] {
			g.totalHidden[j] = !r.learn(rows.columns[j])
		}
	}
	if len(g.keys) == 1 && g.keys[0] == Everything {
		return // the line is the totals
	}
	for i := range g.keys {
		for j := range g.cols {
			if !g.hidden[i][j] {
				g.hidden[i][j] = !r.learn(rows.cells[i*len(g.cols)+j])
			}
		}
	}
}
