package asic_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/asic"
)

// patch overwrites octets of a record.
type patch struct {
	at int
	b  string
}

func patched(record []byte, ps []patch) []byte {
	for _, p := range ps {
		copy(record[p.at:], p.b)
	}
	return record
}

// trick is a zip of two entries in which one thing about the second, or about the
// whole, is not as it should be; the zero value is sound.
type trick struct {
	flags, method        uint16
	packed               []byte // the second entry's data, where they are not the content
	local, dir, end      []patch
	localExtra, dirExtra []byte
	entryComment         string
	descriptor           []byte // behind the data
	prefix, gap, dirGap  []byte // before all, before the second entry, before the directory
	zip64End             func(position, size, offset uint64) []byte
	comment              string
	names                [2]string // in place of mimetype and data/x
	localName            string
	again                bool // the directory has the second entry twice
}

const content = "the content"

func (t trick) build() []byte {
	le := binary.LittleEndian
	b := bytes.Clone(t.prefix)
	var dir []byte
	count := uint16(2)
	for i, name := range []string{cmp.Or(t.names[0], "mimetype"), cmp.Or(t.names[1], "data/x")} {
		one := trick{}
		if i == 1 {
			one, b = t, append(b, t.gap...)
		}
		data := []byte(content)
		if one.packed != nil {
			data = one.packed
		}
		offset, local := uint32(len(b)), cmp.Or(one.localName, name)
		sizes := le.AppendUint32(nil, crc32.ChecksumIEEE([]byte(content)))
		sizes = le.AppendUint32(le.AppendUint32(sizes, uint32(len(data))), uint32(len(content)))
		h := le.AppendUint16(le.AppendUint16([]byte("PK\x03\x04\x14\x00"), one.flags), one.method)
		h = append(h, 0, 0, 0x21, 0) // time, date
		if one.flags&8 != 0 {
			h = append(h, make([]byte, 12)...)
		} else {
			h = append(h, sizes...)
		}
		h = le.AppendUint16(le.AppendUint16(h, uint16(len(local))), uint16(len(one.localExtra)))
		b = append(append(append(append(b, patched(h, one.local)...), local...), one.localExtra...), data...)
		b = append(b, one.descriptor...)
		h = le.AppendUint16(le.AppendUint16([]byte("PK\x01\x02\x14\x00\x14\x00"), one.flags), one.method)
		h = append(append(h, 0, 0, 0x21, 0), sizes...)
		h = le.AppendUint16(le.AppendUint16(h, uint16(len(name))), uint16(len(one.dirExtra)))
		h = append(le.AppendUint16(h, uint16(len(one.entryComment))), make([]byte, 8)...) // disk, attributes
		h = append(append(append(patched(le.AppendUint32(h, offset), one.dir), name...), one.dirExtra...), one.entryComment...)
		dir = append(dir, h...)
		if one.again {
			dir, count = append(dir, h...), 3
		}
	}
	b = append(b, t.dirGap...)
	offset := len(b)
	b = append(b, dir...)
	if t.zip64End != nil {
		b = append(b, t.zip64End(uint64(len(b)), uint64(len(dir)), uint64(offset))...)
	}
	e := append([]byte("PK\x05\x06"), 0, 0, 0, 0)
	e = le.AppendUint16(le.AppendUint16(e, count), count)
	e = le.AppendUint32(le.AppendUint32(e, uint32(len(dir))), uint32(offset))
	return append(append(b, patched(le.AppendUint16(e, uint16(len(t.comment))), t.end)...), t.comment...)
}

func u16(v uint16) string { return string(binary.LittleEndian.AppendUint16(nil, v)) }
func u32(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }

func field(id uint16, values ...uint64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16(nil, id), uint16(8*len(values)))
	for _, v := range values {
		b = le.AppendUint64(b, v)
	}
	return b
}

