package risk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v3"

	"lerd/internal/fault"
)

// Rule is a factor's weight and its own limits; which of them a factor has is
// seen in factors.go.
type Rule struct {
	Code     Code     `yaml:"code"`
	Weight   int      `yaml:"weight"`
	Days     int      `yaml:"days"`
	Hours    int      `yaml:"hours"`
	Requests int      `yaml:"requests"`
	PerHour  int      `yaml:"per_hour"`
	PerDay   int      `yaml:"per_day"`
	Times    int      `yaml:"times"`
	Agencies int      `yaml:"agencies"`
	History  int      `yaml:"history"`
	Share    float64  `yaml:"share"`
	Offences []string `yaml:"offences"`
	Words    []string `yaml:"words"`
	Source   Source   `yaml:"source"`
}

// Source is where a rule comes from: C a documented case or guidance, D a
// decision of the platform.
type Source struct {
	Text string `yaml:"text"`
	Mark string `yaml:"mark"`
}

// LevelRule is the score from which a level holds, and what it asks for.
type LevelRule struct {
	ID      Level    `yaml:"id"`
	From    int      `yaml:"from"`
	Demands []Demand `yaml:"demands"`
}

// Case is an example: facts, and what must follow from them.
type Case struct {
	ID      string `yaml:"id"`
	Facts   Facts  `yaml:"facts"`
	Level   Level  `yaml:"level"`
	Factors []Code `yaml:"factors"`
}

// Policy is policies/risk.yaml, checked.
type Policy struct {
	Version int         `yaml:"version"`
	Levels  []LevelRule `yaml:"levels"`
	Factors []Rule      `yaml:"factors"`
	Cases   []Case      `yaml:"cases"`

	Digest string `yaml:"-"` // hexadecimal SHA-256 of the file
	rules  map[Code]Rule
}

// File is where the policy lies among the policies.
const File = "risk.yaml"

// Load reads and checks the policy.
func Load(policies fs.FS) (*Policy, error) {
	raw, err := fs.ReadFile(policies, File)
	if err != nil {
		return nil, fmt.Errorf("risk policy: %w", err)
	}
	p := &Policy{rules: map[Code]Rule{}}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		return nil, fault.Because(fault.Invalid, err, "%s cannot be read: %v", File, err)
	}
	sum := sha256.Sum256(raw)
	p.Digest = hex.EncodeToString(sum[:])
	return p, p.check()
}

func (p *Policy) check() error {
	for _, r := range p.Factors {
		if _, known := seers[r.Code]; !known || r.Weight < 1 || r.Source.Text == "" || (r.Source.Mark != "C" && r.Source.Mark != "D") {
			return fault.New(fault.Invalid, "%s: factor %q is unknown, weighs nothing, or has no source with its mark.", File, r.Code)
		}
		if _, twice := p.rules[r.Code]; twice {
			return fault.New(fault.Invalid, "%s: factor %q stands twice.", File, r.Code)
		}
		p.rules[r.Code] = r
	}
	for _, code := range Codes {
		if _, ok := p.rules[code]; !ok {
			return fault.New(fault.Invalid, "%s: factor %q is missing.", File, code)
		}
	}
	return p.checkLevels()
}

// asks is what each level has to ask for at least; the database holds the same.
var asks = map[Level][]Demand{Normal: nil, Elevated: {Echo}, High: {Echo, CallBack, Counsel}}

func (p *Policy) checkLevels() error {
	if len(p.Levels) != 3 || p.Levels[0].ID != Normal || p.Levels[1].ID != Elevated || p.Levels[2].ID != High ||
		p.Levels[0].From != 0 || p.Levels[1].From <= 0 || p.Levels[2].From <= p.Levels[1].From {
		return fault.New(fault.Invalid, "%s: the levels are normal from 0, elevated and high, in rising order.", File)
	}
	for _, l := range p.Levels {
		if !slices.Equal(l.Demands, asks[l.ID]) {
			return fault.New(fault.Invalid, "%s: level %q has to ask for %v.", File, l.ID, asks[l.ID])
		}
	}
	return nil
}

// Rule gives a factor's rule.
func (p *Policy) Rule(code Code) Rule { return p.rules[code] }

// CaseFault is an example that does not hold.
type CaseFault struct {
	Case string
	Why  string
}

// RunCases runs the examples and gives those that do not hold.
func (p *Policy) RunCases() (faults []CaseFault) {
	for _, c := range p.Cases {
		got := p.State(c.Facts)
		var codes []Code
		for _, f := range got.Factors {
			codes = append(codes, f.Code)
		}
		want := slices.Clone(c.Factors)
		slices.Sort(codes)
		slices.Sort(want)
		if got.Level != c.Level || !slices.Equal(codes, want) {
			faults = append(faults, CaseFault{c.ID, fmt.Sprintf("%s by %v (score %d), want %s by %v", got.Level, codes, got.Score, c.Level, want)})
		}
	}
	return faults
}
