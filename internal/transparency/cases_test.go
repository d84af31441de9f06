package transparency_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"
	"time"

	"lerd/internal/testkit/reportlab"
	"lerd/internal/transparency"
)

const day = 24 * time.Hour

// plain is a case of the third quarter that was answered after two days.
func plain(country string, at time.Duration) reportlab.Story {
	return reportlab.Story{At: third.From().Add(at), Claimed: time.Hour, Ended: 2 * day, End: "request.export",
		Received: transparency.Received{Country: country, Process: "MLAT", Kind: "disclosure", Offence: "07", Phone: 1},
		Answered: transparency.Answered{Accounts: 2, Phone: transparency.Items{Produced: 1}}}
}

// of makes a world of these stories.
func of(t testing.TB, stories ...reportlab.Story) *world {
	t.Helper()
	w := &world{t: t, rules: rules(t), stories: stories}
	w.build(77)
	return w
}

func many(n int, story func(i int) reportlab.Story) (out []reportlab.Story) {
	for i := range n {
		out = append(out, story(i))
	}
	return out
}

func (w *world) quarter(q int) *transparency.Report {
	w.t.Helper()
	o := w.order()
	o.Period.Quarter = q
	return w.report(o)
}

func (w *world) year() *transparency.Report {
	w.t.Helper()
	o := w.order()
	o.Period.Quarter = 0
	return w.report(o)
}

// TestOftenIsNotMany: what happened a dozen times to one case is a figure over one
// case.
func TestOftenIsNotMany(t *testing.T) {
	extended := func(cases, times int) *int {
		w := of(t, many(cases, func(i int) reportlab.Story {
			s := plain("DE", time.Duration(i)*time.Hour)
			s.End = "request.preserve"
			for n := range times {
				s.Later = append(s.Later, reportlab.Step{Kind: "request.extend", After: time.Duration(3+n) * day})
			}
			return s
		})...)
		return w.report(w.order()).Table("happened").Cell("all", "preservations_extended")
	}
	if n := extended(1, 12); n != nil {
		t.Errorf("one case, extended a dozen times, is shown: %d", *n)
	}
	if n := extended(12, 2); n == nil || *n != 24 {
		t.Errorf("a dozen cases, extended twice: %v", n)
	}
}

// TestAnAccountIsCountedOnceForEachRequest follows cases whose bundle was called back:
// withdrawn afterwards, made again with fewer or more accounts, in the same quarter
// and in the next.
func TestAnAccountIsCountedOnceForEachRequest(t *testing.T) {
	again := func(n int) *transparency.Answered {
		return &transparency.Answered{Accounts: n, Phone: transparency.Items{Produced: 1}}
	}
	for _, c := range []struct {
		what               string
		later              []reportlab.Step
		third, fourth, all int // accounts of twenty such cases
	}{
		{"answered", nil, 40, 0, 40},
		{"withdrawn after a recall", []reportlab.Step{{Kind: "request.recall", After: 3 * day}, {Kind: "request.correct", After: 4 * day}, {Kind: "request.withdraw", After: 5 * day}}, 40, 0, 40},
		{"made again, smaller", []reportlab.Step{{Kind: "request.correct", After: 4 * day}, {Kind: "request.export", After: 5 * day, Answered: again(1)}}, 40, 0, 40},
		{"made again in the next quarter", []reportlab.Step{{Kind: "request.correct", After: 4 * day}, {Kind: "request.export", After: 100 * day, Answered: again(2)}}, 40, 0, 40},
		{"made again, larger", []reportlab.Step{{Kind: "request.correct", After: 4 * day}, {Kind: "request.export", After: 100 * day, Answered: again(3)}}, 40, 20, 60},
	} {
		w := of(t, many(20, func(i int) reportlab.Story {
			s := plain("DE", time.Duration(i)*time.Hour)
			s.Later = c.later
			return s
		})...)
		for at, want := range []int{c.third, c.fourth, c.all} {
			r := []*transparency.Report{w.quarter(3), w.quarter(4), w.year()}[at]
			if got := r.Table("accounts").Cell("all", "accounts"); got == nil && want > 0 || got != nil && *got != want {
				t.Errorf("%s: %s has %v accounts, want %d", c.what, r.Period, value(got), want)
			}
		}
	}
}

