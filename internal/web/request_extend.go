package web

import (
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// extendInput says why data are to be kept longer.
type extendInput struct {
	Why string `form:"why" validate:"required" label:"extend.why" hint:"extend.why.hint" input:"textarea" rows:"2"`
}

func (s *Server) askExtension(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	return s.showExtension(c, cs, extendInput{}, nil)
}

func (s *Server) showExtension(c *Ctx, cs requests.Case, in extendInput, wrong error) error {
	if !cs.CanExtend() {
		return fault.New(fault.Conflict, "%s", c.T("extend.over"))
	}
	p, err := c.actOf("extend.title", c.formFor(requests.PathOf(cs.Request.ID)+"/extend", in, wrong), "why")
	if err != nil {
		return err
	}
	s.narrowPage(c, &p, cs)
	p.Facts = c.preservationFacts(cs, p.Base)
	p.StepUp = c.StepUp(identity.PurposeSubmit, requests.ExtendDigest(cs))
	return actView.Show(c, p)
}

func (s *Server) extendRequest(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in extendInput
	if err = c.Decode(&in); invalid(err) {
		return s.showExtension(c, cs, in, err)
	}
	if err != nil {
		return err
	}
	ctx := c.Once()
	if cs.CanExtend() {
		if ctx, err = c.Proved(identity.PurposeSubmit, requests.ExtendDigest(cs)); err != nil {
			return err
		}
	}
	err = s.cfg.Services.Extensions.Extend(ctx, cs.Request.ID, in.Why)
	if invalid(err) {
		return s.showExtension(c, cs, in, err)
	}
	return c.Done(err, requests.PathOf(cs.Request.ID), "flash.extended")
}

// preservationFacts say until when data are kept, and how many days that is.
func (c *Ctx) preservationFacts(cs requests.Case, b Base) []Fact {
	f := facts{c: c}
	for _, u := range cs.KeptUnder {
		until := b.When(u.Until)
		f.add("preserve.under", Cell{Code: u.Ref, Href: c.casePath(u.Request)})
		f.add("preserve.until", Cell{When: &until})
	}
	k := cs.Preservation
	if k == nil {
		return f.list
	}
	from, until := b.When(k.From), b.When(k.Until)
	f.add("preserve.from", Cell{When: &from})
	left := int(k.Until.Sub(c.Now()).Hours() / 24)
	f.add("preserve.until", Cell{When: &until, Note: c.T("preserve.left", "days", c.T("case.days", "n", max(left, 0)))})
	f.text("preserve.extensions", c.T("preserve.extended", "n", k.Extensions, "limit", requests.MaxExtensions))
	return f.list
}
