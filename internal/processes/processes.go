// Package processes changes the law by which lerd decides: a new version of a
// legal process is proposed with examples, compared with the version before it
// over those examples and over real cases, and put in force by a second person
// from a day on.
//
// Invariants:
//   - nobody puts in force what they proposed themselves; the database refuses it
//     too, and wants that person's passkey for this very text;
//   - what was put in force never changes: its text, its examples and their
//     digests are rows that are written once, and the digest stands in the log;
//   - a version is used only while its text gives the digest that the log holds;
//   - a version takes effect on a later day than the one on which it was put in
//     force, so that the version in force at a moment does not change afterwards.
package processes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// The states of a proposal.
const (
	Filed     = "filed"     // by the server's command, in nobody's name: somebody has to take it up
	Proposed  = "proposed"  // in somebody's name
	Withdrawn = "withdrawn" // an end
	InForce   = "in_force"  // an end: its version was put in force
)

// Proposal is a version of a process that somebody wants in force.
type Proposal struct {
	ID         string
	Process    legal.ProcessID
	Number     int    // the version that it would be
	BaseDigest string // of the version that it was written upon
	Digest     string // of the version that it would be: legal.Pin
	Day        string // from which it would be in force, e.g. "2026-12-01", in Zone
	Zone       string
	Body       string // the process, in YAML
	Cases      string // its examples, in YAML
	Why        personal.Text
	By         identity.PersonID // empty while Filed
	At         time.Time
	State      string
	DecidedBy  identity.PersonID
	DecidedAt  time.Time
	Note       personal.Text // why it was withdrawn
	Version    int64         // of this row
	EventID    audit.EventID
}

// Open tells whether something can still become of it.
func (p Proposal) Open() bool { return p.State == Filed || p.State == Proposed }

// Version is a version of a process that was put in force in the product. The
// versions before it lie in policies/processes.
type Version struct {
	ID         string
	Process    legal.ProcessID
	Number     int
	Digest     string
	BodySHA256 string
	Day        string
	Zone       string
	Body       string
	Cases      string
	Proposal   string
	By         identity.PersonID
	At         time.Time
	EventID    audit.EventID
	Logged     string // on reading: the digest in the log's event; "" where there is none
}

// Store keeps proposals and versions.
type Store interface {
	Commit(ctx context.Context, set change.Set) error
	// ProcessVersions gives the versions that were put in force, in that order.
	ProcessVersions(ctx context.Context) ([]Version, error)
	// VersionCount tells how many there are.
	VersionCount(ctx context.Context) (int, error)
	// Proposals gives the newest, the newest first.
	Proposals(ctx context.Context, limit int) ([]Proposal, error)
	// Proposal gives one, or NotFound.
	Proposal(ctx context.Context, id string) (Proposal, error)
}

// Cases gives real cases in the terms of the law, to be derived again.
type Cases interface {
	// ToWeigh gives the newest cases of a process that are open, or that were
	// decided; more tells that there are others.
	ToWeigh(ctx context.Context, process legal.ProcessID, open bool, limit int) (list []Weighed, more bool, err error)
}

// Weighed is a real case in the terms of the law.
type Weighed struct {
	ID    string
	Ref   string
	State string
	Pin   legal.Pin
	Case  legal.Case
}

// Config is what a Service is made of.
type Config struct {
	Store    Store
	Access   access.Allower
	Book     *Book
	Cases    Cases
	Examples func() (*legal.Registry, error) // the shipped policies with their examples
	// ShippedCases gives the examples of a shipped version as they were written.
	ShippedCases func(p *legal.Process) (string, error)
	Repeats      interface {
		Repeated(ctx context.Context, key *change.Key) error
	}
	Now func() time.Time
}

// Service takes the steps of a change.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) may(ctx context.Context, verb access.Verb) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, verb, access.Object{Kind: "process"})
}

// open loads a proposal for a step. A form that was sent before ends here with
// its first outcome.
func (s *Service) open(ctx context.Context, id string, verb access.Verb) (Proposal, identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, verb)
	if err != nil {
		return Proposal{}, actor, "", err
	}
	p, err := s.Store.Proposal(ctx, id)
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return p, actor, rule, err
}

// PathOf is where a proposal's page lies.
func PathOf(id string) string { return "/processes/proposals/" + id }

// Digest is what the second person agrees to: this version, from this day on.
func Digest(p Proposal) identity.Digest {
	return identity.DigestOf("lerd process v1", p.ID, string(p.Process), p.Digest, sha(p.Cases), p.Day)
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// about begins an event about a proposal.
func (s *Service) about(ctx context.Context, kind string, p Proposal, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "proposal:"+p.ID, p.Version)
	if p.EventID != "" {
		e.Causes = []audit.EventID{p.EventID}
	}
	f := e.Facts
	f["process"], f["number"], f["digest"], f["base"], f["day"], f["rule"] = string(p.Process), itoa(p.Number), p.Digest, p.BaseDigest, p.Day, rule
	f["cases_sha256"] = sha(p.Cases)
	return e
}
