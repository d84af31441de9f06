package asic

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"lerd/internal/fault"
)

// Limits bound what is read of an archive that may be hostile.
type Limits struct {
	Entries int   // at most so many
	Total   int64 // uncompressed octets of all entries together
	Ratio   int64 // uncompressed to compressed, from 1 MiB on
}

// DefaultLimits hold for bundles: 200 entries, 256 GiB, 100 to 1 (the ratio is
// also the Commission's validator's).
var DefaultLimits = Limits{Entries: 200, Total: 256 << 30, Ratio: 100}

// Entry is a file of an archive whose headers were checked.
type Entry struct {
	Name       string
	Stored     bool
	CRC32      uint32
	Size       int64
	Compressed int64
	Extra      bool // its headers have extra fields
	Descriptor bool // sizes follow the data
	data       int64
	r          io.ReaderAt
}

// Archive is a zip whose structure was checked from first to last octet; the
// contents of its entries are checked as they are read.
type Archive struct {
	Entries []*Entry
	Comment string
	byName  map[string]*Entry
}

// Entry gives the entry of that name, or nil.
func (a *Archive) Entry(name string) *Entry { return a.byName[name] }

func bad(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

const (
	sigLocal, sigCentral, sigEnd = 0x04034b50, 0x02014b50, 0x06054b50
	sigEnd64, sigLocator64       = 0x06064b50, 0x07064b50
	sigDescriptor                = 0x08074b50
	maxDirectory                 = 4 << 20
)

// end is the end-of-central-directory record, zip64 merged in.
type end struct {
	entries  uint64
	size     int64
	offset   int64
	position int64 // where the records after the directory begin
	comment  string
}

// Open checks the structure of a zip. It refuses what a lenient reader would
// pass over: prefixes, gaps, trailing octets, encryption, several disks,
// headers that disagree, odd names, and anything over the limits.
func Open(r io.ReaderAt, size int64, limits Limits) (*Archive, error) {
	e, err := readEnd(r, size)
	if err != nil {
		return nil, err
	}
	if e.entries == 0 || e.entries > uint64(limits.Entries) {
		return nil, bad("The container has %d entries; it must have 1 to %d.", e.entries, limits.Entries)
	}
	if e.size < 0 || e.size > maxDirectory || e.offset < 0 || e.offset+e.size != e.position {
		return nil, bad("The container's directory does not end where its last record begins.")
	}
	dir := make([]byte, e.size)
	if _, err := io.ReadFull(io.NewSectionReader(r, e.offset, e.size), dir); err != nil {
		return nil, bad("The container's directory is cut off.")
	}
	a := &Archive{Comment: e.comment, byName: map[string]*Entry{}}
	known, next, total := names{}, int64(0), int64(0)
	var first central
	for range e.entries {
		var c central
		if dir, err = c.parse(dir); err != nil {
			return nil, err
		}
		if len(a.Entries) == 0 {
			first = c
		}
		if c.date != first.date || c.time != first.time {
			return nil, bad("The entry %q has another time than the first: all are of the moment of the seal.", c.Name)
		}
		if c.offset != next {
			return nil, bad("The entry %q does not begin where the one before it ends: entries overlap, or something is hidden between them.", c.Name)
		}
		if next, err = c.checkLocal(r, e.offset); err != nil {
			return nil, err
		}
		if err := known.add(c.Name); err != nil {
			return nil, err
		}
		if total += c.Size; total > limits.Total || total < 0 {
			return nil, bad("The container would unpack to more than %d octets.", limits.Total)
		}
		if c.Size > 1<<20 && c.Size/max(c.Compressed, 1) > limits.Ratio {
			return nil, bad("The entry %q would unpack to more than %d times its size.", c.Name, limits.Ratio)
		}
		a.Entries = append(a.Entries, &c.Entry)
		a.byName[c.Name] = &c.Entry
	}
	if len(dir) > 0 || next != e.offset {
		return nil, bad("Something lies between the container's entries and its directory.")
	}
	return a, nil
}

// names are those of an archive in lower case: true a file, false a folder of one.
type names map[string]bool

func (n names) add(name string) error {
	name = strings.ToLower(name)
	file, there := n[name]
	switch {
	case there && file:
		return bad("The name %q stands twice in the container (or differs in case alone).", name)
	case there:
		return bad("The name %q is that of a folder and a file.", name)
	}
	n[name] = true
	for i, c := range name {
		if c != '/' {
			continue
		}
		if n[name[:i]] {
			return bad("The name %q is that of a folder and a file.", name[:i])
		}
		n[name[:i]] = false
	}
	return nil
}

// readEnd finds the last record. Its comment must reach to the last octet.
func readEnd(r io.ReaderAt, size int64) (end, error) {
	n := min(size, 22+20+56+1024)
	tail := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, size-n, n), tail); err != nil {
		return end{}, bad("The container cannot be read to its end.")
	}
	mark := []byte("PK\x05\x06")
	i := bytes.LastIndex(tail, mark)
	if i < 0 {
		return end{}, noEnd(r, size)
	}
	if len(tail)-i < 22 || bytes.Count(tail, mark) != 1 {
		return end{}, bad("Something follows the end of the container, or it has two ends.")
	}
	b := tail[i:]
	le := binary.LittleEndian
	comment := b[22:]
	if int(le.Uint16(b[20:])) != len(comment) {
		return end{}, bad("Something follows the end of the container.")
	}
	if le.Uint32(b[4:]) != 0 || le.Uint16(b[8:]) != le.Uint16(b[10:]) {
		return end{}, bad("The container claims to be spread over several disks.")
	}
	e := end{entries: uint64(le.Uint16(b[10:])), size: int64(le.Uint32(b[12:])), offset: int64(le.Uint32(b[16:])),
		position: size - n + int64(i), comment: string(comment)}
	full := 0 // fields that point to the zip64 record; there are all of them or none
	for _, points := range []bool{le.Uint32(b[16:]) == max32, le.Uint32(b[12:]) == max32, le.Uint16(b[10:]) == 1<<16-1} {
		if points {
			full++
		}
	}
	switch full {
	case 0:
		return e, nil
	case 3:
		return e, e.read64(tail[:i])
	}
	return e, bad("The container's last record tells one thing and its zip64 record another.")
}

