package usernotice

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// PathOf is where a gag's page lies.
func PathOf(id GagID) string { return "/counsel/gags/" + string(id) }

// RegisterDigest is what counsel agrees to who enters a gag.
func RegisterDigest(g Gag) identity.Digest {
	return identity.DigestOf("lerd gag v1", string(g.Request), g.Reference, stamp(g.Ends), stamp(g.Review))
}

// StepDigest is what counsel agrees to who renews, reviews or lifts a gag.
func StepDigest(st GagStep) identity.Digest {
	return identity.DigestOf("lerd gag step v1", string(st.Gag), string(st.Kind), strconv.Itoa(st.Ordinal), st.Reference, stamp(st.Ends), stamp(st.Review))
}

// registered gives the part that enters a gag.
func (s *Service) registered(ctx context.Context, g Gag, rule string) change.Part {
	e := change.Event(ctx, s.now(), "gag.registered", StreamOfGag(g.ID), 1)
	for name, value := range map[string]string{"request": string(g.Request), "agency": string(g.Agency), "source": string(g.Source), "begins": stamp(g.Begins),
		"ends": stamp(g.Ends), "review": stamp(g.Review), "rule": rule} {
		e.Facts[name] = value
	}
	if g.OrderedIn != "" {
		e.Facts["ordered_in"] = string(g.OrderedIn)
	}
	return change.Part{Event: e, Insert: []any{&g}}
}

// EntryInput is a gag as counsel enters it, of a paper of its own.
type EntryInput struct {
	CaseRef   string // of the case whose users may not be told
	OrderRef  string // of the case in which the paper came; may be empty
	Reference string // of the paper
	Basis     string
	EndsOn    string // 2006-01-02, the last day; empty: the paper states none
	ReviewOn  string // 2006-01-02; empty: as late as the policy allows
}

// Entry reads a gag from what counsel typed, for its page and for Enter.
func (s *Service) Entry(ctx context.Context, in EntryInput) (g Gag, err error) {
	defer fault.Wrap(&err, "usernotice.Entry")
	actor, _, err := s.may(ctx, "register", "gag")
	if err != nil {
		return g, err
	}
	var problems []fault.Problem
	g = Gag{ID: GagID(uuid.NewString()), Source: OfSeparate, State: Running, RegisteredBy: actor.Person, Begins: s.now(), Version: 1}
	c, err := s.Store.CaseByRef(ctx, in.CaseRef)
	if err != nil {
		if fault.KindOf(err) != fault.NotFound {
			return g, err
		}
		problems = append(problems, fault.Problem{Field: "case_ref", Message: "No case has this reference."})
	}
	g.Request, g.Agency = c.Request.ID, c.Request.Agency
	if in.OrderRef != "" {
		o, err := s.Store.CaseByRef(ctx, in.OrderRef)
		if err != nil {
			problems = append(problems, fault.Problem{Field: "order_ref", Message: "No case has this reference."})
		}
		g.OrderedIn = o.Request.ID
	}
	problems = append(problems, readReference(&g.Reference, in.Reference)...)
	if in.Basis != "" {
		basis, err := identifier.Reference("basis", in.Basis)
		problems = append(problems, fault.ProblemsOf(err)...)
		g.Basis = basis
	}
	var wrong []fault.Problem
	g.Ends, g.Review, wrong = s.until(c.Agency, in.EndsOn, in.ReviewOn)
	return g, fault.Fields(append(problems, wrong...))
}

func readReference(to *string, typed string) []fault.Problem {
	if typed == "" {
		return []fault.Problem{{Field: "reference", Message: "Give the reference of the paper on which this rests."}}
	}
	ref, err := identifier.Reference("reference", typed)
	*to = ref
	return fault.ProblemsOf(err)
}

// until reads the last day and the day of review. Where no end is stated, there is
// a review within the policy's days; with one there need not be.
func (s *Service) until(a identity.Agency, endsOn, reviewOn string) (ends, review time.Time, problems []fault.Problem) {
	day := func(field, typed string, latest int) time.Time {
		d, err := time.Parse(time.DateOnly, typed)
		at := dayAfter(d, a)
		switch {
		case err != nil:
			problems = append(problems, fault.Problem{Field: field, Message: "Give a day as year-month-day, for example 2027-03-31."})
		case !at.After(s.now()):
			problems = append(problems, fault.Problem{Field: field, Message: "This day is over."})
		case at.After(s.now().AddDate(0, 0, latest+1)):
			problems = append(problems, fault.Problem{Field: field, Message: "This is too far ahead: give a day within " + strconv.Itoa(latest) + " days."})
		}
		return at
	}
	if endsOn != "" {
		ends = day("ends_on", endsOn, s.Policy.LongestDays)
	}
	switch {
	case reviewOn != "":
		review = day("review_on", reviewOn, s.Policy.ReviewDays)
	case endsOn == "":
		review = s.now().AddDate(0, 0, s.Policy.ReviewDays).Truncate(time.Second)
	}
	return ends, review, problems
}

