package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Hands are somebody who uses a page by its keyboard alone, and is counted: keys
// struck, letters of typed texts among them, and pages loaded.
type Hands struct {
	*Page
	t     testing.TB
	Keys  int
	Loads int
}

// Hands gives the page to somebody without a mouse.
func (p *Page) Hands() *Hands { return &Hands{Page: p, t: p.t} }

// Press strikes keys of which none loads a page, one after another. Special keys
// are those of chromedp's package kb, e.g. kb.Tab.
func (h *Hands) Press(keys string) {
	h.t.Helper()
	before, _ := h.loaded()
	h.Keys += len([]rune(keys))
	h.do("striking "+quote(keys), chromedp.KeyEvent(keys))
	if after, _ := h.loaded(); after != before {
		h.t.Fatalf("striking %q loaded a page (at %s)", keys, h.whereabouts())
	}
}

// Through strikes one key that loads a page, waits until it is there, and gives
// its HTTP status.
func (h *Hands) Through(key string) int {
	h.t.Helper()
	h.Keys++
	return h.counted(func() int { return h.load("striking "+quote(key), chromedp.KeyEvent(key)) })
}

// Again loads the page anew, as the browser's own key does.
func (h *Hands) Again() int {
	h.t.Helper()
	h.Keys++
	return h.counted(func() int { return h.Goto(h.Path()) })
}

// counted counts the pages that a step loads, a moment after it included: a step
// that loaded two where one was to be seen is not a step of one.
func (h *Hands) counted(step func() int) int {
	h.t.Helper()
	before, _ := h.loaded()
	status := step()
	time.Sleep(time.Millisecond)
	after, _ := h.loaded()
	h.Loads += after - before
	return status
}

// farthest is how often Tab is struck to come to something.
const farthest = 80

// Reach strikes Tab until the element that css names has the focus.
func (h *Hands) Reach(css string) {
	h.t.Helper()
	for range farthest {
		h.Press(kb.Tab)
		if run(h.Page, "reading the focus", chromedp.Evaluate[bool](`document.activeElement.matches(`+quote(css)+`)`)) {
			return
		}
	}
	h.t.Fatalf("Tab does not lead to %s (at %s)", css, h.whereabouts())
}

// Await waits until the element with an id has the focus, which the page's script
// gave it.
func (h *Hands) Await(id string) {
	h.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		got := run(h.Page, "reading the focus", chromedp.Evaluate[string](`document.activeElement.id`))
		if got == id {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("the focus is on %q, not on %q (at %s)", got, id, h.whereabouts())
		}
	}
}
