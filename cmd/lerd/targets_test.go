package main

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// importing gives the form of the accounts with a list in it.
func (d *desk) importing(a *application, csv string) *webForm {
	d.t.Helper()
	page, err := d.officer.get(d.ctx, a.draft+"/targets")
	d.must(err)
	f, err := page.form(a.draft + "/targets")
	d.must(err)
	f.set("do", "import", "defaults-from", "2026-08-01 00:00", "defaults-to", "2026-11-01 00:00", "defaults-zone", "Asia/Kolkata", "defaults-person_role", "suspect", "defaults-purpose", "identify_user",
		"defaults-holder_at", "2026-10-01 12:00")
	f.fields["defaults-categories"] = []string{"phone_number"}
	if csv != "" {
		f.upload["list"] = webFile{"accounts.csv", "text/csv", []byte(csv)}
	}
	return f
}

// TestAListOfAccountsIsTakenInPart sends the template with mistakes in it, mends
// one row, drops another, and submits.
func TestAListOfAccountsIsTakenInPart(t *testing.T) {
	d := newDesk(t)
	a := d.form()
	a.file = webFile{"order.pdf", "application/pdf", d.order("IN/94/2026/610")}
	template := d.ask(d.officer, "GET", "/drafts/accounts.csv", nil, "").body
	head, _, _ := strings.Cut(template, "\n")
	page := d.send(d.importing(a, strings.Join([]string{strings.TrimSpace(head),
		"phone,+447700900123,2026-10-01 12:00,2026-09-01 00:00,2026-10-01 00:00,Europe/Berlin,suspect,identify_user,phone and ip",
		"phone,07700 900124,,,,,,,", // 3: no country code
		",sample_name,,,,,,,",       // 4: a username, by its form
		"phone,=1+1,,,,,,,",         // 5: a formula
		",481516234,,,,,,,"}, "\r\n")))
	said := strings.Join(strings.Fields(textOf(page.root)), " ")
	for _, want := range []string{"3 rows were taken.", "2 rows could not be taken.", "Line 3", "country code", "Line 5", "formula", "How we read Account 1", "Account 3", "+44 7700 900123"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(strings.ToLower(said), "exists") || strings.Contains(said, "10000001") {
		t.Error("the page hints at whether an account exists")
	}
	check, err := d.officer.get(d.ctx, a.draft+"/check")
	d.must(err)
	if !strings.Contains(textOf(check.root), "Rows of your list could not be taken") {
		t.Error("the check does not mention the rows that are left")
	}
	press := func(do string) *webPage {
		t.Helper()
		page, err := d.officer.get(d.ctx, a.draft+"/targets")
		d.must(err)
		f, err := page.form(a.draft + "/targets")
		d.must(err)
		return d.send(f.set("do", do))
	}
	press("mend-0")
	page = press("drop-0")
	f, err := page.form(a.draft + "/targets")
	d.must(err)
	if f.fields.Get("targets-3-identifier") != "07700 900124" {
		t.Fatalf("the bad row is not in the form: %v", f.fields)
	}
	page = d.send(f.set("do", "next"))
	if page.status != http.StatusUnprocessableEntity || !strings.Contains(page.complaint("targets-3-identifier"), "country code") {
		t.Errorf("going on with a bad row: %d %s", page.status, page.complaint("targets-3-identifier"))
	}
	page, err = d.officer.get(d.ctx, a.draft+"/targets")
	d.must(err)
	f, err = page.form(a.draft + "/targets")
	d.must(err)
	d.send(f.set("targets-3-identifier", "+447700900124", "do", "next"))
	for name := range a.answers {
		if strings.HasPrefix(name, "targets-") {
			delete(a.answers, name)
		}
	}
	id := d.submitted(a)
	if got := fmt.Sprint(d.column("SELECT kind || ' ' || identifier FROM target WHERE request_id = '" + id + "' ORDER BY ordinal")); got != "[phone +447700900123 username sample_name account_id 481516234 phone +447700900124]" {
		t.Errorf("submitted %s", got)
	}
}

// TestAPastedListAndADuplicateHint pastes what the agency asked for before, and
// finds only its own agency's request named.
func TestAPastedListAndADuplicateHint(t *testing.T) {
	d := newDesk(t)
	q := d.submit("IN/94/2026/611")
	d.clock.Advance(3 * 24 * time.Hour)
	d.officer = d.visit("asha.rao")
	a := d.form()
	page := d.send(d.importing(a, "").set("paste", "+447700900123\n\n# a note\nsample_name\n"))
	said := strings.Join(strings.Fields(textOf(page.root)), " ")
	if !strings.Contains(said, "2 rows were taken.") || !strings.Contains(said, "Your agency asked about this account 3 days ago: "+q.Ref) || strings.Count(said, "asked about this account") != 1 {
		t.Errorf("the page says: %s", said)
	}
	other := &desk{d.portal, d.visit("jana.weber")}
	b := &application{by: other.officer}
	d.must(b.begin(d.ctx))
	if said := textOf(other.send(other.importing(b, "").set("paste", "+447700900123")).root); strings.Contains(said, "asked about this account") || !strings.Contains(said, "One row was taken.") {
		t.Error("another agency learns that somebody asked")
	}
}

// TestHundredThousandHostileLines sends one through the portal.
func TestHundredThousandHostileLines(t *testing.T) {
	d := newDesk(t)
	a := d.form()
	for name, line := range map[string]string{"formulas": "=cmd|' /C calc'!A0,@x,+,-\n", "good rows": "+447700900123,Asia/Kolkata\n", "quotes": `"""""a"b,"` + "\n", "markup": "<script>alert(1)</script>,UTC\n"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		page := d.send(d.importing(a, "identifier,zone\n"+strings.Repeat(line, 100_000)))
		runtime.ReadMemStats(&after)
		inert(t, page, name)
		said := strings.Join(strings.Fields(textOf(page.root)), " ")
		if page.status != http.StatusOK || !strings.Contains(said, "Not everything was looked at.") || time.Since(began) > 20*time.Second || len(page.body) > 2<<20 {
			t.Errorf("%s: status %d after %v, a page of %d octets: %.300s", name, page.status, time.Since(began), len(page.body), said)
		}
		t.Logf("100,000 %s: %v, %d MB allocated by client and portal together, page of %d kB", name, time.Since(began).Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, len(page.body)>>10)
		f, err := page.form(a.draft + "/targets")
		d.must(err)
		for field := range f.fields {
			if strings.HasPrefix(field, "targets-") {
				delete(f.fields, field)
			}
		}
		d.send(f.set("do", "drop-all"))
	}
}

// TestThePrecheckNeedsNoSignIn asks as a stranger.
func TestThePrecheckNeedsNoSignIn(t *testing.T) {
	d := newDesk(t)
	stranger := newVisitor(d.base)
	for query, want := range map[string][]string{
		"":                                  {"The phone number of an account", "Nothing else can be had"},
		"?want=now&country=DE&issuer=judge": {"EU-EPOC-S", "10 days", "Number of the order", "8 hours"},
		"?want=now&country=IN&issuer=station_officer":                {"IN-94", "the date that the order names", "365 days"},
		"?want=keep&country=US":                                      {"US-PRES", "Data are kept for"},
		"?want=emergency&country=IN&issuer=station_officer&judge=no": {},
	} {
		page, err := stranger.get(d.ctx, "/check"+query)
		d.must(err)
		for _, w := range want {
			if !strings.Contains(textOf(page.root), w) {
				t.Errorf("/check%s does not say %q", query, w)
			}
		}
	}
	for _, bad := range []string{"?want=everything", "?country=%00", "?country=DEU", "?issuer=" + strings.Repeat("x", 60)} {
		if got := d.ask(stranger, "GET", "/check"+bad, nil, ""); got.status != http.StatusNotFound && got.status != http.StatusBadRequest {
			t.Errorf("/check%s answers %d", bad, got.status)
		}
	}
}
