package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// Oversight is the auditors' work; *oversight.Service fulfils it.
type Oversight interface {
	AuditLog
	LogNames
	AuditSamples
	AuditFindings
	ErrorRegister
	Attempts
	LogLosses
}

// AuditLog reads the log.
type AuditLog interface {
	Integrity(ctx context.Context) (oversight.Integrity, error)
	AskVerification(ctx context.Context) (asked bool, err error)
	Query(ctx context.Context, q oversight.Search, form string) ([]oversight.Hit, error)
	Export(ctx context.Context, q oversight.Search, f func(oversight.Hit) error) (next string, err error)
	CaseReplays
}

// LogNames reads under which names people know what the log names by ids.
type LogNames interface {
	Names(ctx context.Context, ids []string) (map[string]string, error)
}

// CaseReplays shows cases as they were, and who had which part in them.
type CaseReplays interface {
	ReplayCase(ctx context.Context, id requests.ID) (oversight.Replayed, error)
	RulesAt(ctx context.Context, index int64) (oversight.Rules, error)
	DutyReport(ctx context.Context) (oversight.DutyReport, error)
	AuditFiles
	MakeDossier(ctx context.Context, id requests.ID) (name string, file []byte, err error)
	GivenTo(ctx context.Context, id audit.EventID) (string, error)
}

// AuditFiles are lists that are taken away whole.
type AuditFiles interface {
	TakeDuties(ctx context.Context) (oversight.DutyReport, error)
	TakeFindings(ctx context.Context) ([]oversight.Finding, error)
	TakeErrors(ctx context.Context) ([]oversight.ErrorReport, error)
	TakeSample(ctx context.Context, id string) (oversight.Sample, []oversight.SampleCase, error)
}

// AuditSamples draws samples.
type AuditSamples interface {
	PlanSample(ctx context.Context, in oversight.PlanInput) (id string, err error)
	ListSamples(ctx context.Context) ([]oversight.Sample, error)
	ShowSample(ctx context.Context, id string) (oversight.Sample, []oversight.SampleCase, error)
}

// AuditFindings are what auditors found and others answer.
type AuditFindings interface {
	OpenFinding(ctx context.Context, in oversight.FindingInput) (id string, err error)
	ListFindings(ctx context.Context, all bool) ([]oversight.Finding, error)
	ShowFinding(ctx context.Context, id string) (oversight.Finding, error)
	Owners(ctx context.Context) ([]identity.Person, error)
	FindingSteps
}

// FindingSteps are the steps of a finding.
type FindingSteps interface {
	AnswerFinding(ctx context.Context, id, body string) error
	RejectAnswer(ctx context.Context, id, why string) error
	CloseFinding(ctx context.Context, id, why string) error
}

// ErrorRegister is the register of errors.
type ErrorRegister interface {
	ReportError(ctx context.Context, what, caseRef, body string, foundOn time.Time) (id string, err error)
	ListErrors(ctx context.Context) ([]oversight.ErrorReport, error)
	ShowError(ctx context.Context, id string) (oversight.ErrorReport, error)
	ToldOn(ctx context.Context, x oversight.ErrorReport) (time.Time, error)
	AssessError(ctx context.Context, id, prejudice, harm, reason string) error
	SettleError(ctx context.Context, id, told, why, ref string) error
	ErrorTold(ctx context.Context, id string) ([]oversight.ErrorNotice, *oversight.ErrorReason, error)
	ExcuseError(ctx context.Context, id, reason string) error
}

// Attempts puts on record what somebody was refused.
type Attempts interface {
	Refused(ctx context.Context, a oversight.Attempt) error
}

// auditDesk is a page of the auditors' console.
type auditDesk struct {
	Base
	Badges       []Badge
	Lead         string
	Notices      []Notice
	Ahead        Pages    // the way to the neighbours, before what is long
	Quote        []string // a text that somebody wrote
	QuoteOf      string   // what it is
	Facts        []Fact
	Filter       *Form // sent as the address
	FilterFields []Field
	FilterButton Button
	FilterTitle  string // of filters that are folded away; empty: the form is the page's matter
	FilterOpen   bool
	Links        []NavItem
	Asked        *askedPart // what a case is about
	Tables       []Table
	Pages        Pages
	Steps        []Step
	StepsTitle   string
	Commands     []verifyStep
	Acts         []StepForm
}

