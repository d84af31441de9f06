package legal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lerd/internal/fault"
)

// Limits of what one proposal may hold: more is a mistake, or an attempt to keep
// lerd busy.
const (
	MaxProposal = 128 << 10 // bytes of a process's text, and of its examples
	maxLines    = 1500      // of a process's text
	maxExamples = 2000      // after "each" was written out
	maxMany     = 2000      // accounts of one example
)

// Examined is a version of a process that somebody proposes, with the examples
// that were given with it and what came of them.
type Examined struct {
	Registry *Registry // with the version, and its examples
	Process  *Process
	Cases    []Case
	Failed   []CaseResult // examples that do not hold; none may be left
}

// Examine reads a proposed version and its examples as the loader reads the
// files, and runs the examples. What cannot be read, or lacks one of the three
// kinds of example, is Invalid with a problem at the field "body" or "cases";
// examples that fail are in Failed. The registry itself does not change.
func (r *Registry) Examine(body, cases []byte) (*Examined, error) {
	if len(body) > MaxProposal || len(cases) > MaxProposal || bytes.Count(body, []byte("\n")) > maxLines {
		return nil, problemAt("body", errors.New("a proposal has at most 128 kB and 1,500 lines of text, and 128 kB of examples"))
	}
	next, p, err := r.Propose(body)
	if err != nil {
		return nil, problemAt("body", err)
	}
	next.cases = maps.Clone(r.cases)
	next.cases[p.ID] = nil
	l := &loader{reg: next}
	l.readExamples(p, cases)
	if len(l.faults) > 0 {
		return nil, problemAt("cases", errors.Join(l.faults...))
	}
	x := &Examined{Registry: next, Process: p, Cases: next.cases[p.ID]}
	for _, c := range x.Cases {
		if res := next.RunCase(p, c); len(res.Faults) > 0 {
			x.Failed = append(x.Failed, res)
		}
	}
	return x, nil
}

func problemAt(field string, err error) error {
	message := err.Error()
	if fault.KindOf(err) != fault.Internal {
		message = fault.Message(err) // which err repeats with its cause
	}
	return fault.Fields([]fault.Problem{{Field: field, Message: message}})
}

// readExamples reads a file of examples that goes with one version.
func (l *loader) readExamples(p *Process, raw []byte) {
	const file = "examples"
	var f caseFile
	if !l.parse(file, raw, &f) {
		return
	}
	if f.Process != p.ID || f.Version != p.Version {
		l.faultf(file, "are of version %d of %s, and must be of version %d of %s", f.Version, f.Process, p.Version, p.ID)
		return
	}
	n := 0
	for _, c := range f.Cases {
		n++
		if c.Each != nil {
			n += len(c.Each.Values)
		}
		if n > maxExamples || c.Many > maxMany || c.Many < 0 {
			l.faultf(file, "are more than %d, or have more than %d accounts in one", maxExamples, maxMany)
			return
		}
	}
	l.resolveCases(file, p, &f)
	l.threeKinds(p)
}

// ExamplesOf reads the examples that were kept with a version; what was put in
// force could be read.
func (r *Registry) ExamplesOf(p *Process, raw []byte) ([]Case, error) {
	next := *r
	next.cases = map[ProcessID][]Case{}
	l := &loader{reg: &next}
	l.readExamples(p, raw)
	return next.cases[p.ID], errors.Join(l.faults...)
}

// CasesOf gives the examples of one version, as far as they were loaded.
func (r *Registry) CasesOf(p *Process) (out []Case) {
	for _, c := range r.cases[p.ID] {
		if c.Version == p.Version {
			out = append(out, c)
		}
	}
	return out
}

// Text gives the version as it was written.
func (p *Process) Text() string { return string(p.raw) }

// Successor gives a process's text as the next version from a day on, for
// somebody to change.
func Successor(p *Process, day Date) string {
	return headed(p.Text(), map[string]string{"version": fmt.Sprint(p.Version + 1), "in_force": day.String()})
}

// headed puts other values at the top level of a YAML text, and leaves the rest
// of it alone, comments too.
func headed(text string, values map[string]string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		key, _, ok := strings.Cut(line, ":")
		if v, known := values[key]; ok && known {
			lines[i] = key + ": " + v
		}
	}
	return strings.Join(lines, "\n")
}

// SuccessorCases gives the examples of a version for the one that follows: the
// number, and the day where an example states it again.
func SuccessorCases(p *Process, cases string, day Date) string {
	out := headed(cases, map[string]string{"version": fmt.Sprint(p.Version + 1)})
	for _, q := range []string{`"`, `'`, ``} {
		out = strings.ReplaceAll(out, "in_force: "+q+p.InForce.String()+q, "in_force: "+q+day.String()+q)
	}
	return out
}

// Differs tells whether two versions hold other values, beside their number and
// the day from which they are in force.
func Differs(from, to *Process) bool {
	lines, err := fileDiff(from, to)
	return err != nil || slices.ContainsFunc(lines, func(l string) bool {
		path, _, _ := strings.Cut(l[2:], ":")
		return path != "/version" && path != "/in_force"
	})
}

// LineChange is one line of the difference between two texts.
type LineChange struct {
	Kind byte // ' ' stays, '-' goes, '+' comes
	Text string
}

// Differences compares two versions line by line as they were written, with
// three lines around each change; nil where they are the same.
func Differences(from, to string) []LineChange {
	all := lineDiff(strings.Split(from, "\n"), strings.Split(to, "\n"))
	var out []LineChange
	for i, c := range all {
		near := slices.ContainsFunc(all[max(0, i-3):min(len(all), i+4)], func(x LineChange) bool { return x.Kind != ' ' })
		if near {
			out = append(out, c)
		}
	}
	return out
}

// lineDiff finds a longest common subsequence; texts are short enough for it.
func lineDiff(a, b []string) (out []LineChange) {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if table[i][j] = max(table[i+1][j], table[i][j+1]); a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, LineChange{' ', a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || table[i+1][j] >= table[i][j+1]):
			out = append(out, LineChange{'-', a[i]})
			i++
		default:
			out = append(out, LineChange{'+', b[j]})
			j++
		}
	}
	return out
}
