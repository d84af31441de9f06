package legal_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/policies"
)

// sound gives a process with the facts and answers of its sound example.
func sound(t testing.TB, id legal.ProcessID) (*legal.Registry, *legal.Process, legal.Case) {
	t.Helper()
	r := registry(t)
	p, err := r.Process(id, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Cases() {
		if c.Process == id && c.ID == "sound" {
			return r, p, c
		}
	}
	t.Fatalf("%s has no sound example", id)
	return nil, nil, legal.Case{}
}

func TestAnswersThatCannotBeGiven(t *testing.T) {
	r, p, c := sound(t, "IN-94")
	for name, a := range map[string]legal.Answer{
		"an unknown check":               {Check: "VC-99", Result: legal.Pass, By: "p", Role: "reviewer"},
		"a check that the facts decide":  {Check: "VC-01", Result: legal.Pass, By: "p", Role: "reviewer"},
		"not applicable where it is not": {Check: "VC-06", Result: legal.NotApplicable, Note: "n", By: "p", Role: "reviewer"},
		"a fail without a reason":        {Check: "VC-06", Result: legal.Fail, Note: "  ", By: "p", Role: "reviewer"},
		"nobody":                         {Check: "VC-06", Result: legal.Pass, Role: "reviewer"},
		"a result that is not an answer": {Check: "VC-06", Result: legal.Open, By: "p", Role: "reviewer"},
		"a target of a request's check":  {Check: "VC-06", Target: "t1", Result: legal.Pass, By: "p", Role: "reviewer"},
		"an unknown target":              {Check: "VC-17", Target: "t9", Result: legal.Pass, By: "p", Role: "reviewer"},
	} {
		if _, err := r.Verdict(p, c.Facts, append(slices.Clone(c.Answers), a)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want an Invalid error", name, err)
		}
	}
}

// TestNoAnswerMendsWhatTheFactsFail draws failing facts and any answers, and
// looks for a verdict that is laxer than without the answers.
func TestNoAnswerMendsWhatTheFactsFail(t *testing.T) {
	r := registry(t)
	cases := slices.DeleteFunc(r.Cases(), func(c legal.Case) bool { return len(c.Facts.Targets) > 3 || len(c.Answers) == 0 })
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(cases).Draw(t, "case")
		p, err := r.Process(c.Process, c.Version)
		if err != nil {
			t.Fatal(err)
		}
		before, err := r.Verdict(p, c.Facts, r.SoundAnswers(p))
		if err != nil {
			t.Fatal(err)
		}
		answers := r.SoundAnswers(p)
		for range rapid.IntRange(1, 4).Draw(t, "more answers") {
			base := rapid.SampledFrom(answers).Draw(t, "check")
			answers = append(answers, legal.Answer{Check: base.Check, By: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "by"),
				Role:   rapid.SampledFrom([]string{"reviewer", "confirmer"}).Draw(t, "role"),
				Result: rapid.SampledFrom([]legal.Result{legal.Pass, legal.Fail, legal.NeedsInfo}).Draw(t, "result"), Note: "n"})
		}
		after, err := r.Verdict(p, c.Facts, answers)
		if err != nil {
			t.Fatal(err)
		}
		if before.Outcome != legal.Qualified && before.Outcome != legal.Undecided && after.Outcome == legal.Qualified {
			t.Fatalf("%s/%s: answers made %s of %s", c.Process, c.ID, after.Outcome, before.Outcome)
		}
		if after.Releasable && !before.Releasable {
			t.Fatalf("%s/%s: answers made it releasable", c.Process, c.ID)
		}
	})
}

// TestReleasableMeansEveryGateIsMet draws any example and answers, and checks
// what a releasable verdict promises.
func TestReleasableMeansEveryGateIsMet(t *testing.T) {
	r := registry(t)
	for _, res := range examples() {
		v := res.Got
		if !v.Releasable {
			continue
		}
		p, err := r.Pinned(v.Process)
		if err != nil {
			t.Fatal(err)
		}
		if p.Kind != legal.Disclosure || v.Outcome != legal.Qualified || len(v.Open) > 0 || len(v.Pending) > 0 {
			t.Errorf("%s/%s: releasable, yet %s with open %v and pending %v", p.ID, res.Case.ID, v.Outcome, v.Open, v.Pending)
		}
		for _, it := range v.Items {
			target := res.Case.Facts.Targets[slices.IndexFunc(res.Case.Facts.Targets, func(t legal.Target) bool { return t.Ref == it.Target })]
			goes := it.Action == legal.Produce || it.Action == legal.Narrow
			if goes && (target.Finding.State != "confirmed" || target.Finding.ConfirmedBy < 2 || target.Role != legal.Suspect || it.Category == legal.Other) {
				t.Errorf("%s/%s: %s of %s would leave without its gates", p.ID, res.Case.ID, it.Category, it.Target)
			}
		}
	}
}

