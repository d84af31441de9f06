package orderdoc

import (
	"bytes"
	"context"
)

// file is one document under examination.
type file struct {
	ctx  context.Context
	data []byte
	lim  Limits

	version    string
	objects    map[int]*object    // top-level objects by offset
	packed     map[[2]int]*object // objects in object streams by (stream's number, index)
	tables     map[int]*section   // cross-reference tables by offset
	numbers    map[int][]*object  // top-level objects by number, in file order
	starts     []int              // values of startxref, in file order
	ends       int                // how many %%EOF
	linear     bool
	where      map[int]location // the newest cross reference of each number
	trailers   []dict
	root       ref
	count      int // objects
	tokens     int
	inflated   int64
	held       int64 // bytes of object and cross-reference streams, which are held in memory
	images     int64 // bytes that images unpacked to
	pages      int
	signatures int
	signedTo   int
	full       bool  // keep every value: for reading signatures, not for the intake
	endsAt     []int // where each %%EOF ends
}

// object is one indirect object: what the examination needs of it.
type object struct {
	num, gen   int
	at         int  // where it begins, of those that are in no object stream
	value      any  // what keep left of it; of a stream, the whole dict
	stream     bool // then data[start:end] is its raw content
	start, end int
	lengthRef  *ref // /Length is elsewhere: to be compared
}

// section is a cross-reference table or stream.
type section struct {
	entries map[int]location
	trailer dict
}

// location says where an object lies: at an offset, or in an object stream.
type location struct {
	offset, gen int
	stream      int // number of the object stream, 0 if none
	index       int
	free        bool
}

func (f *file) token() error {
	if f.tokens++; f.tokens > f.lim.MaxTokens {
		return tooComplex()
	}
	if f.tokens%4096 == 0 {
		return f.ctx.Err()
	}
	return nil
}

func tooComplex() error {
	return refuse("too_complex", "The file is more complex than an order needs. Print it to PDF anew, or scan it, and send the result.")
}

func (f *file) oneMore() error {
	if f.count++; f.count > f.lim.MaxObjects {
		return tooComplex()
	}
	return nil
}

