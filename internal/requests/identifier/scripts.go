package identifier

import (
	"slices"
	"unicode"
)

// scriptNames are Unicode's scripts, the common ones first, without those that
// all scripts share.
var scriptNames = func() []string {
	names := []string{"Latin", "Cyrillic", "Greek", "Arabic", "Devanagari", "Han", "Hangul", "Hiragana", "Katakana"}
	first := len(names)
	for name := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[first:])
	return names
}()
