package browser

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Hands are somebody who uses a page by its keyboard alone. What they do is
// counted by what the page itself sees of it: key presses that reach a document,
// letters of typed texts among them, and documents that load.
type Hands struct {
	*Page
	t      testing.TB
	struck int // keys that were sent to the page
	anew   int // presses of the browser's own key that loads a page again, which no page sees
}

// counter is the script that reports each key press. It runs before those of the
// page, and leaves out what a script made up.
const counter = `addEventListener("keydown", function (event) { if (event.isTrusted) { testkitKey(event.key); } }, true);`

// Hands gives the page to somebody without a mouse. A page has one pair.
func (p *Page) Hands() *Hands {
	p.t.Helper()
	now := true
	p.do("listening for keys", call(runtime.AddBinding, runtime.AddBindingParams{Name: "testkitKey"}),
		call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: counter, RunImmediately: &now}))
	return &Hands{Page: p, t: p.t}
}

// Keys gives how many keys were pressed so far. It fails the test where a document
// saw other presses than those that were sent.
func (h *Hands) Keys() int {
	h.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		h.mu.Lock()
		seen := h.keys
		h.mu.Unlock()
		if seen == h.struck {
			return seen + h.anew
		}
		if seen > h.struck || time.Now().After(deadline) {
			h.t.Fatalf("%d keys were struck, and the page saw %d (at %s)", h.struck, seen, h.whereabouts())
		}
	}
}

// Loads gives how many documents have loaded so far.
func (h *Hands) Loads() int {
	time.Sleep(time.Millisecond) // a step that loaded two where one was to be seen is not a step of one
	n, _ := h.loaded()
	return n
}

// Press strikes keys of which none loads a page, one after another. Special keys
// are those of chromedp's package kb, e.g. kb.Tab.
func (h *Hands) Press(keys string) {
	h.t.Helper()
	before, _ := h.loaded()
	h.struck += len([]rune(keys))
	h.do("striking "+quote(keys), chromedp.KeyEvent(keys))
	if after, _ := h.loaded(); after != before {
		h.t.Fatalf("striking %q loaded a page (at %s)", keys, h.whereabouts())
	}
}

// Through strikes one key that loads a page, waits until it is there, and gives
// its HTTP status.
func (h *Hands) Through(key string) int {
	h.t.Helper()
	h.struck++
	return h.load("striking "+quote(key), chromedp.KeyEvent(key))
}

// Again loads the page anew, as the browser's own key does.
func (h *Hands) Again() int {
	h.t.Helper()
	h.anew++
	return h.Goto(h.Path())
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
