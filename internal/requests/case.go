package requests

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Case is a request with all that belongs to it, as staff see it.
type Case struct {
	Request  Request
	Agency   identity.Agency
	Officer  identity.Person
	Document Document
	Compared *Comparison // of what was typed with the order; nil: not yet
	Answers  []Answer    // oldest first
	Messages []Message
	// Signatures are the officer's and, where the agency wants one, the
	// supervisor's.
	Signatures []Signature
	Decisions  []Decision
	Asks       []Ask
	// CallBack is what a call to the agency about this request gave: CalledBack
	// where it was confirmed and nobody denied it, "denied", or "".
	CallBack     string
	Release      *Release // the one that counts, if any: neither cancelled nor called back
	Recalled     []Release
	Grants       []Grant           // of all releases, oldest first
	Receipts     []Receipt         // of downloads, oldest first
	Copies       []Copy            // of bundles, sealed for later grants, oldest first
	Custody      CustodyEvents     // for the export job alone
	Recalls      []Recall          // oldest first; an agency sees confirmed ones
	Examined     time.Time         // since when the platform examines it; zero: it was never found valid
	Quiet        time.Time         // until when it does not end with nothing
	Results      []Result          // signed answers, oldest first
	Preservation *Preservation     // of a request to keep data
	KeptUnder    []KeptUnder       // earlier preservations that name an account of the case
	Counted      bool              // of a withdrawn one: it counted as submitted before
	Links        []Linked          // the cases that it follows, and those that follow it
	TakeOvers    []TakeOver        // oldest first
	Amendments   []Amendment       // oldest first; in force over the targets
	People       []identity.Person // officers of the agency who may have the bundle
}

// CalledBack is the outcome of a call by which a request was confirmed.
const CalledBack = "confirmed"

// Ask links a finding to the case that needs it. Confirmers never see it. The
// last ask about a target counts.
type Ask struct {
	ID           string
	Finding      FindingID
	Request      ID
	Agency       identity.AgencyID
	Target       TargetID
	Ordinal      int    // from 1, of the asks about one target
	FindingState string // this and what follows is read from the finding
	Account      int64
	Rule         string
	RuleVer      int
	Appeal       string
	Expires      time.Time
	ConfirmedAt  time.Time     // of the last confirmation that the reader may see
	EventID      audit.EventID // on reading: the event that last wrote the finding
}

// Stands tells whether the finding can carry a release at now: confirmed, not
// under appeal, and not expired.
func (a Ask) Stands(now time.Time) bool {
	return a.FindingState == "confirmed" && a.Appeal != "pending" && a.Appeal != "overturned" && now.Before(a.Expires)
}

// ask gives the ask about what a target's account is said to have broken now.
// One about another account or another rule is of an earlier round.
func (c Case) ask(t Target) (Ask, bool) {
	for _, a := range c.Asks {
		if a.Target == t.ID && t.AllegedRule != "" && a.Account == t.AccountID && a.Rule == t.AllegedRule && a.RuleVer == t.AllegedVer {
			return a, true
		}
	}
	return Ask{}, false
}

// Latest gives the answers in force: the last one that each person gave to each
// check and target.
func (c Case) Latest() []Answer {
	at := map[string]int{}
	var latest []Answer
	for _, a := range c.Answers {
		key := a.Check + "|" + a.Target + "|" + a.By
		if i, ok := at[key]; ok {
			latest[i] = a
			continue
		}
		at[key] = len(latest)
		latest = append(latest, a)
	}
	return latest
}

// Decision gives the decision on a category of a target, if there is one.
func (c Case) Decision(t TargetID, cat Category) (Decision, bool) {
	for _, d := range c.Decisions {
		if d.Target == t && d.Category == cat {
			return d, true
		}
	}
	return Decision{}, false
}

// forAgency leaves out of a case what its agency may not know: who works on
// it, what they answered, whether accounts were found, and the decisions before
// they are published.
func (c Case) forAgency() Case {
	c.Compared, c.Answers, c.Asks, c.CallBack = nil, nil, nil, ""
	c.Request.Reviewer, c.Request.ClaimedAt = "", time.Time{}
	targets := append([]Target{}, c.Request.Targets...)
	for i := range targets {
		targets[i].AccountID, targets[i].Resolution, targets[i].AllegedRule, targets[i].AllegedVer = 0, "", "", 0
	}
	c.Request.Targets = targets
	if !c.published() {
		c.Decisions, c.Request.Reasons, c.Request.Refusals, c.Request.Verdict = nil, personal.Text{}, nil, ""
	}
	c.Decisions = c.Told()
	if c.Request.State == NoData {
		c.Request.Refusals, c.Request.Reasons, c.Request.Verdict = []string{nothingCode}, personal.Text{}, ""
	}
	recalled := c.Recalled
	c.Recalled = nil
	for i := range recalled {
		c.Recalled = append(c.Recalled, *recalled[i].forAgency())
	}
	for i := range c.Grants {
		c.Grants[i].IssuedBy = ""
	}
	for i := range c.Recalls {
		c.Recalls[i] = c.Recalls[i].forAgency()
	}
	c.Request.State, c.Request.Version = c.Request.State.ForAgency(!c.Examined.IsZero()), 0
	c.Quiet = time.Time{}
	c.Release = c.Release.forAgency()
	return c
}

// forAgency leaves out of a release who had a part in it and whose records it
// holds; before it is exported there is none.
func (r *Release) forAgency() *Release {
	if r == nil || r.State != Exported && r.State != RecalledR {
		return nil
	}
	out := *r
	out.Reviewer, out.Approver, out.Items = "", "", nil
	for _, i := range r.Items {
		out.Items = append(out.Items, Item{ID: i.ID, Release: i.Release, Request: i.Request, Agency: i.Agency, Target: i.Target,
			Category: i.Category, Outcome: i.Outcome, From: i.From, To: i.To, Empty: i.Empty, EventID: i.EventID})
	}
	return &out
}
