package web

import (
	"encoding/hex"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// sendBackInput says what the officer should change.
type sendBackInput struct {
	Why string `form:"why" validate:"required" label:"cosign.why" hint:"cosign.why.hint" input:"textarea" rows:"3"`
}

// cosignPage is a request as its second signer sees it: everything that the
// officer signed, and the order beside it.
type cosignPage struct {
	Base
	Ref      string
	Officer  string
	Process  []Fact
	Order    []Fact
	Offence  []Fact
	Need     []Fact
	Targets  []targetReading
	Sheets   sheetsPart
	OrderAt  string
	Signed   []Fact // what the officer signed, and the digest
	Text     Attested
	Sign     *Form
	StepUp   *StepUp
	Return   *Form
	DoSign   Button
	DoReturn Button
}

var cosignView = newPage[cosignPage]("cosign", "breadcrumb", "facts", "cell", "badge", "when", "digest", "field", "error_summary", "button", "notice", "attestation", "step_up")

func (s *Server) cosignRoutes() []Route {
	if s.cfg.Services.Cosigning == nil {
		return nil
	}
	officer := []identity.Role{identity.Officer}
	return []Route{
		{Method: http.MethodGet, Path: "/requests/:id/cosign", Name: "cosign.show", Title: "cosign.title", Roles: officer, Verb: "cosign", Object: "request", Handle: s.showCosign},
		{Method: http.MethodPost, Path: "/requests/:id/cosign", Name: "cosign.sign", Title: "cosign.title", Roles: officer, Verb: "cosign", Object: "request", Body: FormBody, Handle: s.cosign},
		{Method: http.MethodPost, Path: "/requests/:id/send-back", Name: "cosign.return", Title: "cosign.title", Roles: officer, Verb: "cosign", Object: "request", Body: FormBody, Handle: s.sendBack},
		{Method: http.MethodPost, Path: "/requests/:id/take-back", Name: "request.take_back", Title: "request.title", Roles: officer, Verb: "withdraw", Object: "request", Body: FormBody, Handle: s.takeBack},
		s.orderPages(Route{Path: "/requests/:id/order/:page", Name: "request.sheet", Title: "request.title", Roles: officer}),
	}
}

func (s *Server) showCosign(c *Ctx) error { return s.showCosigning(c, nil) }

// showCosigning shows a request to its second signer; wrong is the form of the
// return after mistakes, or nil.
func (s *Server) showCosigning(c *Ctx, wrong *Form) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, err := s.cfg.Services.Cases.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	switch {
	case cs.Request.State != requests.AwaitingCosignature:
		return fault.New(fault.Conflict, "%s", c.T("cosign.over"))
	case !requests.MayCosign(actor, cs.Request):
		return fault.New(fault.Conflict, "%s", c.T("cosign.not_you"))
	}
	path := requests.PathOf(id)
	p := cosignPage{Base: c.Base("cosign.title"), Ref: cs.Request.Ref, Officer: cs.Officer.Name.Reveal(), OrderAt: path + "/order",
		Sign: c.bare(path + "/cosign"), Return: wrong, DoSign: Button{Text: c.T("cosign.sign")}, DoReturn: Button{Text: c.T("cosign.return"), Kind: "secondary"}}
	if wrong == nil {
		p.Return = c.Form(path+"/send-back", sendBackInput{})
	}
	p.Wide, p.Zone, p.Problems = true, zoneOf(cs.Agency), wrong != nil
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {cs.Request.Ref, path}, {p.Title, ""}}
	s.fillCosign(c, &p, cs)
	return cosignView.Show(c, p)
}

func (s *Server) fillCosign(c *Ctx, p *cosignPage, cs requests.Case) {
	p.Process, p.Order, p.Offence, p.Need = s.processFacts(c, cs), s.orderFacts(c, cs), s.offenceFacts(c, cs), s.needFacts(c, cs)
	for _, t := range cs.Request.Targets {
		p.Targets = append(p.Targets, c.reading(t))
	}
	p.Sheets = s.sheetsOf(c, cs, p.Zone, requests.PathOf(cs.Request.ID)+"/order/")
	digest := requests.Digest(cs.Request, cs.Document.SHA256, cs.Links)
	p.StepUp = c.StepUp(identity.PurposeCoSign, digest)
	f := facts{c: c}
	f.add("cosign.digest", Cell{Digest: &Digest{"SHA-256", hex.EncodeToString(digest[:])}})
	if g, ok := cs.Signature(requests.SignedToSubmit); ok {
		f.add("cosign.signed_at", Cell{When: &When{g.At, p.Zone}})
		f.text("cosign.signed_text", g.Attestation)
	}
	p.Signed = append(f.list, c.linkFacts(cs.Links)...)
	p.Text, _ = s.attested(c, requests.SignedToCosign)
}

// cosign is the second signature; from here on the request counts as submitted.
func (s *Server) cosign(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, err := s.cfg.Services.Cases.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	ctx, err := c.Proved(identity.PurposeCoSign, requests.Digest(cs.Request, cs.Document.SHA256, cs.Links))
	if err != nil {
		return err
	}
	return c.Done(s.cfg.Services.Cosigning.CoSign(ctx, id), requests.PathOf(id), "flash.request_cosigned")
}

// sendBack returns the request to its officer, with a reason.
func (s *Server) sendBack(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in sendBackInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Cosigning.SendBack(c.Once(), id, in.Why)
	}
	if invalid(err) {
		return s.showCosigning(c, c.FormAgain(requests.PathOf(id)+"/send-back", in, err))
	}
	return c.Done(err, requests.PathOf(id), "flash.request_sent_back")
}

// takeBack takes a request back into its draft.
func (s *Server) takeBack(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	return c.Done(s.cfg.Services.Cosigning.TakeBack(c.Once(), id), requests.PathOf(id), "flash.request_taken_back")
}
