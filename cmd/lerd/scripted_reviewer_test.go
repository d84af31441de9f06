package main

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/testkit/browser"
)

// scriptedReviewer decides cases in Chromium by keyboard alone: she answers what
// the order before her calls for, reads what the page says follows, and does that.
type scriptedReviewer struct {
	*bench
	hands *browser.Hands
	sent  map[requests.ID]scripted
	spent map[string][]effort
	work  []time.Duration // of the server, for each decision
}

// effort is what one decision took.
type effort struct{ keys, loads int }

// words are what the page calls an outcome.
var words = map[string]legal.Outcome{"Qualified": legal.Qualified, "To be refused": legal.Refused, "Needs information": legal.NeedsInformation,
	"Undecided": legal.Undecided, "Legal conflict": legal.LegalConflict}

// ends are the states in which a case is once the page's outcome was acted on.
var scriptedEnds = map[legal.Outcome]requests.State{legal.Qualified: requests.Qualified, legal.Refused: requests.Refused,
	legal.NeedsInformation: requests.NeedsInformation, legal.LegalConflict: requests.LegalConflict}

// TestAScriptedReviewerDecidesAHundredCases: a hundred cases, each written after an
// example of the law's files, are decided in the order in which the queue gives
// them, with nothing but keys. What came of each is what the file says of its
// example, and a plain case takes the keys and pages that the documentation says.
func TestAScriptedReviewerDecidesAHundredCases(t *testing.T) {
	s := newScenario(t)
	s.must(s.seedPracticeAgencies(s.ctx, storyNow))
	r := &scriptedReviewer{sent: map[requests.ID]scripted{}, spent: map[string][]effort{}}
	numbers, processes := s.longHeld(), map[legal.ProcessID]bool{}
	for n, c := range s.hundred() {
		r.sent[s.sendsScripted(n, c, numbers)] = c
		processes[c.law.Process] = true
	}
	if len(r.sent) != 100 || len(processes) < 15 {
		t.Fatalf("%d cases under %d processes", len(r.sent), len(processes))
	}
	r.bench = s.openBench()
	r.begins(browser.Start(t, ""))
	for range len(r.sent) {
		r.decides()
	}
	r.left()
	r.tells()
	r.documented()
}

// begins signs in and takes the first case.
func (r *scriptedReviewer) begins(b *browser.Browser) {
	r.t.Helper()
	p := b.Page(r.t, r.base)
	p.Goto("/sign-in")
	p.Follow(`button[value="rita.lind"]`)
	p.Goto("/review")
	r.hands = p.Hands()
	r.hands.Reach(`form[action="/review/next"] button`)
	r.through(kb.Enter)
}

func (r *scriptedReviewer) through(key string) {
	r.t.Helper()
	if status := r.hands.Through(key); status != 200 {
		r.t.Fatalf("the key %q leads to %d at %s: %s", key, status, r.hands.Path(), r.hands.Text("main"))
	}
}

// decides decides the case on the screen, and is then on the next one, which is
// the reviewer's.
func (r *scriptedReviewer) decides() {
	r.t.Helper()
	id := requests.ID(path.Base(r.hands.Path()))
	c, ok := r.sent[id]
	if !ok {
		r.t.Fatalf("the reviewer is at %s: %s", r.hands.Path(), r.hands.Text("h1"))
	}
	keys, loads, before := r.hands.Keys(), r.hands.Loads(), r.worked()
	r.answers(id, c)
	outcome := r.reads(c)
	map[legal.Outcome]func(){legal.Qualified: r.qualifies, legal.Refused: r.refuses, legal.NeedsInformation: r.asks, legal.LegalConflict: r.handsOver}[outcome]()
	r.spent[c.sort()] = append(r.spent[c.sort()], effort{r.hands.Keys() - keys, r.hands.Loads() - loads})
	r.work = append(r.work, r.worked()-before)
	r.judged(id, c)
}

