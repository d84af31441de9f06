package web

import (
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"lerd/internal/legal"
)

// Attested is a text that is signed, in English, with a translation beside it that
// only helps to read it: none for who reads English, and none in part.
type Attested struct {
	Lines      []string
	Translated []string
}

// attestationKey is the message key of a statement of a text: of this version, so
// that a new text is not shown with the words of the one before.
func attestationKey(a legal.Attestation, line int) string {
	return "attestation." + strings.TrimSuffix(a.Name, ".en") + "." + strconv.Itoa(line+1)
}

// attested gives what the reader is to sign.
func (s *Server) attested(c *Ctx, purpose string) (Attested, legal.Attestation) {
	a := s.cfg.Services.Law.Attestation(purpose, "en")
	out := Attested{Lines: a.Lines()}
	if c.lang == language.English {
		return out, a
	}
	for i, line := range out.Lines {
		text := c.Law(attestationKey(a, i), "")
		if text == "" || text == line {
			return Attested{Lines: out.Lines}, a
		}
		out.Translated = append(out.Translated, text)
	}
	return out, a
}
