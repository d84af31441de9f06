package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// visitor is one person at the portal: it fetches pages, fills in the forms
// that are on them and sends them, as a browser without scripts does. The demo
// tells its story with it, through the same pages that people use.
type visitor struct {
	base   string
	client *http.Client
}

func newVisitor(base string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only a wrong public-suffix list fails, and none is given
	}
	return &visitor{base: base, client: &http.Client{Jar: jar}}
}

// webPage is a page as it was answered.
type webPage struct {
	visitor *visitor
	url     *url.URL
	status  int
	header  http.Header
	body    []byte
	root    *html.Node
}

// webForm is a form of a page with what is filled in.
type webForm struct {
	page   *webPage
	action string
	fields url.Values
	radios map[string][]string // the values of each group of radio buttons
	upload map[string]webFile
}

type webFile struct {
	name, mediaType string
	body            []byte
}

func (v *visitor) get(ctx context.Context, path string) (*webPage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return nil, err
	}
	return v.do(r)
}

func (v *visitor) do(r *http.Request) (*webPage, error) {
	r.Header.Set("Origin", v.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	p := &webPage{visitor: v, url: resp.Request.URL, status: resp.StatusCode, header: resp.Header, body: body}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		p.root, err = html.Parse(bytes.NewReader(body))
	}
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s: %s", r.Method, resp.Request.URL.Path, resp.Status, p.problem())
	}
	return p, err
}

// problem gives what a page says is wrong.
func (p *webPage) problem() string {
	var said []string
	walk(p.root, func(n *html.Node) {
		if attr(n, "role") == "alert" {
			said = append(said, strings.Join(strings.Fields(textOf(n)), " "))
		}
	})
	return strings.Join(said, "; ")
}

// form gives the first form whose action ends as given.
func (p *webPage) form(action string) (*webForm, error) {
	var found *webForm
	walk(p.root, func(n *html.Node) {
		if found != nil || n.Data != "form" || !strings.HasSuffix(attr(n, "action"), action) {
			return
		}
		found = &webForm{page: p, action: attr(n, "action"), fields: url.Values{}, radios: map[string][]string{}, upload: map[string]webFile{}}
		found.read(n)
	})
	if found == nil {
		return nil, fmt.Errorf("%s has no form for %s", p.url.Path, action)
	}
	return found, nil
}

// read takes over what the form is filled in with.
func (f *webForm) read(n *html.Node) {
	walk(n, func(n *html.Node) {
		name := attr(n, "name")
		switch {
		case name == "":
		case n.Data == "input":
			f.readInput(n, name)
		case n.Data == "textarea":
			f.fields.Add(name, textOf(n))
		case n.Data == "select":
			f.fields.Add(name, chosen(n))
		}
	})
}

func (f *webForm) readInput(n *html.Node, name string) {
	switch attr(n, "type") {
	case "checkbox", "radio":
		if attr(n, "type") == "radio" {
			f.radios[name] = append(f.radios[name], attr(n, "value"))
		}
		if has(n, "checked") {
			f.fields.Add(name, attr(n, "value"))
		}
	case "submit", "button", "file", "image":
	default:
		f.fields.Add(name, attr(n, "value"))
	}
}

func chosen(n *html.Node) string {
	value, first := "", true
	walk(n, func(o *html.Node) {
		if o.Data == "option" && (first || has(o, "selected")) {
			value, first = attr(o, "value"), false
		}
	})
	return value
}

// set fills in fields: name, value, name, value …
func (f *webForm) set(pairs ...string) *webForm {
	for i := 0; i+1 < len(pairs); i += 2 {
		f.fields.Set(pairs[i], pairs[i+1])
	}
	return f
}

// groups lists the form's groups of radio buttons, for forms whose fields follow
// from the case.
func (f *webForm) groups() []string { return slices.Sorted(maps.Keys(f.radios)) }

// links gives the page's links that begin with a path, each once.
func (p *webPage) links(prefix string) []string {
	var out []string
	walk(p.root, func(n *html.Node) {
		if href := attr(n, "href"); n.Data == "a" && strings.HasPrefix(href, prefix) && !slices.Contains(out, href) {
			out = append(out, href)
		}
	})
	return out
}

// send sends the form and gives the page to which it leads.
func (f *webForm) send(ctx context.Context) (*webPage, error) {
	target, err := f.page.url.Parse(f.action)
	if err != nil {
		return nil, err
	}
	body, mediaType := io.Reader(strings.NewReader(f.fields.Encode())), "application/x-www-form-urlencoded"
	if len(f.upload) > 0 {
		if body, mediaType, err = f.multipart(); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", mediaType)
	return f.page.visitor.do(r)
}

func (f *webForm) multipart() (io.Reader, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range f.fields {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				return nil, "", err
			}
		}
	}
	for name, file := range f.upload {
		part, err := w.CreatePart(map[string][]string{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, name, file.name)},
			"Content-Type":        {file.mediaType},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(file.body); err != nil {
			return nil, "", err
		}
	}
	return &b, w.FormDataContentType(), w.Close()
}

func walk(n *html.Node, f func(*html.Node)) {
	if n == nil {
		return
	}
	f(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	})
	return b.String()
}
