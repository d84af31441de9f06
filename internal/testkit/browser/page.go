package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// patience bounds one act on a page, on a slow machine that does other things.
const patience = 30 * time.Second

// Page is a tab with cookies of its own. Its methods fail the test when they
// cannot do what they are told.
type Page struct {
	t      testing.TB
	ctx    context.Context
	origin string // scheme://host:port
	shots  string

	mu       sync.Mutex
	problems []string
	loads    int // pages that have loaded
	keys     int // presses that reached a document, where Hands use the page
	status   int // of the last document
}

// Page opens a tab for a site, in the desktop's size. When the test ends,
// problems that it did not take with Problems make it fail.
func (b *Browser) Page(t testing.TB, origin string) *Page {
	t.Helper()
	p := &Page{t: t, origin: strings.TrimSuffix(origin, "/"), shots: b.dir}
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	t.Cleanup(stop)
	t.Cleanup(func() {
		for _, problem := range p.Problems() {
			t.Errorf("browser: %s", problem)
		}
	})
	// The tab lives as long as the context of the first act, so that one has no
	// time limit.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	p.do("sizing the tab", Desktop.emulate())
	return p
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v (at %s)", what, err, p.whereabouts())
	}
}

func run[T any](p *Page, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("%s: %v (at %s)", what, err, p.whereabouts())
	}
	return got
}

// load does what makes a page load, waits until it has, and gives the status of
// its document.
func (p *Page) load(what string, step chromedp.Action[chromedp.Void]) int {
	p.t.Helper()
	before, _ := p.loaded()
	p.do(what, step)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if n, status := p.loaded(); n > before {
			return status
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: no page came (at %s)", what, p.whereabouts())
		}
	}
}

// loaded gives how many pages have loaded, and the status of the last.
func (p *Page) loaded() (n, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loads, p.status
}

// whereabouts is for failure messages: the address and the heading.
func (p *Page) whereabouts() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + ' "' + (document.querySelector('h1')?.textContent ?? document.title).trim() + '"'`))
	return at
}

// Goto loads a path of the site and gives the HTTP status.
func (p *Page) Goto(path string) int {
	p.t.Helper()
	return p.load("going to "+path, chromedp.Navigate(p.origin+path))
}

// Path gives the path and query of the page's address.
func (p *Page) Path() string {
	p.t.Helper()
	return run(p, "reading the address", chromedp.Evaluate[string](`location.pathname + location.search`))
}

// Fill replaces what a field holds, as an input method does: key events for
// single characters lose some letters with diacritics.
func (p *Page) Fill(css, text string) {
	p.t.Helper()
	sel := chromedp.CSS(css)
	p.do("filling "+css, chromedp.Clear(sel), chromedp.Focus(sel), insert(text))
}

func insert(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// Set gives a field its value at once: for selects, dates and long texts.
func (p *Page) Set(css, value string) {
	p.t.Helper()
	p.do("setting "+css, chromedp.SetValue(chromedp.CSS(css), value))
}

// Upload chooses files in a file field.
func (p *Page) Upload(css string, files ...string) {
	p.t.Helper()
	p.do("choosing files in "+css, chromedp.SetUploadFiles(chromedp.CSS(css), files))
}

// Click clicks something that loads no page: a radio button, a summary.
func (p *Page) Click(css string) {
	p.t.Helper()
	p.do("clicking "+css, chromedp.Click(chromedp.CSS(css)))
}

// Follow clicks a link or a button that loads a page, waits for that page and
// gives its HTTP status, after redirects.
func (p *Page) Follow(css string) int {
	p.t.Helper()
	return p.load("following "+css, chromedp.Click(chromedp.CSS(css)))
}

// Text gives the visible text of the first element.
func (p *Page) Text(css string) string {
	p.t.Helper()
	// Asked of the page itself: a node that the protocol has found may be gone by
	// the time it is read, when the page has just loaded.
	ask := chromedp.Evaluate[*string]("document.querySelector(" + quote(css) + ")?.innerText ?? null")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if text := run(p, "reading "+css, ask); text != nil {
			return strings.TrimSpace(*text)
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("reading %s: it is not there (at %s)", css, p.whereabouts())
		}
	}
}

// Value gives what a field holds.
func (p *Page) Value(css string) string {
	p.t.Helper()
	return run(p, "reading "+css, chromedp.Value(chromedp.CSS(css)))
}

// Count gives how many elements there are, without waiting for one.
func (p *Page) Count(css string) int {
	p.t.Helper()
	return run(p, "counting "+css, chromedp.Evaluate[int]("document.querySelectorAll("+quote(css)+").length"))
}

// Texts gives the text of every element, that of folded ones too, without waiting
// for one.
func (p *Page) Texts(css string) []string {
	p.t.Helper()
	return run(p, "reading "+css, chromedp.Evaluate[[]string]("Array.from(document.querySelectorAll("+quote(css)+"), function (e) { return e.textContent.replace(/\\s+/g, ' ').trim(); })"))
}

// Extent gives how wide and how high the first element is drawn, in CSS pixels.
func (p *Page) Extent(css string) (width, height int) {
	p.t.Helper()
	both := run(p, "measuring "+css, chromedp.Evaluate[[]int]("(function (r) { return [Math.round(r.width), Math.round(r.height)]; })(document.querySelector("+quote(css)+").getBoundingClientRect())"))
	return both[0], both[1]
}

// Size is the size of a screen in CSS pixels.
type Size struct {
	Name          string
	Width, Height int64
	Touch         bool
}

// The two sizes that every page is looked at in.
var (
	Phone   = Size{Name: "phone", Width: 390, Height: 844, Touch: true}
	Desktop = Size{Name: "desktop", Width: 1280, Height: 900}
)

// SmallPhone is the narrowest screen on which charts are to be legible.
var SmallPhone = Size{Name: "small", Width: 360, Height: 740, Touch: true}

func (s Size) emulate() chromedp.Action[chromedp.Void] {
	if s.Touch {
		return chromedp.EmulateViewport(s.Width, s.Height, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	return chromedp.EmulateViewport(s.Width, s.Height)
}

// Resize changes the size of the screen.
func (p *Page) Resize(s Size) {
	p.t.Helper()
	p.do("resizing", s.emulate())
}

// Screenshot takes the whole page in both sizes into the browser's folder as
// name-phone.png and name-desktop.png, and fails the test when the page has to
// be scrolled sideways on the phone. It ends in the desktop's size.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	for _, size := range []Size{Phone, Desktop} {
		p.Resize(size)
		p.shoot(name, size)
	}
}

// Examine is AssertAccessible and Screenshot in one turn.
func (p *Page) Examine(name string) {
	p.t.Helper()
	for _, size := range []Size{Phone, Desktop} {
		p.Resize(size)
		p.assertAccessible(size)
		p.shoot(name, size)
	}
}

func (p *Page) shoot(name string, size Size) {
	p.t.Helper()
	if over := run(p, "measuring", chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 && size.Touch {
		p.t.Errorf("%s is %d pixels too wide for a phone", p.whereabouts(), over)
	}
	if p.shots == "" {
		return
	}
	png := run(p, "taking a screenshot", chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(p.shots, name+"-"+size.Name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
