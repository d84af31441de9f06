package requests

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

func value(name, s string) audit.Value { return audit.Value{Name: name, New: []byte(s)} }

// Allegation is which platform rule the reviewer believes a target's account
// to have broken; trust and safety will confirm or deny it, blind.
type Allegation struct{ Target, Rule string }

// Qualify closes the review: the verdict that follows from the checks must be
// "qualified". Each category of each target gets its decision, and each account
// from which something would leave gets the rule to be confirmed.
func (s *Service) Qualify(ctx context.Context, id ID, alleged []Allegation) (err error) {
	defer fault.Wrap(&err, "requests.Qualify(%s)", id)
	c, actor, rule, err := s.held(ctx, id, "qualify")
	if err != nil {
		return err
	}
	verdict, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	if verdict.Outcome != legal.Qualified {
		return fault.New(fault.Gate, "This case cannot be qualified: what follows from its checks is “%s”.", WordsOf(verdict.Outcome))
	}
	if err := s.guard(ctx, c); err != nil {
		return err
	}
	if err := c.compareDecided(); err != nil {
		return err
	}
	if p, err := s.pinned(ctx, c.Request); err != nil || p.Kind == legal.Preservation {
		if err != nil {
			return err
		}
		return s.preserve(ctx, c, p, verdict, rule)
	}
	if err := s.rightsLeave(ctx, c, leavingBy(verdict)...); err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Qualify, rule)
	if err != nil {
		return err
	}
	q.Verdict = "qualified"
	var r reader
	s.allege(&r, &part, &q, c, verdict, alleged)
	s.decideAll(&part, c, verdict, actor)
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	q.Reasons = personal.NewText(s.statement(c, verdict))
	recordVerdict(&part, c, verdict, s.now())
	if err := s.beginExamination(&part, c, q); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// allege sets the rule of each target from which something would leave.
func (s *Service) allege(r *reader, part *change.Part, q *Request, c Case, v legal.Verdict, alleged []Allegation) {
	var said []string
	for i := range q.Targets {
		t := &q.Targets[i]
		part.Update = append(part.Update, t) // every target, so that the event's form tells nothing
		if !leaves(v, t.Ref()) {
			t.AllegedRule, t.AllegedVer = "", 0
			continue
		}
		id := ""
		for _, a := range alleged {
			if a.Target == t.Ref() {
				id = a.Rule
			}
		}
		rule, ok := s.Law.Rule(id)
		field := "rule_" + t.Ref()
		if !ok {
			r.fail(field, "Choose the platform rule that this account is said to have broken.")
			continue
		}
		if ok, why := s.Law.RuleMatchesOffence(id, q.Offence.Class); !ok {
			r.fail(field, "This rule does not answer to the offence in the order. "+why)
			continue
		}
		t.AllegedRule, t.AllegedVer = rule.ID, rule.Version
		said = append(said, fmt.Sprintf("%s:%s@%d", t.Ref(), rule.ID, rule.Version))
	}
	tell(part, "rules", personal.NewText(JoinCodes(said)))
}

// forget drops what a target's account was said to have broken in an earlier
// round.
func forget(part *change.Part, t *Target) {
	if t.AllegedRule != "" {
		t.AllegedRule, t.AllegedVer = "", 0
		part.Update = append(part.Update, t)
	}
}

// startOver drops what does not stand confirmed, so that the reviewer of a case
// that came back may name another rule, or ask trust and safety once more.
func (s *Service) startOver(part *change.Part, q *Request, c Case) {
	q.Verdict = ""
	for i := range q.Targets {
		if a, ok := c.ask(q.Targets[i]); !ok || !a.Stands(s.now()) {
			forget(part, &q.Targets[i])
		}
	}
}

// leaves tells whether something of a target is to be produced.
func leaves(v legal.Verdict, ref string) bool {
	for _, i := range v.Items {
		if i.Target == ref && (i.Action == legal.Produce || i.Action == legal.Narrow) {
			return true
		}
	}
	return false
}

// leavingBy gives the categories of which something would leave.
func leavingBy(v legal.Verdict) (out []Category) {
	for _, i := range v.Items {
		if i.Action == legal.Produce || i.Action == legal.Narrow {
			out = append(out, Category(i.Category))
		}
	}
	return out
}

