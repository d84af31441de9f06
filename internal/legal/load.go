package legal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads and checks all policies but the example cases. On faults the
// error is a join with one clear line per fault, each beginning with the
// file's name.
func Load(fsys fs.FS) (*Registry, error) { return load(fsys, false) }

// LoadWithCases also reads the example cases, and refuses a process that has
// not at least one each that qualifies, that is incomplete and that is
// refused. It takes longer: it is for proposing, testing and comparing.
func LoadWithCases(fsys fs.FS) (*Registry, error) { return load(fsys, true) }

func load(fsys fs.FS, withCases bool) (*Registry, error) {
	l := &loader{fs: fsys, reg: newRegistry()}
	l.run(withCases)
	if len(l.faults) > 0 {
		return nil, errors.Join(l.faults...)
	}
	return l.reg, nil
}

func newRegistry() *Registry {
	return &Registry{
		versions: map[ProcessID][]*Process{}, checklists: map[int]*Checklist{}, fields: map[FieldID]*Field{},
		issuers: map[string]IssuerKind{}, refusals: map[RefusalCode]*Refusal{}, calendars: map[string]*Calendar{},
		certs: map[string]string{}, cases: map[ProcessID][]Case{}, attestations: map[string]Attestation{},
	}
}

// run loads in the order in which files refer to each other.
func (l *loader) run(withCases bool) {
	l.terms()
	l.loadRules()
	l.loadCalendars()
	l.loadChecklists()
	l.loadProcesses()
	l.loadCosign()
	l.loadRights()
	l.loadAttestations()
	l.decode("example.yaml", &l.reg.sound)
	if withCases {
		l.loadCases()
	}
	l.sum()
}

type loader struct {
	fs     fs.FS
	reg    *Registry
	faults []error
}

func (l *loader) faultf(file, format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf("%s: %s", file, fmt.Sprintf(format, args...)))
}

// decode reads a YAML file strictly; nil where it cannot be read.
func (l *loader) decode(file string, into any) []byte {
	raw, err := fs.ReadFile(l.fs, file)
	if err != nil {
		l.faultf(file, "cannot be read")
		return nil
	}
	if !l.parse(file, raw, into) {
		return nil
	}
	return raw
}

// parse reads YAML strictly: an unknown name, a second document or an empty
// file is a fault.
func (l *loader) parse(file string, raw []byte, into any) bool {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		l.faultf(file, "%s", strings.ReplaceAll(err.Error(), "\n", " "))
		return false
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.faultf(file, "holds more than one document")
		return false
	}
	return true
}

func (l *loader) glob(pattern string) []string {
	names, err := fs.Glob(l.fs, pattern)
	if err != nil {
		l.faultf(pattern, "cannot be listed")
	}
	slices.Sort(names)
	return names
}

// terms loads fields, kinds of issuer, certificates and refusals.
func (l *loader) terms() {
	var vocabulary struct {
		Fields  []Field      `yaml:"fields"`
		Issuers []IssuerKind `yaml:"issuers"`
		Certs   []IssuerKind `yaml:"certificates"`
	}
	const file = "fields.yaml"
	l.decode(file, &vocabulary)
	for _, k := range vocabulary.Issuers {
		l.unique(file, k.ID, l.reg.issuers[k.ID].ID != "")
		l.reg.issuers[k.ID] = k
	}
	for _, c := range vocabulary.Certs {
		l.unique(file, c.ID, l.reg.certs[c.ID] != "")
		l.reg.certs[c.ID] = c.Title
	}
	for i := range vocabulary.Fields {
		f := &vocabulary.Fields[i]
		l.unique(file, string(f.ID), l.reg.fields[f.ID] != nil)
		l.reg.fields[f.ID] = f
	}
	for _, f := range vocabulary.Fields {
		l.field(file, l.reg.fields[f.ID])
	}
	l.loadRefusals()
}

func (l *loader) unique(file, id string, taken bool) {
	if id == "" {
		l.faultf(file, "an entry has no id")
	}
	if taken {
		l.faultf(file, "%s occurs twice", id)
	}
}

