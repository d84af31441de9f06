package pdfa

import (
	"encoding/binary"
	"errors"
	"slices"
)

// trueType is the part of a font file that drawing needs.
// SPEC: ISO/IEC 14496-22 (OpenType), tables head, hhea, hmtx, maxp, loca, glyf.
type trueType struct {
	tables map[string][]byte
	glyphs int
	upem   int
	wide   int // number of entries in hmtx that have an advance
	long   bool
}

var errFont = errors.New("the font cannot be read")

var be = binary.BigEndian

func parseTrueType(b []byte) (*trueType, error) {
	if len(b) < 12 {
		return nil, errFont
	}
	f := &trueType{tables: map[string][]byte{}}
	for i := range int(be.Uint16(b[4:])) {
		if len(b) < 28+16*i {
			return nil, errFont
		}
		rec := b[12+16*i:]
		from, size := uint64(be.Uint32(rec[8:])), uint64(be.Uint32(rec[12:]))
		if from+size > uint64(len(b)) {
			return nil, errFont
		}
		f.tables[string(rec[:4])] = b[from : from+size]
	}
	head, hhea, maxp := f.tables["head"], f.tables["hhea"], f.tables["maxp"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 {
		return nil, errFont
	}
	f.upem, f.long = int(be.Uint16(head[18:])), be.Uint16(head[50:]) == 1
	f.wide, f.glyphs = int(be.Uint16(hhea[34:])), int(be.Uint16(maxp[4:]))
	if len(f.tables["hmtx"]) < 4*f.wide || f.wide == 0 || f.upem == 0 || len(f.tables["glyf"]) == 0 {
		return nil, errFont
	}
	return f, nil
}

// thousandths turns font units into thousandths of the size.
func (f *trueType) thousandths(n int) float64 { return float64(n) * 1000 / float64(f.upem) }

// width gives a glyph's advance in thousandths of the size.
func (f *trueType) width(gid int) float64 {
	return f.thousandths(int(be.Uint16(f.tables["hmtx"][4*min(gid, f.wide-1):])))
}

// outline gives a glyph's octets in glyf.
func (f *trueType) outline(gid int) []byte {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to int
	if f.long {
		if len(loca) < 4*gid+8 {
			return nil
		}
		from, to = int(be.Uint32(loca[4*gid:])), int(be.Uint32(loca[4*gid+4:]))
	} else {
		if len(loca) < 2*gid+4 {
			return nil
		}
		from, to = 2*int(be.Uint16(loca[2*gid:])), 2*int(be.Uint16(loca[2*gid+2:]))
	}
	if from > to || to > len(glyf) {
		return nil
	}
	return glyf[from:to]
}

// parts gives the glyphs that a composed glyph is made of.
func parts(outline []byte) (out []int) {
	const words, scale, more, xy, four = 1, 8, 0x20, 0x40, 0x80
	if len(outline) < 10 || int16(be.Uint16(outline)) >= 0 {
		return nil
	}
	for b := outline[10:]; len(b) >= 4; {
		flags := be.Uint16(b)
		out = append(out, int(be.Uint16(b[2:])))
		n := 6
		if flags&words != 0 {
			n = 8
		}
		switch {
		case flags&scale != 0:
			n += 2
		case flags&xy != 0:
			n += 4
		case flags&four != 0:
			n += 8
		}
		if flags&more == 0 || len(b) < n {
			break
		}
		b = b[n:]
	}
	return out
}

// subset gives a font file with the outlines of the given glyphs alone, under
// their old numbers. What is not needed is empty and compresses to nothing.
func (f *trueType) subset(gids []int) []byte {
	keep := map[int]bool{0: true}
	for todo := slices.Clone(gids); len(todo) > 0; {
		g := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !keep[g] {
			keep[g] = true
			todo = append(todo, parts(f.outline(g))...)
		}
	}
	loca, glyf := make([]byte, 0, 4*f.glyphs+4), []byte{}
	hmtx := slices.Clone(f.tables["hmtx"])
	for g := range f.glyphs {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		if keep[g] {
			glyf = append(glyf, f.outline(g)...)
			glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		} else if g < f.wide-1 {
			clear(hmtx[4*g : 4*g+4])
		}
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))
	head := slices.Clone(f.tables["head"])
	be.PutUint32(head[8:], 0)
	be.PutUint16(head[50:], 1)
	out := map[string][]byte{"head": head, "loca": loca, "glyf": glyf, "hmtx": hmtx}
	for _, name := range []string{"hhea", "maxp", "cvt ", "fpgm", "prep"} {
		if t := f.tables[name]; t != nil {
			out[name] = t
		}
	}
	return assemble(out)
}

// assemble writes a font file of tables.
func assemble(tables map[string][]byte) []byte {
	var names []string
	for n := range tables {
		names = append(names, n)
	}
	slices.Sort(names)
	span, log := 1, 0
	for span*2 <= len(names) {
		span, log = span*2, log+1
	}
	b := be.AppendUint32(nil, 0x00010000)
	for _, n := range []int{len(names), span * 16, log, (len(names) - span) * 16} {
		b = be.AppendUint16(b, uint16(n))
	}
	at := 12 + 16*len(names)
	var body []byte
	for _, n := range names {
		b = append(b, n...)
		for _, v := range []uint32{checksum(tables[n]), uint32(at + len(body)), uint32(len(tables[n]))} {
			b = be.AppendUint32(b, v)
		}
		body = append(body, tables[n]...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(b, body...)
}

func checksum(b []byte) (sum uint32) {
	for len(b) >= 4 {
		sum, b = sum+be.Uint32(b), b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return sum + be.Uint32(last[:])
}
