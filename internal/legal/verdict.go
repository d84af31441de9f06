package legal

// Outcome is the verdict on a whole request.
type Outcome string

// The outcomes.
const (
	Qualified        Outcome = "qualified"
	NeedsInformation Outcome = "needs_information"
	Refused          Outcome = "refused"
	Undecided        Outcome = "undecided" // checks are open
	// LegalConflict: a demand that binds, or may bind, the platform fails
	// nothing but the platform's own gates. Counsel decides; the gate stays shut.
	LegalConflict Outcome = "legal_conflict"
)

// Action is the decision on one target and category.
type Action string

// The actions.
const (
	Produce  Action = "produce"
	Narrow   Action = "narrow"
	Ask      Action = "ask"      // cannot be decided before the authority answers
	Hold     Action = "hold"     // open checks, or counsel
	NotHeld  Action = "not_held" // nothing there
	RefuseIt Action = "refuse"
)

// Item is the decision on one target and category, with its reasons.
type Item struct {
	Target        string
	Category      Category
	Derived       Action // what the checks gave
	Action        Action // what counts: Derived, or what a person made stricter
	Codes         []RefusalCode
	Why           []string
	MaxPeriodDays int    // for Narrow: the longest period that may be produced; 0: no limit
	Conflict      bool   // held by a gate of the platform alone: counsel decides
	Reason        string // the person's, where Action is stricter than Derived
}

// EmergencyState is what became of an emergency claim.
type EmergencyState string

// The states of an emergency claim.
const (
	EmergencyNone           EmergencyState = "none"
	EmergencyClaimed        EmergencyState = "claimed" // not decided: the short clock runs
	EmergencyEstablished    EmergencyState = "established"
	EmergencyNotEstablished EmergencyState = "not_established" // the ordinary clock and process apply
)

// Verdict is what follows from facts and answers under one pinned process.
type Verdict struct {
	Process   Pin
	Outcome   Outcome
	Results   []CheckResult // every check of the process, in order
	Failing   []CheckID     // each once
	Open      []CheckID     // a person has yet to answer
	Pending   []CheckID     // of a later stage
	Codes     []RefusalCode // reasons behind Refused, NeedsInformation or LegalConflict, and of refused items
	Missing   []FieldID     // fields to ask for
	Items     []Item
	Emergency EmergencyState
	Counsel   []CheckID // checks that only counsel may answer here
	NoData    bool      // qualified, and nothing is held for any item
	// Releasable: qualified, nothing open or pending, and at least one item to
	// produce or narrow. The release's other gates (approver, distinct people)
	// are not this package's.
	Releasable bool

	whole      []weight // of the results on the whole request
	bare       bool     // a disclosure without a single item
	compulsory bool     // mandatory, or not known to be voluntary
}

// severity orders outcomes from lax to strict. Undecided stands above
// Qualified: nobody may qualify what is not decided.
var severity = map[Outcome]int{Qualified: 1, Undecided: 2, NeedsInformation: 3, LegalConflict: 4, Refused: 5}

// Stricter tells whether chosen is strictly stricter than derived. Undecided
// cannot be chosen, and neither can LegalConflict be left by choice: counsel's
// decision is another step.
func Stricter(derived, chosen Outcome) bool {
	if severity[derived] == 0 || severity[chosen] == 0 || chosen == Undecided || derived == LegalConflict {
		return false
	}
	return severity[chosen] > severity[derived]
}

// Permitted tells whether a person may decide chosen where derived was
// derived: the same, or stricter with a reason.
func Permitted(derived, chosen Outcome, reason string) bool {
	if derived == chosen {
		return derived != Undecided && severity[derived] != 0
	}
	return reason != "" && Stricter(derived, chosen)
}

// strictness orders actions from lax to strict.
var strictness = map[Action]int{Produce: 1, Preserve: 1, Narrow: 2, Hold: 3, Ask: 4, NotHeld: 5, RefuseIt: 6}

// StricterAction tells whether chosen is strictly stricter than derived for
// one item. Hold and NotHeld are facts and cannot be chosen.
func StricterAction(derived, chosen Action) bool {
	if chosen == Hold || chosen == NotHeld || chosen == Preserve || strictness[derived] == 0 || strictness[chosen] == 0 {
		return false
	}
	return strictness[chosen] > strictness[derived]
}

// Choice is a person's stricter decision on one item.
type Choice struct {
	Target   string
	Category Category
	Action   Action
	Codes    []RefusalCode
	Reason   string
}