// worked is how long the server has worked on everything so far.
func (r *scriptedReviewer) worked() (sum time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.times {
		for _, d := range list {
			sum += d
		}
	}
	return sum
}

// answers answers every check: as the example says, and else with yes. What only
// others can do, they have done by the time the reviewer looks again.
func (r *scriptedReviewer) answers(id requests.ID, c scripted) {
	r.t.Helper()
	if c.law.Facts.Emergency.Claimed {
		r.must(r.call(id, "Somebody on duty", "yes"))
		r.hands.Again()
	}
	r.passes(c)
	if r.others(id, c) {
		r.hands.Again()
	}
	if c.more == narrower {
		r.narrows()
	}
}

// passes goes down the checklist.
func (r *scriptedReviewer) passes(c scripted) {
	r.t.Helper()
	for done := map[string]bool{}; ; {
		open := slices.DeleteFunc(r.open(), func(check string) bool { return done[check] }) // some wait for a second person
		if len(open) == 0 {
			return
		}
		bad := slices.IndexFunc(open, func(check string) bool { return c.said(check) != legal.Pass })
		for _, check := range open[:cmp.Or(bad+1, len(open))] {
			done[check] = true
		}
		if bad < 0 {
			r.hands.Press(strings.Repeat("1", len(open)))
			r.through("s")
			continue
		}
		r.hands.Press(strings.Repeat("1", bad) + map[legal.Result]string{legal.Fail: "2", legal.NeedsInfo: "3"}[c.said(open[bad])] + "The document shows it.")
		r.through(kb.Enter)
	}
}

// open are the checks that wait for the reviewer, in the order of the page.
func (r *scriptedReviewer) open() []string {
	if r.hands.Count(`#checks form .check-group[aria-labelledby^="checks-todo"]`) == 0 {
		return nil
	}
	return r.hands.Texts(`#checks form .check-group[aria-labelledby^="checks-todo"] .check-id`)
}

// said is what the example has a reviewer answer to a check.
func (c scripted) said(check string) legal.Result {
	for _, a := range c.law.Answers {
		if string(a.Check) == check && a.Role == legal.RoleReviewer {
			return a.Result
		}
	}
	return legal.Pass
}

// others has counsel answer what is counsel's, and tells whether there was something.
func (r *scriptedReviewer) others(id requests.ID, c scripted) bool {
	r.t.Helper()
	helen, in := r.as("helen.park"), r.counsels(id)
	if c.more == rights || c.more == against {
		r.reviewedRights(id, c)
		in = r.counsels(id)
	}
	for i := range in {
		for _, a := range c.law.Answers {
			if string(a.Check) == in[i].Check && a.Role == legal.RoleCounsel {
				in[i].Result = string(a.Result)
			}
		}
	}
	if c.law.Facts.Emergency.Claimed { // takes two
		in = append(in, requests.CheckInput{Check: "VC-19", Result: "pass", Note: "Heard the duty officer."})
	}
	if len(in) > 0 {
		r.must(r.cases.AnswerChecks(helen, id, in))
	}
	return len(in) > 0 || c.more == rights || c.more == against
}

// reviewedRights takes a case of speech through counsel's review.
func (r *scriptedReviewer) reviewedRights(id requests.ID, c scripted) {
	r.t.Helper()
	_, err := r.cases.OpenRightsReviews(r.ctx)
	r.must(err)
	conclusion := requests.Proceed
	if c.more == against {
		conclusion = requests.RefuseRights
	}
	r.must(r.cases.AnswerRights(r.as("helen.park"), id, r.rightsInput(conclusion)))
	r.must(r.cases.DecideRights(r.as("maya.stern"), id, true, ""))
}

var aCode = regexp.MustCompile(`^RR-\d+`)

