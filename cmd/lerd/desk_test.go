package main

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// desk is an officer at the form of a new request.
type desk struct {
	*portal
	officer *visitor
}

func newDesk(t *testing.T) *desk {
	p := newScenario(t).open(unhurried)
	return &desk{p, p.visit("asha.rao")}
}

// form gives the form of a new request, answered as a careful officer does.
func (d *desk) form() *webForm {
	d.t.Helper()
	page, err := d.officer.get(d.ctx, "/requests/new")
	d.must(err)
	f, err := page.form("/requests/new")
	d.must(err)
	return fillRequest(f, storyNow)
}

// withOrder is a form that already carries its order.
func (d *desk) withOrder() *webForm {
	d.t.Helper()
	f := d.form()
	f.upload["file"] = webFile{"order.pdf", "application/pdf", d.order("IN/94/2026/60")}
	f.set("do", "kind")
	page := d.send(f)
	f, err := page.form("/requests/new")
	d.must(err)
	if f.fields.Get("document") == "" {
		d.t.Fatal("the form does not carry the order")
	}
	return fillRequest(f, storyNow)
}

// send sends a form, however it is answered.
func (d *desk) send(f *webForm) *webPage {
	d.t.Helper()
	page, err := f.send(d.ctx)
	if page == nil {
		d.t.Fatal(err)
	}
	return page
}

// checked gives the form of the page that shows how everything was read.
func (d *desk) checked(f *webForm) *webForm {
	d.t.Helper()
	page := d.send(f)
	if page.status != http.StatusOK {
		d.t.Fatalf("the form was refused: %s", page.problem())
	}
	last, err := page.form("/requests")
	d.must(err)
	return last
}

// submitted submits a form and gives the id of its case.
func (d *desk) submitted(f *webForm) string {
	d.t.Helper()
	page, err := d.checked(f).send(d.ctx)
	d.must(err)
	id := path.Base(page.url.Path)
	d.seconded(id)
	return id
}

// seconded has the officer's colleague sign a request a second time, on the page.
func (d *desk) seconded(id string) {
	d.t.Helper()
	at := "/requests/" + id + "/cosign"
	_, err := d.formAt(d.visit("vikram.nair"), at, at).send(d.ctx)
	d.must(err)
}

// complaint gives what a page says beside a field.
func (p *webPage) complaint(field string) string {
	if n := p.byID(field + "-error"); n != nil {
		return strings.Join(strings.Fields(textOf(n)), " ")
	}
	return ""
}

// linked tells whether the summary at the top leads to a field.
func (p *webPage) linked(field string) bool {
	found := false
	walk(p.byID("problems"), func(n *html.Node) {
		href := attr(n, "href")
		found = found || n.Data == "a" && (href == "#"+field || href == "#"+field+"-0") && p.byID(strings.TrimPrefix(href, "#")) != nil
	})
	return found
}

// lost gives the fields of a form that do not hold any more what was typed.
func lost(typed, shown url.Values) []string {
	var out []string
	for name, want := range typed {
		if name == "idempotency_key" || name == "do" || slices.Equal(want, []string{""}) {
			continue
		}
		got := shown[name]
		if len(got) != len(want) {
			out = append(out, name)
			continue
		}
		for i := range want {
			if line(got[i]) != line(want[i]) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// line is a text without the ends and line breaks that a form may change.
func line(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// without leaves out looks and what names begin with.
func without(counts map[string]int, prefixes ...string) map[string]int {
	out := map[string]int{}
	for name, n := range counts {
		if strings.HasSuffix(name, ".viewed") || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		out[name] = n
	}
	return out
}
