package fraud

import (
	"context"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
)

// Stopping keeps containments and what they list.
type Stopping interface {
	// Subject gives an agency and, where one is named, its officer; NotFound
	// where the person is not of the agency.
	Subject(ctx context.Context, agency identity.AgencyID, officer identity.PersonID) (identity.Agency, identity.Person, error)
	// Subjects lists the agencies on file with their active people.
	Subjects(ctx context.Context) ([]AgencyPeople, error)
	// Containments lists them, the newest first; only those going on, or all.
	Containments(ctx context.Context, all bool) ([]Containment, error)
	// ContainmentByID gives one with its letters, or NotFound.
	ContainmentByID(ctx context.Context, id string) (Containment, []Letter, error)
	// Disclosed lists everything that ever left for an agency, or at the request
	// of one officer, the newest first.
	Disclosed(ctx context.Context, agency identity.AgencyID, officer identity.PersonID) ([]Disclosure, error)
	// OpenCases lists the cases that stand still.
	OpenCases(ctx context.Context, agency identity.AgencyID, officer identity.PersonID) ([]requests.Summary, error)
}

// Disclosure is one bundle that left, and who fetched it.
type Disclosure struct {
	Release    requests.ReleaseID
	Ref        string // of the bundle
	Request    requests.ID
	RequestRef string
	Process    string
	Order      string // number
	Officer    identity.PersonID
	Name       personal.Text // of the officer
	Accounts   int
	Phones     int
	Addresses  int
	ReadyAt    time.Time
	State      string
	Fetched    []Fetch
}

// Fetch is one download.
type Fetch struct {
	By   identity.PersonID
	Name personal.Text
	At   time.Time
	// State is how it ended: delivered, broken, unknown, or begun where it goes on.
	State string
	Bytes int64 // that were sent
}

// AgencyPeople is an agency with those who act for it.
type AgencyPeople struct {
	ID     identity.AgencyID
	Name   string
	People []identity.Person
}

// Subjects lists whom one can contain to who may.
func (s *Service) Subjects(ctx context.Context) ([]AgencyPeople, error) {
	if _, _, err := s.may(ctx, "list", "containment", ""); err != nil {
		return nil, err
	}
	return s.Stopping.Subjects(system(ctx))
}

// Subject is whom a containment stops.
type Subject struct {
	Agency  identity.AgencyID
	Officer identity.PersonID // empty: the whole agency
}

// ContainInput is what somebody typed to contain.
type ContainInput struct {
	Subject
	Reason, Note string
}

// Reasons lists why somebody is contained; "drill" is an exercise, which stops
// all the same and is no fraud.
var Reasons = []string{"account_taken", "passkey_stolen", "forged_order", "impostor", "insider", "agency_reports", "drill"}

// codeOf gives the register's code of a containment's reason.
var codeOf = map[string]string{"account_taken": "FR-10", "passkey_stolen": "FR-11", "forged_order": "FR-12", "impostor": "FR-13", "insider": "FR-14", "agency_reports": "FR-15"}

// ContainDigest is what somebody agrees to with their passkey when they contain.
func ContainDigest(s Subject) identity.Digest {
	return identity.DigestOf("contain", string(s.Agency), string(s.Officer))
}

// ProposeLiftDigest is what somebody agrees to when they ask that a containment
// end.
func ProposeLiftDigest(id string) identity.Digest {
	return identity.DigestOf("propose to lift containment", id)
}

// LiftDigest is what somebody agrees to when they lift a containment.
func LiftDigest(id string) identity.Digest { return identity.DigestOf("lift containment", id) }

