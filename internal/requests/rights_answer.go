package requests

import (
	"context"
	"encoding/json"
	"time"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// RightsInput is what counsel typed into the form.
type RightsInput struct {
	Replies    map[string]string // by the question's id
	Reasons    map[string]string
	Conclusion string
	Only       string // the category that may leave, of a conclusion to narrow
	Why        string
}

// RightsContent is what is kept of the form.
type RightsContent struct {
	Form       int           `json:"form"` // version of the policy's form
	Replies    []RightsReply `json:"replies"`
	Conclusion string        `json:"conclusion"`
	Only       Category      `json:"only,omitempty"`
	Why        string        `json:"why"`
}

// RightsReply is the answer to one question.
type RightsReply struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	Source   string `json:"source"`
	Reply    string `json:"reply"`
	Reason   string `json:"reason"`
}

// Read gives an answer as it is read.
func (a RightsAnswer) Read() (c RightsContent, ok bool) {
	err := json.Unmarshal([]byte(a.Content), &c)
	return c, err == nil
}

// RightsAnswerDigest is what counsel agrees to: these answers in this review.
func RightsAnswerDigest(a RightsAnswer) identity.Digest {
	return identity.DigestOf("lerd rights answer v1", a.Review, a.ContentSHA256, a.Conclusion, string(a.Only))
}

// RightsDecisionDigest is what the second person agrees to.
func RightsDecisionDigest(r RightsReview, a RightsAnswer, to RightsState) identity.Digest {
	return identity.DigestOf("lerd rights decision v1", r.ID, string(to), a.ContentSHA256, a.Conclusion, string(a.Only))
}

// ReadRights makes the answer of what counsel typed, or says what is missing.
// Nothing is kept.
func (s *Service) ReadRights(review RightsReview, in RightsInput) (a RightsAnswer, err error) {
	var r reader
	form := s.Law.RightsForm()
	content := RightsContent{Form: form.Version, Conclusion: in.Conclusion}
	against := ""
	for _, q := range form.Questions {
		reply := RightsReply{ID: q.ID, Question: q.Text, Source: q.Source.Text, Reply: in.Replies[q.ID]}
		if !contains(legal.RightsReplies, reply.Reply) {
			r.fail("reply_"+q.ID, "Answer yes, no or unclear.")
		} else if reply.Reply != q.Wants {
			against = q.ID
		}
		reply.Reason = r.text("reason_"+q.ID, in.Reasons[q.ID], "Say in a sentence why.").Reveal()
		content.Replies = append(content.Replies, reply)
	}
	s.conclude(&r, &content, in, against)
	if err := fault.Fields(r.problems); err != nil {
		return a, err
	}
	raw, err := json.Marshal(content)
	if err != nil {
		return a, err
	}
	a = RightsAnswer{ID: newID[string](), Review: review.ID, Request: review.Request, Agency: review.Agency, Round: len(review.Answers) + 1,
		Content: string(raw), Conclusion: content.Conclusion, Only: content.Only}
	a.ContentSHA256 = hexSum(a.Content)
	return a, nil
}

// conclude reads the conclusion; against is a question whose answer speaks against
// a disclosure as it was asked.
func (s *Service) conclude(r *reader, content *RightsContent, in RightsInput, against string) {
	switch {
	case !contains(Conclusions, in.Conclusion):
		r.fail("conclusion", "Choose what follows: go on, narrow or refuse.")
	case in.Conclusion == Proceed && against != "":
		r.fail("conclusion", "An answer speaks against a disclosure. Narrow or refuse, or answer the question otherwise and say why.")
	case in.Conclusion == NarrowRights:
		content.Only = Category(in.Only)
		if content.Only != PhoneNumber && content.Only != IPAddress {
			r.fail("only", "Choose what may leave.")
		}
	}
	content.Why = r.text("why", in.Why, "Say in a few sentences why. The second person and the auditors will read it.").Reveal()
}

// OpenRights asks counsel for a human-rights review of a case: by the flags of the
// policy that somebody sees in it, or, without any, for what lerd itself knows.
func (s *Service) OpenRights(ctx context.Context, id ID, flags []string) (err error) {
	defer fault.Wrap(&err, "requests.OpenRights(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "open", "rights")
	if err != nil {
		return err
	}
	r, parts, err := s.newRights(ctx, c, actor, flags)
	if err != nil {
		return err
	}
	parts.Event.Facts["rule"] = rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{parts}, Key: change.KeyFrom(ctx, RightsPath(r.Request))})
}

