package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lerd/internal/oversight"
)

// hostileQueries are values that somebody might put into an address that auditors share.
var hostileQueries = map[string][]string{
	"kind":    {"'; DROP TABLE log_index; --", "%", "request.%", ".", "request./", "\x00", "\xff\xfe", strings.Repeat("k", 81), "=1+1"},
	"person":  {"' OR '1'='1", "00000000-0000-0000-0000-000000000000", "system", "\u202e", "\x00"},
	"role":    {"auditor' --", "nobody", "\n"},
	"ref":     {"' OR 1=1 --", "LR-\u0000", "@SUM(1)", strings.Repeat("9", 41)},
	"state":   {"closed'", "no_such_state"},
	"country": {"I'", "in", "İN", "  "},
	"process": {"IN-94'--", "\\"},
	"urgent":  {"maybe", "yes", "1"},
	"from":    {"0000-01-01", "0001-01-01", "9999-12-31", "2026-02-30", "2026-13-01", "-0001-01-01", "yesterday", "2026-01-01' --", "999999-01-01"},
	"to":      {"0000-01-01", "9999-12-31", "2026-1-1", "+2026-01-01"},
	"after":   {"-1", "9223372036854775807", "9223372036854775808", "1; SELECT 1", "0000-01-01T00:00:00Z|00000000-0000-0000-0000-000000000000", "9999-12-31T23:59:59.999999999+23:59|00000000-0000-0000-0000-000000000000", "|", "x|y"},
}

// TestHostileAddressesOfQueries asks every query with hostile values: each is answered
// as a mistake, as nothing, or by what it honestly means; none is a defect, and none
// finds more than the query without it. What is put twice counts once.
func TestHostileAddressesOfQueries(t *testing.T) {
	sc := newScenario(t)
	sc.submit("IN/94/2026/9931")
	sc.indexed()
	p := sc.open(unhurried)
	v := p.visit("ines.moreau")
	for _, name := range append(append([]string{}, oversight.Library...), oversight.Free...) {
		for field, values := range hostileQueries {
			for _, value := range values {
				for _, at := range []string{"/audit/queries/" + name, "/audit/queries/" + name + "/csv"} {
					got := p.ask(v, http.MethodGet, at+"?"+url.Values{field: {value}}.Encode(), nil, "")
					if got.status != 200 && got.status != 400 && got.status != 404 && got.status != 422 {
						t.Errorf("%s with %s=%q is answered %d", at, field, value, got.status)
					}
				}
			}
		}
	}
	if n := sc.column("SELECT count(*) FROM log_index")[0]; n == "0" {
		t.Error("the index of the log is gone")
	}
	for at, want := range map[string]int{"/audit/queries/events?kind=request.%25": 422, "/audit/queries/events?person=" + url.QueryEscape("' OR '1'='1"): 422, "/audit/queries/cases?ref=" + url.QueryEscape("' OR 1=1 --"): 422,
		"/audit/queries/nothing": http.StatusNotFound, "/audit/queries/..%2fevents": http.StatusNotFound, "/audit/cases/x/replay?step=1": http.StatusNotFound} {
		got := p.ask(v, http.MethodGet, at, nil, "")
		if got.status != want {
			t.Errorf("%s is answered %d", at, got.status)
		}
	}
	for _, who := range []string{"asha.rao", "rita.lind", "helen.park", "anna.keller", "tess.boyd"} {
		other := p.visit(who)
		for _, at := range []string{"/audit", "/audit/queries", "/audit/queries/events", "/audit/queries/events/csv", "/audit/acts", "/audit/duties", "/audit/samples"} {
			if got := p.ask(other, http.MethodGet, at, nil, ""); got.status != http.StatusNotFound {
				t.Errorf("%s reads %s: %d", who, at, got.status)
			}
		}
	}
}
