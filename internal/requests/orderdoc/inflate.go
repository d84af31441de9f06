package orderdoc

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"io"
)

const bombed = "The file unpacks to far more than an order needs. Print the order to PDF anew and send the result."

// maxTables is the most that all object streams and cross-reference streams may
// unpack to together: they are held in memory.
const maxTables = 32 << 20

// unpack looks into object streams and measures every other compressed one.
func (f *file) unpack() error {
	for _, o := range f.inOrder() {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		d := o.value.(dict)
		var err error
		switch d["Type"] {
		case name("ObjStm"):
			err = f.objectStream(o)
		case name("XRef"): // read where the cross references are followed
		default:
			err = f.measure(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inOrder gives the streams in file order, so that a refusal is the same each time.
func (f *file) inOrder() []*object {
	var out []*object
	for at := range f.objects {
		if f.objects[at].stream {
			out = append(out, f.objects[at])
		}
	}
	sortByStart(out)
	return out
}

// filters gives the names of a stream's filters, outermost first.
func filters(d dict) ([]name, error) {
	var out []name
	switch v := d["Filter"].(type) {
	case nil:
	case name:
		out = []name{v}
	case array:
		for _, e := range v {
			n, ok := e.(name)
			if !ok {
				return nil, refuse("damaged", damaged)
			}
			out = append(out, n)
		}
	default:
		return nil, refuse("damaged", damaged)
	}
	for _, n := range out {
		if n == "Crypt" {
			return nil, encrypted()
		}
	}
	if len(out) > 4 {
		return nil, refuse("bomb", bombed)
	}
	return out, nil
}

// decode unpacks an object or cross-reference stream, which must be plain or
// deflated once: nothing else is written by programs that make orders.
func (f *file) decode(o *object) ([]byte, error) {
	d, raw := o.value.(dict), f.data[o.start:o.end]
	fs, err := filters(d)
	if err != nil || len(fs) == 0 {
		return raw, err
	}
	if len(fs) != 1 || fs[0] != "FlateDecode" {
		return nil, refuse("damaged", damaged)
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, refuse("damaged", damaged)
	}
	out, err := io.ReadAll(io.LimitReader(&counter{f: f, r: z, of: &f.inflated, max: f.lim.MaxInflated, raw: int64(len(raw))}, maxTables-f.held+1))
	f.held += int64(len(out))
	switch {
	case CodeOf(err) != "":
		return nil, err
	case err != nil:
		return nil, refuse("damaged", damaged)
	case f.held > maxTables:
		return nil, refuse("bomb", bombed)
	}
	return unpredict(out, d["DecodeParms"])
}

// measure unpacks a stream into nothing, to know that it stays in bounds. A
// stream that is broken is left to the renderer, which draws it or not.
func (f *file) measure(o *object) error {
	d, raw := o.value.(dict), f.data[o.start:o.end]
	fs, err := filters(d)
	if err != nil {
		return err
	}
	c := &counter{f: f, of: &f.inflated, max: f.lim.MaxInflated, raw: int64(len(raw))}
	if d["Subtype"] == name("Image") {
		declared := int64(number(d["Width"])*number(d["Height"]))*8 + 1<<20
		if c.raw*1040 <= declared {
			return nil // deflate cannot exceed what the image declares
		}
		c.of, c.max, c.own = &f.images, f.lim.MaxImages, declared
	}
	var r io.Reader = bytes.NewReader(raw)
	for _, n := range fs {
		if r = layer(n, r, c); r == nil {
			return nil
		}
	}
	if len(fs) == 0 {
		return nil
	}
	if _, err = io.Copy(io.Discard, r); CodeOf(err) != "" || errors.Is(err, f.ctx.Err()) && err != nil {
		return err
	}
	return nil
}

// layer puts a decoder over r; nil for filters that unpack to pixels alone.
func layer(n name, r io.Reader, c *counter) io.Reader {
	switch n {
	case "FlateDecode", "Fl":
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil
		}
		next := *c
		next.r = z
		return &next
	case "ASCII85Decode", "A85":
		return ascii85.NewDecoder(&until{r: r, end: '~'})
	case "ASCIIHexDecode", "AHx":
		return &hexReader{r: &until{r: r, end: '>'}}
	}
	return nil
}

// counter stops a stream that unpacks to too much.
type counter struct {
	f        *file
	r        io.Reader
	of       *int64 // the total to which it adds
	max      int64  // of the total
	raw, out int64
	own      int64 // what this stream alone may unpack to; 0: by ratio
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.out += int64(n)
	*c.of += int64(n)
	switch {
	case *c.of > c.max,
		c.own > 0 && c.out > c.own,
		c.own == 0 && c.out > 4<<20 && c.out > c.raw*c.f.lim.MaxRatio:
		return n, refuse("bomb", bombed)
	}
	if err == nil {
		err = c.f.ctx.Err()
	}
	return n, err
}

// until reads up to an end mark.
type until struct {
	r    io.Reader
	end  byte
	done bool
}

func (u *until) Read(p []byte) (int, error) {
	if u.done {
		return 0, io.EOF
	}
	n, err := u.r.Read(p)
	if i := bytes.IndexByte(p[:n], u.end); i >= 0 {
		u.done = true
		return i, io.EOF
	}
	return n, err
}

// hexReader decodes pairs of hexadecimal digits, leaving out white space.
type hexReader struct {
	r    io.Reader
	half int // the first digit of a pair plus 1, 0 if none
}

func (h *hexReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	out := 0
	for _, c := range p[:n] {
		v := unhex(c)
		switch {
		case v < 0:
		case h.half == 0:
			h.half = v + 1
		default:
			p[out] = byte((h.half-1)<<4 | v)
			out, h.half = out+1, 0
		}
	}
	return out, err
}

// unpredict undoes the PNG predictors.
// SPEC: ISO 32000-1 §7.4.4.4.
func unpredict(b []byte, parms any) ([]byte, error) {
	if a, ok := parms.(array); ok && len(a) == 1 {
		parms = a[0]
	}
	if parms == nil || parms == word("null") {
		return b, nil
	}
	d, ok := parms.(dict)
	if !ok {
		return nil, refuse("damaged", damaged)
	}
	predictor, _ := d["Predictor"].(int)
	if predictor <= 1 {
		return b, nil
	}
	columns, ok := d["Columns"].(int)
	if !ok {
		columns = 1
	}
	if predictor < 10 || columns < 1 || columns > 4096 || d["Colors"] != nil && d["Colors"] != 1 || d["BitsPerComponent"] != nil && d["BitsPerComponent"] != 8 {
		return nil, refuse("damaged", damaged)
	}
	return unfilter(b, columns)
}

func unfilter(b []byte, columns int) ([]byte, error) {
	if len(b)%(columns+1) != 0 {
		return nil, refuse("damaged", damaged)
	}
	out := make([]byte, 0, len(b))
	above := make([]byte, columns)
	for len(b) > 0 {
		kind, row := b[0], append([]byte(nil), b[1:columns+1]...)
		b = b[columns+1:]
		if kind > 4 {
			return nil, refuse("damaged", damaged)
		}
		unfilterRow(kind, row, above)
		out = append(out, row...)
		above = row
	}
	return out, nil
}

func unfilterRow(kind byte, row, above []byte) {
	var left, upLeft byte
	for i := range row {
		up := above[i]
		switch kind {
		case 1:
			row[i] += left
		case 2:
			row[i] += up
		case 3:
			row[i] += byte((int(left) + int(up)) / 2)
		case 4:
			row[i] += paeth(left, up, upLeft)
		}
		left, upLeft = row[i], up
	}
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	da, db, dc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case da <= db && da <= dc:
		return a
	case db <= dc:
		return b
	}
	return c
}

func abs(n int) int { return max(n, -n) }
