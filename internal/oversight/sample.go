package oversight

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight/sampling"
)

// Sample is a sample with its plan, and its draw once it is made.
type Sample struct {
	sampling.Plan
	Ref         string
	PlannedBy   identity.PersonID
	PlannedAt   time.Time
	PlanEvent   audit.EventID
	State       string // planned, drawn, void
	SeedNote    string // the checkpoint whose cosignatures are part of the seed, or ""
	SeedRoot    string
	SeedHex     string
	Drawn       int
	DrawnDigest string
	DrawnAt     time.Time
	LogNow      uint64 // how many entries the log has, while the seed is waited for; filled in when read
	Version     int64
	EventID     audit.EventID
}

// The states of a sample.
const (
	Planned = "planned"
	Drawn   = "drawn"
	Void    = "void" // its plan came to stand behind its seed, so that it is drawn never
)

// SampleCase is one drawn case.
type SampleCase struct {
	ID, Sample, Case, Stratum string
	Always                    bool
	EventID                   audit.EventID
	Ref                       string   // of the case; filled in when read
	Looked                    []string // pseudonyms of the auditors who opened it since it was drawn; filled in when read
	Findings                  int      // audit findings about it since then; filled in when read
}

// SampleMembers is the population that a plan fixes, handed to the store with it.
type SampleMembers struct {
	Sample  string
	Members []sampling.Member
}

// SampleStore keeps samples.
type SampleStore interface {
	// Population gives the plan's cases from the index of the log, and the size of
	// the log that the index is of.
	Population(ctx context.Context, p sampling.Plan) (members []sampling.Member, tree uint64, err error)
	// Placed gives how many events are placed.
	Placed(ctx context.Context) (uint64, error)
	// LogLength gives how many events are placed, and how many wait for their place.
	LogLength(ctx context.Context) (placed, pending uint64, err error)
	// Samples lists samples, the newest first, at most limit.
	Samples(ctx context.Context, limit int) ([]Sample, error)
	// Sample gives one with its drawn cases, or NotFound.
	Sample(ctx context.Context, id string) (Sample, []SampleCase, error)
	// Members gives the population that a plan fixed.
	Members(ctx context.Context, id string) ([]sampling.Member, error)
}

// PlanInput is what an auditor plans.
type PlanInput struct {
	From, To      time.Time
	Strata        []string
	Each, Percent int
	Ahead         int // how many further events the log must have before the seed exists; at least LeastAhead
}

// LeastAhead and MostAhead bound how far ahead a seed lies.
const (
	LeastAhead = 4
	MostAhead  = 1_000_000
)

// PlanDigest is what an auditor agrees to with their passkey.
func PlanDigest(in PlanInput) identity.Digest {
	return identity.DigestOf("lerd sample v1", in.From.UTC().Format(time.RFC3339), in.To.UTC().Format(time.RFC3339), strings.Join(in.Strata, ","), itoa(in.Each), itoa(in.Percent), itoa(in.Ahead))
}

func (in PlanInput) check() error {
	var problems []fault.Problem
	bad := func(field, text string) { problems = append(problems, fault.Problem{Field: field, Message: text}) }
	if !in.From.Before(in.To) {
		bad("to", "The end must be after the beginning.")
	}
	if len(in.Strata) == 0 {
		bad("strata", "Choose at least one.")
	}
	for _, d := range in.Strata {
		if !slices.Contains(sampling.Dimensions, d) {
			bad("strata", "Choose from the list.")
		}
	}
	if in.Each < 0 || in.Each > 10_000 {
		bad("each", "Write a number from 0 to 10,000.")
	}
	if in.Percent < 0 || in.Percent > 100 {
		bad("percent", "Write a number from 0 to 100.")
	}
	if in.Each == 0 && in.Percent == 0 {
		bad("each", "Write how many cases are drawn of each group, or which share.")
	}
	if in.Ahead < LeastAhead || in.Ahead > MostAhead {
		bad("ahead", "Write a number from 4 to 1,000,000.")
	}
	return fault.Fields(problems)
}

// PlanSample fixes a population and says which root of the log, as it will be, draws
// from it.
func (s *Service) PlanSample(ctx context.Context, in PlanInput) (id string, err error) {
	defer fault.Wrap(&err, "oversight.PlanSample")
	actor, rule, err := s.step(ctx, "sample", "log")
	if err != nil {
		return "", err
	}
	if err := in.check(); err != nil {
		return "", err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAudit, PlanDigest(in))
	if err != nil {
		return "", err
	}
	x, members, err := s.planned(ctx, in, actor.Person)
	if err != nil {
		return "", err
	}
	e := change.Event(ctx, x.PlannedAt, sampling.KindPlanned, sampling.StreamOf(x.ID), 1)
	e.Facts = x.Facts()
	e.Facts["rule"] = rule
	x.PlanEvent = e.ID
	part := change.Part{Event: e, Insert: []any{x, SampleMembers{x.ID, members}}}
	change.Prove(&part, proof)
	return x.ID, s.commit(ctx, "/audit/samples/"+x.ID, part)
}