// end64 is a zip64 end record with its locator, which points off by some octets.
func end64(entries, off uint64, ps ...patch) func(position, size, offset uint64) []byte {
	return func(position, size, offset uint64) []byte {
		le := binary.LittleEndian
		b := append([]byte("PK\x06\x06"), 44, 0, 0, 0, 0, 0, 0, 0)
		b = append(b, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		for _, v := range []uint64{entries, entries, size, offset} {
			b = le.AppendUint64(b, v)
		}
		b = append(append(b, "PK\x06\x07"...), 0, 0, 0, 0)
		return patched(append(le.AppendUint64(b, position+off), 1, 0, 0, 0), ps)
	}
}

// points are the last record's fields where all of them point to a zip64 record.
var points = []patch{{8, "\xff\xff\xff\xff"}, {12, "\xff\xff\xff\xff\xff\xff\xff\xff"}}

func read(b []byte) error {
	a, err := asic.Open(bytes.NewReader(b), int64(len(b)), asic.DefaultLimits)
	for i := 0; err == nil && i < len(a.Entries); i++ {
		_, err = io.Copy(io.Discard, a.Entries[i].Open())
	}
	return err
}

// TestTricksOfZips builds archives that two readers would read in two ways, and
// wants each refused for its own reason.
func TestTricksOfZips(t *testing.T) {
	var deflated bytes.Buffer
	d := asic.NewDeflater(&deflated, "data/x")
	d.Write([]byte(content)) //nolint:errcheck // in memory
	if _, err := d.Close(); err != nil {
		t.Fatal(err)
	}
	packed := deflated.Bytes()
	n, crc, m := uint32(len(content)), crc32.ChecksumIEEE([]byte(content)), uint32(len(packed))
	described := func(crc, packed, size uint32) []byte {
		return []byte("PK\x07\x08" + u32(crc) + u32(packed) + u32(size))
	}
	for name, sound := range map[string]trick{"stored": {}, "deflated": {method: 8, packed: packed},
		"deflated, with its sizes behind": {method: 8, packed: packed, flags: 8, descriptor: described(crc, m, n)}} {
		if err := read(sound.build()); err != nil {
			t.Fatalf("the matrix shows nothing: %s: %v", name, err)
		}
	}
	whole := (trick{}).build()
	unicodePath := append([]byte{0x75, 0x70, 11, 0, 1}, u32(crc32.ChecksumIEEE([]byte("data/x")))+"data/y"...)
	for name, c := range map[string]struct {
		t    trick
		want string
	}{
		"stored with a data descriptor":          {trick{flags: 8, descriptor: described(crc, n, n)}, "only after its data"},
		"descriptor with another checksum":       {trick{method: 8, packed: packed, flags: 8, descriptor: described(crc^1, m, n)}, "behind its data"},
		"descriptor with another packed size":    {trick{method: 8, packed: packed, flags: 8, descriptor: described(crc, m+1, n)}, "behind its data"},
		"descriptor with another size":           {trick{method: 8, packed: packed, flags: 8, descriptor: described(crc, m, n-1)}, "behind its data"},
		"descriptor without its mark":            {trick{method: 8, packed: packed, flags: 8, descriptor: described(crc, m, n)[4:]}, "behind its data"},
		"descriptor of 8 octets a size":          {trick{method: 8, packed: packed, flags: 8, descriptor: []byte("PK\x07\x08" + u32(crc) + u32(m) + u32(0) + u32(n) + u32(0))}, "behind its data"},
		"descriptor that is not there":           {trick{method: 8, packed: packed, flags: 8}, "behind its data"},
		"descriptor, and sizes in front as well": {trick{method: 8, packed: packed, flags: 8, descriptor: described(crc, m, n), local: []patch{{14, u32(crc) + u32(m) + u32(n)}}}, "in front of its data"},
		"descriptor that no flag announces":      {trick{method: 8, packed: packed, descriptor: described(crc, m, n)}, "hidden between|between the container's entries"},
		"encrypted":                              {trick{flags: 1}, "encrypted"},
		"encrypted, in front of the data alone":  {trick{local: []patch{{6, u16(1)}}}, "one thing in the directory"},
		"strongly encrypted":                     {trick{flags: 0x41}, "encrypted"},
		"masked headers":                         {trick{flags: 0x2000}, "encrypted"},
		"patch data":                             {trick{flags: 0x20}, "flags"},
		"name in UTF-8":                          {trick{flags: 0x800}, "flags"},
		"another method":                         {trick{method: 12}, "method"},
		"stored that says deflated":              {trick{method: 8}, "unpacked|packed as lerd"},
		"deflated that says stored":              {trick{packed: packed}, "two sizes"},
		"stored of two sizes":                    {trick{local: []patch{{22, u32(n + 1)}}, dir: []patch{{24, u32(n + 1)}}}, "two sizes"},
		"deflated of a smaller size":             {trick{method: 8, packed: packed, local: []patch{{22, u32(n - 1)}}, dir: []patch{{24, u32(n - 1)}}}, "more than its announced"},
		"deflated of a larger size":              {trick{method: 8, packed: packed, local: []patch{{22, u32(n + 1)}}, dir: []patch{{24, u32(n + 1)}}}, "announced size"},
		"deflated with something behind":         {trick{method: 8, packed: append(bytes.Clone(packed), "hidden"...)}, "hidden behind"},
		"another checksum, twice":                {trick{local: []patch{{14, u32(crc ^ 1)}}, dir: []patch{{16, u32(crc ^ 1)}}}, "size and checksum"},
		"extra field in the directory":           {trick{dirExtra: field(0x5455, 1)}, "extra field"},
		"extra field in front of the data":       {trick{localExtra: field(1, 1, 1)}, "extra field"},
		"another path in Unicode":                {trick{dirExtra: unicodePath}, "extra field"},
		"another path in Unicode, in front":      {trick{localExtra: unicodePath}, "extra field"},
		"extra field of no length":               {trick{dirExtra: []byte{1}}, "extra field"},
		"extra field longer than it is":          {trick{dirExtra: []byte{1, 0, 9, 0}}, "extra field"},
		"zip64 field that nothing needs":         {trick{dirExtra: field(1, uint64(n), uint64(n), 0)}, "extra field"},
		"sizes in a zip64 field, though small":   {trick{dir: []patch{{20, u32(1<<32-1) + u32(1<<32-1)}}, dirExtra: field(1, uint64(n), uint64(n))}, "does not need"},
		"offset in a zip64 field, though small":  {trick{dir: []patch{{42, u32(1<<32 - 1)}}, dirExtra: field(1, 49)}, "does not need"},
		"zip64 field of half a value":            {trick{dir: []patch{{20, u32(1<<32 - 1)}}, dirExtra: []byte{1, 0, 4, 0, 1, 2, 3, 4}}, "zip64"},
		"zip64 field below zero":                 {trick{dir: []patch{{20, u32(1<<32-1) + u32(1<<32-1)}}, dirExtra: field(1, 1<<63, 1<<63)}, "zip64"},
		"zip64 field twice":                      {trick{dir: []patch{{20, u32(1<<32 - 1)}}, dirExtra: append(field(1, uint64(n)), field(1, uint64(n))...)}, "extra field"},
		"zip64 field missing":                    {trick{dir: []patch{{20, u32(1<<32 - 1)}}}, "extra field"},
		"zip64 size beyond the file":             {trick{dir: []patch{{20, u32(1<<32-1) + u32(1<<32-1)}}, dirExtra: field(1, 1<<40, 1<<40)}, "too large"},
		"something in front of all":              {trick{prefix: []byte("MZ")}, "does not begin"},
		"something in front that all know of":    {trick{prefix: []byte("#!/bin/sh\n"), dir: nil}, "does not begin"},
		"something between two entries":          {trick{gap: []byte("hidden")}, "hidden between"},
		"an entry that the directory hides":      {trick{gap: whole[:49]}, "hidden between"},
		"two entries that overlap":               {trick{dir: []patch{{42, u32(0)}}}, "overlap"},
		"an entry in the midst of another":       {trick{dir: []patch{{42, u32(45)}}}, "overlap"},
		"an entry twice in the directory":        {trick{again: true}, "overlap"},
		"something before the directory":         {trick{dirGap: []byte("hidden")}, "between the container's entries"},
		"a whole entry before the directory":     {trick{dirGap: whole[:60]}, "between the container's entries"},
		"another name in front of the data":      {trick{localName: "data/y"}, "one thing in the directory"},
		"a longer name in front of the data":     {trick{localName: "data/x.exe"}, "one thing in the directory"},
		"a comment of an entry":                  {trick{entryComment: "see data/y"}, "comment"},
		"an entry on another disk":               {trick{dir: []patch{{34, u16(1)}}}, "disk"},
		"a link":                                 {trick{dir: []patch{{4, u16(3<<8 | 20)}, {38, u32(0o120777 << 16)}}}, "another system"},
		"a link of no system":                    {trick{dir: []patch{{38, u32(0o120777 << 16)}}}, "attributes"},
		"a program that runs as root":            {trick{dir: []patch{{38, u32(0o104755 << 16)}}}, "attributes"},
		"a folder by its attributes":             {trick{dir: []patch{{38, u32(0x10)}}}, "attributes"},
		"text by its attributes":                 {trick{dir: []patch{{36, u16(1)}}}, "attributes"},
		"version that does not exist":            {trick{dir: []patch{{6, u16(99)}}, local: []patch{{4, u16(99)}}}, "version"},
		"another time than the first":            {trick{dir: []patch{{12, u16(1)}}, local: []patch{{10, u16(1)}}}, "another time"},
		"another day than the first":             {trick{dir: []patch{{14, u16(0x22)}}, local: []patch{{12, u16(0x22)}}}, "another time"},
		"fewer entries than the directory":       {trick{end: []patch{{8, u16(1) + u16(1)}}}, "directory"},
		"more entries than the directory":        {trick{end: []patch{{8, u16(3) + u16(3)}}}, "directory"},
		"no entries":                             {trick{end: []patch{{8, u16(0) + u16(0)}}}, "0 entries"},
		"as many on this disk, fewer in all":     {trick{end: []patch{{10, u16(1)}}}, "disks"},
		"several disks":                          {trick{end: []patch{{4, u16(1)}}}, "disks"},
		"a directory on another disk":            {trick{end: []patch{{6, u16(1)}}}, "disks"},
		"a directory elsewhere":                  {trick{end: []patch{{16, u32(48)}}}, "does not end where"},
		"a directory before the file":            {trick{end: []patch{{12, u32(1<<32 - 2)}}}, "does not end where"},
		"a longer directory":                     {trick{end: []patch{{12, u32(200)}}}, "does not end where"},
		"a zip64 end that counts otherwise":      {trick{end: points, zip64End: end64(1, 0)}, "does not need"},
		"a zip64 end that is not needed":         {trick{end: points, zip64End: end64(2, 0)}, "does not need"},
		"a zip64 end for one field alone":        {trick{end: points[:1], zip64End: end64(2, 0)}, "zip64"},
		"a zip64 end elsewhere":                  {trick{end: points, zip64End: end64(2, 4)}, "zip64 records are malformed"},
		"a zip64 end of another length":          {trick{end: points, zip64End: end64(2, 0, patch{4, "\x2d"})}, "zip64 records are malformed"},
		"a zip64 end of another version":         {trick{end: points, zip64End: end64(2, 0, patch{14, "\x3f"})}, "zip64 records are malformed"},
		"a zip64 end on another disk":            {trick{end: points, zip64End: end64(2, 0, patch{16, "\x01"})}, "disks"},
		"a zip64 end that counts two disks":      {trick{end: points, zip64End: end64(2, 0, patch{72, "\x02"})}, "disks"},
		"a zip64 end that is not there":          {trick{end: points}, "zip64"},
		"a zip64 end beside a small one":         {trick{zip64End: end64(1, 0)}, "directory"},
		"an end in the comment":                  {trick{comment: string(whole[len(whole)-22:])}, "two ends"},
		"a comment longer than it says":          {trick{comment: "x", end: []patch{{20, u16(0)}}}, "follows the end"},
		"a comment shorter than it says":         {trick{comment: "x", end: []patch{{20, u16(2)}}}, "follows the end"},
		"a comment of many octets":               {trick{comment: strings.Repeat("x", 4096)}, "has no end"},
		"a name with a combining mark":           {trick{names: [2]string{1: "data/e\u0301.txt"}}, "character"},
		"a name in full width":                   {trick{names: [2]string{1: "data/\uff58"}}, "character"},
		"a name with a mark that turns it round": {trick{names: [2]string{1: "data/\u202etxt.exe"}}, "character"},
		"a name with a zero octet":               {trick{names: [2]string{1: "data/x\x00.txt"}}, "character"},
		"a name with a backslash":                {trick{names: [2]string{1: "data\\x"}}, "character"},
		"a share":                                {trick{names: [2]string{1: "\\\\host\\x"}}, "character"},
		"a stream":                               {trick{names: [2]string{1: "data/x:hidden"}}, "character"},
		"a drive":                                {trick{names: [2]string{1: "C:/x"}}, "character"},
		"an absolute path":                       {trick{names: [2]string{1: "/etc/x"}}, "outside"},
		"a path upwards":                         {trick{names: [2]string{1: "data/../../x"}}, "outside"},
		"a path in place":                        {trick{names: [2]string{1: "./data/x"}}, "outside"},
		"a path of two slashes":                  {trick{names: [2]string{1: "data//x"}}, "outside"},
		"a folder":                               {trick{names: [2]string{1: "data/x/"}}, "folder"},
		"no name":                                {trick{dir: []patch{{28, u16(0)}}}, "1 to 200"},
		"a name of 201 characters":               {trick{names: [2]string{1: strings.Repeat("x", 201)}}, "1 to 200"},
		"the same name in capitals":              {trick{names: [2]string{1: "MIMETYPE"}}, "case alone"},
		"the same name":                          {trick{names: [2]string{1: "mimetype"}}, "stands twice"},
		"a file and a folder of one name":        {trick{names: [2]string{"data", "data/x"}}, "folder and a file"},
		"a name that Windows shortens":           {trick{names: [2]string{1: "data/x."}}, "Windows"},
		"a device of Windows":                    {trick{names: [2]string{1: "data/aux.txt"}}, "Windows"},
	} {
		err := read(c.t.build())
		if err == nil || !slices.ContainsFunc(strings.Split(c.want, "|"), func(w string) bool { return strings.Contains(err.Error(), w) }) {
			t.Errorf("%s: %v, want a word of %q", name, err, c.want)
		}
	}
	for name, b := range map[string][]byte{"octets behind": append(bytes.Clone(whole), 0), "a line behind": append(bytes.Clone(whole), '\n'),
		"the archive twice": append(bytes.Clone(whole), whole...), "nothing": {}, "an end alone": whole[len(whole)-22:]} {
		if read(b) == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// TestBothHeadersOfAnEntryAgree changes one bit of each field of the second entry,
// in front of its data alone and in the directory alone.
func TestBothHeadersOfAnEntryAgree(t *testing.T) {
	whole := (trick{}).build()
	local, dir := bytes.LastIndex(whole, []byte("PK\x03\x04")), bytes.LastIndex(whole, []byte("PK\x01\x02"))
	for name, f := range map[string]struct{ local, dir, octets int }{
		"version made by": {-1, 4, 2}, "version needed": {4, 6, 2}, "flags": {6, 8, 2}, "method": {8, 10, 2}, "time": {10, 12, 2}, "date": {12, 14, 2},
		"checksum": {14, 16, 4}, "packed size": {18, 20, 4}, "size": {22, 24, 4}, "length of the name": {26, 28, 2}, "length of the extra field": {28, 30, 2},
		"length of the comment": {-1, 32, 2}, "disk": {-1, 34, 2}, "attributes": {-1, 36, 6}, "offset": {-1, 42, 4}, "mark": {0, 0, 4}, "name": {30, 46, 6},
	} {
		for bit := range 8 * f.octets {
			for where, at := range map[string]int{"in front of the data": local + f.local, "in the directory": dir + f.dir} {
				if where[3] == 'f' && f.local < 0 {
					continue
				}
				b := bytes.Clone(whole)
				b[at+bit/8] ^= 1 << (bit % 8)
				if read(b) == nil {
					t.Errorf("bit %d of the %s %s changed unnoticed", bit, name, where)
				}
			}
		}
	}
}

// sparse is a file of which zeros take no room.
type sparse struct {
	chunks map[int64][]byte
	buf    []byte
	size   int64
}

const chunk = 32 << 10

var empty [chunk]byte

func (s *sparse) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), chunk-len(s.buf))
		s.buf, rest = append(s.buf, rest[:n]...), rest[n:]
		if len(s.buf) == chunk {
			s.keep()
		}
	}
	return len(p), nil
}

