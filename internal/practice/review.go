package practice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// What counts as overbroad in practice. Real reviewers weigh it; a rule that an
// officer can see through teaches better.
const (
	longestPeriod = 366 * 24 * time.Hour
	mostAccounts  = 10
	shortestNeed  = 25 // characters
)

// Words that are the same for every case. They are written to officers.
const (
	settleWords = "Practice: an order may be valid and still meet our own gate. Nothing leaves about an account that has not broken our rules; counsel has answered with an objection."
	askNeed     = "Practice: please say in two or three sentences how each account is tied to the offence. “Needed for the investigation” does not show it. What would be enough: who did what, when, and how the account was used."
	passNote    = "Practice: accepted by rule."
)

// review looks at a case once: it refuses what is too broad, asks for what is
// missing, and otherwise passes the checks and qualifies the case.
func (s *Staff) review(ctx context.Context, id requests.ID) error {
	c, err := s.Cases.View(ctx, id)
	if err != nil {
		return err
	}
	if code, why := overbroad(c.Request); code != "" {
		return s.Cases.Refuse(ctx, id, []string{code}, why)
	}
	if len(c.Request.Need.Reveal()) < shortestNeed && !asked(c) {
		return s.Cases.Ask(ctx, id, askNeed)
	}
	if err := s.pass(ctx, c); err != nil {
		return err
	}
	return s.conclude(ctx, id)
}

// overbroad gives the reason code and the words for a request that asks for too
// much, or nothing.
func overbroad(q requests.Request) (code, why string) {
	if len(q.Targets) > mostAccounts {
		return "RR-12", fmt.Sprintf("Practice: the request names %d accounts. What would cure it: at most %d, each tied to the offence by a fact of its own.", len(q.Targets), mostAccounts)
	}
	for _, t := range q.Targets {
		if t.To.Sub(t.From) > longestPeriod {
			return "RR-10", fmt.Sprintf("Practice: for account %d the period is longer than a year. What would cure it: the days on which the account was used for the offence, and a sentence that says why these days.", t.Ordinal)
		}
	}
	return "", ""
}

// asked tells whether a question was put already: practice asks once.
func asked(c requests.Case) bool {
	return slices.ContainsFunc(c.Messages, func(m requests.Message) bool { return m.FromRole.Staff() })
}

// pass answers every check that people answer, those of counsel as counsel.
func (s *Staff) pass(ctx context.Context, c requests.Case) error {
	v, err := s.Cases.Verdict(ctx, c)
	if err != nil {
		return err
	}
	var own, counsels []requests.CheckInput
	for _, r := range v.Results {
		in := requests.CheckInput{Check: string(r.Check), Target: r.Target, Result: string(legal.Pass), Note: passNote}
		switch {
		case r.Result != legal.Open:
		case r.Counsel:
			counsels = append(counsels, in)
		default:
			own = append(own, in)
		}
	}
	if len(own) > 0 {
		if err := s.Cases.AnswerChecks(ctx, c.Request.ID, own); err != nil {
			return err
		}
	}
	if len(counsels) == 0 {
		return nil
	}
	counsel, err := s.As(ctx, identity.Counsel, 0)
	if err != nil {
		return err
	}
	return s.Cases.AnswerChecks(counsel, c.Request.ID, counsels)
}

// conclude does what follows from the verdict.
func (s *Staff) conclude(ctx context.Context, id requests.ID) error {
	c, err := s.Cases.View(ctx, id)
	if err != nil {
		return err
	}
	v, err := s.Cases.Verdict(ctx, c)
	if err != nil {
		return err
	}
	switch v.Outcome {
	case legal.Qualified:
		return s.Cases.Qualify(ctx, id, s.allege(c.Request))
	case legal.NeedsInformation:
		if !asked(c) {
			return s.Cases.Ask(ctx, id, "Practice: something is missing. "+s.missing(v))
		}
		return s.Cases.Refuse(ctx, id, s.codes(v), "Practice: the answer did not bring what was asked for. "+s.missing(v)+" A new request with it would be taken up.")
	case legal.LegalConflict:
		return s.Cases.SendToCounsel(ctx, id, "Practice: only our own gate is not met.")
	case legal.Refused:
		return s.Cases.Refuse(ctx, id, nil, "")
	}
	return nil // a second person has to answer something; practice has one reviewer
}

// allege names for each account the rule that the offence is about.
func (s *Staff) allege(q requests.Request) []requests.Allegation {
	var out []requests.Allegation
	for _, t := range q.Targets {
		for _, rule := range s.Law.Rules() {
			if ok, _ := s.Law.RuleMatchesOffence(rule.ID, q.Offence.Class); ok {
				out = append(out, requests.Allegation{Target: t.Ref(), Rule: rule.ID})
				break
			}
		}
	}
	return out
}

// missing says in words what to add, and what would cure each reason.
func (s *Staff) missing(v legal.Verdict) string {
	var out []string
	for _, id := range v.Missing {
		if f := s.Law.Field(id); f != nil {
			out = append(out, f.Ask)
		}
	}
	for _, code := range v.Codes {
		if r := s.Law.Refusal(code); r != nil {
			out = append(out, r.Text+" What would cure it: "+r.Cure)
		}
	}
	return strings.Join(out, " ")
}

// codes are the verdict's reasons that a person may give.
func (s *Staff) codes(v legal.Verdict) (out []string) {
	for _, c := range v.Codes {
		if s.Law.Refusal(c).MayBeChosen(legal.CompulsionUnknown) {
			out = append(out, string(c))
		}
	}
	return out
}

// verdictOn says what trust and safety would: the invented account broke the
// rules or it did not.
func verdictOn(a records.Summary) violations.Input {
	if a.Status == records.GoodStanding {
		return violations.Input{Verdict: string(violations.No), Note: "Practice: this invented account is in good standing."}
	}
	return violations.Input{Verdict: string(violations.Yes), Evidence: "PRACTICE-1"}
}