// noEnd says what a file without the record that ends a zip most probably is.
func noEnd(r io.ReaderAt, size int64) error {
	if size == 0 {
		return bad("The file is empty. Fetch it again.")
	}
	head := make([]byte, 4)
	if n, _ := r.ReadAt(head, 0); !bytes.Equal(head[:n], []byte("PK\x03\x04")) {
		return bad("The file is not a zip, so it is no container. Give the file whose name ends in .asice, as it came.")
	}
	return bad("The container has no end. It was probably cut off on its way, or something was written behind it; fetch it again.")
}

// read64 takes the zip64 records, which lie right before the end record.
func (e *end) read64(before []byte) error {
	le := binary.LittleEndian
	if len(before) < 76 {
		return bad("The container's zip64 records are missing.")
	}
	loc, rec := before[len(before)-20:], before[len(before)-76:len(before)-20]
	position := e.position - 76
	if le.Uint32(loc) != sigLocator64 || le.Uint32(rec) != sigEnd64 || le.Uint64(rec[4:]) != 44 || le.Uint32(rec[12:]) != 45<<16|45 ||
		le.Uint64(loc[8:]) != uint64(position) || le.Uint64(rec[24:]) != le.Uint64(rec[32:]) {
		return bad("The container's zip64 records are malformed.")
	}
	if le.Uint32(loc[4:]) != 0 || le.Uint32(loc[16:]) != 1 || le.Uint64(rec[16:]) != 0 {
		return bad("The container's zip64 records claim that it is spread over several disks.")
	}
	e.entries, e.size, e.offset = le.Uint64(rec[32:]), int64(le.Uint64(rec[40:])), int64(le.Uint64(rec[48:]))
	e.position = position
	if e.entries < 1<<16-1 && uint64(e.size) < max32 && uint64(e.offset) < max32 {
		return bad("The container has zip64 records that it does not need.")
	}
	return nil
}

// central is a directory record while it is compared with its local header.
type central struct {
	Entry
	offset     int64
	method     uint16
	flags      uint16
	needs      uint16 // version
	date, time uint16
}

func (c *central) parse(dir []byte) (rest []byte, err error) {
	le := binary.LittleEndian
	if len(dir) < 46 || le.Uint32(dir) != sigCentral {
		return nil, bad("The container's directory is malformed.")
	}
	n, x, k := int(le.Uint16(dir[28:])), int(le.Uint16(dir[30:])), int(le.Uint16(dir[32:]))
	if len(dir) < 46+n+x+k {
		return nil, bad("The container's directory is malformed.")
	}
	c.needs = le.Uint16(dir[6:])
	c.flags, c.method, c.time, c.date = le.Uint16(dir[8:]), le.Uint16(dir[10:]), le.Uint16(dir[12:]), le.Uint16(dir[14:])
	c.CRC32 = le.Uint32(dir[16:])
	c.Name, c.Stored, c.Descriptor, c.Extra = string(dir[46:46+n]), c.method == 0, c.flags&8 != 0, x > 0
	c.Compressed, c.Size, c.offset = int64(le.Uint32(dir[20:])), int64(le.Uint32(dir[24:])), int64(le.Uint32(dir[42:]))
	if err := CheckName(c.Name); err != nil {
		return nil, err
	}
	switch {
	case c.method != 0 && c.method != 8:
		return nil, bad("The entry %q is packed by method %d; only stored and deflate are taken.", c.Name, c.method)
	case c.flags&^8 != 0:
		return nil, bad("The entry %q is encrypted or has flags that are not taken (%#x).", c.Name, c.flags)
	case c.Stored && c.Descriptor:
		return nil, bad("The stored entry %q gives its size only after its data.", c.Name)
	case k > 0 || le.Uint16(dir[34:]) != 0:
		return nil, bad("The entry %q has a comment or lies on another disk.", c.Name)
	case le.Uint16(dir[4:]) != 20 || c.needs != 20 && c.needs != 45:
		return nil, bad("The entry %q is of another system or version of zip.", c.Name)
	case le.Uint16(dir[36:]) != 0 || le.Uint32(dir[38:]) != 0:
		return nil, bad("The entry %q has attributes, e.g. of a link or of a program, that no file of a bundle has.", c.Name)
	}
	if err := c.zip64(dir[46+n : 46+n+x]); err != nil {
		return nil, err
	}
	if c.Stored && c.Size != c.Compressed {
		return nil, bad("The stored entry %q has two sizes.", c.Name)
	}
	return dir[46+n+x+k:], nil
}

