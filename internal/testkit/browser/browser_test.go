package browser_test

import (
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/testkit/browser"
)

const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main>`

const good = head + `<h1>Form</h1><form method="post" action="/send" enctype="multipart/form-data">
<label for="name">Name</label> <input id="name" name="name" value="old">
<label for="file">File</label> <input id="file" name="file" type="file">
<button>Send</button></form></main></body></html>`

// bad breaks the policy, the rules of accessibility, the origin and the peace
// of the console, each once.
const bad = head + `<h1>Bad</h1><img src="/gone.png"><input name="nameless">
<div style="color: #777">Inline style</div><div class="pale">Too pale</div>
<script src="/bad.js"></script></main></body></html>`

const badJS = `console.error("planted", 7);
fetch("http://127.0.0.2:1/elsewhere").catch(() => {});
setTimeout(() => { throw new Error("uncaught planted") }, 0);`

func site(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page(good, 200))
	mux.HandleFunc("GET /missing", page(head+"<h1>Not here</h1></main></body></html>", 404))
	mux.HandleFunc("GET /wide", page(head+`<h1>Wide</h1><svg width="900" height="20" role="img" aria-label="Bar"></svg></main></body></html>`, 200))
	mux.HandleFunc("GET /bad", page(bad, 200))
	mux.HandleFunc("GET /bad.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, badJS)
	})
	mux.HandleFunc("GET /list", page(head+`<h1>List</h1><a href="/a.csv" download>A</a> <a href="/b">B</a></main></body></html>`, 200))
	mux.HandleFunc("GET /a.csv", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="a.csv"`)
		io.WriteString(w, "1,2\n")
	})
	mux.HandleFunc("POST /send", func(w http.ResponseWriter, r *http.Request) {
		f, h, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		body, _ := io.ReadAll(f)
		http.SetCookie(w, &http.Cookie{Name: "sent", Value: "yes", Path: "/"})
		page(fmt.Sprintf("%s<h1>Got it</h1><p id=r>%s %s %s</p></main></body></html>", head, r.FormValue("name"), h.Filename, body), 422)(w, r)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func page(html string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src *")
		w.WriteHeader(status)
		io.WriteString(w, html)
	}
}

// One browser for all: starting one takes a second or two.
func TestBrowser(t *testing.T) {
	shots := filepath.Join(t.TempDir(), "shots")
	b := browser.Start(t, shots)
	s := site(t)
	t.Run("a form is filled, a file sent, the answer read", func(t *testing.T) { testForm(t, b.Page(t, s.URL)) })
	t.Run("screenshots have both widths", func(t *testing.T) { testShots(t, b.Page(t, s.URL), shots) })
	t.Run("planted faults are reported", func(t *testing.T) { testPlanted(t, b.Page(t, s.URL)) })
	t.Run("a good page has no fault", func(t *testing.T) {
		p := b.Page(t, s.URL)
		p.Goto("/")
		p.AssertAccessible()
	})
	t.Run("a file is downloaded, attributes are read", func(t *testing.T) { testDownload(t, b.Page(t, s.URL)) })
	t.Run("a page that is too wide for a phone is reported", func(t *testing.T) {
		r := &recorder{TB: t}
		p := b.Page(r, s.URL)
		p.Goto("/wide")
		p.Examine("wide")
		if !strings.Contains(r.said(), "too wide") {
			t.Errorf("recorded: %s", r.said())
		}
	})
}

func testForm(t *testing.T, p *browser.Page) {
	file := filepath.Join(t.TempDir(), "order.txt")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := p.Goto("/"); status != 200 {
		t.Errorf("status %d", status)
	}
	p.Fill("#name", "Zażółć")
	p.Upload("#file", file)
	if got := p.Value("#name"); got != "Zażółć" {
		t.Errorf("the field holds %q", got)
	}
	if status := p.Follow("button"); status != 422 {
		t.Errorf("status %d, want the server's 422", status)
	}
	if got := p.Text("#r"); got != "Zażółć order.txt content" {
		t.Errorf("the page says %q", got)
	}
	if p.Path() != "/send" || p.Count("form") != 0 {
		t.Errorf("at %s with %d forms", p.Path(), p.Count("form"))
	}
	if status := p.Goto("/missing"); status != 404 {
		t.Errorf("status %d", status)
	}
}

func testDownload(t *testing.T, p *browser.Page) {
	p.Goto("/list")
	if got := strings.Join(p.Attributes("a", "href"), " ") + strings.Join(p.Attributes("a", "download"), "-"); got != "/a.csv /b-" {
		t.Errorf("attributes %q", got)
	}
	path := p.Download("a[download]")
	if b, err := os.ReadFile(path); err != nil || string(b) != "1,2\n" || filepath.Base(path) != "a.csv" {
		t.Errorf("%s holds %q (%v)", path, b, err)
	}
}

func testShots(t *testing.T, p *browser.Page, shots string) {
	p.Goto("/")
	p.Screenshot("form")
	for name, width := range map[string]int{"form-phone.png": 390, "form-desktop.png": 1280} {
		f, err := os.Open(filepath.Join(shots, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		config, err := png.DecodeConfig(f)
		if err != nil || config.Width != width {
			t.Errorf("%s is %d pixels wide (%v), want %d", name, config.Width, err, width)
		}
	}
}

func testPlanted(t *testing.T, p *browser.Page) {
	p.Goto("/bad")
	grave := browser.Grave(p.Axe())
	var rules []string
	for _, v := range grave {
		rules = append(rules, v.String())
	}
	for _, want := range []string{"image-alt (critical)", "label (critical)"} {
		if !strings.Contains(strings.Join(rules, "\n"), want) {
			t.Errorf("axe did not report %s, only:\n%s", want, strings.Join(rules, "\n"))
		}
	}
	got := strings.Join(p.Problems(), "\n")
	for _, want := range []string{
		`console error: "planted" 7`,
		"uncaught exception: Error: uncaught planted",
		"request to another origin: http://127.0.0.2:1/elsewhere",
		"Content Security Policy",
		"resource failed with 404",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not reported: %s; reported:\n%s", want, got)
		}
	}
}

// recorder takes failures instead of failing; clean-ups run with the real test.
type recorder struct {
	testing.TB
	lines []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}
func (r *recorder) Helper()      {}
func (r *recorder) said() string { return strings.Join(r.lines, "\n") }

// What a test does not take makes it fail when it ends.
func TestProblemsThatNobodyTookFailTheTest(t *testing.T) {
	b := browser.Start(t, "")
	r := &recorder{TB: t}
	t.Run("inner", func(inner *testing.T) {
		r.TB = inner
		p := b.Page(r, site(t).URL)
		p.Goto("/bad")
		p.AssertAccessible()
	})
	for _, want := range []string{"Content Security Policy", "image-alt"} {
		if !strings.Contains(r.said(), want) {
			t.Errorf("%q is not in what failed: %s", want, r.said())
		}
	}
}
