package web

import (
	"net/http"
	"strings"
)

type verifyPage struct {
	Base
	LogKey string
	Files  []NavItem // what is published for who verifies; nil: elsewhere
	Sums   string    // the command that shows the fingerprints of the roots
	Steps  []verifyStep
}

// verifyStep is a step of the help with its commands, and what they show.
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

// checkWhole is the command that checks a container against the files that an agency received.
func checkWhole(container string) string {
	return "lerd bundle verify " + container + " --trust-root root.pem --trust-root tsa-root.pem --log-vkey log-keys.txt"
}

// openSSLOpens is the command that decrypts a bundle.
func openSSLOpens(file, to string) string {
	return "openssl cms -decrypt -binary -inform DER -in " + file + " -recip CERTIFICATE.pem -inkey KEY.pem -out " + to
}

// openSSLSays is the command that checks a seal.
func openSSLSays(signature, of, root string) string {
	return "openssl cms -verify -cades -binary -inform DER -in " + signature + " -content " + of + " -CAfile " + root + " -out /dev/null"
}

// fingerprint is the command that shows the fingerprint of a certificate.
func fingerprint(file string) string {
	return "openssl x509 -in " + file + " -noout -fingerprint -sha256"
}

// helpVerify says how to check a bundle and the log without trusting us: each line as it is
// typed, one after the other, in the folder with the downloaded file.
func (s *Server) helpVerify(c *Ctx) error {
	p := verifyPage{Base: c.Base("verify.title"), LogKey: s.cfg.LogKey, Files: s.publishedFiles("root.pem", "tsa-root.pem", "log-keys.txt"), Sums: fingerprint("root.pem") + "\n" + fingerprint("tsa-root.pem")}
	for _, step := range []struct {
		key      string
		commands []string
	}{
		{"open", []string{openSSLOpens("BUNDLE.zip.p7m", "BUNDLE.zip"), "unzip BUNDLE.zip"}},
		{"container", []string{checkWhole("BUNDLE.asice")}},
		{"signature", []string{openSSLSays("BUNDLE.asice.p7s", "BUNDLE.asice", "root.pem"), "openssl ts -verify -data BUNDLE.asice -in BUNDLE.asice.tsr -CAfile tsa-root.pem"}},
		{"files", []string{"unzip BUNDLE.asice -d BUNDLE && cd BUNDLE", openSSLSays("META-INF/signature001.p7s", "META-INF/ASiCManifest001.xml", "../root.pem"),
			"sha256sum -c manifest-sha256.txt", "sha256sum -c tagmanifest-sha256.txt", "cd .."}},
		{"log", []string{"lerd audit verify --log " + s.origin.base() + "/log/ --vkey log-keys.txt"}},
	} {
		p.Steps = append(p.Steps, verifyStep{Title: c.T("verify." + step.key), Command: strings.Join(step.commands, "\n"), Text: c.T("verify." + step.key + ".text")})
	}
	return verifyView.Show(c, p)
}
