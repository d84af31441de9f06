package web

import (
	"context"
	"net/http"
	"time"

	"lerd/internal/access"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// Fraud is what keeps impostors out; *fraud.Service fulfils it.
type Fraud interface {
	RiskDesk
	RiskPeople
	Stops
	Lifts
	Echoes
	Forgeries
}

// RiskDesk is the reviewer's look at what is unusual about a case.
type RiskDesk interface {
	Look(ctx context.Context, c requests.Case) (fraud.File, []fraud.Because, error)
	IssuersOf(ctx context.Context, c requests.Case) ([]fraud.Contact, error)
	WantEcho(ctx context.Context, id requests.ID, detail string) (fraud.Echo, error)
	ProposeOverride(ctx context.Context, id requests.ID, demand risk.Demand, reason string) error
	DecideOverride(ctx context.Context, id requests.ID, override, note string, agree bool) error
}

// RiskPeople are counsel's and the auditors' parts.
type RiskPeople interface {
	Clear(ctx context.Context, id requests.ID, note string) error
	MoveHold(ctx context.Context, id requests.ID, hold, why string, agree bool) error
	MarkSensitive(ctx context.Context, kind, typed, why string) error
	Marked
	Counts(ctx context.Context, since time.Time) ([]fraud.Caught, []fraud.Count, error)
}

// Stops contain, and list what a containment is about.
type Stops interface {
	Subjects(ctx context.Context) ([]fraud.AgencyPeople, error)
	Contain(ctx context.Context, in fraud.ContainInput) (fraud.Containment, error)
	View(ctx context.Context, id string) (fraud.Sheet, error)
	List(ctx context.Context, all bool) ([]fraud.Containment, error)
	WriteLetter(ctx context.Context, containment, id string, in fraud.LetterInput) error
}

// Lifts end a containment.
type Lifts interface {
	ProposeLift(ctx context.Context, id, reason string) error
	Lift(ctx context.Context, id string, agree bool) error
}

// Echoes are the questions to issuers, and their answers.
type Echoes interface {
	Waiting(ctx context.Context) ([]fraud.Echo, error)
	SendEcho(ctx context.Context, id string) (fraud.SentLetter, error)
	Question(ctx context.Context, code string) (fraud.Question, error)
	AnswerEcho(ctx context.Context, in fraud.Reply) error
	Replacements
}

// Replacements end questions whose letter was lost.
type Replacements interface {
	Unanswered(ctx context.Context) ([]fraud.Echo, error)
	ReplaceEcho(ctx context.Context, id string) error
}

// deskPage is a page of facts, tables and steps.
type deskPage struct {
	Base
	Badges  []Badge
	Lead    string
	Notices []Notice
	Facts   []Fact
	Tables  []Table
	Links   []NavItem
	Acts    []StepForm
	Letter  []string // the lines of a letter, shown once
}

var deskView = newPage[deskPage]("fraud_desk", "breadcrumb", "badge", "when", "table", "cell", "digest", "empty", "facts", "field", "error_summary", "button", "notice", "step_form", "step_up")

// Roles of these pages.
var (
	riskReaders = []identity.Role{identity.Reviewer, identity.Counsel}
	stoppers    = []identity.Role{identity.Counsel, identity.Registrar, identity.Administrator}
	registrars  = []identity.Role{identity.Registrar}
	counsels    = []identity.Role{identity.Counsel}
)

func (s *Server) fraudRoutes() []Route {
	if s.cfg.Services.Fraud == nil {
		return nil
	}
	get := func(path, name, title string, roles []identity.Role, verb, object string, nav int, h Handler) Route {
		return Route{Method: http.MethodGet, Path: path, Name: name, Title: title, Roles: roles, Verb: access.Verb(verb), Object: access.Kind(object), Nav: nav, Handle: h}
	}
	post := func(path, name, title string, roles []identity.Role, verb, object string, h Handler) Route {
		return Route{Method: http.MethodPost, Path: path, Name: name, Title: title, Roles: roles, Verb: access.Verb(verb), Object: access.Kind(object), Body: FormBody, Handle: h}
	}
	reviewers := []identity.Role{identity.Reviewer}
	show := get("/review/:id/risk", "risk.show", "risk.title", riskReaders, "view", "risk", 0, s.showRisk)
	show.Order = true // what it states rests on the order's text and first page
	return []Route{
		show,
		post("/review/:id/risk/echo", "risk.echo", "risk.title", reviewers, "echo", "request", s.wantEcho),
		post("/review/:id/risk/call", "risk.call", "risk.title", reviewers, "call", "call_request", s.callAgency),
		post("/review/:id/risk/record", "risk.record", "risk.title", reviewers, "call", "call_request", s.recordAgencyCall),
		post("/review/:id/risk/override", "risk.override", "risk.title", reviewers, "override", "risk", s.proposeOverride),
		post("/review/:id/risk/decide", "risk.decide", "risk.title", riskReaders, "override", "risk", s.decideOverride),
		post("/review/:id/risk/clear", "risk.clear", "risk.title", counsels, "clear", "risk", s.clearRisk),
		post("/review/:id/risk/hold", "risk.hold", "risk.title", counsels, "lift", "request", s.moveHold),

		get("/containments", "containment.list", "containments.title", stoppers, "list", "containment", 60, s.listContainments),
		get("/containments/new", "containment.new", "contain.title", stoppers, "contain", "agency", 0, s.newContainment),
		post("/containments/new", "containment.begin", "contain.title", stoppers, "contain", "agency", s.contain),
		get("/containments/:id", "containment.show", "containment.title", stoppers, "view", "containment", 0, s.showContainment),
		get("/containments/:id/disclosures.csv", "containment.csv", "containment.title", stoppers, "view", "containment", 0, s.disclosuresCSV),
		post("/containments/:id/letter", "containment.letter", "containment.title", stoppers, "contain", "agency", s.writeLetter),
		post("/containments/:id/lift", "containment.lift", "containment.title", stoppers, "lift", "agency", s.proposeLift),
		post("/containments/:id/lifted", "containment.lifted", "containment.title", stoppers, "lift", "agency", s.decideLift),

		get("/echoes", "echo.list", "echoes.title", registrars, "list", "echo", 50, s.listEchoes),
		post("/echoes", "echo.send", "echoes.title", registrars, "send", "echo", s.sendEcho),
		post("/echoes/replace", "echo.replace", "echoes.title", registrars, "replace", "echo", s.replaceEcho),
		get("/sensitive", "sensitive.show", "sensitive.title", counsels, "mark", "risk", 70, s.showSensitive),
		post("/sensitive/unmark", "sensitive.unmark", "sensitive.title", counsels, "mark", "risk", s.proposeUnmark),
		post("/sensitive/unmarked", "sensitive.unmarked", "sensitive.title", counsels, "mark", "risk", s.decideUnmark),
		post("/sensitive", "sensitive.mark", "sensitive.title", counsels, "mark", "risk", s.markSensitive),
		get("/fraud", "fraud.register", "fraud.title", []identity.Role{identity.Auditor, identity.Counsel}, "list", "fraud", 80, s.showRegister),

		{Method: http.MethodGet, Path: "/confirm-order", Name: "confirm.show", Title: "confirm.title", Public: true, Handle: s.showConfirm},
		{Method: http.MethodPost, Path: "/confirm-order", Name: "confirm.look", Title: "confirm.title", Public: true, Body: FormBody, Handle: s.lookConfirm},
		{Method: http.MethodPost, Path: "/confirm-order/answer", Name: "confirm.answer", Title: "confirm.title", Public: true, Body: FormBody, Handle: s.answerConfirm},
	}
}

// riskTones give each level its colour.
var riskTones = map[risk.Level]Tone{risk.Normal: Plain, risk.Elevated: Caution, risk.High: Danger}

// factorWords says a factor with what shows it.
func (c *Ctx) factorWords(f risk.Factor) string {
	args := []any{}
	for i, e := range f.Evidence {
		if f.Code == "sensitive_target" || f.Code == "fresh_agency_data" && i == 0 {
			e = c.listWords(string(f.Code), e)
		}
		args = append(args, string(rune('a'+i)), e)
	}
	return c.T("risk.factor."+string(f.Code), args...)
}
