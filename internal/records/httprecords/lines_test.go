package httprecords

import (
	"encoding/json"
	"testing"
)

// FuzzMembers holds the reader of lines against encoding/json.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x","c":null}`, ` { "a" : { "b" : [1,{"c":"}"}] } , "d" : "\"}\\" } `, `{}`, `{"a":1}{}`, `{"\u0061":1,"a":2}`, `{"a":"é"}`, `[]`, `{"a"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, rule := members(raw)
		var want map[string]json.RawMessage
		err := json.Unmarshal(raw, &want)
		if rule == "member that comes twice" && err == nil {
			return
		}
		if (rule == "") != (err == nil && want != nil) {
			t.Fatalf("%q: %q, encoding/json says %v", raw, rule, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %d members of %d", raw, len(got), len(want))
		}
		for name, v := range want {
			if string(got[name]) != string(v) {
				t.Fatalf("%q: %q is %q, want %q", raw, name, got[name], v)
			}
		}
	})
}
