package audit

import (
	"fmt"
	"strconv"
	"strings"
)

// CheckpointPath is where the newest checkpoint lies in the layout.
// SPEC: C2SP tlog-tiles: <prefix>/checkpoint.
const CheckpointPath = "checkpoint"

// Path names a tile or an entry bundle of the layout.
// SPEC: C2SP tlog-tiles: tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>].
type Path struct {
	Entries bool   // an entry bundle; Level is then 0
	Level   uint8  // 0 to 63
	Index   uint64 // the number within the level
	Width   int    // 1 to 256; 256 is a full tile or bundle
}

// TilePath is the path of a hash tile of a width from 1 to 256.
func TilePath(level uint8, index uint64, width int) string {
	return Path{Level: level, Index: index, Width: width}.String()
}

// EntriesPath is the path of an entry bundle of a width from 1 to 256.
func EntriesPath(index uint64, width int) string {
	return Path{Entries: true, Index: index, Width: width}.String()
}

// String gives the path, relative to the log's prefix and without a leading
// slash.
func (p Path) String() string {
	s := "tile/" + strconv.Itoa(int(p.Level)) + "/"
	if p.Entries {
		s = "tile/entries/"
	}
	s += groups(p.Index)
	if p.Width < TileWidth {
		s += ".p/" + strconv.Itoa(p.Width)
	}
	return s
}

// groups writes an index in groups of three digits, so that no folder holds
// more than a thousand files and no file has the name of a folder.
// SPEC: C2SP tlog-tiles: 1234067 is x001/x234/067.
func groups(n uint64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

// ParsePath reads what Path.String writes and refuses every other form, so that
// one tile has one address.
func ParsePath(s string) (Path, error) {
	rest, ok := strings.CutPrefix(s, "tile/")
	kind, rest, cut := strings.Cut(rest, "/")
	if !ok || !cut {
		return Path{}, pathError(s)
	}
	p := Path{Entries: kind == "entries", Width: TileWidth}
	if !p.Entries {
		level, err := strconv.ParseUint(kind, 10, 8)
		if err != nil || level > 63 {
			return Path{}, pathError(s)
		}
		p.Level = uint8(level)
	}
	number, width, partial := strings.Cut(rest, ".p/")
	if partial {
		w, err := strconv.ParseUint(width, 10, 8)
		if err != nil || w == 0 {
			return Path{}, pathError(s)
		}
		p.Width = int(w)
	}
	digits := strings.NewReplacer("x", "", "/", "").Replace(number)
	index, err := strconv.ParseUint(digits, 10, 64)
	if p.Index = index; err != nil || p.String() != s { // leading zeroes, signs, wrong groups
		return Path{}, pathError(s)
	}
	return p, nil
}

func pathError(s string) error {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return fmt.Errorf("%q is not the path of a tile or an entry bundle", s)
}
