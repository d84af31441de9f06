package web

import (
	"net/http"
	"regexp"

	"lerd/internal/fault"
)

// Names of the cookie that binds a ceremony to a browser without a session.
const (
	browserCookie      = "__Host-lerd-browser"
	browserCookiePlain = "lerd-browser"
)

func (s *Server) browserName() string {
	if s.origin.secure {
		return browserCookie
	}
	return browserCookiePlain
}

var browserForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// browser gives the value by which this browser is known until somebody signs
// in; fresh makes one where there is none.
func (c *Ctx) browser(fresh bool) string {
	if ck, err := c.Request().Cookie(c.srv.browserName()); err == nil && browserForm.MatchString(ck.Value) {
		return ck.Value
	}
	if !fresh {
		return ""
	}
	value := c.srv.newToken()
	c.SetCookie(c.srv.cookie(c.srv.browserName(), value))
	return value
}

func (s *Server) passkeySignInRoutes() []Route {
	if s.cfg.People.SignIn == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodPost, Path: "/sign-in/begin", Name: "session.begin", Title: "sign_in.title", Public: true, Body: FormBody, Handle: s.beginSignIn},
		{Method: http.MethodPost, Path: "/sign-in/passkey", Name: "session.passkey", Title: "sign_in.title", Public: true, Body: FormBody, Handle: s.signInByPasskey},
	}
}

// nextInput says where the reader wanted to go.
type nextInput struct {
	Next string `form:"next" validate:"max=500" input:"hidden"`
}

// passkeyForm is the form of the sign-in by passkey, on the sign-in page.
type passkeyForm struct {
	*Form
	StepUp *StepUp
	Button Button
	Failed string
}

func (c *Ctx) passkeyForm(next string) *passkeyForm {
	if c.srv.cfg.People.SignIn == nil {
		return nil
	}
	u := &StepUp{Begin: "/sign-in/begin", Act: "get", Text: c.T("sign_in.passkey")}
	c.asks(u)
	u.Failed = c.T("sign_in.no_answer")
	return &passkeyForm{Form: c.Form("/sign-in/passkey", nextInput{Next: next}).prefixed("passkey"), StepUp: u, Button: Button{Text: c.T("sign_in.with_passkey")}}
}

// beginSignIn gives a browser a challenge, whoever it is.
func (s *Server) beginSignIn(c *Ctx) error {
	id, options, err := s.cfg.People.SignIn.BeginSignIn(c.Ctx(), c.browser(true))
	if err != nil {
		return err
	}
	return c.sendCeremony(id, options)
}

// signInByPasskey starts a session under a new token; one that this browser had
// ends first, so that no planted cookie outlives a sign-in. Every failure shows
// the same page.
// SPEC: OWASP ASVS 5.0 V7.2.4.
func (s *Server) signInByPasskey(c *Ctx) error {
	var in nextInput
	if err := c.Decode(&in); err != nil {
		return err
	}
	id, answer := c.answer()
	token, _, err := s.cfg.People.SignIn.SignInByPasskey(c.Ctx(), c.browser(false), id, answer, c.Request().UserAgent())
	if err != nil && fault.KindOf(err) == fault.SignIn {
		c.SetStatus(http.StatusUnauthorized)
		return s.showSignInPage(c, nil, LocalPath(in.Next, "/"), c.T("sign_in.refused"))
	}
	if err != nil {
		return err
	}
	return s.signedIn(c, token, LocalPath(in.Next, "/"))
}

// signedIn hands a new session to the browser and ends what it had before.
func (s *Server) signedIn(c *Ctx, token, next string) error {
	if old := c.token(); old != "" && old != token {
		if err := s.cfg.Sessions.SignOut(c.Ctx(), old); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	c.SetSession(token)
	c.SetCookie(s.cookie(s.browserName(), ""))
	return c.SeeOther(next, "")
}
