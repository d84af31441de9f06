package web

import (
	"net/http"
	"slices"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// recallInput is a reviewer's proposal to call a bundle back, or a bundle's new
// issue: a reason of a list, and why.
type recallInput struct {
	Reason string `form:"reason" validate:"required" label:"recall.f.reason" input:"radios"`
	Why    string `form:"why" validate:"required" label:"recall.f.why" hint:"recall.f.why.hint" input:"textarea" rows:"4"`
}

// recallVerdictInput is an approver's word on a proposed recall.
type recallVerdictInput struct {
	Verdict string `form:"verdict" validate:"required,oneof=confirm reject" label:"recall.f.verdict" input:"radios"`
	Why     string `form:"why" validate:"required" label:"recall.f.looked" input:"textarea" rows:"3"`
}

// correctInput says what has to be corrected.
type correctInput struct {
	Why string `form:"why" validate:"required" label:"correct.why" input:"textarea" rows:"3"`
}

func (s *Server) recallRoutes() []Route {
	if s.cfg.Services.Recalls == nil {
		return nil
	}
	reviewer, approver := []identity.Role{identity.Reviewer}, []identity.Role{identity.Approver}
	act := func(method, path, name, title string, role []identity.Role, verb string, h func(*Ctx) error) Route {
		r := Route{Method: method, Path: path, Name: name, Title: title, Roles: role, Verb: verbOf(verb), Object: "release", Handle: h}
		if method == http.MethodPost {
			r.Body = FormBody
		}
		return r
	}
	return []Route{
		act(http.MethodGet, "/review/:id/recall", "recall.proposal", "recall_propose.title", reviewer, "propose_recall", s.askRecall),
		act(http.MethodPost, "/review/:id/recall", "recall.propose", "recall_propose.title", reviewer, "propose_recall", s.proposeRecall),
		act(http.MethodGet, "/review/:id/correct", "recall.correction", "correct.title", reviewer, "correct", s.askCorrection),
		act(http.MethodPost, "/review/:id/correct", "recall.correct", "correct.title", reviewer, "correct", s.correct),
		act(http.MethodGet, "/review/:id/reissue", "bundle.reissue_review", "reissue.title", reviewer, "reissue", s.askReissue),
		act(http.MethodPost, "/review/:id/reissue", "bundle.reissued_review", "reissue.title", reviewer, "reissue", s.reissue),
		act(http.MethodGet, "/releases/:id/reissue", "bundle.reissue_release", "reissue.title", approver, "reissue", s.askReissue),
		act(http.MethodPost, "/releases/:id/reissue", "bundle.reissued_release", "reissue.title", approver, "reissue", s.reissue),
		act(http.MethodGet, "/releases/:id/recall", "recall.verdict", "recall_decide.title", approver, "decide_recall", s.askRecallVerdict),
		act(http.MethodPost, "/releases/:id/recall", "recall.decide", "recall_decide.title", approver, "decide_recall", s.decideRecall),
		{Method: http.MethodGet, Path: "/recalls", Name: "recall.list", Title: "recalls.title", Roles: []identity.Role{identity.Reviewer, identity.Approver, identity.Auditor}, Verb: "list", Object: "recall", Nav: 40, Handle: s.listRecalls},
	}
}

// deskPath is where a case lies for the reader: the reviewer's bench, or the
// approver's sheet.
func (c *Ctx) deskPath(id requests.ID) string {
	if actor, _ := c.Actor(); actor.Role == identity.Approver {
		return releasePath(id)
	}
	return reviewPath(id)
}

// staffAct begins a step's page about a case.
func (c *Ctx) staffAct(cs requests.Case, title string, form *Form, fields ...string) (actPage, error) {
	p, err := c.actOf(title, form, fields...)
	p.Zone = legalZone(cs)
	p.Crumbs = []Crumb{{cs.Request.Ref, c.deskPath(cs.Request.ID)}, {p.Title, ""}}
	p.Leave = NavItem{Text: c.T("act.back"), Href: c.deskPath(cs.Request.ID)}
	f := facts{c: c}
	f.text("review.agency", cs.Agency.Name)
	if r := cs.Release; r != nil {
		f.add("release.bundle", Cell{Code: r.Ref})
		at := p.When(r.ExportedAt)
		f.add("bundle.at", Cell{When: &at})
		f.text("bundle.records", c.T("bundle.counts", "phones", c.T("bundle.phones", "n", r.Phones), "addresses", c.T("bundle.addresses", "n", r.Addresses)))
		p.Table = c.receiptTable(cs, r.ID, p.Base)
	}
	p.Facts = f.list
	return p, err
}

func (s *Server) askRecall(c *Ctx) error { return s.showRecall(c, recallInput{}, nil) }

func (s *Server) showRecall(c *Ctx, in recallInput, wrong error) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	if !cs.CanRecall() {
		return fault.New(fault.Conflict, "%s", c.T("recall_propose.over"))
	}
	form := c.formFor(reviewPath(cs.Request.ID)+"/recall", in, wrong)
	form.Options("reason", c.choose("recall.reason", requests.RecallReasons...))
	p, err := c.staffAct(cs, "recall_propose.title", form, "reason", "why")
	if err != nil {
		return err
	}
	p.warn(c, Caution, "recall_propose.warning")
	return actView.Show(c, p)
}

