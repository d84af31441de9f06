package bundle

import (
	"encoding/json"
	"time"
)

// Export is data/export.json, schema lerd.export/1. The schema says what each
// member means.
type Export struct {
	Schema         string       `json:"schema"`
	BundleVersion  int          `json:"bundle_version"`
	ExportID       string       `json:"export_id"`
	Supersedes     string       `json:"supersedes"`
	GeneratedAt    time.Time    `json:"generated_at"`
	Controller     Controller   `json:"controller"`
	Agency         Agency       `json:"agency"`
	Request        Request      `json:"request"`
	Copy           Copy         `json:"copy"`
	Outcomes       []Outcome    `json:"outcomes"`
	ScopeApplied   Applied      `json:"scope_applied"`
	RuleViolations []Violation  `json:"rule_violations"`
	Minimisation   Minimisation `json:"minimisation"`
	Redactions     []Redaction  `json:"redactions"`
	Approvals      []Approval   `json:"approvals"`
	Custody        []Custody    `json:"custody"`
	SourceSystems  []Source     `json:"source_systems"`
	Result         string       `json:"result"`
	Limitations    []string     `json:"limitations"`
	Audit          AuditRef     `json:"audit"`
	Absences       []Absence    `json:"absences"`
	Derivations    []Derivation `json:"derivations"`
	Files          []File       `json:"files"`
	Signer         Signer       `json:"signer"`
	Tool           Tool         `json:"tool"`
}

// Controller is who answers for the data.
type Controller struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Contact string `json:"contact"`
}

// Agency is who asked.
type Agency struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Country     string `json:"country"`
	CaseRef     string `json:"case_ref"`
	OfficerRole string `json:"officer_role"`
}

// Request is the demand that is answered.
type Request struct {
	Ref              string    `json:"ref"`
	ReceivedAt       time.Time `json:"received_at"`
	Instrument       string    `json:"instrument"`
	LegalBasis       string    `json:"legal_basis"`
	IssuingAuthority string    `json:"issuing_authority"`
	OrderSHA256      string    `json:"order_sha256"`
	ScopeRequested   string    `json:"scope_requested"`
}

// Period is from (inclusive) to (exclusive), in UTC.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Outcome is what became of one category of one subject.
type Outcome struct {
	SubjectRef string   `json:"subject_ref"`
	Category   string   `json:"category"` // phone_number or ip_address
	Asked      Period   `json:"asked"`
	Decision   string   `json:"decision"`
	Applied    *Period  `json:"applied"` // nil where nothing was approved
	Result     string   `json:"result"`
	Records    int64    `json:"records"`
	Reasons    []Reason `json:"reasons"`
}

// Reason says why less is given than was asked, and what would cure it.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Cure string `json:"cure"`
}

// Applied is what was approved, all outcomes together.
type Applied struct {
	Categories []string `json:"categories"`
	Period     Period   `json:"period"`
	Subjects   []string `json:"subjects"`
}

// Violation is a confirmed finding that a disclosure rests on.
type Violation struct {
	SubjectRef       string    `json:"subject_ref"`
	RuleID           string    `json:"rule_id"`
	DecisionID       string    `json:"decision_id"`
	DecidedAt        time.Time `json:"decided_at"`
	ConfirmedByRoles []string  `json:"confirmed_by_roles"`
}

// Minimisation says how the answer was kept to what is needed.
type Minimisation struct {
	StatementID        string   `json:"statement_id"`
	Text               string   `json:"text"`
	ExcludedCategories []string `json:"excluded_categories"`
	RecordsExamined    int64    `json:"records_examined"`
	RecordsDisclosed   int64    `json:"records_disclosed"`
}

// Redaction says what was taken out and why.
type Redaction struct {
	Field      string `json:"field"`
	Count      int64  `json:"count"`
	ReasonCode string `json:"reason_code"`
	LegalBasis string `json:"legal_basis"`
}

// Approval is one person's decision, by role and mark.
type Approval struct {
	Role     string    `json:"role"`
	Decision string    `json:"decision"`
	At       time.Time `json:"at"`
	KeyID    string    `json:"key_id"`
}

// Custody is one step of the chain of custody.
type Custody struct {
	At      time.Time `json:"at"`
	Action  string    `json:"action"`
	Role    string    `json:"role"`
	By      string    `json:"by"`
	Object  string    `json:"object"`
	SHA256  string    `json:"sha256"`
	EventID string    `json:"event_id"`
	Why     string    `json:"why"`
}

// Source is where records come from and how right its clock is.
type Source struct {
	Name            string `json:"name"`
	Version         string `json:"version"`
	ClockSource     string `json:"clock_source"`
	MaxClockErrorMS int64  `json:"max_clock_error_ms"`
	PrecisionUS     int64  `json:"precision_us"`
}

// AuditRef names the event of the audit log that commits to the contents.
type AuditRef struct {
	LogOrigin string `json:"log_origin"`
	EventID   string `json:"event_id"`
}

