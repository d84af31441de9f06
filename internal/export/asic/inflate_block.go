package asic

import (
	"encoding/binary"
	"io"
)

// block unpacks letters and copies until the block ends, the input must be filled
// or the room for output is used. What it works with lies in variables of its own,
// since it is called once for hundreds of thousands of octets.
func (f *inflater) block() error {
	if err := f.fill(); err != nil {
		return err
	}
	in, pos, bits, count := f.in, f.pos, f.bits, f.count
	out, to := f.out, f.to
	letters, ways := &f.codes.letters, &f.codes.ways
	stop, room := f.end+8, len(out)-longest-8
	if !f.eof {
		stop = f.end - lookout/2
	}
	var err error
	for pos <= stop && to <= room {
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
		pos += int((63 - count) >> 3)
		count |= 56
		e := letters[bits&(1<<letterBits-1)]
		if e&isLetter != 0 { // 56 bits are enough for three letters
			out[to] = byte(e >> 16)
			bits, count, to = bits>>(e&63), count-uint(e&63), to+1
			if e = letters[bits&(1<<letterBits-1)]; e&isLetter != 0 {
				out[to] = byte(e >> 16)
				bits, count, to = bits>>(e&63), count-uint(e&63), to+1
				if e = letters[bits&(1<<letterBits-1)]; e&isLetter != 0 {
					out[to] = byte(e >> 16)
					bits, count, to = bits>>(e&63), count-uint(e&63), to+1
					continue
				}
			}
			bits |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
			pos += int((63 - count) >> 3)
			count |= 56
		}
		if e&isLink != 0 {
			bits, count = bits>>letterBits, count-letterBits
			e = letters[(e>>13&0x7fff)+uint32(bits)&(1<<(e>>8&15)-1)]
			if e&isLetter != 0 {
				out[to] = byte(e >> 16)
				bits, count, to = bits>>(e&63), count-uint(e&63), to+1
				continue
			}
		}
		bits, count = bits>>(e&63), count-uint(e&63)
		if e&(isEnd|isNothing) != 0 {
			if err = errDeflate; e&isEnd != 0 {
				err, f.step = nil, (*inflater).head
			}
			break
		}
		extra := e >> 8 & 31 // a length: at most 20 bits so far, at most 28 to come
		size := int(e>>16&511) + int(bits&(1<<extra-1))
		bits, count = bits>>extra, count-uint(extra)
		w := ways[bits&(1<<wayBits-1)]
		if w&isLink != 0 {
			bits, count = bits>>wayBits, count-wayBits
			w = ways[(w>>13&0x7fff)+uint32(bits)&(1<<(w>>8&15)-1)]
		}
		bits, count = bits>>(w&63), count-uint(w&63)
		extra = w >> 8 & 15
		back := int(w>>13&0x7fff) + 1 + int(bits&(1<<extra-1))
		bits, count = bits>>extra, count-uint(extra)
		if w&isNothing != 0 || back > to {
			err = errDeflate
			break
		}
		if back >= size {
			copy(out[to:to+size], out[to-back:])
		} else {
			repeat(out[to-back:to+size], back)
		}
		to += size
	}
	f.pos, f.bits, f.count, f.to = pos, bits, count, to
	if err == nil && f.spent() {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// repeat fills b with its first n octets again and again.
func repeat(b []byte, n int) {
	for n < len(b) {
		n += copy(b[n:], b[:n])
	}
}
