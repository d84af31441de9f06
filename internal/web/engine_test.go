package web

import (
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/jba/templatecheck"
	"golang.org/x/text/language"

	"lerd/templates"
)

// TestEveryPageFitsItsStruct type-checks each template, on every branch, against
// the struct it is filled from, and fills it with the struct's zero value.
func TestEveryPageFitsItsStruct(t *testing.T) {
	views := allViews()
	e, err := newEngine(views)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		data := reflect.New(v.data).Elem().Interface()
		if err := templatecheck.CheckHTML(e.pages[v.name], data); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		body, err := e.render(v, language.English, data)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		for _, want := range []string{"<!doctype html>", "</html>", `<main id="main"`, "<h1"} {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s lacks %s", v.name, want)
			}
		}
	}
}

func TestEngineRefusesWhatIsNotDeclared(t *testing.T) {
	all := allViews()
	for name, views := range map[string][]view{
		"a page file without a view": all[1:],
		"a view without a file":      append([]view{{name: "no_such_page"}}, all...),
		"a page twice":               append([]view{all[0]}, all...),
		"an unknown partial":         append([]view{{name: all[0].name, partials: []string{"no_such"}}}, all[1:]...),
		"a partial left out":         undeclare(all, "sign_in", "field"),
	} {
		if _, err := newEngine(views); err == nil {
			t.Errorf("newEngine took %s", name)
		}
	}
}

// undeclare gives the views with one partial taken from one page.
func undeclare(views []view, page, partial string) []view {
	out := append([]view(nil), views...)
	for i, v := range out {
		if v.name != page {
			continue
		}
		out[i].partials = nil
		for _, p := range v.partials {
			if p != partial {
				out[i].partials = append(out[i].partials, p)
			}
		}
	}
	return out
}

var (
	inline    = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+="|javascript:|<script(?:[^>]*)>[^<]`)
	foreign   = regexp.MustCompile(`(?i)(?:src|href|action)="(?:https?:)?//`)
	pluralEnd = regexp.MustCompile(`\.(zero|one|two|few|many|other)$`)
	keyInUse  = regexp.MustCompile(`\.T "([a-z0-9_.]+)"`)
)

// TestTemplatesHoldNothingInline keeps the content security policy honest.
func TestTemplatesHoldNothingInline(t *testing.T) {
	walkTemplates(t, func(name, text string) {
		if m := inline.FindString(text); m != "" {
			t.Errorf("%s holds an inline script or style: %s", name, m)
		}
		if m := foreign.FindString(text); m != "" {
			t.Errorf("%s loads or leads to another site: %s", name, m)
		}
		if strings.Contains(text, `method="post"`) && !strings.Contains(text, "form_key") &&
			!strings.Contains(text, keyField) && !strings.Contains(text, `action="/sign-out"`) && !strings.Contains(text, `action="/language"`) {
			t.Errorf("%s has a form that posts without an idempotency key", name)
		}
	})
}

// TestEveryWordIsThere finds the keys that pages use and the catalogue lacks,
// and the other way round.
func TestEveryWordIsThere(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	walkTemplates(t, func(name, text string) {
		for _, m := range keyInUse.FindAllStringSubmatch(text, -1) {
			if !w.has(m[1]) && !w.has(m[1]+".other") {
				t.Errorf("%s uses the message %s, which no catalogue has", name, m[1])
			}
		}
	})
	for _, word := range statusWords {
		for _, part := range []string{"title", "text", "next"} {
			if key := "error." + word + "." + part; !w.has(key) {
				t.Errorf("the catalogue lacks %s", key)
			}
		}
	}
	for tag, texts := range w.texts {
		for key := range texts {
			if stem := pluralEnd.ReplaceAllString(key, ""); !w.has(key) && !w.has(stem+".other") && !strings.HasPrefix(key, "law.") {
				t.Errorf("%s has %s, which English lacks", tag, key)
			}
		}
	}
}

func walkTemplates(t *testing.T, f func(name, text string)) {
	t.Helper()
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".html") {
			return err
		}
		b, err := templates.FS.ReadFile(name)
		f(name, string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWordsAreChosenAndFilled(t *testing.T) {
	pl := language.Polish
	w := &words{texts: map[language.Tag]map[string]string{
		language.English: {"a": "Hello {name}", "n.one": "one case", "n.other": "{n} cases", "only": "English"},
		pl:               {"a": "Witaj {name}", "n.one": "{n} sprawa", "n.few": "{n} sprawy", "n.many": "{n} spraw", "n.other": "{n} sprawy"},
	}}
	for _, tt := range []struct {
		lang language.Tag
		key  string
		args []any
		want string
	}{
		{language.English, "a", []any{"name", "{n}"}, "Hello {n}"},
		{pl, "a", []any{"name", "Ana"}, "Witaj Ana"},
		{pl, "only", nil, "English"},
		{language.English, "n", []any{"n", 1}, "one case"},
		{language.English, "n", []any{"n", 0}, "0 cases"},
		{pl, "n", []any{"n", 3}, "3 sprawy"},
		{pl, "n", []any{"n", 5}, "5 spraw"},
		{pl, "absent", nil, "[absent]"},
	} {
		if got := w.say(tt.lang, tt.key, tt.args...); got != tt.want {
			t.Errorf("say(%s, %s, %v) = %q, want %q", tt.lang, tt.key, tt.args, got, tt.want)
		}
	}
	if !rightToLeft(language.Arabic) || rightToLeft(language.Hindi) {
		t.Error("direction of Arabic or Hindi is wrong")
	}
}

// TestHostileTextIsShownAsText puts markup into what people type.
func TestHostileTextIsShownAsText(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	st := newSite(t, nil)
	w := st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", form: formOf("reference", evil+evil)})
	if w.Code != 422 || strings.Contains(w.Body.String(), "<script>") || !strings.Contains(w.Body.String(), "&lt;script&gt;") {
		t.Errorf("%d: typed markup is not shown as text:\n%s", w.Code, w.Body)
	}
}

// TestNoPageHidesItsFrame finds a page whose own field takes the place of one of
// the frame's, which would then show it, for example as the reader's name.
func TestNoPageHidesItsFrame(t *testing.T) {
	base := reflect.TypeFor[Base]()
	for _, v := range allViews() {
		for i := range base.NumField() {
			name := base.Field(i).Name
			f, ok := v.data.FieldByName(name)
			if !ok || len(f.Index) < 2 {
				t.Errorf("page %s: its field %s hides the frame's", v.name, name)
			}
		}
	}
}
