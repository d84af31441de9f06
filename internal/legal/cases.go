package legal

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"time"
)

// Case is an example of a request under a process, with what must come of it.
// Examples state the law a second time, from the side of the request: a
// process whose data are changed by mistake fails its examples.
type Case struct {
	ID         string         `yaml:"id"`
	Why        string         `yaml:"why"`
	Set        map[string]any `yaml:"set"`        // differences to the base, by path: "targets.0.role"; null unsets
	Answers    []Answer       `yaml:"answers"`    // instead of the sound answer to these checks
	Unanswered []CheckID      `yaml:"unanswered"` // checks left open
	Many       int            `yaml:"many"`       // that many accounts, each like the first and named by user id
	Each       *Each          `yaml:"each"`       // the same for several values of one path
	Expect     `yaml:",inline"`

	Process ProcessID `yaml:"-"`
	Version int       `yaml:"-"`
	Facts   Facts     `yaml:"-"` // the base with Set applied
}

// Each repeats a case for several values of one path.
type Each struct {
	Path   string `yaml:"path"`
	Values []any  `yaml:"values"`
}

// Expect is what must come of an example. Everything but the outcome is
// compared where it is given; an empty list is given.
type Expect struct {
	Outcome    Outcome                 `yaml:"outcome"`
	Codes      []RefusalCode           `yaml:"codes"`
	Missing    []FieldID               `yaml:"missing"`
	Open       []CheckID               `yaml:"open"`
	Failing    []CheckID               `yaml:"failing"`
	Items      map[string]Action       `yaml:"items"` // by "target/category"
	Emergency  EmergencyState          `yaml:"emergency"`
	Releasable *bool                   `yaml:"releasable"`
	Due        map[ClockKind]time.Time `yaml:"due"`
	Profile    map[string]any          `yaml:"profile"` // values of the process's file, stated again
}

// caseFile is processes/<id>/cases.yaml. Base is applied to example.yaml, the
// facts of a sound request.
type caseFile struct {
	Process ProcessID      `yaml:"process"`
	Version int            `yaml:"version"`
	Base    map[string]any `yaml:"base"`
	Answers []Answer       `yaml:"answers"` // sound answers that differ from a reviewer's pass
	Cases   []Case         `yaml:"cases"`
}

// Cases gives the example cases of all processes, by process and as filed.
func (r *Registry) Cases() (out []Case) {
	for _, id := range sortedKeys(r.cases) {
		out = append(out, r.cases[id]...)
	}
	return out
}

func (l *loader) loadCases() {
	for _, file := range l.glob("processes/*/cases*.yaml") {
		var f caseFile
		if l.decode(file, &f) == nil {
			continue
		}
		if path.Base(path.Dir(file)) != string(f.Process) {
			l.faultf(file, "holds cases of %s and lies in another process's folder", f.Process)
		}
		p, err := l.reg.Process(f.Process, f.Version)
		if err != nil {
			l.faultf(file, "there is no version %d of %s", f.Version, f.Process)
			continue
		}
		l.resolveCases(file, p, &f)
	}
	for _, p := range l.reg.Processes() {
		l.threeKinds(p)
	}
}

func (l *loader) resolveCases(file string, p *Process, f *caseFile) {
	base, err := patched(l.reg.sound, f.Base)
	if err != nil {
		l.faultf(file, "base: %s", oneLine(err))
		return
	}
	seen := map[string]bool{}
	for _, c := range expanded(f.Cases) {
		if seen[c.ID] || c.ID == "" {
			l.faultf(file, "case %q has no id of its own", c.ID)
		}
		seen[c.ID] = true
		c.Process, c.Version = f.Process, f.Version
		c.Answers = append(slices.Clone(c.Answers), without(f.Answers, c)...)
		facts, err := patched(base, c.Set)
		if err != nil {
			l.faultf(file, "case %s: %s", c.ID, oneLine(err))
			continue
		}
		c.Facts = multiplied(facts, c.Many)
		c.Answers = append(c.Answers, without(l.reg.SoundAnswers(p), c)...)
		l.reg.cases[f.Process] = append(l.reg.cases[f.Process], c)
	}
}

// multiplied gives the facts with the first account n times; 0 leaves them.
func multiplied(f Facts, n int) Facts {
	if n == 0 || len(f.Targets) == 0 {
		return f
	}
	first := f.Targets[0]
	f.Targets = nil
	for i := range n {
		t := first
		t.Ref, t.Identifier = fmt.Sprintf("t%d", i+1), ByUserID
		f.Targets = append(f.Targets, t)
	}
	return f
}

// expanded gives a case for each value of its Each.
func expanded(cases []Case) (out []Case) {
	for _, c := range cases {
		if c.Each == nil {
			out = append(out, c)
			continue
		}
		for _, v := range c.Each.Values {
			one := c
			one.ID, one.Set, one.Each = fmt.Sprintf("%s[%v]", c.ID, v), map[string]any{c.Each.Path: v}, nil
			maps.Copy(one.Set, c.Set)
			out = append(out, one)
		}
	}
	return out
}

// without leaves out the answers to checks that a case answers itself or
// leaves open.
func without(answers []Answer, c Case) (out []Answer) {
	for _, a := range answers {
		own := slices.ContainsFunc(c.Answers, func(b Answer) bool { return b.Check == a.Check })
		if !own && !slices.Contains(c.Unanswered, a.Check) {
			out = append(out, a)
		}
	}
	return out
}

// SoundAnswers gives a pass of two reviewers for every check of a process that
// people answer: where examples and practice cases start from.
func (r *Registry) SoundAnswers(p *Process) (out []Answer) {
	for _, c := range r.ChecksOf(p) {
		if c.Mode == Auto {
			continue
		}
		for _, by := range []string{"reviewer-1", "reviewer-2"} {
			out = append(out, Answer{Check: c.ID, Result: Pass, By: by, Role: RoleReviewer})
		}
	}
	return out
}

// threeKinds refuses a process without a qualifying, an incomplete and a
// refused example.
func (l *loader) threeKinds(p *Process) {
	for _, want := range []Outcome{Qualified, NeedsInformation, Refused} {
		found := slices.ContainsFunc(l.reg.cases[p.ID], func(c Case) bool {
			return c.Version == p.Version && c.Expect.Outcome == want
		})
		if !found {
			l.faultf(p.file, "has no example case whose outcome is %q; write one in processes/%s/cases.yaml", want, p.ID)
		}
	}
}
