package audit

import (
	"bytes"
	"hash/maphash"
	"io"
	"math/bits"
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
// limit, so that one bucket at a time can be put in order, while the next is read.
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
	b := &t.buckets[t.hash(record[:SpillKey])%spillBuckets]
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

// Groups gives the records of every key, each time in the order of their bytes,
// until give fails. The keys come in no order. A bucket is let go once it was given;
// nothing can be added any more. The next bucket is made ready meanwhile.
func (t *Spill) Groups(give func(group [][]byte) error) error {
	buckets, stop := make(chan bucketGroups), make(chan struct{})
	defer func() {
		close(stop)
		for range buckets { // whoever reads files is done when this returns
		}
	}()
	go func() {
		defer close(buckets)
		for i := range t.buckets {
			select {
			case buckets <- t.groups(i):
			case <-stop:
				return
			}
		}
	}()
	for b := range buckets {
		if b.err != nil {
			return b.err
		}
		if err := b.each(give); err != nil {
			return err
		}
	}
	return nil
}

// bucketGroups is a bucket whose records stand by key.
type bucketGroups struct {
	records [][]byte
	ends    []int32 // of each key's records
	err     error
}

func (b bucketGroups) each(give func(group [][]byte) error) error {
	from := int32(0)
	for _, end := range b.ends {
		group := b.records[from:end]
		if !slices.IsSortedFunc(group, bytes.Compare) {
			slices.SortFunc(group, bytes.Compare)
		}
		if err := give(group); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// groups puts a bucket's records by key, and of a key in the order in which they
// were added: that is mostly the order of their bytes already, and costs a small part
// of sorting them all.
func (t *Spill) groups(i int) (out bucketGroups) {
	data, err := t.load(i)
	if err != nil {
		return bucketGroups{err: err}
	}
	n := len(data) / t.size
	of, keys := t.keysOf(data, n)
	next := make([]int32, keys+1) // first where each key's records begin, then where the next one goes
	for _, k := range of {
		next[k+1]++
	}
	for k := range keys {
		next[k+1] += next[k]
	}
	out.records = make([][]byte, n)
	for r, k := range of {
		out.records[next[k]] = data[r*t.size : (r+1)*t.size : (r+1)*t.size]
		next[k]++
	}
	out.ends = next[:keys]
	return out
}

// keysOf numbers the keys in the order of their first record, and gives the number
// of each record's key.
func (t *Spill) keysOf(data []byte, n int) (of []int32, keys int) {
	of = make([]int32, n)
	mask := uint64(1)<<bits.Len(uint(2*n)) - 1
	first := make([]int32, mask+1) // the first record of a key, plus one, at its hash or behind
	for r := range n {
		key := data[r*t.size:][:SpillKey]
		at := t.hash(key) / spillBuckets & mask
		for first[at] != 0 && !bytes.Equal(data[int(first[at]-1)*t.size:][:SpillKey], key) {
			at = (at + 1) & mask
		}
		if first[at] == 0 {
			first[at] = int32(r) + 1
			of[r] = int32(keys)
			keys++
			continue
		}
		of[r] = of[first[at]-1]
	}
	return of, keys
}

// hash is seeded at random, which keeps who writes the records from choosing the
// bucket or the place in it.
func (t *Spill) hash(key []byte) uint64 { return maphash.Bytes(t.seed, key) }

// load gives the records of a bucket in the order in which they were added.
func (t *Spill) load(i int) ([]byte, error) {
	b := &t.buckets[i]
	mem := b.mem
	b.mem = nil
	if b.file == nil {
		return mem, nil
	}
	size, err := b.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	data := make([]byte, int(size)+len(mem))
	if _, err := b.file.ReadAt(data[:size], 0); err != nil {
		return nil, err
	}
	copy(data[size:], mem)
	return data, nil
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
