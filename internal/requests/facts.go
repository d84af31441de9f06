package requests

import (
	"context"
	"time"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/records"
)

// attestable are the statements about the order that the form asks of the
// officer, by the names of the law's facts. Everything else in Facts comes from
// what lerd knows itself.
var attestable = map[string]bool{
	"order.addressee_right": true, "need.stated": true, "need.facts_shown": true, "need.proportionality": true,
	"need.individualised": true, "offence.sole_purpose_identify": true, "offence.listed": true, "offence.victim_request": true,
	"offence.missing_person": true, "emergency.imminent": true, "emergency.why_not_ordinary": true, "emergency.data_averts": true,
}

// Attestable lists the statements that the form asks for.
func Attestable() []string {
	return []string{"order.addressee_right", "need.stated", "need.facts_shown", "need.proportionality", "need.individualised",
		"offence.sole_purpose_identify"}
}

// facts puts a case into the terms of the law.
func (s *Service) facts(ctx context.Context, c Case) (*legal.Facts, error) {
	q, zone := c.Request, zoneOf(c.Agency)
	f := &legal.Facts{
		ReceivedAt: q.ReceivedAt,
		Agency: legal.AgencyFacts{Verified: legal.TriOf(c.Agency.Standing == identity.Verified), Suspended: c.Agency.Standing == identity.Suspended,
			StrongLogin: legal.TriOf(c.holderActive()), Country: c.Agency.Country},
		Issuer:    legal.Authority{Kind: q.Order.IssuerKind, Country: c.Agency.Country},
		Validator: legal.Authority{Kind: q.Order.ValidatorKind},
		Order: legal.Order{Number: q.Order.Number, CaseNumber: q.Order.Number, IssuedAt: startOfDay(q.Order.IssuedOn, zone), ServedAt: q.ReceivedAt,
			ValidUntil: endOfDay(q.Order.ExpiresOn, zone), ReturnAt: endOfDay(q.Order.ReturnOn, zone), Signed: legal.TriOf(q.Order.Signed), Language: q.Order.Language,
			AddresseeRight: q.Attested["order.addressee_right"], LegalBasis: q.Order.LegalBasis, Contradictions: c.contradictions()},
		Offence: legal.Offence{Provision: q.Offence.Provision, Class: q.Offence.Class, MaxPenaltyYears: float64(q.Offence.MaxPenaltyMonths) / 12,
			PenaltyStated: q.Offence.MaxPenaltyMonths > 0, CommittedByNetwork: legal.TriOf(q.Offence.ByNetwork),
			SolePurposeIdentify: q.Attested["offence.sole_purpose_identify"], Listed: q.Attested["offence.listed"],
			VictimRequest: q.Attested["offence.victim_request"], MissingPerson: q.Attested["offence.missing_person"]},
		Need: legal.Need{Stated: q.Attested["need.stated"], FactsShown: q.Attested["need.facts_shown"],
			Proportionality: q.Attested["need.proportionality"], Individualised: q.Attested["need.individualised"]},
		Emergency: legal.Emergency{Claimed: c.urgent(), Danger: q.Further["danger"], Imminent: q.Attested["emergency.imminent"],
			WhyNotOrdinary: q.Attested["emergency.why_not_ordinary"], DataAverts: q.Attested["emergency.data_averts"]},
		Secrecy:     legal.Secrecy{Ordered: legal.TriOf(q.Confidential.Asked), Until: endOfDay(q.Confidential.Until, zone)},
		Attachments: 1,
		Extra:       q.Further,
		Reviewer:    legal.ReviewerFacts{Conflict: legal.TriOf(q.Reviewer == "" || q.Reviewer == q.Officer)},
	}
	if c.CallBack == CalledBack {
		f.Emergency.CalledBack, f.Emergency.SecondChannel, f.Emergency.SecondPerson = legal.Yes, legal.Yes, legal.Yes
	}
	if q.Order.ValidatorKind != "" {
		f.Validator.Country = c.Agency.Country
	}
	if q.Confidential.Basis != "" {
		f.Secrecy.Grounds = []string{q.Confidential.Basis}
	}
	if s.Papers != nil && c.Document.ID != "" { // a draft is looked at before it has one
		signing, err := s.Papers.Signing(ctx, c.Document)
		if err != nil {
			return nil, err
		}
		f.Order.Signature = signing
	}
	var err error
	if f.Duplicate, err = s.duplicate(ctx, c); err != nil {
		return nil, err
	}
	for _, t := range q.Targets {
		if t.Dropped() {
			continue
		}
		f.Targets = append(f.Targets, targetFacts(c, t, s.now()))
	}
	return f, nil
}

// urgent tells whether the case is handled as an emergency. Whoever claims one
// is called back, at a number that is on our own file; until somebody other than
// the requester has confirmed it there, the case goes by the ordinary rules.
func (c Case) urgent() bool {
	return c.Request.Emergency && (c.Request.Reviewer == "" || c.CallBack == CalledBack)
}

