package asic

import (
	"errors"
	"hash/crc32"
	"io"
	"sync"
)

// Open gives the contents. The reader ends without error only if size and
// checksum are the announced ones and the compressed data end with the entry.
// Close is for memory alone, which the next entry uses again.
func (e *Entry) Open() io.ReadCloser {
	raw := io.NewSectionReader(e.r, e.data, e.Compressed)
	if e.Stored {
		return &checked{e: e, in: raw}
	}
	u := unpackers.Get().(*inflater)
	u.reset(raw)
	return &checked{e: e, in: u, unpacker: u}
}

// unpackers are used again for one entry after the other.
var unpackers = sync.Pool{New: func() any { return newInflater() }}

// Raw gives the octets as they lie in the archive; the contents when stored.
func (e *Entry) Raw() *io.SectionReader { return io.NewSectionReader(e.r, e.data, e.Compressed) }

// checked counts and sums what goes through, so that nothing is hidden.
type checked struct {
	e        *Entry
	in       io.Reader
	unpacker *inflater
	n        int64
	crc      uint32
	err      error
}

// Close gives the unpacker back; nothing can be read afterwards.
func (c *checked) Close() error {
	if c.unpacker != nil {
		unpackers.Put(c.unpacker)
		c.unpacker, c.err = nil, io.ErrClosedPipe
	}
	return nil
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
	case errors.Is(err, errPadding), errors.Is(err, errEmpty):
		c.err = bad("The entry %q is packed as lerd does not pack: bits or blocks that say nothing are not as they must be.", c.e.Name)
	case err != nil:
		c.err = bad("The entry %q cannot be unpacked.", c.e.Name)
	}
	return n, c.err
}

func (c *checked) atEnd() error {
	if c.n != c.e.Size || c.crc != c.e.CRC32 {
		return bad("The entry %q does not have its announced size and checksum.", c.e.Name)
	}
	if c.unpacker != nil {
		if n, err := c.unpacker.rest(); n > 0 || err != nil {
			return bad("Something is hidden behind the compressed data of %q.", c.e.Name)
		}
	}
	return io.EOF
}
