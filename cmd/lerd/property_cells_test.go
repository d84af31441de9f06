package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
)

// envCellSeed names the variable with the seed of a walk that is to be walked again.
const envCellSeed = "LERD_CELLS_SEED"

// cell is what may leave of one kind of data of one account: nothing where it is
// not open.
type cell struct {
	open     bool
	from, to time.Time
}

// cellWalk is a story in which the grid is decided at random, by whoever succeeds,
// between everything else that people may try. What may leave is kept here, from
// the steps that went through alone: not from anything that lerd derives.
type cellWalk struct {
	stroll
	asked  map[string]cell             // by "t1/phone_number", as the agency asks by now
	chosen map[string]cell             // as the reviewer last chose
	ended  bool                        // withdrawn or refused
	copies []requests.ID               // the same paper, sent again
	seen   map[requests.ReleaseID]bool // releases of which a bundle was compared
}

// walkedAccounts are whom the walks ask about.
var walkedAccounts = map[string]int64{"t1": int64(sample.SuspectByPhone), "t2": int64(sample.SuspectByUsername)}

// TestNoWalkTakesARefusedCellOut lets a random reviewer's grid and random people
// have their way, takes what can leave to its bundle, opens it, and compares every
// row with the accounts' own tables: nothing of a refused kind of data, nothing
// outside the period that was left of what the agency asked, and all that is inside.
func TestNoWalkTakesARefusedCellOut(t *testing.T) {
	s := newScenario(t)
	done, compared := map[string]int{}, 0
	first, walks := rand.Uint64(), 8
	if v := os.Getenv(envCellSeed); v != "" {
		var err error
		first, err = strconv.ParseUint(v, 10, 64)
		s.must(err)
		walks = 1
	}
	for n := range walks {
		seed := first + uint64(n)
		t.Logf("walk with %s=%d", envCellSeed, seed)
		w := &cellWalk{stroll: stroll{scenario: s, done: done, dice: rand.New(rand.NewPCG(seed, 0))}}
		w.walk(n)
		compared += len(w.seen)
	}
	t.Logf("steps that went through: %v; bundles: %d", done, compared)
	if walks > 1 && (compared < walks/2 || done["decide"] < walks) {
		t.Errorf("only %d bundles were compared, after %d choices", compared, done["decide"])
	}
	s.verifyLog()
}

// walk goes one story, and every copy that was sent on its way.
func (w *cellWalk) walk(n int) {
	w.t.Helper()
	in := w.submission(w.upload(fmt.Sprintf("IN/94/2026/%d", 9000+n)), fmt.Sprintf("IN/94/2026/%d", 9000+n))
	second := in.Targets[0]
	second.Identifier = "+447700900301"
	in.Targets = append(in.Targets, second)
	q, err := w.send(w.as("asha.rao"), in)
	w.must(err)
	w.asked, w.chosen, w.seen = map[string]cell{}, map[string]cell{}, map[requests.ReleaseID]bool{}
	for _, target := range w.load(q.ID).Request.Targets {
		for _, c := range requests.Categories {
			w.asked[target.Ref()+"/"+string(c)] = cell{true, target.From, target.To}
		}
	}
	w.mine = []requests.ID{q.ID}
	for range 26 {
		if w.disturbed(q.ID, in); w.dice.IntN(3) > 0 {
			w.onward(q.ID)
		}
		w.compare(q.ID)
	}
	for _, id := range w.copies {
		for range 6 {
			w.onward(id)
		}
		over := []requests.State{requests.Withdrawn, requests.Refused, requests.NoData, requests.Expired, requests.Lapsed} // what it asked is free to be asked anew
		if state := w.state(id); !slices.Contains(over, w.state(w.mine[0])) && slices.Contains([]requests.State{requests.ExportedCase, requests.Delivered, requests.Closed}, state) {
			w.t.Fatalf("the same paper again is %s, and the first %s", state, w.state(w.mine[0]))
		}
	}
}

