package web

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/policies"
	"lerd/templates"
)

// staffAreas are the files whose words only the platform's staff reads, in
// English, and staffWords the beginnings of such keys in other files. Everything
// else is there in every language.
var staffAreas = []string{"agencies.yaml", "auditor.yaml", "confirmer.yaml", "console.yaml", "events.yaml", "fraud.yaml", "gags.yaml", "keys.yaml", "law.yaml", "publishing.yaml", "retention.yaml", "review.yaml", "style.yaml"}

var staffWords = []string{"review.", "placed.", "accounts.lead", "accounts.do.lead", "flash.lead_", "appeal.", "appeals.", "after.", "correct.", "recall.by_lerd", "recall.proposed_by", "recall.f.", "recall.verdict.",
	"recall_decide.", "recall_propose.", "recalls.", "reissue.", "flash.appeal_", "flash.bundle_reissued", "flash.correction_begun", "flash.recall_decided",
	"flash.recall_proposed"}

// staffs tells whether only staff reads a message.
func staffs(area, key string) bool {
	if strings.HasPrefix(key, "confirm.") || strings.HasPrefix(key, "agency.standing.") { // the issuer's page, and the agency's own
		return false
	}
	return slices.Contains(staffAreas, area) || slices.ContainsFunc(staffWords, func(w string) bool { return strings.HasPrefix(key, w) })
}

// sameWords are messages that are rightly the same in English and another
// language: names, marks, and words that the languages share.
var sameWords = []string{"office.option", "draft.about", "draft.fit", "narrow.of", "write.attachment", "account.passkey.n", "accounts.passkeys.n.other", "account.passkey.n", "accounts.passkeys.n.other", "bundle.counts", "case.version", "document.pages.other", "document.size", "request_check.local", "privacy.cookies", "pages.shown"}

var (
	markup      = regexp.MustCompile(`<[a-zA-Z/!]|&[a-z]+;|&#`)
	rightMarks  = regexp.MustCompile(`[\x{202a}-\x{202e}]`)
	latinLetter = regexp.MustCompile(`[A-Za-z]{3}`)
)

