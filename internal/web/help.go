package web

import "net/http"

type verifyPage struct {
	Base
	LogKey string
	Steps  []verifyStep
}

// verifyStep is one command of the help, with what it shows.
type verifyStep struct{ Title, Command, Text string }

type plainPage struct{ Base }

var (
	verifyView        = newPage[verifyPage]("verify")
	accessibilityView = newPage[plainPage]("accessibility")
	privacyView       = newPage[plainPage]("privacy")
)

func (s *Server) helpRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/help/verify", Name: "help.verify", Title: "verify.title", Public: true, Nav: 90, Handle: s.helpVerify},
		{Method: http.MethodGet, Path: "/help/accessibility", Name: "help.accessibility", Title: "accessibility.title", Public: true, Handle: s.plain(accessibilityView, "accessibility.title")},
		{Method: http.MethodGet, Path: "/help/privacy", Name: "help.privacy", Title: "privacy.title", Public: true, Handle: s.plain(privacyView, "privacy.title")},
	}
}

// plain shows a page that has nothing but words.
func (s *Server) plain(p Page[plainPage], title string) Handler {
	return func(c *Ctx) error { return p.Show(c, plainPage{Base: c.Base(title)}) }
}

// helpVerify says how to check a bundle and the log without trusting us.
func (s *Server) helpVerify(c *Ctx) error {
	p := verifyPage{Base: c.Base("verify.title"), LogKey: s.cfg.LogKey}
	for _, step := range []struct{ key, command string }{
		{"container", "lerd bundle verify BUNDLE.asice"},
		{"signature", "openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml -CAfile ROOT.pem -out /dev/null"},
		{"files", "sha256sum -c manifest-sha256.txt"},
		{"log", "lerd audit verify --log " + s.origin.base() + "/log/"},
	} {
		p.Steps = append(p.Steps, verifyStep{Title: c.T("verify." + step.key), Command: step.command, Text: c.T("verify." + step.key + ".text")})
	}
	return verifyView.Show(c, p)
}