// onward takes a case one step on, as those do whose step it is.
func (w *cellWalk) onward(id requests.ID) {
	w.t.Helper()
	ctx, person := w.as("rita.lind"), func(err error) {
		if fault.KindOf(err) == fault.Internal && err != nil {
			w.t.Fatal(err)
		}
	}
	switch w.state(id) {
	case requests.Submitted:
		person(w.cases.Claim(ctx, id))
	case requests.InReview:
		person(w.answerSome(ctx, id))
		person(w.answerSome(w.as("helen.park"), id))
		for range w.dice.IntN(4) {
			if id == w.mine[0] && w.chooses("rita.lind", id) == nil {
				w.done["decide"]++
			}
		}
		person(w.cases.Qualify(ctx, id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}, {Target: "t2", Rule: "PR-05"}}))
	case requests.NeedsInformation:
		person(w.cases.Reply(w.as("asha.rao"), id, "That one."))
	case requests.LegalConflict:
		person(w.cases.Reopen(w.as("helen.park"), id, "Another look."))
	case requests.AwaitingConfirmation:
		w.confirm()
	case requests.Confirmed:
		if r := w.load(id).Release; r != nil {
			person(w.cases.Approve(w.as("anna.keller"), id, r.Digest))
		}
	case requests.Recalled:
		person(w.cases.ConfirmDeletion(w.as("vikram.nair"), id, "nobody", true))
	}
	w.everyJob()
}

// disturbed lets somebody try something.
func (w *cellWalk) disturbed(id requests.ID, in requests.Submission) {
	w.t.Helper()
	who := pick(w.dice, everybody)
	what := pick(w.dice, []string{"decide", "decide", "decide", "decide", "narrow", "narrow", "again", "claim", "unclaim", "ask", "withdraw", "refuse", "counsel", "reopen", "approve", "return",
		"reissue", "propose", "recall", "correct", "take over", "qualify", "answer", "confirm"})
	if w.state(id) == requests.InReview && w.dice.IntN(2) > 0 {
		what = "decide"
	}
	if list := proper[what]; w.dice.IntN(3) > 0 && len(list) > 0 {
		who = pick(w.dice, list)
	}
	if (what == "withdraw" || what == "refuse") && w.dice.IntN(4) > 0 {
		return // most stories go on
	}
	var err error
	switch what {
	case "decide":
		err = w.chooses(who, id)
	case "narrow":
		err = w.asksForLess(who, id)
	case "again": // later: of two that came in one moment neither is the first
		w.clock.Advance(time.Minute)
		var q requests.Request
		if q, err = w.send(w.as("asha.rao"), in); err == nil {
			w.copies = append(w.copies, q.ID)
		}
	default:
		err = w.person(w.as(who), what, id)
	}
	if err == nil {
		w.done[what]++
		w.ended = w.ended || what == "withdraw" || what == "refuse"
	} else if fault.KindOf(err) == fault.Internal {
		w.t.Fatalf("%s by %q: %v", what, who, err)
	}
}

// chooses has somebody choose one cell of the grid at random.
func (w *cellWalk) chooses(who string, id requests.ID) error {
	target, category := pick(w.dice, []string{"t1", "t2"}), pick(w.dice, requests.Categories)
	from, to := storyNow.AddDate(0, 0, -20-w.dice.IntN(60)), storyNow.AddDate(0, 0, -2-w.dice.IntN(17))
	d := requests.DecisionInput{Target: target, Category: category, Outcome: pick(w.dice, []requests.Outcome{requests.Produce, requests.Narrow, requests.Narrow, requests.Refuse}),
		Note: "n", Reasons: []string{"RR-10"}, Zone: "UTC", From: from.Format("2006-01-02T15:04"), To: to.Format("2006-01-02T15:04")}
	err := w.cases.Decide(w.as(who), id, []requests.DecisionInput{d})
	if err == nil {
		w.chosen[target+"/"+string(category)] = map[requests.Outcome]cell{requests.Produce: {true, time.Time{}, storyNow},
			requests.Narrow: {true, from.Truncate(time.Minute), to.Truncate(time.Minute)}, requests.Refuse: {}}[d.Outcome]
	}
	return err
}

// asksForLess has the agency want less of one account.
func (w *cellWalk) asksForLess(who string, id requests.ID) error {
	in := less(w.dice.IntN(4) > 0, w.dice.IntN(4) > 0, 10+w.dice.IntN(80))
	t2 := w.asked["t2/ip_address"] // stays as it is
	in = append(in, requests.NarrowInput{Target: "t2", WantPhone: true, WantIP: true, Zone: "UTC", From: t2.from.UTC().Format("2006-01-02T15:04"), To: t2.to.UTC().Format("2006-01-02T15:04")})
	err := w.cases.NarrowOwn(w.as(who), id, in, "Less.")
	if err == nil {
		from, to := minuteOf(in[0].From), minuteOf(in[0].To)
		w.asked["t1/phone_number"], w.asked["t1/ip_address"] = cell{in[0].WantPhone, from, to}, cell{in[0].WantIP, from, to}
	}
	return err
}

