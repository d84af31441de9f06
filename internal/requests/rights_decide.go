package requests

import (
	"context"
	"errors"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// DecideRights is the second person's word on counsel's answer, with their
// passkey: another counsel or an approver, who does not review the case. What is
// agreed answers the check of fundamental rights, from which the refusal's code
// follows by the policy.
func (s *Service) DecideRights(ctx context.Context, id ID, agree bool, note string) (err error) {
	defer fault.Wrap(&err, "requests.DecideRights(%s)", id)
	c, r, actor, rule, err := s.rightsOf(ctx, id, "agree")
	if err != nil {
		return err
	}
	a, answered := r.Last()
	if !answered || r.State != RightsAnswered || !c.Request.State.Open() {
		return fault.New(fault.Conflict, "This review does not wait for a second person. Reload the page.")
	}
	if a.By == actor.Person || c.Request.Reviewer == actor.Person {
		return fault.New(fault.Gate, "You have a part in this already, so somebody else has to decide.")
	}
	to, kind, ask := RightsReturned, "returned", "Say what counsel should look at again."
	if agree {
		to, kind, ask = RightsAgreed, "agreed", ""
	}
	text, err := noteOf(note, ask)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeRights, RightsDecisionDigest(r, a, to))
	if err != nil {
		return err
	}
	r.State, r.DecidedBy, r.DecidedAt, r.Note, r.Version = to, actor.Person, s.now(), text, r.Version+1
	part := s.rightsPart(ctx, r, kind)
	part.Event.Facts["rule"], part.Event.Facts["content_sha256"] = rule, a.ContentSHA256
	part.Update = []any{&r}
	if answer, ok := rightsAnswerOf(r, a); ok && agree {
		part.Insert = append(part.Insert, &answer)
	}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, RightsPath(id))})
}

func noteOf(typed, ask string) (personal.Text, error) {
	var r reader
	text := r.text("note", typed, ask)
	return text, fault.Fields(r.problems)
}

// rightsAnswerOf is what counsel's conclusion says to the check of fundamental
// rights.
func rightsAnswerOf(r RightsReview, a RightsAnswer) (Answer, bool) {
	content, ok := a.Read()
	result := legal.Pass
	if a.Conclusion == RefuseRights {
		result = legal.Fail
	}
	return Answer{ID: newID[string](), Request: r.Request, Agency: r.Agency, Check: rightsCheck, Result: string(result), Note: personal.NewText(content.Why),
		By: string(a.By), As: string(identity.Counsel), At: r.DecidedAt}, ok
}

// RightsReview gives a case with its review to who may see it, one without an id
// where there is none, and puts on record that they looked.
func (s *Service) RightsReview(ctx context.Context, id ID) (c Case, r RightsReview, err error) {
	defer fault.Wrap(&err, "requests.RightsReview(%s)", id)
	c, _, rule, err := s.open(ctx, id, "view", "rights")
	if err != nil {
		return c, r, err
	}
	if r, _, err = s.Rights.RightsReview(ctx, id); err != nil {
		return c, r, err
	}
	return c, r, s.look(ctx, c, "request.viewed", rule)
}

// RightsWaiting is the queue of reviews.
func (s *Service) RightsWaiting(ctx context.Context) (list []RightsWaiting, err error) {
	defer fault.Wrap(&err, "requests.RightsWaiting")
	if _, _, err := s.may(ctx, "view", "rights", ""); err != nil {
		return nil, err
	}
	return s.Rights.RightsWaiting(ctx)
}

// OpenRightsReviews opens a review for each case under review that touches rights.
func (s *Service) OpenRightsReviews(ctx context.Context) (n int, err error) {
	ctx = identity.With(ctx, identity.SystemActor())
	list, err := s.Rights.RightsUnopened(ctx, 100)
	for _, id := range list {
		openErr := s.OpenRights(ctx, id, nil)
		if openErr != nil && fault.KindOf(openErr) != fault.Conflict {
			err = errors.Join(err, openErr)
			continue
		}
		n++
	}
	return n, err
}

// publishSensitive puts the classes that touch rights where the database's gate
// looks for them.
func (s *Service) publishSensitive(ctx context.Context) error {
	if s.Rights == nil {
		return nil
	}
	known, err := s.Rights.SensitiveClasses(ctx)
	if err != nil {
		return err
	}
	var fresh []any
	for _, class := range s.Law.OffenceClasses() {
		if class.Sensitive != "" && !known[class.Code] {
			fresh = append(fresh, &SensitiveClass{Class: class.Code, Touches: class.Sensitive})
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	e := change.Event(ctx, s.now(), "policy.published", "policy:rules", 0)
	e.Facts["digest"], e.Facts["sensitive_classes"] = s.Law.Digest(), itoa(len(fresh))
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: fresh}}})
}