// reads reads what follows, and holds it against what the law's file says.
func (r *scriptedReviewer) reads(c scripted) legal.Outcome {
	r.t.Helper()
	shown := r.hands.Texts("#verdict .verdict-line .badge")
	if len(shown) != 1 || words[shown[0]] != c.law.Expect.Outcome {
		r.t.Errorf("%s: the page says %q, the law's file %q: %s", c, shown, c.law.Expect.Outcome, r.hands.Text("#verdict"))
	}
	var codes []legal.RefusalCode
	for _, text := range r.hands.Texts("#verdict .codes li") {
		codes = append(codes, legal.RefusalCode(aCode.FindString(text)))
	}
	if want := c.law.Expect.Codes; want != nil && !sameCodes(codes, want) && c.more == asItIs {
		r.t.Errorf("%s: the page gives the codes %v, the law's file %v", c, codes, want)
	}
	return words[shown[0]]
}

func sameCodes(a, b []legal.RefusalCode) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

// String names a case in failures.
func (c scripted) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%s/%s by %s, %s", c.law.Process, c.law.ID, c.who, c.more), ", ")
}

func (r *scriptedReviewer) qualifies() { r.through("q") }

// refuses refuses for the reasons that the checks give, and takes the next.
func (r *scriptedReviewer) refuses() {
	r.hands.Press("x" + kb.Tab + kb.Tab)
	r.through(kb.Enter)
}

// asks asks with a saved text: what it leaves open is marked, and typed over.
func (r *scriptedReviewer) asks() {
	r.hands.Press("a" + kb.ArrowDown + kb.Tab)
	r.through(kb.Enter)
	r.hands.Await("ask-body")
	r.hands.Press("the page with the seal" + kb.Tab + kb.Tab)
	r.through(kb.Enter)
}

// handsOver hands what only counsel may decide over, and takes the next.
func (r *scriptedReviewer) handsOver() {
	r.hands.Press("cThis is for counsel." + kb.Tab)
	r.through(kb.Enter)
	r.through("n")
	r.through("t")
}

// narrows gives of the last kind of data what is younger than a day less.
func (r *scriptedReviewer) narrows() {
	r.t.Helper()
	r.hands.Press(strings.Repeat("d", r.hands.Count("#grid .item")))
	r.hands.Press(kb.ArrowDown + kb.Tab + r.narrowedFrom() + kb.Tab + kb.Tab + kb.Tab + kb.ArrowDown + kb.Tab + "Less is enough." + kb.Tab)
	r.through(kb.Enter)
}

// narrowedFrom is the beginning that the reviewer types.
func (r *scriptedReviewer) narrowedFrom() string {
	return storyNow.AddDate(0, 0, -20).Format("2006-01-02 15:04")
}

// judged holds what came of a case against what the law's file says.
func (r *scriptedReviewer) judged(id requests.ID, c scripted) {
	r.t.Helper()
	got, want := r.load(id), c.law.Expect
	if got.Request.State != scriptedEnds[want.Outcome] {
		r.t.Errorf("%s is %s", c, got.Request.State)
		return
	}
	if want.Outcome == legal.Refused && want.Codes != nil && !sameCodes(refusals(got), want.Codes) {
		r.t.Errorf("%s was refused for %v, the law's file says %v", c, refusals(got), want.Codes)
	}
	if want.Outcome != legal.Qualified {
		for _, d := range got.Decisions {
			if d.Outcome.Leaves() {
				r.t.Errorf("%s is %s, and its %s is to leave", c, got.Request.State, d.Category)
			}
		}
		return
	}
	r.judgedItems(got, c)
}

func refusals(c requests.Case) (out []legal.RefusalCode) {
	for _, code := range c.Request.Refusals {
		out = append(out, legal.RefusalCode(code))
	}
	return out
}

