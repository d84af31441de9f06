package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/oversight"
	"lerd/internal/oversight/sampling"
	"lerd/internal/requests"
)

// exportLog writes the log as files, with its verifier key beside them.
func (s *scenario) exportLog() (dir, vkey string) {
	s.t.Helper()
	s.sequenceAll()
	dir = s.t.TempDir()
	if _, err := (audit.Exporter{Source: s.store.AuditReader(), Dir: dir, Trust: s.sequencer.Trust}).Export(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	vkey = filepath.Join(s.t.TempDir(), "log.vkey")
	s.must(os.WriteFile(vkey, []byte(s.logVKey+"\n"), 0o600))
	return dir, vkey
}

// redraw draws a sample again from the exported log, as a stranger does.
func (s *scenario) redraw(id string) (string, error) {
	s.t.Helper()
	return s.redrawWith(id, s.openings())
}

// openings has the openings of closed facts written for a stranger.
func (s *scenario) openings() string {
	s.t.Helper()
	s.sequenceAll()
	file := filepath.Join(s.t.TempDir(), "facts.tsv")
	s.must(auditOpeningsCmd{applicationSource: s.application(), Out: file, To: "Institute 9C of Statistics"}.run(s.ctx, io.Discard))
	return file
}

func (s *scenario) redrawWith(id, openings string) (string, error) {
	s.t.Helper()
	dir, vkey := s.exportLog()
	var out bytes.Buffer
	err := auditSampleCmd{Log: dir, VKey: vkey, ID: id, Open: openings, Cases: true, Quiet: true}.run(s.ctx, &out, io.Discard)
	return out.String(), err
}

// grow makes further events: somebody looks at a case.
func (s *scenario) grow(n int) {
	s.t.Helper()
	for range n {
		_, err := s.oversight.Query(s.as("ines.moreau"), oversight.Search{Name: "cases", Limit: 1}, "page")
		s.must(err)
	}
	s.indexed()
}

func (s *scenario) plan() oversight.PlanInput {
	return oversight.PlanInput{From: storyNow.AddDate(0, 0, -1), To: storyNow.AddDate(0, 0, 1), Strata: []string{"country", "process"}, Each: 2, Ahead: 5}
}

// TestASampleIsDrawnByTheFuture plans, waits for the seed, draws, and draws again from
// the exported log alone; then everything that could be done to it is done.
func TestASampleIsDrawnByTheFuture(t *testing.T) {
	s := newScenario(t)
	for _, n := range []string{"901", "902", "903", "904", "905"} {
		s.submit("IN/94/2026/" + n)
	}
	s.indexed()
	ines := s.as("ines.moreau")
	if _, err := s.oversight.PlanSample(s.as("rita.lind"), s.plan()); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer plans a sample: %v", err)
	}
	id, err := s.oversight.PlanSample(ines, s.plan())
	s.must(err)
	if n, err := s.oversight.DrawSamples(s.ctx); n != 0 || err != nil {
		t.Fatalf("drawn before its seed: %d, %v", n, err)
	}
	if text, err := s.redraw(id); err != nil || !strings.Contains(text, "its seed is not there yet") {
		t.Errorf("before the seed: %v\n%s", err, text)
	}
	s.grow(8)
	if n, err := s.oversight.DrawSamples(s.ctx); n != 1 || err != nil {
		t.Fatalf("drawn %d, %v", n, err)
	}
	if n, err := s.oversight.DrawSamples(s.ctx); n != 0 || err != nil {
		t.Fatalf("drawn twice: %d, %v", n, err)
	}
	x, cases, err := s.oversight.ShowSample(ines, id)
	s.must(err)
	if x.State != oversight.Drawn || x.Population != 5 || len(cases) != 2 {
		t.Fatalf("the sample: %+v with %d cases", x, len(cases))
	}
	text, err := s.redraw(id)
	if err != nil || !strings.Contains(text, "VERIFIED: the sample on record is the one that its seed gives") {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, c := range cases {
		if !strings.Contains(text, c.Case+" "+c.Stratum) {
			t.Errorf("a stranger does not draw %s", c.Case)
		}
	}
	t.Run("openings", func(t *testing.T) { s.openingsHold(t, id) })
	t.Run("drawn twice", func(t *testing.T) {
		e := change.Event(s.system_(), storyNow, sampling.KindDrawn, sampling.StreamOf(id), 0)
		e.Facts["sample"] = id
		s.must(s.store.Commit(s.system_(), change.Set{Parts: []change.Part{{Event: e}}}))
		if _, err := s.redraw(id); err == nil || !strings.Contains(err.Error(), string(sampling.Twice)) {
			t.Errorf("%v", err)
		}
	})
}

// TestAPopulationIsNotEdited changes, as superuser, the cases from which a planned sample
// will be drawn: nothing is drawn from them, other samples are, and the verification says
// so, also where the sample was drawn before.
func TestAPopulationIsNotEdited(t *testing.T) {
	s := newScenario(t)
	for _, n := range []string{"911", "912", "913"} {
		s.submit("IN/94/2026/" + n)
	}
	s.indexed()
	plan := func() string {
		id, err := s.oversight.PlanSample(s.as("ines.moreau"), s.plan())
		s.must(err)
		return id
	}
	edited := plan()
	whole := plan()
	s.grow(12)
	one := " WHERE ctid = (SELECT min(ctid) FROM audit_sample_member WHERE sample_id = '" + edited + "')"
	attacks := map[string]string{
		"removed": "DELETE FROM audit_sample_member" + one, "all removed": "DELETE FROM audit_sample_member WHERE sample_id = '" + edited + "'",
		"in another group": "UPDATE audit_sample_member SET stratum = 'DE/IN-94'" + one, "always drawn": "UPDATE audit_sample_member SET always = NOT always" + one,
		"added": "INSERT INTO audit_sample_member VALUES ('" + edited + "', gen_random_uuid(), 'IN/IN-94', false)",
	}
	a := s.ownerAttacks(t)
	state := func(id string) string {
		x, _, err := s.oversight.ShowSample(s.as("ines.moreau"), id)
		s.must(err)
		return x.State
	}
	for name, attack := range attacks {
		restore := a.asSuperuser([]string{"audit_sample_member"}, attack)
		if _, err := s.oversight.DrawSamples(s.ctx); err == nil || !strings.Contains(err.Error(), "is not the one that its plan fixed") || state(edited) != oversight.Planned || state(whole) != oversight.Drawn {
			t.Errorf("a case %s: %v; the sample is %s, the other %s", name, err, state(edited), state(whole))
		}
		if _, err := s.verify(); err == nil || !strings.Contains(err.Error(), "is not the one that its plan fixed") {
			t.Errorf("a case %s: the verification says %v", name, err)
		}
		restore()
	}
	if n, err := s.oversight.DrawSamples(s.ctx); n != 1 || err != nil {
		t.Errorf("put back: %d drawn, %v", n, err)
	}
	restore := a.asSuperuser([]string{"audit_sample_member"}, "UPDATE audit_sample_member SET always = NOT always"+one)
	if _, err := s.verify(); err == nil || !strings.Contains(err.Error(), "is not the one that its plan fixed") {
		t.Errorf("after the draw the verification says %v", err)
	}
	restore()
	s.verifyLog()
}

// openingsHold: what is given to a stranger opens the log's entries and nothing else;
// what is left out, altered or added is named.
func (s *scenario) openingsHold(t *testing.T, id string) {
	file := s.openings()
	whole := strings.SplitAfter(readAs(t, file), "\n")
	of := func(what string) int {
		at := slices.IndexFunc(whole, func(line string) bool { return strings.Contains(line, what) })
		if at < 0 {
			t.Fatalf("nothing is opened that says %s", what)
		}
		return at
	}
	one, plan := of(`"process_digest":`), of(`"population_sha256":`)
	for name, x := range map[string]struct {
		want  sampling.Breach
		alter func(lines []string) []string
	}{
		"none at all":               {sampling.Unopened, func([]string) []string { return nil }},
		"one case left out":         {sampling.Unopened, func(l []string) []string { return slices.Delete(l, one, one+1) }},
		"the plan left out":         {sampling.Unopened, func(l []string) []string { return slices.Delete(l, plan, plan+1) }},
		"another country":           {sampling.BadOpening, func(l []string) []string { l[one] = strings.Replace(l[one], `"IN"`, `"DE"`, 1); return l }},
		"one case twice":            {sampling.BadOpening, func(l []string) []string { return slices.Insert(l, one, l[one]) }},
		"one for the first entry":   {sampling.BadOpening, func(l []string) []string { return append([]string{"0" + l[one][strings.Index(l[one], "\t"):]}, l...) }},
		"a line that is no opening": {sampling.BadOpening, func(l []string) []string { return append([]string{"x\n"}, l...) }},
	} {
		s.must(os.WriteFile(file, []byte(strings.Join(x.alter(slices.Clone(whole)), "")), 0o600))
		if _, err := s.redrawWith(id, file); err == nil || !strings.Contains(err.Error(), "NOT VERIFIED: "+string(x.want)) {
			t.Errorf("openings with %s: %v, want %s", name, err, x.want)
		}
	}
	for _, x := range []struct{ id, openings, want string }{{id, "", "Give the file with --openings"}, {"AS-8DDC-3GHD", "", "The id is the one in the command"}} {
		if _, err := s.redrawWith(x.id, x.openings); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("sample %s with openings %q: %v, want %q", x.id, x.openings, err, x.want)
		}
	}
	given := s.column("SELECT id::text FROM audit.event WHERE kind = 'log.openings_given'")
	err := auditOpeningsCmd{applicationSource: s.application(), Out: t.TempDir(), To: "Institute 9C of Statistics"}.run(s.ctx, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "Name the file") || len(s.column("SELECT id::text FROM audit.event WHERE kind = 'log.openings_given'")) != len(given) {
		t.Errorf("a folder for the file: %v", err)
	}
	hits, err := s.oversight.Query(s.as("ines.moreau"), oversight.Search{Name: "administrative", Kind: "log.openings_given", Limit: 5}, "page")
	if s.must(err); len(hits) == 0 {
		t.Error("auditors do not find that openings were given out")
	}
}

