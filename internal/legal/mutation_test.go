package legal

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"lerd/policies"
)

// The mutation test changes one value of the data at a time and asks whether
// anything notices: the loader, or an example case. What survives is listed.
// Words for people (titles, sentences, sources) are left alone.

// mutant is one changed file.
type mutant struct {
	name string
	raw  []byte
}

// wordKeys hold words for people, or names that only the loader reads.
var wordKeys = []string{"title", "description", "text", "key", "mark", "source", "statements", "otherwise", "note", "question", "help", "id", "version", "checklist", "warn", "very"}

// values that a key can take: each other one is a mutant.
var choices = map[string][]string{
	"compulsion": {"mandatory", "voluntary", "unknown"},
	"emergency":  {"never", "possible", "only"},
	"rule":       {"forbidden", "required", "optional", "by_order", "none"},
	"kind":       {"disclosure", "preservation", "confidentiality", "statement"},
	"unit":       {"hours", "days", "working_days", "months", "on_order"},
	"counting":   {"eu_1182_71", "day_after", "plain", "exact"},
	"calendar":   {"eu", "de", "fr", "us", "gb", "in", "br"},
	"zone":       {"UTC", "Asia/Tokyo"},
	"effect":     {"refuse", "ask", "narrow", "block", "not_held", "routine"},
	"mode":       {"auto", "human", "both"},
	"scope":      {"request", "target", "item"},
	"stage":      {"review", "confirmation", "release"},
	"refusal":    {"RR-01", "RR-02", "RR-09", "RR-18"},
	"check":      {"VC-05", "VC-06", "VC-09", "VC-10", "VC-11"},
	"code":       {"RR-99"},
	"annex3":     {"Incomplete", "DataNotHeld"},
	"etsi":       {"Error", "Rejected"},
	"sensitive":  {"press", "political"},
}

// strangers are added to lists of plain values.
var strangers = map[string]string{
	"kinds": "private_party", "validated_by": "private_party", "countries": "CH", "languages": "ru",
	"required": "treaty_reference", "needs": "treaty_reference", "certificates": "generic", "answered_by": "confirmer",
}

// flags that may be absent: adding them is a mutant too.
var absentFlags = map[string][]string{
	"issuers":  {"without_in_emergency", "emergency_only"},
	"checks":   {"policy_gate", "may_not_apply"},
	"refusals": {"policy_only", "incident"},
}

// mutants gives every mutant of a YAML file.
func mutants(t *testing.T, raw []byte) []mutant {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	m := &mutator{t: t, doc: &doc}
	m.node(doc.Content[0], "", "")
	return m.out
}

type mutator struct {
	t   *testing.T
	doc *yaml.Node
	out []mutant
}

// try keeps the document as it is now; the caller undoes the change.
func (m *mutator) try(name string) {
	var buf bytes.Buffer
	if err := yaml.NewEncoder(&buf).Encode(m.doc); err != nil {
		m.t.Fatal(err)
	}
	m.out = append(m.out, mutant{name, buf.Bytes()})
}

func (m *mutator) node(n *yaml.Node, path, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		m.mapping(n, path)
	case yaml.SequenceNode:
		m.sequence(n, path, key)
	case yaml.ScalarNode:
		m.scalar(n, path, key)
	}
}

func (m *mutator) mapping(n *yaml.Node, path string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if slices.Contains(wordKeys, key) {
			continue
		}
		m.node(n.Content[i+1], path+"/"+key, key)
		all := n.Content
		n.Content = slices.Delete(slices.Clone(all), i, i+2)
		m.try(path + "/" + key + ": removed")
		n.Content = all
	}
}

