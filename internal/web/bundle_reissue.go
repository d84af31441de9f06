package web

import (
	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/requests"
)

func verbOf(s string) access.Verb { return access.Verb(s) }

func (s *Server) askReissue(c *Ctx) error { return s.showReissue(c, recallInput{}, nil) }

// showReissue asks why a bundle is issued again, and shows what came of it so far.
func (s *Server) showReissue(c *Ctx, in recallInput, wrong error) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	if !cs.CanReissue() {
		return fault.New(fault.Conflict, "%s", c.T("reissue.over"))
	}
	form := c.formFor(c.deskPath(cs.Request.ID)+"/reissue", in, wrong)
	form.Options("reason", c.choose("reissue.reason", requests.ReissueReasons...))
	p, err := c.staffAct(cs, "reissue.title", form, "reason", "why")
	if err != nil {
		return err
	}
	if g, ok := cs.Grant(cs.Holder()); ok {
		until := p.When(g.Until)
		p.Facts = append(p.Facts, Fact{c.T("bundle.until"), Cell{When: &until}},
			Fact{c.T("bundle.fetched"), Cell{Text: c.T("bundle.left", "done", g.Delivered, "limit", g.Deliveries)}})
	}
	p.warn(c, Info, "reissue.warning")
	return actView.Show(c, p)
}

// reissue lets the agency's officer fetch the same bundle anew.
func (s *Server) reissue(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in recallInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Reissues.Reissue(c.Once(), id, in.Reason, in.Why)
	}
	if invalid(err) {
		return s.showReissue(c, in, err)
	}
	return c.Done(err, c.deskPath(id), "flash.bundle_reissued")
}
