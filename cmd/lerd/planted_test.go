package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"lerd/internal/violations"
)

// planter types a word of its own into every text field of every form that it is shown,
// and remembers into which.
type planter struct {
	*house
	words   map[string]string // the field of a form that has each word
	fields  map[string]bool   // names of fields that had a word
	answers map[int]int       // how many forms were answered how
}

// word gives a word that nobody else says, and remembers what it is typed into.
func (pl *planter) word(into string) string {
	w := fmt.Sprintf("qzx%05dplanted", len(pl.words))
	pl.words[w] = into
	return w
}

// plausible are answers without which a form is refused before anybody reads its texts.
var plausible = map[string]string{"from": "2026-10-01", "to": "2026-10-20", "due": "2026-12-20", "found": "2026-10-30", "until": "2027-01-31", "ends": "2027-01-31", "review": "2027-01-31", "begins": "2026-11-01",
	"issued_on": "2026-10-01", "expires_on": "2027-10-01", "each": "2", "percent": "5", "ahead": "8", "in_force_from": "2026-11-01", "valid_until": "2027-06-01"}

// plant sends each form of a page twice: with a word in every text field, and with
// plausible dates and numbers in their fields and words in the others.
func (pl *planter) plant(p person, page *webPage) {
	var forms []*html.Node
	walk(page.root, func(n *html.Node) {
		if n.Data == "form" && !strings.HasSuffix(attr(n, "action"), "/sign-out") && !strings.HasSuffix(attr(n, "action"), "/language") {
			forms = append(forms, n)
		}
	})
	for _, n := range forms {
		for _, wild := range []bool{true, false} {
			f := &webForm{page: page, action: cmp.Or(attr(n, "action"), page.url.Path), fields: url.Values{}, radios: map[string][]string{}, upload: map[string]webFile{}}
			f.read(n)
			if pl.fill(f, n, wild) {
				pl.send(p, f, n)
			}
		}
	}
}

// fill types into the text fields of a form, and chooses where a choice is asked for; it
// tells whether there was anything to type.
func (pl *planter) fill(f *webForm, n *html.Node, wild bool) (typed bool) {
	walk(n, func(n *html.Node) {
		name := attr(n, "name")
		kind := attr(n, "type")
		switch {
		case name == "" || name == "idempotency_key" || name == "next":
		case n.Data == "textarea" || n.Data == "input" && slices.Contains([]string{"", "text", "search", "email", "tel", "url", "number", "date"}, kind):
			if pl.fields[name] = true; !wild && plausible[name] != "" {
				f.fields.Set(name, plausible[name])
				return
			}
			f.fields.Set(name, pl.word(f.action+" "+name))
			typed = true
		case n.Data == "input" && kind == "radio" && f.fields.Get(name) == "":
			f.fields.Set(name, attr(n, "value"))
		case n.Data == "select" && f.fields.Get(name) == "":
			walk(n, func(o *html.Node) {
				if o.Data == "option" && attr(o, "value") != "" && f.fields.Get(name) == "" {
					f.fields.Set(name, attr(o, "value"))
				}
			})
		}
	})
	return typed
}

func (pl *planter) send(p person, f *webForm, n *html.Node) {
	pl.t.Helper()
	if strings.EqualFold(attr(n, "method"), "post") {
		got, err := f.send(pl.ctx)
		if got == nil {
			pl.t.Fatalf("%s: %s: %v", p, f.action, err)
		}
		pl.answers[got.status]++
		return
	}
	got := pl.ask(p.visitor, http.MethodGet, f.action+"?"+f.fields.Encode(), nil, "")
	pl.answers[got.status]++
}

