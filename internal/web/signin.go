package web

import (
	"context"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// DevUser is one invented person of the demo.
type DevUser struct {
	SignIn string // what identity.Person has
	Name   string
	Role   identity.Role
	Agency string // name, empty for staff
}

// DevSignIn signs in the demo's invented people without a passkey.
type DevSignIn interface {
	// Users gives everybody who can be chosen.
	Users(ctx context.Context) ([]DevUser, error)
	// SignIn starts a session and gives its token; an unknown name is
	// fault.SignIn. The session and its event are durable when it returns.
	SignIn(ctx context.Context, signIn, key string) (token string, err error)
}

type signInInput struct {
	User string `form:"user" validate:"required,max=80" label:"sign_in.who"`
	Next string `form:"next" validate:"max=500" input:"hidden"`
}

// signInPage is the frame of every way to sign in.
type signInPage struct {
	Base
	Form    *Form        // nil where there is no development sign-in
	Passkey *passkeyForm // nil where nobody signs in by passkey
	Failed  string       // a sign-in that was refused
	Company *Form        // of the company's own provider; nil where there is none
	Go      Button
	Groups  []devGroup
	Warning Notice
}

// devGroup is the demo's people of one role, each with a button.
type devGroup struct {
	ID, Title, Text string
	People          []devPerson
}

type devPerson struct {
	Name, Agency string
	Button       Button
}

var (
	signInView    = newPage[signInPage]("sign_in", "field", "error_summary", "button", "step_up")
	signedOutView = newPage[signedOutPage]("signed_out")
)

type signedOutPage struct{ Base }

func (s *Server) signInRoutes() []Route {
	routes := []Route{
		{Method: http.MethodGet, Path: "/sign-in", Name: "session.new", Title: "sign_in.title", Public: true, Handle: s.signInForm},
		{Method: http.MethodPost, Path: "/sign-out", Name: "session.end", Title: "signed_out.title", Public: true, NoKey: true, Body: FormBody, Handle: s.signOut},
		{Method: http.MethodGet, Path: "/signed-out", Name: "session.ended", Title: "signed_out.title", Public: true, Handle: s.signedOut},
	}
	if s.cfg.DevSignIn != nil {
		routes = append(routes, Route{Method: http.MethodPost, Path: "/sign-in", Name: "session.create", Title: "sign_in.title", Public: true, Body: FormBody, Handle: s.signInDev})
	}
	return append(append(routes, s.passkeySignInRoutes()...), s.providerRoutes()...)
}

func (s *Server) signInForm(c *Ctx) error {
	in := signInInput{Next: LocalPath(c.QueryParam("next"), "/")}
	var form *Form
	if s.cfg.DevSignIn != nil {
		form = c.Form("/sign-in", in)
	}
	return s.showSignInPage(c, form, in.Next, "")
}

func (s *Server) showSignIn(c *Ctx, form *Form) error { return s.showSignInPage(c, form, "/", "") }

// showSignInPage shows every way to sign in; failed is what became of a try.
func (s *Server) showSignInPage(c *Ctx, form *Form, next, failed string) error {
	if form == nil && s.cfg.DevSignIn != nil {
		form = c.Form("/sign-in", signInInput{Next: next})
	}
	p := signInPage{Base: c.Base("sign_in.title"), Form: form, Passkey: c.passkeyForm(next), Company: c.companyForm(), Go: Button{Text: c.T("sign_in.company"), Kind: "secondary"}, Failed: failed, Warning: Notice{Kind: Caution, Text: c.T("sign_in.warning")}}
	if form != nil {
		users, err := s.cfg.DevSignIn.Users(c.Ctx())
		if err != nil {
			return err
		}
		p.Warning = Notice{Kind: Caution, Title: c.T("sign_in.evaluation"), Text: c.T("sign_in.evaluation.text")}
		if s.cfg.Practice != nil {
			p.Warning = Notice{Kind: Caution, Title: c.T("practice.who"), Text: c.T("practice.who.text")}
		}
		p.Groups = c.devGroups(users)
	}
	p.Problems = failed != "" || form != nil && len(form.Summary) > 0
	return signInView.Show(c, p)
}

// devGroups lists the demo's people by role.
func (c *Ctx) devGroups(users []DevUser) []devGroup {
	var out []devGroup
	for _, role := range identity.Roles {
		g := devGroup{ID: string(role), Title: c.T("role." + string(role)), Text: c.T("sign_in.does." + string(role))}
		for _, u := range users {
			if u.Role == role {
				g.People = append(g.People, devPerson{u.Name, u.Agency, Button{Text: c.T("sign_in.as", "name", u.Name), Kind: "secondary", Name: "user", Value: u.SignIn}})
			}
		}
		if len(g.People) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// signInDev starts a session under a new token; an older one of this browser
// ends first, so that no session outlives a change of person.
func (s *Server) signInDev(c *Ctx) error {
	var in signInInput
	err := c.Decode(&in)
	var token string
	if err == nil {
		token, err = s.cfg.DevSignIn.SignIn(c.Ctx(), in.User, c.Key())
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.SignIn) {
		if kind == fault.SignIn {
			err = fault.Fields([]fault.Problem{{Field: "user", Message: fault.Message(err)}})
		}
		return s.showSignIn(c, c.FormAgain("/sign-in", in, err))
	}
	if err != nil {
		return err
	}
	return s.signedIn(c, token, in.Next)
}

// signOut ends the session and empties what the browser kept of us.
func (s *Server) signOut(c *Ctx) error {
	if token := c.token(); token != "" {
		if err := s.cfg.Sessions.SignOut(c.Ctx(), token); err != nil {
			return err
		}
	}
	c.dropSession()
	return c.SeeOther("/signed-out", "")
}

func (s *Server) signedOut(c *Ctx) error {
	return signedOutView.Show(c, signedOutPage{Base: c.Base("signed_out.title")})
}
