package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/oversight"
)

// LogLosses are what the log has lost, and who acknowledges it.
type LogLosses interface {
	LogLoss(ctx context.Context) (oversight.Lost, error)
	AcknowledgeLoss(ctx context.Context, digest, reason string) error
}

// lossInput is a word on a loss. Loss is the digest of what was read.
type lossInput struct {
	Loss   string `form:"loss" validate:"required,len=64,hexadecimal" label:"log_loss.digest" input:"hidden"`
	Reason string `form:"reason" validate:"required,max=4000" label:"log_loss.reason" hint:"log_loss.reason.hint" input:"textarea" rows:"6"`
}

// lossRoles are whose two words let a log go on.
var lossRoles = []identity.Role{identity.Counsel, identity.Auditor}

func (s *Server) lossRoutes() []Route {
	if s.cfg.Services.Oversight == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodGet, Path: oversight.PathOfLoss, Name: "loss.show", Title: "log_loss.title", Roles: lossRoles, Verb: "view", Object: "log_loss", Nav: 90, Handle: s.logLoss},
		{Method: http.MethodPost, Path: oversight.PathOfLoss, Name: "loss.acknowledge", Title: "log_loss.title", Roles: lossRoles, Verb: "acknowledge", Object: "log_loss", Body: FormBody, Handle: s.acknowledgeLoss},
	}
}

func (s *Server) logLoss(c *Ctx) error { return s.lossPage(c, nil) }

// lossPage says what is lost, word for word as it is acknowledged, who has
// acknowledged it, and what was lost before.
func (s *Server) lossPage(c *Ctx, wrong *mistake) error {
	in, err := s.cfg.Services.Oversight.LogLoss(c.Ctx())
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("log_loss.title"), Lead: c.T("log_loss.lead")}
	p.refusal(c, wrong)
	switch {
	case in.Loss != nil:
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("log_loss.lost"), Text: in.Loss.Reason, Items: []string{c.T("log_loss.unknown")}})
		p.Quote, p.QuoteOf = strings.Split(strings.TrimSpace(in.Loss.Statement()), "\n"), c.T("log_loss.statement")
		p.Tables = append(p.Tables, c.lossPlaces(in.Loss))
		f := facts{c: c}
		f.add("log_loss.digest", Cell{Digest: &Digest{"SHA-256", in.Digest}})
		p.Facts = f.list
	case in.Unclear != nil:
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("log_loss.unclear"), Text: in.Unclear.Error()})
	default:
		p.Notices = append(p.Notices, Notice{Kind: Good, Title: c.T("log_loss.none"), Text: c.T("log_loss.none.text")})
	}
	if p.Tables, err = s.lossTables(c, p, in); err != nil {
		return err
	}
	p.Acts = c.lossActs(in, wrong)
	return auditDeskView.Show(c, p)
}

// lossPlaces says which places hold what the database does not continue.
func (c *Ctx) lossPlaces(loss *audit.Loss) Table {
	t := Table{Caption: c.T("log_loss.places"), Columns: []Column{{Text: c.T("audit.place")}, {Text: c.T("audit.place.says")}}}
	for _, k := range loss.Kept {
		t.Rows = append(t.Rows, []Cell{{Text: k.Place}, {Badge: &Badge{c.T("log_loss.knows_more"), Danger}}})
	}
	for _, k := range loss.Agrees {
		t.Rows = append(t.Rows, []Cell{{Text: k.Place}, {Badge: &Badge{c.T("audit.place.agrees"), Good}}})
	}
	return t
}

// lossTables are the words on this loss, and the losses before it.
func (s *Server) lossTables(c *Ctx, p auditDesk, in oversight.Lost) ([]Table, error) {
	var people []identity.PersonID
	for _, w := range in.Words {
		people = append(people, w.Person)
	}
	n, err := s.namesOf(c, people...)
	if err != nil {
		return nil, err
	}
	words := Table{Caption: c.T("log_loss.words"), Empty: Empty{Title: c.T("log_loss.words.none")}, Columns: []Column{{Text: c.T("log_loss.by")}, {Text: c.T("log_loss.reason")}, {Text: c.T("log_loss.at")}}}
	for _, w := range in.Words {
		at := p.When(w.At)
		words.Rows = append(words.Rows, []Cell{{Text: n.name(w.Person), Note: c.T("role." + string(w.Role))}, {Text: w.Reason.Reveal()}, {When: &at}})
	}
	before := Table{Caption: c.T("log_loss.before"), Empty: Empty{Title: c.T("log_loss.before.none")}, Columns: []Column{{Text: c.T("log_loss.epoch")}, {Text: c.T("log_loss.ended")}, {Text: c.T("log_loss.went_on")}, {Text: c.T("log_loss.at")}}}
	for _, e := range in.Before {
		at := p.When(e.At)
		before.Rows = append(before.Rows, []Cell{{Text: strconv.FormatInt(e.Epoch, 10), Note: e.Origin}, {Text: strconv.FormatUint(e.KeptSize, 10)}, {Text: strconv.FormatUint(e.Size, 10)}, {When: &at}})
	}
	if in.Loss == nil {
		return append(p.Tables, before), nil
	}
	return append(p.Tables, words, before), nil
}

func (c *Ctx) lossActs(in oversight.Lost, wrong *mistake) []StepForm {
	actor, _ := c.Actor()
	if in.Loss == nil || in.SaidBy(actor) {
		return nil
	}
	a := c.stepForm("acknowledge", "log_loss.acknowledge", oversight.PathOfLoss, lossInput{Loss: in.Digest}, "loss", "reason")
	a.StepUp = c.StepUp(identity.PurposeLostLog, oversight.LossDigest(in.Digest, actor.Role))
	return []StepForm{a.erring(c, wrong)}
}

func (s *Server) acknowledgeLoss(c *Ctx) error {
	actor, _ := c.Actor()
	var in lossInput
	err := c.Decode(&in)
	if err == nil {
		ctx, proofErr := c.Proved(identity.PurposeLostLog, oversight.LossDigest(in.Loss, actor.Role))
		if err = proofErr; err == nil {
			err = s.cfg.Services.Oversight.AcknowledgeLoss(ctx, in.Loss, in.Reason)
		}
	}
	if mendable(err) {
		return s.lossPage(c, &mistake{"acknowledge", err})
	}
	return c.Done(err, oversight.PathOfLoss, "flash.loss_acknowledged")
}
