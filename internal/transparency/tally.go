package transparency

import (
	"fmt"
	"time"
)

// Order says which report is wanted.
type Order struct {
	Period  Period
	Rules   Rules
	Log     LogHead
	Edition int     // from 1
	Before  *Report // the edition that it replaces; nil: none
	Digest  string  // SHA-256 of the replaced report.json
	Why     string
	// CutOff closes the books of an interim report earlier; zero: as the rules say.
	CutOff time.Time

	quarters [][]Table // of a year: the times of its quarters
}

// Make counts a report.
func (b *Book) Make(o Order) (*Report, error) {
	cut := o.Period.CutOff(o.Rules.CutOffDays)
	r := &Report{Schema: Schema, Period: o.Period.String(), From: o.Period.From().Format(time.DateOnly), To: o.Period.To().Format(time.DateOnly),
		Edition: max(o.Edition, 1), Replaces: o.Digest, Why: o.Why, Log: o.Log, Rules: o.Rules}
	if !o.CutOff.IsZero() {
		cut, r.Interim = o.CutOff, true
	}
	r.CutOff = cut.UTC().Format(time.RFC3339)
	r.Origins, r.Gaps = b.origins(o.Log), b.touching(o.Period.From(), cut)
	var parts []*tally
	for _, q := range o.Period.Quarters() {
		t, err := b.tally(q, o)
		if err != nil {
			return nil, err
		}
		parts = append(parts, t)
	}
	r.Tables = parts[0].tables
	if len(parts) > 1 {
		r.Tables = sumTables(parts)
	}
	r.Tables = append(r.Tables, timeTables(parts, r, o)...)
	r.beside(o.Before)
	return r, nil
}

// tally is one quarter's count.
type tally struct {
	rules  Rules
	before *Report // of the same quarter
	span   span
	files  []casefile // those of which anything counts
	fraud  int
	tables []Table
	seen   linked
	grids  []kept
}

// kept is a grid with the place of its table.
type kept struct {
	*grid
	table  int
	cohort string
}

func (b *Book) tally(q Period, o Order) (*tally, error) {
	t := &tally{rules: o.Rules, span: o.span(q), seen: newLinked(o.Rules)}
	if o.Before != nil && o.Period.Quarter != 0 {
		t.before = o.Before
	}
	for i := range b.heads {
		f := b.file(i, t.span)
		f.place = len(t.files)
		if !f.counts(t.span) {
			continue
		}
		if f.unopened > 0 {
			return nil, &Finding{Code: NotOpened, Index: f.unopened - 1, Reason: fmt.Sprintf("a counted event of %s has no opening", q)}
		}
		t.files = append(t.files, f)
	}
	for _, at := range b.fraud {
		if t.span.holds(at) {
			t.fraud++
		}
	}
	t.count()
	return t, nil
}

// count makes the tables.
func (t *tally) count() {
	byCountry := func(f *casefile) string { return f.in.Country }
	byProcess := func(f *casefile) string { return f.in.Process }
	countries, processes := t.listing("received_by_country", byCountry), t.listing("received_by_process", byProcess)
	result := func(f *casefile) int { return int(f.stands.outcome) }
	valid := func(f *casefile) int { return b2i(!f.valid) }
	urgent := func(f *casefile) int { return b2i(!f.in.Emergency) }
	t.grid("received_by_country", "country", outcomeNames[:], countries, byCountry, result)
	t.grid("received_by_process", "process", outcomeNames[:], processes, byProcess, result)
	t.grid("received_by_category", "category", outcomeNames[:], t.listing("received_by_category", asked), asked, result)
	t.grid("valid_by_country", "country", validNames, countries, byCountry, valid)
	t.grid("valid_by_process", "process", validNames, processes, byProcess, valid)
	t.grid("emergency_by_country", "country", urgentNames, countries, byCountry, urgent)
	t.grid("emergency_verification", "all", verifiedNames, nil, nil, func(f *casefile) int {
		switch {
		case !f.in.Emergency:
			return 3
		case f.denied:
			return 1
		case f.confirmed:
			return 0
		}
		return 2
	})
	t.decided()
	t.refusals()
	t.accounts(countries)
	t.categories()
	t.happened()
	t.european(countries)
	t.together()
}