func value(n *int) any {
	if n == nil {
		return "withheld"
	}
	return *n
}

// TestAYearTellsNoTimesOfAQuarter: with the other quarters' means, the year's would say
// the mean over the few cases of one.
func TestAYearTellsNoTimesOfAQuarter(t *testing.T) {
	few := many(12, func(i int) reportlab.Story { return plain("DE", -30*day+time.Duration(i)*time.Hour) })
	w := of(t, append(few, many(60, func(i int) reportlab.Story { return plain("DE", time.Duration(i)*time.Hour) })...)...)
	if w.quarter(2).Table("times").Cell("all", "effect_mean") != nil || w.quarter(3).Table("times").Cell("all", "effect_mean") == nil {
		t.Fatal("the quarters are not as this test wants them")
	}
	for _, table := range w.year().Tables {
		for _, l := range table.Lines {
			if table.Unit == "minutes" && slices.ContainsFunc(l.Cells, func(n *int) bool { return n != nil }) {
				t.Errorf("the year shows times in %s, row %s", table.ID, l.Key)
			}
		}
	}
}

// TestTimesTogetherTellNothing reads the tables of times together: what the rows
// withhold is, with the cases that have none, enough cases; and two tables that have a
// row of the same requests show both or neither.
func TestTimesTogetherTellNothing(t *testing.T) {
	seen := 0
	for seed := range uint64(25) {
		w := newWorld(t, 400+seed, 900)
		r := w.report(w.order())
		a, b := r.Table("times_by_country"), r.Table("dsa_times_by_country")
		effects, rest := map[string]int{}, 0
		for _, s := range w.stories {
			if !s.TakeBack && !s.At.Before(third.From()) && s.At.Before(third.To()) && s.At.Add(s.Ended).Before(third.CutOff(30)) &&
				slices.Contains([]string{"request.export", "request.answered", "request.preserve"}, s.End) {
				if a.Line(s.Country) == nil {
					rest++
				}
				effects[s.Country]++
			}
		}
		hidden := rest
		for _, l := range a.Lines {
			if l.Cells[2] == nil {
				hidden += effects[l.Key]
				seen++
			}
			if other := b.Line(l.Key); other != nil && (other.Cells[2] == nil) != (l.Cells[2] == nil) {
				t.Errorf("seed %d: %s is shown in one of two tables", seed, l.Key)
			}
		}
		if hidden > 0 && hidden < w.rules.TimeCases && r.Table("times").Line("all").Cells[2] != nil {
			t.Errorf("seed %d: the rows withheld are over %d cases", seed, hidden)
		}
	}
	if seen < 25 {
		t.Errorf("only %d rows were withheld: the test sees too little", seen)
	}
}