var auditDeskView = newPage[auditDesk]("audit_desk", "breadcrumb", "badge", "when", "table", "cell", "digest", "empty", "facts", "field", "error_summary", "button", "notice", "step_form", "step_up", "pages", "commands", "timeline", "asked")

// Roles of these pages.
var (
	auditors   = []identity.Role{identity.Auditor}
	answerers  = []identity.Role{identity.Reviewer, identity.Counsel, identity.Confirmer, identity.Approver, identity.Registrar, identity.Administrator}
	findingSee = append(append([]identity.Role{}, answerers...), identity.Auditor)
	reporters  = []identity.Role{identity.Reviewer, identity.Counsel, identity.Approver, identity.Auditor, identity.Registrar}
)

func (s *Server) oversightRoutes() []Route {
	if s.cfg.Services.Oversight == nil {
		return nil
	}
	look := func(path, name, title string, nav int, h Handler) Route {
		return Route{Method: http.MethodGet, Path: path, Name: name, Title: title, Roles: auditors, Verb: "query", Object: "log", Nav: nav, Handle: h}
	}
	csv := look("/audit/queries/:query/csv", "audit.csv", "audit_query.title", 0, s.auditCSV)
	csv.Timeout = 5 * time.Minute
	return append([]Route{
		{Method: http.MethodPost, Path: "/audit/verify", Name: "audit.verify", Title: "audit.title", Roles: auditors, Verb: "verify", Object: "log", Body: FormBody, Handle: s.auditVerify},
		look("/audit/queries", "audit.queries", "audit_queries.title", 12, s.auditQueries),
		look("/audit/queries/:query", "audit.query", "audit_query.title", 0, s.auditQuery), csv,
		look("/audit/acts", "audit.acts", "audit_acts.title", 24, s.auditActs),
		look("/audit/duties", "audit.duties", "audit_duties.title", 22, s.auditDuties),
		look("/audit/samples", "audit.samples", "audit_samples.title", 14, s.auditSamples),
		look("/audit/samples/new", "audit.sample_new", "audit_sample_new.title", 0, s.newAuditSample),
		{Method: http.MethodPost, Path: "/audit/samples", Name: "audit.sample_plan", Title: "audit_sample_new.title", Roles: auditors, Verb: "sample", Object: "log", Body: FormBody, Handle: s.planAuditSample},
		look("/audit/samples/:id", "audit.sample", "audit_sample.title", 0, s.showAuditSample),
		look("/audit/samples/:id/csv", "audit.sample_csv", "audit_sample.title", 0, s.sampleCSV),
		look("/audit/duties/csv", "audit.duties_csv", "audit_duties.title", 0, s.dutiesCSV),
		look("/audit-findings/csv", "audit_finding.csv", "audit_findings.title", 0, s.findingsCSV),
		look("/errors/csv", "error.csv", "error_reports.title", 0, s.errorsCSV),
		{Method: http.MethodGet, Path: "/audit/cases/:id/replay", Name: "audit.replay", Title: "audit_replay.title", Roles: auditors, Verb: "view", Object: "request", Handle: s.auditReplay},
		{Method: http.MethodGet, Path: "/audit/cases/:id/dossier", Name: "audit.dossier", Title: "audit_dossier.title", Roles: auditors, Verb: "export", Object: "dossier", Handle: s.auditDossier},
		{Method: http.MethodPost, Path: "/audit/cases/:id/dossier", Name: "audit.dossier_take", Title: "audit_dossier.title", Roles: auditors, Verb: "export", Object: "dossier", Body: FormBody, Timeout: 5 * time.Minute, Handle: s.takeDossier},
	}, append(s.auditFindingRoutes(), s.errorRoutes()...)...)
}

// refusal shows what was wrong above a page whose step was not taken.
func (p *auditDesk) refusal(c *Ctx, wrong *mistake) {
	if wrong == nil {
		return
	}
	p.Problems = true
	c.status = fault.Status(wrong.err)
	if len(fault.ProblemsOf(wrong.err)) == 0 {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("review.not_done"), Text: c.Say(fault.Message(wrong.err))})
	}
}

// day reads a date that was typed, the zero time for none.
func day(typed string) time.Time {
	t, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		return time.Time{}
	}
	return t
}

// lines are the lines of a text that somebody wrote.
func lines(text string) []string { return strings.Split(text, "\n") }
