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
		if was.Withheld || len(t.lacking(was)) > 0 {
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

func (t *Table) silence() { t.Withheld, t.Partial, t.Lines = true, false, []Line{} }

// lacking lists the rows of a table that another has not, nor one into which they went.
func (t *Table) lacking(was *Table) (out []string) {
	for _, l := range t.Lines {
		if l.Key != Others && was.Line(l.Key) == nil {
			out = append(out, l.Key)
		}
	}
	return out
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