func (s *Service) planned(ctx context.Context, in PlanInput, by identity.PersonID) (*Sample, []sampling.Member, error) {
	x := &Sample{Plan: sampling.Plan{ID: newID(), From: in.From.UTC(), To: in.To.UTC(), Each: in.Each, Percent: in.Percent, Quorum: s.Quorum}, PlannedBy: by, PlannedAt: s.now(), State: Planned, Version: 1}
	for _, d := range sampling.Dimensions {
		if slices.Contains(in.Strata, d) {
			x.Strata = append(x.Strata, d)
		}
	}
	members, tree, err := s.Samples.Population(ctx, x.Plan)
	if err != nil {
		return nil, nil, err
	}
	if len(members) == 0 {
		return nil, nil, fault.Fields([]fault.Problem{{Field: "from", Message: "No case was submitted in this time."}})
	}
	placed, pending, err := s.Samples.LogLength(ctx)
	if err != nil {
		return nil, nil, err
	}
	x.Tree, x.Population, x.Digest, x.Plan.Seed = tree, len(members), sampling.Digest(members), placed+pending+uint64(in.Ahead)
	x.Ref, err = s.newRef("AS")
	return x, members, err
}

// DrawSamples draws the planned samples whose seed is there. One process at a time
// calls it.
func (s *Service) DrawSamples(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "oversight.DrawSamples")
	ctx = identity.With(ctx, identity.SystemActor())
	list, err := s.Samples.Samples(ctx, 100)
	for _, x := range list {
		if x.State != Planned {
			continue
		}
		drawn, drawErr := s.draw(ctx, x)
		if err = errors.Join(err, drawErr); drawn {
			n++
		}
	}
	return n, err
}

func (s *Service) draw(ctx context.Context, x Sample) (bool, error) {
	trust := s.Outside.Trust()
	trust.Quorum = x.Quorum
	note, err := s.Log.ReadCheckpoint(ctx)
	if err != nil {
		return false, nil // nothing is signed yet
	}
	signed, err := audit.OpenCheckpoint(note, trust)
	if err != nil || signed.Size < x.Plan.Seed {
		return false, nil // it waits for the log to grow, or for its witnesses
	}
	root, err := RootAt(ctx, s.Log, x.Plan.Seed)
	if err != nil {
		return false, err
	}
	members, err := s.Samples.Members(ctx, x.ID)
	if err != nil {
		return false, err
	}
	if sampling.Digest(members) != x.Digest {
		return false, fault.New(fault.Gate, "The population of sample %s is not the one that its plan fixed. Nothing is drawn from it.", x.Ref)
	}
	var cosigned []string
	if x.Quorum > 0 {
		cosigned, x.SeedNote = sampling.Cosignatures(signed), string(note)
	}
	seed := sampling.Seed(x.PlanEvent, x.Plan.Seed, root, cosigned)
	drawn := sampling.Draw(seed, x.Plan, members)
	x.State, x.SeedRoot, x.SeedHex, x.Drawn, x.DrawnDigest, x.DrawnAt, x.Version = Drawn, hexRoot(root), hex.EncodeToString(seed[:]), len(drawn), sampling.Digest(drawn), s.now(), x.Version+1
	err = s.recordDraw(ctx, x, drawn)
	if fault.KindOf(err) == fault.Gate {
		return false, s.void(ctx, x) // the database refused: the plan stands behind its seed
	}
	return err == nil, err
}

func (s *Service) recordDraw(ctx context.Context, x Sample, drawn []sampling.Member) error {
	e := change.Event(ctx, x.DrawnAt, sampling.KindDrawn, sampling.StreamOf(x.ID), x.Version)
	f := e.Facts
	f["sample"], f["seed_tree"], f["seed_root"], f["seed"], f["drawn"], f["drawn_sha256"] = x.ID, strconv.FormatUint(x.Plan.Seed, 10), x.SeedRoot, x.SeedHex, itoa(x.Drawn), x.DrawnDigest
	e.Causes = []audit.EventID{x.PlanEvent}
	part := change.Part{Event: e, Update: []any{&x}}
	for _, m := range drawn {
		part.Insert = append(part.Insert, &SampleCase{ID: newID(), Sample: x.ID, Case: m.Case, Stratum: m.Stratum, Always: m.Always})
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

func (s *Service) void(ctx context.Context, x Sample) error {
	x.State, x.SeedNote, x.SeedRoot, x.SeedHex, x.Drawn, x.DrawnDigest, x.DrawnAt = Void, "", "", "", 0, "", time.Time{}
	e := change.Event(ctx, s.now(), sampling.KindVoid, sampling.StreamOf(x.ID), x.Version)
	e.Facts["sample"] = x.ID
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&x}}}})
}

// ListSamples lists samples, the newest first.
func (s *Service) ListSamples(ctx context.Context) ([]Sample, error) {
	if _, _, err := s.may(ctx, "query", "log"); err != nil {
		return nil, err
	}
	return s.Samples.Samples(ctx, 200)
}

// ShowSample gives a sample with its drawn cases.
func (s *Service) ShowSample(ctx context.Context, id string) (x Sample, cases []SampleCase, err error) {
	if _, _, err = s.may(ctx, "query", "log"); err != nil {
		return x, nil, err
	}
	if x, cases, err = s.Samples.Sample(ctx, id); err == nil && x.State == Planned {
		x.LogNow, err = s.Samples.Placed(ctx)
	}
	return x, cases, err
}