// decideAll writes the decision of every category of every target as it
// follows from the verdict, with the reviewer's narrower period where there is one.
func (s *Service) decideAll(part *change.Part, c Case, v legal.Verdict, actor identity.Actor) {
	for _, item := range v.Items {
		for _, t := range c.Request.Targets {
			if t.Ref() != item.Target || !t.Wants(Category(item.Category)) {
				continue
			}
			d := Decision{Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Category: Category(item.Category),
				Outcome: outcomeOf(item.Action), From: t.From, To: t.To, Note: personal.NewText(strings.Join(item.Why, " ")), By: actor.Person, At: s.now()}
			for _, code := range item.Codes {
				d.Reasons = append(d.Reasons, string(code))
			}
			if d.Outcome.Leaves() {
				d.From, d.To = narrowed(c, t, item)
			}
			if was, ok := c.Decision(t.ID, d.Category); ok && !was.Note.Empty() {
				d.Note = was.Note
			}
			putDecision(part, c, d)
		}
	}
}

// narrowed gives the period that may be produced: the reviewer's or the one
// asked for, and of it no more than the most recent stretch that the process
// allows.
func narrowed(c Case, t Target, item legal.Item) (from, to time.Time) {
	from, to = t.From, t.To
	if was, ok := c.Decision(t.ID, Category(item.Category)); ok && was.Outcome == Narrow {
		from, to = was.From, was.To
	}
	if item.MaxPeriodDays > 0 {
		if limit := to.AddDate(0, 0, -item.MaxPeriodDays); limit.After(from) {
			from = limit
		}
	}
	return from, to
}

func outcomeOf(a legal.Action) Outcome {
	switch a {
	case legal.Produce:
		return Produce
	case legal.Narrow:
		return Narrow
	case legal.NotHeld:
		return NotHeld
	}
	return Refuse
}

// recordVerdict keeps the automatic results beside those of people, and the
// outcome in the event, so that the case can be replayed under its version.
func recordVerdict(part *change.Part, c Case, v legal.Verdict, at time.Time) {
	part.Event.Facts["verdict"] = string(v.Outcome)
	tell(part, "codes", personal.NewText(codes(v.Codes)))
	var account []string
	for _, res := range v.Results {
		if !res.Auto {
			continue
		}
		if ofAccount[res.Check] {
			account = append(account, strings.TrimSuffix(string(res.Check)+"/"+res.Target, "/")+"="+string(res.Result))
			continue
		}
		result := string(res.Result)
		if res.Result == legal.Open || res.Result == legal.Pending {
			continue
		}
		part.Insert = append(part.Insert, &Answer{ID: newID[string](), Request: c.Request.ID, Agency: c.Request.Agency, Check: string(res.Check),
			Target: res.Target, Result: result, Automatic: true, Note: personal.NewText(res.Why), By: "lerd", As: "system", At: at})
	}
	tell(part, "account_checks", personal.NewText(JoinCodes(account)))
}

// ofAccount are the checks whose results tell whether there is an account, what
// is held of it, and what it did. They are no rows of their own, whose number the
// log would show, but one value to which the event commits.
var ofAccount = map[legal.CheckID]bool{"VC-10": true, "VC-15": true, "VC-21": true}

func codes(list []legal.RefusalCode) string {
	s := make([]string, len(list))
	for i, c := range list {
		s[i] = string(c)
	}
	return JoinCodes(s)
}

