package audit

import (
	"bytes"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// SpillKey is the size of the key in bytes with which every record of a Spill
// begins.
const SpillKey = 16

const spillBuckets = 64

// Spill groups more records of one size by key than memory holds: they are spread
// over buckets by a seeded hash of the key and go to temporary files beyond a
// limit, so that one bucket at a time can be sorted.
type Spill struct {
	parent  string // where the folder for files is made; empty for the system's
	dir     string // the folder, empty while everything is in memory
	size    int    // of a record in bytes
	limit   int    // bytes in memory
	held    int
	seed    maphash.Seed
	buckets [spillBuckets]struct {
		mem  []byte
		file *os.File
	}
}

// NewSpill makes one for records of size bytes that holds at most limit bytes
// before it writes them to files in a new folder of parent. Close removes them.
func NewSpill(parent string, size, limit int) *Spill {
	return &Spill{parent: parent, size: size, limit: limit, seed: maphash.MakeSeed()}
}

// Add takes a copy of a record.
func (t *Spill) Add(record []byte) error {
	// A random seed keeps who writes the records from choosing the bucket.
	b := &t.buckets[maphash.Bytes(t.seed, record[:SpillKey])%spillBuckets]
	b.mem = append(b.mem, record[:t.size]...)
	if t.held += t.size; t.held <= t.limit {
		return nil
	}
	return t.spill()
}

// spill moves what is in memory to the buckets' files.
func (t *Spill) spill() (err error) {
	if t.dir == "" {
		if t.dir, err = os.MkdirTemp(t.parent, "spill-"); err != nil {
			return err
		}
	}
	for i := range t.buckets {
		b := &t.buckets[i]
		if b.file == nil {
			if b.file, err = os.OpenFile(filepath.Join(t.dir, strconv.Itoa(i)), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
				return err
			}
		}
		if _, err := b.file.Write(b.mem); err != nil {
			return err
		}
		b.mem = b.mem[:0]
	}
	t.held = 0
	return nil
}

// Groups gives the records of every key, in the order of their bytes, until give
// fails. A bucket is let go once it was given; nothing can be added any more.
func (t *Spill) Groups(give func(group [][]byte) error) error {
	for i := range t.buckets {
		records, err := t.load(i)
		if err != nil {
			return err
		}
		slices.SortFunc(records, bytes.Compare)
		for len(records) > 0 {
			n := 1
			for n < len(records) && bytes.Equal(records[n][:SpillKey], records[0][:SpillKey]) {
				n++
			}
			if err := give(records[:n]); err != nil {
				return err
			}
			records = records[n:]
		}
	}
	return nil
}

func (t *Spill) load(i int) ([][]byte, error) {
	b := &t.buckets[i]
	data := b.mem
	if b.file != nil {
		if _, err := b.file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		spilled, err := io.ReadAll(b.file)
		if err != nil {
			return nil, err
		}
		data = append(spilled, data...)
	}
	b.mem = nil
	records := make([][]byte, 0, len(data)/t.size)
	for len(data) > 0 {
		records = append(records, data[:t.size:t.size])
		data = data[t.size:]
	}
	return records, nil
}

// Close removes the files.
func (t *Spill) Close() {
	for i := range t.buckets {
		if f := t.buckets[i].file; f != nil {
			f.Close()
		}
	}
	if t.dir != "" {
		os.RemoveAll(t.dir)
	}
}