func (m *mutator) sequence(n *yaml.Node, path, key string) {
	for i, e := range n.Content {
		m.node(e, fmt.Sprintf("%s/%d", path, i), key)
		all := n.Content
		n.Content = slices.Delete(slices.Clone(all), i, i+1)
		m.try(fmt.Sprintf("%s/%d: removed", path, i))
		n.Content = all
		for _, flag := range absentFlags[key] {
			if e.Kind == yaml.MappingNode && !slices.ContainsFunc(e.Content, func(k *yaml.Node) bool { return k.Value == flag }) {
				all := e.Content
				e.Content = append(slices.Clone(all), &yaml.Node{Kind: yaml.ScalarNode, Value: flag}, &yaml.Node{Kind: yaml.ScalarNode, Value: "true"})
				m.try(fmt.Sprintf("%s/%d: %s added", path, i, flag))
				e.Content = all
			}
		}
	}
	if extra, ok := strangers[key]; ok && !slices.ContainsFunc(n.Content, func(e *yaml.Node) bool { return e.Value == extra }) {
		all := n.Content
		n.Content = append(slices.Clone(all), &yaml.Node{Kind: yaml.ScalarNode, Value: extra})
		m.try(path + ": " + extra + " added")
		n.Content = all
	}
}

func (m *mutator) scalar(n *yaml.Node, path, key string) {
	old, tag, style := n.Value, n.Tag, n.Style
	for _, v := range replacements(key, old) {
		n.Value = v
		if key != "in_force" {
			n.Tag, n.Style = "", 0
		}
		m.try(fmt.Sprintf("%s: %s → %s", path, old, v))
		n.Value, n.Tag, n.Style = old, tag, style
	}
}

var numeral = regexp.MustCompile(`\b\d+(\.\d+)?\b`)

// swaps are the operators that are exchanged in expressions.
var swaps = [][2]string{{">=", ">"}, {"<=", "<"}, {" > ", " >= "}, {" < ", " <= "}, {"==", "!="}, {"!=", "=="}, {"&&", "||"}, {"||", "&&"}}

func replacements(key, old string) (out []string) {
	switch key {
	case "pass", "when", "applies_when", "counsel_when", "human_when":
		return expressions(old)
	case "in_force":
		return []string{"2026-12-24"}
	}
	for _, v := range choices[key] {
		if v != old {
			out = append(out, v)
		}
	}
	if n, err := strconv.Atoi(old); err == nil && len(choices[key]) == 0 {
		out = append(out, strconv.Itoa(n+1), strconv.Itoa(n-1))
	}
	switch old {
	case "true":
		out = append(out, "false")
	case "false":
		out = append(out, "true")
	}
	return out
}

// expressions gives the negation, every single exchanged operator, and every
// numeral one up and one down.
func expressions(old string) (out []string) {
	out = append(out, "not ("+old+")")
	for _, s := range swaps {
		for at := 0; ; {
			i := strings.Index(old[at:], s[0])
			if i < 0 {
				break
			}
			at += i
			out = append(out, old[:at]+s[1]+old[at+len(s[0]):])
			at += len(s[0])
		}
	}
	for _, at := range numeral.FindAllStringIndex(old, -1) {
		if n, err := strconv.Atoi(old[at[0]:at[1]]); err == nil && !strings.Contains(old[:at[0]], "\"") {
			out = append(out, old[:at[0]]+strconv.Itoa(n+1)+old[at[1]:], old[:at[0]]+strconv.Itoa(max(n-1, 0))+old[at[1]:])
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == old })
}

// withProcess gives the registry with one process's file replaced; nil where
// the loader refuses it.
func (r *Registry) withProcess(p *Process, raw []byte) *Registry {
	next := *r
	next.versions = maps.Clone(r.versions)
	delete(next.versions, p.ID)
	l := &loader{reg: &next}
	changed := l.addProcess(p.file, raw)
	if changed == nil || len(l.faults) > 0 || changed.ID != p.ID {
		return nil
	}
	return &next
}

// noticed tells whether any case of a process comes out otherwise than it must.
// The case that noticed moves to the front: the next mutant is often alike.
func (r *Registry) noticed(id ProcessID) bool {
	cases := r.cases[id]
	for i, c := range cases {
		p, err := r.Process(id, c.Version)
		if err != nil || len(r.RunCase(p, c).Faults) > 0 {
			copy(cases[1:i+1], cases[:i])
			cases[0] = c
			return true
		}
	}
	return false
}

// every says which share of the mutants runs: all with LERD_MUTATIONS=all,
// otherwise one in 150, so that the ordinary run stays short.
func every() int {
	if os.Getenv("LERD_MUTATIONS") == "all" {
		return 1
	}
	return 150
}

// tally counts mutants and reports those that nothing notices.
type tally struct {
	t             *testing.T
	seen          int
	killed, total int
}

