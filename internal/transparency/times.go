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
	o.quarters = quarterTimes(parts, o)
	out := []Table{
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
	if o.Rules.Version >= casesSince {
		alike(tableOf(out, "times_by_country"), tableOf(out, "dsa_times_by_country"))
	}
	return out
}

// alike withholds in two tables what either withholds: a row of one of them is of the
// very same requests as that of the other.
func alike(a, b *Table) {
	for _, l := range a.Lines {
		other := b.Line(l.Key)
		if other == nil {
			continue
		}
		for j := range l.Cells {
			if l.Cells[j] == nil || other.Cells[j] == nil {
				l.Cells[j], other.Cells[j] = nil, nil
			}
		}
	}
}

// quarterTimes gives the times of each quarter of a year, as the quarter's report has
// them; nothing for a quarter alone.
func quarterTimes(parts []*tally, o Order) (out [][]Table) {
	if o.Rules.Version < casesSince || len(parts) < 2 {
		return nil
	}
	o.Before = nil
	for _, t := range parts {
		out = append(out, timeTables([]*tally{t}, &Report{Tables: t.tables}, o))
	}
	return out
}

// spent are the times of one row, in minutes.
type spent struct {
	acknowledge, effect []int
}

// timeTable gives times by row. rows is the table whose rows are taken, nil: every
// key has one.
func timeTable(id, dim string, parts []*tally, r *Report, o Order, rows *Table, key func(*casefile) string) Table {
	by, rest := map[string]*spent{}, spent{}
	if o.Rules.Version >= casesSince { // that a row is there tells nothing of its cases
		for _, k := range always(dim, rows, o.Rules) {
			by[k] = &spent{}
		}
	}
	for _, t := range parts {
		for i := range t.files {
			f := &t.files[i]
			if !t.span.holds(f.received) {
				continue
			}
			k := key(f)
			if k == "" {
				continue
			}
			if rows != nil && rows.Line(k) == nil {
				rest.add(f)
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
	for _, q := range o.quarters {
		out.hideAsQuarter(q)
	}
	if o.Rules.Version >= casesSince {
		out.cover(by, &rest, o.Rules)
	} else {
		out.guard(by)
	}
	out.hideAsBefore(o.Before)
	return out
}

// always lists the rows that a table of times has, whether there are cases or not.
func always(dim string, rows *Table, r Rules) (out []string) {
	switch {
	case dim == "all":
		return []string{Everything}
	case dim == "dsa_category":
		return r.categories()
	case rows == nil:
		return nil
	}
	for _, l := range rows.Lines {
		if l.Key != Everything && l.Key != Others {
			out = append(out, l.Key)
		}
	}
	return out
}

// hideAsQuarter withholds what a quarter's report withholds: the year's mean and those
// of the other quarters would say it.
func (t *Table) hideAsQuarter(q []Table) {
	was := tableOf(q, t.ID)
	for _, l := range t.Lines {
		for j, c := range t.Columns {
			if was.Line(l.Key) != nil && was.Cell(l.Key, c) == nil {
				l.Cells[j] = nil
			}
		}
	}
}

// cover withholds further rows until those that are withheld, together with the cases
// that are in no row, are as many as the times of a row need: with the totals, the mean
// over them all could be computed.
func (t *Table) cover(by map[string]*spent, rest *spent, r Rules) {
	for half, minutes := range []func(*spent) []int{func(s *spent) []int { return s.acknowledge }, func(s *spent) []int { return s.effect }} {
		var shown []Line
		hidden := len(minutes(rest))
		for _, l := range t.Lines {
			if l.Cells[2*half] != nil {
				shown = append(shown, l)
			} else {
				hidden += len(minutes(by[l.Key]))
			}
		}
		slices.SortStableFunc(shown, func(a, b Line) int { return cmp.Compare(len(minutes(by[a.Key])), len(minutes(by[b.Key]))) })
		for _, l := range shown {
			if hidden == 0 || hidden >= r.TimeCases || t.Rows == "all" {
				break
			}
			hidden += len(minutes(by[l.Key]))
			l.Cells[2*half], l.Cells[2*half+1] = nil, nil
		}
	}
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
// totals, its mean could be computed. From casesSince on, cover does it.
func (t *Table) guard(by map[string]*spent) {
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
}

// hideAsBefore withholds what the edition before withheld.
func (t *Table) hideAsBefore(before *Report) {
	if before == nil || before.Table(t.ID) == nil {
		return
	}
	was := before.Table(t.ID)
	for i, l := range t.Lines {
		for j, c := range t.Columns {
			if was.Cell(l.Key, c) == nil {
				t.Lines[i].Cells[j] = nil
			}
		}
	}
}
