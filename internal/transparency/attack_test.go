package transparency_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/testkit/reportlab"
	"lerd/internal/transparency"
)

// named wants the finding's code, or the breach of the log.
func named(t *testing.T, err error, want string) {
	t.Helper()
	var f *transparency.Finding
	var v *audit.Violation
	got := ""
	switch {
	case errors.As(err, &f):
		got = string(f.Code)
	case errors.As(err, &v):
		got = string(v.Breach)
	}
	if got != want {
		t.Errorf("found %q (%v), want %s", got, err, want)
	}
}

func TestAStrangerRecomputesTheReport(t *testing.T) {
	w := newWorld(t, 21, 900)
	dir := w.publish(w.order())
	if err := w.verify(dir); err != nil {
		t.Fatal(err)
	}
	year := w.order()
	year.Period = transparency.Period{Year: 2026}
	lab := reportlab.New(99)
	w.events = append(w.events, lab.Fraud(year.Period.CutOff(30).Add(time.Hour)))
	w.seal(audittest.Key{Signer: w.log.Signer, Trust: w.log.Trust})
	year.Log = w.head()
	if err := w.verify(w.publish(year)); err != nil {
		t.Errorf("the year: %v", err)
	}
}

// first finds the first event of a kind in the period, by its place.
func (w *world) first(kind string, which func(reportlab.Event) bool) int {
	w.t.Helper()
	for i, e := range w.events {
		if e.Kind == kind && !e.At.Before(third.From()) && e.At.Before(third.To()) && (which == nil || which(e)) {
			return i
		}
	}
	w.t.Fatalf("no event %s", kind)
	return 0
}

func holds(text string) func(reportlab.Event) bool {
	return func(e reportlab.Event) bool {
		return e.Opening != nil && bytes.Contains(e.Opening.Value, []byte(text))
	}
}

// lines edits the openings that a stranger gets.
func lines(dir fstest.MapFS, edit func([]string) []string) {
	text := strings.TrimSuffix(string(dir[transparency.OpeningsName].Data), "\n")
	dir[transparency.OpeningsName] = &fstest.MapFile{Data: []byte(strings.Join(edit(strings.Split(text, "\n")), "\n") + "\n")}
}

func lineOf(list []string, index int) int {
	return slices.IndexFunc(list, func(s string) bool { return strings.HasPrefix(s, fmt.Sprintf("%d\t", index)) })
}

