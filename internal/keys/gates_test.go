package keys

import (
	"context"
	"strings"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/everybody"
)

// desk is a store of keys. Everybody may do everything: what refuses is the gates'
// own.
type desk struct {
	Store
	keys      []Key
	committed int
}

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) SigningKeys(context.Context) ([]Key, error) { return d.keys, nil }

func (d *desk) SealedWith(context.Context, string) ([]Bundle, error) { return nil, nil }

var atNine = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// TestNothingLeavesUnderAnotherKey: one that was never published, that was revoked,
// or that is not the current one; each is said as what it is.
func TestNothingLeavesUnderAnotherKey(t *testing.T) {
	of := func(s Standing) []Key { return []Key{{Purpose: Seal, SHA256: "aa", Standing: s}} }
	for name, c := range map[string]struct {
		keys []Key
		says string // "" where it may be used
	}{
		"current": {of(Current), ""}, "never published": {nil, "never published"},
		"of another purpose": {[]Key{{Purpose: "log", SHA256: "aa", Standing: Current}}, "never published"},
		"revoked":            {of(Compromised), "was revoked"}, "announced": {of(Announced), "not the current one"},
	} {
		err := (&Service{Store: &desk{keys: c.keys}}).Usable(t.Context(), "aa")
		if err == nil != (c.says == "") || err != nil && (fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGatesOfARevocation: a reason that is one, a time that has come, and one key
// that is named well enough.
func TestGatesOfARevocation(t *testing.T) {
	two := []Key{{ID: "1", SHA256: "aaaaaaaa00", Standing: Current}, {ID: "2", SHA256: "aaaaaaaa11", Standing: Current}}
	for name, c := range map[string]struct {
		name, reason string
		since        time.Time
		want         fault.Kind
	}{
		"well":             {"AAAAAAAA00", Reasons[0], atNine, ""},
		"no reason":        {"aaaaaaaa00", "boredom", atNine, fault.Invalid},
		"no time":          {"aaaaaaaa00", Reasons[0], time.Time{}, fault.Invalid},
		"a time to come":   {"aaaaaaaa00", Reasons[0], atNine.Add(time.Second), fault.Invalid},
		"two of that name": {"aaaaaaaa", Reasons[0], atNine, fault.NotFound},
		"none":             {"bbbbbbbb", Reasons[0], atNine, fault.NotFound},
	} {
		d := &desk{keys: append([]Key(nil), two...)}
		s := &Service{Store: d, Access: everybody.May{}, Now: func() time.Time { return atNine }}
		_, _, err := s.Revoke(identity.With(t.Context(), identity.SystemActor()), c.name, c.since, c.reason)
		if err == nil != (c.want == "") || err != nil && (fault.KindOf(err) != c.want || d.committed != 0) {
			t.Errorf("%s: %v, %d steps", name, err, d.committed)
		}
	}
	one := &Service{Store: &desk{keys: two[:1]}}
	if _, err := one.named(t.Context(), "aaaaaaa"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("seven digits name a key: %v", err)
	}
}
