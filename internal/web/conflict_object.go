package web

import (
	"net/http"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/pdfa"
	"lerd/internal/requests"
)

// objectionInput is what counsel writes into the prefilled form.
type objectionInput struct {
	Reason   string `form:"reason" label:"objection.reason" hint:"objection.reason.hint" input:"select"`
	Why      string `form:"why" validate:"required" label:"objection.why" hint:"objection.why.hint" input:"textarea" rows:"8"`
	Conflict string `form:"conflict" label:"objection.conflict" hint:"objection.conflict.hint" input:"textarea" rows:"4"`
	Kept     string `form:"kept" validate:"required" label:"objection.kept" input:"radios"`
	KeptTill string `form:"kept_till" label:"objection.kept_till" input:"date" width:"short"`
	Contact  string `form:"contact" label:"objection.contact" hint:"objection.contact.hint" input:"textarea" rows:"2"`
}

// sealedInput is the same once more, to be signed as it was read.
type sealedInput struct {
	Reason   string `form:"reason" label:"objection.reason" input:"hidden"`
	Why      string `form:"why" label:"objection.why" input:"hidden"`
	Conflict string `form:"conflict" label:"objection.conflict" input:"hidden"`
	Kept     string `form:"kept" label:"objection.kept" input:"hidden"`
	KeptTill string `form:"kept_till" label:"objection.kept_till" input:"hidden"`
	Contact  string `form:"contact" label:"objection.contact" input:"hidden"`
}

func (in sealedInput) domain() requests.ObjectionInput { return requests.ObjectionInput(in) }

func (s *Server) showConflict(c *Ctx) error { return s.conflictPage(c, nil, nil) }

// conflictPage shows a demand in conflict with its deadline and the form.
func (s *Server) conflictPage(c *Ctx, typed *objectionInput, wrong error) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, process, v, in, err := s.cfg.Services.Objections.DraftObjection(c.Ctx(), id)
	if err != nil {
		return err
	}
	if typed == nil {
		typed = &objectionInput{in.Reason, in.Why, in.Conflict, in.Kept, in.KeptTill, in.Contact}
	}
	form := c.formFor(conflictPath(id)+"/preview", *typed, wrong)
	form.Options("reason", append([]Option{{Value: "", Text: c.T("form.choose")}}, c.choose("objection.reason", requests.AnnexReasons...)...))
	form.Options("kept", c.choose("objection.kept", requests.KeptStates...))
	names := []string{"why", "conflict", "kept", "kept_till", "contact"}
	if requests.FormOf(process) == requests.Annex3Form {
		names = append([]string{"reason"}, names...)
	}
	p, err := c.actOf("conflict.title", form, names...)
	if err != nil {
		return err
	}
	p.Zone = legalZone(cs)
	p.Crumbs = []Crumb{{c.T("conflicts.title"), "/counsel/conflicts"}, {cs.Request.Ref, ""}}
	p.warn(c, Caution, "conflict.warning")
	if p.Facts, err = s.conflictFacts(c, cs, process, v, p.Base); err != nil {
		return err
	}
	p.Leave = NavItem{Text: c.T("conflict.case"), Href: reviewPath(id)}
	return actView.Show(c, p)
}

func (s *Server) conflictFacts(c *Ctx, cs requests.Case, p *legal.Process, v legal.Verdict, b Base) ([]Fact, error) {
	f := facts{c: c}
	f.add("case.process", Cell{Text: p.Title, Note: c.T("process.version", "process", string(p.ID), "number", p.Version)})
	f.text("conflict.compulsion", c.T("conflict.compulsion."+string(p.Compulsion)))
	f.text("review.agency", cs.Agency.Name)
	if !cs.Request.EffectBy.IsZero() {
		due := b.When(cs.Request.EffectBy)
		f.add("review.due", Cell{When: &due})
	}
	if left := c.dueBadge(cs.Request.State, cs.Request.EffectBy); left != nil {
		f.add("conflicts.left", Cell{Badge: left})
	}
	for _, code := range v.Codes {
		if r := s.cfg.Services.Law.Refusal(code); r != nil {
			f.add("conflict.gate", Cell{Text: r.Text, Note: string(code)})
		}
	}
	alerts, err := s.cfg.Services.Replays.Alerts(c.Ctx(), cs)
	if n := len(alerts); err == nil && n > 0 {
		at := b.When(alerts[n-1].At)
		f.add("conflict.reminded", Cell{When: &at, Note: c.T("replay.alert." + string(alerts[n-1].Alert))})
	}
	return f.list, err
}

