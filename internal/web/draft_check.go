package web

import (
	"encoding/hex"
	"net/http"
	"slices"

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
	p.Links = c.linkFacts(check.Links)
	p.Missing = s.missingLines(c, a.draft, check.Problems)
	for _, n := range check.Notes {
		p.Notes = append(p.Notes, s.checkLine(c, a.draft, n))
	}
	q := check.Request
	cs := requests.Case{Request: q, Agency: check.Agency, Document: check.Document}
	// A step with open questions is not read back: an answer that was not given
	// would look like one that was.
	if answered := answeredSteps(check.Problems); answered[requests.StepKind] {
		p.Process = s.processFacts(c, cs)
		if answered[requests.StepOrder] {
			p.Order = s.orderFacts(c, cs)
		}
		if answered[requests.StepNeed] {
			p.Offence, p.Need = s.offenceFacts(c, cs), s.needFacts(c, cs)
		}
	}
	for _, t := range q.Targets {
		p.Targets = append(p.Targets, checkedTarget{c.reading(t), c.earlierWords(t, check.Earlier)})
	}
	if p.Complete {
		p.Deadline, p.Explain = deadlineFacts(c, q, f.Zone), paragraphs(q.DueExplained)
	}
	return draftCheckView.Show(c, p)
}

// missingLines lists what is missing in the order of the steps.
func (s *Server) missingLines(c *Ctx, d requests.Draft, problems []fault.Problem) (out []checkLine) {
	problems = slices.Clone(problems)
	slices.SortStableFunc(problems, func(a, b fault.Problem) int { return stepPlace(a) - stepPlace(b) })
	for _, p := range problems {
		out = append(out, s.checkLine(c, d, p))
	}
	return out
}

// stepPlace gives the place of a problem's step, and the end for one of none.
func stepPlace(p fault.Problem) int {
	if i := slices.Index(requests.DraftSteps, stepOf(formField(p.Field))); i >= 0 {
		return i
	}
	return len(requests.DraftSteps)
}

// answeredSteps are the steps in which nothing is missing.
func answeredSteps(problems []fault.Problem) map[requests.DraftStep]bool {
	out := map[requests.DraftStep]bool{}
	for _, step := range requests.DraftSteps {
		out[step] = true
	}
	for _, p := range problems {
		out[stepOf(formField(p.Field))] = false
	}
	return out
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
	Text   Attested
	Facts  []Fact
	Sign   *Form
	Digest string
	Do     Button
	StepUp *StepUp
	Twice  string
}

var draftSignView = newPage[draftSignPage]("draft_sign", "breadcrumb", "draft_head", "draft_foot", "error_summary", "button", "facts", "table", "cell", "badge", "when", "digest", "empty", "attestation", "step_up")

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
	digest := requests.Digest(check.Request, check.Document.SHA256, check.Links)
	text, signed := s.attested(c, requests.SignedToSubmit)
	p := draftSignPage{DraftFrame: f, Text: text, Sign: c.bare(draftPath(a.draft.ID, requests.StepSign)), Digest: hex.EncodeToString(digest[:]),
		Do: Button{Text: c.T("draft.sign.submit")}, StepUp: c.StepUp(identity.PurposeSubmit, digest)}
	if check.Twice {
		p.Do.Text, p.Twice = c.T("draft.sign.first"), c.T("draft.sign.twice")
	}
	facts := facts{c: c}
	facts.text("request.f.order_number", check.Request.Order.Number)
	facts.text("case.process", s.processTitle(check.Request.Process))
	facts.text("requests.col.targets", itoa(len(check.Request.Targets)))
	facts.add("cosign.digest", Cell{Digest: &Digest{"SHA-256", p.Digest}})
	facts.text("draft.sign.text_name", signed.Name)
	facts.list = append(facts.list, c.linkFacts(check.Links)...)
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
	digest := requests.Digest(check.Request, check.Document.SHA256, check.Links)
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
