package main

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"lerd/internal/requests"
)

// TestWhatIsSignedStandsBesideItsTranslation reads the page of a second signature
// in each language: the English text is on every one, and elsewhere a translation
// that says that it is not what is signed; the signature names the English text.
func TestWhatIsSignedStandsBesideItsTranslation(t *testing.T) {
	s := newScenario(t)
	q := s.proposed("IN/94/2026/451")
	v := s.open(unhurried).visit("vikram.nair")
	const english, german, note = "I have read the order and compared it", "Ich habe die Anordnung gelesen und mit dem Ersuchen verglichen", "Sie unterschreiben den englischen Text oben"
	for _, lang := range tongues {
		page, err := v.get(s.ctx, "/requests/"+string(q.ID)+"/cosign?lang="+lang)
		s.must(err)
		body := html.UnescapeString(string(page.body))
		if page.status != http.StatusOK || !strings.Contains(body, english) || strings.Contains(body, german) != (lang == "de") || strings.Contains(body, note) != (lang == "de") {
			t.Errorf("in %s the page (%d) holds the text, its translation and the note: %t, %t, %t", lang, page.status, strings.Contains(body, english), strings.Contains(body, german), strings.Contains(body, note))
		}
	}
	s.must(s.cases.CoSign(s.as("vikram.nair"), q.ID))
	if g, _ := s.load(q.ID).Signature(requests.SignedToCosign); g.Attestation != "cosign.v1.en" {
		t.Errorf("signed is %q", g.Attestation)
	}
}