func (s *Service) newRights(ctx context.Context, c Case, actor identity.Actor, flags []string) (r RightsReview, part change.Part, err error) {
	if !c.Request.State.Open() {
		return r, part, fault.New(fault.Conflict, "This case has ended.")
	}
	was, there, err := s.Rights.RightsReview(ctx, c.Request.ID)
	if err != nil {
		return r, part, err
	}
	if there && was.State != RightsAgreed {
		return r, part, fault.New(fault.Conflict, "Counsel's review of this case is open already.")
	}
	because, err := s.rightsReasons(ctx, c)
	if err != nil {
		return r, part, err
	}
	for _, f := range flags {
		if !s.rightsFlag(f) {
			return r, part, fault.Fields([]fault.Problem{{Field: "flags", Message: "Choose from the list what the case touches."}})
		}
		because = append(because, f)
	}
	if len(because) == 0 {
		return r, part, fault.Fields([]fault.Problem{{Field: "flags", Message: "Choose what the case touches."}})
	}
	r = RightsReview{ID: newID[string](), Request: c.Request.ID, Agency: c.Request.Agency, Ordinal: was.Ordinal + 1, Because: because, State: RightsOpened,
		OpenedBy: actor.Person, OpenedAt: s.now(), Version: 1}
	if actor.Role == identity.System {
		r.OpenedBy = ""
	}
	part = s.rightsPart(ctx, r, "opened")
	part.Event.Values = append(part.Event.Values, value("because", JoinCodes(because)))
	part.Insert = []any{&r}
	return r, part, nil
}

func (s *Service) rightsFlag(id string) bool {
	for _, f := range s.Law.SensitiveFlags() {
		if f.ID == id {
			return true
		}
	}
	return false
}

// rightsPart begins a step of a review. Its case stands among the values, to which
// the event commits, so that nobody reads from the log whose case is sensitive.
func (s *Service) rightsPart(ctx context.Context, r RightsReview, kind string) change.Part {
	e := change.Event(ctx, s.now(), "rights_review."+kind, "rights_review:"+r.ID, r.Version)
	e.Facts["state"] = string(r.State)
	e.Values = append(e.Values, value("request", string(r.Request)))
	return change.Part{Event: e}
}

// RightsPath is where the review of a case lies.
func RightsPath(id ID) string { return "/counsel/rights/" + string(id) }

// rightsOf loads a case with its review.
func (s *Service) rightsOf(ctx context.Context, id ID, verb access.Verb) (c Case, r RightsReview, actor identity.Actor, rule string, err error) {
	c, actor, rule, err = s.open(ctx, id, verb, "rights")
	if err != nil {
		return c, r, actor, rule, err
	}
	r, ok, err := s.Rights.RightsReview(ctx, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is nothing here.")
	}
	return c, r, actor, rule, err
}

// AnswerRights is counsel's answer, with their passkey. Counsel who reviews the
// case does not give it.
func (s *Service) AnswerRights(ctx context.Context, id ID, in RightsInput) (err error) {
	defer fault.Wrap(&err, "requests.AnswerRights(%s)", id)
	c, r, actor, rule, err := s.rightsOf(ctx, id, "answer")
	if err != nil {
		return err
	}
	if r.State != RightsOpened && r.State != RightsReturned || !c.Request.State.Open() {
		return fault.New(fault.Conflict, "This review does not wait for an answer. Reload the page.")
	}
	a, err := s.ReadRights(r, in)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeRights, RightsAnswerDigest(a))
	if err != nil {
		return err
	}
	a.By, a.At = actor.Person, s.now()
	r.State, r.Answer, r.DecidedBy, r.DecidedAt, r.Note, r.Version = RightsAnswered, a.ID, "", time.Time{}, personal.Text{}, r.Version+1
	part := s.rightsPart(ctx, r, "answered")
	part.Event.Facts["rule"], part.Event.Facts["content_sha256"] = rule, a.ContentSHA256
	part.Event.Values = append(part.Event.Values, value("conclusion", a.Conclusion))
	part.Insert, part.Update = []any{&a}, []any{&r}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, RightsPath(id))})
}