func (l *loader) field(file string, f *Field) {
	if !slices.Contains([]Scope{ScopeRequest, ScopeTarget, ScopeItem}, f.Scope) {
		l.faultf(file, "field %s: scope is request, target or item, not %q", f.ID, f.Scope)
	}
	if f.Label == "" || f.Ask == "" {
		l.faultf(file, "field %s needs a label and an ask", f.ID)
	}
	if f.Present == "" {
		return
	}
	f.present = &Condition{ID: string(f.ID), Pass: f.Present}
	if err := f.present.compile(f.Scope, l.vocab()); err != nil {
		l.faultf(file, "field %s: present: %s", f.ID, err)
	}
}

func (l *loader) loadRefusals() {
	var file struct {
		Refusals []Refusal `yaml:"refusals"`
	}
	const name = "refusals.yaml"
	l.decode(name, &file)
	for i := range file.Refusals {
		r := &file.Refusals[i]
		l.unique(name, string(r.Code), l.reg.refusals[r.Code] != nil)
		if r.Key == "" || r.Text == "" || r.Cure == "" || r.ETSI == "" {
			l.faultf(name, "%s needs a key, a text, a cure and an ETSI status", r.Code)
		}
		if !slices.Contains([]Effect{EffectRefuse, EffectAsk, EffectNarrow, EffectNotHeld, EffectRoutine}, r.Effect) {
			l.faultf(name, "%s: unknown effect %q", r.Code, r.Effect)
		}
		l.reg.refusals[r.Code] = r
	}
}

func (l *loader) loadRules() {
	const name = "rules.yaml"
	l.decode(name, &l.reg.rules)
	seen := map[string]bool{}
	for _, c := range l.reg.rules.Classes {
		l.unique(name, c.Code, seen[c.Code])
		seen[c.Code] = true
		if n := len(c.Code); n != 2 && n != 4 && n != 5 && n != 6 {
			l.faultf(name, "offence class %s: a code has 2, 4, 5 or 6 digits", c.Code)
		}
		if !slices.Contains([]string{"", "speech", "political", "religious", "press", "asylum", "protest"}, c.Sensitive) {
			l.faultf(name, "offence class %s: unknown sensitivity %q", c.Code, c.Sensitive)
		}
	}
	for _, r := range l.reg.rules.Rules {
		l.unique(name, r.ID, seen[fmt.Sprint(r.ID, "/", r.Version)])
		seen[fmt.Sprint(r.ID, "/", r.Version)] = true
		if r.Version < 1 || r.Title == "" || r.Text == "" {
			l.faultf(name, "rule %s needs a version, a title and a text", r.ID)
		}
		for _, code := range r.Offences {
			if !seen[code] {
				l.faultf(name, "rule %s: offence class %s is not in the list", r.ID, code)
			}
		}
		for _, wrong := range l.reg.checkExamples(r) {
			l.faultf(name, "%s", wrong)
		}
	}
}

func (l *loader) loadChecklists() {
	for _, name := range l.glob("checks*.yaml") {
		list := &Checklist{byID: map[CheckID]*Check{}}
		raw := l.decode(name, list)
		for i := range list.Checks {
			c := &list.Checks[i]
			l.unique(name, string(c.ID), list.byID[c.ID] != nil)
			list.byID[c.ID] = c
			l.check(name, c)
		}
		l.unique(name, fmt.Sprint("version ", list.Version), l.reg.checklists[list.Version] != nil)
		list.digest = hexDigest(raw)
		l.reg.checklists[list.Version] = list
	}
}

func (l *loader) sum() {
	var parts [][]byte
	err := fs.WalkDir(l.fs, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".txt" {
			return err
		}
		raw, err := fs.ReadFile(l.fs, name)
		parts = append(parts, []byte(name), raw)
		return err
	})
	if err != nil {
		l.faultf("policies", "cannot be listed")
	}
	l.reg.digest = hexDigest(parts...)
}
