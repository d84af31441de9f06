package audit_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lerd/internal/audit"
)

func TestPathsAreTheSpecifications(t *testing.T) {
	for want, got := range map[string]string{
		"tile/0/x001/x234/067":      audit.TilePath(0, 1234067, 256),
		"tile/0/000":                audit.TilePath(0, 0, 256),
		"tile/1/000.p/17":           audit.TilePath(1, 0, 17),
		"tile/63/999.p/255":         audit.TilePath(63, 999, 255),
		"tile/entries/x001/000":     audit.EntriesPath(1000, 256),
		"tile/entries/x273/112.p/1": audit.EntriesPath(273112, 1),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if p, err := audit.ParsePath(want); err != nil || p.String() != want {
			t.Errorf("%s is read as %+v: %v", want, p, err)
		}
	}
}

func TestParsePathRefusesOtherForms(t *testing.T) {
	for _, s := range []string{
		"", "/", "tile", "tile/", "tile//", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000",
		"tile/0/x001", "tile/0/001/000", "tile/0/x001/x000", "tile/0/x1/000", "tile/0/x001/00", "tile/0/x001/0x0",
		"tile/64/000", "tile/00/000", "tile/-1/000", "tile/+1/000", "tile/01/000", "tile/8/0/000", "tile/data/000",
		"tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/1/",
		"tile/0/000.p/1.p/1", "tile/0/000/", "/tile/0/000", "tile/0/../000", "tile/0/%30", "tile/entries", "tile/Entries/000",
		"tile/0/x018/x446/x744/x073/x709/x551/616", "checkpoint", "tile/0/٠٠٠", strings.Repeat("tile/0/x001/", 50),
	} {
		if p, err := audit.ParsePath(s); err == nil {
			t.Errorf("%q is read as %+v", s, p)
		}
	}
}

func TestEveryPathReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := audit.Path{
			Level: rapid.Uint8Range(0, 63).Draw(t, "level"), Width: rapid.IntRange(1, 256).Draw(t, "width"),
			Index: rapid.Uint64Range(0, math.MaxUint64).Draw(t, "index"),
		}
		if rapid.Bool().Draw(t, "entries") {
			p.Entries, p.Level = true, 0
		}
		if back, err := audit.ParsePath(p.String()); err != nil || back != p {
			t.Fatalf("%+v is %s is %+v: %v", p, p, back, err)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/x234/067.p/8", "tile/63/999.p/255", "tile/0/x000/000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := audit.ParsePath(s); err == nil && p.String() != s {
			t.Fatalf("%q is read as %+v, which is %s", s, p, p)
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add([]byte{0, 0}, 1)
	f.Add([]byte{0, 1, 'a', 0, 0}, 2)
	f.Add([]byte{0xff, 0xff, 'a'}, 1)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		entries, err := audit.ParseBundle(data, width)
		if err != nil {
			return
		}
		if len(entries) != width {
			t.Fatalf("%d entries instead of %d", len(entries), width)
		}
		var again []byte
		for _, e := range entries {
			if again, err = audit.AppendBundle(again, e); err != nil {
				t.Fatal(err)
			}
		}
		if string(again) != string(data) {
			t.Fatalf("%x reads back as %x", data, again)
		}
	})
}
