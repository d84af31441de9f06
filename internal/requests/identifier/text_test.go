package identifier

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"lerd/internal/fault"
)

func TestName(t *testing.T) {
	for typed, want := range map[string]string{
		" Łódź ": "Łódź", "A\u030angstro\u0308m": "Ångström", "東京地方検察庁": "東京地方検察庁", "Прокуратура Москвы": "Прокуратура Москвы",
		"カタカナ漢字ひらがな": "カタカナ漢字ひらがな", "O'Brien & Söhne": "O'Brien & Söhne", "Москва Moscow": "Москва Moscow", "केंद्रीय अन्वेषण ब्यूरो": "केंद्रीय अन्वेषण ब्यूरो",
	} {
		if got, err := Name("name", typed); err != nil || got != want {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
	for typed, says := range map[string]string{
		"": "Type something", "   ": "Type something", "Pоlice": "mixes Latin and Cyrillic", "Рolice": "mixes", "Αthens": "mixes Greek and Latin", "a\nb": "one line", "a\tb": "one line",
		"a\u202eb": "U+202E", "a\u2066b": "U+2066", "a\u200fb": "direction", "a\u200bb": "U+200B", "a\ufeffb": "invisible", "a\u00adb": "invisible", "a\u115fb": "invisible", "a\ufe0fb": "invisible", "a\U000e0041b": "invisible",
		"a\x00b": "control", "a\u2028b": "control", "a\x7fb": "control", "a\u0085b": "control", "a\ue000b": "without a meaning", "a\ufffdb": "without a meaning", "a\ufdd0b": "without a meaning", "a\xffb": "UTF-8",
		"Z" + strings.Repeat("\u0335", 9): "too many marks", strings.Repeat("x", 201): "at most 200",
	} {
		if _, err := Name("name", typed); fault.KindOf(err) != fault.Invalid || !strings.Contains(message(err), says) {
			t.Errorf("%q: %v, want %q", typed, err, says)
		}
	}
}

func TestReference(t *testing.T) {
	for _, typed := range []string{"7 Gs 123/26", "2 BvR 1/26", "№ 12-34", "C-362/14", "CR.No. 45 of 2026 (A&B)", "§ 100j #4"} {
		if got, err := Reference("reference", typed); err != nil || got != typed && got != norm.NFC.String(typed) {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
	for _, typed := range []string{"=1+1", "-2", "+1", "@x", "a;b", "a<b", "a\"b", "a|b", "a\\b", "a`b", "1\u2215 2", "СR12", "A\u2028B", "a=b", "😀"} {
		if got, err := Reference("reference", typed); err == nil {
			t.Errorf("%q was taken as %q", typed, got)
		}
	}
}

func TestDomain(t *testing.T) {
	for typed, want := range map[string]string{"Police.Example": "police.example", "xn--80ak6aa92e.com": "xn--80ak6aa92e.com", "a-b.co.uk": "a-b.co.uk"} {
		if got, err := Domain("domain", typed); err != nil || got != want {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
	for _, typed := range []string{"", "police", "аррӏе.com", "police.exаmple", "a..b", ".a.b", "a.b.", "-a.b", "a-.b", "a b.c", "http://a.b", "a.b/c", "a@b.c", "127.0.0.1", "a_b.c", strings.Repeat("a", 64) + ".b", "[::1]"} {
		if got, err := Domain("domain", typed); err == nil {
			t.Errorf("%q was taken as %q", typed, got)
		}
	}
}

func TestFreeText(t *testing.T) {
	if got, err := FreeText("need", "one\r\n\ttwo\n", 100); err != nil || got != "one\n\ttwo" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := FreeText("need", "", 100); err != nil || got != "" {
		t.Errorf("%q %v", got, err)
	}
	for _, typed := range []string{"a\u202eb", "a\x1bb", strings.Repeat("x", 101)} {
		if _, err := FreeText("need", typed, 100); err == nil {
			t.Errorf("%q was taken", typed)
		}
	}
}

func TestSkeleton(t *testing.T) {
	for _, same := range [][2]string{
		{"police.example", "роlicе.example"}, {"police.example", "po1ice.example"}, {"police.example", "poIice.example"}, {"modern.example", "rnodern.example"},
		{"www.example", "vvww.example"}, {"ＰＯＬＩＣＥ", "POLICE"}, {"Polícia", "Policia"}, {"paypal", "раураl"}, {"Bundes Kriminalamt", "BundesKriminalamt"}, {"goog1e", "google"}, {"g00gle", "google"},
	} {
		if Skeleton(same[0]) != Skeleton(same[1]) {
			t.Errorf("%q %q: %q, %q", same[0], same[1], Skeleton(same[0]), Skeleton(same[1]))
		}
	}
	for _, other := range [][2]string{{"police", "policy"}, {"Landgericht Köln", "Landgericht Bonn"}, {"東京", "大阪"}, {"abc", "abd"}} {
		if Skeleton(other[0]) == Skeleton(other[1]) {
			t.Errorf("%q and %q are alike", other[0], other[1])
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Łódź", "a\u202eb", "Pоlice", "police.example", "7 Gs 123/26", "\xff", "Z\u0335\u0335"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string, string) (string, error){
			"name": Name, "reference": Reference, "domain": Domain,
			"text": func(f, s string) (string, error) { return FreeText(f, s, 1000) },
		} {
			got, err := parse("x", s)
			if err != nil {
				if message(err) == "" {
					t.Errorf("%s: refused without a sentence: %v", name, err)
				}
				continue
			}
			if !norm.NFC.IsNormalString(got) {
				t.Errorf("%s: not in NFC", name)
			}
			if again, err := parse("x", got); err != nil || again != got {
				t.Errorf("%s: %q does not read as itself: %q %v", name, got, again, err)
			}
		}
		if one := Skeleton(s); Skeleton(one) != one {
			t.Errorf("the skeleton of a skeleton differs: %q %q", one, Skeleton(one))
		}
	})
}
