package web

import (
	"net/http"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// followRoutes begin a draft that goes on from a case.
func (s *Server) followRoutes() []Route {
	if s.cfg.Services.Follows == nil || s.cfg.Services.Drafts == nil {
		return nil
	}
	return []Route{{Method: http.MethodPost, Path: "/requests/:id/follow", Name: "request.follow", Title: "draft.title", Roles: []identity.Role{identity.Officer}, Verb: "submit", Object: "request", Body: FormBody, Handle: s.followRequest}}
}

func (s *Server) followRequest(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	d, err := s.cfg.Services.Follows.FollowDraft(c.Once(), id)
	return c.Done(err, requests.PathOfDraft(d.ID), "flash.follow_begun")
}

// linkFacts name the cases that a case follows, and those that follow it.
func (c *Ctx) linkFacts(links []requests.Linked) []Fact {
	f := facts{c: c}
	for _, l := range links {
		key := "link." + string(l.Kind)
		if l.Later {
			key += ".later"
		}
		f.add(key, Cell{Code: l.Ref, Href: c.casePath(l.Request)})
	}
	return f.list
}