// Enter registers a gag of a paper of its own.
func (s *Service) Enter(ctx context.Context, in EntryInput) (_ GagID, err error) {
	defer fault.Wrap(&err, "usernotice.Enter")
	_, rule, err := s.may(ctx, "register", "gag")
	if err != nil {
		return "", err
	}
	g, err := s.Entry(ctx, in)
	if err != nil {
		return "", err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeGag, RegisterDigest(g))
	if err != nil {
		return "", err
	}
	part := s.registered(ctx, g, rule)
	change.Prove(&part, proof)
	return g.ID, s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(g.ID))})
}

// StepInput is what counsel does about a gag, as typed.
type StepInput struct {
	Kind      string // renewed, reviewed or lifted
	Reference string
	EndsOn    string
	ReviewOn  string
	Why       string
}

// Step reads what counsel would do about a gag, for its page and for Take.
func (s *Service) Step(ctx context.Context, id GagID, in StepInput) (st GagStep, err error) {
	defer fault.Wrap(&err, "usernotice.Step(%s)", id)
	actor, _, err := s.may(ctx, "settle", "gag")
	if err != nil {
		return st, err
	}
	g, err := s.Store.GagFile(ctx, id)
	if err != nil {
		return st, err
	}
	if g.State != Running {
		return st, fault.New(fault.Conflict, "This gag has ended. What has ended stays ended: a new paper is entered as a new gag.")
	}
	c, err := s.Store.CaseByRef(ctx, g.Ref)
	if err != nil {
		return st, err
	}
	return s.readStep(g, c.Agency, actor, in)
}

func (s *Service) readStep(g GagFile, a identity.Agency, actor identity.Actor, in StepInput) (st GagStep, err error) {
	var problems []fault.Problem
	st = GagStep{ID: uuid.NewString(), Gag: g.ID, Request: g.Request, Agency: g.Agency, Ordinal: g.Steps + 1, Kind: StepKind(in.Kind), By: actor.Person, At: s.now()}
	if !slices.Contains([]StepKind{Renewed, Reviewed, Lifted}, st.Kind) {
		problems = append(problems, fault.Problem{Field: "kind", Message: "Choose what you do about this gag."})
	}
	why, err := identifier.FreeText("why", in.Why, 2000)
	problems = append(problems, fault.ProblemsOf(err)...)
	if why == "" && err == nil {
		problems = append(problems, fault.Problem{Field: "why", Message: "Say in a sentence why."})
	}
	st.Why = personal.NewText(why)
	if in.Reference != "" || st.Kind != Reviewed {
		problems = append(problems, readReference(&st.Reference, in.Reference)...)
	}
	switch st.Kind {
	case Renewed:
		var wrong []fault.Problem
		st.Ends, st.Review, wrong = s.until(a, in.EndsOn, in.ReviewOn)
		problems = append(problems, wrong...)
	case Reviewed:
		if in.EndsOn != "" {
			problems = append(problems, fault.Problem{Field: "ends_on", Message: "A review does not move the end. Renew the gag with the paper that does."})
		}
		_, review, wrong := s.until(a, "", in.ReviewOn)
		st.Ends, st.Review, problems = g.Ends, review, append(problems, wrong...)
	}
	return st, fault.Fields(problems)
}

// stepEvents name the event of each kind of step.
var stepEvents = map[StepKind]string{Renewed: "gag.renewed", Reviewed: "gag.reviewed", Lifted: "gag.ended"}

// Take does what counsel decided about a gag.
func (s *Service) Take(ctx context.Context, id GagID, in StepInput) (err error) {
	defer fault.Wrap(&err, "usernotice.Take(%s)", id)
	_, rule, err := s.may(ctx, "settle", "gag")
	if err != nil {
		return err
	}
	st, err := s.Step(ctx, id, in)
	if err != nil {
		return err
	}
	f, err := s.Store.GagFile(ctx, id)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeGag, StepDigest(st))
	if err != nil {
		return err
	}
	g := f.Gag
	part := s.stepPart(ctx, &g, st, rule)
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(id))})
}

func (s *Service) stepPart(ctx context.Context, g *Gag, st GagStep, rule string) change.Part {
	e := change.Event(ctx, st.At, stepEvents[st.Kind], StreamOfGag(g.ID), g.Version+1)
	e.Causes = []audit.EventID{g.EventID}
	e.Facts["request"], e.Facts["ordinal"], e.Facts["rule"] = string(g.Request), strconv.Itoa(st.Ordinal), rule
	e.Facts["ends_before"], e.Facts["review_before"] = stamp(g.Ends), stamp(g.Review)
	g.Steps, g.Version = st.Ordinal, g.Version+1
	if st.Kind == Lifted {
		g.State, g.EndedWhy, g.EndedAt = Ended, "lifted", st.At
		e.Facts["why"], e.Facts["ended"] = g.EndedWhy, stamp(g.EndedAt)
	} else {
		g.Ends, g.Review = st.Ends, st.Review
	}
	e.Facts["ends"], e.Facts["review"] = stamp(g.Ends), stamp(g.Review)
	return change.Part{Event: e, Insert: []any{&st}, Update: []any{g}}
}
