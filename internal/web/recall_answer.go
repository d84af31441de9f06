package web

import (
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// deletionInput is the agency's word that every copy is gone.
type deletionInput struct {
	Holders string `form:"holders" validate:"required" label:"recall.holders" hint:"recall.holders.hint" input:"textarea" rows:"4"`
	Sure    bool   `form:"sure" label:"recall.sure"`
}

func (s *Server) recallAnswerRoutes() []Route {
	if s.cfg.Services.Answers == nil {
		return nil
	}
	officer := []identity.Role{identity.Officer}
	return []Route{
		{Method: http.MethodGet, Path: "/requests/:id/recall", Name: "recall.ask", Title: "recall.title", Roles: officer, Verb: "answer_recall", Object: "release", Handle: s.askDeletion},
		{Method: http.MethodPost, Path: "/requests/:id/recall", Name: "recall.delete", Title: "recall.title", Roles: officer, Verb: "answer_recall", Object: "release", Body: FormBody, Handle: s.confirmDeletion},
		{Method: http.MethodPost, Path: "/requests/:id/recall/acknowledge", Name: "recall.acknowledge", Title: "recall.title", Roles: officer, Verb: "answer_recall", Object: "release", Body: FormBody, Handle: s.acknowledgeRecall},
	}
}

// ownCase gives the case that the address names to an officer of its agency; the
// look is recorded.
func (s *Server) ownCase(c *Ctx) (requests.Case, error) {
	id, err := c.requestID()
	if err != nil {
		return requests.Case{}, err
	}
	return s.cfg.Services.Cases.View(c.Ctx(), id)
}

func (s *Server) askDeletion(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	return s.showDeletion(c, cs, deletionInput{}, nil)
}

// showDeletion says what was called back, who fetched it, and asks for the
// agency's word.
func (s *Server) showDeletion(c *Ctx, cs requests.Case, in deletionInput, wrong error) error {
	rc := cs.Recall()
	if rc == nil || !rc.DeletedAt.IsZero() {
		return fault.New(fault.Conflict, "%s", c.T("recall.over"))
	}
	path := requests.PathOf(cs.Request.ID)
	p, err := c.actOf("recall.title", c.formFor(path+"/recall", in, wrong), "holders", "sure")
	if err != nil {
		return err
	}
	p.Zone = zoneOf(cs.Agency)
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {cs.Request.Ref, path}, {p.Title, ""}}
	p.warn(c, Danger, "recall.warning")
	p.Leave, p.Do.Kind = NavItem{Text: c.T("act.back"), Href: path}, "danger"
	f := facts{c: c}
	f.text("recall.reason", c.T("recall.reason."+rc.Reason))
	f.add("recall.since", Cell{When: &When{rc.DecidedAt, p.Zone}})
	for _, r := range cs.Recalled {
		if r.ID == rc.Release {
			f.add("bundle.file", Cell{Code: bundleName(r)})
			f.add("bundle.digest", Cell{Digest: &Digest{"SHA-256", r.EncryptedSHA256}})
		}
	}
	p.Facts, p.Table = f.list, c.receiptTable(cs, rc.Release, p.Base)
	if rc.AcknowledgedAt.IsZero() {
		p.Also = []alsoForm{{Text: c.T("recall.acknowledge.text"), Form: c.bare(path + "/recall/acknowledge"), Do: Button{Text: c.T("recall.acknowledge"), Kind: "secondary"}}}
	}
	p.StepUp = c.StepUp(identity.PurposeDownload, requests.DeletionDigest(*rc))
	return actView.Show(c, p)
}

func (s *Server) confirmDeletion(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in deletionInput
	if err = c.Decode(&in); err == nil {
		err = s.deleted(c, cs, in)
	}
	if invalid(err) {
		return s.showDeletion(c, cs, in, err)
	}
	return c.Done(err, requests.PathOf(cs.Request.ID), "flash.deletion_confirmed")
}

func (s *Server) deleted(c *Ctx, cs requests.Case, in deletionInput) error {
	ctx := c.Once()
	if rc := cs.Recall(); rc != nil {
		var err error
		if ctx, err = c.Proved(identity.PurposeDownload, requests.DeletionDigest(*rc)); err != nil {
			return err
		}
	}
	return s.cfg.Services.Answers.ConfirmDeletion(ctx, cs.Request.ID, in.Holders, in.Sure)
}

func (s *Server) acknowledgeRecall(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	return c.Done(s.cfg.Services.Answers.AcknowledgeRecall(c.Once(), id), requests.PathOf(id), "flash.recall_acknowledged")
}

// recallNotice is the banner of a case whose bundle was called back, nil where
// none was or its agency has answered.
func (c *Ctx) recallNotice(cs requests.Case) *recallPart {
	rc := cs.Recall()
	if rc == nil || rc.State != requests.RecallConfirmed {
		return nil
	}
	part := &recallPart{Kind: "danger", Title: c.T("recall.warning"), Text: c.T("recall.reason." + rc.Reason), Href: requests.PathOf(cs.Request.ID) + "/recall", Action: c.T("recall.answer")}
	if !rc.DeletedAt.IsZero() {
		part = &recallPart{Kind: "muted", Title: c.T("recall.done"), Text: c.T("recall.reason." + rc.Reason)}
	}
	return part
}

// recallPart is the banner's contents.
type recallPart struct{ Kind, Title, Text, Href, Action string }

// receiptTable lists who fetched a bundle, when, and how it went.
func (c *Ctx) receiptTable(cs requests.Case, release requests.ReleaseID, b Base) *Table {
	t := Table{Caption: c.T("receipts.caption"), Empty: Empty{Title: c.T("receipts.none")},
		Columns: []Column{{Text: c.T("receipts.who")}, {Text: c.T("receipts.when")}, {Text: c.T("receipts.state")}, {Text: c.T("receipts.bytes"), Number: true}}}
	for _, r := range cs.Receipts {
		if r.Release != release {
			continue
		}
		begun := b.When(r.BegunAt)
		t.Rows = append(t.Rows, []Cell{{Text: c.officerName(cs, r.Officer)}, {When: &begun}, {Text: c.T("receipts.state." + r.State)}, {Text: c.T("receipts.of", "bytes", size(r.Bytes), "total", size(r.Total)), Number: true}})
	}
	return &t
}

// officerName names an officer of the case's own agency.
func (c *Ctx) officerName(cs requests.Case, id identity.PersonID) string {
	for _, p := range cs.People {
		if p.ID == id {
			return p.Name.Reveal()
		}
	}
	return c.T("review.somebody")
}
