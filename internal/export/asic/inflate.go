package asic

import (
	"encoding/binary"
	"errors"
	"io"
)

// errDeflate says that packed data break the rules of deflate.
var errDeflate = errors.New("the packed data are damaged")

const (
	window   = 32 << 10  // how far back a copy may reach
	portion  = 128 << 10 // octets that are unpacked at a time
	longest  = 258       // octets of one copy
	inputLen = 64 << 10
	lookout  = 1 << 10 // octets of input that must be there: more than a block's head has
	padding  = 32      // zeros behind the input's end, so that eight octets can always be loaded
)

// inflater unpacks a deflate stream. It takes and refuses what compress/flate
// does (FuzzInflate), and is some three times as fast on tables: it decodes up to
// three letters per look at the input, and copies whole runs. It allocates once.
// SPEC: RFC 1951.
type inflater struct {
	src   io.Reader
	in    []byte // input, and behind its end zeros
	pos   int    // next octet of in that is not in bits
	end   int    // end of the input in in
	eof   bool   // src has no more
	bits  uint64
	count uint // bits that are good
	out   []byte
	from  int // octets of out that were given away
	to    int // octets of out that were unpacked
	left  int // octets left of a stored block
	last  bool
	step  func(*inflater) error // what comes next; nil at the end
	codes codes
}

func newInflater(src io.Reader) *inflater {
	f := &inflater{in: make([]byte, inputLen+padding), out: make([]byte, window+portion+longest+8)}
	f.reset(src)
	return f
}

// reset begins another stream.
func (f *inflater) reset(src io.Reader) {
	f.src, f.pos, f.end, f.eof, f.bits, f.count = src, 0, 0, false, 0, 0
	f.from, f.to, f.left, f.last, f.step = 0, 0, 0, false, (*inflater).head
}

// Read gives what was unpacked.
func (f *inflater) Read(p []byte) (int, error) {
	for f.from == f.to {
		if f.step == nil {
			return 0, io.EOF
		}
		f.slide()
		if err := f.step(f); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.out[f.from:f.to])
	f.from += n
	return n, nil
}

// slide makes room, and keeps what copies may reach back to.
func (f *inflater) slide() {
	if f.to > window+portion/2 {
		copy(f.out, f.out[f.to-window:f.to])
		f.from, f.to = window, window
	}
}

// fill sees that some input is there, or all that is left.
func (f *inflater) fill() error {
	if f.eof || f.end-f.pos >= lookout {
		return nil
	}
	loaded := int(f.count >> 3) // octets that unload may put back
	f.end = copy(f.in, f.in[f.pos-loaded:f.end])
	f.pos = loaded
	for f.end < lookout+loaded && !f.eof {
		n, err := f.src.Read(f.in[f.end:inputLen])
		f.end += n
		if err == io.EOF {
			f.eof = true
		} else if err != nil {
			return err
		}
	}
	clear(f.in[f.end : f.end+padding])
	return nil
}

// load brings at least 56 bits in. Bits above count are those of octets that are
// loaded again: they are what they were.
func (f *inflater) load() {
	if f.pos <= f.end+8 { // farther behind the end there are zeros, which spent notices
		f.bits |= binary.LittleEndian.Uint64(f.in[f.pos:]) << (f.count & 63)
	}
	f.pos += int((63 - f.count) >> 3)
	f.count |= 56
}

// take gives n bits, at most 16; load must have been called.
func (f *inflater) take(n uint) int {
	v := int(f.bits & (1<<n - 1))
	f.bits >>= n
	f.count -= n
	return v
}

// spent tells whether more was used than there is.
func (f *inflater) spent() bool { return f.pos-int(f.count>>3) > f.end }

// unload puts whole octets back, so that the next one begins at pos.
func (f *inflater) unload() {
	f.pos -= int(f.count >> 3)
	f.bits, f.count = 0, 0
}

// head reads the head of a block.
func (f *inflater) head() error {
	if f.last {
		f.unload()
		f.step = nil
		return nil
	}
	if err := f.fill(); err != nil {
		return err
	}
	f.load()
	f.last = f.take(1) == 1
	var err error
	switch f.take(2) {
	case 0:
		err = f.storedHead()
	case 1:
		f.codes.fixed()
		f.step = (*inflater).block
	case 2:
		err = f.codes.read(f)
		f.step = (*inflater).block
	default:
		err = errDeflate
	}
	if err == nil && f.spent() {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (f *inflater) storedHead() error {
	f.unload()
	if f.end-f.pos < 4 {
		return io.ErrUnexpectedEOF
	}
	n, not := binary.LittleEndian.Uint16(f.in[f.pos:]), binary.LittleEndian.Uint16(f.in[f.pos+2:])
	if n != ^not {
		return errDeflate
	}
	f.pos += 4
	f.left, f.step = int(n), (*inflater).stored
	return nil
}

// stored copies from a block that is not compressed.
func (f *inflater) stored() error {
	if f.left == 0 {
		f.step = (*inflater).head
		return nil
	}
	if err := f.fill(); err != nil {
		return err
	}
	n := copy(f.out[f.to:], f.in[f.pos:min(f.end, f.pos+f.left)])
	if n == 0 {
		return io.ErrUnexpectedEOF
	}
	f.pos, f.to, f.left = f.pos+n, f.to+n, f.left-n
	return nil
}

// ended tells, after the last octet was read, whether the input ends too.
func (f *inflater) ended() bool {
	if f.pos < f.end {
		return false
	}
	for !f.eof {
		n, err := f.src.Read(f.in[:1])
		if n > 0 {
			return false
		}
		f.eof = err != nil
	}
	return true
}
