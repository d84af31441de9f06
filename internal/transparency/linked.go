package transparency

// linkedSince is the version of the rules from which figures of several tables are
// protected together. A report under older rules is recomputed as it was.
const linkedSince = 2

// set tells cases from others: two cells of several tables with the same set count
// the same cases, so that who is shown one of them knows the other.
type set struct {
	n   int
	sum uint64
}

// add takes one case. Its place is spread over 64 bits, so that sums of different
// sets differ.
func (s *set) add(f *casefile) {
	s.n, s.sum = s.n+1, s.sum+mix(uint64(f.place))
}

// mix spreads a number over 64 bits (SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// linked remembers which sets of cases the tables before showed and withheld. Each
// table is protected by itself; what two of them have in common, such as the
// requests under other laws in the tables of one Regulation, is shown in both or in
// neither. A set can be in both maps where two different things happen to be counted
// by the same cases: then it stays withheld, and nothing relies on its being so.
type linked struct {
	on              bool // not under older rules
	shown, withheld map[set]bool
}

func newLinked(r Rules) linked {
	return linked{on: r.Version >= linkedSince, shown: map[set]bool{}, withheld: map[set]bool{}}
}

// tie withholds in a table what the tables before withheld, and marks what they
// showed. Totals of rows are always shown: where one of them was withheld before and
// nowhere shown, the table is.
func (k linked) tie(g *grid) {
	if !k.on {
		return
	}
	mark := func(s set, hidden, known *bool) { *hidden, *known = *hidden || k.withheld[s], k.shown[s] }
	for j := range g.cols {
		mark(g.totalSets[j], &g.totalHidden[j], &g.totalKnown[j])
		for i := range g.keys {
			mark(g.sets[i][j], &g.hidden[i][j], &g.known[i][j])
		}
	}
	for i := range g.keys {
		if s := g.rowSet(i); k.withheld[s] && !k.shown[s] {
			g.withheld = true
		}
	}
}

// note remembers what a table shows and what it withholds.
func (k linked) note(g *grid) {
	if !k.on {
		return
	}
	put := func(s set, shown bool) {
		switch {
		case s.n == 0:
		case shown:
			k.shown[s] = true
		default:
			k.withheld[s] = true
		}
	}
	for j := range g.cols {
		if !g.loose {
			put(g.totalSets[j], !g.withheld && !g.totalHidden[j])
		}
		for i := range g.keys {
			put(g.sets[i][j], !g.withheld && !g.hidden[i][j])
		}
	}
	for i := range g.keys {
		put(g.rowSet(i), !g.withheld)
	}
}

func (g *grid) rowSet(i int) (s set) {
	for _, x := range g.sets[i] {
		s.n, s.sum = s.n+x.n, s.sum+x.sum
	}
	return s
}