// judgedItems looks at what is to become of each kind of data.
func (r *scriptedReviewer) judgedItems(got requests.Case, c scripted) {
	r.t.Helper()
	decided := map[string]requests.Decision{}
	for _, d := range got.Decisions {
		decided["t1/"+string(d.Category)] = d
	}
	if len(decided) != len(c.law.Facts.Targets[0].Categories) {
		r.t.Errorf("%s: %d kinds of data were decided, %d asked for", c, len(decided), len(c.law.Facts.Targets[0].Categories))
	}
	for item, action := range c.law.Expect.Items {
		want := map[legal.Action]requests.Outcome{legal.Produce: requests.Produce, legal.Narrow: requests.Narrow, legal.RefuseIt: requests.Refuse, legal.NotHeld: requests.NotHeld}[action]
		if c.more == narrower && item == "t1/ip_address" {
			want = requests.Narrow
			if from := decided[item].From.UTC().Format("2006-01-02 15:04"); from != r.narrowedFrom() {
				r.t.Errorf("%s: narrowed to %s, not to %s", c, from, r.narrowedFrom())
			}
		}
		if decided[item].Outcome != want {
			r.t.Errorf("%s: %s is decided as %s, the law's file says %s", c, item, decided[item].Outcome, want)
		}
	}
}

// left tells whether a case was left.
func (r *scriptedReviewer) left() {
	for id, c := range r.sent {
		if s := r.state(id); s == requests.Submitted || s == requests.InReview {
			r.t.Errorf("%s was not decided", c)
		}
	}
}

// tells prints what the decisions took.
func (r *scriptedReviewer) tells() {
	for sort, list := range r.spent {
		byKeys := func(a, b effort) int { return a.keys - b.keys }
		least, most := slices.MinFunc(list, byKeys), slices.MaxFunc(list, byKeys)
		r.t.Logf("%-20s %3d cases: %d–%d keys, %d–%d pages", sort, len(list), least.keys, most.keys, least.loads, most.loads)
	}
	slices.Sort(r.work)
	r.t.Logf("server's work for each decision, pictures of the order included: p50 %s, p99 %s", r.work[len(r.work)/2].Round(time.Millisecond), r.work[len(r.work)*99/100].Round(time.Millisecond))
	for _, page := range []string{"GET /review/:id", "POST /review/:id/checks", "POST /review/:id/qualify", "POST /review/:id/refuse", "POST /review/:id/ask"} {
		r.t.Logf("%-26s p50 %s, p99 %s", page, r.at(page, 0.5).Round(10*time.Microsecond), r.at(page, 0.99).Round(10*time.Microsecond))
	}
}

// aPath is a line of the table of paths in docs/workbench.md.
var aPath = regexp.MustCompile(`(?m)^\| ([a-z ]+) \| .* \| (\d+)(?:–(\d+))? \| (\d+)(?:–(\d+))? \|$`)

// documented holds the counts against docs/workbench.md.
func (r *scriptedReviewer) documented() {
	doc, err := os.ReadFile("../../docs/workbench.md")
	r.must(err)
	said := map[string]string{}
	for _, m := range aPath.FindAllStringSubmatch(string(doc), -1) {
		said[m[1]] = m[2] + "-" + cmp.Or(m[3], m[2]) + " " + m[4] + "-" + cmp.Or(m[5], m[4])
	}
	for sort, list := range r.spent {
		keys := func(e effort) int { return e.keys }
		loads := func(e effort) int { return e.loads }
		if counted := span(list, keys) + " " + span(list, loads); said[sort] != counted {
			r.t.Errorf("docs/workbench.md says %q of the path %q (keys, pages); counted were %q", said[sort], sort, counted)
		}
	}
	if len(said) != len(r.spent) {
		r.t.Errorf("docs/workbench.md tells of %d paths, %d were gone", len(said), len(r.spent))
	}
}

// span gives the least and the most, e.g. "8-9".
func span(list []effort, of func(effort) int) string {
	byIt := func(a, b effort) int { return of(a) - of(b) }
	return strconv.Itoa(of(slices.MinFunc(list, byIt))) + "-" + strconv.Itoa(of(slices.MaxFunc(list, byIt)))
}
