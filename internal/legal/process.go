package legal

import "time"

// ProcessID names a legal process, e.g. "EU-EPOC-S".
type ProcessID string

// Pin names one version of a process for good. Digest is the hex SHA-256 of
// the process's file and of the checklist it uses; a case keeps its Pin.
type Pin struct {
	ID      ProcessID
	Version int
	Digest  string
}

// Kind is what a process leads to.
type Kind string

// The kinds of process.
const (
	Disclosure      Kind = "disclosure"      // data may leave
	Preservation    Kind = "preservation"    // a snapshot is frozen, nothing leaves
	Confidentiality Kind = "confidentiality" // changes the user notice of another request, nothing leaves
	StatementKind   Kind = "statement"       // confirms or disowns requests made in an authority's name, nothing leaves
)

// Compulsion says whether the law binds the platform.
type Compulsion string

// The kinds of compulsion. CompulsionUnknown is treated like Mandatory where
// that is the safer reading: such a demand is never refused by policy alone.
const (
	Mandatory         Compulsion = "mandatory"
	Voluntary         Compulsion = "voluntary"
	CompulsionUnknown Compulsion = "unknown"
)

// EmergencyUse says whether a process can be used in an emergency.
type EmergencyUse string

// The uses in an emergency.
const (
	EmergencyNever    EmergencyUse = "never"
	EmergencyPossible EmergencyUse = "possible"
	EmergencyOnly     EmergencyUse = "only"
)

// NoticeRule says whether the platform may or must tell the user.
type NoticeRule string

// The notice rules.
const (
	NoticeForbidden NoticeRule = "forbidden"
	NoticeRequired  NoticeRule = "required"
	NoticeOptional  NoticeRule = "optional"
	NoticeByOrder   NoticeRule = "by_order" // allowed unless the order or a court forbids it
	NoticeNone      NoticeRule = "none"     // nothing to tell: no data leave
)

// Process is one version of a legal process as its file states it.
type Process struct {
	ID           ProcessID    `yaml:"id"`
	Version      int          `yaml:"version"`
	InForce      Date         `yaml:"in_force"` // first day on which a new case is pinned to it
	Until        Date         `yaml:"until"`    // first day on which it no longer is; zero: open
	Title        string       `yaml:"title"`
	Description  string       `yaml:"description"` // for an officer, in plain words
	Jurisdiction string       `yaml:"jurisdiction"`
	Countries    []string     `yaml:"countries"` // of the issuer, ISO 3166-1 alpha-2; empty: any
	Kind         Kind         `yaml:"kind"`
	Compulsion   Compulsion   `yaml:"compulsion"`
	Emergency    EmergencyUse `yaml:"emergency"`
	TransferOpen bool         `yaml:"transfer_open"` // counsel has not settled the transfer and conflict-of-law question in general
	Source       Source       `yaml:"source"`
	Keeps        *Source      `yaml:"keeps_on_arrival"` // the law wants the data kept from receipt on; nil: it does not
	// Waits: the authority of the State where the order is carried out may refuse until the
	// period of effect ends, and nothing leaves earlier but in an emergency; nil: nobody may.
	Waits        *Source        `yaml:"waits_for_authority"`
	Statements   []Statement    `yaml:"statements"` // what else the file relies on, with marks
	Issuers      []IssuerRule   `yaml:"issuers"`
	Categories   []CategoryRule `yaml:"categories"`
	Required     []FieldID      `yaml:"required"`
	Languages    []string       `yaml:"languages"` // accepted, ISO 639-1; empty: any
	Limits       Limits         `yaml:"limits"`
	Conditions   []Condition    `yaml:"conditions"`
	Clocks       Clocks         `yaml:"clocks"`
	Notice       Notice         `yaml:"notice"`
	Certificates []string       `yaml:"certificates"` // evidence certificates wanted, e.g. "us_902_11"
	Checklist    int            `yaml:"checklist"`    // version of the checklist in checks.yaml
	Checks       []CheckID      `yaml:"checks"`       // those that apply

	digest string
	file   string
	raw    []byte
}

// Pin gives the name under which a case stays with this version.
func (p *Process) Pin() Pin { return Pin{p.ID, p.Version, p.digest} }

