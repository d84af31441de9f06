package sampling

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"

	"lerd/internal/audit"
)

// Breach names what is wrong with a sample.
type Breach string

// The breaches.
const (
	NoPlan     Breach = "NO PLAN"    // the log has no plan of this sample
	Foreseen   Breach = "FORESEEN"   // the plan does not stand before its seed, or its population after it
	Population Breach = "POPULATION" // the plan's population is not what the log gives
	Twice      Breach = "TWICE"      // the sample was drawn more than once, or planned more than once
	Repeated   Breach = "REPEATED"   // other plans of an overlapping time stand before it and were not used
	Drawn      Breach = "DRAWN"      // what was drawn is not what the seed gives
	Unopened   Breach = "UNOPENED"   // what an entry commits to is not opened by what was given
	BadOpening Breach = "OPENING"    // what is given as an opening is not what an entry commits to
	Seedless   Breach = "SEED"       // the seed is not of the log's root, or its cosignatures do not verify
)

// Finding is what is wrong, in one sentence.
type Finding struct {
	Breach Breach
	Text   string
}

// Error gives both.
func (f *Finding) Error() string { return string(f.Breach) + ": " + f.Text }

func breach(b Breach, format string, args ...any) error {
	return &Finding{b, fmt.Sprintf(format, args...)}
}

// Report is a sample as it was drawn again.
type Report struct {
	Plan       Plan
	PlanEvent  audit.EventID
	PlanIndex  uint64
	Population []Member
	Drawn      []Member
	Seed       string // hexadecimal; empty while the log is not long enough
	Waits      bool   // the seed is not there yet, so nothing could be drawn
	Recorded   bool   // the log has the draw, and it is this one
}

// Records gives the log's records from the first on, with their place, closed facts
// opened where an opening was given; it stops
// where f gives an error.
type Records func(ctx context.Context, f func(index uint64, r audit.Record) error) error

// Input is what a sample is drawn again from.
type Input struct {
	Records Records
	Root    func(ctx context.Context, size uint64) (audit.Hash, error) // of the log at a size that it has
	Size    uint64                                                     // of the log
	Sample  string                                                     // id of the sample
	Note    []byte                                                     // the cosigned checkpoint of the seed; nil where the plan asks for none
	Trust   audit.Trust                                                // whose cosignatures count
}

// Verify draws a sample again from the log alone and compares it with what the log
// says was drawn. An error *Finding names what is wrong.
func Verify(ctx context.Context, in Input) (Report, error) {
	v := verifier{in: in}
	if err := in.Records(ctx, v.plans); err != nil {
		return v.report, err
	}
	if err := v.judge(); err != nil {
		return v.report, err
	}
	if err := v.population(ctx); err != nil {
		return v.report, err
	}
	return v.report, v.draw(ctx)
}

type verifier struct {
	in     Input
	report Report
	plan   *audit.Record
	planAt uint64
	drawn  []audit.Record
	others []Plan // plans before this one; those that stand behind their own seed can never be drawn
	ended  map[string]bool
}

// plans looks for the sample's own events, and for plans before it.
func (v *verifier) plans(index uint64, r audit.Record) error {
	switch {
	case r.Kind == KindPlanned && r.Facts["sample"] == v.in.Sample:
		if v.plan != nil {
			return breach(Twice, "Entry %d plans the sample again, which entry %d had planned.", index, v.planAt)
		}
		v.plan, v.planAt = &r, index
	case r.Kind == KindPlanned && v.plan == nil:
		if p, err := ReadPlan(r); err == nil && index < p.Seed {
			v.others = append(v.others, p)
		}
	case r.Kind == KindDrawn && r.Facts["sample"] == v.in.Sample:
		v.drawn = append(v.drawn, r)
	case r.Kind == KindDrawn:
		if v.ended == nil {
			v.ended = map[string]bool{}
		}
		v.ended[r.Facts["sample"]] = true
	}
	return nil
}

