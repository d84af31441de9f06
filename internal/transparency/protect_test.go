package transparency

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// outsider finds by trying every table what a withheld cell can be: everything that
// is published is known, and figures are whole numbers from 0.
type outsider struct {
	g        *grid
	cells    []cellAt
	lo, hi   map[cellAt]int
	colsLeft []int
	rowsLeft []int
}

func intervals(g *grid) (lo, hi map[cellAt]int) {
	o := &outsider{g: g, lo: map[cellAt]int{}, hi: map[cellAt]int{}, colsLeft: make([]int, len(g.cols)), rowsLeft: make([]int, len(g.n))}
	for i := range g.n {
		for j := range g.cols {
			if g.hidden[i][j] {
				o.cells = append(o.cells, cellAt{i, j})
				o.rowsLeft[i] += g.n[i][j]
				o.colsLeft[j] += g.n[i][j]
			}
		}
	}
	o.try(0, make([]int, len(o.cells)))
	return o.lo, o.hi
}

func (o *outsider) try(k int, x []int) {
	if k == len(o.cells) {
		o.settle(x)
		return
	}
	c := o.cells[k]
	most := o.rowsLeft[c.row]
	if !o.g.totalHidden[c.col] {
		most = min(most, o.colsLeft[c.col])
	}
	lastOfRow := k+1 == len(o.cells) || o.cells[k+1].row != c.row
	least := 0
	if lastOfRow {
		least = o.rowsLeft[c.row]
	}
	for v := least; v <= most; v++ {
		x[k] = v
		o.rowsLeft[c.row] -= v
		o.colsLeft[c.col] -= v
		o.try(k+1, x)
		o.rowsLeft[c.row] += v
		o.colsLeft[c.col] += v
	}
}

// settle takes a table that fits everything that is known.
func (o *outsider) settle(x []int) {
	for j := range o.g.cols {
		if !o.g.totalHidden[j] && o.colsLeft[j] != 0 {
			return
		}
	}
	totals := make([]int, len(o.g.cols))
	for j := range totals {
		for i := range o.g.n {
			if !o.g.hidden[i][j] {
				totals[j] += o.g.n[i][j]
			}
		}
	}
	note := func(c cellAt, v int) {
		if old, ok := o.lo[c]; !ok || v < old {
			o.lo[c] = v
		}
		if old, ok := o.hi[c]; !ok || v > old {
			o.hi[c] = v
		}
	}
	for k, c := range o.cells {
		totals[c.col] += x[k]
		note(c, x[k])
	}
	for j, v := range totals {
		note(cellAt{len(o.g.n), j}, v)
	}
}

// TestNobodyComputesWhatIsWithheld lets an outsider who tries everything loose on
// small tables, and asks that no small figure lies in a narrow interval.
func TestNobodyComputesWhatIsWithheld(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rules := Rules{Threshold: 3, GagThreshold: 4, Contributors: 2, TimeCases: 5}
	protected, shown := 0, 0
	for round := range 3000 {
		g := newGrid("t", "country", make([]string, 2+r.IntN(3)), make([]string, 2+r.IntN(2)))
		for i := range g.n {
			for g.rowTotal(i) < rules.GagThreshold {
				for j := range g.cols {
					for range r.IntN(8) * r.IntN(2) {
						g.add(i, j, &casefile{under: r.IntN(12) == 0})
					}
				}
			}
		}
		g.protect(rules)
		if g.withheld {
			continue
		}
		lo, hi := intervals(g)
		for i := range g.n {
			for j := range g.cols {
				if rules.small(g.n[i][j], g.under[i][j]) {
					c := cellAt{i, j}
					if !g.hidden[i][j] || hi[c]-lo[c] < rules.need(g.under[i][j]) {
						t.Fatalf("round %d: %v hidden %v totals %v: cell %v lies between %d and %d", round, g.n, g.hidden, g.totalHidden, c, lo[c], hi[c])
					}
					protected++
				} else if !g.hidden[i][j] {
					shown++
				}
			}
		}
		for j := range g.cols {
			if c := (cellAt{len(g.n), j}); rules.small(g.total[j], g.gags[j]) && hi[c]-lo[c] < rules.need(g.gags[j]) {
				t.Fatalf("round %d: %v: total %d lies between %d and %d", round, g.n, j, lo[c], hi[c])
			}
		}
	}
	if protected < 1000 || shown < 1000 {
		t.Errorf("%d figures protected, %d shown: the test sees too little", protected, shown)
	}
}

func (g *grid) rowTotal(i int) (n int) {
	for _, x := range g.n[i] {
		n += x
	}
	return n
}

// TestTheFlowIsExact compares the width that the network gives with all tables.
func TestTheFlowIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 400 {
		g := newGrid("t", "country", make([]string, 3), make([]string, 3))
		for i := range g.n {
			for j := range g.cols {
				for range r.IntN(6) {
					g.add(i, j, &casefile{})
				}
				g.hidden[i][j] = r.IntN(2) == 0
			}
		}
		for j := range g.cols {
			g.totalHidden[j] = r.IntN(3) == 0
		}
		lo, hi := intervals(g)
		net := g.network()
		for i := range g.n {
			for j := range g.cols {
				if c := (cellAt{i, j}); g.hidden[i][j] && net.width(c, 1000) != hi[c]-lo[c] {
					t.Fatalf("round %d: %v hidden %v totals %v: width %d of %v, and it lies between %d and %d", round, g.n, g.hidden, g.totalHidden, net.width(c, 1000), c, lo[c], hi[c])
				}
			}
		}
	}
}

// TestRowsThatAreTooSmallAreOne puts small countries together until none shows.
func TestRowsThatAreTooSmallAreOne(t *testing.T) {
	rules := Rules{Threshold: 10, GagThreshold: 20, Contributors: 3}
	for _, c := range []struct {
		sizes map[string]size
		want  string
	}{
		{map[string]size{"DE": {50, 0}, "FR": {30, 0}}, "[DE FR]"},
		{map[string]size{"DE": {50, 0}, "FR": {30, 0}, "AT": {4, 0}}, "[other]"},
		{map[string]size{"DE": {50, 0}, "FR": {30, 0}, "IT": {60, 0}, "AT": {4, 0}}, "[IT other]"},
		{map[string]size{"DE": {50, 0}, "A": {4, 0}, "B": {4, 0}, "C": {4, 0}}, "[DE other]"},
		{map[string]size{"DE": {50, 0}, "FR": {25, 0}, "A": {2, 0}, "B": {2, 0}, "C": {2, 0}}, "[DE other]"},
		{map[string]size{"DE": {50, 9}, "A": {15, 1}, "B": {15, 0}, "C": {2, 0}, "D": {2, 0}}, "[DE other]"},
		{map[string]size{}, "[]"},
	} {
		if got := fmt.Sprint(listed(c.sizes, rules, nil)); got != c.want {
			t.Errorf("%v: %s, want %s", c.sizes, got, c.want)
		}
	}
}