func (c *tally) try(name string, noticed func() bool) {
	if c.seen++; c.seen%every() != 0 {
		return
	}
	c.total++
	if noticed() {
		c.killed++
		return
	}
	c.t.Errorf("%s: nothing notices", name)
}

var loaded = sync.OnceValues(func() (*Registry, error) { return LoadWithCases(policies.FS) })

// shippedWithCases gives the shipped policies; its order of cases may change.
func shippedWithCases(t *testing.T) *Registry {
	t.Helper()
	reg, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	own := *reg
	own.cases = map[ProcessID][]Case{}
	for id, cases := range reg.cases {
		own.cases[id] = slices.Clone(cases)
	}
	return &own
}

func TestEveryMutationOfAProcessIsNoticed(t *testing.T) {
	reg := shippedWithCases(t)
	c := &tally{t: t}
	for _, p := range reg.Processes() {
		for _, m := range mutants(t, p.raw) {
			c.try(fmt.Sprintf("%s %s", p.ID, m.name), func() bool {
				changed := reg.withProcess(p, m.raw)
				return changed == nil || changed.noticed(p.ID)
			})
		}
	}
	t.Logf("processes: %d of %d mutants killed (1 in %d tried)", c.killed, c.total, every())
}

// withFiles gives the registry loaded from the shipped files with one
// replaced; nil where the loader refuses it. Cases are kept as they were.
func (r *Registry) withFile(t *testing.T, name string, raw []byte) *Registry {
	files := fstest.MapFS{name: &fstest.MapFile{Data: raw}}
	l := &loader{fs: spoiled{files, policies.FS}, reg: newRegistry()}
	l.run(false)
	if len(l.faults) > 0 {
		return nil
	}
	l.reg.cases = r.cases
	return l.reg
}

// spoiled is a file system with some files in the place of others.
type spoiled struct {
	over fstest.MapFS
	fs.FS
}

func (s spoiled) Open(name string) (fs.File, error) {
	if s.over[name] != nil {
		return s.over.Open(name)
	}
	return s.FS.Open(name)
}

// shortened keeps the processes whose examples go through every check, so that
// a mutant of the checklist is tried on few hundred examples and not on all.
func shortened(reg *Registry) *Registry {
	next := *reg
	next.cases = map[ProcessID][]Case{}
	for _, id := range []ProcessID{"IN-94", "US-EDR", "EU-EPOC-S", "US-SUBP", "BR-15-2"} {
		for _, c := range reg.cases[id] {
			manyMatter := id == "US-SUBP" && strings.Contains(c.ID, "target") // at the limit and one over it
			if (len(c.Facts.Targets) < 3 || manyMatter) && (!strings.HasPrefix(c.ID, "not-competent[") || c.ID == "not-competent[private_party]") {
				next.cases[id] = append(next.cases[id], c)
			}
		}
	}
	return &next
}

func (r *Registry) anyNotices() bool {
	return slices.ContainsFunc(sortedKeys(r.cases), r.noticed)
}

func TestEveryMutationOfTheChecklistIsNoticed(t *testing.T) {
	reg := shortened(shippedWithCases(t))
	raw, err := policies.FS.ReadFile("checks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := &tally{t: t}
	for _, m := range mutants(t, raw) {
		c.try("checks.yaml "+m.name, func() bool {
			changed := reg.withFile(t, "checks.yaml", m.raw)
			return changed == nil || len(restatedChecks(changed)) > 0 || changed.anyNotices()
		})
	}
	t.Logf("checklist: %d of %d mutants killed (1 in %d tried)", c.killed, c.total, every())
}

func TestEveryMutationOfRefusalsAndRulesIsNoticed(t *testing.T) {
	reg := shortened(shippedWithCases(t))
	c := &tally{t: t}
	for _, file := range []string{"refusals.yaml", "rules.yaml"} {
		raw, err := policies.FS.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mutants(t, raw) {
			c.try(file+" "+m.name, func() bool {
				changed := reg.withFile(t, file, m.raw)
				return changed == nil || len(restated(changed)) > 0
			})
		}
	}
	t.Logf("refusals and rules: %d of %d mutants killed (1 in %d tried)", c.killed, c.total, every())
}
