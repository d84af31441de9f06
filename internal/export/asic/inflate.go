package asic

import (
	"encoding/binary"
	"errors"
	"io"
)

// What is wrong with a deflate stream, for those who have to tell one from another.
var (
	errPacked  = errors.New("asic: no deflate stream")
	errPadding = errors.New("asic: bits that mean nothing are set")
	errEmpty   = errors.New("asic: a block of no content where none belongs")
)

// window is how far back deflate copies from, in octets.
const window = 32 << 10

// inflater unpacks deflate as Deflater writes it, and nothing looser. Other
// programs pass over the bits that fill an octet up and over blocks of no
// content, where something could hide, or be changed without a sound. Here those
// bits are zero; a block is empty only where a chunk ends, once; and the last one
// is the empty one of fixed codes.
// SPEC: RFC 1951.
type inflater struct {
	r      io.Reader
	room   []byte // in lies in it
	in     []byte // what was read; what is not yet in bits begins at pos
	pos    int
	padded int    // zeros behind the end of r, so that eight octets can always be taken
	bits   uint64 // the next ones, lowest first
	n      uint   // how many of them count; those above are those that follow, or zero

	hist  []byte // what was unpacked before this Read: window of it, or all, or up to twice window
	total int64  // unpacked in all
	begun int64  // total where the block began
	flush int64  // total where the last empty block stood; -1 for none

	stored  int // octets of a stored block that are still to come
	length  int // of a copy that did not fit
	dist    int
	coded   bool // within a block of codes
	last    bool // the last block has begun
	lit     *table
	away    *table
	own     [2]table
	lengths [288 + 32]uint8
	err     error
}

// newInflater makes one that has no stream yet.
func newInflater() *inflater {
	return &inflater{room: make([]byte, 64<<10), hist: make([]byte, 0, 2*window)}
}

// reset begins with another stream.
func (z *inflater) reset(r io.Reader) {
	z.r, z.in, z.pos, z.padded, z.bits, z.n = r, z.room[:0], 0, 0, 0, 0
	z.hist, z.total, z.begun, z.flush = z.hist[:0], 0, 0, -1
	z.stored, z.length, z.dist, z.coded, z.last, z.err = 0, 0, 0, false, false, nil
}

// Read unpacks into p. Large p are faster: nothing is copied twice.
func (z *inflater) Read(p []byte) (w int, err error) {
	for w < len(p) && z.err == nil {
		switch was := w; {
		case z.length > 0:
			w = z.copy(p, w)
			z.total += int64(w - was)
		case z.stored > 0:
			w = z.copyStored(p, w)
			z.total += int64(w - was)
		case z.coded:
			w = z.decode(p, w)
			if z.total += int64(w - was); !z.coded && !z.last && z.total == z.begun {
				z.fail(errEmpty)
			}
		default:
			z.block()
		}
	}
	z.keep(p[:w])
	if w > 0 && z.err == io.EOF {
		return w, nil
	}
	return w, z.err
}

// keep remembers the end of what was unpacked.
func (z *inflater) keep(p []byte) {
	if len(p) >= window {
		z.hist = append(z.hist[:0], p[len(p)-window:]...)
		return
	}
	if len(z.hist)+len(p) > cap(z.hist) { // moved once in a while, not for each small p
		z.hist = z.hist[:copy(z.hist, z.hist[len(z.hist)+len(p)-window:])]
	}
	z.hist = append(z.hist, p...)
}

// fail ends the stream with what is wrong with it.
func (z *inflater) fail(err error) {
	if z.err == nil {
		z.err = err
	}
}