// TestEveryTrickWithASampleIsNamed forges plans that the service would not make.
func TestEveryTrickWithASampleIsNamed(t *testing.T) {
	s := newScenario(t)
	for _, n := range []string{"911", "912", "913"} {
		s.submit("IN/94/2026/" + n)
	}
	s.indexed()
	ines := s.as("ines.moreau")
	id, err := s.oversight.PlanSample(ines, s.plan())
	s.must(err)
	s.grow(8)
	good, _, err := s.oversight.ShowSample(ines, id)
	s.must(err)
	forge := func(edit func(p *sampling.Plan)) string {
		t.Helper()
		p := good.Plan
		edit(&p)
		e := change.Event(ines, storyNow, sampling.KindPlanned, sampling.StreamOf(p.ID), 0)
		e.Facts = p.Facts()
		s.must(s.store.Commit(ines, change.Set{Parts: []change.Part{{Event: e}}}))
		s.sequenceAll()
		return p.ID
	}
	is := func(name, id string, want sampling.Breach) {
		t.Helper()
		if _, err := s.redraw(id); err == nil || !strings.Contains(err.Error(), "NOT VERIFIED: "+string(want)) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	late := forge(func(p *sampling.Plan) { p.ID = "99999999-9999-4999-8999-000000000001" })
	is("a plan after its seed", late, sampling.Foreseen)
	other := forge(func(p *sampling.Plan) {
		p.ID, p.Seed, p.Population = "99999999-9999-4999-8999-000000000002", 100_000, p.Population-1
	})
	is("a population without one case", other, sampling.Repeated) // the first plan was not drawn yet
	if n, err := s.oversight.DrawSamples(s.ctx); n != 1 || err != nil {
		t.Fatalf("drawn %d, %v", n, err)
	}
	is("a changed population", other, sampling.Population)
	again := forge(func(p *sampling.Plan) { p.ID, p.Seed = "99999999-9999-4999-8999-000000000003", 100_000 })
	is("a plan made again because the first one did not please", again, sampling.Repeated)

	owner := s.ownerDB()
	for name, statement := range map[string]string{
		"a seed that is there already": `INSERT INTO audit_sample SELECT gen_random_uuid(), 'AS-X', planned_by, planned_at, from_at, to_at, strata, each, percent, population_tree, population, population_sha256, population_tree + 1, quorum, plan_event, 'planned', '', '', '', 0, '', NULL, 1, plan_event FROM audit_sample LIMIT 1`,
		"another drawn case":           `INSERT INTO audit_sample_case SELECT gen_random_uuid(), sample_id, case_id, stratum, always, '` + string(good.PlanEvent) + `' FROM audit_sample_member m WHERE NOT EXISTS (SELECT 1 FROM audit_sample_case c WHERE c.case_id = m.case_id)`,
		"a drawn case removed":         `DELETE FROM audit_sample_case`,
		"a member removed":             `DELETE FROM audit_sample_member`,
		"a seed changed":               `UPDATE audit_sample SET seed = repeat('0', 64), version = version + 1`,
	} {
		if _, err := owner.Exec(statement); err == nil {
			t.Errorf("the database takes %s", name)
		}
	}
}

// TestVerifyNow runs the verification as a job, over a log as it should be and over one
// whose rows the database's superuser changed.
func TestVerifyNow(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/921")
	s.indexed()
	ines := s.as("ines.moreau")
	run := func() oversight.Integrity {
		t.Helper()
		s.clock.Advance(time.Minute)
		for i, want := range []bool{true, false} { // a second click asks for nothing more
			asked, err := s.oversight.AskVerification(ines)
			if s.must(err); asked != want {
				t.Errorf("click %d asks for a run: %v", i+1, asked)
			}
		}
		s.sequenceAll()
		if n, err := s.system.verifyLog(s.ctx); n != 1 || err != nil {
			t.Fatalf("ran %d, %v", n, err)
		}
		s.sequenceAll()
		in, err := s.oversight.Integrity(ines)
		s.must(err)
		return in
	}
	in := run()
	if in.Ended == nil || in.Ended.State != oversight.Verified || in.Ended.Rows == 0 {
		t.Fatalf("%+v", in.Ended)
	}
	if len(in.Places) != 1 || !in.Places[0].Agrees || in.Hold != nil || in.PublishedAt.IsZero() {
		t.Errorf("the integrity page: %+v", in)
	}
	for _, a := range s.attackers(t) {
		if a.as == "owner" {
			a.tamper("UPDATE request SET need = 'x' || need WHERE id = '" + string(q.ID) + "'")
		}
	}
	if in = run(); in.Ended.State != oversight.Differs || !strings.Contains(in.Ended.Finding, string(q.ID)) {
		t.Errorf("an edited row: %+v", in.Ended)
	}
	found := false
	for _, h := range s.query("events") {
		found = found || h.Kind == "log.verified" && strings.Contains(h.Detail, "result=differs")
	}
	if !found {
		t.Error("the result is no event")
	}
}

// TestAClockThatWasSetBackIsNamed sets lerd's clock back a year between two steps.
func TestAClockThatWasSetBackIsNamed(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/931")
	s.sequenceAll()
	s.clock.Advance(-365 * 24 * time.Hour)
	_, _ = s.cases.List(s.as("rita.lind"), requests.Filter{})
	_, err := s.oversight.AskVerification(s.as("ines.moreau"))
	s.must(err)
	dir, vkey := s.exportLog()
	var out bytes.Buffer
	if err := (auditVerifyCmd{auditSource: auditSource{VKey: vkey}, Log: dir, Quiet: true}).run(s.ctx, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "CLOCK: entry ") {
		t.Errorf("the verifier says nothing of the clock:\n%s", out.String())
	}
	if n, err := s.system.verifyLog(s.ctx); n != 1 || err != nil {
		t.Fatalf("ran %d, %v", n, err)
	}
	in, err := s.oversight.Integrity(s.as("ines.moreau"))
	s.must(err)
	if !strings.Contains(in.Ended.Finding, "CLOCK: entry ") {
		t.Errorf("the integrity page says nothing of the clock: %+v", in.Ended)
	}
}
