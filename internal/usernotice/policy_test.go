package usernotice

import (
	"testing"
	"testing/fstest"

	"lerd/internal/fault"
	"lerd/policies"
)

// TestTimesOfNoticesMakeSense: the policy that ships is read; one whose times are
// missing or turned round is not.
func TestTimesOfNoticesMakeSense(t *testing.T) {
	if _, err := LoadPolicy(policies.FS); err != nil {
		t.Fatal(err)
	}
	good := "version: 1\nreview_days: 30\nlongest_days: 90\nemergency_days: 0\nretry_first: 1m\nretry_most: 1h\n"
	for name, c := range map[string]struct {
		text string
		want fault.Kind
	}{
		"good":                        {good, ""},
		"no version":                  {"version: 0\nreview_days: 30\nlongest_days: 90\nretry_first: 1m\nretry_most: 1h\n", fault.Invalid},
		"the longest is the shortest": {"version: 1\nreview_days: 30\nlongest_days: 29\nretry_first: 1m\nretry_most: 1h\n", fault.Invalid},
		"no first pause":              {"version: 1\nreview_days: 30\nlongest_days: 90\nretry_most: 1h\n", fault.Invalid},
		"pauses turned round":         {"version: 1\nreview_days: 30\nlongest_days: 90\nretry_first: 1h\nretry_most: 1m\n", fault.Invalid},
	} {
		_, err := LoadPolicy(fstest.MapFS{"user_notices.yaml": {Data: []byte(c.text)}})
		if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
