package web

import (
	"lerd/internal/identity"
	"lerd/internal/usernotice"
)

func (s *Server) newGag(c *Ctx) error { return s.gagForm(c, gagInput{}, nil) }

func (s *Server) gagForm(c *Ctx, in gagInput, wrong error) error {
	form := c.formFor(gagsPath+"/new", in, wrong)
	p, err := c.actOf("gag.new", form, "case_ref", "reference", "basis", "ends_on", "review_on", "order_ref")
	if err != nil {
		return err
	}
	s.gagPage(c, &p)
	p.warn(c, Info, "gag.new.warning")
	return actView.Show(c, p)
}

func (s *Server) gagPage(c *Ctx, p *actPage) {
	p.Crumbs = []Crumb{{c.T("gags.title"), gagsPath}, {p.Title, ""}}
	p.Leave = NavItem{Text: c.T("act.back"), Href: gagsPath}
}

// enterGag reads a gag back before it is signed, so that exactly what was read is
// what somebody agrees to.
func (s *Server) enterGag(c *Ctx) error {
	var in gagInput
	err := c.Decode(&in)
	var g usernotice.Gag
	if err == nil {
		g, err = s.cfg.Services.Gags.Entry(c.Ctx(), in.entry())
	}
	switch {
	case invalid(err):
		return s.gagForm(c, in, err)
	case err != nil:
		return err
	case in.Do != "sign":
		return s.readBackGag(c, in, g)
	}
	ctx, err := c.Proved(identity.PurposeGag, usernotice.RegisterDigest(g))
	id := usernotice.GagID("")
	if err == nil {
		id, err = s.cfg.Services.Gags.Enter(ctx, in.entry())
	}
	return c.Done(err, usernotice.PathOf(id), "flash.gag_entered")
}

func (s *Server) readBackGag(c *Ctx, in gagInput, g usernotice.Gag) error {
	p, err := c.actOf("gag.check", c.bare(gagsPath+"/new"))
	if err != nil {
		return err
	}
	s.gagPage(c, &p)
	p.Fields = c.carried()
	f := facts{c: c}
	f.add("gag.case", Cell{Code: in.CaseRef})
	f.text("gag.reference", g.Reference)
	f.add("gag.ends", c.dayCell(p.Base, g.Ends, "gag.no_end"))
	f.add("gag.review", c.dayCell(p.Base, g.Review, "gag.no_review"))
	p.Facts = f.list
	p.StepUp = c.StepUp(identity.PurposeGag, usernotice.RegisterDigest(g))
	return actView.Show(c, p)
}

// carried gives what was typed as hidden fields, for the page on which it is
// signed.
func (c *Ctx) carried() (fields []Field) {
	for name, list := range c.values {
		for _, v := range list {
			if name != keyField && name != "do" {
				fields = append(fields, Field{Name: name, Value: v, Input: "hidden"})
			}
		}
	}
	return append(fields, Field{Name: "do", Value: "sign", Input: "hidden"})
}