func TestPeopleMayOnlyBeStricter(t *testing.T) {
	all := []legal.Outcome{legal.Qualified, legal.Undecided, legal.NeedsInformation, legal.LegalConflict, legal.Refused}
	allowed := map[[2]legal.Outcome]bool{
		{legal.Qualified, legal.NeedsInformation}: true, {legal.Qualified, legal.LegalConflict}: true, {legal.Qualified, legal.Refused}: true,
		{legal.Undecided, legal.NeedsInformation}: true, {legal.Undecided, legal.LegalConflict}: true, {legal.Undecided, legal.Refused}: true,
		{legal.NeedsInformation, legal.LegalConflict}: true, {legal.NeedsInformation, legal.Refused}: true,
	}
	for _, derived := range all {
		for _, chosen := range all {
			if got := legal.Stricter(derived, chosen); got != allowed[[2]legal.Outcome{derived, chosen}] {
				t.Errorf("Stricter(%s, %s) = %t", derived, chosen, got)
			}
			want := (derived == chosen && derived != legal.Undecided) || allowed[[2]legal.Outcome{derived, chosen}]
			if got := legal.Permitted(derived, chosen, "because"); got != want {
				t.Errorf("Permitted(%s, %s) = %t", derived, chosen, got)
			}
			if derived != chosen && legal.Permitted(derived, chosen, "") {
				t.Errorf("Permitted(%s, %s) without a reason", derived, chosen)
			}
		}
	}
	if legal.Stricter("", legal.Refused) || legal.Stricter(legal.Qualified, "nonsense") {
		t.Error("unknown outcomes are never stricter")
	}
}

