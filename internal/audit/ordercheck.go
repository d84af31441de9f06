package audit

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// orderCheck verifies what only a look at the whole log can tell: that event ids
// are unique, that every stream's versions are dense from 1 in the log's order,
// and that every cause stands before its effect.
//
// It keeps 32 bytes for each event id, for each event's place in its stream and
// for each cause, up to a limit in memory and beyond it in temporary files that
// are spread over buckets by key, so that one bucket at a time can be put in order. A
// log of 10 million events with a cause each takes about 1 GB of temporary
// disk and, beside the limit, twice the memory of the largest bucket: 1/64 of that,
// unless a single stream or cause is in most of the events.
type orderCheck struct {
	ids     *Spill // event ids and the causes that name them
	streams *Spill
	// resumed: the log begins in the middle. A stream may begin with any version,
	// and a cause may stand among the entries before; earlier counts these.
	resumed bool
	earlier uint64
}

// A record is key (16 bytes), the event's index (8, big-endian) and a number
// (8, big-endian): byte order is then order by key and index. The number is the
// version in a stream, or for ids isEvent or isCause.
const recordSize = SpillKey + 16

const (
	isEvent = 0
	isCause = 1
)

func addRecord(t *Spill, key [SpillKey]byte, index, number uint64) error {
	var r [recordSize]byte
	copy(r[:], key[:])
	binary.BigEndian.PutUint64(r[SpillKey:], index)
	binary.BigEndian.PutUint64(r[SpillKey+8:], number)
	return t.Add(r[:])
}

func indexOf(r []byte) uint64  { return binary.BigEndian.Uint64(r[SpillKey:]) }
func numberOf(r []byte) uint64 { return binary.BigEndian.Uint64(r[SpillKey+8:]) }

// aboutEvent tells an event's own record from that of a cause.
func aboutEvent(r []byte) bool { return numberOf(r) == isEvent }

// newOrderCheck makes a check that holds at most memory bytes of records before
// it writes them to files in a new folder of dir. Close removes them.
func newOrderCheck(dir string, memory int) *orderCheck {
	return &orderCheck{ids: NewSpill(dir, recordSize, memory/2), streams: NewSpill(dir, recordSize, memory/2)}
}

// add takes the event at index.
func (c *orderCheck) add(index uint64, e eventRef) error {
	if err := addRecord(c.ids, e.id, index, isEvent); err != nil {
		return err
	}
	for _, cause := range e.causes {
		if err := addRecord(c.ids, cause, index, isCause); err != nil {
			return err
		}
	}
	return addRecord(c.streams, e.stream, index, uint64(e.version))
}

// finish gives the number of streams, or the violation with the lowest index.
func (c *orderCheck) finish() (streams uint64, err error) {
	var first *Violation
	note := func(index uint64, format string, args ...any) {
		if first == nil || index < first.Index {
			first = &Violation{Breach: BadOrder, Index: index, Reason: fmt.Sprintf("entry %d: ", index) + fmt.Sprintf(format, args...)}
		}
	}
	err = c.ids.Groups(func(g [][]byte) error {
		if c.resumed && !slices.ContainsFunc(g, aboutEvent) {
			c.earlier++
			return nil
		}
		checkID(g, note)
		return nil
	})
	if err != nil {
		return 0, err
	}
	err = c.streams.Groups(func(g [][]byte) error {
		streams++
		first := uint64(1)
		if c.resumed {
			first = numberOf(g[0])
		}
		checkStream(g, first, note)
		return nil
	})
	if err == nil && first != nil {
		err = first
	}
	return streams, err
}

// checkID looks at every mention of one event id, by index.
func checkID(g [][]byte, note func(uint64, string, ...any)) {
	id := fmt.Sprintf("%x", g[0][:16])
	at := slices.IndexFunc(g, aboutEvent)
	if at < 0 {
		note(indexOf(g[0]), "its cause %s is not in the log", id)
		return
	}
	if at > 0 {
		note(indexOf(g[0]), "it stands before its cause %s, which is entry %d", id, indexOf(g[at]))
	}
	for _, r := range g[at+1:] {
		if aboutEvent(r) {
			note(indexOf(r), "its id %s is that of entry %d", id, indexOf(g[at]))
			return
		}
	}
}

// checkStream looks at every event of one stream, by index; the versions begin
// at first.
func checkStream(g [][]byte, first uint64, note func(uint64, string, ...any)) {
	for i := range g {
		if got, want := numberOf(g[i]), first+uint64(i); got != want {
			note(indexOf(g[i]), "it is version %d of its stream, where version %d must come", got, want)
			return
		}
	}
}

func (c *orderCheck) close() {
	c.ids.Close()
	c.streams.Close()
}
