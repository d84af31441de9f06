package web

import (
	"net/http"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// The cookie that keeps a reader's choice of language. It holds one of the seven
// tags and nothing about a person.
const (
	languageCookie      = "__Host-lerd-lang"
	languageCookiePlain = "lerd-lang"
	languageAge         = 365 * 24 * 60 * 60 // seconds
)

// languageInput is the choice; Next is the page to come back to.
type languageInput struct {
	Lang string `form:"lang" validate:"required,max=10"`
	Next string `form:"next" validate:"max=1000"`
}

// Tongue is one language to choose from, named in itself.
type Tongue struct {
	Tag, Name, Dir string
	Chosen         bool
}

func (s *Server) languageRoutes() []Route {
	return []Route{{Method: http.MethodPost, Path: "/language", Name: "language.choose", Title: "page.language", Public: true, NoKey: true, Body: FormBody, Handle: s.chooseLanguage}}
}

func (s *Server) languageName() string { return s.cookieName(languageCookie, languageCookiePlain) }

// language finds what the reader reads: what they chose, or else what the
// browser asks for, or else English. On GET a "lang" in the address comes
// first, so that a letter or a link can name a page in a language.
func (s *Server) language(r *http.Request) language.Tag {
	if r.Method == http.MethodGet {
		if tag, ok := s.words.tag(r.URL.Query().Get("lang")); ok {
			return tag
		}
	}
	if ck, err := r.Cookie(s.languageName()); err == nil {
		if tag, ok := s.words.tag(ck.Value); ok {
			return tag
		}
	}
	_, i := language.MatchStrings(s.matcher, r.Header.Get("Accept-Language"))
	return s.words.tags[i]
}

// tag gives the language of a catalogue by its exact name.
func (w *words) tag(name string) (language.Tag, bool) {
	for _, t := range w.tags {
		if name != "" && t.String() == name {
			return t, true
		}
	}
	return language.Tag{}, false
}

// tongues lists the languages for the page's foot.
func (c *Ctx) tongues() []Tongue {
	out := make([]Tongue, 0, len(c.srv.words.tags))
	for _, t := range c.srv.words.tags {
		out = append(out, Tongue{Tag: t.String(), Name: display.Self.Name(t), Dir: direction(t), Chosen: t == c.lang})
	}
	return out
}

// chooseLanguage keeps the choice in a cookie and comes back to the page.
func (s *Server) chooseLanguage(c *Ctx) error {
	var in languageInput
	if err := c.Decode(&in); err != nil {
		return errBadForm{c.T("form.no_key")}
	}
	tag, ok := s.words.tag(in.Lang)
	if !ok {
		return errBadForm{c.T("form.no_key")}
	}
	ck := s.cookie(s.languageName(), tag.String())
	ck.MaxAge = languageAge
	c.SetCookie(ck)
	return c.SeeOther(in.Next, "")
}

// here gives the address to come back to after a choice of language: only pages
// that a plain GET shows have one.
func (c *Ctx) here() string {
	if c.Request().Method != http.MethodGet {
		return "/"
	}
	u := *c.Request().URL
	q := u.Query()
	q.Del("lang")
	u.RawQuery = q.Encode()
	return LocalPath(u.RequestURI(), "/")
}
