package requests

import (
	"strings"
	"testing"
	"time"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/policies"
)

// TestAnnexIIIIsFilledSectionBySection: an objection to a certificate has the
// sections of Annex III in their order, with what the case knows.
func TestAnnexIIIIsFilledSectionBySection(t *testing.T) {
	law, err := legal.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range law.Processes() {
		if got, want := FormOf(p), strings.HasPrefix(string(p.ID), "EU-EPOC"); (got == Annex3Form) != want {
			t.Errorf("%s has the form %s", p.ID, got)
		}
	}
	s := New(Config{Law: law, Now: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }})
	p, err := law.Process("EU-EPOC-S", 1)
	if err != nil {
		t.Fatal(err)
	}
	c := Case{Agency: identity.Agency{Name: "Staatsanwaltschaft Musterstadt", Country: "DE"}}
	c.Request.Ref, c.Request.Order.Number = "LR-2026-AAAA-BBBB", "4 Js 17/26"
	gate := legal.Verdict{Codes: []legal.RefusalCode{"RR-14"}, Results: []legal.CheckResult{{Check: "VC-15", Code: "RR-14"}}}
	in := s.prefill(c, p, gate)
	if in.Reason != NoReason || strings.Contains(in.Why, "violat") {
		t.Errorf("that no rule was broken is no reason of Annex III, and the form says %q, %q", in.Reason, in.Why)
	}
	press := legal.Verdict{Codes: []legal.RefusalCode{"RR-15"}, Results: []legal.CheckResult{{Check: "VC-16", Code: "RR-15"}}}
	if got := s.prefill(c, p, press); got.Reason != "ImmunitiesOrPrivileges" {
		t.Errorf("a fundamental-rights concern is prefilled as %q", got.Reason)
	}
	in.Reason = "ConflictOfLaw"
	if _, err := s.Objection(c, p, in); err == nil {
		t.Error("a conflict of law without the other law")
	}
	in.Conflict = "Act X, section 3: forbids the transfer."
	o, err := s.Objection(c, p, in)
	if err != nil {
		t.Fatal(err)
	}
	sections := o.Sections()
	if len(sections) != 8 {
		t.Fatalf("%d sections", len(sections))
	}
	for i, sec := range sections {
		if !strings.HasPrefix(sec.Name, string(rune('A'+i))+". ") || len(sec.Lines) == 0 || sec.Lines[0] == "" {
			t.Errorf("section %d: %+v", i, sec)
		}
	}
	for _, want := range []string{"4 Js 17/26", "LR-2026-AAAA-BBBB", "Article 17", "Act X, section 3", "not preserved"} {
		if !strings.Contains(o.Text(), want) {
			t.Errorf("the form lacks %q:\n%s", want, o.Text())
		}
	}
	for _, r := range AnnexReasons {
		if reasonWords[r] == "" {
			t.Errorf("no words for %s", r)
		}
	}
	for _, f := range law.Refusals() {
		if f.Annex3 != "" && !contains(AnnexReasons, f.Annex3) {
			t.Errorf("%s maps to %s, which the form does not offer", f.Code, f.Annex3)
		}
	}
}
