package web

import (
	"context"
	"net/http"

	"lerd/internal/access"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// Rights is counsel's human-rights review of cases; *requests.Service fulfils it.
type Rights interface {
	RightsWaiting(ctx context.Context) ([]requests.RightsWaiting, error)
	RightsReview(ctx context.Context, id requests.ID) (requests.Case, requests.RightsReview, error)
	RightsSteps
}

// RightsSteps are the steps of a review.
type RightsSteps interface {
	OpenRights(ctx context.Context, id requests.ID, flags []string) error
	ReadRights(r requests.RightsReview, in requests.RightsInput) (requests.RightsAnswer, error)
	AnswerRights(ctx context.Context, id requests.ID, in requests.RightsInput) error
	DecideRights(ctx context.Context, id requests.ID, agree bool, note string) error
}

// rightsOpenInput says what a case touches.
type rightsOpenInput struct {
	Flag string `form:"flag" validate:"required" label:"rights.flag" input:"select"`
}

// rightsDecisionInput is the second person's word; each has a form of its own, so
// that it is what the passkey is asked for.
type rightsDecisionInput struct {
	Word string `form:"word" validate:"required,oneof=agreed returned" label:"rights.word" input:"hidden"`
	Note string `form:"note" validate:"max=2000" label:"rights.note" input:"textarea" rows:"3"`
}

var (
	rightsReaders  = []identity.Role{identity.Counsel, identity.Approver, identity.Auditor, identity.Reviewer}
	rightsDeciders = []identity.Role{identity.Counsel, identity.Approver}
	rightsOpeners  = []identity.Role{identity.Counsel, identity.Approver, identity.Reviewer}
)

func (s *Server) rightsRoutes() []Route {
	if s.cfg.Services.Rights == nil {
		return nil
	}
	row := func(method, path, name string, roles []identity.Role, verb access.Verb, h Handler) Route {
		r := Route{Method: method, Path: "/counsel/rights" + path, Name: name, Title: "rights.title", Roles: roles, Verb: verb, Object: "rights", Handle: h}
		if method == http.MethodPost {
			r.Body = FormBody
		}
		return r
	}
	list := row(http.MethodGet, "", "rights.list", rightsReaders, "view", s.listRights)
	list.Nav = 25
	return []Route{
		list,
		row(http.MethodGet, "/:id", "rights.show", rightsReaders, "view", s.showRights),
		row(http.MethodPost, "/:id/open", "rights.open", rightsOpeners, "open", s.openRights),
		row(http.MethodPost, "/:id/answer", "rights.answer", counsels, "answer", s.answerRights),
		row(http.MethodPost, "/:id/decide", "rights.decide", rightsDeciders, "agree", s.decideRights),
	}
}