func TestItemsCanOnlyBecomeStricter(t *testing.T) {
	r, p, c := sound(t, "US-SUBP")
	v, err := r.Verdict(p, c.Facts, c.Answers)
	if err != nil {
		t.Fatal(err)
	}
	refuse := legal.Choice{Target: "t1", Category: legal.PhoneNumber, Action: legal.RefuseIt, Codes: []legal.RefusalCode{"RR-12"}, Reason: "Not explained for this account."}
	got, err := v.Apply([]legal.Choice{refuse})
	if err != nil || got.Items[0].Action != legal.RefuseIt || got.Items[0].Derived != legal.Produce || got.Outcome != legal.Qualified || !got.Releasable {
		t.Fatalf("a stricter choice: %v, %+v", err, got.Items)
	}
	if v.Items[0].Action != legal.Produce {
		t.Error("Apply changed the verdict it was called on")
	}
	both := refuse
	both.Category = legal.IPAddress
	if got, err = v.Apply([]legal.Choice{refuse, both}); err != nil || got.Outcome != legal.Refused || got.Releasable {
		t.Errorf("all items refused: %v, %s", err, got.Outcome)
	}
	for name, bad := range map[string]legal.Choice{
		"laxer":     {Target: "t1", Category: legal.PhoneNumber, Action: legal.Produce, Codes: refuse.Codes, Reason: "r"},
		"no reason": {Target: "t1", Category: legal.PhoneNumber, Action: legal.RefuseIt, Codes: refuse.Codes},
		"no code":   {Target: "t1", Category: legal.PhoneNumber, Action: legal.RefuseIt, Reason: "r"},
		"no item":   {Target: "t2", Category: legal.PhoneNumber, Action: legal.RefuseIt, Codes: refuse.Codes, Reason: "r"},
		"a fact":    {Target: "t1", Category: legal.PhoneNumber, Action: legal.NotHeld, Codes: refuse.Codes, Reason: "r"},
	} {
		if _, err := v.Apply([]legal.Choice{bad}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
	c.Facts.Targets[0].Role = legal.Witness
	conflict, err := r.Verdict(p, c.Facts, c.Answers)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conflict.Apply([]legal.Choice{refuse}); fault.KindOf(err) != fault.Invalid {
		t.Error("an item in conflict is counsel's, not to be refused by choice")
	}
}

func TestAnAnswerAboutOneTargetIsNoAnswerAboutAnother(t *testing.T) {
	r, p, c := sound(t, "IN-94")
	second := c.Facts.Targets[0]
	second.Ref = "t2"
	c.Facts.Targets = append(slices.Clone(c.Facts.Targets), second)
	answers := slices.DeleteFunc(slices.Clone(c.Answers), func(a legal.Answer) bool { return a.Check == "VC-17" })
	one := legal.Answer{Check: "VC-17", Target: "t1", Result: legal.Pass, By: "reviewer-1", Role: legal.RoleReviewer}
	v, err := r.Verdict(p, c.Facts, append(answers, one))
	if err != nil || v.Outcome != legal.Undecided || !slices.Equal(v.Open, []legal.CheckID{"VC-17"}) {
		t.Fatalf("one of two answered: %v, %s, open %v", err, v.Outcome, v.Open)
	}
	two := one
	two.Target, two.Result, two.Note = "t2", legal.Fail, "A lawyer's account."
	v, err = r.Verdict(p, c.Facts, append(answers, one, two))
	if err != nil || v.Outcome != legal.Qualified || !v.Releasable {
		t.Fatalf("one of two refused: %v, %s", err, v.Outcome)
	}
	for _, it := range v.Items {
		if want := map[string]legal.Action{"t1": legal.Produce, "t2": legal.RefuseIt}[it.Target]; it.Action != want {
			t.Errorf("%s/%s: %s, want %s", it.Target, it.Category, it.Action, want)
		}
	}
}

func TestTheLawOfADayIsTheOneInForce(t *testing.T) {
	r := registry(t)
	zone, _ := time.LoadLocation("Europe/Brussels")
	first := time.Date(2026, 8, 18, 0, 0, 0, 0, zone)
	if _, err := r.Current("EU-EPOC-S", first.Add(-time.Second)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the day before: %v", err)
	}
	p, err := r.Current("EU-EPOC-S", first)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Pinned(p.Pin()); err != nil || got != p {
		t.Errorf("the pinned version: %v", err)
	}
	changed := p.Pin()
	changed.Digest = strings.Repeat("0", 64)
	if _, err := r.Pinned(changed); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a changed file: %v", err)
	}
}

func TestAProposalShowsWhatItWouldChange(t *testing.T) {
	r, p, _ := sound(t, "EU-EPOC-T")
	raw, err := policies.FS.ReadFile("processes/EU-EPOC-T.v1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("version: 1", "version: 2", "max_penalty_years >= 3", "max_penalty_years >= 4").Replace(string(raw))
	next, proposed, err := r.Propose([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cases := slices.DeleteFunc(r.Cases(), func(c legal.Case) bool { return c.Process != "EU-EPOC-T" })
	ch, err := next.Preview(p, proposed, cases)
	if err != nil {
		t.Fatal(err)
	}
	if len(ch.Cases) != 1 || ch.Cases[0].Case != "just-three-years" || ch.Cases[0].To != legal.Refused {
		t.Errorf("changed cases: %+v", ch.Cases)
	}
	if len(ch.Lines) != 4 {
		t.Errorf("changed lines: %q", ch.Lines)
	}
	if _, err := r.Process("EU-EPOC-T", 2); err == nil {
		t.Error("a proposal must not change the registry it was made against")
	}
	if _, _, err := r.Propose(raw); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a second version 1: %v", err)
	}
}

// copied gives the shipped policies, with one process, as files that a test
// can spoil.
func copied(t *testing.T) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(policies.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || (strings.HasPrefix(name, "processes/") && !strings.Contains(name, "EU-EPOC-S")) {
			return err
		}
		raw, err := policies.FS.ReadFile(name)
		out[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryFaultOfThePoliciesIsOneClearLine(t *testing.T) {
	const process, checks = "processes/EU-EPOC-S.v1.yaml", "checks.yaml"
	if _, err := legal.LoadWithCases(copied(t)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, old, new, want string }{
		{process, "offence.sentence_months >= 4", "offence.sentence_month >= 4", "sentence_month"},
		{process, "offence.sentence_months >= 4", "offence.sentence_months == \\\"four\\\"", "mismatched types"},
		{process, "offence.sentence_months >= 4", "now().Year() > 4", "unknown name now"},
		{process, "offence.sentence_months >= 4", "given(\\\"no_such_field\\\")", "names no field"},
		{process, "offence.sentence_months >= 4", "given(issuer.kind)", "in quotes"},
		{process, "offence.sentence_months >= 4", "issuer.kind == \\\"prosecuter\\\"", "is never \"prosecuter\""},
		{process, "offence.sentence_months >= 4", "order.signed in [\\\"maybe\\\"]", "is never \"maybe\""},
		{process, "offence.sentence_months >= 4", "target.role == \\\"suspect\\\"", "unknown name target"},
		{process, "compulsion: mandatory", "compulsion: perhaps", "compulsion is mandatory"},
		{process, "calendar: eu", "calendar: mars", "calendar \"mars\" does not exist"},
		{process, "zone: Europe/Brussels", "zone: Europe/Bruxelles", "IANA zone"},
		{process, "VC-14, ", "", "cannot do without check VC-14"},
		{process, "VC-19, ", "", "cannot do without check VC-19"},
		{process, "id: phone_number", "id: message_content", "can never be produced"},
		{process, "[judge, court,", "[judge, duke,", "issuer kind duke"},
		{process, "kinds: [police,", "kinds: [judge, police,", "stands in two rules"},
		{process, "mark: V, key: EE-art", "mark: V", "needs the key"},
		{process, "mark: V, key: EE-art", "mark: X", "mark V, M or D"},
		{process, "jurisdiction: EU", "jurisdicton: EU", "jurisdicton"},
		{process, "version: 1", "version: 2", "must be named EU-EPOC-S.v2.yaml"},
		{process, "amount: 10, ", "", "needs an amount"},
		{checks, "refusal: RR-01", "refusal: RR-99", "RR-99 is not in refusals.yaml"},
		{checks, "needs: [role]", "needs: [roll]", "roll, which is not in fields.yaml"},
		{checks, "id: VC-02", "id: VC-01", "VC-01 occurs twice"},
		{"rules.yaml", "offences: [\"03022\"]", "offences: [\"99\"]", "offence class 99"},
		{"refusals.yaml", "effect: refuse", "effect: shrug", "unknown effect"},
		{"calendars/eu.yaml", "easter: -3", "easter: -3, fixed: \"01-06\"", "exactly one of"},
		{"processes/EU-EPOC-S/cases.yaml", "outcome: needs_information", "outcome: qualified", "no example case whose outcome is \"needs_information\""},
		{"processes/EU-EPOC-S/cases.yaml", "issuer.kind: police", "issuer.kid: police", "there is no \"kid\""},
		{"processes/EU-EPOC-S/cases.yaml", "targets.0.role: witness", "targets.0.role: hero", "hero"},
	} {
		files := copied(t)
		spoiled := strings.ReplaceAll(string(files[c.file].Data), c.old, c.new)
		if spoiled == string(files[c.file].Data) {
			t.Errorf("%s: %q is not there to spoil", c.file, c.old)
			continue
		}
		files[c.file] = &fstest.MapFile{Data: []byte(spoiled)}
		_, err := legal.LoadWithCases(files)
		if err == nil {
			t.Errorf("%s with %q: loads", c.file, c.new)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, c.want) && strings.Contains(l, ".yaml: ") }) {
			t.Errorf("%s with %q: no line says %q:\n%s", c.file, c.new, c.want, err)
		}
	}
}

func TestAProcessWithoutExamplesIsRefused(t *testing.T) {
	files := copied(t)
	delete(files, "processes/EU-EPOC-S/cases.yaml")
	if _, err := legal.LoadWithCases(files); err == nil || strings.Count(err.Error(), "has no example case") != 3 {
		t.Errorf("got %v", err)
	}
	if _, err := legal.Load(files); err != nil {
		t.Errorf("serving needs no examples: %v", err)
	}
}
