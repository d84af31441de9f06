package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

// TestLanguageIsChosen walks the ways to a language: the browser's, the reader's
// choice, which wins, and an address that names one, which wins on that page.
func TestLanguageIsChosen(t *testing.T) {
	st := newSite(t, nil)
	for _, tt := range []struct{ path, accept, cookie, want string }{
		{"/help/privacy", "", "", "en"},
		{"/help/privacy", "de-AT, en;q=0.5", "", "de"},
		{"/help/privacy", "pt-BR", "", "pt"},
		{"/help/privacy", "xx, nonsense;;;", "", "en"},
		{"/help/privacy", "de", "ar", "ar"},
		{"/help/privacy", "de", "../../etc", "de"},
		{"/help/privacy?lang=fr", "de", "ar", "fr"},
		{"/help/privacy?lang=zz", "", "es", "es"},
	} {
		head := map[string]string{"Accept-Language": tt.accept}
		if tt.cookie != "" {
			head["Cookie"] = languageCookiePlain + "=" + tt.cookie
		}
		w := st.do(call{path: tt.path, header: head})
		if want := `<html lang="` + tt.want + `" dir="` + direction(language.Make(tt.want)) + `">`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("%+v: the page does not hold %s", tt, want)
		}
		if w.Header().Get("Content-Language") != tt.want || !strings.Contains(w.Header().Get("Vary"), "Accept-Language") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%+v: headers %v", tt, w.Header())
		}
	}
}

// TestChoiceOfLanguage sends the form of the page's foot.
func TestChoiceOfLanguage(t *testing.T) {
	st := newSite(t, nil)
	w := st.do(call{method: "POST", path: "/language", form: formOf("lang", "hi", "next", "/help/privacy?x=1")})
	ck := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/help/privacy?x=1" || len(ck) != 1 {
		t.Fatalf("%d to %q with %v", w.Code, w.Header().Get("Location"), ck)
	}
	if ck[0].Value != "hi" || !ck[0].HttpOnly || ck[0].SameSite != http.SameSiteStrictMode || ck[0].MaxAge != languageAge {
		t.Errorf("cookie %+v", ck[0])
	}
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example"} {
		if w := st.do(call{method: "POST", path: "/language", form: formOf("lang", "hi", "next", next)}); w.Header().Get("Location") != "/" {
			t.Errorf("next %q leads to %q", next, w.Header().Get("Location"))
		}
	}
	for _, lang := range []string{"", "xx", "en-US", "de\r\nSet-Cookie: a=b"} {
		if w := st.do(call{method: "POST", path: "/language", form: formOf("lang", lang)}); w.Code != http.StatusBadRequest || len(w.Result().Cookies()) != 0 {
			t.Errorf("lang %q: %d", lang, w.Code)
		}
	}
}

// TestDatesAreWrittenPerLanguage holds one instant in every language; UTC is
// always said.
func TestDatesAreWrittenPerLanguage(t *testing.T) {
	at := time.Date(2026, 3, 9, 23, 4, 5, 0, time.UTC)
	for lang, want := range map[string]string{
		"en": "9 Mar 2026, 23:04 UTC", "de": "9. März 2026, 23:04 UTC", "fr": "9 mars 2026, 23:04 UTC", "es": "9 mar 2026, 23:04 UTC",
		"pt": "9 de mar. de 2026, 23:04 UTC", "hi": "9 मार्च 2026, 23:04 UTC", "ar": "9 مارس 2026، 23:04 UTC",
	} {
		if got := calendarOf(language.Make(lang)).moment(at, "15:04"); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	berlin := time.FixedZone("", 3600)
	if got := calendarOf(language.German).local(at.In(berlin)); got != "10. März, 00:04 UTC+01:00" {
		t.Errorf("local: %q", got)
	}
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range w.tags {
		base, _ := tag.Base()
		if _, ok := calendars[base.String()]; !ok {
			t.Errorf("%s has messages and no calendar", tag)
		}
	}
}

// TestValuesKeepTheirOrder isolates what is filled into right-to-left text, and
// groups numbers per language with digits 0 to 9.
func TestValuesKeepTheirOrder(t *testing.T) {
	for _, tt := range []struct {
		lang  string
		value any
		want  string
	}{
		{"ar", "LR-2026-0001", "\u2068LR-2026-0001\u2069"}, {"ar", "", ""}, {"en", "LR-1", "LR-1"},
		{"en", 12345, "12,345"}, {"de", 12345, "12.345"}, {"hi", 1234567, "12,34,567"}, {"ar", 7, "7"},
	} {
		if got := value(language.Make(tt.lang), tt.value); got != tt.want {
			t.Errorf("value(%s, %v) = %q, want %q", tt.lang, tt.value, got, tt.want)
		}
	}
}

// TestDatesStayYearFirst: in a message from right to left a typed date keeps its
// order.
func TestDatesStayYearFirst(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"form.date.hint": "\u20662026-10-25\u2069", "request.t.holder_at.hint": "\u20662026-10-25 14:05\u2069", "request.t.identifier.hint": "\u2066+966 11 400 0000\u2069"} {
		if got := w.say(language.Arabic, key); !strings.Contains(got, want) {
			t.Errorf("%s: %q lets the parts of %q change places", key, got, want)
		}
	}
}

// TestSentencesOfTheDomainAreFound takes a fault's English back to its key.
func TestSentencesOfTheDomainAreFound(t *testing.T) {
	w := &words{texts: map[language.Tag]map[string]string{
		language.English: {"said.a": "The file is empty.", "said.b": "It has {n} pages; at most {max} are taken.", "other": "The file is gone."},
		language.German:  {"said.a": "Die Datei ist leer.", "said.b": "Sie hat {n} Seiten; höchstens {max} werden angenommen."},
	}}
	w.said = newPhrases(w.texts[language.English])
	for in, want := range map[string]string{
		"The file is empty.":                          "Die Datei ist leer.",
		"It has 12 pages; at most 10 are taken.":      "Sie hat 12 Seiten; höchstens 10 werden angenommen.",
		"The file is gone.":                           "The file is gone.",
		"It has 12 pages; at most 10 are taken. More": "It has 12 pages; at most 10 are taken. More",
	} {
		if got := w.translate(language.German, in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
