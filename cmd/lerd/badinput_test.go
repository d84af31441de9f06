package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// wrongAnswer is one wrong answer to the form of a new request.
type wrongAnswer struct {
	field, typed string
	says         string // part of the sentence at the field
	also         []string
}

const (
	first0 = "targets-0-"
)

// wrongAnswers are answers that look right to somebody in a hurry.
var wrongAnswers = []wrongAnswer{
	// dates that are none
	{"issued_on", "2026-02-30", "a date that exists", nil},
	{"issued_on", "30/10/2026", "year-month-day", nil},
	{"issued_on", "2026-13-01", "a date that exists", nil},
	{"issued_on", "0026-10-30", "a date that exists", nil},
	{"issued_on", "yesterday", "year-month-day", nil},
	{"issued_on", "2027-01-01", "lies in the future", nil},
	{"return_on", "2026-11-31", "a date that exists", nil},
	{"expires_on", "2026-01-01", "ends before it begins", nil},

	// times that are none, or two
	{first0 + "zone", "", "time zone", nil},
	{first0 + "zone", "Mars/Olympus", "zone", nil},
	{first0 + "zone", "+05:30", "zone", nil},
	{first0 + "zone", "IST", "zone", nil},
	{first0 + "from", "2026-03-29 02:30", "skipped", []string{first0 + "zone", "Europe/Berlin"}},
	{first0 + "to", "2026-10-25 02:30", "twice", []string{first0 + "zone", "Europe/Berlin"}},
	{first0 + "holder_at", "2026-10-25 02:30", "twice", []string{first0 + "zone", "Europe/Berlin"}},
	{first0 + "from", "2026-07-01T12:00:00+05:00", "do not agree", []string{first0 + "zone", "Europe/Berlin"}},
	{first0 + "from", "2026-09-01", "time of day", nil},
	{first0 + "from", "2026-02-30 10:00", "28 days", nil},
	{first0 + "from", "2026-09-01 24:00", "00:00 of the next day", nil},
	{first0 + "from", "2026-09-01 12:61", "no such time", nil},
	{first0 + "from", "01.09.2026 12:00", "2026-10-25 14:30", nil},
	{first0 + "from", "1066-10-14 09:00", "year", nil},
	{first0 + "to", "2026-01-01 00:00", "ends before it begins", nil},
	{first0 + "from", "", "Write date and time", nil},

	// numbers and names that nobody can have
	{first0 + "identifier", "+1415555267", "too short", nil},
	{first0 + "identifier", "+4477009001234", "too long", nil},
	{first0 + "identifier", "07700 900123", "country code", nil},
	{first0 + "identifier", "00447700900123", "+ and the country code", nil},
	{first0 + "identifier", "+4477OO9OO123", "only digits", nil},
	{first0 + "identifier", "+４４７７００９００１２３", "another script or width", nil},
	{first0 + "identifier", "+٤٤٧٧٠٠٩٠٠١٢٣", "another script or width", nil},
	{first0 + "identifier", "+447700900123, +447700900124", "one phone number", nil},
	{first0 + "identifier", "+447700900*", "no search with wildcards", nil},
	{first0 + "identifier", "\u202e+447700900123", "", nil},
	{first0 + "identifier", "sеller_of_tickets", "Latin", []string{first0 + "kind", "username"}},
	{first0 + "identifier", "%' OR '1'='1", "", []string{first0 + "kind", "username"}},
	{first0 + "identifier", "-1", "", []string{first0 + "kind", "account_id"}},
	{first0 + "identifier", "99999999999999999999", "", []string{first0 + "kind", "account_id"}},
	{first0 + "identifier", "10000001.0", "", []string{first0 + "kind", "account_id"}},
	{first0 + "identifier", "", "Type the phone number", nil},

	// characters that are not what they seem
	{"issuer_name", "Court \u202egnissap-eht-yb\u202c", "direction", nil},
	{"issuer_name", "Court\u200bhouse", "invisible", nil},
	{"issuer_name", "Cyber Сrime Station", "look alike", nil},
	{"issuer_name", "Court\a", "control", nil},
	{"issuer_name", "Two\nlines", "one line", nil},
	{"need", "To find \u2066someone\u2069.", "direction", nil},
	{"need", "Z" + strings.Repeat("\u0301", 40), "marks", nil},
	{"order_number", "СC/94", "", nil},
	{"order_number", "=1+1", "A reference", nil},
	{"order_number", "+1234", "A reference", nil},
	{"order_number", "@SUM(A1)", "A reference", nil},
	{"order_number", "-2+3", "A reference", nil},
	{"need", strings.Repeat("a", 4001), "Shorten", nil},

	// choices that nobody offered, and numbers out of range
	{"process", "IN-95", "Choose", nil},
	{"issuer_kind", "wizard", "Choose", nil},
	{"offence_class", "9999", "Choose", nil},
	{"order_language", "klingon", "language", nil},
	{"max_penalty_years", "-1", "from 0 to 100", nil},
	{"max_penalty_years", "NaN", "from 0 to 100", nil},
	{"max_penalty_years", "1e9", "from 0 to 100", nil},
	{"order_signed", "maybe", "", nil},
	{first0 + "person_role", "villain", "", nil},
	{first0 + "purpose", "curiosity", "", nil},
	{first0 + "categories", "contacts", "", nil},
	{first0 + "kind", "email", "", nil},
}

