package web

import (
	"net/http"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// takeOverInput says why a colleague takes a case over.
type takeOverInput struct {
	Why string `form:"why" validate:"required" label:"takeover.why" hint:"takeover.why.hint" input:"textarea" rows:"2"`
}

// changeRoutes are what an agency's officers change about a case of their own.
func (s *Server) changeRoutes() []Route {
	if s.cfg.Services.Changes == nil || s.cfg.Services.Uploads == nil {
		return nil
	}
	officer, reviewer := []identity.Role{identity.Officer}, []identity.Role{identity.Reviewer}
	return []Route{
		{Method: http.MethodGet, Path: "/requests/:id/narrow", Name: "request.narrowing", Title: "narrow.title", Roles: officer, Verb: "narrow", Object: "request", Handle: s.askNarrowing},
		{Method: http.MethodPost, Path: "/requests/:id/narrow", Name: "request.narrow", Title: "narrow.title", Roles: officer, Verb: "narrow", Object: "request", Body: FormBody, Handle: s.narrowRequest},
		{Method: http.MethodGet, Path: "/requests/:id/take-over", Name: "request.taking_over", Title: "takeover.title", Roles: officer, Verb: "take_over", Object: "request", Handle: s.askTakeOver},
		{Method: http.MethodPost, Path: "/requests/:id/take-over", Name: "request.take_over", Title: "takeover.title", Roles: officer, Verb: "take_over", Object: "request", Body: FormBody, Handle: s.takeOver},
		{Method: http.MethodGet, Path: "/requests/:id/extend", Name: "request.extension", Title: "extend.title", Roles: officer, Verb: "extend", Object: "request", Handle: s.askExtension},
		{Method: http.MethodPost, Path: "/requests/:id/extend", Name: "request.extend", Title: "extend.title", Roles: officer, Verb: "extend", Object: "request", Body: FormBody, Handle: s.extendRequest},
		{Method: http.MethodGet, Path: "/requests/:id/write", Name: "message.ask", Title: "write.title", Roles: officer, Verb: "write", Object: "request", Handle: s.askMessage},
		{Method: http.MethodPost, Path: "/requests/:id/write", Name: "message.send", Title: "write.title", Roles: officer, Verb: "write", Object: "request", Body: Upload, MaxBody: uploadRoom, Handle: s.sendMessage},
		{Method: http.MethodGet, Path: "/requests/:id/attachment/:doc", Name: "message.attachment", Title: "request.title", Roles: officer, Verb: "view", Object: "document", Handle: s.fetchAttachment},
		{Method: http.MethodGet, Path: "/review/:id/write", Name: "message.ask_review", Title: "write.title", Roles: reviewer, Verb: "write", Object: "request", Handle: s.askMessage},
		{Method: http.MethodPost, Path: "/review/:id/write", Name: "message.send_review", Title: "write.title", Roles: reviewer, Verb: "write", Object: "request", Body: FormBody, Handle: s.sendMessage},
		s.attachmentPages(Route{Path: "/review/:id/attachment/:doc/:page", Name: "message.sheet", Title: "review.title", Roles: []identity.Role{identity.Reviewer, identity.Counsel}}),
	}
}

func (s *Server) askTakeOver(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	return s.showTakeOver(c, cs, takeOverInput{}, nil)
}

func (s *Server) showTakeOver(c *Ctx, cs requests.Case, in takeOverInput, wrong error) error {
	actor, _ := c.Actor()
	path := requests.PathOf(cs.Request.ID)
	if !cs.CanTakeOver(actor) { // who holds it themselves is told so
		p, err := c.actOf("takeover.title", nil)
		if err != nil {
			return err
		}
		s.narrowPage(c, &p, cs)
		p.Warning = &Notice{Kind: Info, Text: c.T("takeover.over")}
		return actView.Show(c, p)
	}
	p, err := c.actOf("takeover.title", c.formFor(path+"/take-over", in, wrong), "why")
	if err != nil {
		return err
	}
	s.narrowPage(c, &p, cs)
	f := facts{c: c}
	f.add("requests.col.ref", Cell{Code: cs.Request.Ref})
	f.text("takeover.holder", c.officerName(cs, cs.Holder()))
	p.Facts = f.list
	p.warn(c, Info, "takeover.warning")
	p.StepUp = c.StepUp(identity.PurposeSubmit, requests.TakeOverDigest(cs, actor.Person))
	return actView.Show(c, p)
}

func (s *Server) takeOver(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in takeOverInput
	if err = c.Decode(&in); invalid(err) {
		return s.showTakeOver(c, cs, in, err)
	}
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	ctx, err := c.Proved(identity.PurposeSubmit, requests.TakeOverDigest(cs, actor.Person))
	if err == nil {
		err = s.cfg.Services.Changes.TakeOver(ctx, cs.Request.ID, in.Why)
	}
	if invalid(err) {
		return s.showTakeOver(c, cs, in, err)
	}
	return c.Done(err, requests.PathOf(cs.Request.ID), "flash.taken_over")
}

// changeLinks lead to what the reader can change about a case of their agency.
func (s *Server) changeLinks(c *Ctx, cs requests.Case) []NavItem {
	if s.cfg.Services.Changes == nil {
		return nil
	}
	actor, _ := c.Actor()
	path := requests.PathOf(cs.Request.ID)
	out := []NavItem{{Text: c.T("write.title"), Href: path + "/write"}}
	if can(cs.Request.State, requests.NarrowRequest, identity.Officer) {
		out = append(out, NavItem{Text: c.T("narrow.title"), Href: path + "/narrow"})
	}
	if s.canExtend(cs) {
		out = append(out, NavItem{Text: c.T("extend.title"), Href: path + "/extend"})
	}
	if cs.CanTakeOver(actor) {
		out = append(out, NavItem{Text: c.T("takeover.title"), Href: path + "/take-over"})
	}
	return out
}
