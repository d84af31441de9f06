package web

import (
	"context"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/papers"
	"lerd/internal/requests"
	"lerd/internal/requests/pades"
)

// foundPapers gives one examination, or an error, for every document.
type foundPapers struct {
	e   papers.Examination
	err error
}

func (f foundPapers) Examine(context.Context, requests.Document) (papers.Examination, error) {
	return f.e, f.err
}

// TestEveryReasonHasWords wants a sentence for each reason and result.
func TestEveryReasonHasWords(t *testing.T) {
	en := keysOf(catalogues(t)["en"])
	for _, r := range pades.Reasons() {
		if !strings.HasSuffix(en["signing.reason."+string(r)], ".") {
			t.Errorf("%s has no sentence", r)
		}
	}
	for _, r := range []string{"none", "verified", "unverifiable", "failed"} {
		if en["review.paper.signing."+r] == "" {
			t.Errorf("%s has no words", r)
		}
	}
}

// TestTheWorkbenchSaysWhatWasFound shows scanner, signatures and revisions
// beside the order, and no page of one that waits or is harmful.
func TestTheWorkbenchSaysWhatWasFound(t *testing.T) {
	page := func(f foundPapers) string {
		st, _ := staffSite(t)
		st.cfg.Services.Papers = f
		return st.page("tok-reviewer", bench)
	}
	good := papers.Examination{Scan: papers.Clean, Engine: "clamd", Signing: pades.Failed, Revisions: 2, Anchors: 1, Signatures: []pades.Signature{
		{Result: pades.Failed, Reasons: []pades.Reason{pades.Digest}, Signer: "CN=Amtsgericht", Later: []string{"object 4 was changed"}}}}
	body := page(foundPapers{e: good})
	for _, want := range []string{"Nothing found", "Not valid", "The document was changed", "CN=Amtsgericht", "object 4 was changed", "2 versions", "/order/1"} {
		if !strings.Contains(body, want) {
			t.Errorf("the workbench does not say %q", want)
		}
	}
	for name, f := range map[string]foundPapers{
		"waits":   {err: fault.New(fault.Unavailable, "out of reach")},
		"harmful": {e: papers.Examination{Scan: papers.Harmful, Engine: "icap", Malware: "Eicar"}},
	} {
		if body := page(f); strings.Contains(body, "/order/1") || !strings.Contains(body, "Nobody can see it") {
			t.Errorf("%s: pages are offered, or nothing is said", name)
		}
	}
}
