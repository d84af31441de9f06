package web

import (
	"slices"
	"time"

	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// askedPart is what a case is about, in the words of those who wrote it: what the agency
// asked and why, and what was written to and fro. Whether an answer was necessary and
// proportionate cannot be judged without.
type askedPart struct {
	Title    string
	None     string       // why there is nothing
	Accounts []targetPart // what is asked of each
	More     string
	Parts    []targetPart // order, offence, need, kind of request
	Talk     string
	Written  []Step // messages, the newest first
}

// asked gives what a case is about, with the accounts and messages of a moment. Before
// the request was signed nobody but the agency had it.
func (s *Server) asked(c *Ctx, cs requests.Case, targets []requests.Target, messages []requests.Message) askedPart {
	p := askedPart{Title: c.T("audit_asked.title"), More: c.T("audit_asked.more"), Talk: c.T("audit_asked.talk")}
	if len(targets) == 0 {
		p.None = c.T("audit_asked.none")
		return p
	}
	zone := legalZone(cs)
	for _, t := range targets {
		p.Accounts = append(p.Accounts, targetPart{t.Ref(), c.askedOf(t, zone)})
	}
	p.Parts = []targetPart{{c.T("request_new.order"), s.orderFacts(c, cs)}, {c.T("request_new.offence"), s.offenceFacts(c, cs)},
		{c.T("request_check.need"), s.needFacts(c, cs)}, {c.T("request_new.kind"), s.processFacts(c, cs)}}
	for _, m := range slices.Backward(messages) {
		by := c.T("role." + string(m.FromRole))
		if m.FromRole.Staff() { // officers sign with their names, and auditors read pseudonyms
			by = m.FromName + ", " + by
		}
		step := Step{Title: c.T("audit_asked.kind." + m.Kind), By: by, When: When{m.At, zone}, Text: m.Body.Reveal(), Tone: Plain}
		if step.Text == "" {
			step.Text = c.T("audit_asked.erased")
		}
		p.Written = append(p.Written, step)
	}
	return p
}

// askedOf says what is asked of one account. What was erased is said to be.
func (c *Ctx) askedOf(t requests.Target, zone *time.Location) []Fact {
	f := facts{c: c}
	account := c.targetCell(t)
	account.Note = c.T("target.kind." + t.Kind)
	if account.Code == "" {
		account = Cell{Text: c.T("audit_asked.erased"), Note: account.Note}
	}
	f.add("case.account", account)
	if typed := t.AsTyped.Reveal(); typed != "" && typed != t.Identifier.Reveal() {
		f.add("request_check.typed", Cell{Text: typed})
	}
	if at, err := time.LoadLocation(t.Zone); err == nil {
		zone = at
	}
	if !t.HolderAt.IsZero() {
		f.add("request.t.holder_at", Cell{When: &When{t.HolderAt, zone}})
	}
	f.add("request.t.from", Cell{When: &When{t.From, zone}, Note: c.T("review.zone", "zone", t.Zone)})
	f.add("request_check.until", Cell{When: &When{t.To, zone}})
	return append(f.list, c.targetFacts(t)...)
}

// sawWords says what the page of a case showed to a role at a moment.
func (c *Ctx) sawWords(role identity.Role, m oversight.Moment) Cell {
	if m.State == requests.None {
		return Cell{Text: c.T("audit_replay.no_state")}
	}
	state, of := c.stateWords("review.state.", m.State), "staff"
	switch role {
	case identity.Officer, identity.AgencyAdmin:
		state, of = c.stateWords("case.state.", m.Shown), "agency"
	case identity.Approver:
		of = "approver"
	case identity.Auditor:
		of = "auditor"
	}
	return Cell{Text: state, Note: c.T("audit_replay.saw." + of)}
}
