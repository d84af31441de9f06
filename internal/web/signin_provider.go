package web

import (
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity/provider"
)

// providerInput is what the company's provider sends the browser back with.
type providerInput struct {
	State  string `form:"state" validate:"max=200" label:"sign_in.company" input:"hidden"`
	Code   string `form:"code" validate:"max=4096" label:"sign_in.company" input:"hidden"`
	Issuer string `form:"iss" validate:"max=500" label:"sign_in.company" input:"hidden"`
}

// providerGoPage leads to the provider. It is a page of its own, because a form
// of ours may not be redirected elsewhere.
type providerGoPage struct {
	Base
	Address string
}

// providerBackPage receives the browser from the provider. The reader goes on by
// a form: a GET changes nothing, and our own cookies do not come with a
// navigation that another site began.
type providerBackPage struct {
	Base
	Form   *Form
	Fields []Field
	Go     Button
}

var (
	providerGoView   = newPage[providerGoPage]("provider_go")
	providerBackView = newPage[providerBackPage]("provider_back", "field", "error_summary", "button")
)

func (s *Server) providerRoutes() []Route {
	if s.cfg.People.Provider == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodPost, Path: "/sign-in/provider", Name: "session.provider", Title: "sign_in.title", Public: true, Body: FormBody, Handle: s.goToProvider},
		{Method: http.MethodGet, Path: "/sign-in/provider/back", Name: "session.back", Title: "sign_in.title", Public: true, Handle: s.backFromProvider},
		{Method: http.MethodPost, Path: "/sign-in/provider/back", Name: "session.by_provider", Title: "sign_in.title", Public: true, Body: FormBody, Handle: s.signInByProvider},
	}
}

// companyForm is the button that leads to the provider, or nil.
func (c *Ctx) companyForm() *Form {
	if c.srv.cfg.People.Provider == nil {
		return nil
	}
	return c.Form("/sign-in/provider", struct{}{})
}

func (s *Server) goToProvider(c *Ctx) error {
	address, err := s.cfg.People.Provider.BeginProvider(c.Ctx(), c.browser(true))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Refresh", "0; url="+address)
	return providerGoView.Show(c, providerGoPage{Base: c.Base("sign_in.company.go"), Address: address})
}

func (s *Server) backFromProvider(c *Ctx) error {
	var in providerInput
	if err := c.DecodeQuery(&in); err != nil {
		in = providerInput{}
	}
	p := providerBackPage{Base: c.Base("sign_in.company.back"), Form: c.Form("/sign-in/provider/back", in), Go: Button{Text: c.T("sign_in.company.on")}}
	for _, name := range []string{"state", "code", "iss"} {
		f, _ := p.Form.Field(name)
		p.Fields = append(p.Fields, f)
	}
	return providerBackView.Show(c, p)
}

// signInByProvider starts a session for whom the provider names; every failure
// shows the sign-in page in the same way.
func (s *Server) signInByProvider(c *Ctx) error {
	var in providerInput
	err := c.Decode(&in)
	var token string
	if err == nil {
		token, _, err = s.cfg.People.Provider.SignInByProvider(c.Ctx(), c.browser(false), provider.Answer{State: in.State, Code: in.Code, Issuer: in.Issuer}, c.Request().UserAgent())
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.SignIn || kind == fault.Invalid) {
		c.SetStatus(http.StatusUnauthorized)
		return s.showSignInPage(c, nil, "/", c.T("sign_in.refused"))
	}
	if err != nil {
		return err
	}
	return s.signedIn(c, token, "/")
}
