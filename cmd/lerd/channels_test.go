package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// channels are the ways in which something hidden could come out beside the
// pages that TestEveryRouteHasAnExpectation reads. Each gives all that it said to
// a person.
var channels = []struct {
	name string
	// open are what comes out here to somebody who may not read it on a page,
	// with the reason.
	open map[string]string
	said func(h *house, p person) string
}{
	{"headers of every answer", nil, (*house).headersOf},
	{"names of files", nil, (*house).fileNames},
	{"errors as pages", nil, func(h *house, p person) string { return h.errorsOf(p, "text/html") }},
	{"errors for programs", nil, func(h *house, p person) string { return h.errorsOf(p, "application/json") }},
	{"lists and their filters", nil, (*house).listsOf},
	{"CSV", nil, (*house).csvOf},
	{"archives as they leave", nil, (*house).archives},
	{"the public log", nil, (*house).publicLog},
	{"notices and mail", nil, (*house).noticesOf},
	{"the technical log", nil, func(h *house, _ person) string { return h.log.String() }},
}

// TestSideChannels is the matrix of each hidden thing, each channel and each
// person: what somebody may not read on a page comes out nowhere else.
func TestSideChannels(t *testing.T) {
	h := newHouse(t)
	spoke := map[string]int{}
	for _, ch := range channels {
		for _, p := range h.once() {
			said := ch.said(h, p)
			spoke[ch.name] += len(said)
			for name, planted := range h.canary {
				if h.mayRead(p, name) && ch.name != "the technical log" && ch.name != "the public log" {
					continue
				}
				if strings.Contains(said, planted) && ch.open[name] == "" {
					t.Errorf("%s: %s says the %s", p, ch.name, name)
				}
			}
		}
	}
	for _, ch := range channels {
		if spoke[ch.name] == 0 {
			t.Errorf("%s said nothing, so the test shows nothing of it", ch.name)
		}
	}
}

// TestSearchingIsNoOracle compares what a filter answers for a hidden thing with
// what it answers for something that nobody has: all but the words typed is alike.
func TestSearchingIsNoOracle(t *testing.T) {
	h := newHouse(t)
	for _, p := range h.once() {
		for _, path := range h.pages(p) {
			if strings.Contains(path, "-") || strings.HasPrefix(path, "/help") {
				continue // one thing's page, or words alone
			}
			asked := h.searches(p, path)
			for name, planted := range h.canary {
				if h.mayRead(p, name) {
					continue
				}
				for _, x := range asked {
					a := h.searched(p, path, x.params, planted)
					if a != x.none && a != h.searched(p, path, x.params, alike(planted)) {
						t.Errorf("%s: %s?%s=… tells whether the %s is there", p, path, x.params, name)
					}
				}
			}
		}
	}
}

// alike gives a value of the same form that nobody has.
func alike(planted string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'y' || r >= 'A' && r <= 'Y' || r >= '0' && r <= '8' {
			return r + 1
		}
		return r
	}, planted)
}

// search is a way to ask a page, and what it answers for a word that nobody has.
type search struct{ params, none string }

// searches gives a search for each parameter that a page heeds, and one with all the
// others together: they are asked at once, as one of them would have to heed a hidden
// value and no other.
func (h *house) searches(p person, path string) (out []search) {
	rest, bare := []string{}, h.searched(p, path, "", "nobody")
	for _, param := range []string{"q", "ref", "search", "show", "agency"} {
		if none := h.searched(p, path, param, "nobody"); none != bare {
			out = append(out, search{param, none})
		} else {
			rest = append(rest, param)
		}
	}
	if len(rest) > 0 {
		all := strings.Join(rest, " ")
		out = append(out, search{all, h.searched(p, path, all, "nobody")})
	}
	return out
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}`)

// backLink is the page's own address, for the choice of a language.
var backLink = regexp.MustCompile(`name="next" value="[^"]*"`)

// searched gives status and page, asked with a value for each of the parameters,
// without the words typed and without what is fresh in each page.
func (h *house) searched(p person, path, params, value string) string {
	query := url.Values{}
	for _, param := range strings.Fields(params) {
		query.Set(param, value)
	}
	got := h.ask(p.visitor, http.MethodGet, path+"?"+query.Encode(), nil, "")
	body := backLink.ReplaceAllString(anyUUID.ReplaceAllString(got.body, "*"), "*")
	if strings.HasPrefix(path, "/audit/") { // each look is an event, which the next one lists
		return fmt.Sprint(got.status, " ", strings.Count(got.body, "<tr"))
	}
	for _, form := range []string{url.QueryEscape(value), value} {
		body = strings.ReplaceAll(body, form, "*")
	}
	return fmt.Sprint(got.status, " ", body)
}

