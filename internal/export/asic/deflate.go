package asic

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	chunkSize = 1 << 20  // uncompressed octets per parallel job
	dictSize  = 32 << 10 // the window of deflate, given to the next chunk
	// level 1 is twice as fast as 6 and within 2 % of its size on tables.
	level = 1
)

// Part is a file of a container, as it will lie there.
type Part struct {
	Name       string
	Stored     bool // not compressed
	CRC32      uint32
	Size       int64 // uncompressed octets
	Compressed int64 // octets in the container
	SHA256     [sha256.Size]byte
	Packed     [sha256.Size]byte // digest of the octets in the container
}

// Deflater compresses in parallel chunks and hashes while it does. Its output
// does not depend on the number of processors. Memory is bounded by a few
// chunks per processor.
type Deflater struct {
	w       io.Writer
	part    Part
	current *job
	queue   chan *job
	free    chan *job
	done    chan error
	hashes  chan *job
	sha256  hash.Hash
	packed  hash.Hash
	failed  chan struct{}
	once    sync.Once
}

// job is one chunk on its way: dictionary, data, and what came of it.
type job struct {
	buf        []byte // dictionary, then data
	dict       int    // octets of buf that are the dictionary
	out        bytes.Buffer
	err        error
	compressed sync.WaitGroup
	hashed     sync.WaitGroup
}

// jobs are used again from file to file.
var jobs = sync.Pool{New: func() any { return &job{} }}

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, level)
	if err != nil {
		panic(err) // a valid level
	}
	return w
}}

// NewDeflater begins a compressed file that goes to w as a raw deflate stream.
func NewDeflater(w io.Writer, name string) *Deflater {
	depth := runtime.GOMAXPROCS(0) + 1
	d := &Deflater{w: w, part: Part{Name: name}, queue: make(chan *job, depth), free: make(chan *job, depth),
		hashes: make(chan *job, depth), done: make(chan error, 1), failed: make(chan struct{}),
		sha256: sha256.New(), packed: sha256.New()}
	for range depth {
		d.free <- nil // made when it is needed: most files are smaller than a chunk
	}
	go d.hash()
	go d.collect()
	return d
}

// take gives a place's job, or one from the pool where it has none yet.
func (d *Deflater) take(j *job) *job {
	if j == nil {
		j = jobs.Get().(*job)
		j.buf, j.dict, j.err = j.buf[:0], 0, nil
	}
	return j
}

// Write takes uncompressed octets.
func (d *Deflater) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if d.current == nil {
			d.current = d.take(<-d.free)
		}
		n := min(len(p), d.current.dict+chunkSize-len(d.current.buf))
		d.current.buf = append(d.current.buf, p[:n]...)
		p = p[n:]
		if len(d.current.buf) == d.current.dict+chunkSize {
			if err := d.flush(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// flush hands the current chunk to the workers and prepares the next one with
// the end of this as its dictionary.
func (d *Deflater) flush() error {
	j := d.current
	d.current = nil
	var next *job
	select {
	case next = <-d.free:
		next = d.take(next)
	case <-d.failed:
		return io.ErrClosedPipe
	}
	tail := j.buf[max(0, len(j.buf)-dictSize):]
	next.buf, next.dict = append(next.buf[:0], tail...), len(tail)
	j.compressed.Add(1)
	j.hashed.Add(1)
	go j.compress()
	d.hashes <- j
	d.queue <- j
	d.current = next
	return nil
}

func (j *job) compress() {
	defer j.compressed.Done()
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	j.out.Reset()
	w.ResetDict(&j.out, j.buf[:j.dict])
	if _, j.err = w.Write(j.buf[j.dict:]); j.err == nil {
		j.err = w.Flush() // ends on an octet, so that chunks can be put one behind the other
	}
}

func (d *Deflater) hash() {
	for j := range d.hashes {
		data := j.buf[j.dict:]
		d.part.CRC32 = crc32.Update(d.part.CRC32, crc32.IEEETable, data)
		d.sha256.Write(data)
		d.part.Size += int64(len(data))
		j.hashed.Done()
	}
}

// collect writes the chunks in order and gives their buffers back.
func (d *Deflater) collect() {
	var first error
	for j := range d.queue {
		j.compressed.Wait()
		j.hashed.Wait()
		if first == nil {
			first = j.err
		}
		if first == nil {
			first = d.put(j.out.Bytes())
		}
		if first != nil {
			d.once.Do(func() { close(d.failed) })
		}
		d.free <- j
	}
	d.done <- first
}

// Close ends the stream and gives the part; w is not closed.
func (d *Deflater) Close() (Part, error) {
	var err error
	if d.current != nil && len(d.current.buf) > d.current.dict {
		err = d.flush()
	}
	close(d.hashes)
	close(d.queue)
	werr := <-d.done
	d.giveBack()
	if werr != nil {
		return Part{}, werr
	}
	if err != nil {
		return Part{}, err
	}
	err = d.put([]byte{3, 0}) // an empty last block
	d.sha256.Sum(d.part.SHA256[:0])
	d.packed.Sum(d.part.Packed[:0])
	return d.part, err
}

// put writes packed octets and counts them.
func (d *Deflater) put(b []byte) error {
	d.packed.Write(b)
	n, err := d.w.Write(b)
	d.part.Compressed += int64(n)
	return err
}

// giveBack returns the jobs to the pool, once nobody works on them.
func (d *Deflater) giveBack() {
	if d.current != nil {
		jobs.Put(d.current)
		d.current = nil
	}
	for len(d.free) > 0 {
		if j := <-d.free; j != nil {
			jobs.Put(j)
		}
	}
}

// StoredPart describes b as a file that is not compressed.
func StoredPart(name string, b []byte) Part {
	sum := sha256.Sum256(b)
	return Part{Name: name, Stored: true, CRC32: crc32.ChecksumIEEE(b), Size: int64(len(b)), Compressed: int64(len(b)), SHA256: sum, Packed: sum}
}
