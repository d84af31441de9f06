package web

import (
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/violations"
)

func (st *site) confirmer(method, path string, pairs ...string) (int, string) {
	c := call{method: method, path: path, token: "tok-confirmer"}
	if method == "POST" {
		c.form = formOf(pairs...)
	}
	w := st.do(c)
	return w.Code, w.Body.String() + headerText(w.Header())
}

// TestConfirmersLearnNothingOfWhoAsks looks at every page of trust and safety for
// what belongs to a case, and for what the other confirmer said.
func TestConfirmersLearnNothingOfWhoAsks(t *testing.T) {
	st, _, f := actSite(t)
	var all strings.Builder
	for _, path := range []string{"/findings", "/findings/" + findingID, "/findings/" + otherCase, "/requests", "/requests/" + caseID, "/"} {
		_, body := st.confirmer("GET", path)
		all.WriteString(body)
	}
	f.err = fault.Fields([]fault.Problem{{Field: "evidence", Message: "Give the reference."}})
	_, body := st.confirmer("POST", "/findings/"+findingID, "verdict", "confirmed", "note", "x")
	all.WriteString(body)
	f.err = fault.New(fault.Conflict, "This finding is already confirmed.")
	_, body = st.confirmer("POST", "/findings/"+findingID, "verdict", "confirmed")
	all.WriteString(body)
	for _, secret := range []string{"Kripo", "Musterstadt", "Ana Novak", "LR-2026", "12 Gs", "EU-EPOC", "/requests/new", "MOD-48213\"", "plainly a scam", caseID} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("a confirmer reads %q", secret)
		}
	}
}

func TestFindingShowsAccountAndRuleAndNoCountOfVerdicts(t *testing.T) {
	st, _, f := actSite(t)
	code, body := st.confirmer("GET", "/findings/"+findingID)
	for _, want := range []string{"10000001", "@harbour_lights", "Banned", "Do not deceive people", "waits for your verdict", `value="confirmed"`, `value="rejected"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the sheet lacks %q", want)
		}
	}
	if code != 200 || strings.Contains(body, "1 of 2") || strings.Contains(body, "plainly") || strings.Count(body, "MOD-48213") != 1 { // the hint's example is one
		t.Error("the sheet says what the other person said")
	}
	f.sheet.Mine = &violations.Confirmation{Verdict: violations.No, Note: personal.NewText("My <i>own</i> words"), At: testDay}
	if _, body := st.confirmer("GET", "/findings/"+findingID); strings.Contains(body, "<form method=\"post\" action=\"/findings") || !strings.Contains(body, "My &lt;i&gt;own&lt;/i&gt; words") {
		t.Error("who gave a verdict sees their own, and no form")
	}
	f.sheet.Mine, f.sheet.Finding.State = nil, violations.Confirmed
	if _, body := st.confirmer("GET", "/findings/"+findingID); strings.Contains(body, "name=\"verdict\"") || !strings.Contains(body, "This finding is closed") {
		t.Error("a closed finding takes no verdict")
	}
}

func TestVerdictIsGivenOnceAndKeptOnMistakes(t *testing.T) {
	st, _, f := actSite(t)
	for range 2 {
		if code, body := st.confirmer("POST", "/findings/"+findingID, "verdict", "confirmed", "evidence", "MOD-1"); code != 303 || !strings.Contains(body, "Location: /findings\r\n") {
			t.Errorf("status %d", code)
		}
	}
	if len(f.given) != 1 || f.given[0].Evidence != "MOD-1" {
		t.Errorf("given %v", f.given)
	}
	f.err = fault.Fields([]fault.Problem{{Field: "verdict", Message: "Say whether."}, {Field: "note", Message: "Say why."}})
	code, body := st.confirmer("POST", "/findings/"+findingID, "verdict", "rejected", "note", "kept <i>words")
	for _, want := range []string{"kept &lt;i&gt;words", `href="#verdict-0"`, `href="#note"`, `id="verdict-0"`, "Say why."} {
		if !strings.Contains(body, want) {
			t.Errorf("the form after mistakes lacks %q", want)
		}
	}
	if code != 422 {
		t.Errorf("status %d", code)
	}
}