// answers fetches every route as a person, own and foreign object alike.
func (h *house) answers(p person, accept string) (out []reply) {
	for _, r := range h.web.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		paths := []string{at(r, h.mine(p, r))}
		if kindOf(r) != "" {
			paths = append(paths, at(r, h.own[kindOf(r)]), at(r, uuid.NewString()))
		}
		for _, path := range paths {
			out = append(out, h.ask(p.visitor, http.MethodGet, path, map[string]string{"Accept": accept}, ""))
		}
	}
	return out
}

func (h *house) headersOf(p person) string {
	var b strings.Builder
	for _, got := range h.answers(p, "text/html") {
		for name, values := range got.header {
			fmt.Fprintln(&b, name, values)
		}
	}
	return b.String()
}

func (h *house) fileNames(p person) string {
	var b strings.Builder
	for _, got := range h.answers(p, "*/*") {
		fmt.Fprintln(&b, got.header.Get("Content-Disposition"))
	}
	return b.String()
}

// errorsOf gives every answer that is a failure.
func (h *house) errorsOf(p person, accept string) string {
	var b strings.Builder
	for _, got := range h.answers(p, accept) {
		if got.status >= 400 {
			b.WriteString(plainText(got.body) + got.body)
		}
	}
	return b.String()
}

// listsOf gives every page that is about no single thing, under each of its own
// filters; the evaluation's sign-in lists the cast by design.
func (h *house) listsOf(p person) string {
	var b strings.Builder
	for _, path := range h.pages(p) {
		if path == "/sign-in" || strings.Contains(path, h.own["request"]) || strings.Contains(path, h.own["finding"]) || strings.Contains(path, h.own["event"]) {
			continue
		}
		for _, query := range []string{"", "?show=ended", "?show=running", "?show=reply", "?page=2", "?page=1000"} {
			b.WriteString(h.ask(p.visitor, http.MethodGet, path+query, nil, "").body)
		}
	}
	return b.String()
}

func (h *house) csvOf(p person) string {
	var b strings.Builder
	for _, got := range h.answers(p, "text/csv") {
		if strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
			b.WriteString(got.body)
		}
	}
	return b.String()
}

// archives gives the bundle and the proof as they go over the wire, to whoever
// gets them; nobody but the agency's key opens the first.
func (h *house) archives(p person) string {
	if p.signIn != "asha.rao" {
		return h.ask(p.visitor, http.MethodGet, "/requests/"+h.own["request"]+"/proof", nil, "").body
	}
	at := "/requests/" + h.own["request"]
	bundle := h.submitTo(p.visitor, at, "/bundle")
	if !strings.Contains(bundle.header.Get("Content-Disposition"), "EXP-") {
		h.t.Fatalf("no bundle was sent: %v", bundle.header)
	}
	for name, planted := range h.canary {
		if strings.Contains(string(bundle.body), planted) {
			h.t.Errorf("the encrypted bundle shows the %s", name)
		}
	}
	return string(bundle.body) + h.ask(p.visitor, http.MethodGet, at+"/proof", nil, "").body
}

// publicLog gives every entry that anybody may read.
func (h *house) publicLog(person) string {
	stranger := h.visit("")
	lines := strings.Split(h.ask(stranger, http.MethodGet, "/log/checkpoint", nil, "").body, "\n")
	size, err := strconv.Atoi(lines[1])
	h.must(err)
	var b strings.Builder
	for n := 0; n*256 < size; n++ {
		path := fmt.Sprintf("/log/tile/entries/%03d", n)
		if left := size - n*256; left < 256 {
			path += fmt.Sprintf(".p/%d", left)
		}
		got := h.ask(stranger, http.MethodGet, path, nil, "")
		if got.status != http.StatusOK {
			h.t.Fatalf("%s answers %d", path, got.status)
		}
		b.WriteString(got.body)
	}
	return b.String()
}

// noticesOf gives every row of the tables in which messages to people wait to be
// sent.
func (h *house) noticesOf(p person) string {
	var b strings.Builder
	for _, rows := range []string{
		"SELECT to_jsonb(t)::text FROM notice t JOIN person p ON p.id = t.person_id WHERE p.sign_in = '%s'",
		"SELECT to_jsonb(t)::text FROM notice_mail t JOIN person p ON p.id = t.person_id WHERE p.sign_in = '%s'",
		"SELECT to_jsonb(t)::text FROM notice_address t JOIN person p ON p.id = t.id WHERE p.sign_in = '%s'",
	} {
		for _, row := range h.column(fmt.Sprintf(rows, p.signIn)) {
			b.WriteString(row)
		}
	}
	return b.String()
}
