package transparency_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"lerd/internal/testkit/reportlab"
	"lerd/internal/transparency"
)

// outcomeOf says what became of a story, from the story alone.
func outcomeOf(s reportlab.Story, cut time.Time) string {
	if s.End == "" || !s.At.Add(s.Ended).Before(cut) {
		return "pending"
	}
	switch s.End {
	case "request.export":
		p, i := s.Answered.Phone, s.Answered.IP
		switch {
		case p.Produced+p.Narrowed+i.Produced+i.Narrowed == 0:
			return "no_data"
		case p.Narrowed+p.Refused+p.Nothing+i.Narrowed+i.Refused+i.Nothing == 0:
			return "fulfilled"
		}
		return "partly_fulfilled"
	}
	return map[string]string{"request.answered": "no_data", "request.refuse": "refused", "request.settle_conflict": "objection",
		"request.withdraw": "withdrawn", "request.expire": "expired", "request.preserve": "preserved"}[s.End]
}

// truth is the plain count of the stories, by country and outcome.
func (w *world) truth() (byCountry map[string]map[string]int, all map[string]int, received int) {
	cut := third.CutOff(w.rules.CutOffDays)
	byCountry, all = map[string]map[string]int{}, map[string]int{}
	for _, s := range w.stories {
		if s.TakeBack || s.At.Before(third.From()) || !s.At.Before(third.To()) {
			continue
		}
		o := outcomeOf(s, cut)
		if byCountry[s.Country] == nil {
			byCountry[s.Country] = map[string]int{}
		}
		byCountry[s.Country][o]++
		byCountry[s.Country]["total"]++
		all[o]++
		received++
	}
	return byCountry, all, received
}

func TestTheFiguresAreThoseOfTheCases(t *testing.T) {
	w := newWorld(t, 1, 4000)
	r := w.report(w.order())
	byCountry, all, received := w.truth()
	table := r.Table("received_by_country")
	if n := table.Cell("all", "total"); n == nil || *n != received {
		t.Errorf("received: %v, want %d", n, received)
	}
	shown, withheld, rest := 0, 0, map[string]int{}
	for country, of := range byCountry {
		if table.Line(country) == nil {
			for c, n := range of {
				rest[c] += n
			}
			if of["total"] >= w.rules.GagThreshold && len(byCountry) > 12 && of["total"] > 60 {
				t.Errorf("%s has %d requests and no row", country, of["total"])
			}
			continue
		}
		for _, c := range table.Columns {
			got := table.Cell(country, c)
			switch {
			case got == nil:
				withheld++
			case *got != of[c]:
				t.Errorf("%s, %s: %d, want %d", country, c, *got, of[c])
			default:
				shown++
			}
		}
	}
	for _, c := range table.Columns {
		if got := table.Cell("other", c); got != nil && *got != rest[c] {
			t.Errorf("other, %s: %d, want %d", c, *got, rest[c])
		}
		if got := table.Cell("all", c); c != "total" && got != nil && *got != all[c] {
			t.Errorf("all, %s: %d, want %d", c, *got, all[c])
		}
	}
	if shown < 60 || withheld < 5 {
		t.Errorf("%d figures shown and %d withheld: the test sees too little", shown, withheld)
	}
	if n := r.Table("happened").Cell("all", "fraud_caught"); n == nil || *n != 2 {
		t.Errorf("fraud caught: %v, want 2", n)
	}
}

// TestTheDecidedAreCountedByTheirDecision counts what was decided in the quarter,
// whenever it came in.
func TestTheDecidedAreCountedByTheirDecision(t *testing.T) {
	w := newWorld(t, 2, 4000)
	r := w.report(w.order())
	want, accounts := map[string]int{}, 0
	for _, s := range w.stories {
		if end := s.At.Add(s.Ended); s.End != "" && !s.TakeBack && !end.Before(third.From()) && end.Before(third.To()) {
			want[outcomeOf(s, third.To())]++
			accounts += s.Answered.Accounts
		}
	}
	table := r.Table("decided")
	for _, c := range table.Columns[1:] {
		if got := table.Cell("all", c); got != nil && *got != want[c] {
			t.Errorf("decided, %s: %d, want %d", c, *got, want[c])
		}
	}
	if got := r.Table("accounts").Cell("all", "accounts"); got == nil || *got != accounts {
		t.Errorf("accounts: %v, want %d", got, accounts)
	}
}

func TestTimesAreThoseOfTheCases(t *testing.T) {
	w := newWorld(t, 3, 1500)
	r := w.report(w.order())
	var effect []int
	for _, s := range w.stories {
		if s.TakeBack || s.At.Before(third.From()) || !s.At.Before(third.To()) || !s.At.Add(s.Ended).Before(third.CutOff(30)) {
			continue
		}
		if slices.Contains([]string{"request.export", "request.answered", "request.preserve"}, s.End) {
			effect = append(effect, int(s.Ended/time.Minute))
		}
	}
	slices.Sort(effect)
	got := r.Table("times").Cell("all", "effect_median")
	if got == nil || *got < effect[len(effect)/2]-w.rules.RoundMinutes || *got > effect[len(effect)/2]+w.rules.RoundMinutes {
		t.Errorf("median time to effect: %v, want about %d", got, effect[len(effect)/2])
	}
	for _, table := range r.Tables {
		for _, l := range table.Lines {
			for _, n := range l.Cells {
				if table.Unit == "minutes" && n != nil && *n%w.rules.RoundMinutes != 0 {
					t.Errorf("%s, %s: %d is not rounded", table.ID, l.Key, *n)
				}
			}
		}
	}
}

