package asic_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/asic"
)

// trick is a zip in which one thing is not as it should be; the zero value is sound.
type trick struct {
	flags                 uint16
	method                uint16
	localExtra, dirExtra  []byte
	localSize, dirSize    uint32 // 0: as it is
	descriptor            []byte // behind the data
	gap, dirGap           []byte // before the second entry, before the directory
	zip64End              func(position, size, offset uint64) []byte
	entries               uint16 // 0: two
	disk                  uint16
	comment               string
	secondName, localName string
}

const content = "the content"

func (t trick) build() []byte {
	le := binary.LittleEndian
	var b, dir []byte
	names := []string{"mimetype", "data/x"}
	if t.secondName != "" {
		names[1] = t.secondName
	}
	for i, name := range names {
		one := trick{}
		if i == 1 {
			one = t
			b = append(b, t.gap...)
		}
		offset, crc := uint32(len(b)), crc32.ChecksumIEEE([]byte(content))
		size := func(s uint32) uint32 {
			if s != 0 {
				return s
			}
			return uint32(len(content))
		}
		local := name
		if one.localName != "" {
			local = one.localName
		}
		b = append(b, "PK\x03\x04\x14\x00"...)
		b = le.AppendUint16(le.AppendUint16(b, one.flags), one.method)
		b = append(b, 0, 0, 0x21, 0) // time, date
		if one.flags&8 != 0 {
			b = append(b, make([]byte, 12)...)
		} else {
			b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, crc), size(one.localSize)), size(one.localSize))
		}
		b = le.AppendUint16(le.AppendUint16(b, uint16(len(local))), uint16(len(one.localExtra)))
		b = append(append(append(append(b, local...), one.localExtra...), content...), one.descriptor...)
		dir = append(dir, "PK\x01\x02\x14\x00\x14\x00"...)
		dir = le.AppendUint16(le.AppendUint16(dir, one.flags), one.method)
		dir = append(dir, 0, 0, 0x21, 0)
		dir = le.AppendUint32(le.AppendUint32(le.AppendUint32(dir, crc), size(one.dirSize)), size(one.dirSize))
		dir = le.AppendUint16(le.AppendUint16(dir, uint16(len(name))), uint16(len(one.dirExtra)))
		dir = append(dir, make([]byte, 10)...) // comment, disk, attributes
		dir = append(append(le.AppendUint32(dir, offset), name...), one.dirExtra...)
	}
	b = append(b, t.dirGap...)
	offset := len(b)
	b = append(b, dir...)
	if t.zip64End != nil {
		b = append(b, t.zip64End(uint64(len(b)), uint64(len(dir)), uint64(offset))...)
	}
	n := t.entries
	if n == 0 {
		n = 2
	}
	b = append(b, "PK\x05\x06"...)
	b = le.AppendUint16(le.AppendUint16(b, t.disk), 0)
	b = le.AppendUint16(le.AppendUint16(b, n), n)
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(dir))), uint32(offset))
	return append(le.AppendUint16(b, uint16(len(t.comment))), t.comment...)
}

func field(id uint16, values ...uint64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16(nil, id), uint16(8*len(values)))
	for _, v := range values {
		b = le.AppendUint64(b, v)
	}
	return b
}

