package records

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
)

// distinctRun is how many ids are held in memory at most (8 bytes each).
const distinctRun = 1 << 20

// Distinct finds out in constant memory whether any of a stream of ids came
// twice: ids become 64-bit keyed hashes; full runs are sorted and laid in an
// unlinked temporary file, and merged at the end. Two different ids with the
// same hash would be taken as one id twice, which stops an answer that was
// right: at 10 million ids the odds are some 3 in a million.
type Distinct struct {
	seed  maphash.Seed
	limit int
	run   []uint64
	file  *os.File
	runs  []int64 // start of each run in the file, in bytes
	size  int64
	twice bool
}

// NewDistinct begins with no ids; who has it closes it.
func NewDistinct() *Distinct { return newDistinct(distinctRun) }

func newDistinct(limit int) *Distinct {
	return &Distinct{seed: maphash.MakeSeed(), limit: limit}
}

// Add takes one more id; an error means that the temporary file cannot be written.
func (d *Distinct) Add(id string) error {
	d.run = append(d.run, maphash.String(d.seed, id))
	if len(d.run) < d.limit {
		return nil
	}
	return d.spill()
}

// sortRun sorts the run in memory and notes equal neighbours.
func (d *Distinct) sortRun() {
	slices.Sort(d.run)
	for i := 1; i < len(d.run); i++ {
		d.twice = d.twice || d.run[i] == d.run[i-1]
	}
}

func (d *Distinct) spill() error {
	if err := d.open(); err != nil {
		return err
	}
	d.sortRun()
	w := bufio.NewWriterSize(d.file, 1<<16)
	for _, h := range d.run {
		w.Write(binary.LittleEndian.AppendUint64(w.AvailableBuffer(), h))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("record ids: %w", err)
	}
	d.runs = append(d.runs, d.size)
	d.size += int64(8 * len(d.run))
	d.run = d.run[:0]
	return nil
}

func (d *Distinct) open() error {
	if d.file != nil {
		return nil
	}
	f, err := os.CreateTemp("", "lerd-ids-")
	if err != nil {
		return fmt.Errorf("record ids: %w", err)
	}
	os.Remove(f.Name()) // the open file stays; nothing is left behind after a crash
	d.file = f
	return nil
}

// AnyTwice tells whether any id came twice.
func (d *Distinct) AnyTwice() (bool, error) {
	d.sortRun()
	if d.twice || len(d.runs) == 0 {
		return d.twice, nil
	}
	heads, err := d.heads()
	if err != nil {
		return false, err
	}
	return merge(heads)
}

// cursor walks one sorted run.
type cursor struct {
	head uint64
	r    io.Reader
}

func (c *cursor) next() (bool, error) {
	var b [8]byte
	_, err := io.ReadFull(c.r, b[:])
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	c.head = binary.LittleEndian.Uint64(b[:])
	return err == nil, err
}

func (d *Distinct) heads() ([]*cursor, error) {
	if err := d.spill(); err != nil {
		return nil, err
	}
	var cs []*cursor
	for i, start := range d.runs {
		end := d.size
		if i+1 < len(d.runs) {
			end = d.runs[i+1]
		}
		c := &cursor{r: bufio.NewReaderSize(io.NewSectionReader(d.file, start, end-start), 1<<15)}
		ok, err := c.next()
		if err != nil {
			return nil, err
		}
		if ok {
			cs = append(cs, c)
		}
	}
	return cs, nil
}

// merge walks all runs in order and tells whether a value comes twice.
func merge(cs []*cursor) (bool, error) {
	var last uint64
	for n := 0; len(cs) > 0; n++ {
		low := 0
		for i := range cs {
			if cs[i].head < cs[low].head {
				low = i
			}
		}
		if n > 0 && cs[low].head == last {
			return true, nil
		}
		last = cs[low].head
		ok, err := cs[low].next()
		if err != nil {
			return false, err
		}
		if !ok {
			cs = slices.Delete(cs, low, low+1)
		}
	}
	return false, nil
}

// Close lets the temporary file go.
func (d *Distinct) Close() {
	if d.file != nil {
		d.file.Close()
	}
}