// TestEveryLieIsNamed lies in each of the ways that an operator has who holds the
// key of the reports, and all but the key of the log where it says so.
func TestEveryLieIsNamed(t *testing.T) {
	w := newWorld(t, 22, 900)
	late := slices.IndexFunc(w.stories, func(s reportlab.Story) bool {
		return !s.TakeBack && !s.At.Before(third.From()) && s.At.Before(third.To())
	})
	w.stories[late].End, w.stories[late].Ended, w.stories[late].Codes = "request.refuse", 200*24*time.Hour, []string{"RR-03"}
	w.build(22)
	honest := func() fstest.MapFS { return w.publish(w.order()) }
	refusal := w.first("request.refuse", nil)
	for _, lie := range []struct {
		what, want string
		tell       func() fstest.MapFS
	}{
		{"a refusal's opening is dropped", "OMITTED", func() fstest.MapFS {
			dir := honest()
			lines(dir, func(l []string) []string { i := lineOf(l, refusal); return slices.Delete(l, i, i+1) })
			return dir
		}},
		{"a case is left out altogether", "OMITTED", func() fstest.MapFS {
			i := w.first("request.submit", nil)
			dir := honest()
			lines(dir, func(l []string) []string { at := lineOf(l, i); return slices.Delete(l, at, at+1) })
			return dir
		}},
		{"a country is altered", "OPENING", func() fstest.MapFS {
			i := w.first("request.submit", holds(`"country":"IN"`))
			dir := honest()
			lines(dir, func(l []string) []string {
				at := lineOf(l, i)
				l[at] = strings.Replace(l[at], `"country":"IN"`, `"country":"DE"`, 1)
				return l
			})
			return dir
		}},
		{"an emergency is hidden", "OPENING", func() fstest.MapFS {
			i := w.first("request.submit", holds(`"emergency":true`))
			dir := honest()
			lines(dir, func(l []string) []string {
				at := lineOf(l, i)
				l[at] = strings.Replace(l[at], `"emergency":true`, `"emergency":false`, 1)
				return l
			})
			return dir
		}},
		{"a wrong salt", "OPENING", func() fstest.MapFS {
			dir := honest()
			lines(dir, func(l []string) []string {
				at := lineOf(l, refusal)
				part := strings.Split(l[at], "\t")
				part[1] = strings.Split(l[0], "\t")[1]
				if at == 0 {
					part[1] = strings.Split(l[1], "\t")[1]
				}
				l[at] = strings.Join(part, "\t")
				return l
			})
			return dir
		}},
		{"a case is counted twice", "TWICE", func() fstest.MapFS {
			dir := honest()
			lines(dir, func(l []string) []string { at := lineOf(l, refusal); return slices.Insert(l, at, l[at]) })
			return dir
		}},
		{"an opening is put to an event that counts nothing", "SPARE", func() fstest.MapFS {
			i := w.first("request.claim", nil)
			dir := honest()
			lines(dir, func(l []string) []string {
				at := slices.IndexFunc(l, func(s string) bool { var n int; _, _ = fmt.Sscan(s, &n); return n > i })
				return slices.Insert(l, at, fmt.Sprintf("%d\t%s", i, strings.SplitN(l[at], "\t", 2)[1]))
			})
			return dir
		}},
		{"more is opened than is counted", "SPARE", func() fstest.MapFS { return w.pack(w.report(w.order()), w.openings()) }},
		{"what happened after the cut-off is opened", "SPARE", func() fstest.MapFS {
			open, need := w.openings(), w.book().Needed(w.order())
			cut := third.CutOff(w.rules.CutOffDays)
			own := map[string]bool{}
			for _, i := range need {
				own[w.events[i].Stream] = true
			}
			open = slices.DeleteFunc(slices.Clone(open), func(x transparency.Opening) bool {
				_, needed := slices.BinarySearch(need, x.Index)
				e := w.events[x.Index]
				return !needed && !(own[e.Stream] && !e.At.Before(cut))
			})
			if len(open) == len(need) {
				t.Fatal("nothing was counted after the cut-off")
			}
			return w.pack(w.report(w.order()), open)
		}},
		{"figures are signed that do not follow", "DIFFERS", func() fstest.MapFS {
			r := w.report(w.order())
			table := r.Table("received_by_country")
			table.Lines[0].Cells[0] = new(int)
			return w.pack(r, w.needed(w.order()))
		}},
		{"a small figure is shown", "DIFFERS", func() fstest.MapFS {
			r := w.report(w.order())
			for i := range r.Tables {
				for _, l := range r.Tables[i].Lines {
					for j := range l.Cells {
						if l.Cells[j] == nil {
							l.Cells[j] = new(int)
							return w.pack(r, w.needed(w.order()))
						}
					}
				}
			}
			t.Fatal("nothing is withheld")
			return nil
		}},
		{"a file is edited after it was signed", "SIGNATURE", func() fstest.MapFS {
			dir := honest()
			dir[transparency.TableName] = &fstest.MapFile{Data: append(bytes.Clone(dir[transparency.TableName].Data), ' ')}
			return dir
		}},
		{"signed by another key", "SIGNATURE", func() fstest.MapFS {
			other := newWorld(t, 23, 50)
			mine := w.signer
			w.signer = other.signer
			defer func() { w.signer = mine }()
			return honest()
		}},
		{"a file is missing", "MISSING", func() fstest.MapFS { dir := honest(); delete(dir, transparency.DSAName); return dir }},
		{"the openings are missing", "MISSING", func() fstest.MapFS { dir := honest(); delete(dir, transparency.OpeningsName); return dir }},
		{"the rules are loosened without saying so", "SIGNATURE", func() fstest.MapFS {
			dir := honest()
			dir[transparency.ReportName] = &fstest.MapFile{Data: bytes.Replace(dir[transparency.ReportName].Data, []byte(`"threshold": 10`), []byte(`"threshold": 6`), 1)}
			return dir
		}},
	} {
		t.Run(lie.what, func(t *testing.T) { named(t, w.verify(lie.tell()), lie.want) })
	}
}

