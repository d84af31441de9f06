package web

import (
	"regexp"
	"sort"
	"strings"

	"golang.org/x/text/language"

	"lerd/internal/legal"
)

// saidPrefix begins the keys of the sentences which domain packages say in
// English, the messages of faults. The catalogue's English is how a sentence is
// found; a test compares it with the sources.
const saidPrefix = "said."

// phrases find the key of an English sentence, and the values in it.
type phrases struct {
	whole    map[string]string // the sentence to its key
	patterns []phrase          // sentences with {placeholders}, longest first
}

type phrase struct {
	key   string
	form  *regexp.Regexp
	names []string
	size  int
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

func newPhrases(english map[string]string) *phrases {
	s := &phrases{whole: map[string]string{}}
	for key, text := range english {
		if !strings.HasPrefix(key, saidPrefix) {
			continue
		}
		if !placeholder.MatchString(text) {
			s.whole[text] = key
			continue
		}
		s.patterns = append(s.patterns, newPhrase(key, text))
	}
	sort.Slice(s.patterns, func(i, j int) bool {
		a, b := s.patterns[i], s.patterns[j]
		return a.size > b.size || (a.size == b.size && a.key < b.key)
	})
	return s
}

// newPhrase turns {name} into a group that takes anything.
func newPhrase(key, text string) phrase {
	p := phrase{key: key, size: len(text)}
	var re strings.Builder
	re.WriteString(`(?s)\A`)
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		re.WriteString(regexp.QuoteMeta(text[at:m[0]]) + `(.*?)`)
		p.names, at = append(p.names, text[m[2]:m[3]]), m[1]
	}
	re.WriteString(regexp.QuoteMeta(text[at:]) + `\z`)
	p.form = regexp.MustCompile(re.String())
	return p
}

// find gives the key of a sentence and what fills its placeholders.
func (s *phrases) find(sentence string) (key string, args []any, ok bool) {
	if key, ok := s.whole[sentence]; ok {
		return key, nil, true
	}
	for _, p := range s.patterns {
		if m := p.form.FindStringSubmatch(sentence); m != nil {
			for i, name := range p.names {
				args = append(args, name, m[i+1])
			}
			return p.key, args, true
		}
	}
	return "", nil, false
}

// addLaw lets the questions of the policy data be found, which the domain says
// where an answer is missing.
func (s *phrases) addLaw(law *legal.Registry) {
	for _, f := range law.Fields() {
		s.whole[f.Ask] = "law.field." + string(f.ID) + ".ask"
	}
}

// Say gives an English sentence of the domain in the reader's language; one
// that no catalogue has stays as it is, and so does what is translated already.
func (c *Ctx) Say(sentence string) string { return c.srv.words.translate(c.lang, sentence) }

// Law gives a title of the policy data in the reader's language. English is
// what the policy says; other languages have it under law.<key>, where key names
// the thing by its id. An instrument of another country keeps its own name.
func (c *Ctx) Law(key, english string) string {
	if c.lang == language.English {
		return english
	}
	if text, ok := c.srv.words.texts[c.lang]["law."+key]; ok {
		return text
	}
	return english
}

// processName gives the title of a legal process in the reader's language.
func (c *Ctx) processName(id, english string) string { return c.Law("process."+id, english) }

func (w *words) translate(lang language.Tag, sentence string) string {
	if lang == language.English || sentence == "" || w.said == nil {
		return sentence
	}
	key, args, ok := w.said.find(sentence)
	if !ok {
		return sentence
	}
	if strings.HasPrefix(key, "law.") && w.texts[lang][key] == "" {
		return sentence
	}
	return w.say(lang, key, args...)
}
