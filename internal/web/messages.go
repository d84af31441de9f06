package web

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"lerd/internal/fault"
	"lerd/templates"
)

// words are the message catalogues, one per language. English is complete; a
// message that another language lacks is shown in English.
type words struct {
	tags  []language.Tag // English first
	texts map[language.Tag]map[string]string
	said  *phrases // English sentences of the domain, by their words
	mark  bool     // development: what a language lacks is marked
}

// loadWords reads templates/messages/<language>/*.yaml: flat maps of key to
// text, in which {name} is a placeholder. A key given twice is an error.
func loadWords() (*words, error) {
	w := &words{texts: map[language.Tag]map[string]string{}}
	dirs, err := fs.ReadDir(templates.FS, "messages")
	if err != nil {
		return nil, err
	}
	for _, d := range dirs {
		tag, err := language.Parse(d.Name())
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "web: templates/messages/%s is no language", d.Name())
		}
		if w.texts[tag], err = loadCatalogue(path.Join("messages", d.Name())); err != nil {
			return nil, err
		}
		if rightToLeft(tag) {
			keepOrder(w.texts[tag])
		}
		w.tags = append(w.tags, tag)
	}
	if w.texts[language.English] == nil {
		return nil, fault.New(fault.Invalid, "web: templates/messages/en is missing")
	}
	sort.Slice(w.tags, func(i, j int) bool { // the matcher's fallback is the first
		return w.tags[i] == language.English || (w.tags[j] != language.English && w.tags[i].String() < w.tags[j].String())
	})
	w.said = newPhrases(w.texts[language.English])
	return w, nil
}

// leftToRight finds dates, times and telephone numbers in a message. Between
// letters from right to left their parts would change places: 2026-10-25 would
// be read 25-10-2026.
var leftToRight = regexp.MustCompile(`[+-]?[0-9][0-9:./ -]*[0-9]`)

// keepOrder isolates them, each from left to right.
// SPEC: Unicode UAX #9 §2.4.2 (LRI, PDI).
func keepOrder(texts map[string]string) {
	for key, text := range texts {
		texts[key] = leftToRight.ReplaceAllString(text, "\u2066$0\u2069")
	}
}

func loadCatalogue(dir string) (map[string]string, error) {
	files, err := fs.Glob(templates.FS, dir+"/*.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, f := range files {
		one, err := readCatalogue(f)
		if err != nil {
			return nil, err
		}
		for key, text := range one {
			if _, twice := all[key]; twice {
				return nil, fault.New(fault.Invalid, "web: templates/%s: the key %s is there twice", f, key)
			}
			all[key] = strings.TrimSpace(text)
		}
	}
	return all, nil
}

// readCatalogue reads one file of messages.
func readCatalogue(file string) (map[string]string, error) {
	b, err := templates.FS.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var one map[string]string
	if err := yaml.Unmarshal(b, &one); err != nil {
		return nil, fault.Because(fault.Invalid, err, "web: templates/%s: %v", file, err)
	}
	return one, nil
}

// has tells whether English has the key.
func (w *words) has(key string) bool { _, ok := w.texts[language.English][key]; return ok }

// hasKind tells whether there are words for a kind of event, or for one that begins so
// where it ends in a full stop.
func (w *words) hasKind(kind string) bool {
	key := "event.kind." + strings.ToLower(strings.TrimSpace(kind))
	if !strings.HasSuffix(key, ".") {
		return w.has(key)
	}
	for k := range w.texts[language.English] {
		if strings.HasPrefix(k, key) {
			return true
		}
	}
	return false
}

// say gives a message with its placeholders filled; args are name, value pairs.
// An argument named "n" chooses among key.one, key.few … and key.other. A key
// that no language has comes back in brackets, and a test finds it.
func (w *words) say(lang language.Tag, key string, args ...any) string {
	text, ok := w.find(lang, key, args)
	if !ok {
		return "[" + key + "]"
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", value(lang, args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// value writes a placeholder's value: whole numbers as the language groups them,
// with digits 0 to 9, as on orders. In a right-to-left sentence other values are
// isolated, so that a reference or an address keeps its own order.
// SPEC: Unicode UAX #9 §2.4.2 (FSI, PDI).
func value(lang language.Tag, v any) string {
	switch v.(type) {
	case int, int64:
		latin, err := lang.SetTypeForKey("nu", "latn")
		if err != nil {
			latin = language.English
		}
		return message.NewPrinter(latin).Sprint(number.Decimal(v))
	}
	text := fmt.Sprint(v)
	if rightToLeft(lang) && text != "" {
		return "\u2068" + text + "\u2069"
	}
	return text
}

// find gives a message in the language, or else in English.
func (w *words) find(lang language.Tag, key string, args []any) (string, bool) {
	if text, ok := w.in(lang, key, args); ok || lang == language.English {
		return text, ok
	}
	text, ok := w.in(language.English, key, args)
	if ok && w.mark && text != "" {
		text = "[en] " + text
	}
	return text, ok
}

// in gives a message in one language, in the form that a number asks for.
func (w *words) in(tag language.Tag, key string, args []any) (string, bool) {
	if form := pluralForm(tag, args); form != "" {
		for _, f := range []string{form, "other"} {
			if text, ok := w.texts[tag][key+"."+f]; ok {
				return text, true
			}
		}
	}
	text, ok := w.texts[tag][key]
	return text, ok
}

var pluralNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two",
	plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

func pluralForm(lang language.Tag, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if n, ok := args[i+1].(int); ok && args[i] == "n" {
			return pluralNames[plural.Cardinal.MatchPlural(lang, n, 0, 0, 0, 0)]
		}
	}
	return ""
}

// rightToLeft tells the direction of a language's script.
func rightToLeft(tag language.Tag) bool {
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo":
		return true
	}
	return false
}
