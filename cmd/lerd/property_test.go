package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// pick draws one of a list, each as likely as the others: rapid's own draws
// favour the first ones, and such walks get nowhere.
func pick[T any](dice *rand.Rand, list []T) T { return list[dice.IntN(len(list))] }

// stroll is one random story: a few cases, and anybody doing anything.
type stroll struct {
	*scenario
	mine      []requests.ID
	sql       *sql.DB // the owner's
	suspended bool
	out       map[string]bool // releases known to be out
	done      map[string]int  // steps that went through
	dice      *rand.Rand
}

var everybody = []string{"asha.rao", "vikram.nair", "jana.weber", "rita.lind", "omar.haddad", "helen.park", "carl.ito", "dana.cruz",
	"emil.novak", "anna.keller", "ben.osei", "ines.moreau"}

// proper is who usually takes a step; now and then somebody else tries.
var proper = map[string][]string{
	"cosign": {"vikram.nair", "vikram.nair", "asha.rao"}, "send_back": {"vikram.nair"}, "take_back": {"asha.rao"},
	"claim": {"rita.lind", "omar.haddad"}, "unclaim": {"rita.lind", "omar.haddad"}, "answer": {"rita.lind", "rita.lind", "helen.park"}, "decide": {"rita.lind"},
	"qualify": {"rita.lind"}, "refuse": {"rita.lind"}, "ask": {"rita.lind"}, "reply": {"asha.rao"}, "withdraw": {"vikram.nair"}, "confirm": {"carl.ito", "dana.cruz"},
	"reject": {"emil.novak"}, "approve": {"anna.keller", "ben.osei", "anna.keller", "ben.osei", "rita.lind"}, "return": {"ben.osei"}, "download": {"asha.rao"}, "acknowledge": {"vikram.nair"},
	"reissue": {"rita.lind", "ben.osei"}, "propose": {"rita.lind"}, "recall": {"anna.keller", "ben.osei", "rita.lind"}, "keep": {"anna.keller"}, "delete": {"asha.rao", "vikram.nair"}, "correct": {"rita.lind", "rita.lind", "omar.haddad"},
	"narrow": {"asha.rao", "vikram.nair"}, "take over": {"asha.rao", "vikram.nair"},
	"settle": {"helen.park"}, "reopen": {"helen.park"}, "counsel": {"rita.lind"}, "jobs": {""}, "suspend": {""}, "reinstate": {""}, "overturn": {""}, "appeal": {""},
}

// fitting lists the steps that lead on from a state, as often as they should be
// drawn; three of four steps come from here, so that walks get somewhere.
var fitting = map[requests.State][]string{
	requests.AwaitingCosignature: {"cosign", "cosign", "cosign", "cosign", "send_back", "take_back", "claim"},
	requests.Submitted:           {"claim", "claim", "claim", "claim", "claim", "take_back"}, requests.InReview: {"answer", "answer", "answer", "qualify", "qualify", "qualify", "decide", "counsel"},
	requests.NeedsInformation: {"reply"}, requests.Qualified: {"jobs"}, requests.AwaitingConfirmation: {"confirm", "confirm", "confirm", "confirm", "confirm", "jobs", "reject"},
	requests.Confirmed: {"jobs", "narrow", "approve", "approve", "approve", "overturn", "appeal", "return"}, requests.Approved: {"jobs", "jobs", "jobs", "overturn", "suspend", "suspend", "return"}, requests.LegalConflict: {"reopen", "reopen", "settle"},
	requests.ExportedCase: {"download", "take over", "overturn", "reissue", "propose", "recall"}, requests.Delivered: {"acknowledge", "download", "overturn", "propose", "recall", "recall", "jobs"},
	requests.Closed: {"propose", "recall", "download", "correct"}, requests.Recalled: {"delete", "correct", "correct", "download"},
}

// TestNoWalkReachesAReleaseThatShouldNotBe lets random people take random steps
// in random order, and after each one looks with plain SQL whether every
// release that left had all its gates.
func TestNoWalkReachesAReleaseThatShouldNotBe(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "6", "rapid.nofailfile": "true", "rapid.shrinktime": "10s"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	s := newScenario(t)
	db := s.ownerDB()
	n, done, out := 0, map[string]int{}, map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		w := stroll{scenario: s, sql: db, out: out, done: done, dice: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		w.stand(identity.Verified) // a walk that failed may have left it suspended
		for depth := range 3 {
			n++
			w.mine = append(w.mine, w.begin(n, depth))
		}
		for range 70 {
			w.step(rt)
			w.everyGate(rt)
		}
		if w.suspended {
			w.stand(identity.Verified)
		}
	})
	t.Logf("steps that went through: %v; releases: %d", done, len(out))
	s.straight(t, db, out)
	s.verifyLog()
}

