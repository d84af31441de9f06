package web

import (
	"context"
	"strings"

	"lerd/internal/callback"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// echoInput chooses the contact on file that is asked.
type echoInput struct {
	Contact string `form:"contact" validate:"required" label:"risk.echo.contact" hint:"risk.echo.contact.hint" input:"select"`
}

// overrideInput asks to go without a check.
type overrideInput struct {
	Demand string `form:"demand" validate:"required" label:"risk.override.demand" input:"select" width:"medium"`
	Reason string `form:"reason" validate:"required,max=2000" label:"risk.override.reason" hint:"risk.override.reason.hint" input:"textarea" rows:"3"`
}

// decisionInput is the second person's word: on an override, on a hold, on a
// containment.
type decisionWordInput struct {
	Which string `form:"which" validate:"required" label:"risk.decide.which" input:"hidden"`
	Word  string `form:"word" validate:"required,oneof=yes no" label:"risk.decide.word" input:"radios"`
	Note  string `form:"note" validate:"max=2000" label:"risk.decide.note" input:"textarea" rows:"2"`
}

// clearInput is counsel's note on a statement.
type clearInput struct {
	Note string `form:"note" validate:"required,max=2000" label:"risk.clear.note" input:"textarea" rows:"3"`
}

// holdInput asks that a hold end.
type holdInput struct {
	Which string `form:"which" validate:"required" label:"risk.decide.which" input:"hidden"`
	Why   string `form:"why" validate:"max=2000" label:"risk.hold.why" input:"textarea" rows:"2"`
	Word  string `form:"word" label:"risk.decide.word" input:"radios"`
}

func riskPath(id requests.ID) string { return reviewPath(id) + "/risk" }

// riskStrip is what the workbench shows of the statement, with where to act.
type riskStrip struct {
	Level   Badge
	Stopped string
	Factors []string
	Missing string
	Href    string
}

// strip makes the identity strip of a case; nil where nothing is compared.
func (w *workbench) strip() (*riskStrip, error) {
	if w.s.cfg.Services.Fraud == nil {
		return nil, nil
	}
	file, stops, err := w.s.cfg.Services.Fraud.Look(w.c.Ctx(), w.cs)
	if err != nil {
		return nil, err
	}
	st, _ := file.Last()
	out := &riskStrip{Level: w.c.levelBadge(st.Level), Href: riskPath(w.cs.Request.ID)}
	for _, f := range st.Factors {
		out.Factors = append(out.Factors, w.c.factorWords(f))
	}
	if len(stops) > 0 {
		out.Stopped = w.c.T("risk.stopped." + string(stops[0]))
	}
	if n := len(file.Unmet()); n > 0 {
		out.Missing = w.c.T("risk.missing", "n", n)
	}
	return out, nil
}

func (c *Ctx) levelBadge(l risk.Level) Badge {
	return Badge{c.T("risk.level." + word(string(l), "none")), riskTones[l]}
}

// listWords says a list of codes in words.
func (c *Ctx) listWords(code, list string) string {
	var out []string
	for _, one := range strings.Split(list, ", ") {
		key := "agency.kind." + one
		if code == "sensitive_target" {
			key = "sensitive.why." + one
		}
		out = append(out, c.T(key))
	}
	return strings.Join(out, ", ")
}

func (s *Server) showRisk(c *Ctx) error { return s.showRiskPage(c, nil) }

// riskSheet is a case's statement on the way to its page.
type riskSheet struct {
	s     *Server
	c     *Ctx
	cs    requests.Case
	file  fraud.File
	stops []fraud.Because
	wrong *mistake
	me    identity.Actor
}

func (s *Server) showRiskPage(c *Ctx, wrong *mistake) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	r := riskSheet{s: s, c: c, cs: cs, wrong: wrong}
	r.me, _ = c.Actor()
	if r.file, r.stops, err = s.cfg.Services.Fraud.Look(c.Ctx(), cs); err != nil {
		return err
	}
	st, _ := r.file.Last()
	p := deskPage{Base: c.Base("risk.page", "ref", cs.Request.Ref), Badges: []Badge{c.levelBadge(st.Level)}, Lead: c.T("risk.lead")}
	p.Zone, p.Problems = legalZone(cs), wrong != nil
	p.Crumbs = []Crumb{{c.T("review_queue.title"), "/review"}, {cs.Request.Ref, reviewPath(cs.Request.ID)}, {c.T("risk.title"), ""}}
	for _, b := range r.stops {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("risk.stopped"), Text: c.T("risk.stopped." + string(b))})
	}
	if cs.Request.Emergency && cs.CallBack != requests.CalledBack {
		p.Notices = append(p.Notices, Notice{Kind: Caution, Title: c.T("risk.routine"), Text: c.T("risk.routine.text")})
	}
	if wrong != nil && len(fault.ProblemsOf(wrong.err)) == 0 {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("review.not_done"), Text: c.Say(fault.Message(wrong.err))})
		c.status = fault.Status(wrong.err)
	}
	p.Facts = r.facts()
	p.Tables = []Table{r.factors(st), r.checks(st)}
	if p.Acts, err = r.acts(st); err != nil {
		return err
	}
	p.Links = r.links()
	return deskView.Show(c, p)
}

