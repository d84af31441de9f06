package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// TestAnObjectionIsAFormThatIsKept: it is prefilled, wants counsel's passkey for
// its very text, and the authority reads exactly that.
func TestAnObjectionIsAFormThatIsKept(t *testing.T) {
	s := newScenario(t)
	id := s.inConflict("IN/94/2026/730")
	counsel := s.as("helen.park")
	c, p, v, in, err := s.cases.DraftObjection(counsel, id)
	s.must(err)
	if v.Outcome != legal.LegalConflict || in.Why == "" || in.Kept == "" {
		t.Fatalf("prefilled: %s %+v", v.Outcome, in)
	}
	if strings.Contains(in.Why, "suspect") {
		t.Errorf("a reason of policy is given to a demand that may bind: %q", in.Why)
	}
	for name, tt := range map[string]struct {
		change func(*requests.ObjectionInput)
		field  string
	}{
		"no words":                    {func(in *requests.ObjectionInput) { in.Why = " " }, "why"},
		"an open gap":                 {func(in *requests.ObjectionInput) { in.Why = "We ###." }, "why"},
		"an open gap of another sort": {func(in *requests.ObjectionInput) { in.Contact = "Ask [[name]]." }, "contact"},
		"kept, without end":           {func(in *requests.ObjectionInput) { in.Kept = "kept" }, "kept_till"},
		"kept or not":                 {func(in *requests.ObjectionInput) { in.Kept = "" }, "kept"},
		"a day there is not":          {func(in *requests.ObjectionInput) { in.KeptTill = "2026-02-30" }, "kept_till"},
	} {
		bad := in
		tt.change(&bad)
		err := s.cases.Object(counsel, id, bad)
		if list := fault.ProblemsOf(err); len(list) == 0 || list[0].Field != tt.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	in.Why = "The person is not a suspect, and the order does not say why the data are needed."
	o, err := s.cases.Objection(c, p, in)
	s.must(err)
	other := in
	other.Why += " Not."
	wrong, err := s.cases.Objection(c, p, other)
	s.must(err)
	actor, _ := identity.From(counsel)
	given := func(o requests.Objection) error {
		ctx := identity.WithProof(identity.With(s.ctx, actor), identity.DevelopmentProof(actor, identity.PurposeObject, requests.ObjectionDigest(o), s.clock.Now()))
		return s.cases.Object(ctx, id, in)
	}
	if err := given(wrong); fault.KindOf(err) != fault.StepUp {
		t.Fatalf("signed by a passkey's word on another text: %v", err)
	}
	for _, who := range []string{"rita.lind", "asha.rao", "anna.keller", "ines.moreau", "tess.boyd"} {
		if err := s.cases.Object(s.as(who), id, in); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s objected: %v", who, err)
		}
	}
	s.must(given(o))
	_, list, err := s.cases.Objections(counsel, id)
	s.must(err)
	if len(list) != 1 || list[0].ContentSHA256 != o.ContentSHA256 || list[0].Form != requests.GeneralForm {
		t.Fatalf("kept: %+v", list)
	}
	seen, err := s.cases.View(s.as("asha.rao"), id)
	s.must(err)
	if got := seen.Request.Reasons.Reveal(); got != list[0].Text() || !strings.Contains(got, in.Why) {
		t.Errorf("the authority reads %q", got)
	}
	entry := s.column(`SELECT convert_from(e.entry, 'UTF8') || convert_from(o.value, 'UTF8') FROM audit.event e JOIN audit.opening o ON o.event_id = e.id AND o.name = 'facts'
		WHERE e.kind = 'request.settle_conflict'`)[0]
	for _, fact := range []string{`"conflict":"objected"`, `"form":"general"`, `"compulsion":"unknown"`, `"objection_sha256":"` + o.ContentSHA256 + `"`} {
		if !strings.Contains(entry, fact) {
			t.Errorf("the event lacks %s: %s", fact, entry)
		}
	}
	s.verifyLog()
}

