package main

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/testkit/browser"
)

// tongues are the languages that the portal speaks.
var tongues = []string{"en", "hi", "de", "fr", "es", "pt", "ar"}

// pages gives the paths of every page that a person may look at.
func (h *house) pages(p person) (out []string) {
	for _, r := range h.web.Routes() {
		if r.Method != http.MethodGet || !p.may(r.Name) || redirects[r.Name] && p.role != "" {
			continue
		}
		path := at(r, h.own[kindOf(r)])
		got := h.ask(p.visitor, http.MethodGet, path, nil, "")
		if got.status < 300 && strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			out = append(out, path)
		}
	}
	return out
}

// once gives one person of each role, and nobody.
func (h *house) once() (out []person) {
	seen := map[identity.Role]bool{}
	for _, p := range h.people {
		if !seen[p.role] {
			seen[p.role] = true
			out = append(out, p)
		}
	}
	return out
}

// unspoken is what a page shows where a language lacks a message, in
// development, or where no language has the key.
var unspoken = regexp.MustCompile(`\[en\] [^<]{0,60}|\[[a-z_]+\.[a-z_.]+\]`)

// TestEveryPageInEveryLanguage fetches every page of every role in every
// language: the frame says which it is, and what an agency or the public reads
// is in it, word for word.
func TestEveryPageInEveryLanguage(t *testing.T) {
	h := newHouse(t)
	for _, p := range h.once() {
		paths := h.pages(p)
		if len(paths) == 0 {
			t.Errorf("%s has no page", p)
		}
		for _, lang := range tongues {
			for _, path := range paths {
				got := h.ask(p.visitor, http.MethodGet, path, map[string]string{"Accept-Language": lang}, "")
				dir := "ltr"
				if lang == "ar" {
					dir = "rtl"
				}
				if want := `<html lang="` + lang + `" dir="` + dir + `">`; !strings.Contains(got.body, want) {
					t.Errorf("%s: %s in %s lacks %s", p, path, lang, want)
				}
				if !slices.Contains(agencySide, p.role) || path == "/style" {
					continue
				}
				if m := unspoken.FindString(got.body); m != "" {
					t.Errorf("%s: %s in %s says %q", p, path, lang, m)
				}
			}
		}
	}
}

// agencySide are the readers whose pages are whole in every language.
var agencySide = []identity.Role{"", identity.Officer, identity.AgencyAdmin}

// TestEveryPageFromRightToLeft looks at every page of every role in Arabic, with
// axe, at the widths of a phone and of a desk. With LERD_SHOTS=FOLDER
// screenshots are kept.
func TestEveryPageFromRightToLeft(t *testing.T) {
	h := newHouse(t)
	shots := os.Getenv("LERD_SHOTS")
	b := browser.Start(t, shots)
	name := strings.NewReplacer("/", "-", "?", "-", "=", "-", h.own["request"], "case", h.own["finding"], "finding", h.own["event"], "event", h.own["draft"], "draft", h.own["agency"], "agency")
	public := h.pages(person{visitor: h.visit("")})
	for _, p := range h.once() {
		w := b.Page(t, h.base)
		if p.role != "" {
			w.Goto("/sign-in")
			w.Follow(`button[value="` + p.signIn + `"]`)
		}
		w.Goto("/help/privacy")
		if got := w.Follow(`.tongues button[lang="ar"]`); got != 200 || w.Count(`html[dir="rtl"]`) != 1 {
			t.Fatalf("%s: choosing Arabic leads to %d at %s", p, got, w.Path())
		}
		for _, path := range h.pages(p) {
			if p.role != "" && slices.Contains(public, path) {
				continue
			}
			if got := w.Goto(path); got != 200 || w.Count(`html[lang="ar"][dir="rtl"]`) != 1 {
				t.Errorf("%s: %s is not in Arabic (%d)", p, path, got)
			}
			w.Examine("ar-" + string(p.role) + name.Replace(path))
		}
	}
}

// TestPracticeInABrowser looks at the practice portal's own page, as nobody and
// as an officer, in English and Arabic.
func TestPracticeInABrowser(t *testing.T) {
	p := startPractice(t)
	b := browser.Start(t, os.Getenv("LERD_SHOTS"))
	w := b.Page(t, p.base)
	for _, at := range []string{"/practice", "/practice?lang=ar", "/sign-in"} {
		if got := w.Goto(at); got != 200 || w.Count(".practice-strip") != 1 {
			t.Errorf("%s answers %d", at, got)
		}
		w.Examine("practice" + strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(at))
	}
	if got := w.Follow(`button[value="luc.martin"]`); got != 200 {
		t.Fatalf("signing in leads to %d", got)
	}
	w.Goto("/practice")
	w.Examine("practice-signed-in")
}
