package asic

import (
	"math/bits"
	"sync"
)

// Kinds of entries of a decoding table.
const (
	noCode   = iota
	aLiteral // or another number
	aCopy    // a length or a distance, with extra bits
	theEnd   // of a block
	aLink    // to a second table, of codes longer than the first one's index
)

// entry of a decoding table: bits 0 to 4 hold the length of the code, 5 to 9 the
// number of extra bits behind it (of a link: of index bits of the second table),
// 10 to 12 the kind, the rest a literal, a base, or where the second table
// begins.
type entry uint32

func newEntry(kind int, extra uint, value int) entry {
	return entry(value<<13 | kind<<10 | int(extra)<<5)
}

func (e entry) size() uint   { return uint(e & 31) }
func (e entry) extra() uint  { return uint(e >> 5 & 31) }
func (e entry) kind() int    { return int(e >> 10 & 7) }
func (e entry) value() int   { return int(e >> 13) }
func (e entry) mask() uint64 { return 1<<e.extra() - 1 }

// codeBits is the longest code of deflate; first is the index of first tables.
const (
	codeBits  = 15
	firstBits = 10
)

// table decodes one Huffman code: the first firstBits bits by first, longer ones
// by what is linked from there.
type table struct {
	first  [1 << firstBits]entry
	second []entry
}

// fill makes the table of the code with these lengths by symbol; entries gives what a symbol
// means. It refuses lengths that are no complete code, but for the code of a
// single symbol, and none at all. SPEC: RFC 1951 §3.2.2, §3.2.7.
func (t *table) fill(lengths []uint8, entries *[288]entry) bool {
	var count, next [codeBits + 1]int
	longest := 0
	for _, n := range lengths {
		count[n]++
		longest = max(longest, int(n))
	}
	t.first, t.second = [1 << firstBits]entry{}, t.second[:0]
	if longest == 0 {
		return true
	}
	code, left := 0, 1
	count[0] = 0
	for n := 1; n <= codeBits; n++ {
		code = (code + count[n-1]) << 1
		next[n] = code
		if left = left<<1 - count[n]; left < 0 {
			return false
		}
	}
	if left > 0 && (longest > 1 || count[1] != 1) {
		return false
	}
	for symbol, n := range lengths {
		if n > 0 {
			t.put(uint(n), bits.Reverse16(uint16(next[n]))>>(16-n), entries[symbol]|entry(n), uint(longest))
			next[n]++
		}
	}
	return true
}

// put writes an entry everywhere that its code, first bit lowest, is the
// beginning of the index.
func (t *table) put(n uint, code uint16, e entry, longest uint) {
	if n <= firstBits {
		for i := int(code); i < len(t.first); i += 1 << n {
			t.first[i] = e
		}
		return
	}
	more := longest - firstBits
	head := &t.first[code&(1<<firstBits-1)]
	if *head == 0 {
		*head = newEntry(aLink, more, len(t.second)) | firstBits
		t.second = append(t.second, make([]entry, 1<<more)...)
	}
	second := t.second[head.value() : head.value()+1<<more]
	for i := int(code >> firstBits); i < len(second); i += 1 << (n - firstBits) {
		second[i] = e
	}
}

// What symbols mean. SPEC: RFC 1951 §3.2.5.
var literals, distances, plain = meanings()

func meanings() (lit, dist, plain [288]entry) {
	for i := range plain {
		plain[i] = newEntry(aLiteral, 0, i)
	}
	copy(lit[:256], plain[:])
	lit[256] = newEntry(theEnd, 0, 0)
	for i, base := 257, 3; i < 285; i++ {
		extra := uint(max(0, (i-261)/4))
		lit[i] = newEntry(aCopy, extra, base)
		base += 1 << extra
	}
	lit[285] = newEntry(aCopy, 0, 258)
	for i, base := 0, 1; i < 30; i++ {
		extra := uint(max(0, (i-2)/2))
		dist[i] = newEntry(aCopy, extra, base)
		base += 1 << extra
	}
	return lit, dist, plain
}

// fixed are the tables of blocks that bring none. SPEC: RFC 1951 §3.2.6.
var fixed = sync.OnceValue(func() *[2]table {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	var t [2]table
	t[0].fill(lengths[:], &literals)
	for i := range 32 {
		lengths[i] = 5
	}
	t[1].fill(lengths[:32], &distances)
	return &t
})