// TestPlantedWordsComeOutNowhere types a word of its own into every text field that
// anybody is shown, into files and into deliveries of findings, well-formed or not, lets
// the machines that lerd speaks with say others, and looks for each in everything that is public, technical, or on its way to somebody: the
// entries of the log, the technical log at its most talkative, the answers to strangers,
// notices and mail, and what auditors' lists are read from.
func TestPlantedWordsComeOutNowhere(t *testing.T) {
	s := newTalkative(t)
	pl := &planter{words: map[string]string{}, fields: map[string]bool{}, answers: map[int]int{}}
	pl.machines(s)
	h := houseOf(s, func(s *scenario) *portal { return s.open(unhurried) })
	pl.house = h
	for _, p := range h.once() {
		for _, r := range h.web.Routes() {
			if r.Method != http.MethodGet || strings.Contains(r.Path, "*") || !p.may(r.Name) {
				continue
			}
			page, _ := p.get(h.ctx, at(r, h.mine(p, r)))
			if page != nil && page.root != nil {
				pl.plant(p, page)
			}
		}
	}
	pl.deliver()
	pl.covers()
	said := map[string]string{"the technical log": h.log.String(), "the public log": h.publicLog(person{})}
	stranger := person{visitor: h.visit("")}
	for _, got := range append(h.answers(stranger, "text/html"), h.answers(stranger, "application/json")...) {
		said["answers to strangers"] += got.body + fmt.Sprint(got.header)
	}
	for _, table := range []string{"notice", "notice_mail", "notice_address", "log_index", "log_mark", "log_duty", "log_holder", "log_case", "verification", "user_notice", "clock_alert"} {
		said["table "+table] = strings.Join(h.column("SELECT to_jsonb(t)::text FROM "+table+" t"), "\n")
	}
	h.stop()
	for where, text := range said {
		for w, field := range pl.words {
			if strings.Contains(text, w) {
				t.Errorf("%s has what was typed into %s", where, field)
			}
		}
		if len(text) == 0 && !strings.HasPrefix(where, "table ") {
			t.Errorf("%s said nothing, so the test shows nothing of it", where)
		}
	}
	kept := 0
	for w := range pl.words {
		if len(h.standing(w)) > 0 {
			kept++
		}
		if kept > 20 {
			break
		}
	}
	t.Logf("%d words in %d fields; forms were answered %v; at least %d words were kept", len(pl.words), len(pl.fields), pl.answers, kept)
	if kept < 20 || pl.answers[200] < 20 || pl.answers[422] < 20 {
		t.Errorf("of the words %d were kept, and the forms were answered %v: too little was tried", kept, pl.answers)
	}
}

// deliver plants words in a file of findings and in a document.
func (pl *planter) deliver() {
	word := pl.word
	for _, row := range []violations.Row{
		{Reference: word("a finding's reference"), Account: "10000002", Rule: "PR-05", Evidence: word("a finding's evidence")},
		{Reference: word("a wrong finding's reference"), Account: word("a finding's account"), Rule: word("a finding's rule"), Evidence: word("a wrong finding's evidence"), Appeal: word("a finding's appeal")},
	} {
		_, err := pl.findings.Bring(pl.as("emil.novak"), violations.Delivery{How: violations.ByFile, Rows: []violations.Row{row}})
		pl.must(err)
	}
	_, err := pl.cases.Upload(pl.as("asha.rao"), word("a file's name")+".pdf", "application/pdf", strings.NewReader(string(pl.order(word("an order's number")))))
	pl.must(err)
	_, _ = pl.cases.Upload(pl.as("asha.rao"), word("a refused file's name")+".exe", "application/pdf", strings.NewReader(word("a refused file's content")))
}

// covers types into the fields that no page of this story showed, sent to every route as
// everybody who may take it: what comes at the wrong time is read all the same. No field
// that a form can have is left out.
func (pl *planter) covers() {
	pl.t.Helper()
	form := url.Values{}
	for name, file := range textInputs(pl.t) {
		if !pl.fields[name] {
			form.Set(name, pl.word(name+" of "+file))
		}
	}
	if len(form) > 20 {
		pl.t.Errorf("only the routes were told of %d fields, no form: %v", len(form), slices.Sorted(maps.Keys(form)))
	}
	for _, p := range pl.once() {
		for _, r := range pl.web.Routes() {
			if r.Method == http.MethodPost && p.may(r.Name) && r.Name != "session.end" {
				pl.answers[pl.ask(p.visitor, r.Method, at(r, pl.mine(p, r)), nil, with(form, uuid.NewString()).Encode()).status]++
			}
		}
	}
}

// textInputs reads the forms' fields out of the sources: those that take text.
func textInputs(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob("../../internal/web/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			x, is := n.(*ast.Field)
			if !is || x.Tag == nil {
				return true
			}
			tag := reflect.StructTag(strings.Trim(x.Tag.Value, "`"))
			kind, typed := x.Type.(*ast.Ident)
			if name := tag.Get("form"); name != "" && tag.Get("label") != "" && typed && kind.Name == "string" && slices.Contains([]string{"", "textarea", "date", "search", "email", "tel"}, tag.Get("input")) {
				out[name] = filepath.Base(file)
			}
			return true
		})
	}
	if len(out) < 30 {
		t.Fatalf("only %d fields of forms were found", len(out))
	}
	return out
}