func (r riskSheet) facts() []Fact {
	f := facts{c: r.c}
	f.add("review.agency", Cell{Text: r.cs.Agency.Name, Note: r.cs.Agency.Country})
	f.text("review.agency.officer", r.cs.Officer.Name.Reveal())
	f.add("review.agency.domain", Cell{Code: r.cs.Agency.Domain})
	f.add("request.f.order_number", Cell{Text: r.cs.Request.Order.Number})
	f.text("risk.issuer", r.cs.Request.Order.IssuerName)
	return f.list
}

func (r riskSheet) factors(st fraud.Statement) Table {
	t := Table{Caption: r.c.T("risk.factors"), Columns: []Column{{Text: r.c.T("risk.factor")}, {Text: r.c.T("risk.weight"), Number: true}}, Empty: Empty{Title: r.c.T("risk.factors.none")}}
	for _, f := range st.Factors {
		t.Rows = append(t.Rows, []Cell{{Text: r.c.factorWords(f)}, {Text: itoa(f.Weight), Number: true}})
	}
	return t
}

// checks says of each check that is asked for where it stands.
func (r riskSheet) checks(st fraud.Statement) Table {
	t := Table{Caption: r.c.T("risk.checks"), Columns: []Column{{Text: r.c.T("risk.check")}, {Text: r.c.T("risk.state")}}, Empty: Empty{Title: r.c.T("risk.checks.none")}}
	unmet := r.file.Unmet()
	for _, d := range st.Demands {
		badge := Badge{r.c.T("risk.met"), Good}
		for _, u := range unmet {
			if u == d {
				badge = Badge{r.c.T("risk.unmet"), Caution}
			}
		}
		t.Rows = append(t.Rows, []Cell{{Text: r.c.T("risk.demand." + string(d)), Note: r.said(d)}, {Badge: &badge}})
	}
	return t
}

// said gives the last word on a check.
func (r riskSheet) said(d risk.Demand) string {
	if d != risk.Echo || len(r.file.Echoes) == 0 {
		return ""
	}
	e := r.file.Echoes[len(r.file.Echoes)-1]
	if e.State == fraud.Answered {
		return r.c.T("risk.echo.answer."+e.Answer, "ref", e.Ref, "name", e.AnsweredName.Reveal())
	}
	return r.c.T("risk.echo.state."+e.State, "ref", e.Ref)
}