func (s *sparse) keep() {
	if !bytes.Equal(s.buf, empty[:len(s.buf)]) {
		s.chunks[s.size/chunk] = bytes.Clone(s.buf)
	}
	s.size += int64(len(s.buf))
	s.buf = s.buf[:0]
}

// ReadAt gives zeros where nothing was kept.
func (s *sparse) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) && at < s.size {
		c, from := s.chunks[at/chunk], at%chunk
		k := int(min(int64(len(p)-n), chunk-from, s.size-at))
		clear(p[n : n+k])
		if c != nil {
			copy(p[n:n+k], c[from:])
		}
		n, at = n+k, at+int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestContainersAbove4GiB writes an entry of more than 4 GiB and one behind it,
// where sizes and offsets move into zip64 fields, and reads the structure back.
func TestContainersAbove4GiB(t *testing.T) {
	s := &sparse{chunks: map[int64][]byte{}}
	w, err := asic.NewWriter(s, time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), asic.Comment)
	if err != nil {
		t.Fatal(err)
	}
	const big = 1<<32 + 12345
	large := asic.Part{Name: "data/large", CRC32: 7, Size: big * 3, Compressed: big}
	if _, err := w.AddStored("mimetype", []byte(asic.MediaType)); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(large, io.LimitReader(zeros{}, big)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data/behind", "META-INF/signature001.p7s"} {
		if _, err := w.AddStored(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.keep()
	a, err := asic.Open(s, s.size, asic.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if e := a.Entry("data/large"); e == nil || e.Size != large.Size || e.Compressed != big {
		t.Errorf("the large entry is read as %+v", e)
	}
	b, err := io.ReadAll(a.Entry("data/behind").Open())
	if err != nil || string(b) != content {
		t.Errorf("the entry behind it is read as %q, %v", b, err)
	}
}