// TestWithheldOrdersAreNotTakenForNone reads the files of the European tables: where
// there are few orders they say so, in place of having no row.
func TestWithheldOrdersAreNotTakenForNone(t *testing.T) {
	w := of(t, many(4, func(i int) reportlab.Story {
		s := plain("DE", time.Duration(i)*time.Hour)
		s.Process = "EU-EPOC-S"
		return s
	})...)
	files := w.report(w.order()).Files()
	for name, figures := range map[string][]string{transparency.DSAName: {"orders_to_provide_information_article_10"}, transparency.EvidenceName: {"received", "emergency", "outcome"}} {
		rows, err := csv.NewReader(bytes.NewReader(files[name])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, figure := range figures {
			if !slices.ContainsFunc(rows, func(row []string) bool {
				return slices.Contains(row, figure) && slices.Contains(row, "all") && row[len(row)-1] == "withheld"
			}) {
				t.Errorf("%s does not say that %s is withheld:\n%s", name, figure, files[name])
			}
		}
	}
}

// TestTwoEditionsTellNoSingleCase adds a case late, and reads both editions of the
// quarter and of the year beside each other.
func TestTwoEditionsTellNoSingleCase(t *testing.T) {
	stories := many(150, func(i int) reportlab.Story {
		s := plain([]string{"DE", "IN", "FR"}[i%3], time.Duration(i)*time.Hour)
		s.Process = []string{"MLAT", "EU-DSA10"}[i/3%2]
		return s
	})
	late := plain("DE", 50*day)
	for _, period := range []transparency.Period{third, {Year: 2026}} {
		for what, c := range map[string]struct {
			more    []reportlab.Story
			differs bool // so that the new figures can be shown
		}{
			"one case":     {[]reportlab.Story{late}, false},
			"thirty cases": {many(30, func(i int) reportlab.Story { return plain("DE", 50*day+time.Duration(i)*time.Minute) }), true},
		} {
			first := of(t, stories...)
			o := first.order()
			o.Period = period
			one := first.report(o)
			w := of(t, append(slices.Clone(stories), c.more...)...)
			o = w.order()
			o.Period, o.Edition, o.Before, o.Digest, o.Why = period, 2, one, transparency.Digest(one.Encode()), "late_event"
			two := w.report(o)
			if n := two.Table("received_by_country").Cell("DE", "total"); (n != nil) != c.differs {
				t.Errorf("%s, %s: the new total of the country is %v", period, what, value(n))
			}
			for _, table := range two.Tables {
				for _, l := range table.Lines {
					for j, col := range table.Columns {
						was := one.Table(table.ID).Cell(l.Key, col)
						if n := l.Cells[j]; n != nil && was != nil && *n != *was && max(*n-*was, *was-*n) < w.rules.Threshold && table.Unit != "minutes" {
							t.Errorf("%s, %s: %s, %s, %s went from %d to %d", period, what, table.ID, l.Key, col, *was, *n)
						}
						if n := l.Cells[j]; n != nil && was == nil {
							t.Errorf("%s, %s: %s, %s, %s was withheld and is shown", period, what, table.ID, l.Key, col)
						}
					}
				}
			}
		}
	}
}

// TestAYearWithholdsWhatItsEarlierEditionDid reads two editions of a year of which the
// first was made by stricter rules.
func TestAYearWithholdsWhatItsEarlierEditionDid(t *testing.T) {
	w := newWorld(t, 41, 4000)
	o := w.order()
	o.Period.Quarter = 0
	strict := o
	strict.Rules.Threshold, strict.Rules.GagThreshold, strict.Rules.TimeCases = 30, 60, 60
	one := w.report(strict)
	o.Edition, o.Before, o.Digest, o.Why = 2, one, transparency.Digest(one.Encode()), "rules"
	hidden := 0
	for _, table := range w.report(o).Tables {
		was := one.Table(table.ID)
		for _, l := range table.Lines {
			for _, c := range table.Columns {
				if was.Cell(l.Key, c) != nil {
					continue
				}
				hidden++
				if table.Cell(l.Key, c) != nil {
					t.Errorf("%s, %s, %s: edition 2 of the year shows what edition 1 withheld", table.ID, l.Key, c)
				}
			}
		}
	}
	if hidden == 0 {
		t.Error("edition 1 withheld nothing: the test sees too little")
	}
}

// TestAYearIsHeldAgainstItsPublishedQuarters: where a quarter is counted otherwise now
// than it was published, the year less the quarters would show by which cases.
func TestAYearIsHeldAgainstItsPublishedQuarters(t *testing.T) {
	stories := many(150, func(i int) reportlab.Story {
		return plain([]string{"DE", "IN", "FR"}[i%3], time.Duration(i)*time.Hour)
	})
	then := of(t, stories...)
	published := then.report(then.order())
	for what, c := range map[string]struct {
		late []reportlab.Story
		want string
	}{"the same": {nil, ""}, "a case recorded late": {[]reportlab.Story{plain("DE", 50*day)}, "received_by_country"}} {
		now := of(t, append(slices.Clone(stories), c.late...)...)
		year := now.order()
		year.Period.Quarter = 0
		if table, err := now.book().Unlike(year, published); err != nil || table != c.want {
			t.Errorf("%s: %q, %v", what, table, err)
		}
	}
	strict := then.order()
	strict.Rules.Threshold, strict.Rules.GagThreshold = 60, 60
	year := then.order()
	year.Period.Quarter = 0
	if table, err := then.book().Unlike(year, then.report(strict)); err != nil || table == "" {
		t.Errorf("the year would show what the quarter withholds: %q, %v", table, err)
	}
}