func minuteOf(s string) time.Time {
	at, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return at
}

// may gives what may leave of a cell.
func (w *cellWalk) may(key string) cell {
	c := w.asked[key]
	if chosen, ok := w.chosen[key]; ok {
		c.open = c.open && chosen.open
		if chosen.from.After(c.from) {
			c.from = chosen.from
		}
		if chosen.to.Before(c.to) {
			c.to = chosen.to
		}
	}
	return c
}

// compare opens the bundle that the case's officer can fetch, where there is one.
func (w *cellWalk) compare(id requests.ID) {
	w.t.Helper()
	c := w.load(id)
	state := c.Request.State
	if w.ended && c.Release != nil && c.Release.State == requests.Exported {
		w.t.Fatalf("the case was withdrawn or refused, and is %s with a release", state)
	}
	if state != requests.ExportedCase && state != requests.Delivered {
		return
	}
	var b []byte
	for _, who := range []string{"asha.rao", "vikram.nair"} {
		if got, err := w.fetched(w.as(who), id); err == nil {
			b = got
			break
		}
	}
	if b == nil {
		return
	}
	w.seen[c.Release.ID] = true
	container := w.container(b)
	for category, file := range map[string]string{"phone_number": "phone_numbers.csv", "ip_address": "ip_addresses.csv"} {
		got := w.rows(container, file)
		for target, account := range walkedAccounts {
			key := target + "/" + category
			may := w.may(key)
			may.open = may.open && !failed(c.Answers, target)
			if want := w.truth(category, account, may); !slices.Equal(got[account], want) {
				w.t.Fatalf("%s, where %+v may leave (asked %+v, chosen %+v): the bundle has %d rows, the accounts' tables %d of them: %v and %v",
					key, may, w.asked[key], w.chosen[key], len(got[account]), len(want), got[account], want)
			}
			delete(got, account)
		}
		if len(got) > 0 {
			w.t.Fatalf("%s has rows of the accounts %v", file, slices.Collect(maps.Keys(got)))
		}
	}
}

// failed tells whether the last word on some check of an account is that it fails:
// then nothing about the account may leave, whatever was chosen.
func failed(answers []requests.Answer, target string) bool {
	last := map[string]string{}
	for _, a := range slices.SortedStableFunc(slices.Values(answers), func(a, b requests.Answer) int { return a.At.Compare(b.At) }) {
		if a.Target == target {
			last[a.Check] = a.Result
		}
	}
	return slices.Contains(slices.Collect(maps.Values(last)), "fail")
}

// rows gives the ids in the source of a bundle's rows, by account.
func (w *cellWalk) rows(container []byte, file string) map[int64][]string {
	w.t.Helper()
	out := map[int64][]string{}
	if !bytes.Contains(container, []byte(file)) {
		return out
	}
	all, err := csv.NewReader(bytes.NewReader(fromZip(w.t, container, file))).ReadAll()
	w.must(err)
	account, source := slices.Index(all[0], "account_id"), slices.Index(all[0], "source_record_id")
	for _, row := range all[1:] {
		n, err := strconv.ParseInt(strings.TrimLeft(row[account], "A-"), 10, 64)
		w.must(err)
		out[n] = append(out[n], row[source])
	}
	for n := range out {
		slices.Sort(out[n])
	}
	return out
}

// truth asks the accounts' own tables, by the records' meaning: an event lies
// inside a period, a number was held during some of it.
func (w *cellWalk) truth(category string, account int64, c cell) []string {
	w.t.Helper()
	if !c.open || !c.from.Before(c.to) {
		return nil
	}
	query := "SELECT 'ev-' || event_id FROM sample.ip_event WHERE account_id = %d AND at >= '%[2]s' AND at < '%[3]s'"
	if category == "phone_number" {
		query = "SELECT 'ph-' || phone_id FROM sample.phone WHERE account_id = %d AND valid_from < '%[3]s' AND coalesce(valid_to, 'infinity') > '%[2]s'"
	}
	list := w.column(fmt.Sprintf(query, account, c.from.UTC().Format(time.RFC3339Nano), c.to.UTC().Format(time.RFC3339Nano)))
	slices.Sort(list)
	return list
}
