package pdfa

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zlib"

	"github.com/go-text/typesetting/font"
)

// file collects numbered objects. Object 1 is the catalogue.
type file struct {
	objects [][]byte
}

// reserve gives a number to be filled later.
func (f *file) reserve() int {
	f.objects = append(f.objects, nil)
	return len(f.objects)
}

func (f *file) set(n int, format string, a ...any) {
	f.objects[n-1] = fmt.Appendf(nil, format, a...)
}

func (f *file) add(format string, a ...any) int {
	n := f.reserve()
	f.set(n, format, a...)
	return n
}

// packers are used again: each has tables of half a megabyte.
var packers = sync.Pool{New: func() any { return zlib.NewWriter(io.Discard) }}

// pack compresses.
func pack(b []byte) ([]byte, error) {
	var z bytes.Buffer
	w := packers.Get().(*zlib.Writer)
	defer packers.Put(w)
	w.Reset(&z)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return z.Bytes(), nil
}

// stream adds a stream, compressed unless raw.
func (f *file) stream(dict string, b []byte, raw bool) (int, error) {
	if raw {
		return f.rawStream(dict, b), nil
	}
	z, err := pack(b)
	if err != nil {
		return 0, err
	}
	return f.packed(dict, z), nil
}

// packed adds a stream that pack has compressed.
func (f *file) packed(dict string, z []byte) int { return f.rawStream(dict+" /Filter /FlateDecode", z) }

func (f *file) rawStream(dict string, b []byte) int {
	return f.add("<<%s /Length %d>>\nstream\n%s\nendstream", dict, len(b), b)
}

// bytes writes the file: header, objects, table of objects, trailer.
// SPEC: ISO 19005-2 §6.1.2, §6.1.3: four octets above 127 after the header; an ID.
func (f *file) bytes(info int) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	at := make([]int, len(f.objects))
	for i, o := range f.objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	id := sha256.Sum256(b.Bytes())
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(f.objects)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d /Root 1 0 R /Info %d 0 R /ID [<%X> <%X>]>>\nstartxref\n%d\n%%%%EOF\n",
		len(f.objects)+1, info, id[:16], id[:16], start)
	return b.Bytes()
}

// Bytes gives the finished document. The document must not be used afterwards.
func (d *Document) Bytes() ([]byte, error) {
	d.footers()
	f := &file{}
	catalog, pages := f.reserve(), f.reserve()
	fonts, err := d.fonts(f)
	if err != nil {
		return nil, err
	}
	var pageIDs []int
	for range d.pages {
		pageIDs = append(pageIDs, f.reserve())
	}
	tree := d.structure(f, pageIDs)
	for i, p := range d.pages {
		content, err := f.stream("", p.content.Bytes(), false)
		if err != nil {
			return nil, err
		}
		f.set(pageIDs[i], "<</Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R /StructParents %d /Tabs /S /Resources <</Font <<%s>>>>>>",
			pages, num(pageWidth), num(pageHeight), content, i, fonts)
	}
	f.set(pages, "<</Type /Pages /Count %d /Kids [%s]>>", len(pageIDs), refs(pageIDs))
	clear(d.set.again) // nothing of one document's data outlives it
	typesetters.Put(d.set)
	d.set = nil
	return d.finish(f, catalog, pages, tree)
}

func (d *Document) finish(f *file, catalog, pages, tree int) ([]byte, error) {
	meta, err := f.stream(" /Type /Metadata /Subtype /XML", d.info.xmp(), true)
	if err != nil {
		return nil, err
	}
	icc, err := f.stream(" /N 3", sRGB(), false)
	if err != nil {
		return nil, err
	}
	intent := f.add("<</Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB IEC61966-2.1) /DestOutputProfile %d 0 R>>", icc)
	i := d.info
	info := f.add("<</Title <%s> /Author <%s> /Producer <%s> /CreationDate (%s) /ModDate (%s)>>", hexString(i.Title), hexString(i.Author),
		hexString(i.Producer), pdfTime(i.Created), pdfTime(i.Created))
	f.set(catalog, "<</Type /Catalog /Pages %d 0 R /Metadata %d 0 R /OutputIntents [%d 0 R] /MarkInfo <</Marked true>> /StructTreeRoot %d 0 R /Lang (%s) /ViewerPreferences <</DisplayDocTitle true>>>>",
		pages, meta, intent, tree, i.Language)
	return f.bytes(info), nil
}

func hexString(s string) string { return utf16Hex([]rune(s)) }

func pdfTime(t time.Time) string { return t.UTC().Format("D:20060102150405Z") }

func refs(ids []int) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "%d 0 R ", id)
	}
	return strings.TrimSpace(b.String())
}

