package asic

import "math/bits"

// An entry of a table says what the next bits of the input stand for:
//
//	bits 0 to 5    how many bits the code has (of those not looked up yet)
//	bits 8 to 12   how many further bits belong to a length, or a way back
//	bits 13 to 27  the shortest way back, less one; where a further table begins
//	bits 16 to 24  the letter, or the shortest length
//	bits 28 to 31  what it is
const (
	isNothing = 1 << 28 // no code
	isEnd     = 1 << 29 // of the block
	isLink    = 1 << 30 // to a further table, for codes longer than the first one looks up
	isLetter  = 1 << 31
)

const (
	maxCode    = 15 // bits of the longest code
	letterBits = 10 // bits that are looked up at once
	wayBits    = 8
	maxLetters = 288
	maxWays    = 32
)

// codes are the tables of a block: of letters and lengths, and of ways back. Each
// code that is too long for the first table has room for a further one.
type codes struct {
	letters [1<<letterBits + maxLetters<<(maxCode-letterBits)]uint32
	ways    [1<<wayBits + maxWays<<(maxCode-wayBits)]uint32
	heads   [1 << 7]uint32
	isFixed bool
}

// letterEntries and wayEntries are what each symbol stands for.
var letterEntries, wayEntries = func() (l, w [maxLetters]uint32) {
	for i := range 256 {
		l[i] = isLetter | uint32(i)<<16
	}
	l[256] = isEnd
	for i, base := 257, uint32(3); i < 285; i++ { // SPEC: RFC 1951 §3.2.5
		extra := uint32(max(0, (i-261)/4))
		l[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	l[285] = 258 << 16
	l[286], l[287] = isNothing, isNothing
	for i, base := 0, uint32(0); i < 30; i++ {
		extra := uint32(max(0, i/2-1))
		w[i] = base<<13 | extra<<8
		base += 1 << extra
	}
	w[30], w[31] = isNothing, isNothing
	return l, w
}()

// headEntries are the lengths of codes themselves.
var headEntries = func() (h [maxLetters]uint32) {
	for i := range 19 {
		h[i] = uint32(i) << 16
	}
	return h
}()

var fixedLengths = func() (l [maxLetters + maxWays]uint8) {
	for i := range l {
		switch {
		case i < 144, i >= 280 && i < maxLetters:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 5
		}
	}
	return l
}()

// fixed takes the codes that every reader knows. SPEC: RFC 1951 §3.2.6.
func (c *codes) fixed() {
	if c.isFixed {
		return
	}
	fillTable(c.letters[:], letterBits, fixedLengths[:maxLetters], &letterEntries)
	fillTable(c.ways[:], wayBits, fixedLengths[maxLetters:], &wayEntries)
	c.isFixed = true
}

// headOrder is the order in which the lengths of the lengths' codes stand.
var headOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// read takes the codes that stand in the head of a block. SPEC: RFC 1951 §3.2.7.
func (c *codes) read(f *inflater) error {
	c.isFixed = false
	letters, ways, n := f.take(5)+257, f.take(5)+1, f.take(4)+4
	if letters > 286 || ways > 30 {
		return errDeflate
	}
	var of [19]uint8
	for _, i := range headOrder[:n] {
		f.load()
		of[i] = uint8(f.take(3))
	}
	if !fillTable(c.heads[:], 7, of[:], &headEntries) {
		return errDeflate
	}
	var lengths [maxLetters + maxWays]uint8
	if !c.lengths(f, lengths[:letters+ways]) {
		return errDeflate
	}
	if !fillTable(c.letters[:], letterBits, lengths[:letters], &letterEntries) ||
		!fillTable(c.ways[:], wayBits, lengths[letters:letters+ways], &wayEntries) {
		return errDeflate
	}
	return nil
}

// lengths reads the lengths of all codes, which are packed themselves.
func (c *codes) lengths(f *inflater, to []uint8) bool {
	for i := 0; i < len(to); {
		f.load()
		e := c.heads[f.bits&(1<<7-1)]
		if e&isNothing != 0 {
			return false
		}
		f.take(uint(e & 63))
		var value uint8
		times := 1
		switch n := uint8(e >> 16); n {
		case 16:
			if i == 0 {
				return false
			}
			value, times = to[i-1], 3+f.take(2)
		case 17:
			times = 3 + f.take(3)
		case 18:
			times = 11 + f.take(7)
		default:
			value = n
		}
		if times > len(to)-i {
			return false
		}
		for range times {
			to[i] = value
			i++
		}
	}
	return true
}

// fillTable fills a table for codes of these lengths, by symbol. It refuses codes
// that leave bits without a meaning, or with two; only no code at all, and a
// single one of one bit, may leave some. SPEC: RFC 1951 §3.2.2.
func fillTable(table []uint32, root uint, lengths []uint8, entries *[maxLetters]uint32) bool {
	var count, next [maxCode + 2]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	code, longest := 0, uint(0)
	for n := 1; n <= maxCode; n++ {
		next[n] = code
		if count[n] > 0 {
			longest = uint(n)
		}
		code = (code + count[n]) << 1
	}
	if complete := code == 1<<(maxCode+1); !complete {
		if longest > 1 || longest == 1 && count[1] > 1 || code > 1<<(maxCode+1) {
			return false
		}
		for i := range table[:1<<root] {
			table[i] = isNothing
		}
	}
	if longest > root {
		linkTables(table, root, lengths, next)
	}
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		turned := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		at, step, end, used := turned, 1<<n, 1<<root, uint32(n)
		if uint(n) > root {
			link := table[turned&(1<<root-1)]
			first := int(link >> 13 & 0x7fff)
			at, step, end, used = first+turned>>root, 1<<(uint(n)-root), first+1<<(link>>8&15), uint32(n)-uint32(root)
		}
		for e := entries[s] | used; at < end; at += step {
			table[at] = e
		}
	}
	return true
}

// linkTables puts a link at each beginning of codes that are longer than root, to
// a table for the rest of the longest of them. next is taken by value.
func linkTables(table []uint32, root uint, lengths []uint8, next [maxCode + 2]int) {
	var most [1 << letterBits]uint8
	for _, n := range lengths {
		if n == 0 {
			continue
		}
		turned := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		if uint(n) > root {
			begin := turned & (1<<root - 1)
			most[begin] = max(most[begin], n)
		}
	}
	free := 1 << root
	for i, n := range most[:1<<root] {
		if n > 0 {
			table[i] = isLink | uint32(free)<<13 | uint32(uint(n)-root)<<8
			free += 1 << (uint(n) - root)
		}
	}
}