func (s *Server) proposeRecall(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in recallInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Recalls.ProposeRecall(c.Once(), id, in.Reason, in.Why)
	}
	if invalid(err) {
		return s.showRecall(c, in, err)
	}
	return c.Done(err, reviewPath(id), "flash.recall_proposed")
}

func (s *Server) askRecallVerdict(c *Ctx) error {
	return s.showRecallVerdict(c, recallVerdictInput{}, nil)
}

// showRecallVerdict asks the approver for their word; who proposed the recall is
// told that somebody else decides.
func (s *Server) showRecallVerdict(c *Ctx, in recallVerdictInput, wrong error) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	rc := cs.Recall()
	if rc == nil || rc.State != requests.RecallProposed || cs.Release == nil {
		return fault.New(fault.Conflict, "%s", c.T("recall_decide.over"))
	}
	form := c.formFor(releasePath(cs.Request.ID)+"/recall", in, wrong)
	form.Options("verdict", c.choose("recall.verdict", "confirm", "reject"))
	p, err := c.staffAct(cs, "recall_decide.title", form, "verdict", "why")
	if err != nil {
		return err
	}
	n, err := s.namesOf(c, rc.ProposedBy)
	if err != nil {
		return err
	}
	f := facts{c: c, list: p.Facts}
	f.text("recall.reason", c.T("recall.reason."+rc.Reason))
	by := c.T("recall.by_lerd")
	if rc.ProposedBy != "" {
		by = n.name(rc.ProposedBy)
	}
	f.text("recall.proposed_by", by)
	f.text("recall.f.why", rc.Note.Reveal())
	p.Facts, p.Do.Kind = f.list, "danger"
	p.warn(c, Danger, "recall_decide.warning")
	p.StepUp = c.StepUp(identity.PurposeApprove, requests.RecallDigest(*rc, *cs.Release))
	return actView.Show(c, p)
}

func (s *Server) decideRecall(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in recallVerdictInput
	if err = c.Decode(&in); err == nil {
		err = s.recallDecided(c, cs, in)
	}
	if invalid(err) {
		return s.showRecallVerdict(c, in, err)
	}
	return c.Done(err, "/recalls", "flash.recall_decided")
}

func (s *Server) recallDecided(c *Ctx, cs requests.Case, in recallVerdictInput) error {
	if in.Verdict == "reject" {
		return s.cfg.Services.Recalls.RejectRecall(c.Once(), cs.Request.ID, in.Why)
	}
	ctx := c.Once()
	if rc := cs.Recall(); rc != nil && cs.Release != nil {
		var err error
		if ctx, err = c.Proved(identity.PurposeApprove, requests.RecallDigest(*rc, *cs.Release)); err != nil {
			return err
		}
	}
	return s.cfg.Services.Recalls.ConfirmRecall(ctx, cs.Request.ID, in.Why)
}

func (s *Server) askCorrection(c *Ctx) error { return s.showCorrection(c, correctInput{}, nil) }

func (s *Server) showCorrection(c *Ctx, in correctInput, wrong error) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	if cs.Release != nil || len(cs.Recalled) == 0 || !can(cs.Request.State, requests.Correct, identity.Reviewer) {
		return fault.New(fault.Conflict, "%s", c.T("correct.over"))
	}
	p, err := c.staffAct(cs, "correct.title", c.formFor(reviewPath(cs.Request.ID)+"/correct", in, wrong), "why")
	if err != nil {
		return err
	}
	p.warn(c, Info, "correct.warning")
	return actView.Show(c, p)
}

func (s *Server) correct(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in correctInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Recalls.Correct(c.Once(), id, in.Why)
	}
	if invalid(err) {
		return s.showCorrection(c, in, err)
	}
	return c.Done(err, reviewPath(id), "flash.correction_begun")
}

// afterLinks lead to what the reader can do about a bundle that is out, or about
// one that was called back.
func (s *Server) afterLinks(c *Ctx, cs requests.Case) []NavItem {
	actor, _ := c.Actor()
	path := c.deskPath(cs.Request.ID)
	var out []NavItem
	add := func(there bool, key, href string) {
		if there && s.cfg.Services.Recalls != nil {
			out = append(out, NavItem{Text: c.T(key), Href: href})
		}
	}
	reviewer, rc := actor.Role == identity.Reviewer, cs.Recall()
	add(reviewer && s.cfg.Services.Changes != nil, "write.title", path+"/write")
	add(cs.CanReissue() && (reviewer || actor.Role == identity.Approver), "reissue.title", path+"/reissue")
	add(cs.CanRecall() && reviewer, "recall_propose.title", path+"/recall")
	add(rc != nil && rc.State == requests.RecallProposed && actor.Role == identity.Approver, "recall_decide.title", path+"/recall")
	add(reviewer && cs.Release == nil && len(cs.Recalled) > 0 && can(cs.Request.State, requests.Correct, identity.Reviewer), "correct.title", path+"/correct")
	add(s.cfg.Services.Rights != nil && slices.Contains(rightsReaders, actor.Role), "rights.link", requests.RightsPath(cs.Request.ID))
	add(actor.Role == identity.Counsel && s.cfg.Services.Retention != nil, "retention.link", keptPath(cs.Request.ID))
	return out
}
