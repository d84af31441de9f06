package domains

import (
	"slices"
	"sort"
	"strings"
)

// Kind says in which way a name is like one on file.
type Kind string

// The kinds, the closest first.
const (
	SameShape   Kind = "same_shape"   // drawn alike: other letters, other scripts
	MovedMarks  Kind = "moved_marks"  // the same letters with hyphens and dots elsewhere
	Inside      Kind = "inside"       // the whole name on file stands inside it
	OtherEnding Kind = "other_ending" // the same name under another ending
	FewLetters  Kind = "few_letters"  // a letter or two more, fewer, changed or swapped
	AddedWords  Kind = "added_words"  // the name on file with words beside it
)

var closest = map[Kind]int{SameShape: 0, MovedMarks: 1, Inside: 2, OtherEnding: 3, FewLetters: 4, AddedWords: 5}

// Like is a name on file for which another one would be taken.
type Like struct {
	Known    string // as it stands on file
	Kind     Kind
	Distance int // letters, of FewLetters
}

// Verdict is what a directory says of a name.
type Verdict struct {
	Name  Name
	Known string // the name on file that it is or lies below; empty: none
	Likes []Like // the closest first; empty for a known name
}

// entry is a name on file with the forms in which others are compared to it.
type entry struct {
	Name
	shape string   // skeleton of the whole
	whole string   // squeezed, with its ending
	core  string   // squeezed, without its ending
	parts []string // labels that are its own and no common word
	all   []string // every word, squeezed, with those of its ending
}

// Directory holds the domains on file: of agencies, their units and issuers.
type Directory struct{ entries []entry }

// NewDirectory reads names; what is no domain name is left out.
func NewDirectory(names []string) *Directory {
	d := &Directory{}
	seen := map[string]bool{}
	for _, text := range names {
		n, ok := Parse(text)
		if !ok || seen[n.ASCII] {
			continue
		}
		seen[n.ASCII] = true
		d.entries = append(d.entries, newEntry(n))
	}
	return d
}

func newEntry(n Name) entry {
	e := entry{Name: n, shape: Skeleton(n.Unicode), whole: squeeze(n.Unicode), core: squeeze(n.core()), all: tokens(n.Unicode)}
	for _, label := range strings.Split(n.core(), ".") {
		if s := squeeze(label); len(s) >= 5 && !common[s] && s != e.core {
			e.parts = append(e.parts, s)
		}
	}
	return e
}

// Len tells how many names are on file.
func (d *Directory) Len() int { return len(d.entries) }

// Check compares a name with all on file.
func (d *Directory) Check(n Name) Verdict {
	v := Verdict{Name: n}
	c := candidate{Name: n, shape: Skeleton(n.Unicode), whole: squeeze(n.Unicode), core: squeeze(n.core()), own: squeeze(n.own()),
		tokens: tokens(n.core()), all: tokens(n.Unicode)}
	for _, e := range d.entries {
		if n.ASCII == e.ASCII || strings.HasSuffix(n.ASCII, "."+e.ASCII) || n.Registrable == e.Registrable {
			return Verdict{Name: n, Known: e.ASCII}
		}
		if like, ok := c.like(e); ok {
			v.Likes = append(v.Likes, like)
		}
	}
	sort.SliceStable(v.Likes, func(i, j int) bool { return closest[v.Likes[i].Kind] < closest[v.Likes[j].Kind] })
	return v
}

// candidate is a name that is compared, in the same forms.
type candidate struct {
	Name
	shape, whole, core, own string
	tokens, all             []string // words between hyphens and dots, of the core and of the whole
}

func tokens(core string) []string {
	parts := strings.FieldsFunc(core, func(r rune) bool { return r == '-' || r == '.' || r == '_' })
	for i := range parts {
		parts[i] = squeeze(parts[i])
	}
	return parts
}