// TestTheDatabaseWantsAnObjection settles a conflict with raw SQL in every way but
// the right one.
func TestTheDatabaseWantsAnObjection(t *testing.T) {
	s := newScenario(t)
	id := s.inConflict("IN/94/2026/731")
	counsel, content := s.personID("helen.park"), `[{"name":"Objection","lines":["We object."]}]`
	o := requests.Objection{Request: id, ContentSHA256: s.column("SELECT encode(sha256('" + content + "'), 'hex')")[0]}
	refuse := fmt.Sprintf(`UPDATE request SET state = 'refused', verdict = 'refused', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)
	object := func(by string) string {
		return fmt.Sprintf(`INSERT INTO objection (id, request_id, agency_id, form, content, content_sha256, made_by, at, event_id)
			SELECT gen_random_uuid(), id, agency_id, 'general', '%s', '%s', '%s', now(), $EVENT FROM request WHERE id = '%s'`, content, o.ContentSHA256, by, id)
	}
	proof := s.gave("helen.park", identity.PurposeObject, requests.ObjectionDigest(o))
	for _, a := range s.attackers(t) {
		scope := "counsel"
		stream := requests.StreamOf(id)
		a.refused("a refusal without an objection", a.tryAs(scope, stream, refuse), "by an objection", "no such step", "not in the workflow")
		a.refused("an objection without a passkey", a.tryAs(scope, stream, refuse, object(counsel)), "with their passkey")
		a.refused("by a reviewer", a.tryAs(scope, stream, s.gave("rita.lind", identity.PurposeObject, requests.ObjectionDigest(o)), refuse, object(s.personID("rita.lind"))), "counsel objects")
		a.refused("an objection to what goes on", a.tryAs(scope, stream, proof, object(counsel)), "counsel objects")
		a.refused("another text than its digest", a.tryAs(scope, stream, proof, refuse, strings.Replace(object(counsel), "We object", "We agree", 1)), "content_sha256", "check constraint")
	}
	s.asOwner(requests.StreamOf(id), proof, refuse, object(counsel)) // the right way
	for _, a := range s.attackers(t) {
		a.refused("a change of what was sent", a.tryAs("counsel", "objection:x", `UPDATE objection SET content = '[]', event_id = $EVENT`), "permission denied", "never changes", "does not change", "written once", "cannot be changed")
	}
}

// TestNothingThatCounselDoesOpensARelease: from a conflict counsel, and the two of
// them, do whatever they can, in any order; without a confirmed finding nothing is
// ever prepared, approved or released.
func TestNothingThatCounselDoesOpensARelease(t *testing.T) {
	s := newScenario(t)
	dice := rand.New(rand.NewPCG(7, 11))
	ids, taken := []requests.ID{}, map[string]int{}
	for n := range 4 {
		ids = append(ids, s.inConflict(fmt.Sprintf("IN/94/2026/%d", 740+n)))
	}
	ids = append(ids, s.submit("IN/94/2026/750").ID)
	s.review(ids[4])
	s.jobs()
	musts := []string{"reopen", "object", "counsel", "answer", "reject"}
	for n := range 500 {
		if n >= 120 && !slices.ContainsFunc(musts, func(m string) bool { return taken[m] == 0 }) {
			break
		}
		id, who := pick(dice, ids), pick(dice, []string{"helen.park", "maya.stern", "rita.lind"})
		name, err := s.counselStep(dice, who, id)
		if err == nil {
			taken[name]++
		} else if fault.KindOf(err) == fault.Internal {
			t.Fatalf("%s by %s: %v", name, who, err)
		}
		s.jobs()
		if n := s.column("SELECT count(*)::text FROM release"); n[0] != "0" {
			t.Fatalf("after %s by %s there is a release", name, who)
		}
	}
	for _, must := range musts {
		if taken[must] == 0 {
			t.Errorf("the walk never did %q: %v", must, taken)
		}
	}
	t.Logf("steps that went through: %v", taken)
	s.verifyLog()
}

// counselStep takes one step that counsel, or the reviewer who works with counsel,
// could try. Nobody confirms anything.
func (s *scenario) counselStep(dice *rand.Rand, who string, id requests.ID) (string, error) {
	names := []string{"reopen", "object", "counsel", "counsel", "claim", "answer", "answer", "answer", "qualify", "qualify", "reject", "prepare", "approve", "law"}
	name := pick(dice, names)
	if fits := map[string]string{"counsel": "rita.lind", "qualify": "rita.lind", "reopen": "helen.park", "object": "maya.stern"}[name]; fits != "" && dice.IntN(4) > 0 {
		who = fits
	}
	ctx := s.as(who)
	steps := map[string]func() error{
		"reopen": func() error { return s.cases.Reopen(ctx, id, "Again.") },
		"object": func() error {
			if dice.IntN(6) > 0 {
				return fault.New(fault.Conflict, "later")
			}
			return s.cases.SettleConflict(ctx, id, "We object.")
		},
		"counsel": func() error { return s.cases.SendToCounsel(ctx, id, "Yours.") },
		"claim":   func() error { return s.cases.Claim(ctx, id) },
		"answer": func() error {
			c := s.load(id)
			v, err := s.cases.Verdict(ctx, c)
			if err != nil {
				return err
			}
			var in []requests.CheckInput
			for _, r := range v.Results {
				if r.Auto {
					continue
				}
				in = append(in, requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: "pass", Note: "So it is."})
			}
			in = slices.DeleteFunc(in, func(i requests.CheckInput) bool { return dice.IntN(3) == 0 })
			return s.cases.AnswerChecks(ctx, id, in)
		},
		"qualify": func() error {
			return s.cases.Qualify(ctx, id, []requests.Allegation{{Target: "t1", Rule: pick(dice, []string{"PR-05", "PR-08"})}})
		},
		"reject": func() error { // trust and safety, whatever they are asked
			list, err := s.findings.List(s.as("carl.ito"))
			if err != nil || len(list) == 0 {
				return fault.Because(fault.Conflict, err, "nothing to reject")
			}
			return s.findings.Confirm(s.as("carl.ito"), pick(dice, list).ID, violations.Input{Verdict: "rejected", Note: "No."})
		},
		"prepare": func() error { return s.cases.Prepare(ctx, id) },
		"approve": func() error { return s.cases.Approve(ctx, id, "0") },
		"law": func() error {
			draft, err := s.processes.Draft(ctx, "IN-94")
			if err != nil {
				return err
			}
			draft.Body = strings.Replace(draft.Body, "compulsion: unknown", "compulsion: voluntary", 1)
			draft.Body = strings.Replace(draft.Body, "VC-14, VC-15, ", "", 1)
			draft.Why = "No more gates."
			made, err := s.processes.Propose(ctx, draft)
			if err != nil {
				return err
			}
			return s.processes.PutInForce(s.as("maya.stern"), made)
		},
	}
	return name, steps[name]()
}