// TestAnOlderCheckpointIsNamed computes at a checkpoint before the last refusals.
func TestAnOlderCheckpointIsNamed(t *testing.T) {
	w := newWorld(t, 24, 900)
	whole := w.log
	cut := third.CutOff(w.rules.CutOffDays)
	early := slices.IndexFunc(w.events, func(e reportlab.Event) bool { return e.At.After(third.To()) })
	older := func(n int) fstest.MapFS {
		all := w.events
		defer func() { w.events, w.log = all, whole }()
		w.events = all[:n]
		w.seal(audittest.Key{Signer: whole.Signer, Trust: whole.Trust})
		return w.publish(w.order())
	}
	t.Run("before the cut-off", func(t *testing.T) { named(t, w.verify(older(early)), "LATE") })
	t.Run("before the cut-off, and the log goes no further", func(t *testing.T) {
		dir := older(early)
		all := w.events
		defer func() { w.events, w.log = all, whole }()
		w.events = all[:early]
		w.seal(audittest.Key{Signer: whole.Signer, Trust: whole.Trust})
		named(t, w.verify(dir), "TOO EARLY")
	})
	t.Run("an event of before the cut-off comes late", func(t *testing.T) {
		dir := w.publish(w.order())
		lab := reportlab.New(5)
		s := w.stories[0]
		s.At, s.TakeBack, s.End = third.From().Add(time.Hour), false, "request.refuse"
		s.Ended = cut.Add(-time.Hour).Sub(s.At)
		all := w.events
		defer func() { w.events, w.log = all, whole }()
		w.events = append(slices.Clone(all), lab.Tell(s)...)
		w.seal(audittest.Key{Signer: whole.Signer, Trust: whole.Trust})
		named(t, w.verify(dir), "LATE")
	})
}

// TestAnotherHistoryIsNamed leaves events out of the log itself.
func TestAnotherHistoryIsNamed(t *testing.T) {
	w := newWorld(t, 25, 900)
	whole, all := w.log, w.events
	without := func(i int) { // and signs with the log's own key
		w.events = slices.Delete(slices.Clone(all), i, i+1)
		w.seal(audittest.Key{Signer: whole.Signer, Trust: whole.Trust})
	}
	refusal := w.first("request.refuse", nil)
	t.Run("against the log that others hold", func(t *testing.T) {
		without(refusal)
		dir := w.publish(w.order())
		w.events, w.log = all, whole
		named(t, w.verify(dir), "CHECKPOINT")
	})
	t.Run("a step in the middle of a case", func(t *testing.T) {
		without(w.first("request.claim", nil))
		dir := w.publish(w.order())
		named(t, w.verify(dir), "ORDER")
		w.events, w.log = all, whole
	})
	t.Run("an entry is changed under the checkpoint", func(t *testing.T) {
		dir := w.publish(w.order())
		w.log = whole.Clone()
		w.log.Edit(t, audit.EntriesPath(0, 256), func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"request.submit"`), []byte(`"request.submix"`), 1)
		})
		named(t, w.verify(dir), "TREE")
		w.log = whole
	})
}

// TestACountThatIsNotCommittedToIsNamed finds an event that was recorded without.
func TestACountThatIsNotCommittedToIsNamed(t *testing.T) {
	w := newWorld(t, 26, 300)
	dir := w.publish(w.order())
	i := w.first("request.refuse", nil)
	bare := w.events[i].Event
	bare.Values = nil
	entry, err := bare.Seal(audit.Nonce{1}, audit.Salt{2})
	if err != nil {
		t.Fatal(err)
	}
	w.events[i].Entry = entry
	w.seal(audittest.Key{Signer: w.log.Signer, Trust: w.log.Trust})
	named(t, w.verify(dir), "CHECKPOINT")
	_, err = transparency.Collect(t.Context(), w.source())
	named(t, err, "NO COUNT")
}

// TestEditions replaces a report, and lies about what it replaces.
func TestEditions(t *testing.T) {
	w := newWorld(t, 27, 900)
	strict := w.order()
	strict.Rules.Threshold, strict.Rules.GagThreshold, strict.Rules.TimeCases = 25, 40, 40
	one := w.report(strict)
	first := w.pack(one, nil)
	second := w.order()
	second.Edition, second.Before, second.Digest, second.Why = 2, one, transparency.Digest(one.Encode()), "method"
	dir := w.publish(second)
	beside := func(files fstest.MapFS) {
		for name, f := range files {
			if name != transparency.OpeningsName {
				dir["before/"+name] = f
			}
		}
	}
	named(t, w.verify(dir), "MISSING")
	beside(first)
	if err := w.verify(dir); err != nil {
		t.Fatal(err)
	}
	later := w.report(second)
	for i := range one.Tables {
		table, again := &one.Tables[i], later.Table(one.Tables[i].ID)
		for _, l := range again.Lines {
			for _, c := range again.Columns {
				was := table.Line(l.Key)
				if again.Cell(l.Key, c) != nil && (was == nil && table.Line("other") != nil || was != nil && table.Cell(l.Key, c) == nil) {
					t.Errorf("%s, %s, %s: edition 2 shows what edition 1 withheld", table.ID, l.Key, c)
				}
			}
		}
	}
	other := w.order()
	other.Rules.Threshold = 9
	beside(w.pack(w.report(other), nil))
	named(t, w.verify(dir), "EDITION")
}
