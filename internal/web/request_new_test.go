package web

import (
	"html"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// naughty are texts that break pages, tables, queries and eyes.
var naughty = []string{
	`"><script>alert(1)</script>`, `' onfocus='alert(1)' autofocus='`, `</textarea><img src=x onerror=alert(1)>`,
	`{{.Title}}`, `=HYPERLINK("http://x.example","y")`, `+1+cmd|' /C calc'!A0`, `@SUM(1)`, `'; DROP TABLE request; --`, `${7*7}`, `%00%0d%0aSet-Cookie: a=b`,
	"a\u202egnp.exe", "Ad\u0430m", "Z\u0351\u036b\u0343a", "line one\nline two", "javascript:alert(1)", "🂡 ﷽ ０１２", "&lt;b&gt;&amp;amp;", strings.Repeat("x", 4000),
}

// TestWhatWasTypedStaysInEveryField puts each hostile text into each field that
// takes text, has the domain refuse one answer, and looks for the text in the
// form that comes back: as text, and whole.
func TestWhatWasTypedStaysInEveryField(t *testing.T) {
	st, d, _ := actSite(t)
	d.uploads = 1
	d.preview = fault.Fields([]fault.Problem{{Field: "order_number", Message: "Give the number of the order."}})
	for _, text := range naughty {
		form := goodForm()
		var fields []string
		for _, p := range pairs(requestInput{Targets: []targetInput{{}}}) {
			if fd := (requestInput{}); p.Name != "document" && p.Name != "file" && textField(reflect.TypeOf(fd), p.Name) {
				form.Set(p.Name, text)
				fields = append(fields, p.Name)
			}
		}
		form.Set("do", "check")
		w := st.post("/requests/new", form)
		body := w.Body.String()
		if w.Code != 422 {
			t.Fatalf("%q: status %d", text, w.Code)
		}
		if strings.Contains(body, "<script>") || strings.Contains(body, "onerror=alert(1)>") && !strings.Contains(body, "&lt;img") || strings.Contains(body, "' onfocus='") {
			t.Errorf("%q came back as markup", text)
		}
		if got := strings.Count(html.UnescapeString(body), text); got < len(fields) {
			t.Errorf("%q came back %d times, was typed into %d fields", text, got, len(fields))
		}
	}
}

// textField tells whether a field is typed and not chosen.
func textField(typ reflect.Type, name string) bool {
	for i := range typ.NumField() {
		sf := typ.Field(i)
		tag := sf.Tag.Get("form")
		if sf.Type.Kind() == reflect.Slice && sf.Type.Elem().Kind() == reflect.Struct {
			if rest, ok := strings.CutPrefix(name, tag+"-0-"); ok {
				return textField(sf.Type.Elem(), rest)
			}
		}
		if tag == name {
			in := sf.Tag.Get("input")
			return in == "" || in == "textarea" || in == "code" || in == "date"
		}
	}
	return false
}

// TestEveryProblemStandsAtItsField gives the form a problem of the domain for
// each field that the domain names, and wants each beside its input and in the
// summary with a link that leads to something.
func TestEveryProblemStandsAtItsField(t *testing.T) {
	st, d, _ := actSite(t)
	names := []string{"process", "issuer_kind", "issuer_name", "validator_kind", "order_number", "issued_on", "expires_on", "return_on", "order_language", "legal_basis",
		"addressee", "document", "offence_class", "offence_provision", "offence_text", "max_penalty_years", "need", "emergency_why", "confidential_until", "confidential_basis",
		"further_danger", "further_redress", "emergency.imminent", "emergency.why_not_ordinary", "emergency.data_averts",
		"target1_identifier", "target1_from", "target1_to", "target1_holder_at", "target1_person_role", "target1_purpose", "target1_categories"}
	names = append(names, requests.Attestable()...)
	var problems []fault.Problem
	for i, n := range names {
		problems = append(problems, fault.Problem{Field: n, Message: "Problem number " + strconv.Itoa(i) + "."})
	}
	d.preview = fault.Fields(problems)
	body := st.post("/requests/new", goodForm("do", "check", "process", "EU-EPOC-S", "further_redress", "x")).Body.String()
	for i, n := range names {
		message := "Problem number " + strconv.Itoa(i) + "."
		if n == "further_redress" && !strings.Contains(body, `id="further_redress"`) {
			continue // only where the process asks for it
		}
		if strings.Count(body, message) < 2 {
			t.Errorf("%s: its problem is shown %d times, want beside the field and in the summary", n, strings.Count(body, message))
		}
		href := summaryLink(body, message)
		if href == "" || !strings.Contains(body, `id="`+strings.TrimPrefix(href, "#")+`"`) {
			t.Errorf("%s: the summary's link %q leads nowhere", n, href)
		}
	}
	if strings.Index(body, "Problem number 0.") > strings.Index(body, "Problem number 1.") {
		t.Error("the summary does not follow the page")
	}
}

func summaryLink(body, message string) string {
	at := strings.Index(body, message)
	if at < 0 {
		return ""
	}
	from := strings.LastIndex(body[:at], `<a href="`)
	if from < 0 || at-from > 200 {
		return ""
	}
	href, _, _ := strings.Cut(body[from+len(`<a href="`):], `"`)
	return href
}

// TestAttestationsAreAsked holds the form to the questions of the domain.
func TestAttestationsAreAsked(t *testing.T) {
	st, d, _ := actSite(t)
	d.uploads = 1
	page := st.do(call{path: "/requests/new", token: "tok-officer"}).Body.String()
	asked := requestInput{Emergency: "yes"}.attestations()
	for _, key := range requests.Attestable() {
		if _, ok := asked[key]; !ok || !strings.Contains(page, `name="`+formField(key)+`"`) {
			t.Errorf("the form does not ask %s", key)
		}
	}
	if w := st.post("/requests", goodForm("need_stated", "no")); w.Code != 303 {
		t.Fatalf("status %d", w.Code)
	}
	if got := d.submitted[0].Attested["need.stated"]; got != "no" {
		t.Errorf("need.stated = %q, want no", got)
	}
	if _, ok := d.submitted[0].Attested["emergency.imminent"]; ok {
		t.Error("without an emergency nothing is attested about one")
	}
}

func TestOrderIsKeptWhileAnswersAreMended(t *testing.T) {
	st, d, _ := actSite(t)
	d.preview = fault.Fields([]fault.Problem{{Field: "need", Message: "Say why."}})
	form := goodForm("do", "check")
	form.Del("document")
	body, header := multipartOf(form, `..\..\b<b>eschluss.pdf`, "%PDF-1.7 …")
	w := st.do(call{method: "POST", path: "/requests/new", token: "tok-officer", body: body, header: header})
	page := w.Body.String()
	if w.Code != 422 || d.uploads != 1 {
		t.Fatalf("status %d, %d uploads", w.Code, d.uploads)
	}
	if m := valueOf("document").FindStringSubmatch(page); m == nil || m[1] != docID {
		t.Fatalf("the form forgot the order: %v", m)
	}
	for _, want := range []string{"b&lt;b&gt;eschluss.pdf", "abababab", "3 pages", "Another PDF in its place"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	body, header = multipartOf(goodForm("do", "check", "document", otherCase), "newer.pdf", "%PDF-1.7 …")
	page = st.do(call{method: "POST", path: "/requests/new", token: "tok-officer", body: body, header: header}).Body.String()
	if m := valueOf("document").FindStringSubmatch(page); m == nil || m[1] != docID {
		t.Errorf("a newer file must take the older one's place: %v", m)
	}
	page = st.post("/requests/new", goodForm("do", "add")).Body.String()
	if !strings.Contains(page, "newer.pdf") {
		t.Error("the order is gone after another account was added")
	}
	if page = st.post("/requests/new", goodForm("do", "add", "document", otherCase)).Body.String(); strings.Contains(page, otherCase) {
		t.Error("a document that is not the agency's stays in the form")
	}
}

func TestRefusedOrderIsAProblemOfItsField(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Invalid, fault.TooLarge, fault.Unsupported} {
		st, d, _ := actSite(t)
		d.uploadErr = fault.New(kind, "This is not a plain PDF.")
		body, header := multipartOf(goodForm("do", "check", "need", "kept words"), "x.exe", "MZ")
		w := st.do(call{method: "POST", path: "/requests/new", token: "tok-officer", body: body, header: header})
		page := w.Body.String()
		if w.Code != 422 || !strings.Contains(page, `href="#file"`) || !strings.Contains(page, "This is not a plain PDF.") || !strings.Contains(page, "kept words") {
			t.Errorf("%s: status %d; want the form with the problem at the file", kind, w.Code)
		}
	}
	st, d, _ := actSite(t)
	d.uploadErr = fault.New(fault.Unavailable, "The disk is full.")
	body, header := multipartOf(goodForm("do", "check"), "x.pdf", "%PDF")
	if w := st.do(call{method: "POST", path: "/requests/new", token: "tok-officer", body: body, header: header}); w.Code != 503 {
		t.Errorf("a disk that is full = %d, want 503", w.Code)
	}
}

func TestAccountsAreAddedAndTakenAway(t *testing.T) {
	st, _, _ := actSite(t)
	page := st.post("/requests/new", goodForm("do", "add")).Body.String()
	if !strings.Contains(page, `id="targets-1-identifier"`) || !strings.Contains(page, `id="targets-1-zone" name="targets-1-zone" value="Europe/Berlin"`) {
		t.Error("no second account with the first one's zone")
	}
	two := goodForm("do", "remove-0", "targets-1-identifier", "second_one", "targets-1-kind", "username")
	page = st.post("/requests/new", two).Body.String()
	if strings.Contains(page, `id="targets-1-`) || !strings.Contains(page, `value="second_one"`) || strings.Contains(page, "7700 900123") {
		t.Error("removing the first account must leave the second with its answers")
	}
	for _, step := range []string{"remove-0", "remove-9", "remove--1", "remove-x", "nonsense"} {
		if page := st.post("/requests/new", goodForm("do", step)).Body.String(); !strings.Contains(page, "7700 900123") {
			t.Errorf("%s took the only account away", step)
		}
	}
}

func TestFurtherQuestionsFollowTheProcess(t *testing.T) {
	st, _, _ := actSite(t)
	law, _ := theLaw()
	for _, p := range law.InForce(testDay) {
		page := st.post("/requests/new", goodForm("do", "kind", "process", string(p.ID))).Body.String()
		for _, f := range requests.FurtherFields(law, p) {
			if !strings.Contains(page, `id="further_`+string(f.ID)+`"`) {
				t.Errorf("%s: %s is not asked", p.ID, f.ID)
			}
		}
	}
	page := st.post("/requests/new", goodForm("do", "kind", "process", "EU-EPOC-S", "further_treaty_reference", "kept <i>", "further_nonsense", "dropped")).Body.String()
	if !strings.Contains(page, `type="hidden" name="further_treaty_reference" value="kept &lt;i&gt;"`) || strings.Contains(page, "dropped") {
		t.Error("an answer to another process's question must stay, and an invented question must not")
	}
}

func TestProcessesAreThoseOfTheCountry(t *testing.T) {
	st, d, _ := actSite(t)
	page := st.do(call{path: "/requests/new", token: "tok-officer"}).Body.String()
	if !strings.Contains(page, `value="DE-100j"`) || strings.Contains(page, `value="IN-94"`) || strings.Contains(page, `value="EU-EPOC-PR"`) {
		t.Error("a German agency must see German and EU processes that disclose, and no others")
	}
	d.cs.Agency.Country = "IN"
	if page := st.do(call{path: "/requests/new", token: "tok-officer"}).Body.String(); !strings.Contains(page, `value="IN-94"`) || strings.Contains(page, `value="DE-100j"`) {
		t.Error("an Indian agency must see its own processes")
	}
}

// TestCheckCarriesEveryAnswer takes the hidden fields of the check page and
// submits them: the domain gets what was typed.
func TestCheckCarriesEveryAnswer(t *testing.T) {
	st, d, _ := actSite(t)
	d.uploads = 1
	form := goodForm("do", "check", "offence_text", "two\r\nlines & \"marks\"", "further_redress", "as annexed")
	w := st.post("/requests/new", form)
	page := w.Body.String()
	for _, want := range []string{"We read this as", "+44 7700 900123", "30 Sep 2026, 22:00:00 UTC", "1 Oct 2026, 00:00:00 in Europe/Berlin (UTC+02:00)", "The clocks in Europe/Berlin change", "Ten days from receipt.", "abababab"} {
		if !strings.Contains(html.UnescapeString(page), want) {
			t.Errorf("the check lacks %q", want)
		}
	}
	sent := formOf()
	sent.Set(keyField, valueOf(keyField).FindStringSubmatch(page)[1])
	for name := range form {
		for _, m := range valueOf(name).FindAllStringSubmatch(page, -1) {
			if name != keyField {
				sent.Add(name, html.UnescapeString(m[1]))
			}
		}
	}
	if w := st.post("/requests", sent); w.Code != 303 {
		t.Fatalf("submitting the check page = %d", w.Code)
	}
	got := d.submitted[0]
	if got.OffenceText != "two\nlines & \"marks\"" || got.Document != docID || len(got.Targets) != 1 || !got.Targets[0].WantPhone || got.Targets[0].WantIP || got.Further["redress"] != "as annexed" || !got.OrderSigned || got.Emergency {
		t.Errorf("the domain got %+v", got)
	}
}

func TestSubmittedTwiceIsOneCase(t *testing.T) {
	st, d, _ := actSite(t)
	first := st.post("/requests", goodForm())
	again := st.post("/requests", goodForm())
	if first.Code != 303 || again.Code != 303 || first.Header().Get("Location") != again.Header().Get("Location") || len(d.submitted) != 1 {
		t.Errorf("%d %s, then %d %s; %d cases", first.Code, first.Header().Get("Location"), again.Code, again.Header().Get("Location"), len(d.submitted))
	}
	if other := st.post("/requests", goodForm("need", "something else")); other.Code != 409 || len(d.submitted) != 1 {
		t.Errorf("the same key with other answers = %d, want 409", other.Code)
	}
}

func TestWhatBecameWrongSinceTheCheckIsShown(t *testing.T) {
	st, d, _ := actSite(t)
	d.submitErr = fault.Fields([]fault.Problem{{Field: "target1_identifier", Message: "Not any more."}})
	w := st.post("/requests", goodForm("need", "kept words"))
	if page := w.Body.String(); w.Code != 422 || !strings.Contains(page, "kept words") || !strings.Contains(page, `href="#targets-0-identifier"`) {
		t.Errorf("status %d", w.Code)
	}
	d.submitErr = fault.New(fault.Unavailable, "The database is away.")
	if w := st.post("/requests", goodForm()); w.Code != 503 {
		t.Errorf("a database that is away = %d, want 503", w.Code)
	}
}

func TestPairsAndDecodeAreInverse(t *testing.T) {
	in := requestInput{Process: "a", Need: "x", Further: map[string]string{"urn": "1"}, Targets: []targetInput{{Kind: "phone", Categories: []string{"a", "b"}}, {Zone: "UTC"}}}
	d := decoder{values: map[string][]string{}}
	for _, p := range pairs(in) {
		if p.Value != "" {
			d.values.Add(p.Name, p.Value)
		}
	}
	out := requestInput{Further: in.Further}
	d.fill("", reflect.ValueOf(&out).Elem())
	if !reflect.DeepEqual(in, out) {
		t.Errorf("got %+v\nwant %+v", out, in)
	}
}