// zip64 reads the one extra field that is taken, and only where it is needed.
func (c *central) zip64(x []byte) error {
	le := binary.LittleEndian
	var want []*int64
	for _, f := range []*int64{&c.Size, &c.Compressed, &c.offset} {
		if *f == 1<<32-1 {
			want = append(want, f)
		}
	}
	if len(want) == 0 && len(x) == 0 {
		return nil
	}
	if len(x) < 4 || le.Uint16(x) != 1 || int(le.Uint16(x[2:])) != len(x)-4 || len(want) == 0 {
		return bad("The entry %q has an extra field that is not taken.", c.Name)
	}
	x = x[4:]
	// archive/zip writes all three fields as soon as one is needed.
	if len(x) == 24 {
		want = []*int64{&c.Size, &c.Compressed, &c.offset}
	}
	if len(x) != 8*len(want) {
		return bad("The entry %q has a malformed zip64 field.", c.Name)
	}
	for i, f := range want {
		v := int64(le.Uint64(x[8*i:]))
		if v < 0 || *f != 1<<32-1 && *f != v {
			return bad("The entry %q has a malformed zip64 field.", c.Name)
		}
		*f = v
	}
	if c.Size < max32 && c.Compressed < max32 && c.offset < max32 {
		return bad("The entry %q has a zip64 field that it does not need.", c.Name)
	}
	return nil
}

// max32 stands in a field of 32 bits for a value that lies in the zip64 field.
const max32 = 1<<32 - 1

// checkLocal compares the local header and gives the offset behind the entry.
func (c *central) checkLocal(r io.ReaderAt, limit int64) (next int64, err error) {
	le := binary.LittleEndian
	h := make([]byte, 30+len(c.Name))
	if c.offset+int64(len(h)) > limit {
		return 0, bad("The entry %q lies outside the container.", c.Name)
	}
	if _, err := io.ReadFull(io.NewSectionReader(r, c.offset, int64(len(h))), h); err != nil {
		return 0, bad("The entry %q is cut off.", c.Name)
	}
	if le.Uint32(h) != sigLocal || int(le.Uint16(h[26:])) != len(c.Name) || string(h[30:]) != c.Name || le.Uint16(h[4:]) != c.needs ||
		le.Uint16(h[6:]) != c.flags || le.Uint16(h[8:]) != c.method || le.Uint16(h[10:]) != c.time || le.Uint16(h[12:]) != c.date {
		return 0, bad("The entry %q says one thing in the directory and another in front of its data.", c.Name)
	}
	if le.Uint16(h[28:]) != 0 {
		return 0, bad("The entry %q has an extra field in front of its data.", c.Name)
	}
	// The directory has all of an entry's sizes in its zip64 field as soon as one
	// value needs it, e.g. the offset; in front of the data they stand as they are.
	crc, packed, size := c.CRC32, uint32(c.Compressed), uint32(c.Size)
	switch {
	case c.Descriptor:
		crc, packed, size = 0, 0, 0
	case c.Size >= max32 || c.Compressed >= max32:
		return 0, bad("The entry %q is too large to have its sizes in front of its data.", c.Name)
	}
	if le.Uint32(h[14:]) != crc || le.Uint32(h[18:]) != packed || le.Uint32(h[22:]) != size {
		return 0, bad("The entry %q has other sizes or another checksum in the directory than in front of its data.", c.Name)
	}
	c.r, c.data = r, c.offset+int64(len(h))
	next = c.data + c.Compressed
	if next > limit || next < c.data {
		return 0, bad("The entry %q reaches beyond the container's entries.", c.Name)
	}
	if c.Descriptor {
		return c.checkDescriptor(r, next)
	}
	return next, nil
}

func (c *central) checkDescriptor(r io.ReaderAt, at int64) (int64, error) {
	want := binary.LittleEndian.AppendUint32(nil, sigDescriptor)
	want = binary.LittleEndian.AppendUint32(want, c.CRC32)
	if c.Size >= 1<<32-1 || c.Compressed >= 1<<32-1 {
		want = binary.LittleEndian.AppendUint64(want, uint64(c.Compressed))
		want = binary.LittleEndian.AppendUint64(want, uint64(c.Size))
	} else {
		want = binary.LittleEndian.AppendUint32(want, uint32(c.Compressed))
		want = binary.LittleEndian.AppendUint32(want, uint32(c.Size))
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(io.NewSectionReader(r, at, int64(len(got))), got); err != nil || !bytes.Equal(got, want) {
		return 0, bad("The entry %q has other sizes or another checksum behind its data.", c.Name)
	}
	return at + int64(len(want)), nil
}
