package asic

import (
	"hash/crc32"
	"io"
	"sync"
)

// inflaters are used again: each has buffers of a quarter of a megabyte.
var inflaters = sync.Pool{New: func() any { return newInflater(nil) }}

// Open gives the contents. The reader ends without error only if size and
// checksum are the announced ones and the compressed data end with the entry.
func (e *Entry) Open() io.Reader {
	raw := io.NewSectionReader(e.r, e.data, e.Compressed)
	if e.Stored {
		return &checked{e: e, in: raw}
	}
	packed := inflaters.Get().(*inflater)
	packed.reset(raw)
	return &checked{e: e, in: packed, packed: packed}
}

// Raw gives the octets as they lie in the archive; the contents when stored.
func (e *Entry) Raw() *io.SectionReader { return io.NewSectionReader(e.r, e.data, e.Compressed) }

// checked counts and sums what goes through, so that nothing is hidden.
type checked struct {
	e      *Entry
	in     io.Reader
	packed *inflater // nil when stored, and after the end
	n      int64
	crc    uint32
	err    error
}

// Read gives contents, and at the end io.EOF or what is wrong.
func (c *checked) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.in.Read(p)
	c.n += int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	if c.n > c.e.Size {
		c.err = bad("The entry %q unpacks to more than its announced %d octets.", c.e.Name, c.e.Size)
		return 0, c.err
	}
	switch {
	case err == io.EOF:
		c.err = c.atEnd()
	case err != nil:
		c.err = bad("The entry %q cannot be unpacked.", c.e.Name)
	}
	return n, c.err
}

func (c *checked) atEnd() error {
	if c.n != c.e.Size || c.crc != c.e.CRC32 {
		return bad("The entry %q does not have its announced size and checksum.", c.e.Name)
	}
	if c.packed != nil {
		ended := c.packed.ended()
		inflaters.Put(c.packed)
		c.packed, c.in = nil, nil
		if !ended {
			return bad("Something is hidden behind the compressed data of %q.", c.e.Name)
		}
	}
	return io.EOF
}