// like tells in which way the name is like one on file, if it is.
func (c candidate) like(e entry) (Like, bool) {
	is := func(k Kind, distance int) (Like, bool) { return Like{e.Shown(), k, distance}, true }
	switch {
	case c.shape == e.shape:
		return is(SameShape, 0)
	case c.whole == e.whole || c.own == e.whole || c.core == e.whole:
		return is(MovedMarks, 0)
	case len(e.whole) >= 12 && strings.Contains(c.whole, e.whole) || sequence(c.all, e.all):
		return is(Inside, 0)
	case c.Restricted && c.Suffix != e.Suffix:
		return Like{}, false // nobody but an authority is given such a name
	case c.renamed(e):
		return is(OtherEnding, 0)
	}
	if n := c.distance(e); n > 0 {
		return is(FewLetters, n)
	}
	if c.adds(e) {
		return is(AddedWords, 0)
	}
	return Like{}, false
}

// renamed tells whether the name is that on file under another ending.
func (c candidate) renamed(e entry) bool {
	if common[e.core] {
		return generic[c.Suffix] && (c.core == e.core || c.own == e.core)
	}
	return len(e.core) >= 3 && (c.core == e.core || c.own == e.core) || slices.Contains(e.parts, c.own)
}

// sequence tells whether all words of a name on file stand in a name, one
// after the other, and others beside them.
func sequence(all, part []string) bool {
	for i := 0; i+len(part) <= len(all) && len(part) > 1; i++ {
		if slices.Equal(all[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// distance gives by how many letters the names differ, 0 where by too many.
func (c candidate) distance(e entry) int {
	if c.region(e) || common[c.core] {
		return 0
	}
	if c.Restricted { // the registry gave it out: only a slip in a long name counts
		if limit := len(e.core) / 8; len(e.core) >= 10 && limit > 0 && edits(c.core, e.core, limit) <= limit {
			return limit
		}
		return 0
	}
	var pairs [][2]string
	if !common[e.core] || c.Suffix == e.Suffix {
		pairs = append(pairs, [2]string{c.core, e.core}, [2]string{c.own, e.core})
	}
	for _, part := range e.parts {
		pairs = append(pairs, [2]string{c.own, part})
	}
	for _, p := range pairs {
		if limit := allowed(p[1]); limit > 0 {
			if n := edits(p[0], p[1], limit); n > 0 && n <= limit {
				return n
			}
		}
	}
	return 0
}

// region tells whether the names differ only in labels that are too short to be
// a name: "police.be.ch" and "police.ge.ch" are two cantons.
func (c candidate) region(e entry) bool {
	a, b := strings.Split(c.Name.core(), "."), strings.Split(e.Name.core(), ".")
	if len(a) != len(b) || len(a) < 2 {
		return false
	}
	for i := range a {
		if a[i] != b[i] && len(a[i]) > 3 && len(b[i]) > 3 {
			return false
		}
	}
	return true
}

// allowed gives how many letters may differ in a name of a length: the shorter
// a name, the more others are near it.
func allowed(s string) int {
	switch n := len([]rune(s)); {
	case n < 5:
		return 0
	case n < 12:
		return 1
	}
	return 2
}

// adds tells whether the name is one on file with words beside it.
func (c candidate) adds(e entry) bool {
	for _, part := range append([]string{e.core}, e.parts...) {
		if common[part] || part == "" {
			continue
		}
		if len(part) >= 6 && (strings.Contains(c.core, part) || strings.Contains(c.own, part)) {
			return !c.Restricted || len(part) >= 8
		}
		if slices.Contains(c.tokens, part) && lured(c.tokens, part) {
			return true
		}
	}
	return false
}

// lured tells whether all tokens but one are words that lure.
func lured(tokens []string, but string) bool {
	other := 0
	for _, t := range tokens {
		if t != but {
			if other++; !lures[t] {
				return false
			}
		}
	}
	return other > 0
}

// edits gives the number of insertions, deletions, substitutions and swaps of
// neighbours that make b of a, or limit+1 where it takes more.
func edits(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d > limit || -d > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		least := row[0]
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