// fill sees that eight octets can be taken from in at pos. Eight octets before
// pos stay, for align.
func (z *inflater) fill() {
	if z.short() {
		z.fail(errPacked)
	}
	before := min(z.pos, 8)
	n := copy(z.room, z.in[z.pos-before:])
	z.pos = before
	for n-before < 8 && z.padded == 0 {
		m, err := z.r.Read(z.room[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			z.fail(err)
			break
		}
	}
	if n-before < 8 {
		clear(z.room[n : n+16])
		n, z.padded = n+16, z.padded+16
	}
	z.in = z.room[:n]
}

// short tells whether octets were used that are not there.
func (z *inflater) short() bool { return z.padded > len(z.in)-z.pos+int(z.n/8) }

// need makes at least 56 bits count.
func (z *inflater) need() {
	if z.pos+8 > len(z.in) {
		z.fill()
	}
	z.bits |= binary.LittleEndian.Uint64(z.in[z.pos:]) << z.n
	z.pos += int((63 - z.n) >> 3)
	z.n |= 56
}

// take gives the next bits, of which need has said that they are there.
func (z *inflater) take(n uint) int {
	v := int(z.bits & (1<<n - 1))
	z.bits >>= n
	z.n -= n
	return v
}

// align goes to the next whole octet. What it passes over must be zero.
func (z *inflater) align() {
	if z.take(z.n&7) != 0 {
		z.fail(errPadding)
	}
	z.pos -= int(z.n / 8)
	z.bits, z.n = 0, 0
}

// block begins the next one, or ends the stream.
func (z *inflater) block() {
	if z.last {
		z.end()
		return
	}
	z.need()
	z.last, z.begun = z.take(1) == 1, z.total
	if !z.last && z.total == z.flush && z.total%chunkSize != 0 {
		z.fail(errEmpty) // only the last chunk is shorter
	}
	switch z.take(2) {
	case 0:
		z.beginStored()
	case 1:
		z.lit, z.away, z.coded = &fixed()[0], &fixed()[1], true
	case 2:
		z.readTables()
		z.lit, z.away, z.coded = &z.own[0], &z.own[1], true
	default:
		z.fail(errPacked)
	}
}

// end sees that the stream ended as Deflater ends it.
func (z *inflater) end() {
	if z.total != z.begun || z.lit != &fixed()[0] {
		z.fail(errEmpty)
	}
	z.align()
	if z.short() {
		z.fail(errPacked)
	}
	z.fail(io.EOF)
}

// rest gives how many octets of in, and behind it, the stream left.
func (z *inflater) rest() (int, error) {
	if n := len(z.in) - z.pos - z.padded; n > 0 || z.padded > 0 {
		return n, nil
	}
	n, err := z.r.Read(z.room[:1])
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// beginStored reads how long a stored block is. An empty one is where a chunk
// was flushed: behind some content, and not twice.
func (z *inflater) beginStored() {
	z.align()
	z.need()
	size, not := z.take(16), z.take(16)
	if size != ^not&0xffff {
		z.fail(errPacked)
		return
	}
	z.align()
	z.stored = size
	if size == 0 {
		if z.last || z.total == 0 || z.total == z.flush {
			z.fail(errEmpty)
		}
		z.flush = z.total
	}
}

// copyStored goes on with a stored block.
func (z *inflater) copyStored(p []byte, w int) int {
	if z.pos == len(z.in) {
		z.fill()
	}
	n := copy(p[w:], z.in[z.pos:min(len(z.in), z.pos+z.stored)])
	z.pos += n
	z.stored -= n
	if z.short() {
		z.fail(errPacked)
		return w
	}
	return w + n
}

// codeOrder is in which order the lengths of the lengths' code are given.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the codes of a block that brings its own. SPEC: RFC 1951 §3.2.7.
func (z *inflater) readTables() {
	lits, dists, codes := z.take(5)+257, z.take(5)+1, z.take(4)+4
	if lits > 286 || dists > 30 {
		z.fail(errPacked)
		return
	}
	var of [19]uint8
	for i := range codes {
		z.need()
		of[codeOrder[i]] = uint8(z.take(3))
	}
	if !z.own[0].fill(of[:], &plain) || !z.readLengths(z.lengths[:lits+dists]) ||
		!z.own[0].fill(z.lengths[:lits], &literals) || !z.own[1].fill(z.lengths[lits:lits+dists], &distances) {
		z.fail(errPacked)
	}
}

// readLengths reads code lengths, which are packed by a code of their own, the
// table of which stands in own[0].
func (z *inflater) readLengths(lengths []uint8) bool {
	for i := 0; i < len(lengths); {
		z.need()
		e := z.own[0].first[z.bits&(1<<firstBits-1)]
		if e.kind() != aLiteral || z.err != nil {
			return false
		}
		z.take(e.size())
		symbol := e.value()
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		var of uint8
		var times int
		switch symbol {
		case 16:
			if i == 0 {
				return false
			}
			of, times = lengths[i-1], 3+z.take(2)
		case 17:
			times = 3 + z.take(3)
		case 18:
			times = 11 + z.take(7)
		}
		if i+times > len(lengths) {
			return false
		}
		for range times {
			lengths[i] = of
			i++
		}
	}
	return true
}
