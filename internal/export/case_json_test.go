package export

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// TestTheGraphIsWrittenAsTheLibraryWouldWriteIt builds graphs of every kind of
// part and compares with encoding/json.
func TestTheGraphIsWrittenAsTheLibraryWouldWriteIt(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<&>", "a\"b\\", "\u2028é", "kb:x-1", "\x7f\x01\xff"}))
	var part func(t *rapid.T, deep int) any
	part = func(t *rapid.T, deep int) any {
		kind := rapid.IntRange(0, 7).Draw(t, "kind")
		if deep == 0 && kind > 3 {
			kind = 0
		}
		switch kind {
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.SliceOf(text).Draw(t, "texts")
		case 3:
			return typed("integer", text.Draw(t, "value"))
		case 4, 5:
			n := node{}
			for range rapid.IntRange(0, 10).Draw(t, "keys") {
				n[text.Draw(t, "key")] = part(t, deep-1)
			}
			return n
		case 6:
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "long") {
				list = append(list, part(t, deep-1))
			}
			return list
		case 7:
			return []node{{"@id": text.Draw(t, "id")}, typed("dateTime", "x")}
		}
		return text.Draw(t, "text")
	}
	rapid.Check(t, func(t *rapid.T) {
		v := part(t, 3)
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendGraph(nil, v)
		if err != nil || string(got) != string(want) {
			t.Fatalf("%s (%v), want %s", got, err, want)
		}
	})
}
