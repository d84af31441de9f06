package requests

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
)

// CosignatureRule is one line of the policy on second signatures as the database
// holds it; an empty Process is every process without a line of its own.
type CosignatureRule struct {
	Process   string
	Emergency bool
	Mode      string
	Version   int64
	EventID   audit.EventID
}

// ID names the line, e.g. "IN-69/routine".
func (r CosignatureRule) ID() string {
	if r.Emergency {
		return r.Process + "/emergency"
	}
	return r.Process + "/routine"
}

// CosignatureChoice is what an agency chose where the policy leaves it the
// choice; an empty Process is every process without a choice of its own.
type CosignatureChoice struct {
	Agency  identity.AgencyID
	Process string
	Wanted  bool
	Version int64
	EventID audit.EventID
}

// ID names the choice: one for each agency and process.
func (c CosignatureChoice) ID() string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("cosignature "+string(c.Agency)+" "+c.Process)).String()
}

// CosignatureStore keeps the policy on second signatures and what agencies chose.
type CosignatureStore interface {
	// CosignatureChoice gives what an agency chose for a process, or for every
	// process; nil where it chose nothing.
	CosignatureChoice(ctx context.Context, agency identity.AgencyID, process string) (*bool, error)
	// CosignatureChoices gives all that an agency chose.
	CosignatureChoices(ctx context.Context, agency identity.AgencyID) ([]CosignatureChoice, error)
	// CosignatureChoiceByID gives one choice, or NotFound.
	CosignatureChoiceByID(ctx context.Context, id string) (CosignatureChoice, error)
	// CosignatureRules gives the published policy by the ids of its lines.
	CosignatureRules(ctx context.Context) (map[string]CosignatureRule, error)
}

// MotionStore keeps what waits for a second person.
type MotionStore interface {
	// Motions gives the motions about an agency that wait, the oldest first.
	Motions(ctx context.Context, agency identity.AgencyID) ([]identity.Motion, error)
	// Motion gives a motion, or NotFound.
	Motion(ctx context.Context, id string) (identity.Motion, error)
}

// publishCosignature puts the policy on second signatures where the database's
// gate looks for it.
func (s *Service) publishCosignature(ctx context.Context) error {
	known, err := s.Cosignatures.CosignatureRules(ctx)
	if err != nil {
		return err
	}
	e := change.Event(ctx, s.now(), "policy.published", "policy:cosignature", 0)
	part := change.Part{Event: e}
	for id, rule := range s.Law.CosignRules() {
		for _, emergency := range []bool{false, true} {
			r := &CosignatureRule{Process: string(id), Emergency: emergency, Mode: string(rule.Of(emergency)), Version: 1}
			was, there := known[r.ID()]
			switch {
			case !there:
				part.Insert = append(part.Insert, r)
			case was.Mode != r.Mode:
				r.Version = was.Version + 1
				part.Update = append(part.Update, r)
			}
		}
	}
	if len(part.Insert)+len(part.Update) == 0 {
		return nil
	}
	e.Facts["digest"], e.Facts["lines"] = s.Law.Digest(), strconv.Itoa(len(part.Insert)+len(part.Update))
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}
