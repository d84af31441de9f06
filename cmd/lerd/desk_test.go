package main

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lerd/internal/requests"
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

// form is a new request, answered as a careful officer does; its draft has begun.
func (d *desk) form() *application {
	d.t.Helper()
	a := newApplication(d.officer, storyNow)
	d.must(a.begin(d.ctx))
	return a
}

// withOrder is a request of which every step is saved, its order included.
func (d *desk) withOrder() *application {
	d.t.Helper()
	a := d.form()
	a.file = webFile{"order.pdf", "application/pdf", d.order("IN/94/2026/60")}
	_, err := a.walk(d.ctx)
	d.must(err)
	a.file = webFile{}
	if d.draftOf(a).Content.Order == nil {
		d.t.Fatal("the draft does not carry the order")
	}
	return a
}

// draftOf gives a request's draft as its unit sees it.
func (d *desk) draftOf(a *application) requests.Draft {
	d.t.Helper()
	got, err := d.cases.OpenDraft(d.as("asha.rao"), requests.DraftID(path.Base(a.draft)))
	d.must(err)
	return got
}

// at gives the form of a step, filled in.
func (d *desk) at(a *application, step string) *webForm {
	d.t.Helper()
	f, err := a.step(d.ctx, step)
	d.must(err)
	return f
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

// checked gives the form of the page on which a request is signed.
func (d *desk) checked(a *application) *webForm {
	d.t.Helper()
	f, err := a.sign(d.ctx)
	d.must(err)
	return f
}

// submitted submits a request, has it signed twice, and gives its id.
func (d *desk) submitted(a *application) string {
	d.t.Helper()
	page, err := d.checked(a).send(d.ctx)
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
		if name == "idempotency_key" || name == "revision" || name == "do" || strings.HasPrefix(name, "defaults-") || slices.Equal(want, []string{""}) {
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
