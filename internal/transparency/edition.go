package transparency

import "slices"

// A further edition is read beside the one before. What is withheld in either, and a
// difference so small that it shows single cases, is in neither of both to be had.

// beside withholds in a report what would show something together with the edition
// before: its withheld figures, rows that it had not, and tables of which a figure
// differs by few cases.
func (r *Report) beside(before *Report) {
	if before == nil || r.Rules.Version < casesSince {
		return
	}
	few := false
	for i := range r.Tables {
		t, was := &r.Tables[i], before.Table(r.Tables[i].ID)
		if t.Unit == "minutes" || t.Withheld || was == nil {
			continue
		}
		if was.Withheld || t.lacks(was) {
			t.silence()
			continue
		}
		t.hideAsBefore(before)
		if t.Unit == "events" {
			few = t.differences(was, r.Rules) || few
		} else if t.differs(was, r.Rules) {
			t.silence()
			few = true
		}
	}
	if few {
		r.keepTimes(before)
	}
}

// Unlike makes the report of a quarter as the report of its year counts it, and names
// the first table in which it shows what the published report of the quarter withholds,
// or says otherwise by few cases: the sum less the published quarters would show them.
// It is empty where the year adds up to nothing but what is published.
func (b *Book) Unlike(year Order, published *Report) (table string, err error) {
	year.Period, err = ParsePeriod(published.Period)
	if err != nil {
		return "", err
	}
	year.Before, year.Edition, year.Digest, year.Why = nil, 1, "", ""
	counted, err := b.Make(year)
	if err != nil {
		return "", err
	}
	shown := counted.shown()
	counted.beside(published)
	for i, n := range counted.shown() {
		if n != shown[i] {
			return counted.Tables[i].ID, nil
		}
	}
	return "", nil
}

// shown counts the figures that each table shows.
func (r *Report) shown() []int {
	out := make([]int, len(r.Tables))
	for i, t := range r.Tables {
		for _, l := range t.Lines {
			for _, n := range l.Cells {
				out[i] += b2i(n != nil)
			}
		}
	}
	return out
}

func (t *Table) silence() { t.Withheld, t.Partial, t.Lines = true, false, []Line{} }

// lacks tells whether a table has a row that the earlier one had not.
func (t *Table) lacks(was *Table) bool {
	return slices.ContainsFunc(t.Lines, func(l Line) bool { return l.Key != Others && was.Line(l.Key) == nil })
}

// differs tells whether a figure differs from the edition before by few cases.
func (t *Table) differs(was *Table, r Rules) bool {
	for _, l := range t.Lines {
		for j, c := range t.Columns {
			if n := was.now(t, l.Key, c); l.Cells[j] != nil && n != nil && fewer(*l.Cells[j], *n, r) {
				return true
			}
		}
	}
	return false
}

// now gives what an earlier edition says of a row of a later one: of the row of the
// others, with what went into it since. It is nil where that is withheld.
func (t *Table) now(later *Table, key, column string) *int {
	if key != Others {
		return t.Cell(key, column)
	}
	sum := 0
	for _, l := range t.Lines {
		if l.Key != Others && later.Line(l.Key) != nil {
			continue
		}
		n := t.Cell(l.Key, column)
		if n == nil {
			return nil
		}
		sum += *n
	}
	return &sum
}

// differences withholds the single figures that differ by few; no total has them.
func (t *Table) differences(was *Table, r Rules) (some bool) {
	for _, l := range t.Lines {
		for j, c := range t.Columns {
			n := was.Cell(l.Key, c)
			if l.Cells[j] != nil && n != nil && !slices.Contains(r.Exact, c) && fewer(*l.Cells[j], *n, r) {
				l.Cells[j], some = nil, true
			}
		}
	}
	return some
}

// fewer tells whether two figures differ by so few cases that the difference would
// not be published. A case under a gag may be among them.
func fewer(a, b int, r Rules) bool { return a != b && max(a-b, b-a) < r.GagThreshold }

// keepTimes withholds the times that changed where few cases did: the difference of two
// means would be theirs.
func (r *Report) keepTimes(before *Report) {
	for i := range r.Tables {
		t, earlier := &r.Tables[i], before.Table(r.Tables[i].ID)
		if t.Unit != "minutes" || earlier == nil {
			continue
		}
		for _, l := range t.Lines {
			for j, c := range t.Columns {
				if was := earlier.Cell(l.Key, c); l.Cells[j] != nil && (was == nil || *was != *l.Cells[j]) {
					l.Cells[j] = nil
				}
			}
		}
	}
}
