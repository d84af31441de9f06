package asic

import (
	"bufio"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Open gives the contents. The reader ends without error only if size and
// checksum are the announced ones and the compressed data end with the entry.
// Close is for memory alone, which the next entry uses again.
func (e *Entry) Open() io.ReadCloser {
	raw := io.NewSectionReader(e.r, e.data, e.Compressed)
	if e.Stored {
		return &checked{e: e, in: raw}
	}
	u := unpackers.Get().(*unpacker)
	u.packed.Reset(raw)
	if u.flate.(flate.Resetter).Reset(u.packed, nil) != nil {
		panic("asic: a reset without a dictionary cannot fail")
	}
	return &checked{e: e, in: u.flate, unpacker: u}
}

// unpacker is what unpacks one entry after the other.
type unpacker struct {
	packed *bufio.Reader
	flate  io.ReadCloser
}

var unpackers = sync.Pool{New: func() any {
	packed := bufio.NewReaderSize(nil, 64<<10)
	return &unpacker{packed, flate.NewReader(packed)}
}}

// Raw gives the octets as they lie in the archive; the contents when stored.
func (e *Entry) Raw() *io.SectionReader { return io.NewSectionReader(e.r, e.data, e.Compressed) }

// checked counts and sums what goes through, so that nothing is hidden.
type checked struct {
	e  *Entry
	in io.Reader
	*unpacker
	n   int64
	crc uint32
	err error
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
		if _, err := c.packed.ReadByte(); err != io.EOF {
			return bad("Something is hidden behind the compressed data of %q.", c.e.Name)
		}
	}
	return io.EOF
}
