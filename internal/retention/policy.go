package retention

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"lerd/internal/fault"
)

// ClassID names a class, e.g. "case".
type ClassID string

// The classes that the program knows by name.
const (
	Records ClassID = "records" // what was frozen for bundles, and the bundles
	Case    ClassID = "case"    // everything personal in a case
	Finding ClassID = "finding" // the account of a finding, with its evidence
	Person  ClassID = "person"  // who somebody was whose access has ended
)

// Class is one line of the policy.
type Class struct {
	ID      ClassID             `yaml:"id"`
	Name    string              `yaml:"name"`
	Subject string              `yaml:"subject"` // request, finding or person
	Since   string              `yaml:"since"`   // in words
	Days    int                 `yaml:"days"`    // of 24 hours, at least Floor
	Floor   int                 `yaml:"floor"`   // which the database holds too
	Why     string              `yaml:"why"`
	Source  string              `yaml:"source"`
	Erases  map[string][]string `yaml:"erases"` // columns by table
}

// Term gives how long it is kept.
func (c Class) Term() time.Duration { return time.Duration(c.Days) * 24 * time.Hour }

// Policy is policies/retention.yaml.
type Policy struct {
	Version int     `yaml:"version"`
	Classes []Class `yaml:"classes"`
	// WorkingDays is how long what serves the working day alone is kept, in days.
	WorkingDays int `yaml:"working_days"`
	// Keeps says of every other column with text why it stays: "table.column" or
	// "*.column" by reason.
	Keeps  map[string][]string `yaml:"keeps"`
	Digest string              `yaml:"-"` // of the file, hexadecimal SHA-256
}

// Load reads the policy and refuses one that the program cannot carry out.
func Load(files fs.FS) (p Policy, err error) {
	defer fault.Wrap(&err, "retention.Load")
	raw, err := fs.ReadFile(files, "retention.yaml")
	if err != nil {
		return p, err
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return p, fault.Because(fault.Invalid, err, "policies/retention.yaml cannot be read.")
	}
	sum := sha256.Sum256(raw)
	p.Digest = hex.EncodeToString(sum[:])
	return p, p.check()
}

func (p Policy) check() error {
	if p.WorkingDays < 30 {
		return fault.New(fault.Invalid, "policies/retention.yaml: working_days is at least 30.")
	}
	known := []ClassID{Records, Case, Finding, Person}
	var have []ClassID
	for _, c := range p.Classes {
		if c.Days < c.Floor || c.Floor < 1 || c.Name == "" || c.Why == "" || c.Source == "" || c.Since == "" {
			return fault.New(fault.Invalid, "policies/retention.yaml: class %s needs a name, a reason, a source and a term of at least its floor.", c.ID)
		}
		have = append(have, c.ID)
	}
	if !slices.Equal(have, known) {
		return fault.New(fault.Invalid, "policies/retention.yaml: the classes are %v, in this order; it has %v.", known, have)
	}
	return nil
}

// Class gives a class by its id.
func (p Policy) Class(id ClassID) (Class, bool) {
	i := slices.IndexFunc(p.Classes, func(c Class) bool { return c.ID == id })
	if i < 0 {
		return Class{}, false
	}
	return p.Classes[i], true
}