// zoneOf gives the zone in which an agency's days begin and end.
func zoneOf(a identity.Agency) *time.Location {
	zone, err := time.LoadLocation(a.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// startOfDay gives the first moment of a date, which is kept as midnight UTC,
// where the agency is; a zero date stays zero.
func startOfDay(date time.Time, zone *time.Location) time.Time {
	if date.IsZero() {
		return date
	}
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone).UTC()
}

// endOfDay gives the last second of a date where the agency is.
func endOfDay(date time.Time, zone *time.Location) time.Time {
	if date.IsZero() {
		return date
	}
	return startOfDay(date.AddDate(0, 0, 1), zone).Add(-time.Second)
}

func targetFacts(c Case, t Target, now time.Time) legal.Target {
	f := legal.Target{Ref: t.Ref(), Identifier: identifierKind(t.Kind), ObservedAt: t.HolderAt, Role: t.PersonRole,
		Start: t.From, End: t.To, ZoneStated: legal.Yes, Purpose: t.Purpose}
	switch t.Resolution {
	case string(records.ExactlyOne):
		f.Resolved, f.Reassigned, f.HeldPhone, f.HeldIP = legal.Yes, legal.No, legal.Yes, legal.Yes
	case string(records.None):
		f.Resolved, f.Reassigned, f.HeldPhone, f.HeldIP = legal.Yes, legal.No, legal.No, legal.No
	case string(records.Ambiguous):
		f.Resolved, f.Reassigned = legal.No, legal.Yes
	}
	for _, cat := range Categories {
		if t.Wants(cat) {
			f.Categories = append(f.Categories, legal.Category(cat))
		}
	}
	f.Finding = findingFacts(c, t, now)
	return f
}

func identifierKind(kind string) string {
	switch records.Kind(kind) {
	case records.ByPhone:
		return legal.ByPhone
	case records.ByUsername:
		return legal.ByUsername
	}
	return legal.ByUserID
}

// findingFacts says where the finding stands that this round of the case asks
// for; one of an earlier round says nothing.
func findingFacts(c Case, t Target, now time.Time) legal.FindingFacts {
	a, ok := c.ask(t)
	if !ok {
		return legal.FindingFacts{}
	}
	f := legal.FindingFacts{State: a.FindingState, Rule: a.Rule}
	switch {
	case a.Stands(now):
		f.ConfirmedBy = 2
	case a.FindingState == "confirmed" && !now.Before(a.Expires):
		f.State = "expired"
	case a.FindingState == "rejected":
		f.State = "not_violated"
	case a.FindingState == "confirmed", a.FindingState == "proposed":
		f.State = "pending"
	}
	return f
}

// answers puts the answers of people into the terms of the law. Automatic ones
// are derived anew each time.
func answers(c Case) []legal.Answer {
	var out []legal.Answer
	for _, a := range c.Latest() {
		if a.Automatic || a.Target != "" && !c.asks(a.Target) {
			continue
		}
		out = append(out, legal.Answer{Check: legal.CheckID(a.Check), Target: a.Target, Result: legal.Result(a.Result),
			Note: a.Note.Reveal(), Place: a.Place, By: a.By, Role: a.As})
	}
	return out
}

// asks tells whether something is still asked of a target.
func (c Case) asks(ref string) bool {
	for _, t := range c.Request.Targets {
		if t.Ref() == ref {
			return !t.Dropped()
		}
	}
	return false
}

// choices gives where the reviewer decided more strictly than the law derives.
func choices(c Case, v legal.Verdict) []legal.Choice {
	var out []legal.Choice
	for _, d := range c.Decisions {
		item, ok := itemOf(v, refOf(c, d.Target), d.Category)
		if !ok || item.Conflict || d.Note.Empty() || len(d.Reasons) == 0 || !legal.StricterAction(item.Derived, actionOf(d.Outcome)) {
			continue
		}
		ch := legal.Choice{Target: item.Target, Category: item.Category, Action: actionOf(d.Outcome), Reason: d.Note.Reveal()}
		for _, code := range d.Reasons {
			ch.Codes = append(ch.Codes, legal.RefusalCode(code))
		}
		out = append(out, ch)
	}
	return out
}

func itemOf(v legal.Verdict, ref string, cat Category) (legal.Item, bool) {
	for _, i := range v.Items {
		if i.Target == ref && i.Category == legal.Category(cat) {
			return i, true
		}
	}
	return legal.Item{}, false
}

func actionOf(o Outcome) legal.Action {
	switch o {
	case Produce:
		return legal.Produce
	case Narrow:
		return legal.Narrow
	case Refuse:
		return legal.RefuseIt
	}
	return legal.NotHeld
}
