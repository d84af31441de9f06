package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/processes"
	"lerd/internal/requests"
)

// fewerAccounts is the next version of IN-94 as the product prefills it, for two
// accounts in place of fifty.
func (s *scenario) fewerAccounts() processes.Input {
	s.t.Helper()
	in, err := s.processes.Draft(s.as("helen.park"), "IN-94")
	s.must(err)
	in.Body = s.swap(in.Body, "limits: {targets: 50,", "limits: {targets: 2,")
	in.Cases = s.swap(s.swap(in.Cases, "many: 50", "many: 2"), "many: 51", "many: 3")
	in.Why = "The limit of accounts follows the new guideline."
	return in
}

func (s *scenario) swap(text, from, to string) string {
	s.t.Helper()
	if !strings.Contains(text, from) {
		s.t.Fatalf("no %q in:\n%s", from, text)
	}
	return strings.Replace(text, from, to, 1)
}

// threeAccounts submits a case that names three accounts.
func (s *scenario) threeAccounts(number string) requests.Request {
	return s.submitWith(number, func(in *requests.Submission) {
		second := in.Targets[0]
		second.Identifier = "+447700900999"
		third := second
		third.Identifier = "+447700900998"
		in.Targets = append(in.Targets, second, third)
	})
}

func (s *scenario) proposeVersion(in processes.Input) string {
	s.t.Helper()
	id, err := s.processes.Propose(s.as("helen.park"), in)
	s.must(err)
	return id
}

// TestALegalProcessChangesWhileLerdRuns: a version is proposed, compared with
// examples and real cases, put in force by somebody else from tomorrow on; the
// case that came in before stays where it was.
func TestALegalProcessChangesWhileLerdRuns(t *testing.T) {
	s := newScenario(t)
	before := s.threeAccounts("IN/94/2026/700")
	s.must(s.cases.Claim(s.as("rita.lind"), before.ID))
	s.answerAll(s.as("rita.lind"), before.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), before.ID, legal.RoleCounsel)
	id := s.proposeVersion(s.fewerAccounts())

	x, err := s.processes.Compare(s.as("maya.stern"), id)
	s.must(err)
	if len(x.Examples.Cases) == 0 || len(x.Undecided.Cases) != 1 || x.Undecided.Cases[0].ID != string(before.ID) || x.Undecided.Cases[0].To != legal.NeedsInformation {
		t.Fatalf("the comparison shows %d examples and open cases %+v", len(x.Examples.Cases), x.Undecided.Cases)
	}
	var gone, come bool
	for _, l := range x.Lines {
		gone = gone || l.Kind == '-' && strings.Contains(l.Text, "targets: 50")
		come = come || l.Kind == '+' && strings.Contains(l.Text, "targets: 2,")
	}
	if !gone || !come {
		t.Errorf("the difference does not show the line that changed: %v", x.Lines)
	}
	if _, err := s.processes.Compare(s.as("ines.moreau"), id); err != nil {
		t.Errorf("an auditor may not read a proposal: %v", err)
	}
	for _, who := range []string{"rita.lind", "asha.rao", "anna.keller", "tess.boyd", "carl.ito"} {
		if err := s.processes.PutInForce(s.as(who), id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s put a version in force: %v", who, err)
		}
	}
	if err := s.processes.PutInForce(s.as("helen.park"), id); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "You proposed this yourself") {
		t.Errorf("who proposed it put it in force: %v", err)
	}
	s.must(s.processes.PutInForce(s.as("maya.stern"), id))
	if p, err := s.book.Law(s.ctx); err != nil || mustCurrent(t, p, s.clock.Now()).Version != 1 {
		t.Errorf("the version of tomorrow is in force today: %v", err)
	}
	s.clock.Advance(24 * time.Hour)
	after := s.submit("IN/94/2026/701")
	if got := s.load(after.ID).Request.Process.Version; got != 2 {
		t.Errorf("a case of the next day is pinned to version %d", got)
	}
	c := s.load(before.ID)
	v, err := s.cases.Verdict(s.as("rita.lind"), c)
	s.must(err)
	if c.Request.Process.Version != 1 || v.Outcome == legal.NeedsInformation {
		t.Errorf("the earlier case: version %d, %s", c.Request.Process.Version, v.Outcome)
	}
	r, err := s.cases.Replay(s.as("ines.moreau"), before.ID, 2)
	s.must(err)
	if r.Pinned.Version != 1 || r.Under.Version != 2 || r.Verdict.Outcome != legal.NeedsInformation || r.Pin.Outcome == legal.NeedsInformation || !r.Holds {
		t.Errorf("replayed: pinned %d %s, under %d %s, holds %t", r.Pinned.Version, r.Pin.Outcome, r.Under.Version, r.Verdict.Outcome, r.Holds)
	}
	if _, err := s.cases.Replay(s.as("rita.lind"), before.ID, 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer replays: %v", err)
	}
	s.verifyLog()
}