// begin submits a case and takes it some way: to a reviewer's desk, to the
// confirmers, or to the approver.
func (w *stroll) begin(n, depth int) requests.ID {
	if depth == 0 && n%2 == 0 {
		return w.proposed(fmt.Sprintf("IN/94/2026/%d", 500+n)).ID
	}
	id := w.submit(fmt.Sprintf("IN/94/2026/%d", 500+n)).ID
	if depth > 0 {
		w.review(id)
		w.everyJob()
	}
	if depth > 1 {
		w.confirm()
		w.everyJob()
	}
	return id
}

// everyJob lets lerd take every case on, whatever waits.
func (w *stroll) everyJob() {
	for range 3 {
		w.must(w.machine("jobs", ""))
	}
}

// straight takes one case the whole way, so that the check of the gates has
// something to look at in every run.
func (s *scenario) straight(t *testing.T, db *sql.DB, out map[string]bool) {
	q := s.submit("IN/94/2026/499")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	w := stroll{scenario: s, sql: db, out: out, done: map[string]int{}}
	id := string(s.load(q.ID).Release.ID)
	w.everyGate(t)
	if !out[id] {
		t.Errorf("the check of the gates did not see release %s among %d", id, len(out))
	}
}

func (w *stroll) step(rt *rapid.T) {
	id := pick(w.dice, w.mine)
	likely := fitting[w.state(id)]
	if len(likely) == 0 || w.dice.IntN(10) == 0 {
		likely = slices.Sorted(maps.Keys(proper))
	}
	if w.suspended && w.dice.IntN(4) == 0 {
		likely = []string{"reinstate"}
	}
	what := pick(w.dice, likely)
	who := pick(w.dice, proper[what])
	if who != "" && w.dice.IntN(15) == 0 {
		who = pick(w.dice, everybody)
	}
	var err error
	if who == "" {
		err = w.machine(what, id)
	} else {
		err = w.person(w.as(who), what, id)
	}
	if err == nil {
		w.done[what]++
	} else if fault.KindOf(err) == fault.Internal {
		rt.Fatalf("%s by %q: %v", what, who, err)
	}
}

// machine is what nobody does by hand in the portal.
func (w *stroll) machine(what string, id requests.ID) error {
	if ok, err := w.lawMachine(what); ok {
		return err
	}
	switch what {
	case "suspend":
		w.stand(identity.Suspended)
	case "reinstate":
		w.stand(identity.Verified)
	case "overturn", "appeal":
		c := w.load(id)
		if len(c.Asks) == 0 {
			return fault.New(fault.Conflict, "nothing to overturn")
		}
		words := []violations.AppealWord{violations.Overturn}
		if what == "appeal" {
			words = append(words, violations.Uphold, violations.Uphold)
		}
		return w.findings.Appeal(w.as(pick(w.dice, []string{"carl.ito", "dana.cruz", "emil.novak"})), string(c.Asks[0].Finding), pick(w.dice, words), "Appeal A-3.")
	default:
		_, err := w.caseJob.RunOnce(w.ctx)
		return err
	}
	return nil
}

func (w *stroll) stand(standing identity.Standing) {
	actor, _ := identity.From(w.as("asha.rao"))
	w.suspendAgency(actor.Agency, standing)
	w.suspended = standing == identity.Suspended
}

