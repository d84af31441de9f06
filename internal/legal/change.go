package legal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"lerd/internal/fault"
)

// Change is what putting one version of a process in the place of another
// would do: the lines of the file that differ, and the cases whose outcome
// would be another.
type Change struct {
	From, To Pin
	Lines    []string // "- " what goes, "+ " what comes, by path
	Cases    []CaseChange
	Examined int // how many cases were derived under both
}

// CaseChange is one case whose verdict would change.
type CaseChange struct {
	Case     string
	From, To Outcome
	Why      []string // what else differs: codes, items, deadlines
}

// Propose reads a version of a process that is not among the policies, checks
// it like the others, and gives a registry that has it. The registry itself
// does not change.
func (r *Registry) Propose(raw []byte) (*Registry, *Process, error) {
	next := *r
	next.versions = maps.Clone(r.versions)
	next.digest = hexDigest([]byte(r.digest), raw)
	l := &loader{reg: &next}
	p := l.addProcess("proposal", raw)
	l.order()
	if len(l.faults) > 0 {
		return nil, nil, fault.Because(fault.Invalid, errors.Join(l.faults...), "%s", errors.Join(l.faults...))
	}
	return &next, p, nil
}

// Preview derives the given cases under both versions of a process.
func (r *Registry) Preview(from, to *Process, cases []Case) (Change, error) {
	ch := Change{From: from.Pin(), To: to.Pin(), Examined: len(cases)}
	lines, err := fileDiff(from, to)
	if err != nil {
		return ch, err
	}
	ch.Lines = lines
	for _, c := range cases {
		before, err := r.Verdict(from, c.Facts, answerable(r, from, c.Answers))
		if err != nil {
			return ch, err
		}
		after, err := r.Verdict(to, c.Facts, answerable(r, to, c.Answers))
		if err != nil {
			return ch, err
		}
		why := append(verdictDiff(before, after), r.dueDiff(from, to, c)...)
		if before.Outcome != after.Outcome || len(why) > 0 {
			ch.Cases = append(ch.Cases, CaseChange{c.ID, before.Outcome, after.Outcome, why})
		}
	}
	slices.SortStableFunc(ch.Cases, func(a, b CaseChange) int { // another outcome first
		return strings.Compare(fmt.Sprint(a.From == a.To), fmt.Sprint(b.From == b.To))
	})
	return ch, nil
}

// Answerable leaves out answers to checks that a version does not have.
func (r *Registry) Answerable(p *Process, answers []Answer) []Answer {
	return answerable(r, p, answers)
}

// answerable leaves out answers to checks that a version does not have.
func answerable(r *Registry, p *Process, answers []Answer) []Answer {
	return slices.DeleteFunc(slices.Clone(answers), func(a Answer) bool {
		c := r.Checklist(p).Check(a.Check)
		return c == nil || c.Mode == Auto || !slices.Contains(p.Checks, a.Check)
	})
}

func verdictDiff(a, b Verdict) (why []string) {
	if !sameSet(a.Codes, b.Codes) {
		why = append(why, fmt.Sprintf("codes %v become %v", a.Codes, b.Codes))
	}
	if !sameSet(a.Missing, b.Missing) {
		why = append(why, fmt.Sprintf("asked for %v becomes %v", a.Missing, b.Missing))
	}
	for i, it := range a.Items {
		if i < len(b.Items) && it.Action != b.Items[i].Action {
			why = append(why, fmt.Sprintf("item %s/%s: %s becomes %s", it.Target, it.Category, it.Action, b.Items[i].Action))
		}
	}
	return why
}

func (r *Registry) dueDiff(from, to *Process, c Case) (why []string) {
	for _, kind := range []ClockKind{ClockAck, ClockEffect, ClockEmergency, ClockHold} {
		in := ClockInput{Process: from, Kind: kind, Start: c.Facts.ReceivedAt, OrderDate: c.Facts.Order.ReturnAt}
		before, err1 := r.Due(in)
		in.Process = to
		after, err2 := r.Due(in)
		if (err1 == nil) != (err2 == nil) || !before.At.Equal(after.At) {
			why = append(why, fmt.Sprintf("deadline %s: %s becomes %s", kind, dueText(before, err1), dueText(after, err2)))
		}
	}
	return why
}

func dueText(d Due, err error) string {
	if err != nil {
		return "none"
	}
	return d.Local
}

// fileDiff compares the contents of two versions path by path.
func fileDiff(from, to *Process) (lines []string, err error) {
	a, err := leaves(from)
	if err != nil {
		return nil, err
	}
	b, err := leaves(to)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Compact(slices.Sorted(slices.Values(append(sortedKeys(a), sortedKeys(b)...)))) {
		if a[path] == b[path] {
			continue
		}
		if _, ok := a[path]; ok {
			lines = append(lines, fmt.Sprintf("- %s: %s", path, a[path]))
		}
		if _, ok := b[path]; ok {
			lines = append(lines, fmt.Sprintf("+ %s: %s", path, b[path]))
		}
	}
	return lines, nil
}

func leaves(p *Process) (map[string]string, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(p.raw, &node); err != nil {
		return nil, err
	}
	out := map[string]string{}
	flatten(&node, "", out)
	return out, nil
}

func flatten(n *yaml.Node, path string, out map[string]string) {
	switch n.Kind {
	case yaml.DocumentNode:
		flatten(n.Content[0], path, out)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			flatten(n.Content[i+1], path+"/"+n.Content[i].Value, out)
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			flatten(e, fmt.Sprintf("%s/%d", path, i), out)
		}
	default:
		out[path] = n.Value
	}
}
