package requests

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"time"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// Claim takes a case into a reviewer's hands: nobody else works on it until it
// is released. The accounts behind the targets are looked up now, so that the
// reviewer knows whether each leads to exactly one.
func (s *Service) Claim(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.Claim(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "claim", "request")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Claim, rule)
	if err != nil {
		return err
	}
	q.Reviewer, q.ClaimedAt = actor.Person, s.now()
	for i := range q.Targets {
		if err := s.resolve(ctx, &q.Targets[i]); err != nil {
			return err
		}
		tell(&part, "resolved_"+q.Targets[i].Ref(), personal.NewText(q.Targets[i].Resolution))
		part.Update = append(part.Update, &q.Targets[i])
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// resolve asks the account data who held the identifier: at the stated moment
// where there is one, else during the whole period.
func (s *Service) resolve(ctx context.Context, t *Target) error {
	period := records.Period{From: t.From, To: t.To}
	if !t.HolderAt.IsZero() {
		period = records.At(t.HolderAt)
	}
	parsed, err := identifier.Parse(records.Kind(t.Kind), t.Identifier.Reveal())
	if err != nil {
		return err
	}
	found, err := s.Source.Resolve(ctx, parsed.During(period))
	if err != nil {
		return err
	}
	account, match := found.Account()
	t.AccountID, t.Resolution = int64(account), string(match)
	return nil
}

// held loads a case that the actor has claimed.
func (s *Service) held(ctx context.Context, id ID, verb access.Verb) (Case, identity.Actor, string, error) {
	c, actor, rule, err := s.open(ctx, id, verb, "request")
	if err != nil {
		return c, actor, rule, err
	}
	if c.Request.State == InReview && c.Request.Reviewer != actor.Person && actor.Role == identity.Reviewer {
		return c, actor, rule, fault.New(fault.Conflict, "Another reviewer works on this case. Claim it once they have given it back.")
	}
	return c, actor, rule, nil
}

// Unclaim gives a case back to the queue, with a reason.
func (s *Service) Unclaim(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Unclaim(%s)", id)
	c, _, rule, err := s.held(ctx, id, "claim")
	if err != nil {
		return err
	}
	reason, err := needText("why", why, "Say why you give the case back.")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Unclaim, rule)
	if err != nil {
		return err
	}
	q.Reviewer, q.ClaimedAt = "", time.Time{}
	tell(&part, "reason", reason)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// CheckInput is a reviewer's answer to one check, as it was typed.
type CheckInput struct {
	Check, Target, Result, Note, Place string
}

// AnswerChecks records a reviewer's answers. An answer adds to what was said
// before and never removes it.
func (s *Service) AnswerChecks(ctx context.Context, id ID, in []CheckInput) (err error) {
	defer fault.Wrap(&err, "requests.AnswerChecks(%s)", id)
	c, actor, rule, err := s.held(ctx, id, "check")
	if err != nil {
		return err
	}
	process, err := s.pinned(c.Request)
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, AnswerCheck, rule)
	if err != nil {
		return err
	}
	var r reader
	for _, one := range in {
		if a, ok := s.readAnswer(&r, process, c, one); ok {
			a.ID, a.Request, a.Agency, a.By, a.As, a.At = newID[string](), id, q.Agency, string(actor.Person), string(actor.Role), s.now()
			part.Insert = append(part.Insert, &a)
			tell(&part, strings.TrimSuffix("check_"+a.Check+"_"+a.Target, "_"), personal.NewText(a.Result))
		}
	}
	if len(part.Insert) == 0 && len(r.problems) == 0 {
		r.fail("answers", "Answer at least one check before you save.")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

func (s *Service) readAnswer(r *reader, p *legal.Process, c Case, in CheckInput) (Answer, bool) {
	field := strings.TrimSuffix("check_"+in.Check+"_"+in.Target, "_")
	if in.Result == "" {
		return Answer{}, false
	}
	check := s.Law.Checklist(p).Check(legal.CheckID(in.Check))
	if check == nil || check.Mode == legal.Auto || !applies(p, check.ID) || !knownTarget(c, in.Target) {
		r.fail(field, "This check is not one that a reviewer answers here.")
		return Answer{}, false
	}
	switch legal.Result(in.Result) {
	case legal.Pass, legal.Fail, legal.NeedsInfo, legal.NotApplicable:
	default:
		r.fail(field, "Answer pass, fail, needs information or does not apply.")
		return Answer{}, false
	}
	switch {
	case legal.Result(in.Result) == legal.NotApplicable && !check.MayNotApply:
		r.fail(field, "This check always applies. Answer pass, fail or needs information.")
		return Answer{}, false
	case in.Target != "" && check.Scope == legal.ScopeRequest:
		r.fail(field, "This check is about the whole request, not about one account.")
		return Answer{}, false
	}
	a := Answer{Check: in.Check, Target: in.Target, Result: in.Result, Place: r.line(field+"_place", in.Place, "", identifier.Reference)}
	ask := ""
	if legal.Result(in.Result) != legal.Pass {
		ask = "Say why: the agency and the auditors will read it."
	}
	a.Note = r.text(field+"_note", in.Note, ask)
	return a, true
}

func applies(p *legal.Process, id legal.CheckID) bool {
	for _, c := range p.Checks {
		if c == id {
			return true
		}
	}
	return false
}

func knownTarget(c Case, ref string) bool {
	if ref == "" {
		return true
	}
	for _, t := range c.Request.Targets {
		if t.Ref() == ref {
			return true
		}
	}
	return false
}

func (s *Service) pinned(q Request) (*legal.Process, error) {
	p, err := s.Law.Pinned(legal.Pin{ID: legal.ProcessID(q.Process.ID), Version: q.Process.Version, Digest: q.Process.Digest})
	if err != nil {
		return nil, fault.Because(fault.Gate, err, "The version of the legal process to which this case is pinned is not among the policies that lerd was started with.")
	}
	return p, nil
}

// Verdict derives what follows from the facts and answers of a case.
func (s *Service) Verdict(ctx context.Context, c Case) (legal.Verdict, error) {
	p, err := s.pinned(c.Request)
	if err != nil {
		return legal.Verdict{}, err
	}
	f, err := s.facts(ctx, c)
	if err != nil {
		return legal.Verdict{}, err
	}
	v, err := s.Law.Verdict(p, *f, answers(c))
	if err != nil {
		return v, err
	}
	return v.Apply(choices(c, v))
}

// DecisionInput is a reviewer's choice for one category of one target.
type DecisionInput struct {
	Target         string // the target's reference
	Category       Category
	Outcome        Outcome // produce, narrow or refuse
	Reasons        []string
	Note           string
	From, To, Zone string // for narrow
}

// Decide records what the reviewer decides for single categories: to narrow the
// period or to refuse, never more than the law allows.
func (s *Service) Decide(ctx context.Context, id ID, in []DecisionInput) (err error) {
	defer fault.Wrap(&err, "requests.Decide(%s)", id)
	c, actor, rule, err := s.held(ctx, id, "decide")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Decide, rule)
	if err != nil {
		return err
	}
	verdict, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	var r reader
	for _, one := range in {
		if d, ok := s.readDecision(&r, c, one); ok && notLaxer(&r, verdict, one, d) {
			d.By, d.At = actor.Person, s.now()
			putDecision(&part, c, d)
		}
	}
	if len(part.Insert) == 0 && len(r.problems) == 0 {
		r.fail("decisions", "Choose at least one outcome before you save.")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// putDecision adds a decision to a part. It takes the place of the one before,
// which stays on record.
func putDecision(part *change.Part, c Case, d Decision) {
	said := strings.TrimSpace(string(d.Outcome) + " " + JoinCodes(d.Reasons))
	tell(part, "decision_"+string(d.Category)+"_"+refOf(c, d.Target), personal.NewText(said))
	d.ID, d.Version = newID[DecisionID](), 1
	if was, ok := c.Decision(d.Target, d.Category); ok {
		d.Version = was.Version + 1
	}
	part.Insert = append(part.Insert, &d)
}

// notLaxer refuses a choice that gives more than the checks allow.
func notLaxer(r *reader, v legal.Verdict, in DecisionInput, d Decision) bool {
	item, ok := itemOf(v, in.Target, in.Category)
	field := "decision_" + in.Target + "_" + string(in.Category)
	switch action := actionOf(in.Outcome); {
	case !ok:
		r.fail(field, "This account or kind of data was not asked for.")
	case item.Conflict:
		r.fail(field, "Counsel decides on this one.")
	case in.Outcome == Narrow && item.MaxPeriodDays > 0 && d.From.Before(d.To.AddDate(0, 0, -item.MaxPeriodDays)):
		r.fail(field+"_from", "This process carries at most "+itoa(item.MaxPeriodDays)+" days. Choose a later beginning or an earlier end.")
	case item.Derived == legal.Hold || item.Derived == action || legal.StricterAction(item.Derived, action):
		return true
	default:
		r.fail(field, "The checks allow less than this. Choose the same or something stricter.")
	}
	return false
}

func refOf(c Case, id TargetID) string {
	for _, t := range c.Request.Targets {
		if t.ID == id {
			return t.Ref()
		}
	}
	return ""
}

func (s *Service) readDecision(r *reader, c Case, in DecisionInput) (Decision, bool) {
	field := "decision_" + in.Target + "_" + string(in.Category)
	if in.Outcome == "" {
		return Decision{}, false
	}
	for _, t := range c.Request.Targets {
		if t.Ref() != in.Target || !t.Wants(in.Category) {
			continue
		}
		d := Decision{Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Category: in.Category, Outcome: in.Outcome,
			From: t.From, To: t.To, Note: r.text(field+"_note", in.Note, noteNeeded(in.Outcome))}
		s.readOutcome(r, field, &d, t, in)
		return d, true
	}
	r.fail(field, "This account or kind of data was not asked for.")
	return Decision{}, false
}

func noteNeeded(o Outcome) string {
	if o == Produce {
		return ""
	}
	return "Give the reason in a sentence; the agency will read it."
}

func (s *Service) readOutcome(r *reader, field string, d *Decision, t Target, in DecisionInput) {
	for _, code := range in.Reasons {
		if s.Law.Refusal(legal.RefusalCode(code)) == nil {
			r.fail(field+"_reasons", "Choose the reason from the list.")
		}
	}
	switch in.Outcome {
	case Produce:
	case Narrow:
		p, err := identifier.ParsePeriod(in.From, in.To, in.Zone)
		for _, x := range fault.ProblemsOf(err) {
			r.fail(field+"_"+x.Field, x.Message)
		}
		if err == nil && (p.From.Before(t.From) || p.To.After(t.To)) {
			r.fail(field+"_from", "The narrower period must lie inside the one that was asked for.")
		}
		if err == nil {
			d.From, d.To = p.From, p.To
		}
		if d.Reasons = in.Reasons; len(d.Reasons) == 0 {
			d.Reasons = []string{"RR-10"}
		}
	case Refuse:
		if len(in.Reasons) == 0 {
			r.fail(field+"_reasons", "Choose at least one reason from the list.")
		}
		sort.Strings(in.Reasons)
		d.Reasons = in.Reasons
	default:
		r.fail(field, "Choose to produce, to narrow or to refuse.")
	}
}

// Ask sends the agency a question; the clock stands still until it replies.
func (s *Service) Ask(ctx context.Context, id ID, body string) error {
	return s.message(ctx, id, messageStep{AskAgency, "ask", body, "Write what the agency should send or correct."})
}

// Reply answers the reviewer's question; the clock runs on.
func (s *Service) Reply(ctx context.Context, id ID, body string) error {
	return s.message(ctx, id, messageStep{Reply, "reply", body, "Write your answer."})
}

type messageStep struct {
	action Action
	verb   access.Verb
	body   string
	needed string
}

func (s *Service) message(ctx context.Context, id ID, m messageStep) (err error) {
	defer fault.Wrap(&err, "requests.%s(%s)", m.action, id)
	c, actor, rule, err := s.held(ctx, id, m.verb)
	if err != nil {
		return err
	}
	body, err := needText("body", m.body, m.needed)
	if err != nil {
		return err
	}
	if strings.Contains(body.Reveal(), "###") {
		return fault.Fields([]fault.Problem{{Field: "body", Message: "A placeholder (###) is still open. Fill it in before you send."}})
	}
	q := c.Request
	part, err := s.step(ctx, &q, m.action, rule)
	if err != nil {
		return err
	}
	name := actor.Name.Reveal()
	if actor.Role.Staff() {
		name = actor.Pseudonym
	}
	part.Insert = append(part.Insert, &Message{ID: newID[string](), Request: id, Agency: q.Agency, FromRole: actor.Role, FromName: name, Body: body, At: s.now()})
	if m.action == Reply {
		if err := s.resumeClocks(&q, c); err != nil {
			return err
		}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// Withdraw takes a request back. Nothing leaves any more.
func (s *Service) Withdraw(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Withdraw(%s)", id)
	c, _, rule, err := s.open(ctx, id, "withdraw", "request")
	if err != nil {
		return err
	}
	reason, err := needText("why", why, "Say why you withdraw the request.")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Withdraw, rule)
	if err != nil {
		return err
	}
	q.Refusals = []string{"RR-22"}
	tell(&part, "reason", reason)
	parts := []change.Part{part}
	if c.Release != nil {
		parts = append(parts, s.cancelled(ctx, *c.Release, part, "withdrawn"))
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

func needText(field, typed, ask string) (personal.Text, error) {
	var r reader
	t := r.text(field, typed, ask)
	return t, fault.Fields(r.problems)
}

// tell commits a part's event to a text that may be personal.
func tell(part *change.Part, name string, t personal.Text) {
	part.Event.Values = append(part.Event.Values, value(name, t.Reveal()))
}

func itoa(n int) string { return strconv.Itoa(n) }
