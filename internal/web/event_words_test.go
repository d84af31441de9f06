package web

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"

	"lerd/internal/legal"
	"lerd/internal/oversight/glossary"
	"lerd/internal/requests"
	"lerd/policies"
)

// TestEveryFactHasWords: the glossary knows no fact without a label, and no list of
// codes of which none has words.
func TestEveryFactHasWords(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	names := glossary.Facts()
	if len(names) < 180 {
		t.Fatalf("only %d facts", len(names))
	}
	for _, name := range names {
		if !w.has("event.fact." + name) {
			t.Errorf("no label for the fact %s", name)
		}
		m, _ := glossary.Of("", name)
		for _, begin := range m.Words {
			if !strings.HasPrefix(begin, "law.") && !slices.ContainsFunc(keysIn(w), func(k string) bool { return strings.HasPrefix(k, begin) }) {
				t.Errorf("%s: no code under %s has words", name, begin)
			}
		}
	}
	for _, step := range requests.Workflow {
		if !w.has("event.kind.request." + string(step.Action)) {
			t.Errorf("the step %s has no words", step.Action)
		}
	}
}

func keysIn(w *words) (out []string) {
	for _, texts := range w.texts {
		for key := range texts {
			out = append(out, key)
		}
	}
	return out
}

// wordsCtx is a context with the words and the policies alone.
func wordsCtx(t *testing.T) *Ctx {
	t.Helper()
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	law, err := legal.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	return &Ctx{srv: &Server{words: w, cfg: Config{Services: Services{Law: law}}}, lang: language.English}
}

// TestFactsAreReadInWords: codes with their words, what has a page with its address,
// digests with their beginning; and what nobody here knows, or what is not of its form,
// as it is.
func TestFactsAreReadInWords(t *testing.T) {
	const id, sum = "01a2b3c4-0000-4000-8000-000000000001", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	c := wordsCtx(t)
	for _, x := range []struct {
		kind, name, value string
		want              Said
	}{
		{"request.claim", "to", "in_review", Said{Text: "In review", Code: "in_review"}},
		{"finding.confirmed", "to", "confirmed", Said{Text: "Confirmed", Code: "confirmed"}},
		{"request.claim", "to", "<b>unheard_of", Said{Text: "<b>unheard_of"}},
		{"risk.stated", "factors", "new_officer never_seen", Said{Text: "A new officer, never_seen", Code: "new_officer never_seen"}},
		{"risk.stated", "request", id, Said{Text: id, Href: "/audit/cases/" + id}},
		{"risk.stated", "request", "../../x?y", Said{Text: "../../x?y", Href: "/audit/cases/..%2F..%2Fx%3Fy"}},
		{"risk.stated", "policy", sum, Said{Text: sum[:12], Whole: sum}},
		{"person.invited", "person", id, Said{Text: id, Href: "/audit/queries/events?person=" + id}},
		{"person.invited", "role", "auditor", Said{Text: "Auditor", Code: "auditor"}},
		{"request.submit", "process", "IN-94", Said{Text: c.srv.latestTitle("IN-94"), Code: "IN-94"}},
		{"request.expire", "refusal", "RR-01", Said{Text: c.named(glossary.Refusal, "RR-01"), Code: "RR-01"}},
		{"request.submit", "emergency", "true", Said{Text: "Yes", Code: "true"}},
		{"echo.answered", "seconds", "3661", Said{Text: "61 min", Code: "3661"}},
		{"gag.registered", "review", "", Said{Text: "–"}},
		{"gag.registered", "ends", "tomorrow", Said{Text: "tomorrow"}},
		{"from.the_future", "new_fact", "1", Said{Text: "1"}},
	} {
		got := c.valueInWords(Base{}, x.kind, x.name, x.value)
		if x.value == "" {
			got.Code = ""
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s %s=%s: %s", x.kind, x.name, x.value, diff)
		}
	}
	if c.named(glossary.Refusal, "RR-01") == "RR-01" || c.srv.latestTitle("IN-94") == "IN-94" {
		t.Error("the policies' own words are not used")
	}
	at := c.valueInWords(Base{}, "gag.registered", "ends", "2026-11-27T01:02:03Z")
	if at.When == nil || at.When.UTC() != "27 Nov 2026, 01:02 UTC" {
		t.Errorf("a moment is %+v", at)
	}
	list := c.factsInWords(Base{}, "from.the_future", map[string]string{"new_fact": "1", "days_case": "1095"})
	want := []Said{{Label: "Days that are kept: case", Name: "days_case", Text: "1095"}, {Label: "new_fact", Name: "new_fact", Text: "1"}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	if got := c.kindCell("from.the_future", ""); got.Code != "from.the_future" {
		t.Errorf("an unknown kind is shown as %+v", got)
	}
	page := c.listFacts(Base{}, "request.claim", map[string]string{"to": "in_review"})
	if diff := cmp.Diff([]Fact{{"State after", Cell{Text: "In review", Quoted: "to=in_review"}}}, page); diff != "" {
		t.Error(diff)
	}
}