// Absence says of a column that it is empty in some rows, and what that says.
type Absence struct {
	Table   string `json:"table"`
	Column  string `json:"column"`
	Empty   int64  `json:"empty"`
	Rows    int64  `json:"rows"`
	Meaning string `json:"meaning"`
}

// Derivation is a query by which records were found.
type Derivation struct {
	QueryID      string `json:"query_id"`
	QuerySHA256  string `json:"query_sha256"`
	OperatorRole string `json:"operator_role"`
	System       string `json:"system"`
}

// File is a file of the bundle, as export.json lists it.
type File struct {
	Path      string `json:"path"`
	MediaType string `json:"media_type"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	Rows      *int64 `json:"rows"` // nil where there are none to count
}

// Signer names the key that seals the bundle.
type Signer struct {
	KeyID      string `json:"key_id"`
	CertSHA256 string `json:"cert_sha256"`
}

// Tool is the program that made the bundle.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Files of the contents that a reader needs.
const (
	ExportFile   = "data/export.json"
	RecordsFile  = "data/records/records.json"
	PhonesFile   = "data/records/phone_numbers.csv"
	IPsFile      = "data/records/ip_addresses.csv"
	OutcomesFile = "data/records/outcomes.csv"
	CustodyFile  = "data/custody.json"
)

// MaxExport is how large data/export.json may be, in octets.
const MaxExport = 16 << 20

// ParseExport reads data/export.json and holds it against its schema. The error
// is a *Fault.
func ParseExport(b []byte) (e Export, err error) {
	if f := parseExport(b, &e); f != nil {
		return Export{}, f.in(ExportFile, 0)
	}
	return e, nil
}

func parseExport(b []byte, e *Export) *Fault {
	if len(b) > MaxExport {
		return wrong(Size, "", "it is larger than %d octets", MaxExport)
	}
	v, f := parseJSON(b)
	if f != nil {
		return f
	}
	if o, ok := v.(object); ok {
		name, isText := o["schema"].(string)
		if isText && name != "lerd.export/1" {
			return wrong(Version, "schema", "this reader knows lerd.export/1 alone")
		}
	}
	if f := exportSchema().check(v); f != nil {
		return f
	}
	if f := times(v, ""); f != nil {
		return f
	}
	// What fits the schema fits the struct; a test sees to it.
	if err := json.Unmarshal(b, e); err != nil {
		return wrong(Form, "", "%v", err)
	}
	return e.coherent()
}

// times sees that what looks like a time is one that exists.
func times(v any, where string) *Fault {
	switch v := v.(type) {
	case object:
		for _, name := range sortedNames(v) {
			if f := times(v[name], below(where, name)); f != nil {
				return f
			}
		}
	case []any:
		for _, x := range v {
			if f := times(x, where); f != nil {
				return f
			}
		}
	case string:
		if looksLikeTime.MatchString(v) && !isTime(v) {
			return wrong(Form, where, "there is no such time")
		}
	}
	return nil
}

// coherent sees that the record agrees with itself.
func (e *Export) coherent() *Fault {
	type key struct{ subject, category string }
	seen := map[key]bool{}
	categories, subjects := map[string]bool{}, map[string]bool{}
	for _, o := range e.Outcomes {
		k := key{o.SubjectRef, o.Category}
		approved := o.Decision == "approved" || o.Decision == "narrowed"
		switch {
		case seen[k]:
			return wrong(Differs, "outcomes", "one category of one subject has two outcomes")
		case approved != (o.Applied != nil):
			return wrong(Differs, "outcomes.applied", "what is approved, and nothing else, has a period")
		case (o.Result == "disclosed") != (o.Records > 0):
			return wrong(Differs, "outcomes.result", "what is disclosed, and nothing else, has records")
		case o.Records > 0 && !approved:
			return wrong(Scope, "outcomes.decision", "records are disclosed that were not approved")
		case approved && (o.Applied.From.Before(o.Asked.From) || o.Applied.To.After(o.Asked.To)):
			return wrong(Scope, "outcomes.applied", "more is approved than was asked")
		}
		seen[k] = true
		if approved {
			categories[o.Category], subjects[o.SubjectRef] = true, true
		}
	}
	if !sameSet(e.ScopeApplied.Categories, categories) || !sameSet(e.ScopeApplied.Subjects, subjects) {
		return wrong(Differs, "scope_applied", "it is not what the outcomes come to together")
	}
	if (e.Minimisation.RecordsDisclosed > 0) != (e.Result == "data" || e.Result == "partial") {
		return wrong(Differs, "result", "it does not fit the number of records")
	}
	if e.Copy.Mark != Mark(e.Audit.EventID) {
		return wrong(Differs, "copy.mark", "it is not that of the event which commits to this file")
	}
	return nil
}

func sameSet(list []string, set map[string]bool) bool {
	for _, s := range list {
		if !set[s] {
			return false
		}
	}
	return len(list) == len(set)
}
