// Package violations holds the findings: confirmed violations of a platform
// rule by one account. It knows accounts, rules and evidence, and neither
// agencies nor officers nor cases.
//
// Invariants:
//   - a finding is bound to one account id and one version of one rule;
//   - it is confirmed by two people who said so independently, with evidence;
//   - who confirms never learns who asked.
package violations

import (
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// State is where a finding stands.
type State string

// The states of a finding.
const (
	Proposed   State = "proposed"   // two confirmers act next
	Confirmed  State = "confirmed"  // stands until it expires or is overturned
	Rejected   State = "rejected"   // somebody said no
	Overturned State = "overturned" // on appeal
	Expired    State = "expired"
	Gone       State = "withdrawn" // nobody waits for it any more
)

// Needed is how many people must confirm.
const Needed = 2

// Finding is a violation of a rule by an account.
type Finding struct {
	ID            string
	AccountID     int64
	Rule          string
	RuleVersion   int
	State         State
	Evidence      personal.Text // reference into the moderation system
	Appeal        string        // none, pending, upheld, overturned
	OpenedAt      time.Time
	ExpiresAt     time.Time
	Version       int64
	EventID       audit.EventID
	BroughtBy     identity.PersonID // who brought it, where no case asked; "": nobody or a machine
	Confirmations []Confirmation
	Appeals       []AppealVerdict
}

// Verdict is one confirmer's answer.
type Verdict string

// The verdicts.
const (
	Yes Verdict = "confirmed"
	No  Verdict = "rejected"
)

// Confirmation is what one person said of a finding.
type Confirmation struct {
	ID       string
	Finding  string
	Person   identity.PersonID
	Verdict  Verdict
	Evidence personal.Text
	Note     personal.Text
	At       time.Time
	EventID  audit.EventID
}

// next gives the state of a finding after one more verdict: one "no" rejects
// it, the second "yes" confirms it.
func next(f Finding, v Verdict) State {
	if v == No {
		return Rejected
	}
	yes := 1
	for _, c := range f.Confirmations {
		if c.Verdict == Yes {
			yes++
		}
	}
	if yes >= Needed {
		return Confirmed
	}
	return Proposed
}

// StreamOf names the event stream of a finding.
func StreamOf(id string) string { return "finding:" + id }

// Open begins a finding about an account under one version of a rule.
func Open(account int64, rule string, version int, now time.Time, life time.Duration) Finding {
	return Finding{ID: uuid.NewString(), AccountID: account, Rule: rule, RuleVersion: version, State: Proposed, Appeal: "none",
		OpenedAt: now, ExpiresAt: now.Add(life), Version: 1}
}
