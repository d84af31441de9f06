package web

import (
	"encoding/hex"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// draftCheckPage says what is missing, what a reviewer will ask about, and how
// every answer was read.
type draftCheckPage struct {
	DraftFrame
	Missing  []checkLine // red: the request cannot be submitted
	Notes    []checkLine // amber: it can, and this will be asked
	Complete bool
	Process  []Fact
	Order    []Fact
	Offence  []Fact
	Need     []Fact
	Targets  []checkedTarget
	Deadline []Fact
	Explain  []string
	ToSign   string
}

// checkLine is one thing to look at, with the field where it is mended.
type checkLine struct{ Text, Href, Step string }

// checkedTarget is an account as it is read, and what the own agency asked before.
type checkedTarget struct {
	targetReading
	Hints []string
}

var draftCheckView = newPage[draftCheckPage]("draft_check", "breadcrumb", "draft_head", "draft_foot", "error_summary", "button", "facts", "table", "cell", "badge", "when", "digest", "empty", "notice")

func (s *Server) showDraftCheck(c *Ctx, a stepAt) error {
	f, err := s.frame(c, a, requests.StepCheck, nil)
	if err != nil {
		return err
	}
	check, err := s.cfg.Services.Drafting.CheckDraft(c.Ctx(), a.draft)
	if err != nil {
		return err
	}
	p := draftCheckPage{DraftFrame: f, Complete: check.Complete(), ToSign: draftPath(a.draft.ID, requests.StepSign)}
	for _, pr := range check.Problems {
		p.Missing = append(p.Missing, s.checkLine(c, a.draft, pr))
	}
	for _, n := range check.Notes {
		p.Notes = append(p.Notes, s.checkLine(c, a.draft, n))
	}
	q := check.Request
	cs := requests.Case{Request: q, Agency: check.Agency, Document: check.Document}
	p.Process, p.Offence, p.Need = s.processFacts(c, cs), s.offenceFacts(c, cs), s.needFacts(c, cs)
	if a.draft.Content.Order != nil {
		p.Order = s.orderFacts(c, cs)
	}
	for _, t := range q.Targets {
		p.Targets = append(p.Targets, checkedTarget{c.reading(t), c.earlierWords(t, check.Earlier)})
	}
	if p.Complete {
		p.Deadline, p.Explain = deadlineFacts(c, q, f.Zone), paragraphs(q.DueExplained)
	}
	return draftCheckView.Show(c, p)
}

// checkLine names the question that a problem is about, and leads to it.
func (s *Server) checkLine(c *Ctx, d requests.Draft, p fault.Problem) checkLine {
	name := formField(p.Field)
	line := checkLine{Text: c.Say(p.Message)}
	step := stepOf(name)
	if step == "" {
		return line
	}
	line.Step, line.Href = c.T("draft.step."+string(step)), draftPath(d.ID, step)+"#"+name
	if label := c.labelOf(s, name); label != "" {
		line.Text = c.T("draft.about", "question", label, "says", line.Text)
	}
	return line
}

// labelOf gives a field's question in the reader's words; "" for one whose
// message says it all.
func (c *Ctx) labelOf(s *Server, name string) string {
	for _, in := range []any{draftKindInput{}, draftOrderInput{}, draftNeedInput{}} {
		if fd, ok := c.Form("", in).fields[name]; ok {
			return fd.Label
		}
	}
	return ""
}

// draftSignPage is what the officer states, and the digest of what is signed.
type draftSignPage struct {
	DraftFrame
	Text   []string
	Name   string // of the text
	Facts  []Fact
	Sign   *Form
	Digest string
	Do     Button
	StepUp *StepUp
	Twice  string
}

var draftSignView = newPage[draftSignPage]("draft_sign", "breadcrumb", "draft_head", "draft_foot", "error_summary", "button", "facts", "table", "cell", "badge", "when", "digest", "empty", "step_up")

// showSign asks for the signature; an incomplete draft leads to its check.
func (s *Server) showSign(c *Ctx, a stepAt) error {
	check, err := s.cfg.Services.Drafting.CheckDraft(c.Ctx(), a.draft)
	if err != nil {
		return err
	}
	if !check.Complete() {
		return c.SeeOther(draftPath(a.draft.ID, requests.StepCheck), "")
	}
	f, err := s.frame(c, a, requests.StepSign, nil)
	if err != nil {
		return err
	}
	digest := requests.Digest(check.Request, check.Document.SHA256)
	text := s.cfg.Services.Law.Attestation(requests.SignedToSubmit, "en")
	p := draftSignPage{DraftFrame: f, Text: text.Lines(), Name: text.Name, Sign: c.bare(draftPath(a.draft.ID, requests.StepSign)), Digest: hex.EncodeToString(digest[:]),
		Do: Button{Text: c.T("draft.sign.submit")}, StepUp: c.StepUp(identity.PurposeSubmit, digest)}
	if check.Twice {
		p.Do.Text, p.Twice = c.T("draft.sign.first"), c.T("draft.sign.twice")
	}
	facts := facts{c: c}
	facts.text("request.f.order_number", check.Request.Order.Number)
	facts.text("case.process", s.processTitle(check.Request.Process))
	facts.text("requests.col.targets", itoa(len(check.Request.Targets)))
	facts.add("cosign.digest", Cell{Digest: &Digest{"SHA-256", p.Digest}})
	facts.text("draft.sign.text_name", text.Name)
	p.Facts = append(facts.list, deadlineFacts(c, check.Request, f.Zone)...)
	return draftSignView.Show(c, p)
}

// signDraft submits what the page showed; a draft that has changed since is
// shown again.
func (s *Server) signDraft(c *Ctx) error {
	id, err := c.draftID()
	if err != nil {
		return err
	}
	d, err := s.cfg.Services.Drafts.OpenDraft(c.Ctx(), id)
	if err != nil {
		return err
	}
	check, err := s.cfg.Services.Drafting.CheckDraft(c.Ctx(), d)
	if err != nil {
		return err
	}
	digest := requests.Digest(check.Request, check.Document.SHA256)
	if d.State == requests.DraftOpen && hex.EncodeToString(digest[:]) != c.Typed().Get("digest") {
		return fault.New(fault.Conflict, "%s", c.T("draft.sign.changed"))
	}
	ctx, err := c.Proved(identity.PurposeSubmit, digest)
	if err != nil {
		return err
	}
	q, err := s.cfg.Services.Drafting.SubmitDraft(ctx, id)
	if err != nil && fault.KindOf(err) == fault.Invalid {
		c.status = http.StatusUnprocessableEntity
		return s.showDraftCheck(c, stepAt{draft: d})
	}
	flash := "flash.request_submitted"
	if q.State == requests.AwaitingCosignature {
		flash = "flash.request_proposed"
	}
	return c.Done(err, requests.PathOf(q.ID), flash)
}
