package requests

import (
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// State is where a case stands. Behind each stands who acts next.
type State string

// The states of a case.
const (
	None                 State = ""                      // not yet submitted: the officer
	AwaitingCosignature  State = "awaiting_cosignature"  // a supervisor of the same agency; no clock runs yet
	Submitted            State = "submitted"             // a reviewer claims it
	InReview             State = "in_review"             // the reviewer who holds it
	NeedsInformation     State = "needs_information"     // the agency; the clock stands still
	Qualified            State = "qualified"             // lerd asks for the findings
	AwaitingConfirmation State = "awaiting_confirmation" // two confirmers, blind
	Confirmed            State = "confirmed"             // lerd freezes the records, then an approver
	Approved             State = "approved"              // lerd signs and encrypts
	ExportedCase         State = "exported"              // the officer downloads
	Delivered            State = "delivered"             // the officer acknowledges
	Closed               State = "closed"                // nobody
	Refused              State = "refused"               // nobody; a new request may cure it
	NoData               State = "no_data"               // nobody: nothing is held
	Withdrawn            State = "withdrawn"             // nobody
	Expired              State = "expired"               // nobody: the agency did not answer
	LegalConflict        State = "legal_conflict"        // counsel, with the deadline running
	Redrafted            State = "redrafted"             // nobody: it went back into its draft
	Recalled             State = "recalled"              // the officer confirms that every copy is deleted
	Preserved            State = "preserved"             // data are kept; the officer may extend
	Lapsed               State = "lapsed"                // nobody: the preservation has ended
)

// States lists all of them, None first.
var States = []State{
	None, AwaitingCosignature, Submitted, InReview, NeedsInformation, Qualified, AwaitingConfirmation, Confirmed, Approved,
	ExportedCase, Delivered, Closed, Refused, NoData, Withdrawn, Expired, LegalConflict, Redrafted, Recalled, Preserved, Lapsed,
}

// Action is a step that somebody takes.
type Action string

// The actions.
const (
	Submit         Action = "submit"
	Propose        Action = "propose"   // signed by its officer, where the agency wants a second signature
	CoSign         Action = "cosign"    // the second signature: from here on it counts as submitted
	SendBack       Action = "send_back" // the supervisor returns it with a reason
	TakeBack       Action = "take_back" // the officer takes it back into the draft
	Claim          Action = "claim"
	Unclaim        Action = "unclaim"
	AnswerCheck    Action = "answer_check"
	Decide         Action = "decide"
	AskAgency      Action = "ask"
	Reply          Action = "reply"
	RefuseCase     Action = "refuse"
	Qualify        Action = "qualify"
	Withdraw       Action = "withdraw"
	Expire         Action = "expire"
	OpenFindings   Action = "open_findings"
	ConfirmCase    Action = "confirm"
	FindNothing    Action = "find_nothing"
	LackFinding    Action = "lack_finding"
	SendToCounsel  Action = "send_to_counsel"
	RaiseConflict  Action = "raise_conflict"
	SettleConflict Action = "settle_conflict"
	Reopen         Action = "reopen"
	Approve        Action = "approve"
	Return         Action = "return"
	Export         Action = "export"
	Deliver        Action = "deliver"
	Acknowledge    Action = "acknowledge"
	NarrowRequest  Action = "narrow"
	PreserveCase   Action = "preserve"
	ExtendKeeping  Action = "extend"
	Lapse          Action = "lapse"
	RecallCase     Action = "recall"
	ConfirmGone    Action = "confirm_deletion"
	Correct        Action = "correct"
)

// Step is one row of the workflow: in state From, somebody acting as By may do
// Action, which leads to To.
type Step struct {
	From   State
	Action Action
	By     identity.Role
	To     State
}

// Workflow is the whole table; what is not in it cannot happen.
var Workflow = []Step{
	{None, Submit, identity.Officer, Submitted},
	{None, Propose, identity.Officer, AwaitingCosignature},
	{AwaitingCosignature, CoSign, identity.Officer, Submitted},
	{AwaitingCosignature, SendBack, identity.Officer, Redrafted},
	{AwaitingCosignature, TakeBack, identity.Officer, Redrafted},
	{AwaitingCosignature, Withdraw, identity.Officer, Withdrawn},
	{Submitted, TakeBack, identity.Officer, Redrafted}, // within UndoWindow, while nobody has claimed it
	{Submitted, Claim, identity.Reviewer, InReview},
	{Submitted, Withdraw, identity.Officer, Withdrawn},
	{InReview, Unclaim, identity.Reviewer, Submitted},
	{InReview, Unclaim, identity.System, Submitted}, // when a claim has lasted its time
	{InReview, AnswerCheck, identity.Reviewer, InReview},
	{InReview, AnswerCheck, identity.Counsel, InReview},
	{InReview, Decide, identity.Reviewer, InReview},
	{InReview, AskAgency, identity.Reviewer, NeedsInformation},
	{InReview, RefuseCase, identity.Reviewer, Refused},
	{InReview, Qualify, identity.Reviewer, Qualified},
	{InReview, SendToCounsel, identity.Reviewer, LegalConflict},
	{InReview, Withdraw, identity.Officer, Withdrawn},
	{NeedsInformation, Reply, identity.Officer, InReview},
	{NeedsInformation, Withdraw, identity.Officer, Withdrawn},
	{NeedsInformation, Expire, identity.System, Expired},
	{Qualified, OpenFindings, identity.System, AwaitingConfirmation},
	{Qualified, Withdraw, identity.Officer, Withdrawn},
	{AwaitingConfirmation, ConfirmCase, identity.System, Confirmed},
	{AwaitingConfirmation, FindNothing, identity.System, NoData},
	{AwaitingConfirmation, LackFinding, identity.System, NoData},
	{AwaitingConfirmation, RaiseConflict, identity.System, LegalConflict},
	{AwaitingConfirmation, Withdraw, identity.Officer, Withdrawn},
	{Confirmed, FindNothing, identity.System, NoData},
	{Confirmed, Approve, identity.Approver, Approved},
	{Confirmed, Return, identity.Approver, InReview},
	{Confirmed, Withdraw, identity.Officer, Withdrawn},
	{LegalConflict, SettleConflict, identity.Counsel, Refused},
	{LegalConflict, Reopen, identity.Counsel, InReview},
	{LegalConflict, Withdraw, identity.Officer, Withdrawn},
	{Approved, Export, identity.System, ExportedCase},
	{Approved, Return, identity.Approver, InReview}, // when its ground has fallen before anything left
	{ExportedCase, Deliver, identity.Officer, Delivered},
	{Delivered, Deliver, identity.Officer, Delivered},
	{Delivered, Acknowledge, identity.Officer, Closed},
	{Submitted, NarrowRequest, identity.Officer, Submitted},
	{InReview, NarrowRequest, identity.Officer, InReview},
	{NeedsInformation, NarrowRequest, identity.Officer, NeedsInformation},
	{Qualified, NarrowRequest, identity.Officer, Qualified},
	{AwaitingConfirmation, NarrowRequest, identity.Officer, AwaitingConfirmation},
	{Confirmed, NarrowRequest, identity.Officer, Confirmed},
	{LegalConflict, NarrowRequest, identity.Officer, LegalConflict},
	{Approved, NarrowRequest, identity.Officer, Confirmed}, // what was approved is made anew
	{InReview, PreserveCase, identity.Reviewer, Preserved},
	{Preserved, ExtendKeeping, identity.Officer, Preserved},
	{Preserved, Withdraw, identity.Officer, Withdrawn},
	{Preserved, Lapse, identity.System, Lapsed},
	{ExportedCase, RecallCase, identity.Approver, Recalled},
	{Delivered, RecallCase, identity.Approver, Recalled},
	{Closed, RecallCase, identity.Approver, Recalled},
	{Recalled, ConfirmGone, identity.Officer, Closed},
	{Recalled, Correct, identity.Reviewer, InReview},
	{Closed, Correct, identity.Reviewer, InReview}, // of a bundle that was called back
}

// next gives the state to which an action leads, or a Conflict fault where the
// table has no such row for the role.
func next(from State, action Action, by identity.Role) (State, error) {
	for _, s := range Workflow {
		if s.From == from && s.Action == action && s.By == by {
			return s.To, nil
		}
	}
	told := from
	if !by.Staff() {
		told = from.ForAgency(false)
	}
	return from, fault.New(fault.Conflict, "This step is no longer possible: the case is now %q. Reload the page to see where it stands.", told.Words())
}

// Open tells whether something can still happen to the case.
func (s State) Open() bool {
	switch s {
	case Closed, Refused, NoData, Withdrawn, Expired, Redrafted, Lapsed:
		return false
	}
	return true
}

// words says in plain language where a case stands, and who acts next.
var words = map[State][2]string{
	None:                 {"not submitted", "the officer"},
	AwaitingCosignature:  {"waiting for the second signature", "a supervisor of the agency"},
	Submitted:            {"received", "a reviewer"},
	InReview:             {"in legal review", "the reviewer"},
	NeedsInformation:     {"waiting for the agency", "the agency"},
	Qualified:            {"legally qualified", "lerd"},
	AwaitingConfirmation: {"violation being confirmed", "two confirmers"},
	Confirmed:            {"violation confirmed", "an approver"},
	Approved:             {"approved, being signed", "lerd"},
	ExportedCase:         {"ready to download", "the officer"},
	Delivered:            {"downloaded", "the officer"},
	Closed:               {"closed", "nobody"},
	Refused:              {"refused", "nobody"},
	NoData:               {"no data held", "nobody"},
	Withdrawn:            {"withdrawn", "nobody"},
	Expired:              {"expired", "nobody"},
	LegalConflict:        {"in legal conflict", "counsel"},
	Redrafted:            {"back in its draft", "nobody"},
	Recalled:             {"called back", "the officer"},
	Preserved:            {"data are kept", "the officer"},
	Lapsed:               {"lapsed", "nobody"},
	Examined:             {"being examined by the platform", "the platform"},
}

// Words gives the state in plain language.
func (s State) Words() string { return words[s][0] }

// ActsNext says who acts next.
func (s State) ActsNext() string { return words[s][1] }