// choices are the fields where what nobody offered cannot be shown again.
var choices = []string{"process", "issuer_kind", "offence_class", "order_language", "order_signed", first0 + "person_role", first0 + "purpose", first0 + "categories", first0 + "kind"}

// TestEachWrongAnswerIsToldAtItsField: the field says what would be right, the
// summary leads there, everything typed is kept, and nothing is half done.
func TestEachWrongAnswerIsToldAtItsField(t *testing.T) {
	d := newDesk(t)
	sound := d.withOrder().set("expires_on", "")
	before := d.counts()
	for _, w := range wrongAnswers {
		f := d.at(sound.copy().set(w.also...).set(w.field, w.typed), stepOfAnswer(w.field))
		page := d.send(f)
		d.toldAt(t, page, w)
		again, err := page.form("/" + stepOfAnswer(w.field))
		if err != nil {
			t.Errorf("%s = %q: the form is gone: %v", w.field, w.typed, err)
			continue
		}
		for _, name := range lost(f.fields, again.fields) {
			if name != w.field || !slices.Contains(choices, w.field) {
				t.Errorf("%s = %q: lost what was typed in %s: %q", w.field, w.typed, name, again.fields[name])
			}
		}
		d.send(d.at(sound, stepOfAnswer(w.field)))
	}
	if diff := changed(without(before), without(d.counts())); len(diff) > 0 {
		t.Errorf("wrong answers changed %v", diff)
	}
	d.submitted(sound) // and the form itself was right
}

// copy is a request to be spoilt, with the same draft.
func (a *application) copy() *application {
	out := *a
	out.answers = map[string][]string{}
	for name, list := range a.answers {
		out.answers[name] = slices.Clone(list)
	}
	return &out
}

func (d *desk) toldAt(t *testing.T, page *webPage, w wrongAnswer) {
	t.Helper()
	said := page.complaint(w.field)
	switch {
	case page.status != http.StatusUnprocessableEntity:
		t.Errorf("%s = %q: status %d, want 422", w.field, w.typed, page.status)
	case said == "":
		t.Errorf("%s = %q: nothing stands at the field; the page says: %s", w.field, w.typed, page.problem())
	case !strings.Contains(said, w.says):
		t.Errorf("%s = %q: says %q, want %q", w.field, w.typed, said, w.says)
	case !page.linked(w.field):
		t.Errorf("%s = %q: the summary does not lead to the field", w.field, w.typed)
	}
}

// TestEverythingWrongIsToldAtOnce leaves the whole form empty.
func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	d := newDesk(t)
	empty := d.form()
	empty.answers = map[string][]string{}
	before := d.counts()
	for step, fields := range map[string][]string{
		"kind":    {"want", "process"},
		"order":   {"file", "issuer_name", "order_number", "issued_on", "order_signed", "order_language", "legal_basis", "addressee", "order_addressee_right"},
		"targets": {first0 + "kind", first0 + "identifier", first0 + "from", first0 + "to", first0 + "person_role", first0 + "purpose", first0 + "categories"},
		"need":    {"offence_class", "offence_provision", "offence_text", "by_network", "need", "need_stated", "confidential"},
	} {
		page := d.send(d.at(empty, step))
		for _, field := range fields {
			if page.complaint(field) == "" || !page.linked(field) {
				t.Errorf("%s: nothing is said of %s", step, field)
			}
		}
		if page.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", step, page.status)
		}
	}
	check, err := d.officer.get(d.ctx, empty.draft+"/check")
	d.must(err)
	if links := check.links(empty.draft + "/"); len(links) < 25 {
		t.Errorf("the check leads to %v only", links)
	}
	if diff := changed(without(before), without(d.counts())); len(diff) > 0 {
		t.Errorf("an empty form changed %v", diff)
	}
}

// TestTheRepeatedHourCanBeSaid: what is ambiguous by the zone alone is clear
// with its offset, and both readings are what they say.
func TestTheRepeatedHourCanBeSaid(t *testing.T) {
	d := newDesk(t)
	sound := d.withOrder()
	for typed, utc := range map[string]string{"2026-10-25T02:30:00+02:00": "25 Oct 2026, 00:30:00 UTC", "2026-10-25T02:30:00+01:00": "25 Oct 2026, 01:30:00 UTC"} {
		_, err := sound.copy().set(first0+"zone", "Europe/Berlin", first0+"to", typed).walk(d.ctx)
		d.must(err)
		page, err := d.officer.get(d.ctx, sound.draft+"/check")
		d.must(err)
		if said := strings.Join(strings.Fields(textOf(page.root)), " "); page.status != http.StatusOK || !strings.Contains(said, utc) {
			t.Errorf("%s: status %d %s; want it read as %s", typed, page.status, page.problem(), utc)
		}
	}
}