// person takes one step in the portal.
func (w *stroll) person(ctx context.Context, what string, id requests.ID) error {
	if ok, err := w.lawStep(ctx, what, id); ok {
		return err
	}
	switch what {
	case "cosign":
		return w.cases.CoSign(ctx, id)
	case "send_back":
		return w.cases.SendBack(ctx, id, "Mend it.")
	case "take_back":
		return w.cases.TakeBack(ctx, id)
	case "claim":
		return w.cases.Claim(ctx, id)
	case "unclaim":
		return w.cases.Unclaim(ctx, id, "Lunch.")
	case "answer":
		return w.answerSome(ctx, id)
	case "decide":
		return w.decideSome(ctx, id)
	case "qualify":
		return w.cases.Qualify(ctx, id, []requests.Allegation{{Target: "t1", Rule: pick(w.dice, []string{"PR-05", "PR-05", "PR-05", "PR-08"})}})
	case "refuse":
		return w.cases.Refuse(ctx, id, []string{"RR-12"}, "Too wide.")
	case "ask":
		return w.cases.Ask(ctx, id, "Which one?")
	case "reply":
		return w.cases.Reply(ctx, id, "That one.")
	case "withdraw":
		return w.cases.Withdraw(ctx, id, "Settled.")
	case "confirm", "reject":
		return w.speak(ctx, what, id)
	case "approve":
		return w.cases.Approve(ctx, id, w.digest(id))
	case "return":
		return w.cases.Return(ctx, id, "Look again.")
	case "settle":
		return w.cases.SettleConflict(ctx, id, "We object.")
	case "reopen":
		return w.cases.Reopen(ctx, id, "Another look.")
	case "counsel":
		return w.cases.SendToCounsel(ctx, id, "Yours.")
	case "acknowledge":
		return w.cases.Acknowledge(ctx, id)
	case "download":
		return w.fetch(ctx, id)
	}
	return w.after(ctx, what, id)
}

// after takes a step about a bundle that is out.
func (w *stroll) after(ctx context.Context, what string, id requests.ID) error {
	switch what {
	case "reissue":
		return w.cases.Reissue(ctx, id, pick(w.dice, requests.ReissueReasons), "Again.")
	case "propose":
		return w.cases.ProposeRecall(ctx, id, pick(w.dice, requests.RecallReasons), "Wrong.")
	case "recall":
		return w.cases.ConfirmRecall(ctx, id, "Compared.")
	case "keep":
		return w.cases.RejectRecall(ctx, id, "It is right.")
	case "narrow":
		days := 10 + w.dice.IntN(120)
		return w.cases.NarrowOwn(ctx, id, less(w.dice.IntN(3) > 0, w.dice.IntN(4) > 0, days), "Less.")
	case "take over":
		return w.cases.TakeOver(ctx, id, "On leave.")
	case "delete":
		return w.cases.ConfirmDeletion(ctx, id, "nobody", true)
	}
	return w.cases.Correct(ctx, id, "Once more.")
}

// fetch downloads a bundle, now and then only in part.
func (w *stroll) fetch(ctx context.Context, id requests.ID) error {
	r, _, err := w.cases.Download(ctx, id)
	if err != nil {
		return err
	}
	if w.dice.IntN(4) > 0 {
		_, err = io.Copy(io.Discard, r)
	}
	return errors.Join(err, r.Close())
}

func (w *stroll) answerSome(ctx context.Context, id requests.ID) error {
	v, err := w.cases.Verdict(ctx, w.load(id))
	if err != nil {
		return err
	}
	actor, _ := identity.From(ctx)
	var in []requests.CheckInput
	for _, r := range v.Results {
		if r.Result == "open" && r.Counsel == (actor.Role == identity.Counsel) {
			result := "pass"
			if w.dice.IntN(60) == 0 {
				result = "fail"
			}
			in = append(in, requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: result, Note: "Examined.", Place: placeFor(r)})
		}
	}
	return w.cases.AnswerChecks(ctx, id, in)
}

func (w *stroll) decideSome(ctx context.Context, id requests.ID) error {
	in := requests.DecisionInput{Target: "t1", Note: "n", Reasons: []string{"RR-10"}, Zone: "UTC",
		Category: pick(w.dice, requests.Categories),
		Outcome:  pick(w.dice, []requests.Outcome{requests.Produce, requests.Narrow, requests.Refuse}),
		From:     storyNow.AddDate(0, 0, -20-w.dice.IntN(80)).Format("2006-01-02T15:04"),
		To:       storyNow.AddDate(0, 0, -w.dice.IntN(19)).Format("2006-01-02T15:04")}
	return w.cases.Decide(ctx, id, []requests.DecisionInput{in})
}

func (w *stroll) speak(ctx context.Context, what string, id requests.ID) error {
	c := w.load(id)
	if len(c.Asks) == 0 {
		return fault.New(fault.Conflict, "nothing to confirm")
	}
	in := violations.Input{Verdict: "confirmed", Evidence: "MOD-1"}
	if what == "reject" {
		in = violations.Input{Verdict: "rejected", Note: "No."}
	}
	return w.findings.Confirm(ctx, string(c.Asks[0].Finding), in)
}