// footers draws the foot of each page, now that their number is known.
func (d *Document) footers() {
	for i, p := range d.pages {
		text := fmt.Sprintf("%s    %d / %d", d.info.Footer, i+1, len(d.pages))
		for _, l := range d.set.lines(text, styleFoot, textWidth)[:1] {
			p.artifact(d.set, l, margin, margin-20, styleFoot)
		}
	}
}

// structure writes the tree of elements, and which element each marked piece of
// each page belongs to.
func (d *Document) structure(f *file, pageIDs []int) int {
	tree := f.reserve()
	ids := map[*element]int{}
	var number func(e *element)
	number = func(e *element) {
		ids[e] = f.reserve()
		for _, k := range e.kids {
			if k.child != nil {
				number(k.child)
			}
		}
	}
	number(d.root)
	for e, id := range ids {
		parent := tree
		if e.parent != nil {
			parent = ids[e.parent]
		}
		f.set(id, "%s", e.object(parent, ids, pageIDs))
	}
	var nums strings.Builder
	for i, p := range d.pages {
		var of []int
		for _, e := range p.marked {
			of = append(of, ids[e])
		}
		fmt.Fprintf(&nums, "%d [%s] ", i, refs(of))
	}
	parents := f.add("<</Nums [%s]>>", strings.TrimSpace(nums.String()))
	f.set(tree, "<</Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d>>", ids[d.root], parents, len(d.pages))
	return tree
}

func (e *element) object(parent int, ids map[*element]int, pageIDs []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<</Type /StructElem /S /%s /P %d 0 R", e.kind, parent)
	if e.language != "" {
		fmt.Fprintf(&b, " /Lang (%s)", e.language)
	}
	if e.kind == "TH" {
		b.WriteString(" /A <</O /Table /Scope /Column>>")
	}
	b.WriteString(" /K [")
	for _, k := range e.kids {
		if k.child != nil {
			fmt.Fprintf(&b, "%d 0 R ", ids[k.child])
		} else {
			fmt.Fprintf(&b, "<</Type /MCR /Pg %d 0 R /MCID %d>> ", pageIDs[k.page], k.mark)
		}
	}
	return b.String() + "]>>"
}

// fonts writes the used typefaces and gives the entries of a page's resources.
func (d *Document) fonts(f *file) (string, error) {
	var b strings.Builder
	for _, face := range d.set.faces {
		used := d.set.used[face]
		if len(used) == 0 {
			continue
		}
		id, err := face.write(f, used)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "/%s %d 0 R ", face.key, id)
	}
	return strings.TrimSpace(b.String()), nil
}

// write embeds the used part of a typeface. SPEC: ISO 19005-2 §6.2.11.
func (t *typeface) write(f *file, used map[font.GID][]rune) (int, error) {
	gids := sortedGlyphs(used)
	var list []int
	var widths strings.Builder
	for _, g := range gids {
		list = append(list, int(g))
		fmt.Fprintf(&widths, "%d [%s] ", g, num(t.file.width(int(g))))
	}
	program, err := t.cut(list)
	if err != nil {
		return 0, err
	}
	name := subsetTag(program.sum) + "+" + t.name
	data := f.packed(fmt.Sprintf(" /Length1 %d", program.size), program.packed)
	head, hhea := t.file.tables["head"], t.file.tables["hhea"]
	unit := func(b []byte) string { return num(t.file.thousandths(int(int16(be.Uint16(b))))) }
	desc := f.add("<</Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%s %s %s %s] /ItalicAngle 0 /Ascent %s /Descent %s /CapHeight %s /StemV 80 /FontFile2 %d 0 R>>",
		name, unit(head[36:]), unit(head[38:]), unit(head[40:]), unit(head[42:]), unit(hhea[4:]), unit(hhea[6:]), unit(hhea[4:]), data)
	cid := f.add("<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor %d 0 R /CIDToGIDMap /Identity /DW 0 /W [%s]>>",
		name, desc, strings.TrimSpace(widths.String()))
	unicode, err := f.stream("", toUnicode(gids, used), false)
	if err != nil {
		return 0, err
	}
	return f.add("<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R>>", name, cid, unicode), nil
}

// subsetTag gives the six capitals that mark a cut font.
func subsetTag(sum [32]byte) string {
	var b [6]byte
	for i := range b {
		b[i] = 'A' + sum[i]%26
	}
	return string(b[:])
}

// toUnicode maps glyphs to the text that they stand for.
func toUnicode(gids []font.GID, used map[font.GID][]rune) []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for len(gids) > 0 {
		n := min(len(gids), 100)
		fmt.Fprintf(&b, "%d beginbfchar\n", n)
		for _, g := range gids[:n] {
			fmt.Fprintf(&b, "<%04X> <%s>\n", uint16(g), bareHex(used[g]))
		}
		b.WriteString("endbfchar\n")
		gids = gids[n:]
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
