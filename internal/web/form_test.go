package web

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/fault"
)

func post(st *site, form url.Values) (int, string) {
	w := st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", form: form})
	return w.Code, w.Body.String()
}

func TestDecodeFillsWhatTheStructNames(t *testing.T) {
	st := newSite(t, nil)
	code, body := post(st, formOf("reference", "  12 Gs 3\r\n", "sworn", "yes", "count", "7", "wanted", "ip", "wanted", "phone",
		"from-date", "2026-10-25", "from-time", "02:30", "from-zone", "Europe/Berlin", "from-fold", "second",
		"rows-0-value", "a", "rows-1-value", "b", "State", "approved", "state", "approved", "unknown", "x"))
	var got probeInput
	if err := json.Unmarshal([]byte(body), &got); code != 200 || err != nil {
		t.Fatalf("%d %v\n%s", code, err, body)
	}
	want := probeInput{Reference: "12 Gs 3", Sworn: true, Count: 7, Wanted: []string{"ip", "phone"}, Rows: []rowInput{{"a"}, {"b"}},
		From: DateTime{Date: "2026-10-25", Time: "02:30", Zone: "Europe/Berlin", Fold: "second"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestTheAddressFillsNothing sends a form whose values stand in the query.
func TestTheAddressFillsNothing(t *testing.T) {
	st := newSite(t, nil)
	q := url.Values{"reference": {"from-query"}, "sworn": {"yes"}, keyField: {testKey}}.Encode()
	w := st.do(call{method: "POST", path: "/probe/form?" + q, token: "tok-officer", form: formOf("reference", "body")})
	if w.Code != 200 || strings.Contains(w.Body.String(), "from-query") || strings.Contains(w.Body.String(), `"Sworn":true`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = st.do(call{method: "POST", path: "/probe/form?" + q, token: "tok-officer", form: url.Values{"reference": {"x"}}})
	if w.Code != 400 {
		t.Errorf("a key in the address was taken: %d", w.Code)
	}
}

func TestEveryFormNeedsItsKey(t *testing.T) {
	st := newSite(t, nil)
	for name, keys := range map[string][]string{
		"absent": nil, "empty": {""}, "no UUID": {"1"}, "upper case": {strings.ToUpper(testKey)}, "nil": {"00000000-0000-0000-0000-000000000000"},
		"twice": {testKey, testKey}, "braces": {"{" + testKey + "}"},
	} {
		form := url.Values{"reference": {"x"}}
		if keys != nil {
			form[keyField] = keys
		}
		if code, body := post(st, form); code != 400 || !strings.Contains(body, "open the page again") {
			t.Errorf("key %s: %d", name, code)
		}
	}
}

func TestWrongAnswersComeBackAsTheyWereTyped(t *testing.T) {
	st := newSite(t, nil)
	code, body := post(st, formOf("reference", "much too long for ten", "mail", " a@", "kind", "zzz", "count", "1e9", "country", "XX",
		"from-date", "2026-02-30", "from-time", "25:00", "from-zone", "Mars/Olympus", "rows-0-value", "", "wanted", "a", "wanted", "b", "wanted", "c",
		"offence", "  <i>kept</i>\r\nline"))
	if code != 422 {
		t.Fatalf("%d\n%s", code, body)
	}
	for _, want := range []string{
		`value="much too long for ten"`, `value=" a@"`, "&lt;i&gt;kept&lt;/i&gt;", `value="2026-02-30"`, `value="25:00"`, `value="Mars/Olympus"`,
		`<a href="#reference">Shorten this to 10 characters or fewer.</a>`, `<a href="#mail">Give a whole mail address`,
		`<a href="#kind">Choose one of the answers offered.`, `<a href="#from-date">Give the date`, `<a href="#from-time">Give the time`,
		`<a href="#from-zone">Give a time zone`, `<a href="#rows-0-value">File number – This needs an answer.`, `Choose at most 2.`, "Give a whole number",
		`aria-invalid="true"`, `id="reference-error"`, `aria-describedby="reference-error"`, "<title>Error: ", "9 answers need another look",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Count(body, keyField) != 1 || strings.Contains(body, testKey) {
		t.Error("the form must come back with a fresh key")
	}
}

func TestDomainProblemsStandBesideTheirFields(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.Extra = []Route{{Method: "POST", Path: "/x", Name: "x", Title: "style.title", Public: true, Body: FormBody, Handle: func(c *Ctx) error {
			var in probeInput
			if err := c.Decode(&in); err != nil {
				return err
			}
			err := fault.Fields([]fault.Problem{{Field: "phone", Message: "Two digits are missing."}, {Field: "", Message: "The order is older than its offence."}})
			return probeFormView.Show(c, formPage{Base: c.Base("style.title"), Form: c.FormAgain("/x", in, err)})
		}}}
	})
	w := st.do(call{method: "POST", path: "/x", form: formOf("reference", "ok", "phone", "+49 30")})
	for _, want := range []string{`<a href="#phone">Two digits are missing.</a>`, "<li>The order is older than its offence.</li>", `value="&#43;49 30"`} {
		if w.Code != 422 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d: the page lacks %s", w.Code, want)
		}
	}
}

func TestBodiesThatAreNoForm(t *testing.T) {
	st := newSite(t, nil)
	for _, tt := range []struct {
		name, kind, body string
		want             int
	}{
		{"over the limit", "application/x-www-form-urlencoded", "a=" + strings.Repeat("x", 3000), 413},
		{"JSON", "application/json", `{"reference":"x"}`, 415},
		{"no type", "", "a=b", 415},
		{"plain text", "text/plain", "a=b", 415},
		{"broken escapes", "application/x-www-form-urlencoded", "a=%zz", 400},
		{"a semicolon", "application/x-www-form-urlencoded", "a=b;c=d", 400},
		{"broken UTF-8", "application/x-www-form-urlencoded", keyField + "=" + testKey + "&reference=%ff%fe", 400},
		{"NUL", "application/x-www-form-urlencoded", keyField + "=" + testKey + "&reference=a%00b", 400},
		{"many empty fields", "application/x-www-form-urlencoded", strings.Repeat("&", 1500) + keyField + "=" + testKey, 422},
		{"multipart without boundary", "multipart/form-data", "x", 415},
	} {
		w := st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", body: strings.NewReader(tt.body), header: map[string]string{"Content-Type": tt.kind}})
		if w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
	}
	w := st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", form: formOf("offence", strings.Repeat("x", 4000))})
	if !strings.Contains(w.Body.String(), "over the limit of 1 kB") {
		t.Errorf("413 must name the limit:\n%s", w.Body)
	}
}

func TestRowsAreBounded(t *testing.T) {
	st := newSite(t, nil)
	code, body := post(st, formOf("reference", "x", "rows-0-value", "a", "rows-3-value", "d"))
	if code != 422 || !strings.Contains(body, "Give at most 3 of them at once.") {
		t.Errorf("four rows: %d", code)
	}
	for _, huge := range []string{"rows-99999999-value", "rows--1-value", "rows-x-value", "rows-00001-value"} {
		if code, _ := post(st, formOf("reference", "x", huge, "a")); code != 200 {
			t.Errorf("%s: %d, want it ignored", huge, code)
		}
	}
}

// TestEverySentenceIsWritten finds rules in our input structs which have no words
// of their own.
func TestEverySentenceIsWritten(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			for _, rule := range strings.Split(f.Tag.Get("validate"), ",") {
				name, _, _ := strings.Cut(rule, "=")
				if name != "" && name != "omitempty" && name != "dive" && !w.has("form.rule."+name) {
					t.Errorf("%s.%s: no words for the rule %s", typ.Name(), f.Name, name)
				}
			}
			for _, key := range []string{f.Tag.Get("label"), f.Tag.Get("hint")} {
				if key != "" && !w.has(key) {
					t.Errorf("%s.%s: no message %s", typ.Name(), f.Name, key)
				}
			}
			switch ft := f.Type; {
			case ft.Kind() == reflect.Struct:
				walk(ft)
			case ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct:
				walk(ft.Elem())
			}
		}
	}
	for _, in := range allInputs() {
		walk(reflect.TypeOf(in))
	}
}

