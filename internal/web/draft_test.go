package web

import (
	"html"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

func draftAt(step string) string { return "/drafts/" + draftID + "/" + step }

// newDraftSite has one draft of the officer's unit.
func newDraftSite(t *testing.T) (*site, *deskFake) {
	t.Helper()
	st, d, _ := actSite(t)
	if w := st.post("/drafts", formOf()); w.Code != 303 || w.Header().Get("Location") != draftAt("kind") {
		t.Fatalf("a draft begins with %d %s", w.Code, w.Header().Get("Location"))
	}
	return st, d
}

func (s *site) officerPage(path string) string {
	return html.UnescapeString(s.do(call{path: path, token: "tok-officer"}).Body.String())
}

// TestProcessesFollowFromPlainAnswers: those that suit come first, with words
// why; the others can be chosen too, with words why not.
func TestProcessesFollowFromPlainAnswers(t *testing.T) {
	st, _ := newDraftSite(t)
	w := st.post(draftAt("kind"), formOf("revision", "0", "do", "find", "want", "now", "issuer_kind", "police", "issuer_country", "DE", "judge", "no"))
	if w.Code != 303 || w.Header().Get("Location") != draftAt("kind")+"#suits" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Location"))
	}
	page := st.officerPage(draftAt("kind"))
	suits, others, ok := strings.Cut(page, "Processes that do not suit")
	if !ok || strings.Contains(suits, `value="EU-EPOC-S"`) || !strings.Contains(others, `value="EU-EPOC-S"`) || !strings.Contains(others, "must be validated by one of these") {
		t.Error("police alone cannot use EU-EPOC-S, and the page must say why")
	}
	if !strings.Contains(others, `value="IN-94"`) || strings.Contains(suits, `value="IN-94"`) {
		t.Error("an Indian process is offered to a German agency, or cannot be chosen at all")
	}
	st.post(draftAt("kind"), formOf("revision", "1", "do", "save", "want", "now", "issuer_kind", "judge", "issuer_country", "DE", "judge", "yes", "process", "EU-EPOC-S"))
	suits, _, _ = strings.Cut(st.officerPage(draftAt("kind")), "Processes that do not suit")
	if !strings.Contains(suits, `value="EU-EPOC-S" checked`) || !strings.Contains(suits, "Such an authority can issue it.") {
		t.Error("a judge's EU-EPOC-S does not suit, or is not kept")
	}
}

// TestEveryButtonKeepsWhatWasTyped moves about freely.
func TestEveryButtonKeepsWhatWasTyped(t *testing.T) {
	st, d := newDraftSite(t)
	for i, c := range []struct{ do, to string }{{"save", "need"}, {"go-order", "order"}, {"go-check", "check"}, {"next", "check"}, {"go-sign", "sign"}, {"nonsense", "need"}} {
		text := "Text " + c.do
		w := st.post(draftAt("need"), formOf("revision", itoa(i), "do", c.do, "need", text))
		if w.Code != 303 || w.Header().Get("Location") != draftAt(c.to) || d.draft.Content.Fields["need"] != text {
			t.Errorf("%s leads to %d %s and keeps %q", c.do, w.Code, w.Header().Get("Location"), d.draft.Content.Fields["need"])
		}
	}
	d.check.Problems = []fault.Problem{{Field: "need", Message: "Say in a few sentences why these data are needed."}, {Field: "issued_on", Message: "Give the date of the order."}}
	w := st.post(draftAt("need"), formOf("revision", "6", "do", "next", "offence_text", "kept"))
	body := html.UnescapeString(w.Body.String())
	if w.Code != 422 || !strings.Contains(body, `href="#need"`) || strings.Contains(body, "Give the date of the order.") || d.draft.Content.Fields["offence_text"] != "kept" {
		t.Errorf("going on with something missing: %d", w.Code)
	}
	page := st.officerPage(draftAt("check"))
	for _, want := range []string{`href="` + draftAt("need") + `#need"`, `href="` + draftAt("order") + `#issued_on"`, "Give the date of the order."} {
		if !strings.Contains(page, want) {
			t.Errorf("the check lacks %s", want)
		}
	}
	if w := st.do(call{path: draftAt("sign"), token: "tok-officer"}); w.Code != 303 || w.Header().Get("Location") != draftAt("check") {
		t.Errorf("an incomplete draft can be signed: %d", w.Code)
	}
}

// TestBothTextsAreShown saves one step from two tabs.
func TestBothTextsAreShown(t *testing.T) {
	st, d := newDraftSite(t)
	st.post(draftAt("need"), formOf("revision", "0", "do", "save", "need", "The first tab's text."))
	w := st.post(draftAt("need"), formOf("revision", "0", "do", "save", "need", "The second tab's text.", "offence_text", "Tickets"))
	page := html.UnescapeString(w.Body.String())
	if w.Code != 409 || strings.Count(page, "The first tab's text.") != 1 || strings.Count(page, "The second tab's text.") != 2 || !strings.Contains(page, "Bo Lind") || !strings.Contains(page, `name="revision" value="1"`) {
		t.Errorf("the second tab: %d\n%s", w.Code, page)
	}
	if d.draft.Content.Fields["need"] != "The first tab's text." {
		t.Error("the first tab's text is overwritten")
	}
	if w := st.post(draftAt("need"), formOf("revision", "1", "do", "save", "need", "Both.")); w.Code != 303 || d.draft.Content.Fields["need"] != "Both." {
		t.Errorf("saved again: %d", w.Code)
	}
}

// TestASignatureIsOfWhatWasShown refuses one over a digest of before.
func TestASignatureIsOfWhatWasShown(t *testing.T) {
	st, d := newDraftSite(t)
	page := st.officerPage(draftAt("sign"))
	digest := valueOf("digest").FindStringSubmatch(page)
	if digest == nil || !strings.Contains(page, "I ask for no more than the order allows") || !strings.Contains(page, "submit.v1.en") {
		t.Fatalf("the page shows no digest or no text")
	}
	d.cs.Request.Order.Number = "another"
	old := formOf("digest", digest[1])
	old.Set(keyField, docID)
	if w := st.post(draftAt("sign"), old); w.Code != 409 || !strings.Contains(w.Body.String(), "The draft has changed") {
		t.Errorf("a draft that changed meanwhile is signed: %d", w.Code)
	}
	page = st.officerPage(draftAt("sign"))
	form := formOf("digest", valueOf("digest").FindStringSubmatch(page)[1])
	form.Set(keyField, otherCase)
	if w := st.post(draftAt("sign"), form); w.Code != 303 || w.Header().Get("Location") != "/requests/"+caseID {
		t.Errorf("signing = %d %s", w.Code, w.Header().Get("Location"))
	}
}

// TestASentDraftLeadsToItsRequest: nobody writes on it any more.
func TestASentDraftLeadsToItsRequest(t *testing.T) {
	st, d := newDraftSite(t)
	d.draft.State, d.draft.Request = requests.DraftSent, caseID
	for _, step := range requests.DraftSteps {
		if w := st.do(call{path: draftAt(string(step)), token: "tok-officer"}); w.Code != 303 || w.Header().Get("Location") != "/requests/"+caseID {
			t.Errorf("%s: %d", step, w.Code)
		}
	}
}