// previewObjection shows the form as the authority will read it, to be signed.
func (s *Server) previewObjection(c *Ctx) error {
	var in objectionInput
	id, err := c.requestID()
	if err != nil {
		return err
	}
	if err = c.Decode(&in); err != nil {
		if mendable(err) {
			return s.conflictPage(c, &in, err)
		}
		return err
	}
	cs, process, _, _, err := s.cfg.Services.Objections.DraftObjection(c.Ctx(), id)
	if err != nil {
		return err
	}
	sealed := sealedInput(in)
	o, err := s.cfg.Services.Objections.Objection(cs, process, sealed.domain())
	if err != nil {
		return s.conflictPage(c, &in, err)
	}
	p, err := c.actOf("objection.title", c.Form(conflictPath(id)+"/object", sealed), "reason", "why", "conflict", "kept", "kept_till", "contact")
	if err != nil {
		return err
	}
	p.Crumbs = []Crumb{{c.T("conflicts.title"), "/counsel/conflicts"}, {cs.Request.Ref, conflictPath(id)}, {p.Title, ""}}
	p.warn(c, Caution, "objection.warning")
	p.Facts = sectionFacts(o)
	p.StepUp = c.StepUp(identity.PurposeObject, requests.ObjectionDigest(o))
	p.Do.Kind = "danger"
	p.Leave = NavItem{Text: c.T("objection.back"), Href: conflictPath(id)}
	return actView.Show(c, p)
}

func sectionFacts(o requests.Objection) (out []Fact) {
	for _, sec := range o.Sections() {
		for i, line := range sec.Lines {
			name := sec.Name
			if i > 0 {
				name = ""
			}
			out = append(out, Fact{Name: name, Cell: Cell{Text: line}})
		}
	}
	return append(out, Fact{Name: "SHA-256", Cell: Cell{Digest: &Digest{"SHA-256", o.ContentSHA256}}})
}

func (s *Server) object(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in sealedInput
	if err = c.Decode(&in); err != nil {
		return err
	}
	ctx := c.Once()
	cs, process, _, _, err := s.cfg.Services.Objections.DraftObjection(ctx, id)
	if err == nil {
		var o requests.Objection
		if o, err = s.cfg.Services.Objections.Objection(cs, process, in.domain()); err == nil {
			if ctx, err = c.Proved(identity.PurposeObject, requests.ObjectionDigest(o)); err == nil {
				err = s.cfg.Services.Objections.Object(ctx, id, in.domain())
			}
		}
	}
	return c.doneAt(err, conflictPath(id)+"/objection", "flash.conflict_settled")
}

// readObjection shows an objection that was sent.
func (s *Server) readObjection(c *Ctx) error {
	cs, list, err := s.objections(c)
	if err != nil {
		return err
	}
	o := list[len(list)-1]
	p := deskPage{Base: c.Base("objection.title"), Lead: c.T("objection.sent")}
	p.Crumbs = []Crumb{{c.T("conflicts.title"), "/counsel/conflicts"}, {cs.Request.Ref, ""}}
	if actor, _ := c.Actor(); actor.Role != identity.Counsel {
		p.Crumbs = p.Crumbs[1:]
	}
	at := p.When(o.At)
	p.Facts = append([]Fact{{Name: c.T("objection.at"), Cell: Cell{When: &at}}}, sectionFacts(o)...)
	p.Links = []NavItem{{Text: c.T("objection.file"), Href: conflictPath(cs.Request.ID) + "/objection.pdf"}}
	return deskView.Show(c, p)
}

// objections gives the objections to the case that the address names, at least one.
func (s *Server) objections(c *Ctx) (requests.Case, []requests.Objection, error) {
	id, err := c.requestID()
	if err != nil {
		return requests.Case{}, nil, err
	}
	cs, list, err := s.cfg.Services.Objections.Objections(c.Ctx(), id)
	if err == nil && len(list) == 0 {
		err = notFound()
	}
	return cs, list, err
}

// objectionFile gives the objection as a document that can be sent: PDF/A, made
// anew from what was signed, the same octets each time.
func (s *Server) objectionFile(c *Ctx) error {
	cs, list, err := s.objections(c)
	if err != nil {
		return err
	}
	o := list[len(list)-1]
	d := pdfa.New(pdfa.Info{Title: c.T("objection.document", "ref", cs.Request.Ref), Author: s.cfg.Product, Language: "en", Created: o.At})
	d.Title(c.T("objection.document", "ref", cs.Request.Ref))
	for _, sec := range o.Sections() {
		d.Heading(sec.Name)
		for _, line := range sec.Lines {
			d.Text(line)
		}
	}
	d.Heading(c.T("objection.identity"))
	d.Text(c.T("objection.at") + ": " + o.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	d.Mono("SHA-256 " + o.ContentSHA256)
	b, err := d.Bytes()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="objection-`+cs.Request.Ref+`.pdf"`)
	return c.Blob(http.StatusOK, "application/pdf", b)
}