// examine accepts the file or says why not.
func (f *file) examine() error {
	f.objects, f.packed = map[int]*object{}, map[[2]int]*object{}
	f.tables, f.numbers = map[int]*section{}, map[int][]*object{}
	for _, step := range []func() error{f.polyglot, f.scan, f.unencrypted, f.lengths, f.unpack, f.crossReferences, f.newest, f.countPages} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// scan walks the file from its first byte to its last. Whatever is neither an
// object, a cross-reference table, a trailer nor a short comment is refused.
func (f *file) scan() error {
	l := &lexer{f: f, b: f.data}
	if err := f.header(l); err != nil {
		return err
	}
	for {
		done, err := f.part(l)
		if err != nil {
			return err
		}
		if done {
			return nil
		}
	}
}

// header reads %PDF-m.n and, at most, the binary comment after it.
func (f *file) header(l *lexer) error {
	c, err := l.comment()
	if err != nil {
		return err
	}
	v := string(bytes.TrimRight(c[5:], " "))
	switch v {
	case "1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.0":
		f.version = v
		return nil
	}
	return refuse("damaged", damaged)
}

// part reads the next piece of the file's structure.
func (f *file) part(l *lexer) (done bool, err error) {
	for l.pos < len(l.b) && isSpace(l.b[l.pos]) {
		l.pos++
	}
	if l.pos == len(l.b) {
		return true, f.complete()
	}
	at := l.pos
	if l.b[at] == '%' {
		c, err := l.comment()
		if string(bytes.TrimRight(c, " \t")) == "%%EOF" {
			f.ends++
			f.endsAt = append(f.endsAt, l.pos)
		}
		if bytes.HasPrefix(c, []byte("%PDF-")) { // another file begins
			return false, refuse("polyglot", foreign)
		}
		return false, err
	}
	v, err := l.value(0)
	if err != nil {
		return false, structure(err)
	}
	switch v {
	case word("xref"):
		return false, cut(l, f.table(l, at))
	case word("startxref"):
		return false, f.startxref(l)
	}
	if num, ok := v.(int); ok {
		return false, f.object(l, at, num)
	}
	return false, refuse("foreign_data", foreign)
}

// structure turns "damaged" between objects into "foreign data".
func structure(err error) error {
	if CodeOf(err) == "damaged" {
		return refuse("foreign_data", foreign)
	}
	return err
}

// complete: the last thing in the file is startxref and %%EOF.
func (f *file) complete() error {
	tail := bytes.TrimRight(f.data, "\x00\t\n\f\r ")
	if f.ends == 0 || len(f.starts) == 0 || !bytes.HasSuffix(tail, []byte("%%EOF")) {
		return refuse("truncated", "The end of the file is missing: it was cut off on its way. Save the order's PDF again and send it anew.")
	}
	if len(f.data)-len(tail) > 4096 {
		return refuse("foreign_data", foreign)
	}
	return nil
}

func (f *file) startxref(l *lexer) error {
	v, err := l.value(0)
	if err != nil {
		return err
	}
	n, ok := v.(int)
	if !ok || n < 0 {
		return refuse("damaged", damaged)
	}
	f.starts = append(f.starts, n)
	return nil
}

// object reads "gen obj value endobj" after its number.
func (f *file) object(l *lexer, at, num int) error {
	if err := f.oneMore(); err != nil {
		return err
	}
	gen, err := l.value(0)
	if err != nil {
		return structure(err)
	}
	g, ok := gen.(int)
	if kw, err := l.value(0); err != nil || kw != word("obj") || !ok || num < 0 || g < 0 {
		return refuse("foreign_data", foreign)
	}
	v, err := l.value(0)
	if err != nil {
		return cut(l, err)
	}
	if w, ok := v.(word); ok && !plain(w) {
		return cut(l, refuse("damaged", damaged))
	}
	o := &object{num: num, gen: g, at: at, value: f.keep(v)}
	f.objects[at] = o
	f.numbers[num] = append(f.numbers[num], o)
	return f.finish(l, o, v)
}

// finish reads what follows the value: a reference, a stream, endobj.
func (f *file) finish(l *lexer, o *object, v any) error {
	kw, err := l.value(0)
	if err != nil {
		return cut(l, err)
	}
	if _, isInt := v.(int); isInt && kw != word("endobj") {
		// "5 0 obj 7 0 R endobj": an object that is a reference.
		if r, err := l.value(0); err != nil || r != word("R") {
			return cut(l, refuse("damaged", damaged))
		}
		o.value = nil
		if kw, err = l.value(0); err != nil {
			return cut(l, err)
		}
	}
	if kw == word("stream") {
		if kw, err = f.stream(l, o, v); err != nil {
			return err
		}
	}
	if kw != word("endobj") {
		return cut(l, refuse("damaged", damaged))
	}
	return nil
}

// cut says "truncated" where the file ended inside an object.
func cut(l *lexer, err error) error {
	if code := CodeOf(err); l.pos >= len(l.b) && (code == "damaged" || code == "foreign_data") {
		return refuse("truncated", "The end of the file is missing: it was cut off on its way. Save the order's PDF again and send it anew.")
	}
	return err
}

// keep holds on to what later steps need, so that memory stays small: whole
// numbers, lists of references, and the page tree's keys of dictionaries.
func (f *file) keep(v any) any {
	if f.full {
		if d, ok := v.(dict); ok && d["Linearized"] != nil {
			f.linear = true
		}
		return v
	}
	switch v := v.(type) {
	case int:
		return v
	case array:
		for _, e := range v {
			if _, ok := e.(ref); !ok {
				return nil
			}
		}
		return v
	case dict:
		if _, ok := v["Linearized"]; ok {
			f.linear = true
		}
		small := dict{}
		for _, k := range []name{"Type", "Kids", "Count", "Pages"} {
			if e, ok := v[k]; ok {
				small[k] = e
			}
		}
		return small
	}
	return nil
}

// stream finds where the raw content ends and reads the word after endstream.
// SPEC: ISO 32000-1 §7.3.8.1: "stream" is followed by CRLF or LF.
func (f *file) stream(l *lexer, o *object, v any) (any, error) {
	d, ok := v.(dict)
	if !ok {
		return nil, refuse("damaged", damaged)
	}
	if _, external := d["F"]; external {
		return nil, active("external_file")
	}
	if bytes.HasPrefix(l.b[l.pos:], []byte("\r\n")) {
		l.pos++
	}
	if l.pos >= len(l.b) || l.b[l.pos] != '\n' {
		return nil, cut(l, refuse("damaged", damaged))
	}
	l.pos++
	o.stream, o.start, o.value = true, l.pos, d
	if err := f.extent(l, o, d["Length"]); err != nil {
		return nil, err
	}
	if kw, err := l.value(0); err != nil || kw != word("endstream") {
		return nil, cut(l, refuse("damaged", damaged))
	}
	kw, err := l.value(0)
	return kw, cut(l, err)
}

// extent moves to the end of the content. Where the length is in another
// object, the end is the first "endstream" followed by "endobj", and the
// length is compared later; a wrong length is refused, since readers differ
// in what they do with it.
func (f *file) extent(l *lexer, o *object, length any) error {
	switch n := length.(type) {
	case int:
		if n < 0 {
			return refuse("damaged", damaged)
		}
		if n > len(l.b)-l.pos {
			l.pos = len(l.b)
			return cut(l, refuse("damaged", damaged))
		}
		l.pos += n
		o.end = l.pos
		for i := 0; i < 2 && l.pos < len(l.b) && isSpace(l.b[l.pos]); i++ {
			l.pos++
		}
		return nil
	case ref:
		o.lengthRef = &n
		return f.search(l, o)
	}
	return refuse("damaged", damaged)
}

func (f *file) search(l *lexer, o *object) error {
	for from := l.pos; ; {
		i := bytes.Index(l.b[from:], []byte("endstream"))
		if i < 0 {
			l.pos = len(l.b)
			return cut(l, refuse("damaged", damaged))
		}
		after := from + i + len("endstream")
		if bytes.HasPrefix(bytes.TrimLeft(l.b[after:min(after+16, len(l.b))], "\x00\t\n\f\r "), []byte("endobj")) {
			o.end, l.pos = from+i, from+i
			return nil
		}
		from = after
	}
}

// lengths compares the lengths that were given by reference.
func (f *file) lengths() error {
	for _, os := range f.numbers {
		for _, o := range os {
			if o.lengthRef == nil {
				continue
			}
			n, ok := f.integer(*o.lengthRef)
			end := o.start + n
			if !ok || n < 0 || end > o.end || o.end-end > 2 || len(bytes.Trim(f.data[end:o.end], "\r\n")) > 0 {
				return refuse("damaged", damaged)
			}
			o.end = end
		}
	}
	return nil
}

// integer gives an integer object at top level that has one value only.
func (f *file) integer(r ref) (int, bool) {
	os := f.numbers[r.num]
	if len(os) == 0 {
		return 0, false
	}
	n, ok := os[0].value.(int)
	for _, o := range os[1:] {
		if m, same := o.value.(int); !same || m != n {
			return 0, false
		}
	}
	return n, ok
}