func (w *stroll) digest(id requests.ID) string {
	if c := w.load(id); c.Release != nil && w.dice.IntN(10) > 0 {
		return c.Release.Digest
	}
	return "0"
}

// brokenGates gives, of the releases that left, what should have stopped them.
// It shares no code with the gates of the program or of the database.
const brokenGates = `
SELECT r.id::text, 'the case is ' || q.state || ', verdict ' || q.verdict FROM release r JOIN request q ON q.id = r.request_id
WHERE q.state NOT IN ('exported', 'delivered', 'closed') OR q.verdict <> 'qualified'
UNION ALL SELECT r.id::text, 'approved by ' || coalesce(p.role, 'nobody') FROM release r LEFT JOIN person p ON p.id = r.approver_id WHERE p.role IS DISTINCT FROM 'approver'
UNION ALL SELECT r.id::text, 'approved another digest' FROM release r WHERE r.approved_digest <> r.digest
UNION ALL SELECT r.id::text, 'nothing in it' FROM release r WHERE NOT EXISTS (SELECT 1 FROM release_record x WHERE x.release_id = r.id)
UNION ALL SELECT r.id::text, 'the same people' FROM release r JOIN release_item i ON i.release_id = r.id JOIN request q ON q.id = r.request_id
CROSS JOIN LATERAL (SELECT count(DISTINCT p) AS n FROM unnest(ARRAY[q.officer_id, q.reviewer_id, r.approver_id, i.confirmer1, i.confirmer2]) p) people WHERE people.n <> 5
UNION ALL SELECT r.id::text, 'not two who confirmed, or one who denied' FROM release r JOIN release_item i ON i.release_id = r.id
WHERE (SELECT count(*) FROM confirmation c JOIN person p ON p.id = c.person_id WHERE c.finding_id = i.finding_id AND c.verdict = 'confirmed' AND p.role = 'confirmer') < 2
   OR EXISTS (SELECT 1 FROM confirmation c WHERE c.finding_id = i.finding_id AND c.verdict = 'rejected')
UNION ALL SELECT r.id::text, 'another account or rule' FROM release r JOIN release_item i ON i.release_id = r.id JOIN target t ON t.id = i.target_id JOIN finding f ON f.id = i.finding_id
WHERE t.request_id <> r.request_id OR t.account_id <> i.account_id OR f.account_id <> i.account_id OR f.rule_id <> i.rule_id OR t.person_role <> 'suspect'
UNION ALL SELECT r.id::text, 'not decided so' FROM release r JOIN release_item i ON i.release_id = r.id
LEFT JOIN LATERAL (SELECT * FROM decision d WHERE d.request_id = r.request_id AND d.target_id = i.target_id AND d.category = i.category ORDER BY d.version DESC LIMIT 1) d ON true
WHERE d.outcome IS NULL OR d.outcome NOT IN ('produce', 'narrow') OR i.from_at < d.from_at OR i.to_at > d.to_at
UNION ALL SELECT r.id::text, 'a record outside its item' FROM release r JOIN release_record x ON x.release_id = r.id LEFT JOIN release_item i ON i.id = x.item_id
JOIN target t ON t.id = i.target_id
WHERE i.release_id <> r.id OR x.account_id <> i.account_id OR x.category <> i.category OR NOT (x.category = 'phone_number' AND t.want_phone OR x.category = 'ip_address' AND t.want_ip)
   OR x.event_at < i.from_at OR x.event_at >= i.to_at OR x.valid_from >= i.to_at OR x.valid_to <= i.from_at`

