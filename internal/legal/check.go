package legal

// CheckID names a line of the validity checklist, "VC-01" to "VC-24".
type CheckID string

// Mode says who answers a check.
type Mode string

// The modes.
const (
	Auto  Mode = "auto"  // the facts decide
	Human Mode = "human" // a person decides, after the facts allow it
	Both  Mode = "both"  // the facts decide the formal part, a person the rest
)

// Scope is what a check is asked about.
type Scope string

// The scopes.
const (
	ScopeRequest Scope = "request" // once
	ScopeTarget  Scope = "target"  // once per target
	ScopeItem    Scope = "item"    // once per target and category
)

// Stage is when a check must be answered.
type Stage string

// The stages. A check of a later stage that has no answer yet is pending: it
// does not hold up the verdict, but nothing is releasable before it passes.
const (
	StageReview       Stage = "review"
	StageConfirmation Stage = "confirmation"
	StageRelease      Stage = "release"
)

// Check is one line of the checklist.
type Check struct {
	ID          CheckID     `yaml:"id"`
	Question    string      `yaml:"question"`
	Help        string      `yaml:"help"` // what a person looks at to answer
	Mode        Mode        `yaml:"mode"`
	Scope       Scope       `yaml:"scope"`
	Stage       Stage       `yaml:"stage"`
	Refusal     RefusalCode `yaml:"refusal"`      // what a fail leads to; empty: the step is blocked
	People      int         `yaml:"people"`       // how many different people must answer; 0 is 1
	AnsweredBy  []string    `yaml:"answered_by"`  // roles whose answer counts; empty: reviewer or counsel
	CounselWhen string      `yaml:"counsel_when"` // where true, counsel's answer alone counts
	PolicyGate  bool        `yaml:"policy_gate"`  // a rule of the platform, not of law: a compulsory demand that fails it goes to counsel
	MayNotApply bool        `yaml:"may_not_apply"`
	AppliesWhen string      `yaml:"applies_when"`
	HumanWhen   string      `yaml:"human_when"` // mode both: a person is asked only where true; empty: always
	Conditions  []Condition `yaml:"conditions"`
	Source      Source      `yaml:"source"`

	applies, counsel, human *Condition
}

// Checklist is one version of the checks.
type Checklist struct {
	Version int     `yaml:"version"`
	Checks  []Check `yaml:"checks"`

	digest string
	byID   map[CheckID]*Check
}

// Check gives a check by its id, nil where there is none.
func (c *Checklist) Check(id CheckID) *Check { return c.byID[id] }

// Result is the state of a check.
type Result string

// The results.
const (
	Pass          Result = "pass"
	Fail          Result = "fail"
	NeedsInfo     Result = "needs_info"
	NotApplicable Result = "not_applicable"
	Open          Result = "open"    // a person has yet to answer
	Pending       Result = "pending" // of a later stage, not answered yet
)

// Answer is a person's answer to a check.
type Answer struct {
	Check  CheckID `yaml:"check"`
	Target string  `yaml:"target"` // the target's reference; empty: the whole request
	Result Result  `yaml:"result"` // pass, fail, not_applicable or needs_info
	Note   string  `yaml:"note"`   // the reason; required for everything but pass
	Place  string  `yaml:"place"`  // where in the document, e.g. "p2:0.1,0.2,0.6,0.3"
	By     string  `yaml:"by"`     // the person, by id
	Role   string  `yaml:"role"`   // reviewer, counsel or confirmer
}

// The roles whose answers count.
const (
	RoleReviewer  = "reviewer"
	RoleCounsel   = "counsel"
	RoleConfirmer = "confirmer"
)

// CheckResult is what became of a check, on the request, a target or an item.
type CheckResult struct {
	Check    CheckID
	Target   string   // empty: the whole request
	Category Category // empty: the whole target
	Result   Result
	Why      string // one sentence
	Auto     bool   // decided by the facts
	Counsel  bool   // counsel's answer alone counts
	Code     RefusalCode
	Effect   Effect    // what a fail or needs_info leads to
	Missing  []FieldID // fields that are asked for
}

// FieldID names a field of the request's form, e.g. "order_number".
type FieldID string

// Field is one thing that an order can be asked to say.
type Field struct {
	ID      FieldID `yaml:"id"`
	Label   string  `yaml:"label"`
	Ask     string  `yaml:"ask"`     // what to write to the officer where it is missing
	Scope   Scope   `yaml:"scope"`   // request or target
	Present string  `yaml:"present"` // when it is given; empty: a further field, given where Extra has it

	present *Condition
}
