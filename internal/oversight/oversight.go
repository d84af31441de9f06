// Package oversight is the auditors' work: the integrity of the log, queries over
// it, the replay of a case, samples, audit findings and their answers, errors, and
// the report on the separation of duties.
//
// Invariants:
//   - everything that an auditor reads or takes away is an event first;
//   - nothing here changes a case, an agency or an account;
//   - what the log says of a case is computed from its events, never from what
//     somebody typed about it.
package oversight

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/oversight/dossier"
)

// Committer writes steps.
type Committer interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Repeated gives *change.Used where the key was used before with the same body.
	Repeated(ctx context.Context, key *change.Key) error
}

// Config is what a Service is made of.
type Config struct {
	Store       Committer
	Access      access.Allower
	Law         func(ctx context.Context) (*legal.Registry, error) // every version of every process, as of now
	Searches    Searches
	Naming      Naming
	Cases       CaseReader
	Samples     SampleStore
	Findings    FindingStore
	Errors      ErrorStore
	Telling     Telling // nil: nobody is told of errors through lerd
	Runs        RunStore
	Duties      DutyStore
	Settings    SettingStore
	Dossiers    DossierStore
	Signer      dossier.Signer // of dossiers
	Outside     Outside
	Losses      Losses
	LossWordsOf LossStore
	Log         Log
	Now         func() time.Time
	Rand        io.Reader // for references; nil: crypto/rand
	Quorum      int       // witnesses whose cosignatures are part of a sample's seed
}

// Log reads the published log.
type Log interface {
	audit.LogReader
	// Proof gives the tlog-proof of an event under the newest checkpoint.
	Proof(ctx context.Context, id audit.EventID) ([]byte, error)
}

// Service takes the auditors' steps.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Service{c}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// may asks the policy and gives who acts.
func (s *Service) may(ctx context.Context, verb access.Verb, kind access.Kind) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, verb, access.Object{Kind: kind})
}

// step is may for a step that changes something: a form that was sent before ends
// here with its first outcome.
func (s *Service) step(ctx context.Context, verb access.Verb, kind access.Kind) (identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, verb, kind)
	if err == nil {
		err = s.Store.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return actor, rule, err
}

// commit writes one part under the form's key.
func (s *Service) commit(ctx context.Context, outcome string, parts ...change.Part) error {
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, outcome)})
}

// newRef gives a reference that people can quote, e.g. "AF-7KQM-4D2X".
func (s *Service) newRef(kind string) (string, error) {
	b := make([]byte, 5)
	if _, err := io.ReadFull(s.Rand, b); err != nil {
		return "", err
	}
	code := base32.NewEncoding("23456789ABCDEFGHJKLMNPQRSTUVWXYZ").EncodeToString(b)
	return kind + "-" + code[:4] + "-" + code[4:], nil
}

func newID() string { return uuid.NewString() }

// required collects what is missing of a form.
func required(fields ...[2]string) error {
	var problems []fault.Problem
	for _, f := range fields {
		if strings.TrimSpace(f[1]) == "" {
			problems = append(problems, fault.Problem{Field: f[0], Message: "Please write something here."})
		}
	}
	return fault.Fields(problems)
}
