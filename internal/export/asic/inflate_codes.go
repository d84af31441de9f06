package asic

import "encoding/binary"

// decode goes on with a block of codes until p is full or the block ends. It is
// where unpacking spends its time: what it needs lies in variables of its own.
func (z *inflater) decode(p []byte, w int) int {
	in, pos, bits, n := z.in, z.pos, z.bits, z.n
	lit, away := z.lit, z.away
	for w < len(p) {
		if n < 48 {
			if pos+8 > len(in) {
				z.pos, z.bits, z.n = pos, bits, n
				if z.fill(); z.err != nil {
					return w
				}
				in, pos = z.in, z.pos
			}
			bits |= binary.LittleEndian.Uint64(in[pos:]) << n
			pos += int((63 - n) >> 3)
			n |= 56
		}
		e := lit.first[bits&(1<<firstBits-1)]
		if e.kind() == aLink {
			e = lit.second[e.value()+int(bits>>firstBits&e.mask())]
		}
		bits >>= e.size()
		n -= e.size()
		if e.kind() == aLiteral {
			p[w] = byte(e.value())
			w++
			continue
		}
		if e.kind() != aCopy {
			if z.coded = false; e.kind() != theEnd {
				z.fail(errPacked)
			}
			break
		}
		length := e.value() + int(bits&e.mask())
		bits >>= e.extra()
		n -= e.extra()
		if e = away.first[bits&(1<<firstBits-1)]; e.kind() == aLink {
			e = away.second[e.value()+int(bits>>firstBits&e.mask())]
		}
		if e.kind() != aCopy {
			z.fail(errPacked)
			break
		}
		bits >>= e.size()
		n -= e.size()
		dist := e.value() + int(bits&e.mask())
		bits >>= e.extra()
		n -= e.extra()
		if dist <= w && length <= len(p)-w {
			if dist >= 8 && length <= 40 && w+length+8 <= len(p) {
				// By eights; up to seven octets too many, which are written over.
				for from, to := p[w-dist:], p[w:w+length+8]; len(to) > 8; from, to = from[8:], to[8:] {
					binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(from))
				}
				w += length
				continue
			}
			if dist >= length {
				copy(p[w:w+length], p[w-dist:])
				w += length
				continue
			}
			for from, to := w-dist, w+length; w < to; { // what was copied is copied again
				w += copy(p[w:to], p[from:w])
			}
			continue
		}
		z.length, z.dist = length, dist
		if w = z.copy(p, w); z.length > 0 {
			break
		}
	}
	z.pos, z.bits, z.n = pos, bits, n
	return w
}

// copy goes on with a copy that begins before p or ends behind it.
func (z *inflater) copy(p []byte, w int) int {
	if z.dist > w+len(z.hist) {
		z.length = 0
		z.fail(errPacked)
		return w
	}
	for z.length > 0 && w < len(p) {
		to := min(len(p), w+z.length)
		n := 0
		if z.dist > w {
			n = copy(p[w:to], z.hist[len(z.hist)-(z.dist-w):])
		} else {
			n = copy(p[w:to], p[w-z.dist:w])
		}
		w += n
		z.length -= n
	}
	return w
}
