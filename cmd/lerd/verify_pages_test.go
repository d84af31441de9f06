package main

import (
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lerd/internal/requests"
)

var typedOnPages = regexp.MustCompile(`(?s)<pre dir="ltr" tabindex="0"><code>(.*?)</code></pre>`)

// TestTheCommandsOfThePagesCheckABundle types what the public help and the officer's page of a
// request say, each in a folder with the downloaded file, the agency's own key, and what is
// published: every command succeeds.
func TestTheCommandsOfThePagesCheckABundle(t *testing.T) {
	s := newScenario(t)
	id := s.approved("IN/94/2026/411")
	s.jobs()
	portal := s.open(unhurried)
	s.sequenceAll()
	ref, file := s.load(id).Release.Ref, s.got(s.as("asha.rao"), id)
	nobody, officer := portal.visit(""), portal.visit("asha.rao")
	folder := func() *agencyShell {
		dir := t.TempDir()
		for name, from := range map[string]string{"CERTIFICATE.pem": "in.pem", "KEY.pem": "in.key"} {
			b, err := os.ReadFile(s.cfg.path("agencies", from))
			s.must(err)
			write(t, filepath.Join(dir, name), string(b))
		}
		for _, name := range []string{"root.pem", "tsa-root.pem", "log-keys.txt"} {
			write(t, filepath.Join(dir, name), portal.ask(nobody, http.MethodGet, "/.well-known/lerd/"+name, nil, "").body)
		}
		write(t, filepath.Join(dir, ref+".zip.p7m"), string(file))
		return &agencyShell{t: t, dir: dir, at: strconv.FormatInt(s.clock.Now().Unix(), 10)}
	}
	for page, c := range map[string]struct {
		v    *visitor
		want []string
	}{
		"/help/verify": {nobody, []string{"openssl x509", "openssl cms -decrypt", "unzip " + ref + ".zip", "lerd bundle verify", "openssl cms -verify", "openssl ts -verify",
			"unzip " + ref + ".asice", "sha256sum -c manifest", "sha256sum -c tagmanifest", "lerd audit verify --log"}},
		requests.PathOf(id): {officer, []string{"sha256sum", "openssl cms -decrypt", "unzip " + ref + ".zip", "lerd bundle verify"}},
	} {
		r := portal.ask(c.v, http.MethodGet, page, nil, "")
		w := folder()
		for _, found := range typedOnPages.FindAllStringSubmatch(r.body, -1) {
			for line := range strings.Lines(html.UnescapeString(found[1])) {
				w.do(strings.TrimSpace(strings.ReplaceAll(line, "BUNDLE", ref)))
			}
		}
		for _, want := range c.want {
			if !strings.Contains("\n"+strings.Join(w.done, "\n"), "\n"+want) {
				t.Errorf("%s has no command %q; it has %q", page, want, w.done)
			}
		}
	}
}