// catalogues reads each file of messages by language and name.
func catalogues(t *testing.T) map[string]map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]map[string]string{}
	files, err := templates.FS.ReadDir("messages")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range files {
		out[lang.Name()] = map[string]map[string]string{}
		areas, err := templates.FS.ReadDir(path.Join("messages", lang.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range areas {
			texts, err := readCatalogue(path.Join("messages", lang.Name(), a.Name()))
			if err != nil {
				t.Fatal(err)
			}
			out[lang.Name()][a.Name()] = texts
		}
	}
	return out
}

func keysOf(areas map[string]map[string]string) map[string]string {
	all := map[string]string{}
	for _, texts := range areas {
		for key, text := range texts {
			all[key] = text
		}
	}
	return all
}

func stem(key string) string { return pluralEnd.ReplaceAllString(key, "") }

func holders(text string) string {
	out := placeholder.FindAllString(text, -1)
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// TestCatalogueIsComplete wants every word that an agency or the public reads in
// every language, in every plural form that the language has.
func TestCatalogueIsComplete(t *testing.T) {
	all := catalogues(t)
	for lang, areas := range all {
		have := keysOf(areas)
		for area, english := range all["en"] {
			for key, text := range english {
				if text == "" || staffs(area, key) {
					continue
				}
				_, counted := english[stem(key)+".one"]
				if !counted {
					if have[key] == "" {
						t.Errorf("%s lacks %s (%s): %s", lang, key, area, text)
					}
					continue
				}
				for _, need := range formsOf(language.Make(lang), key) {
					if have[need] == "" {
						t.Errorf("%s lacks %s (%s): %s", lang, need, area, text)
					}
				}
			}
		}
	}
}

// formsOf gives the keys that stand for an English key in a language.
func formsOf(lang language.Tag, key string) []string {
	if !strings.HasSuffix(key, ".other") || lang == language.English {
		if pluralEnd.MatchString(key) && lang != language.English {
			return nil // asked for with .other
		}
		return []string{key}
	}
	var out []string
	for form, name := range pluralNames {
		if hasForm(lang, form) {
			out = append(out, stem(key)+"."+name)
		}
	}
	return out
}

// hasForm tells whether the language has the plural form for whole numbers that
// can occur here.
// SPEC: Unicode CLDR plural rules (cardinal).
func hasForm(lang language.Tag, form plural.Form) bool {
	for n := range 1000 {
		if plural.Cardinal.MatchPlural(lang, n, 0, 0, 0, 0) == form {
			return true
		}
	}
	return false
}

// TestCatalogueFits compares each translation with its English: the same
// placeholders, no markup, no marks that turn text round, and not left as it was.
func TestCatalogueFits(t *testing.T) {
	all := catalogues(t)
	english := keysOf(all["en"])
	for lang, areas := range all {
		for key, text := range keysOf(areas) {
			at := fmt.Sprintf("%s %s", lang, key)
			if markup.MatchString(text) {
				t.Errorf("%s holds markup: %s", at, text)
			}
			if rightMarks.MatchString(text) {
				t.Errorf("%s turns text round by itself", at)
			}
			original, ok := english[key]
			if !ok {
				if original, ok = english[stem(key)+".other"]; !ok {
					continue // the law's, see below; anything else TestEveryWordIsThere names
				}
			}
			if lang == "en" {
				continue
			}
			a, b := holders(text), holders(original)
			if pluralEnd.MatchString(key) { // "one day" names no number
				a, b = holders(strings.ReplaceAll(text, "{n}", "")), holders(strings.ReplaceAll(original, "{n}", ""))
			}
			if a != b {
				t.Errorf("%s has %q where English has %q", at, a, b)
			}
			if text == original && latinLetter.MatchString(text) && strings.Contains(text, " ") && !slices.Contains(sameWords, key) {
				t.Errorf("%s is English: %s", at, text)
			}
		}
	}
}

// homes give for a language a country whose agencies use it: the processes that
// they can choose are there in it.
var homes = map[string]string{"de": "DE", "fr": "FR", "es": "ES", "pt": "BR", "hi": "IN", "ar": "SA"}

// TestCatalogueKnowsTheLaw finds translated titles of things that the policies
// do not have, and refusals that an agency cannot read in its language.
func TestCatalogueKnowsTheLaw(t *testing.T) {
	law, err := legal.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	known := lawKeys(law)
	for lang, areas := range catalogues(t) {
		have := keysOf(areas)
		for key := range have {
			if strings.HasPrefix(key, "law.") && !known[key] {
				t.Errorf("%s translates %s, which the policies do not have", lang, key)
			}
		}
		if lang == "en" {
			continue
		}
		for _, r := range law.Refusals() {
			for _, key := range []string{"law.refusal." + string(r.Code), "law.refusal." + string(r.Code) + ".cure"} {
				if have[key] == "" {
					t.Errorf("%s lacks %s", lang, key)
				}
			}
		}
		for _, p := range law.Processes() {
			if key := "law.process." + string(p.ID); slices.Contains(p.Countries, homes[lang]) && (have[key] == "" || have[key+".about"] == "") {
				t.Errorf("%s lacks %s, which agencies of %s use", lang, key, homes[lang])
			}
		}
		for key := range attestationKeys(law) {
			if have[key] == "" {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
		for _, k := range law.IssuerKinds() {
			if have["law.issuer."+k.ID] == "" {
				t.Errorf("%s lacks law.issuer.%s", lang, k.ID)
			}
		}
		for _, o := range law.OffenceClasses() {
			if have["law.offence."+o.Code] == "" {
				t.Errorf("%s lacks law.offence.%s", lang, o.Code)
			}
		}
	}
}

// attestationKeys gives the keys of the statements that are signed now.
func attestationKeys(law *legal.Registry) map[string]bool {
	out := map[string]bool{}
	for _, purpose := range []string{requests.SignedToSubmit, requests.SignedToCosign} {
		a := law.Attestation(purpose, "en")
		for i := range a.Lines() {
			out["law."+attestationKey(a, i)] = true
		}
	}
	return out
}

// lawKeys gives every key under which the policy data can be translated.
func lawKeys(law *legal.Registry) map[string]bool {
	out := attestationKeys(law)
	for _, p := range law.Processes() {
		out["law.process."+string(p.ID)], out["law.process."+string(p.ID)+".about"] = true, true
	}
	for _, r := range law.Refusals() {
		out["law.refusal."+string(r.Code)], out["law.refusal."+string(r.Code)+".cure"] = true, true
	}
	for _, k := range law.IssuerKinds() {
		out["law.issuer."+k.ID] = true
	}
	for _, o := range law.OffenceClasses() {
		out["law.offence."+o.Code] = true
	}
	for _, f := range law.Fields() {
		out["law.field."+string(f.ID)], out["law.field."+string(f.ID)+".ask"] = true, true
	}
	return out
}
