package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe/axe.min.js
var axeSource string

// Violation is one rule of accessibility that a page breaks.
type Violation struct {
	ID     string // axe's name of the rule
	Impact string // minor, moderate, serious, critical
	Help   string
	Nodes  []struct {
		HTML   string
		Target []json.RawMessage // the path of selectors to the element
	}
}

// String gives the rule and the first elements that break it.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for i, n := range v.Nodes {
		if i == 3 {
			fmt.Fprintf(&b, "\n    and %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&b, "\n    %s", n.HTML)
	}
	return b.String()
}

// axeRun keeps to the standards' rules: WCAG 2.0 to 2.2, levels A and AA.
const axeRun = `axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']},
  resultTypes: ['violations']}).then(r => r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help,
    nodes: v.nodes.map(n => ({html: n.html, target: n.target}))})))`

// Axe runs axe-core on the page as it is and gives every violation. The script
// comes in through the debugger, so the page's policy does not stop it.
func (p *Page) Axe() []Violation {
	p.t.Helper()
	if !run(p, "looking for axe", chromedp.Evaluate[bool](`typeof axe === 'object'`)) {
		run(p, "loading axe", chromedp.Evaluate[bool](axeSource+";true"))
	}
	return run(p, "running axe", chromedp.Evaluate[[]Violation](axeRun, chromedp.EvalAwaitPromise))
}

// AssertAccessible fails the test for each serious or critical violation, in
// both sizes of screen.
func (p *Page) AssertAccessible() {
	p.t.Helper()
	for _, size := range []Size{Phone, Desktop} {
		p.Resize(size)
		p.assertAccessible(size)
	}
}

func (p *Page) assertAccessible(size Size) {
	p.t.Helper()
	for _, v := range Grave(p.Axe()) {
		p.t.Errorf("%s, %s: %s", p.whereabouts(), size.Name, v)
	}
}

// Grave gives the violations with the impact serious or critical.
func Grave(all []Violation) []Violation {
	var grave []Violation
	for _, v := range all {
		if v.Impact == "serious" || v.Impact == "critical" {
			grave = append(grave, v)
		}
	}
	return grave
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always has a JSON form
	return string(b)
}
