package pdfa

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// program is a cut font file: its digest, and its octets, packed.
type program struct {
	sum    [sha256.Size]byte
	size   int // octets before packing
	packed []byte
}

// programs keeps cut fonts that were made before: a font is cut to the letters
// that most documents use, and what more a document needs, so that most documents
// have the same. What is kept follows from its key alone, so that documents are
// the same whatever was made before them. No text is kept.
var programs = struct {
	sync.Mutex
	made map[[sha256.Size]byte]program
}{made: map[[sha256.Size]byte]program{}}

// mostPrograms bounds what is kept: some 20 kilobytes each.
const mostPrograms = 64

// common gives the glyphs of the letters that most documents in Latin script use.
func (t *typeface) common() (out []int) {
	for _, r := range " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz{|}“”’–—§" {
		if g, ok := t.face.NominalGlyph(r); ok {
			out = append(out, int(g))
		}
	}
	return out
}

// cut gives the font file that has the common and the given glyphs.
func (t *typeface) cut(gids []int) (program, error) {
	if t.key != names[devanagari].key && t.key != names[arabic].key {
		gids = append(t.common(), gids...)
	}
	slices.Sort(gids)
	gids = slices.Compact(gids)
	name := []byte(t.name)
	for _, g := range gids {
		name = be.AppendUint16(name, uint16(g))
	}
	key := sha256.Sum256(name)
	programs.Lock()
	p, ok := programs.made[key]
	programs.Unlock()
	if ok {
		return p, nil
	}
	whole := t.file.subset(gids)
	packed, err := pack(whole)
	if err != nil {
		return p, err
	}
	p = program{sha256.Sum256(whole), len(whole), packed}
	programs.Lock()
	defer programs.Unlock()
	if len(programs.made) >= mostPrograms {
		clear(programs.made)
	}
	programs.made[key] = p
	return p, nil
}