func (r riskSheet) links() []NavItem {
	if r.me.Role != identity.Counsel {
		return nil
	}
	q := r.cs.Request
	return []NavItem{{Text: r.c.T("contain.officer"), Href: "/containments/new?agency=" + string(q.Agency) + "&officer=" + string(q.Officer)},
		{Text: r.c.T("contain.agency"), Href: "/containments/new?agency=" + string(q.Agency)}}
}

// acts are the steps that the reader can take.
func (r riskSheet) acts(st fraud.Statement) (acts []StepForm, err error) {
	if !r.cs.Request.State.Open() { // that an order is forged may be found out later
		return []StepForm{r.forged()}, nil
	}
	if r.me.Role == identity.Reviewer {
		if acts, err = r.reviewers(st); err != nil {
			return nil, err
		}
	}
	if r.me.Role == identity.Counsel {
		acts = r.counsels(st)
	}
	for _, o := range r.file.Overrides {
		if o.Statement == st.ID && o.State == fraud.Proposed && o.ProposedBy != r.me.Person {
			a := r.act("decide", "risk.decide", decisionWordInput{Which: o.ID}, "which", "word", "note")
			a.Form.Options("word", r.c.choose("risk.word", "yes", "no"))
			f := facts{c: r.c}
			f.text("risk.check", r.c.T("risk.demand."+string(o.Demand)))
			f.text("risk.override.reason", o.Reason.Reveal())
			a.Facts = f.list
			acts = append(acts, a)
		}
	}
	return append(acts, r.forged()), nil
}

func (r riskSheet) act(id, words string, in any, names ...string) StepForm {
	return r.c.stepForm(id, words, riskPath(r.cs.Request.ID)+"/"+id, in, names...).erring(r.c, r.wrong)
}

func (r riskSheet) reviewers(st fraud.Statement) (acts []StepForm, err error) {
	contacts, err := r.s.cfg.Services.Fraud.IssuersOf(r.c.Ctx(), r.cs)
	if err != nil {
		return nil, err
	}
	options := []Option{{Value: "", Text: r.c.T("form.choose")}}
	for _, x := range contacts {
		options = append(options, Option{Value: x.Detail, Text: x.Name + " · " + x.Address})
	}
	echo := r.act("echo", "risk.echo", echoInput{}, "contact")
	echo.Form.Options("contact", options)
	acts = append(acts, echo)
	calls, err := r.s.cfg.Services.Calls.About(r.c.Ctx(), r.subject())
	if err != nil {
		return nil, err
	}
	begun := false
	for _, x := range calls {
		if x.State == callback.Begun && x.By == r.me.Person {
			begun = true
			acts = append(acts, r.c.recordAct(riskPath(r.cs.Request.ID)+"/record", x, r.wrong))
		}
	}
	if !begun {
		acts = append(acts, r.act("call", "risk.call", struct{}{}))
	}
	var open []Option
	for _, d := range r.file.Unmet() {
		if d != risk.Counsel {
			open = append(open, Option{Value: string(d), Text: r.c.T("risk.demand." + string(d))})
		}
	}
	if len(open) > 0 {
		over := r.act("override", "risk.override", overrideInput{}, "demand", "reason")
		over.Form.Options("demand", append([]Option{{Value: "", Text: r.c.T("form.choose")}}, open...))
		acts = append(acts, over)
	}
	return acts, nil
}

func (r riskSheet) subject() callback.Subject {
	return callback.Subject{Kind: callback.Request, ID: string(r.cs.Request.ID), Agency: r.cs.Request.Agency}
}