// FuzzForm feeds arbitrary bodies: never a 5xx, and a 200 only with a key and
// within the struct's rules.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=b", keyField + "=" + testKey + "&reference=x", "rows-0-value=1&rows-2-value=", "%ff", "reference=%00",
		keyField + "=" + testKey + "&reference=%F0%9F%98%80&from-zone=Local&count=-1"} {
		f.Add(s)
	}
	st := newSite(f, nil)
	f.Fuzz(func(t *testing.T, body string) {
		st.t = t
		st.log.Reset()
		w := st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", body: strings.NewReader(body), header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
		switch w.Code {
		case 200:
			var in probeInput
			if err := json.Unmarshal(w.Body.Bytes(), &in); err != nil || in.Reference == "" || len([]rune(in.Reference)) > 10 || in.Count < 0 || len(in.Rows) > 3 {
				t.Errorf("%q was taken as %+v", body, in)
			}
			if typed, err := url.ParseQuery(body); err != nil || len(typed[keyField]) != 1 {
				t.Errorf("%q was taken without its key", body)
			}
		case 400, 413, 422:
		default:
			t.Errorf("%q = %d", body, w.Code)
		}
	})
}

func TestTooManyFields(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.Extra = []Route{{Method: "POST", Path: "/x", Name: "x", Public: true, Body: FormBody, Handle: func(c *Ctx) error { return c.String(200, "ok") }}}
	})
	for n, want := range map[int]int{maxFields - 1: 200, maxFields + 1: 400} {
		body := strings.Repeat("a=1&", n-1) + keyField + "=" + testKey
		w := st.do(call{method: "POST", path: "/x", body: strings.NewReader(body), header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
		if w.Code != want {
			t.Errorf("%d fields: %d, want %d", n, w.Code, want)
		}
	}
}
