package usernotice

import (
	"bytes"
	"io/fs"
	"time"

	"go.yaml.in/yaml/v3"

	"lerd/internal/fault"
)

// Policy is how long gags and notices wait.
type Policy struct {
	Version       int           `yaml:"version"`
	ReviewDays    int           `yaml:"review_days"`
	LongestDays   int           `yaml:"longest_days"`
	EmergencyDays int           `yaml:"emergency_days"`
	RetryFirst    time.Duration `yaml:"retry_first"`
	RetryMost     time.Duration `yaml:"retry_most"`
}

// LoadPolicy reads user_notices.yaml; what is missing or makes no sense is Invalid.
func LoadPolicy(policies fs.FS) (p Policy, err error) {
	defer fault.Wrap(&err, "usernotice.LoadPolicy")
	b, err := fs.ReadFile(policies, "user_notices.yaml")
	if err != nil {
		return p, err
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return p, fault.Because(fault.Invalid, err, "user_notices.yaml cannot be read.")
	}
	if p.Version < 1 || p.ReviewDays < 1 || p.LongestDays < p.ReviewDays || p.EmergencyDays < 0 || p.RetryFirst < time.Second || p.RetryMost < p.RetryFirst {
		return p, fault.New(fault.Invalid, "user_notices.yaml: every time is given, and the longest is not the shortest.")
	}
	return p, nil
}

// pause gives how long to wait after n attempts.
func (p Policy) pause(n int) time.Duration {
	wait := p.RetryFirst
	for ; n > 1 && wait < p.RetryMost; n-- {
		wait *= 2
	}
	return min(wait, p.RetryMost)
}
