package requests

import (
	"context"
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// How long a case that a reviewer left stays out of what they are given next:
// less where it is due within a day.
const (
	SkipFor      = 4 * time.Hour
	SkipForShort = time.Hour
)

// SkipReasons are why a case may be left, in the order in which they are offered.
var SkipReasons = []string{"language", "experience", "too_long", "known_person", "other"}

// Skip is a case that a reviewer left for the next one. It comes back to them
// after Until; everybody else can take it at once.
type Skip struct {
	ID      string
	Request ID
	Agency  identity.AgencyID
	Person  identity.PersonID
	Reason  string
	Note    personal.Text
	At      time.Time
	Until   time.Time
	Ref     string // on reading: of the case
	State   State  // on reading: where the case stands
	EventID audit.EventID
}

// SkipFilter narrows a list of skips.
type SkipFilter struct {
	Request ID                // of one case
	Person  identity.PersonID // by one reviewer
	After   time.Time         // that have not come back by then
	Limit   int               // 0: 100
}

// Skip leaves a case that nobody holds for the next one, with a reason.
func (s *Service) Skip(ctx context.Context, id ID, reason, note string) (err error) {
	defer fault.Wrap(&err, "requests.Skip(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "skip", "request")
	if err != nil {
		return err
	}
	if c.Request.State != Submitted {
		return fault.New(fault.Conflict, "Only a case that nobody holds can be left for the next one.")
	}
	var r reader
	if !slices.Contains(SkipReasons, reason) {
		r.fail("reason", "Choose why you leave the case.")
	}
	ask := ""
	if reason == "other" {
		ask = "Say why you leave the case."
	}
	text := r.text("note", note, ask)
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	k := Skip{ID: newID[string](), Request: id, Agency: c.Request.Agency, Person: actor.Person, Reason: reason, Note: text, At: s.now()}
	k.Until = k.At.Add(SkipFor)
	if due := c.Request.EffectBy; !due.IsZero() && due.Before(k.At.Add(24*time.Hour)) {
		k.Until = k.At.Add(SkipForShort)
	}
	e := change.Event(ctx, k.At, "request.skipped", "skip:"+k.ID, 1)
	e.Causes = []audit.EventID{c.Request.EventID}
	e.Facts["request"], e.Facts["rule"], e.Facts["reason"], e.Facts["until"] = string(id), rule, reason, stamp(k.Until)
	part := change.Part{Event: e, Insert: []any{&k}}
	tell(&part, "note", text)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// Skips gives the cases that reviewers left, to lead reviewers, other reviewers
// and auditors alike.
func (s *Service) Skips(ctx context.Context, f SkipFilter) (list []Skip, err error) {
	defer fault.Wrap(&err, "requests.Skips")
	if _, _, err := s.may(ctx, "list", "skip", ""); err != nil {
		return nil, err
	}
	return s.Bench.Skips(ctx, f)
}

// Next gives the case that is next for the reviewer: what waits by its clock,
// without those that they left a while ago and the one they look at. It is empty
// where nothing waits.
func (s *Service) Next(ctx context.Context, here ID) (next ID, err error) {
	defer fault.Wrap(&err, "requests.Next")
	actor, err := actorOf(ctx)
	if err != nil {
		return "", err
	}
	left, err := s.Skips(ctx, SkipFilter{Person: actor.Person, After: s.now(), Limit: 200})
	if err != nil {
		return "", err
	}
	list, err := s.List(ctx, Filter{States: []State{Submitted}, Limit: min(len(left)+2, 200)})
	for _, q := range list {
		if q.ID != here && !slices.ContainsFunc(left, func(k Skip) bool { return k.Request == q.ID }) {
			return q.ID, err
		}
	}
	return "", err
}
