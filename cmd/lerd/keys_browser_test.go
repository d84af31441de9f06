package main

import (
	"testing"

	"lerd/internal/testkit/browser"
)

// TestTheKeysCanBeSwitchedOff looks at the page of the keys in both widths, and
// finds that keys do nothing once they are off, and work once they are on again.
// SPEC: WCAG 2.2 success criterion 2.1.4.
func TestTheKeysCanBeSwitchedOff(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/511").ID
	s.must(s.cases.Claim(s.as("rita.lind"), id))
	b := s.openBench()
	p := browser.Start(t, "").Page(t, b.base)
	p.Goto("/sign-in")
	p.Follow(`button[value="rita.lind"]`)
	first := `#checks form .check input[value="pass"]`
	for _, on := range []bool{true, false, true} {
		p.Goto("/review/keys")
		p.Examine("review-keys")
		if got := p.Text("main"); got == "" {
			t.Fatal("the page of the keys is empty")
		}
		if p.Count(`button[name="keys"][value="off"]`) != map[bool]int{true: 1}[on] {
			t.Fatalf("the page does not offer the other choice; on: %v", on)
		}
		p.Goto("/review/" + string(id))
		p.Hands().Press("1")
		if got := p.Count(first + ":checked"); got != map[bool]int{true: 1}[on] {
			t.Errorf("keys on: %v; answered by a key: %d", on, got)
		}
		p.Goto("/review/keys")
		p.Follow(`button[name="keys"]`)
	}
}
