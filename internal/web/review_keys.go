package web

import "net/http"

// keysPage lists the keys of the workbench, and switches them off.
type keysPage struct {
	Base
	Keys []Fact
	Off  bool
	Do   Button
}

var keysView = newPage[keysPage]("review_keys", "facts", "cell", "badge", "when", "digest", "button")

// Names of the cookie that keeps whether the keys are off.
const (
	keysCookie      = "__Host-lerd-keys"
	keysCookiePlain = "lerd-keys"
)

// benchKeys are the keys, each with the message that says what it does.
var benchKeys = []string{"1", "2", "3", "4", "j", "k", "p", "s", "t", "r", "q", "d", "a", "x", "c", "n", "g", "?"}

func (s *Server) keysName() string { return s.cookieName(keysCookie, keysCookiePlain) }

// keysOff tells whether the reader switched the keys off.
// SPEC: WCAG 2.2 success criterion 2.1.4.
func (c *Ctx) keysOff() bool {
	ck, err := c.Cookie(c.srv.keysName())
	return err == nil && ck.Value == "off"
}

func (s *Server) showKeys(c *Ctx) error {
	p := keysPage{Base: c.Base("keys.title"), Off: c.keysOff(), Do: Button{Text: c.T("keys.do.off"), Kind: "secondary", Name: "keys", Value: "off"}}
	if p.Off {
		p.Do = Button{Text: c.T("keys.do.on"), Kind: "secondary", Name: "keys", Value: "on"}
	}
	for _, key := range benchKeys {
		p.Keys = append(p.Keys, Fact{key, Cell{Text: c.T("keys.does." + key)}})
	}
	return keysView.Show(c, p)
}

// setKeys keeps the choice in a cookie of this browser.
func (s *Server) setKeys(c *Ctx) error {
	value := "on"
	if c.typed("keys") == "off" {
		value = "off"
	}
	ck := s.cookie(s.keysName(), value)
	ck.MaxAge = languageAge
	c.SetCookie(ck)
	return c.Redirect(http.StatusSeeOther, "/review/keys")
}
