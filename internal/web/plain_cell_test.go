package web

import "testing"

// TestACellIsNoFormula: no text of a person begins what a spreadsheet computes.
func TestACellIsNoFormula(t *testing.T) {
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM"} {
		if got := plainCell(text); got != "'"+text {
			t.Errorf("%q stays %q", text, got)
		}
	}
	for _, text := range []string{"", "IN/94/2026/1", "Ägypten", "1=1", "\xff"} {
		if got := plainCell(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
