package transparency

import (
	"cmp"
	"slices"
)

// grid is a table while its figures are counted: each case is in one column of one
// row, so that rows and columns add up to totals which outsiders know.
type grid struct {
	id, dim     string
	cols        []string
	keys        []string
	n, under    [][]int // cases, and of them those under a gag
	total, gags []int   // of the columns
	hidden      [][]bool
	totalHidden []bool
	loose       bool // the totals of the columns are not published
	withheld    bool // nothing of it is published
	sets        [][]set
	totalSets   []set
	known       [][]bool // of cells: an earlier table shows the figure, so that withholding it here hides nothing
	totalKnown  []bool
	spare       []bool // of columns: withheld only where no other is left
	marks       []mark
}

func newGrid(id, dim string, cols, keys []string) *grid {
	g := &grid{id: id, dim: dim, cols: cols, keys: keys, total: make([]int, len(cols)), gags: make([]int, len(cols)), totalHidden: make([]bool, len(cols)),
		totalSets: make([]set, len(cols)), totalKnown: make([]bool, len(cols)), spare: make([]bool, len(cols))}
	for range keys {
		g.sets, g.known = append(g.sets, make([]set, len(cols))), append(g.known, make([]bool, len(cols)))
		g.n, g.under, g.hidden = append(g.n, make([]int, len(cols))), append(g.under, make([]int, len(cols))), append(g.hidden, make([]bool, len(cols)))
	}
	return g
}

// add counts one case.
func (g *grid) add(row, col int, f *casefile) {
	under := f.under
	g.sets[row][col].add(f)
	g.totalSets[col].add(f)
	g.marks = append(g.marks, mark{int32(f.place), int32(row*len(g.cols) + col)})
	g.n[row][col]++
	g.total[col]++
	if under {
		g.under[row][col]++
		g.gags[col]++
	}
}

// protect withholds what is small, and then what would give it away, until no
// outsider who knows everything that is published can put a small figure into an
// interval narrower than the rules allow. Rules: first the totals by themselves,
// then the cells.
func (g *grid) protect(r Rules) {
	if !g.loose && !protectLine(line{g.total, g.gags, g.totalHidden, g.totalKnown, g.spare}, r) {
		g.withheld = true
		return
	}
	for i := range g.n {
		for j := range g.n[i] {
			g.hidden[i][j] = g.hidden[i][j] || r.small(g.n[i][j], g.under[i][j])
		}
	}
	if len(g.n) == 1 && !g.loose { // the row is its totals
		for j := range g.cols {
			g.totalHidden[j] = g.totalHidden[j] || g.hidden[0][j]
			g.hidden[0][j] = g.totalHidden[j]
		}
		return
	}
	for range len(g.n)*len(g.cols) + 1 {
		bare, need := g.bare(r)
		if need == 0 {
			return
		}
		if !g.cover(bare, need) {
			g.withheld = true
			return
		}
	}
	g.withheld = true
}

// line is figures of which an outsider knows the sum. known and spare may be nil.
type line struct {
	n, under             []int
	hidden, known, spare []bool
}

// protectLine does the same for figures of which only their sum is known: at least
// two are withheld, and together they count enough. It says no where even all
// together are too few.
func protectLine(l line, r Rules) bool {
	need, sum, count := 0, 0, 0
	for j := range l.n {
		if r.small(l.n[j], l.under[j]) {
			l.hidden[j], need = true, max(need, r.need(l.under[j]))
		}
		if l.hidden[j] && !at(l.known, j) {
			sum, count, need = sum+l.n[j], count+1, max(need, r.Threshold)
		}
	}
	if need == 0 {
		return true
	}
	for _, j := range l.order() {
		if count >= 2 && sum >= need {
			break
		}
		if !l.hidden[j] && !at(l.known, j) {
			l.hidden[j], sum, count = true, sum+l.n[j], count+1
		}
	}
	return count >= 2 && sum >= need
}

// order gives the places by what withholding them costs: the smallest first, what is
// spared and then nothing last.
func (l line) order() []int {
	out := make([]int, len(l.n))
	for j := range out {
		out[j] = j
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(b2i(l.n[a] == 0), b2i(l.n[b] == 0)), cmp.Compare(b2i(at(l.spare, a)), b2i(at(l.spare, b))), cmp.Compare(l.n[a], l.n[b]))
	})
	return out
}

func at(list []bool, j int) bool { return list != nil && list[j] }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// bare finds a withheld small figure that can still be put into too narrow an
// interval, and how wide that must be; 0: there is none.
func (g *grid) bare(r Rules) (cellAt, int) {
	net := g.network()
	for i := range g.n {
		for j := range g.cols {
			if need := r.need(g.under[i][j]); r.small(g.n[i][j], g.under[i][j]) && net.width(cellAt{i, j}, need) < need {
				return cellAt{i, j}, need
			}
		}
	}
	for j := range g.cols {
		if need := r.need(g.gags[j]); !g.loose && r.small(g.total[j], g.gags[j]) && net.width(cellAt{len(g.n), j}, need) < need {
			return cellAt{len(g.n), j}, need
		}
	}
	return cellAt{}, 0
}

// cover withholds the cheapest further cells that help a bare one: those that
// close a cycle through it, or, where none does, the smallest ones of its row or
// column.
func (g *grid) cover(c cellAt, need int) bool {
	type cycle struct {
		cells []cellAt
		cost  int
	}
	var cycles []cycle
	for i := range g.n {
		for j := range g.cols {
			if i == c.row || j == c.col {
				continue
			}
			x := cycle{}
			for _, at := range []cellAt{{i, j}, {i, c.col}, {c.row, j}} {
				if at.row == len(g.n) {
					if !g.totalHidden[at.col] || g.totalKnown[at.col] {
						x.cost = unbounded
					}
					continue
				}
				if g.known[at.row][at.col] {
					x.cost = unbounded
				}
				if !g.hidden[at.row][at.col] {
					x.cells, x.cost = append(x.cells, at), x.cost+g.n[at.row][at.col]+1
				}
			}
			if len(x.cells) > 0 && x.cost < unbounded {
				cycles = append(cycles, x)
			}
		}
	}
	slices.SortStableFunc(cycles, func(a, b cycle) int { return cmp.Compare(a.cost, b.cost) })
	best, most := -1, -1
	for i, x := range cycles[:min(len(cycles), tries)] {
		g.hide(x.cells, true)
		width := g.network().width(c, need)
		g.hide(x.cells, false)
		if width > most {
			best, most = i, width
		}
		if width >= need {
			break
		}
	}
	if best < 0 {
		return false
	}
	g.hide(cycles[best].cells, true)
	return true
}

// tries is how many ways to cover a cell are compared.
const tries = 200

func (g *grid) hide(cells []cellAt, yes bool) {
	for _, c := range cells {
		g.hidden[c.row][c.col] = yes
	}
}