// end64 is a zip64 end record with its locator, which points off by some octets.
func end64(entries, off uint64) func(position, size, offset uint64) []byte {
	return func(position, size, offset uint64) []byte {
		le := binary.LittleEndian
		b := append([]byte("PK\x06\x06"), field(0, 0)[4:]...)
		le.PutUint64(b[4:], 44)
		b = append(b, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		for _, v := range []uint64{entries, entries, size, offset} {
			b = le.AppendUint64(b, v)
		}
		b = append(append(b, "PK\x06\x07"...), 0, 0, 0, 0)
		return append(le.AppendUint64(b, position+off), 1, 0, 0, 0)
	}
}

// TestTricksOfZips builds archives that two readers would read in two ways, and
// wants each refused for its own reason.
func TestTricksOfZips(t *testing.T) {
	read := func(b []byte) error {
		a, err := asic.Open(bytes.NewReader(b), int64(len(b)), asic.DefaultLimits)
		for i := 0; err == nil && i < len(a.Entries); i++ {
			_, err = io.Copy(io.Discard, a.Entries[i].Open())
		}
		return err
	}
	if err := read((trick{}).build()); err != nil {
		t.Fatalf("the matrix shows nothing: %v", err)
	}
	n := uint32(len(content))
	crc := crc32.ChecksumIEEE([]byte(content))
	descriptor := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32([]byte("PK\x07\x08"), crc), n), n)
	for name, c := range map[string]struct {
		t    trick
		want string
	}{
		"stored with a data descriptor":          {trick{flags: 8, descriptor: descriptor}, "only after its data"},
		"encrypted":                              {trick{flags: 1}, "encrypted"},
		"name in UTF-8":                          {trick{flags: 0x800}, "flags"},
		"another method":                         {trick{method: 12}, "method"},
		"extra field in the directory":           {trick{dirExtra: field(0x5455, 1)}, "extra field"},
		"extra field in front of the data":       {trick{localExtra: field(1, 1, 1)}, "extra field"},
		"zip64 field that nothing needs":         {trick{dirExtra: field(1, uint64(n), uint64(n), 0)}, "extra field"},
		"sizes in a zip64 field, though small":   {trick{dirSize: 1<<32 - 1, dirExtra: field(1, uint64(n), uint64(n))}, "does not need"},
		"zip64 field of half a value":            {trick{dirSize: 1<<32 - 1, dirExtra: []byte{1, 0, 4, 0, 1, 2, 3, 4}}, "zip64"},
		"zip64 field below zero":                 {trick{dirSize: 1<<32 - 1, dirExtra: field(1, 1<<63, 1<<63)}, "zip64"},
		"zip64 field missing":                    {trick{dirSize: 1<<32 - 1}, "extra field"},
		"zip64 size beyond the file":             {trick{dirSize: 1<<32 - 1, dirExtra: field(1, 1<<40, 1<<40)}, "too large"},
		"another size in front of the data":      {trick{localSize: n - 1}, "in front of its data"},
		"a smaller size in the directory":        {trick{dirSize: n - 1}, "in front of its data"},
		"something between two entries":          {trick{gap: []byte("hidden")}, "hidden between"},
		"something before the directory":         {trick{dirGap: []byte("hidden")}, "between the container's entries"},
		"a whole entry before the directory":     {trick{dirGap: (trick{}).build()[:60]}, "between the container's entries"},
		"another name in front of the data":      {trick{localName: "data/y"}, "one thing in the directory"},
		"fewer entries than the directory":       {trick{entries: 1}, "directory"},
		"more entries than the directory":        {trick{entries: 3}, "directory"},
		"several disks":                          {trick{disk: 1}, "disks"},
		"a zip64 end that counts otherwise":      {trick{entries: 1<<16 - 1, zip64End: end64(1, 0)}, "directory"},
		"a zip64 end elsewhere":                  {trick{entries: 1<<16 - 1, zip64End: end64(2, 4)}, "zip64"},
		"a zip64 end that is not there":          {trick{entries: 1<<16 - 1}, "zip64"},
		"a zip64 end beside a small one":         {trick{zip64End: end64(1, 0)}, "directory"},
		"an end in the comment":                  {trick{comment: string((trick{}).build()[len((trick{}).build())-22:])}, "two ends"},
		"a name with a combining mark":           {trick{secondName: "data/e\u0301.txt"}, "character"},
		"a name in full width":                   {trick{secondName: "data/\uff58"}, "character"},
		"a name with a mark that turns it round": {trick{secondName: "data/\u202etxt.exe"}, "character"},
		"a name with a zero octet":               {trick{secondName: "data/x\x00.txt"}, "character"},
		"a drive":                                {trick{secondName: "C:/x"}, "character"},
		"a path upwards":                         {trick{secondName: "data/../../x"}, "outside"},
		"a folder":                               {trick{secondName: "data/x/"}, "folder"},
		"the same name in capitals":              {trick{secondName: "MIMETYPE"}, "case alone"},
	} {
		if err := read(c.t.build()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a word of %q", name, err, c.want)
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