// Refuse closes a case whose verdict is "refused", or which the reviewer
// refuses more strictly than the law derives, with a reason.
func (s *Service) Refuse(ctx context.Context, id ID, extra []string, why string) (err error) {
	defer fault.Wrap(&err, "requests.Refuse(%s)", id)
	c, actor, rule, err := s.held(ctx, id, "refuse")
	if err != nil {
		return err
	}
	verdict, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	var r reader
	ask := ""
	if verdict.Outcome != legal.Refused {
		ask = "The checks do not lead to a refusal. Say why you are stricter than they are."
		if len(extra) == 0 {
			r.fail("codes", "Choose at least one reason from the list.")
		}
	}
	reason := r.text("why", why, ask)
	r.filled("why", reason)
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	s.chosen(&r, "codes", extra, p)
	if verdict.Outcome != legal.Refused && !legal.Permitted(verdict.Outcome, legal.Refused, reason.Reveal()) && len(r.problems) == 0 {
		r.fail("why", "This case is counsel's to decide: a demand that may bind the platform is not refused by its own rules alone.")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	verdict.Codes = silent(verdict)
	for _, code := range extra {
		verdict.Codes = appendCode(verdict.Codes, legal.RefusalCode(code))
	}
	q := c.Request
	part, err := s.step(ctx, &q, RefuseCase, rule)
	if err != nil {
		return err
	}
	s.refused(&part, &q, c, verdict, reason)
	s.refuseAll(&part, c, verdict, actor)
	countRefused(&part, q.Refusals)
	recordVerdict(&part, c, verdict, s.now())
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// chosen refuses reasons that a person cannot give for a demand under a process.
func (s *Service) chosen(r *reader, field string, codes []string, p *legal.Process) {
	for _, code := range codes {
		if !s.Law.Refusal(legal.RefusalCode(code)).MayBeChosen(p.Compulsion) {
			r.fail(field, "Choose the reasons from the list.")
			return
		}
	}
}

// silent gives the reasons for a refusal without those that only tell whether
// there is such an account and what is held of it: whose demand is not valid
// does not learn that. Where there is no other reason, the demand is valid
// enough to be told.
func silent(v legal.Verdict) []legal.RefusalCode {
	var other []legal.RefusalCode
	for _, res := range v.Results {
		if res.Code == "" || res.Auto && (res.Check == "VC-10" || res.Check == "VC-21") {
			continue
		}
		for _, code := range v.Codes {
			if code == res.Code {
				other = appendCode(other, code)
			}
		}
	}
	if len(other) == 0 {
		return v.Codes
	}
	return other
}

func appendCode(list []legal.RefusalCode, code legal.RefusalCode) []legal.RefusalCode {
	for _, c := range list {
		if c == code {
			return list
		}
	}
	return append(list, code)
}

func (s *Service) refused(part *change.Part, q *Request, c Case, v legal.Verdict, reason personal.Text) {
	q.Verdict = "refused"
	q.Refusals = nil
	for _, code := range v.Codes {
		q.Refusals = append(q.Refusals, string(code))
	}
	statement := s.statement(c, v)
	if !reason.Empty() {
		statement += "\n" + reason.Reveal()
		tell(part, "reason", reason)
	}
	q.Reasons = personal.NewText(statement)
}

// refuseAll writes a refusal for everything that was asked.
func (s *Service) refuseAll(part *change.Part, c Case, v legal.Verdict, actor identity.Actor) {
	reasons := SplitCodes(codes(v.Codes))
	for _, t := range c.Request.Targets {
		for _, cat := range Categories {
			if t.Wants(cat) {
				putDecision(part, c, Decision{Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Category: cat, Outcome: Refuse,
					Reasons: reasons, From: t.From, To: t.To, By: actor.Person, At: s.now()})
			}
		}
	}
}

// statement writes the reasons as the officer reads them: what was found, and
// what would make it valid.
func (s *Service) statement(c Case, v legal.Verdict) string {
	var b strings.Builder
	for _, code := range v.Codes {
		ref := s.Law.Refusal(code)
		if ref == nil {
			continue
		}
		fmt.Fprintf(&b, "%s %s\n", code, ref.Text)
		if ref.Cure != "" {
			fmt.Fprintf(&b, "What would make it valid: %s\n", ref.Cure)
		}
	}
	if b.Len() == 0 {
		fmt.Fprintf(&b, "The request meets the requirements of %s, version %d.\n", c.Request.Process.ID, c.Request.Process.Version)
	}
	return strings.TrimSpace(b.String())
}

// Statement gives the statement of reasons as it would be sent now.
func (s *Service) Statement(c Case, v legal.Verdict) string { return s.statement(c, v) }

// WordsOf gives an outcome in plain language.
func WordsOf(o legal.Outcome) string {
	switch o {
	case legal.Qualified:
		return "qualified"
	case legal.Refused:
		return "refused"
	case legal.NeedsInformation:
		return "needs information from the agency"
	case legal.LegalConflict:
		return "legal conflict, for counsel"
	}
	return "undecided: checks are open"
}
