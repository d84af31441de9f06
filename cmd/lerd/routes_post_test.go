package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"lerd/internal/identity"
	"lerd/internal/web"
)

// said is a plausible form for every route that changes something, so that a
// refusal is not owed to an empty form.
var said = url.Values{
	"body": {"A text."}, "why": {"A reason."}, "verdict": {"confirmed"}, "evidence": {"MOD-1"}, "digest": {strings.Repeat("0", 64)}, "rule_t1": {"PR-05"}, "do": {"check"}, "saved": {""},
	"holders": {"nobody"}, "sure": {"yes"}, "reason": {"wrong_records"}, "word": {"uphold"},
}

// posts sends every form as everybody. None of them does anything: without a
// key, with a malformed one, from another site, to what is not theirs.
// SPEC: OWASP ASVS 5.0 V3.5.1.
func (h *house) posts(t *testing.T) {
	before := h.counts()
	tried := map[identity.Role]bool{}
	for _, p := range h.people {
		if tried[p.role] && !p.foreign {
			continue // a colleague of somebody who tried
		}
		tried[p.role] = true
		for _, r := range h.web.Routes() {
			if r.Method != http.MethodPost || r.Name == "session.end" {
				continue
			}
			h.keyless(t, p, r)
			h.crossSite(t, p, r)
			h.wrongType(t, p, r)
			if r.Name == "session.create" {
				continue
			}
			h.notTheirs(t, p, r)
		}
	}
	after := h.counts()
	for name := range after {
		if strings.HasSuffix(name, ".viewed") || name == "event attempt.refused" || name == "event audit.queried" {
			delete(after, name)
			delete(before, name)
		}
	}
	if diff := changed(before, after); len(diff) > 0 {
		t.Errorf("forms that had to be refused changed %v", diff)
	}
}

func (h *house) post(t *testing.T, p person, r web.Route, path string, header map[string]string, form url.Values) reply {
	t.Helper()
	got := h.ask(p.visitor, "POST", path, header, form.Encode())
	h.strict(t, p, r, path, got)
	return got
}

func with(form url.Values, keys ...string) url.Values {
	out := url.Values{"idempotency_key": keys}
	for name, list := range form {
		out[name] = list
	}
	return out
}

func (h *house) keyless(t *testing.T, p person, r web.Route) {
	t.Helper()
	path, key := at(r, h.mine(p, r)), uuid.NewString()
	if !p.may(r.Name) {
		return
	}
	for name, keys := range map[string][]string{"no key": nil, "an empty key": {""}, "a word": {"again"}, "an upper-case key": {strings.ToUpper(key)}, "a key of zeros": {uuid.Nil.String()},
		"two keys": {key, uuid.NewString()}, "a key in braces": {"{" + key + "}"}} {
		if got := h.post(t, p, r, path, nil, with(said, keys...)); got.status != http.StatusBadRequest {
			t.Errorf("%s: POST %s with %s answers %d, want 400", p, path, name, got.status)
		}
	}
	if got := h.post(t, p, r, path+"?idempotency_key="+key, nil, said); got.status != http.StatusBadRequest {
		t.Errorf("%s: POST %s with the key in the address answers %d", p, path, got.status)
	}
}

func (h *house) crossSite(t *testing.T, p person, r web.Route) {
	t.Helper()
	path := at(r, h.mine(p, r))
	for name, header := range map[string]map[string]string{
		"a foreign page":                {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
		"a sibling":                     {"Origin": "http://evil.localhost", "Sec-Fetch-Site": "same-site"},
		"an older browser's other site": {"Origin": "https://evil.example", "Sec-Fetch-Site": ""},
		"a sandboxed frame":             {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
	} {
		if got := h.post(t, p, r, path, header, with(said, uuid.NewString())); got.status != http.StatusForbidden {
			t.Errorf("%s: POST %s from %s answers %d, want 403", p, path, name, got.status)
		}
	}
}

func (h *house) wrongType(t *testing.T, p person, r web.Route) {
	t.Helper()
	path := at(r, h.mine(p, r))
	if !p.may(r.Name) {
		return
	}
	for _, kind := range []string{"text/plain", "application/json", "multipart/form-data", "nonsense", "application/xml"} {
		got := h.post(t, p, r, path, map[string]string{"Content-Type": kind}, with(said, uuid.NewString()))
		if got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s: POST %s as %s answers %d, want 415", p, path, kind, got.status)
		}
	}
}

// notTheirs sends good forms to what is absent, and where it is not theirs to
// what is there: the same bytes.
func (h *house) notTheirs(t *testing.T, p person, r web.Route) {
	t.Helper()
	ids, kind := h.absent(p, r), kindOf(r)
	switch {
	case !p.may(r.Name):
		ids = []string{h.mine(p, r), uuid.NewString(), "x"}
	case p.foreign && (kind == "request" || kind == "statement"):
		ids = append(ids, h.own[kind])
	}
	for _, id := range ids {
		for _, form := range []url.Values{said, {}} {
			got := h.post(t, p, r, at(r, id), nil, with(form, uuid.NewString()))
			if p.role == "" {
				if got.status != http.StatusUnauthorized {
					t.Errorf("nobody: POST %s answers %d, want 401", at(r, id), got.status)
				}
			} else if !h.gone(p, r, got) {
				t.Errorf("%s: POST %s answers %d, and otherwise than a page that is not there", p, at(r, id), got.status)
			}
		}
	}
}

// methods tries what no route has.
func (h *house) methods(t *testing.T) {
	before := h.counts()
	p := h.people[1]
	for _, r := range h.web.Routes() {
		path := at(r, h.mine(p, r))
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			got := h.ask(p.visitor, method, path, nil, "")
			h.strict(t, p, r, path, got)
			if got.status != http.StatusMethodNotAllowed && got.status != http.StatusNotFound && (method != "OPTIONS" || got.status != http.StatusNoContent || got.body != "") {
				t.Errorf("%s %s answers %d", method, path, got.status)
			}
		}
	}
	if diff := changed(before, h.counts()); len(diff) > 0 {
		t.Errorf("methods that are not there changed %v", diff)
	}
}

// intermediaries sends what only a proxy may say, and what none says: nothing
// changes, and nothing of it comes back.
// SPEC: OWASP ASVS 5.0 V4.1.3.
func (h *house) intermediaries(t *testing.T) {
	for _, p := range h.people {
		plain := h.ask(p.visitor, "GET", "/requests", nil, "")
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "X-User-ID", "X-Remote-User", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"} {
			for _, value := range []string{"evil.example", "/audit", "DELETE", "203.0.113.7", "https"} {
				if got := h.ask(p.visitor, "GET", "/requests", map[string]string{name: value}, ""); !sameBytes(plain, got) {
					t.Errorf("%s: with %s: %s the answer is another (%d)", p, name, value, got.status)
				}
			}
		}
	}
}