func mustCurrent(t *testing.T, law *legal.Registry, at time.Time) *legal.Process {
	t.Helper()
	p, err := law.Current("IN-94", at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWhatCannotBeProposed is told at its field, and nothing is kept.
func TestWhatCannotBeProposed(t *testing.T) {
	s := newScenario(t)
	for name, tt := range map[string]struct {
		change func(in *processes.Input)
		field  string
	}{
		"nothing differs":       {func(in *processes.Input) { *in = s.unchangedDraft() }, "body"},
		"no reason":             {func(in *processes.Input) { in.Why = " " }, "why"},
		"no refused example":    {func(in *processes.Input) { in.Cases = s.onlyOutcomes(in.Cases, "qualified", "needs_information") }, "cases"},
		"no incomplete example": {func(in *processes.Input) { in.Cases = s.onlyOutcomes(in.Cases, "qualified", "refused") }, "cases"},
		"no qualifying example": {func(in *processes.Input) { in.Cases = s.onlyOutcomes(in.Cases, "needs_information", "refused") }, "cases"},
		"an example that fails": {func(in *processes.Input) { in.Cases = s.swap(in.Cases, "many: 3", "many: 2") }, "cases"},
		"a day in the past":     {func(in *processes.Input) { in.Body = s.day(in.Body, "2026-11-01") }, "body"},
		"today":                 {func(in *processes.Input) { in.Body = s.day(in.Body, "2026-11-02") }, "body"},
		"an old number":         {func(in *processes.Input) { in.Body = s.swap(in.Body, "version: 2", "version: 1") }, "body"},
		"a gap in the numbers":  {func(in *processes.Input) { in.Body = s.swap(in.Body, "version: 2", "version: 3") }, "body"},
		"a condition that is wrong": {func(in *processes.Input) {
			in.Body += "conditions:\n  - {id: x, check: VC-07, pass: \"nothing.of.it\", otherwise: x, source: {text: x, mark: D}}\n"
		}, "body"},
		"checks left out":    {func(in *processes.Input) { in.Body = s.swap(in.Body, "VC-14, VC-15, ", "") }, "body"},
		"a bomb of accounts": {func(in *processes.Input) { in.Cases = s.swap(in.Cases, "many: 3", "many: 2000000000") }, "cases"},
		"another process":    {func(in *processes.Input) { in.Body = s.swap(in.Body, "id: IN-94", "id: IN-95") }, "body"},
	} {
		in := s.fewerAccounts()
		tt.change(&in)
		_, err := s.processes.Propose(s.as("helen.park"), in)
		if list := fault.ProblemsOf(err); len(list) == 0 || list[0].Field != tt.field {
			t.Errorf("%s: %v %v", name, err, list)
		}
	}
	if n := s.column("SELECT count(*)::text FROM process_proposal"); n[0] != "0" {
		t.Errorf("%s proposals were kept", n[0])
	}
}

func (s *scenario) unchangedDraft() processes.Input {
	in, err := s.processes.Draft(s.as("helen.park"), "IN-94")
	s.must(err)
	in.Why = "No reason."
	return in
}

func (s *scenario) day(body, day string) string {
	lines := strings.Split(body, "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "in_force:") })
	lines[i] = "in_force: " + day
	return strings.Join(lines, "\n")
}

// onlyOutcomes keeps the examples that come out so.
func (s *scenario) onlyOutcomes(cases string, keep ...string) string {
	head, list, ok := strings.Cut(cases, "\ncases:\n")
	if !ok {
		s.t.Fatal("no list of examples")
	}
	var kept []string
	for _, one := range strings.Split("\n"+list, "\n  - id: ")[1:] {
		for _, k := range keep {
			if strings.Contains(one, "outcome: "+k+"\n") {
				kept = append(kept, "  - id: "+strings.TrimRight(one, "\n"))
			}
		}
	}
	return head + "\ncases:\n" + strings.Join(kept, "\n") + "\n"
}

// TestTwoProposersAtOnce: both are kept; the second to be put in force is told that
// its basis moved on, before and at the step, also where both are put at once.
func TestTwoProposersAtOnce(t *testing.T) {
	s := newScenario(t)
	first := s.proposeVersion(s.fewerAccounts())
	other := s.fewerAccounts()
	other.Body = s.swap(other.Body, "period_days: 365", "period_days: 364")
	other.Cases = s.onlyShape(other.Cases)
	second, err := s.processes.Propose(s.as("maya.stern"), other)
	s.must(err)

	var wg sync.WaitGroup
	var errs [2]error
	for i, one := range []struct{ who, id string }{{"maya.stern", first}, {"helen.park", second}} {
		ctx := s.as(one.who)
		wg.Go(func() { errs[i] = s.processes.PutInForce(ctx, one.id) })
	}
	wg.Wait()
	lost, who := second, "helen.park"
	if errs[0] != nil {
		lost, who = first, "maya.stern"
	}
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("two versions upon one basis: %v, %v", errs[0], errs[1])
	}
	x, err := s.processes.Compare(s.as(who), lost)
	s.must(err)
	if !strings.Contains(x.Moved, "basis has moved on") || len(x.Lines) == 0 {
		t.Errorf("the second reads %q", x.Moved)
	}
	if err := s.processes.PutInForce(s.as(who), lost); fault.KindOf(err) != fault.Conflict {
		t.Errorf("put in force upon another basis: %v", err)
	}
	s.must(s.processes.Withdraw(s.as(who), lost, "Written anew upon the other."))
	if err := s.processes.PutInForce(s.as(who), lost); fault.KindOf(err) != fault.Conflict {
		t.Errorf("put in force after it was withdrawn: %v", err)
	}
	if n := s.column("SELECT count(*)::text FROM process_version"); n[0] != "1" {
		t.Errorf("%s versions", n[0])
	}
	s.verifyLog()
}

// onlyShape drops the examples that state the limit of the period.
func (s *scenario) onlyShape(cases string) string {
	head, list, _ := strings.Cut(cases, "\ncases:\n")
	var kept []string
	for _, one := range strings.Split("\n"+list, "\n  - id: ")[1:] {
		if !strings.Contains(one, "targets.0.start: 2025-09-1") {
			kept = append(kept, "  - id: "+strings.TrimRight(one, "\n"))
		}
	}
	return head + "\ncases:\n" + strings.Join(kept, "\n") + "\n"
}

// TestAProposalOfTheServersCommandHasNoName: it cannot be put in force before
// somebody took it up, and then not by that person.
func TestAProposalOfTheServersCommandHasNoName(t *testing.T) {
	s := newScenario(t)
	id, err := s.processes.Propose(identity.With(s.ctx, identity.SystemActor()), s.fewerAccounts())
	s.must(err)
	if err := s.processes.PutInForce(s.as("maya.stern"), id); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("in nobody's name, and in force: %v", err)
	}
	s.must(s.processes.TakeUp(s.as("maya.stern"), id))
	if err := s.processes.PutInForce(s.as("maya.stern"), id); fault.KindOf(err) != fault.Gate {
		t.Fatalf("by who took it up: %v", err)
	}
	s.must(s.processes.PutInForce(s.as("helen.park"), id))
	s.verifyLog()
}

// TestATamperedVersionDecidesNothing: the owner of the database changes the text of
// a version; its process is unusable then, and no other.
func TestATamperedVersionDecidesNothing(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/710")
	id := s.proposeVersion(s.fewerAccounts())
	s.must(s.processes.PutInForce(s.as("maya.stern"), id))
	s.clock.Advance(24 * time.Hour)
	_, err := s.ownerDB().Exec(`ALTER TABLE process_version DISABLE TRIGGER USER;
		UPDATE process_version SET body = replace(body, 'targets: 2,', 'targets: 49,'), body_sha256 = encode(sha256(convert_to(replace(body, 'targets: 2,', 'targets: 49,'), 'UTF8')), 'hex')`)
	s.must(err)
	fresh := &processes.Book{Shipped: s.law, Store: s.store}
	law, err := fresh.Law(s.ctx)
	s.must(err)
	if _, err := law.Current("IN-94", s.clock.Now()); fault.KindOf(err) != fault.Gate {
		t.Errorf("a tampered version is in force: %v", err)
	}
	if _, err := law.Pinned(legal.Pin{ID: "IN-94", Version: 1, Digest: s.load(q.ID).Request.Process.Digest}); fault.KindOf(err) != fault.Gate {
		t.Errorf("cases are decided beside it: %v", err)
	}
	if _, err := law.Current("US-SUBP", s.clock.Now()); err != nil {
		t.Errorf("another process: %v", err)
	}
}

// What the routes of this area answer where the test's case is in no conflict.
func init() {
	otherwise["conflict.show"], otherwise["conflict.read"], otherwise["conflict.file"] = http.StatusConflict, http.StatusNotFound, http.StatusNotFound
}

// TestADuplicateIsRefusedAndALinkIsNot: the same paper about the same accounts once
// more is a duplicate of what stands; about another account it follows it; after
// a withdrawal it is new.
func TestADuplicateIsRefusedAndALinkIsNot(t *testing.T) {
	s := newScenario(t)
	again := func(change func(*requests.Submission)) legal.Verdict {
		q := s.submitWith("IN/94/2026/760", change)
		c := s.load(q.ID)
		v, err := s.cases.Verdict(s.as("rita.lind"), c)
		s.must(err)
		return v
	}
	first := s.submit("IN/94/2026/760")
	s.clock.Advance(time.Hour)
	same := func(*requests.Submission) {}
	if v := again(same); v.Outcome != legal.Refused || !slices.Contains(v.Codes, "RR-19") {
		t.Errorf("the same once more: %s %v", v.Outcome, v.Codes)
	}
	if v := again(func(in *requests.Submission) { in.Targets[0].Identifier = "+447700900999" }); slices.Contains(v.Codes, "RR-19") {
		t.Errorf("another account under the same order: %s %v", v.Outcome, v.Codes)
	}
	v, err := s.cases.Verdict(s.as("rita.lind"), s.load(first.ID))
	s.must(err)
	if slices.Contains(v.Codes, "RR-19") {
		t.Error("what came first is the duplicate of what came later")
	}
	for _, id := range s.column("SELECT id::text FROM request ORDER BY received_at") {
		s.must(s.cases.Withdraw(s.as("asha.rao"), requests.ID(id), "Taken back."))
	}
	s.clock.Advance(time.Hour)
	if v := again(same); slices.Contains(v.Codes, "RR-19") {
		t.Errorf("after it was withdrawn: %v", v.Codes)
	}
}

// TestTheCommandsOfAChange file a version from files and replay a case, over the
// database of a configuration, while lerd runs.
func TestTheCommandsOfAChange(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/770")
	in := s.fewerAccounts()
	dir := t.TempDir()
	body, cases, conf := filepath.Join(dir, "p.yaml"), filepath.Join(dir, "c.yaml"), filepath.Join(dir, "lerd.yaml")
	day := time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly) // the command's clock is the real one
	s.must(os.WriteFile(body, []byte(s.day(in.Body, day)), 0o600))
	s.must(os.WriteFile(cases, []byte(s.swap(in.Cases, `in_force: "2026-11-03"`, `in_force: "`+day+`"`)), 0o600))
	s.must(os.WriteFile(conf, []byte("database_url: "+s.db.App+"\ndir: "+s.cfg.Dir+"\n"), 0o600))
	source := keysSource{Config: conf}
	var out bytes.Buffer
	propose := policyProposeCmd{keysSource: source, File: body, Cases: cases, Why: "A new guideline."}
	if err := propose.run(s.ctx, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if got := s.column("SELECT state FROM process_proposal"); len(got) != 1 || got[0] != processes.Filed {
		t.Fatalf("filed: %v", got)
	}
	propose.Cases = body
	if err := propose.run(s.ctx, &out); fault.KindOf(err) != fault.Invalid {
		t.Errorf("examples that are none: %v", err)
	} else if p := fault.ProblemsOf(err); len(p) != 1 || strings.Contains(p[0].Message, "invalid: ") || strings.Count(p[0].Message, "unmarshal errors") > 1 {
		t.Errorf("they are told as %+v", p)
	}
	live, done, err := live(s.ctx, source)
	s.must(err)
	defer done()
	out.Reset()
	s.must(replayCase(s.ctx, live, s.load(q.ID).Request.Ref, 0, &out))
	for _, want := range []string{"pinned to IN-94 version 1", "VC-15", "VC-01"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the replay lacks %q:\n%s", want, out.String())
		}
	}
	if err := replayCase(s.ctx, live, string(q.ID), 7, &out); fault.KindOf(err) != fault.NotFound {
		t.Errorf("under a version that there is not: %v", err)
	}
}