// Contain stops an officer or an agency in one transaction: the containment,
// their standing, and the end of all their sessions. From its commit on nothing
// of theirs goes towards a release. The letters follow; a stop in between loses
// nothing, for Sweep makes them.
func (s *Service) Contain(ctx context.Context, in ContainInput) (c Containment, err error) {
	defer fault.Wrap(&err, "fraud.Contain(%s)", in.Agency)
	actor, rule, err := s.may(ctx, "contain", "agency", in.Agency)
	if err != nil {
		return c, err
	}
	agency, officer, err := s.Stopping.Subject(system(ctx), in.Agency, in.Officer)
	if err != nil {
		return c, err
	}
	note, err := readContain(in)
	if err != nil {
		return c, err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeContain, ContainDigest(in.Subject))
	if err != nil {
		return c, err
	}
	c = Containment{ID: newID(), Agency: in.Agency, Officer: in.Officer, Reason: in.Reason, Note: note, State: Begun, Was: "inactive",
		BegunBy: actor.Person, BegunAt: s.now(), Version: 1}
	if in.Officer == "" && agency.Standing == identity.Verified || in.Officer != "" && officer.Active {
		c.Was = "active"
	}
	e := change.Event(ctx, c.BegunAt, "containment.begun", StreamOf(c.ID), 1)
	e.Facts["agency"], e.Facts["officer"], e.Facts["reason"], e.Facts["rule"] = string(in.Agency), string(in.Officer), in.Reason, rule
	first := change.Part{Event: e, Insert: []any{&c, identity.SessionsEnded{Agency: in.Agency, Person: in.Officer, At: c.BegunAt}}}
	change.Prove(&first, proof)
	parts := []change.Part{first}
	if c.Was == "active" {
		parts = append(parts, s.standing(ctx, c, agency, officer, false))
	}
	if code := codeOf[in.Reason]; code != "" {
		parts = append(parts, s.caught(ctx, Caught{Code: code, Source: "containment", SourceID: c.ID, Agency: c.Agency}, e.ID))
	}
	if err := s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, PathOf(c.ID))}); err != nil {
		return c, err
	}
	return c, s.Complete(ctx, c.ID)
}

// PathOf is where a containment's page lies.
func PathOf(id string) string { return "/containments/" + id }

func readContain(in ContainInput) (personal.Text, error) {
	var problems []fault.Problem
	if !slices.Contains(Reasons, in.Reason) {
		problems = append(problems, fault.Problem{Field: "reason", Message: "Choose why."})
	}
	note := ""
	if strings.TrimSpace(in.Note) != "" {
		var err error
		if note, err = identifier.FreeText("note", in.Note, 2000); err != nil {
			problems = append(problems, fault.ProblemsOf(err)...)
		}
	}
	return personal.NewText(note), fault.Fields(problems)
}

// standing takes an agency's standing or an officer's account away, or gives it
// back.
func (s *Service) standing(ctx context.Context, c Containment, agency identity.Agency, officer identity.Person, back bool) change.Part {
	kind, stream := "contained", "agency:"+string(c.Agency)
	if back {
		kind = "released"
	}
	if c.Officer != "" {
		officer.Active, officer.Version = back, officer.Version+1
		e := change.Event(ctx, s.now(), "person."+kind, "person:"+string(officer.ID), 0)
		e.Facts["containment"] = c.ID
		return change.Part{Event: e, Update: []any{&officer}}
	}
	agency.Standing, agency.Version = identity.Suspended, agency.Version+1
	if back {
		agency.Standing = identity.Verified
	}
	e := change.Event(ctx, s.now(), "agency."+kind, stream, 0)
	e.Facts["containment"], e.Facts["standing"] = c.ID, string(agency.Standing)
	return change.Part{Event: e, Update: []any{&agency}}
}

// caught is the part that puts a fraud into the register.
func (s *Service) caught(ctx context.Context, c Caught, because audit.EventID) change.Part {
	c.ID, c.At = newID(), s.now()
	e := change.Event(ctx, c.At, "fraud.caught", "fraud:"+c.ID, 1)
	e.Causes = []audit.EventID{because}
	e.Facts["code"], e.Facts["source"] = c.Code, c.Source
	return change.Part{Event: e, Insert: []any{&c}}
}

// Complete drafts the letters of a containment that was begun. It does nothing
// where they are there.
func (s *Service) Complete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "fraud.Complete(%s)", id)
	ctx = system(ctx)
	c, _, err := s.Stopping.ContainmentByID(ctx, id)
	if err != nil || c.State != Begun {
		return err
	}
	letters, err := s.draft(ctx, c)
	if err != nil {
		return err
	}
	c.State, c.CompletedAt, c.Version = Complete, s.now(), c.Version+1
	e := change.Event(ctx, c.CompletedAt, "containment.completed", StreamOf(c.ID), c.Version)
	part := change.Part{Event: e, Update: []any{&c}}
	for i := range letters {
		part.Insert = append(part.Insert, &letters[i])
	}
	err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
	if fault.KindOf(err) == fault.Conflict {
		return nil // another process was first
	}
	return err
}