var (
	validNames    = []string{"valid", "not_found_valid"}
	urgentNames   = []string{"emergency", "routine"}
	verifiedNames = []string{"confirmed_by_call", "failed_verification", "not_confirmed", "routine"}
	unionNames    = []string{"fulfilled", "not_fulfilled", "pending", "other_instruments"}
)

// asked says which categories of data a request asks for.
func asked(f *casefile) string {
	switch {
	case f.in.Phone > 0 && f.in.IP > 0:
		return "phone_number_and_ip_address"
	case f.in.IP > 0:
		return "ip_address"
	}
	return "phone_number"
}

// listing gives the rows of a table over the requests that were received.
func (t *tally) listing(table string, key func(*casefile) string) []string {
	sizes := map[string]size{}
	for i := range t.files {
		if f := &t.files[i]; t.span.holds(f.received) {
			s := sizes[key(f)]
			sizes[key(f)] = size{s.n + 1, s.under + b2i(f.under)}
		}
	}
	return listed(sizes, t.rules, t.allowed(table))
}

// allowed says which keys had a row in the edition before.
func (t *tally) allowed(table string) func(string) bool {
	if t.before == nil {
		return nil
	}
	was := t.before.Table(table)
	return func(key string) bool { return was != nil && (was.Line(key) != nil || was.Line(Others) == nil) }
}

// grid counts the requests received, protects and keeps the table. Without keys
// it has the row of totals alone.
func (t *tally) grid(id, dim string, cols, keys []string, row func(*casefile) string, col func(*casefile) int) {
	if keys == nil {
		keys, row = []string{Everything}, func(*casefile) string { return Everything }
	}
	g := newGrid(id, dim, cols, keys)
	for i := range t.files {
		if f := &t.files[i]; t.span.holds(f.received) {
			if at := place(keys, row(f)); at >= 0 {
				g.add(at, col(f), f)
			}
		}
	}
	t.keep(g, "received")
}

// keep protects a grid and puts it among the tables.
func (t *tally) keep(g *grid, cohort string) {
	t.hideAsBefore(g)
	t.seen.tie(g)
	if !g.withheld {
		g.protect(t.rules)
	}
	t.seen.note(g)
	t.grids = append(t.grids, kept{g, len(t.tables), cohort})
	t.tables = append(t.tables, g.table(cohort))
}

// hideAsBefore withholds what the edition before withheld: the difference of two
// editions tells nothing that either keeps back.
func (t *tally) hideAsBefore(g *grid) {
	if t.before == nil {
		return
	}
	was := t.before.Table(g.id)
	if was == nil || was.Withheld {
		g.withheld = true
		return
	}
	for j, c := range g.cols {
		for i, k := range g.keys {
			g.hidden[i][j] = was.Line(k) != nil && was.Cell(k, c) == nil
		}
		g.totalHidden[j] = was.Line(Everything) != nil && was.Cell(Everything, c) == nil
	}
}

// table gives the published form: the row's total, then its columns; the totals
// of all first.
func (g *grid) table(cohort string) Table {
	out := Table{ID: g.id, Cohort: cohort, Unit: "requests", Rows: g.dim, Columns: append([]string{"total"}, g.cols...), Withheld: g.withheld, Partial: g.loose && !g.withheld, Lines: []Line{}}
	if g.withheld {
		return out
	}
	line := func(key string, n []int, hidden []bool) {
		l, sum := Line{Key: key, Cells: make([]*int, 1+len(n))}, 0
		for j := range n {
			sum += n[j]
			if !hidden[j] {
				l.Cells[1+j] = known(n[j])
			}
		}
		l.Cells[0] = known(sum)
		out.Lines = append(out.Lines, l)
	}
	if !g.loose {
		line(Everything, g.total, g.totalHidden)
	}
	for i, k := range g.keys {
		if k != Everything {
			line(k, g.n[i], g.hidden[i])
		}
	}
	return out
}