// Unconfirmed gives the statements that counsel has yet to confirm.
func (p *Process) Unconfirmed() []Statement {
	var out []Statement
	for _, s := range p.AllStatements() {
		if s.Source.Mark == FromMemory {
			out = append(out, s)
		}
	}
	return out
}

// Statement is a statement of law that the file relies on.
type Statement struct {
	Text   string `yaml:"text"`
	Source Source `yaml:"source"`
}

// IssuerRule allows kinds of issuer. Where ValidatedBy is not empty, one of
// those must have validated; WithoutInEmergency waives that at first in an
// established emergency (validation follows).
type IssuerRule struct {
	Kinds              []string `yaml:"kinds"`
	ValidatedBy        []string `yaml:"validated_by"`
	WithoutInEmergency bool     `yaml:"without_in_emergency"`
	EmergencyOnly      bool     `yaml:"emergency_only"` // these kinds may issue in an emergency alone
	Source             Source   `yaml:"source"`
}

// CategoryRule allows a category, always or under a condition over the target
// ("target", "category" and the request's facts).
type CategoryRule struct {
	ID        Category  `yaml:"id"`
	Needs     []FieldID `yaml:"needs"`
	Pass      string    `yaml:"pass"`      // empty: always
	Otherwise string    `yaml:"otherwise"` // what is wrong where Pass is false
	Source    Source    `yaml:"source"`

	cond *Condition
}

// Limits bound the scope of a request; 0 is no limit.
type Limits struct {
	Targets    int    `yaml:"targets"`
	PeriodDays int    `yaml:"period_days"` // longer periods are narrowed
	AgeDays    int    `yaml:"age_days"`    // between issue and receipt
	Source     Source `yaml:"source"`
}

// Notice is the rule on telling the user.
type Notice struct {
	Rule   NoticeRule `yaml:"rule"`
	Note   string     `yaml:"note"`
	Source Source     `yaml:"source"`
}

// Clocks are the deadlines of a process. A nil limit does not exist.
type Clocks struct {
	Calendar  string `yaml:"calendar"` // id of a file in calendars/
	Zone      string `yaml:"zone"`     // IANA zone in which legal days are read
	Ack       *Limit `yaml:"ack"`      // to tell the authority of the receipt
	Effect    *Limit `yaml:"effect"`   // to give effect, or to answer
	Emergency *Limit `yaml:"emergency"`
	Hold      *Limit `yaml:"hold"`      // how long data are preserved
	Extension *Limit `yaml:"extension"` // how much one renewal adds to Hold
	Objection *Limit `yaml:"objection"` // to raise a conflict of law
	Clarify   *Limit `yaml:"clarify"`   // for the authority to answer a question; Effect is stopped meanwhile
	Validate  *Limit `yaml:"validate"`  // for validation after an emergency
}

// Unit is the unit of a period.
type Unit string

// The units of a period.
const (
	Hours       Unit = "hours"
	Days        Unit = "days"
	WorkingDays Unit = "working_days"
	Months      Unit = "months"
	OnOrder     Unit = "on_order" // the date that the order names
)

// Counting is how a period is counted.
type Counting string

// The ways of counting.
const (
	EU1182     Counting = "eu_1182_71" // LAW: Regulation (EEC, Euratom) 1182/71
	DayAfter   Counting = "day_after"  // day of the event not counted, last day moved to a working day
	PlainCount Counting = "plain"      // day of the event not counted, nothing moved
	Exact      Counting = "exact"      // from instant to instant
)

// Limit is one period.
type Limit struct {
	Amount   int      `yaml:"amount"`
	Unit     Unit     `yaml:"unit"`
	Counting Counting `yaml:"counting"`
	Soft     bool     `yaml:"soft"` // the law says "without delay": Amount is the platform's own aim
	Warn     Span     `yaml:"warn"` // before the due time; zero: a default by unit
	Very     Span     `yaml:"very"` // after it, "very overdue"; zero: a default by unit
	Source   Source   `yaml:"source"`
}

// Date is a calendar day without zone; the zero value is "none".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// Span is a duration that reads "36h" in YAML.
type Span time.Duration
