package identifier

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lerd/internal/fault"
	"lerd/internal/records"
)

func message(err error) string {
	if ps := fault.ProblemsOf(err); len(ps) > 0 {
		return ps[0].Message
	}
	return ""
}

func TestParsePhone(t *testing.T) {
	for typed, want := range map[string]struct{ e164, reading, country string }{
		"+44 7700 900123":     {"+447700900123", "+44 7700 900123 (United Kingdom)", "GB"},
		"+44 (0)7700 900123":  {"+447700900123", "+44 7700 900123", "GB"},
		"  +1 202-555-0143\n": {"+12025550143", "+1 202-555-0143 (United States)", "US"},
		"+1.202.555.0143":     {"+12025550143", "United States", "US"},
		"+33639980017":        {"+33639980017", "+33 6 39 98 00 17 (France)", "FR"},
		"+91 100 1234 567":    {"+911001234567", "not known to be in use", "IN"},
		"+800 1234 5678":      {"+80012345678", "international number", ""},
	} {
		got, err := ParsePhone(typed)
		if err != nil {
			t.Errorf("%q: %v", typed, err)
			continue
		}
		if got.Canonical.Reveal() != want.e164 || !strings.Contains(got.Reading.Reveal(), want.reading) || got.Country != want.country {
			t.Errorf("%q: %s, %s, %s", typed, got.Canonical.Reveal(), got.Reading.Reveal(), got.Country)
		}
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	for typed, says := range map[string]string{
		"":                               "Type the phone number",
		"07700 901234":                   "Begin with + and the country code",
		"7700900123":                     "Begin with +",
		"0044 7700 900123":               "in place of 00",
		"+1 202 555 014":                 "too short",
		"+44 7700 9001234567":            "too long",
		"+999 123456":                    "no such country code",
		"+1 555 0143":                    "too short",
		"+44 7700 900123 ext 5":          "extension",
		"+44 7700 900123x5":              "extension",
		"+44 7700 900123;ext=5":          "extension",
		"+1 800 FLOWERS":                 "only digits",
		"+44 7700 900123, +44 7700 9001": "one phone number",
		"+44 7700 900123 +1":             "one phone number",
		"+44 7700 900*":                  "no search",
		"+44 7700 90012３":                "digits 0 to 9",
		"＋447700900123":                  "digits 0 to 9",
		"+٤٤7700900123":                  "digits 0 to 9",
		"+44\u200b7700900123":            "invisible",
		"\u202e+447700900123":            "direction",
		"+44\x007700900123":              "control",
		"+200000000000":                  "zeros after the country code",
		"+":                              "not a phone number",
		"tel:+447700900123":              "Begin with +",
		"+1 (202) 555-0143' OR 1=1":      "only digits",
		strings.Repeat("+1", 100):        "one phone number",
		"\xff\xfe":                       "UTF-8",
	} {
		_, err := ParsePhone(typed)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(message(err), says) {
			t.Errorf("%q: %v, want %q", typed, err, says)
		}
		if digits := regexp.MustCompile(`\d{6,}`).FindString(typed); digits != "" && err != nil && strings.Contains(err.Error(), digits) {
			t.Errorf("%q: the message repeats what was typed", typed)
		}
	}
}

func TestParseUsername(t *testing.T) {
	for typed, want := range map[string]string{"nightferry": "nightferry", "@NightFerry": "nightferry", " a_1 ": "a_1", strings.Repeat("a", 32): strings.Repeat("a", 32)} {
		if got, err := ParseUsername(typed); err != nil || got.Canonical.Reveal() != want {
			t.Errorf("%q: %v %v", typed, got.Canonical.Reveal(), err)
		}
	}
	for typed, says := range map[string]string{
		"": "Type the username", "ab": "3 to 32", strings.Repeat("a", 33): "3 to 32", "1abc": "begins with a letter", "_abc": "begins with a letter",
		"nightfеrry": "another script (U+0435)", "night ferry": "without spaces", "https://x.example/abc": "without a web address", "night*": "no search", "night%": "no search",
		"night-ferry": "only the letters", "night\u200bferry": "invisible", "\u202eyrref": "direction", "a'; DROP TABLE x": "spaces", "<b>abc": "only the letters", "@@abc": "only the letters",
	} {
		if _, err := ParseUsername(typed); fault.KindOf(err) != fault.Invalid || !strings.Contains(message(err), says) {
			t.Errorf("%q: %v, want %q", typed, err, says)
		}
	}
}

func TestParseAccountID(t *testing.T) {
	p, err := ParseAccountID(" 10000001 ")
	if err != nil || p.Reading.Reveal() != "account 10 000 001" {
		t.Fatal(p, err)
	}
	if id := p.During(records.At(time.Unix(0, 0))); id.Account != 10000001 || id.Kind != records.ByAccount {
		t.Errorf("%+v", id.Account)
	}
	if _, err := ParseAccountID("9223372036854775807"); err != nil {
		t.Error(err)
	}
	for _, typed := range []string{"", "0", "-1", "+1", "007", "1.0", "1e5", "9223372036854775808", "12 34", "１２", "1,2", "0x10", "1-9"} {
		if _, err := ParseAccountID(typed); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestParseKinds(t *testing.T) {
	for kind, typed := range map[records.Kind]string{records.ByPhone: "+447700900123", records.ByUsername: "abc", records.ByAccount: "5"} {
		if p, err := Parse(kind, typed); err != nil || p.During(records.Period{}).Kind != kind {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := Parse("email", "a@b"); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func FuzzIdentifiers(f *testing.F) {
	for _, s := range []string{"+447700900123", "@night", "10000001", "+1 (202) 555-0143", "\u202e", "+\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []records.Kind{records.ByPhone, records.ByUsername, records.ByAccount} {
			p, err := Parse(kind, s)
			if err != nil {
				if message(err) == "" || fault.KindOf(err) != fault.Invalid {
					t.Errorf("refused without a sentence: %v", err)
				}
				continue
			}
			again, err := Parse(kind, p.Canonical.Reveal())
			if err != nil || again.Canonical.Reveal() != p.Canonical.Reveal() {
				t.Errorf("%s: the canonical form does not read as itself: %v", kind, err)
			}
			if strings.Trim(p.Canonical.Reveal(), "+abcdefghijklmnopqrstuvwxyz0123456789_") != "" || !utf8.ValidString(p.Reading.Reveal()) {
				t.Errorf("%s: a strange character passed", kind)
			}
		}
	})
}