func (r riskSheet) counsels(st fraud.Statement) (acts []StepForm) {
	for _, d := range r.file.Unmet() {
		if d == risk.Counsel {
			acts = append(acts, r.act("clear", "risk.clear", clearInput{}, "note"))
		}
	}
	for _, h := range r.file.Holds {
		if h.State == fraud.Lifted || h.State == fraud.Lifting && h.LiftBy == r.me.Person {
			continue
		}
		names := []string{"which", "why"}
		if h.State == fraud.Lifting {
			names = []string{"which", "word"}
		}
		a := r.act("hold", "risk.hold", holdInput{Which: h.ID}, names...)
		if h.State == fraud.Lifting {
			a.StepUp = r.c.StepUp(identity.PurposeContain, fraud.HoldDigest(h.ID))
		}
		a.Form.Options("word", r.c.choose("risk.word", "yes", "no"))
		f := facts{c: r.c}
		f.text("risk.hold.because", r.c.T("risk.stopped."+string(h.Because)))
		f.text("risk.hold.why", h.LiftReason.Reveal())
		a.Facts = f.list
		acts = append(acts, a)
	}
	return acts
}

// riskStep takes one of the page's steps.
func (s *Server) riskStep(c *Ctx, form string, in any, take func(ctx context.Context, id requests.ID) error) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	if in != nil {
		err = c.Decode(in)
	}
	if err == nil {
		err = take(c.Once(), id)
	}
	if mendable(err) {
		return s.showRiskPage(c, &mistake{form, err})
	}
	return c.doneAt(err, riskPath(id), "flash.risk_"+form)
}

func (s *Server) wantEcho(c *Ctx) error {
	var in echoInput
	return s.riskStep(c, "echo", &in, func(ctx context.Context, id requests.ID) error {
		_, err := s.cfg.Services.Fraud.WantEcho(ctx, id, in.Contact)
		return err
	})
}

func (s *Server) callAgency(c *Ctx) error {
	return s.riskStep(c, "call", nil, func(ctx context.Context, id requests.ID) error {
		cs, err := s.ownCase(c)
		if err != nil {
			return err
		}
		_, err = s.cfg.Services.Calls.Begin(ctx, callback.Subject{Kind: callback.Request, ID: string(id), Agency: cs.Request.Agency})
		return err
	})
}

func (s *Server) recordAgencyCall(c *Ctx) error {
	var in callInput
	return s.riskStep(c, "record", &in, func(ctx context.Context, id requests.ID) error {
		cs, err := s.ownCase(c)
		if err != nil {
			return err
		}
		calls, err := s.cfg.Services.Calls.About(c.Ctx(), callback.Subject{Kind: callback.Request, ID: string(id), Agency: cs.Request.Agency})
		if err != nil {
			return err
		}
		for _, x := range calls {
			if string(x.ID) == in.Call {
				_, err := s.cfg.Services.Calls.Record(ctx, x.ID, in.input(c, callback.Request))
				return err
			}
		}
		return fault.New(fault.NotFound, "There is nothing here.")
	})
}

func (s *Server) proposeOverride(c *Ctx) error {
	var in overrideInput
	return s.riskStep(c, "override", &in, func(ctx context.Context, id requests.ID) error {
		return s.cfg.Services.Fraud.ProposeOverride(ctx, id, risk.Demand(in.Demand), in.Reason)
	})
}

func (s *Server) decideOverride(c *Ctx) error {
	var in decisionWordInput
	return s.riskStep(c, "decide", &in, func(ctx context.Context, id requests.ID) error {
		return s.cfg.Services.Fraud.DecideOverride(ctx, id, in.Which, in.Note, in.Word == "yes")
	})
}

func (s *Server) clearRisk(c *Ctx) error {
	var in clearInput
	return s.riskStep(c, "clear", &in, func(ctx context.Context, id requests.ID) error {
		return s.cfg.Services.Fraud.Clear(ctx, id, in.Note)
	})
}

func (s *Server) moveHold(c *Ctx) error {
	var in holdInput
	return s.riskStep(c, "hold", &in, func(ctx context.Context, id requests.ID) (err error) {
		if in.Word == "yes" {
			if ctx, err = c.Proved(identity.PurposeContain, fraud.HoldDigest(in.Which)); err != nil {
				return err
			}
		}
		return s.cfg.Services.Fraud.MoveHold(ctx, id, in.Which, in.Why, in.Word == "yes")
	})
}
