package transparency

import (
	"cmp"
	"slices"
)

// timeColumns are medians and means, in minutes.
var timeColumns = []string{"acknowledge_median", "acknowledge_mean", "effect_median", "effect_mean"}

// timeTables give the times of the requests received, where enough cases stand
// behind each. The rows are those of the tables of requests.
func timeTables(parts []*tally, r *Report, o Order) []Table {
	eu := func(key func(*casefile) string) func(*casefile) string {
		return func(f *casefile) string {
			if !o.Rules.inEU(f.in.Country) {
				return ""
			}
			return key(f)
		}
	}
	country := func(f *casefile) string { return f.in.Country }
	return []Table{
		timeTable("times", "all", parts, r, o, nil, func(*casefile) string { return Everything }),
		timeTable("times_by_country", "country", parts, r, o, r.Table("received_by_country"), country),
		timeTable("times_by_process", "process", parts, r, o, r.Table("received_by_process"), func(f *casefile) string { return f.in.Process }),
		timeTable("times_by_category", "category", parts, r, o, r.Table("received_by_category"), asked),
		timeTable("dsa_times_by_country", "country", parts, r, o, r.Table("dsa_orders"), eu(country)),
		timeTable("dsa_times_by_category", "dsa_category", parts, r, o, nil, eu(func(f *casefile) string { return o.Rules.category(f.in.Offence) })),
		timeTable("e_evidence_times", "country", parts, r, o, r.Table("e_evidence_received"), func(f *casefile) string {
			if o.Rules.evidence(f.in.Process) < 0 {
				return ""
			}
			return f.in.Country
		}),
	}
}

// spent are the times of one row, in minutes.
type spent struct {
	acknowledge, effect []int
}

// timeTable gives times by row. rows is the table whose rows are taken, nil: every
// key has one.
func timeTable(id, dim string, parts []*tally, r *Report, o Order, rows *Table, key func(*casefile) string) Table {
	by := map[string]*spent{}
	for _, t := range parts {
		for i := range t.files {
			f := &t.files[i]
			if !t.span.holds(f.received) {
				continue
			}
			k := key(f)
			if k == "" || rows != nil && rows.Line(k) == nil {
				continue
			}
			if by[k] == nil {
				by[k] = &spent{}
			}
			by[k].add(f)
		}
	}
	out := Table{ID: id, Cohort: "received", Unit: "minutes", Rows: dim, Columns: timeColumns, Lines: []Line{}}
	var keys []string
	for k := range by {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		l := Line{Key: k}
		l.Cells = append(l.Cells, stats(by[k].acknowledge, o.Rules)...)
		l.Cells = append(l.Cells, stats(by[k].effect, o.Rules)...)
		out.Lines = append(out.Lines, l)
	}
	out.guard(by, o)
	return out
}

func (s *spent) add(f *casefile) {
	const minute = 60_000_000
	if f.claimed >= f.received {
		s.acknowledge = append(s.acknowledge, int((f.claimed-f.received)/minute))
	}
	if f.effect >= f.received {
		s.effect = append(s.effect, int((f.effect-f.received)/minute))
	}
}

// stats gives median and mean, rounded, or nothing where there are too few.
func stats(minutes []int, r Rules) []*int {
	n := len(minutes)
	if n < r.TimeCases {
		return []*int{nil, nil}
	}
	slices.Sort(minutes)
	sum := 0
	for _, m := range minutes {
		sum += m
	}
	median := minutes[n/2]
	if n%2 == 0 {
		median = (minutes[n/2-1] + median + 1) / 2
	}
	return []*int{known(round(median, r)), known(round((sum+n/2)/n, r))}
}

func round(n int, r Rules) int { return (n + r.RoundMinutes/2) / r.RoundMinutes * r.RoundMinutes }

// guard withholds the times of a second row where just one is withheld: with the
// totals, its mean could be computed. What the edition before withheld stays so.
func (t *Table) guard(by map[string]*spent, o Order) {
	for _, half := range [][2]int{{0, 1}, {2, 3}} {
		var shown []int
		hidden := 0
		for i, l := range t.Lines {
			n := len(by[l.Key].acknowledge)
			if half[0] == 2 {
				n = len(by[l.Key].effect)
			}
			switch {
			case l.Cells[half[0]] != nil:
				shown = append(shown, i)
			case n > 0:
				hidden++
			}
		}
		if hidden == 1 && len(shown) > 0 {
			slices.SortStableFunc(shown, func(a, b int) int {
				return cmp.Compare(len(by[t.Lines[a].Key].effect), len(by[t.Lines[b].Key].effect))
			})
			t.Lines[shown[0]].Cells[half[0]], t.Lines[shown[0]].Cells[half[1]] = nil, nil
		}
	}
	if o.Before == nil || o.Before.Table(t.ID) == nil {
		return
	}
	was := o.Before.Table(t.ID)
	for i, l := range t.Lines {
		for j, c := range t.Columns {
			if was.Cell(l.Key, c) == nil {
				t.Lines[i].Cells[j] = nil
			}
		}
	}
}
