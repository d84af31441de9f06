package web

import (
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
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
	if !s.canExtend(cs) {
		return fault.New(fault.Conflict, "%s", c.T("extend.over"))
	}
	p, err := c.actOf("extend.title", c.formFor(requests.PathOf(cs.Request.ID)+"/extend", in, wrong), "why")
	if err != nil {
		return err
	}
	s.narrowPage(c, &p, cs)
	p.Facts = s.preservationFacts(c, cs, p.Base)
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
	if s.canExtend(cs) {
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

// canExtend tells whether data can be kept longer: it was not done yet, and the
// law of the case's process knows how much an extension adds. The domain decides.
func (s *Server) canExtend(cs requests.Case) bool {
	p := s.pinnedTo(cs)
	return cs.CanExtend() && p != nil && p.Clocks.Extension != nil
}

// pinnedTo gives the version of the process to which a case is pinned, or nil.
func (s *Server) pinnedTo(cs requests.Case) *legal.Process {
	for _, p := range s.knownLaw().Processes() {
		if string(p.ID) == cs.Request.Process.ID && p.Version == cs.Request.Process.Version {
			return p
		}
	}
	return nil
}

// preservationFacts say until when data are kept, and how many days that is.
func (s *Server) preservationFacts(c *Ctx, cs requests.Case, b Base) []Fact {
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
	if p := s.pinnedTo(cs); p != nil && p.Clocks.Extension != nil {
		f.text("preserve.extensions", c.T("preserve.extended", "n", k.Extensions, "limit", requests.MaxExtensions))
	} else {
		f.text("preserve.extensions", c.T("preserve.no_extension"))
	}
	return f.list
}