// TestAYearIsTheSumOfItsQuarters compares with the four reports.
func TestAYearIsTheSumOfItsQuarters(t *testing.T) {
	w := newWorld(t, 4, 6000)
	year := w.order()
	year.Period = transparency.Period{Year: 2026}
	b := w.book()
	whole, err := b.Make(year)
	if err != nil {
		t.Fatal(err)
	}
	var parts []*transparency.Report
	for q := 1; q <= 4; q++ {
		o := year
		o.Period.Quarter = q
		part, err := b.Make(o)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	seen := 0
	for _, table := range whole.Tables {
		if table.Unit == "minutes" || table.Withheld {
			continue
		}
		for _, l := range table.Lines {
			if l.Key == "other" {
				continue
			}
			for j, c := range table.Columns {
				sum, known := 0, true
				for _, part := range parts {
					if part.Table(table.ID).Line(l.Key) == nil {
						continue
					}
					n := part.Table(table.ID).Cell(l.Key, c)
					if n == nil {
						known = false
						continue
					}
					sum += *n
				}
				if got := l.Cells[j]; known != (got != nil) || known && *got != sum {
					t.Errorf("%s, %s, %s: the year says %v, and the quarters give %d (all shown: %v)", table.ID, l.Key, c, got, sum, known)
				}
				seen++
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d figures were compared", seen)
	}
}

func TestTheSameLogGivesTheSameBytes(t *testing.T) {
	w := newWorld(t, 5, 500)
	a, b := w.report(w.order()), w.report(w.order())
	if diff := cmp.Diff(a.Files(), b.Files()); diff != "" {
		t.Error(diff)
	}
	again, err := transparency.ParseReport(a.Encode())
	if err != nil || cmp.Diff(a, again) != "" {
		t.Errorf("read back: %v, %s", err, cmp.Diff(a, again))
	}
}

// TestMemoryChangesNothing makes a report with and without what earlier runs
// remembered, and with a memory that somebody edited.
func TestMemoryChangesNothing(t *testing.T) {
	w := newWorld(t, 6, 15000)
	if len(w.events) < 65536 {
		t.Fatalf("%d events are less than a segment", len(w.events))
	}
	want := w.report(w.order()).Encode()
	memory := &transparency.Memory{Dir: t.TempDir()}
	for i := range 2 {
		src := w.source()
		src.Memory = memory
		b, err := transparency.Collect(context.Background(), src)
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Make(w.order())
		if err != nil || cmp.Diff(string(r.Encode()), string(want)) != "" {
			t.Fatalf("run %d: %v, or another report", i, err)
		}
		if memory.Reused != i {
			t.Errorf("run %d reused %d segments", i, memory.Reused)
		}
	}
}

func TestTheSchemaHolds(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytesReader(transparency.JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 7, 800)
	var v any
	if err := json.Unmarshal(w.report(w.order()).Encode(), &v); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Error(err)
	}
	v.(map[string]any)["tables"].([]any)[0].(map[string]any)["unit"] = "people"
	if s.Validate(v) == nil {
		t.Error("a report of another form is valid")
	}
}

// TestEveryFigureIsDefined wants a definition of each cohort, and of each column or
// its table.
func TestEveryFigureIsDefined(t *testing.T) {
	w := newWorld(t, 8, 300)
	r := w.report(w.order())
	defined := map[string]bool{}
	for _, d := range r.Rules.Definitions {
		defined[d.ID] = true
	}
	for _, table := range r.Tables {
		if !defined["cohort."+table.Cohort] {
			t.Errorf("cohort %s is not defined", table.Cohort)
		}
		for _, c := range table.Columns {
			if !defined[c] && !defined[table.ID] {
				t.Errorf("%s in %s is not defined", c, table.ID)
			}
		}
	}
}

// TestACaseUnderAGagIsCountedAmongMany gives a country fifteen requests, and puts
// one of them under a gag, or under one that has ended.
func TestACaseUnderAGagIsCountedAmongMany(t *testing.T) {
	for _, c := range []struct {
		gag     int
		secret  bool
		visible bool
	}{{0, false, true}, {1, false, false}, {2, true, true}, {0, true, false}} {
		w := &world{t: t, rules: rules(t)}
		for i := range 215 {
			s := reportlab.Story{At: third.From().Add(time.Duration(i) * time.Hour), Claimed: time.Hour, Ended: 2 * time.Hour, End: "request.answered",
				Received: transparency.Received{Country: "DE", Process: "DE-100j", Kind: "disclosure", Phone: 1}}
			if i < 15 {
				s.Country = "AT"
			}
			if i == 0 {
				s.Gag, s.Confidential = c.gag, c.secret
			}
			w.stories = append(w.stories, s)
		}
		w.build(31)
		r := w.report(w.order())
		if got := r.Table("received_by_country").Cell("AT", "total") != nil; got != c.visible {
			t.Errorf("gag %d, secrecy asked %v: the country is shown: %v", c.gag, c.secret, got)
		}
		if n := r.Table("received_by_country").Cell("all", "total"); n == nil || *n != 215 {
			t.Errorf("gag %d: %v requests in all, want 215", c.gag, n)
		}
	}
}
