package audit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// orderCheck verifies what only a look at the whole log can tell: that event ids
// are unique, that every stream's versions are dense from 1 in the log's order,
// and that every cause stands before its effect.
//
// It keeps 32 bytes for each event id, for each event's place in its stream and
// for each cause, up to a limit in memory and beyond it in temporary files that
// are spread over buckets by key, so that one bucket at a time can be sorted. A
// log of 10 million events with a cause each takes about 1 GB of temporary
// disk and, beside the limit, the memory of the largest bucket: 1/64 of that,
// unless a single stream or cause is in most of the events.
type orderCheck struct {
	ids     *orderTable // event ids and the causes that name them
	streams *orderTable
	// resumed: the log begins in the middle. A stream may begin with any version,
	// and a cause may stand among the entries before; earlier counts these.
	resumed bool
	earlier uint64
}

const (
	recordSize   = 32
	orderBuckets = 64
)

// orderRecord is key (16 bytes), the event's index (8, big-endian) and a number
// (8, big-endian): byte order is then order by key and index. The number is the
// version in a stream, or for ids isEvent or isCause.
type orderRecord [recordSize]byte

const (
	isEvent = 0
	isCause = 1
)

func newRecord(key [16]byte, index, number uint64) (r orderRecord) {
	copy(r[:], key[:])
	binary.BigEndian.PutUint64(r[16:], index)
	binary.BigEndian.PutUint64(r[24:], number)
	return r
}

func (r *orderRecord) index() uint64  { return binary.BigEndian.Uint64(r[16:]) }
func (r *orderRecord) number() uint64 { return binary.BigEndian.Uint64(r[24:]) }

// newOrderCheck makes a check that holds at most memory bytes of records before
// it writes them to files in a new folder of dir. Close removes them.
func newOrderCheck(dir string, memory int) *orderCheck {
	return &orderCheck{ids: newOrderTable(dir, memory/2), streams: newOrderTable(dir, memory/2)}
}

// add takes the event at index.
func (c *orderCheck) add(index uint64, e eventRef) error {
	if err := c.ids.add(newRecord(e.id, index, isEvent)); err != nil {
		return err
	}
	for _, cause := range e.causes {
		if err := c.ids.add(newRecord(cause, index, isCause)); err != nil {
			return err
		}
	}
	return c.streams.add(newRecord(e.stream, index, uint64(e.version)))
}

// finish gives the number of streams, or the violation with the lowest index.
func (c *orderCheck) finish() (streams uint64, err error) {
	var first *Violation
	note := func(index uint64, format string, args ...any) {
		if first == nil || index < first.Index {
			first = &Violation{Breach: BadOrder, Index: index, Reason: fmt.Sprintf("entry %d: ", index) + fmt.Sprintf(format, args...)}
		}
	}
	err = c.ids.groups(func(g []orderRecord) {
		if c.resumed && !slices.ContainsFunc(g, func(r orderRecord) bool { return r.number() == isEvent }) {
			c.earlier++
			return
		}
		checkID(g, note)
	})
	if err != nil {
		return 0, err
	}
	err = c.streams.groups(func(g []orderRecord) {
		streams++
		first := uint64(1)
		if c.resumed {
			first = g[0].number()
		}
		checkStream(g, first, note)
	})
	if err == nil && first != nil {
		err = first
	}
	return streams, err
}

// checkID looks at every mention of one event id, by index.
func checkID(g []orderRecord, note func(uint64, string, ...any)) {
	id := fmt.Sprintf("%x", g[0][:16])
	at := slices.IndexFunc(g, func(r orderRecord) bool { return r.number() == isEvent })
	if at < 0 {
		note(g[0].index(), "its cause %s is not in the log", id)
		return
	}
	if at > 0 {
		note(g[0].index(), "it stands before its cause %s, which is entry %d", id, g[at].index())
	}
	for _, r := range g[at+1:] {
		if r.number() == isEvent {
			note(r.index(), "its id %s is that of entry %d", id, g[at].index())
			return
		}
	}
}

// checkStream looks at every event of one stream, by index; the versions begin
// at first.
func checkStream(g []orderRecord, first uint64, note func(uint64, string, ...any)) {
	for i := range g {
		if got, want := g[i].number(), first+uint64(i); got != want {
			note(g[i].index(), "it is version %d of its stream, where version %d must come", got, want)
			return
		}
	}
}

func (c *orderCheck) close() {
	c.ids.close()
	c.streams.close()
}

// orderTable is a set of records, spread over buckets.
type orderTable struct {
	parent  string // where the folder for files is made
	dir     string // the folder, empty while everything is in memory
	limit   int
	held    int // bytes in memory
	seed    maphash.Seed
	buckets [orderBuckets]struct {
		mem  []byte
		file *os.File
	}
}

func newOrderTable(parent string, limit int) *orderTable {
	return &orderTable{parent: parent, limit: limit, seed: maphash.MakeSeed()}
}

func (t *orderTable) add(r orderRecord) error {
	// A random seed keeps the log's author from choosing the bucket.
	b := &t.buckets[maphash.Bytes(t.seed, r[:16])%orderBuckets]
	b.mem = append(b.mem, r[:]...)
	if t.held += recordSize; t.held <= t.limit {
		return nil
	}
	return t.spill()
}

// spill moves what is in memory to the buckets' files.
func (t *orderTable) spill() (err error) {
	if t.dir == "" {
		if t.dir, err = os.MkdirTemp(t.parent, "audit-order-"); err != nil {
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

// groups gives the records of every key, ordered by index. A bucket is let go
// once it was given.
func (t *orderTable) groups(give func([]orderRecord)) error {
	for i := range t.buckets {
		recs, err := t.load(i)
		if err != nil {
			return err
		}
		slices.SortFunc(recs, func(a, b orderRecord) int { return bytes.Compare(a[:], b[:]) })
		for len(recs) > 0 {
			n := 1
			for n < len(recs) && bytes.Equal(recs[n][:16], recs[0][:16]) {
				n++
			}
			give(recs[:n])
			recs = recs[n:]
		}
	}
	return nil
}

func (t *orderTable) load(i int) ([]orderRecord, error) {
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
	recs := make([]orderRecord, len(data)/recordSize)
	for j := range recs {
		copy(recs[j][:], data[j*recordSize:])
	}
	return recs, nil
}

func (t *orderTable) close() {
	for i := range t.buckets {
		if f := t.buckets[i].file; f != nil {
			f.Close()
		}
	}
	if t.dir != "" {
		os.RemoveAll(t.dir)
	}
}