// brokenRecalls gives what is wrong with releases that were called back, with
// grants and with receipts.
const brokenRecalls = `
SELECT r.id::text, 'called back by fewer than two' FROM release r WHERE r.state = 'recalled' AND NOT EXISTS (SELECT 1 FROM recall c JOIN person p ON p.id = c.decided_by
	WHERE c.release_id = r.id AND c.state = 'confirmed' AND p.role = 'approver' AND c.proposed_by IS DISTINCT FROM c.decided_by)
UNION ALL SELECT r.id::text, 'two bundles of one case are out' FROM release r JOIN release o ON o.request_id = r.request_id AND o.id <> r.id WHERE r.state = 'exported' AND o.state = 'exported'
UNION ALL SELECT r.id::text, 'a correction that does not say so' FROM release r JOIN release o ON o.request_id = r.request_id AND o.state = 'recalled' AND o.retrieved_at < r.retrieved_at WHERE r.state = 'exported' AND r.supersedes IS NULL
UNION ALL SELECT r.id::text, 'deliveries without receipts' FROM release r WHERE r.downloads <> (SELECT count(*) FROM release_receipt x WHERE x.release_id = r.id AND x.state = 'delivered')
UNION ALL SELECT g.release_id::text, 'a grant is open for what is not out' FROM release_grant g JOIN release r ON r.id = g.release_id WHERE g.ended = '' AND r.state <> 'exported'
UNION ALL SELECT r.id::text, 'wider than its agency asked when it left' FROM release r JOIN release_item i ON i.release_id = r.id JOIN amendment_item a ON a.target_id = i.target_id JOIN amendment m ON m.id = a.amendment_id
	WHERE r.state NOT IN ('cancelled', 'recalled') AND (i.from_at < a.from_at OR i.to_at > a.to_at OR i.category = 'phone_number' AND NOT a.want_phone OR i.category = 'ip_address' AND NOT a.want_ip)
UNION ALL SELECT g.release_id::text, 'granted to who does not hold the case' FROM release_grant g WHERE g.ended = '' AND g.officer_id <> coalesce((SELECT t.to_id FROM takeover t WHERE t.request_id = g.request_id ORDER BY t.ordinal DESC LIMIT 1),
	(SELECT q.officer_id FROM request q WHERE q.id = g.request_id))
UNION ALL SELECT x.release_id::text, 'fetched by somebody else' FROM release_receipt x JOIN release_grant g ON g.id = x.grant_id WHERE g.officer_id <> x.officer_id OR x.begun_at >= g.until_at`

// tester is what a check of the gates complains to.
type tester interface{ Fatalf(string, ...any) }

// everyGate recomputes the gates of every release that left.
func (w *stroll) everyGate(t tester) {
	rows, err := w.sql.Query(`SELECT * FROM (WITH release AS (SELECT * FROM public.release WHERE state = 'exported') ` + brokenGates + `) gates UNION ALL ` + brokenRecalls)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var id, why string
		w.must(rows.Scan(&id, &why))
		t.Fatalf("release %s left: %s", id, why)
	}
	w.must(rows.Err())
	w.newlyOut(t)
}

// newlyOut looks at the releases that left in the last step: whether the agency
// stood, the findings too, the rule answers to the offence, and the digest is
// that of the records.
func (w *stroll) newlyOut(t tester) {
	rows, err := w.sql.Query(`SELECT r.id, r.digest, r.exported_at, f.state, f.appeal, f.expires_at, i.rule_id, q.offence_class
		FROM release r JOIN release_item i ON i.release_id = r.id JOIN finding f ON f.id = i.finding_id JOIN request q ON q.id = r.request_id WHERE r.state = 'exported'`)
	w.must(err)
	defer rows.Close()
	var fresh []string
	for rows.Next() {
		var id, digest, state, appeal, rule, class string
		var at, expires time.Time
		w.must(rows.Scan(&id, &digest, &at, &state, &appeal, &expires, &rule, &class))
		if w.out[id] {
			continue
		}
		fresh = append(fresh, id)
		if w.suspended || state != "confirmed" || appeal == "pending" || !at.Before(expires) {
			t.Fatalf("release %s left: agency suspended %t, finding %s, appeal %s, until %s", id, w.suspended, state, appeal, expires)
		}
		if ok, why := w.law.RuleMatchesOffence(rule, class); !ok {
			t.Fatalf("release %s left for %s: %s", id, rule, why)
		}
		if got := w.digestOf(id); got != digest {
			t.Fatalf("release %s: digest %s of records with digest %s", id, digest, got)
		}
	}
	for _, id := range slices.Compact(fresh) {
		w.out[id] = true
	}
}

func (w *stroll) digestOf(id string) string {
	d := requests.NewDigester()
	for r, err := range w.store.ReleaseRecords(identity.With(w.ctx, identity.SystemActor()), requests.ReleaseID(id)) {
		w.must(err)
		d.Add(r)
	}
	return d.Sum()
}