func (v *verifier) judge() (err error) {
	if v.plan == nil {
		return breach(NoPlan, "The log has no plan of sample %s.", v.in.Sample)
	}
	p, err := ReadPlan(*v.plan)
	if err != nil {
		return breach(NoPlan, "The plan of sample %s cannot be read: %v.", v.in.Sample, err)
	}
	v.report.Plan, v.report.PlanEvent, v.report.PlanIndex = p, v.plan.ID, v.planAt
	if _, closes := v.plan.Closed(); closes && v.plan.Opened == nil {
		return breach(Unopened, "Entry %d, the sample's plan, commits to the digest of its population, and the openings that were given have none of it.", v.planAt)
	}
	switch {
	case v.planAt >= p.Seed:
		return breach(Foreseen, "The plan is entry %d, and its seed is the root over %d entries: whoever made the plan could have known it.", v.planAt, p.Seed)
	case p.Tree > v.planAt:
		return breach(Foreseen, "The population is of the log at %d entries, after the plan, which is entry %d.", p.Tree, v.planAt)
	case len(v.drawn) > 1:
		return breach(Twice, "The sample was drawn %d times.", len(v.drawn))
	}
	for _, o := range v.others {
		if !v.ended[o.ID] && o.From.Before(p.To) && p.From.Before(o.To) {
			return breach(Repeated, "Sample %s, planned before it over an overlapping time, was never drawn: the plan was made again.", o.ID)
		}
	}
	return nil
}

// population computes the plan's population from the log.
func (v *verifier) population(ctx context.Context) error {
	c, p := NewCollector(), v.report.Plan
	err := v.in.Records(ctx, func(index uint64, r audit.Record) error {
		if index >= p.Tree {
			return errEnough
		}
		if unread(r) {
			return breach(Unopened, "Entry %d commits to facts of a case, and the openings that were given have none of it.", index)
		}
		c.Add(r)
		return nil
	})
	if err != nil && err != errEnough {
		return err
	}
	v.report.Population = c.Population(p)
	if got := Digest(v.report.Population); got != p.Digest || len(v.report.Population) != p.Population {
		return breach(Population, "The plan says %d cases with the digest %s, and the log gives %d with %s.", p.Population, p.Digest, len(v.report.Population), got)
	}
	return nil
}

var errEnough = fmt.Errorf("enough was read")

func (v *verifier) draw(ctx context.Context) error {
	p := v.report.Plan
	if v.in.Size < p.Seed {
		if len(v.drawn) > 0 {
			return breach(Foreseen, "The sample was drawn while the log had %d entries, and its seed is the root over %d.", v.in.Size, p.Seed)
		}
		v.report.Waits = true
		return nil
	}
	root, err := v.in.Root(ctx, p.Seed)
	if err != nil {
		return err
	}
	cosigned, err := v.cosigned()
	if err != nil {
		return err
	}
	seed := Seed(v.report.PlanEvent, p.Seed, root, cosigned)
	v.report.Seed, v.report.Drawn = hex.EncodeToString(seed[:]), Draw(seed, p, v.report.Population)
	if len(v.drawn) == 0 {
		return nil
	}
	if _, closes := v.drawn[0].Closed(); closes && v.drawn[0].Opened == nil {
		return breach(Unopened, "The sample's draw commits to the digest of what was drawn, and the openings that were given have none of it.")
	}
	f := v.drawn[0].AllFacts()
	if f["seed"] != v.report.Seed || f["seed_root"] != hex.EncodeToString(root[:]) {
		return breach(Seedless, "The log says that the seed was %s, and the root over %d entries gives %s.", f["seed"], p.Seed, v.report.Seed)
	}
	if f["drawn_sha256"] != Digest(v.report.Drawn) || f["drawn"] != strconv.Itoa(len(v.report.Drawn)) {
		return breach(Drawn, "The log says that %s cases with the digest %s were drawn, and the seed gives %d with %s.", f["drawn"], f["drawn_sha256"], len(v.report.Drawn), Digest(v.report.Drawn))
	}
	v.report.Recorded = true
	return nil
}

// cosigned gives the lines of witnesses that are part of the seed.
func (v *verifier) cosigned() ([]string, error) {
	if v.report.Plan.Quorum == 0 {
		return nil, nil
	}
	trust := v.in.Trust
	trust.Quorum = v.report.Plan.Quorum
	signed, err := audit.OpenCheckpoint(v.in.Note, trust)
	if err != nil || signed.Size < v.report.Plan.Seed {
		return nil, breach(Seedless, "The plan asks for the cosignatures of %d witnesses over a checkpoint of at least %d entries; the one given has none: %v.", v.report.Plan.Quorum, v.report.Plan.Seed, err)
	}
	return Cosignatures(signed), nil
}

// Cosignatures gives the lines of the witnesses that cosigned a checkpoint.
func Cosignatures(c audit.SignedCheckpoint) []string {
	var out []string
	for _, s := range c.Cosigned {
		out = append(out, s.Name+" "+s.Base64)
	}
	return out
}
