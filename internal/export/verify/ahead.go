package verify

import (
	"bufio"
	"crypto/sha256"
	"hash"
	"io"

	"lerd/internal/fault"
)

// block is a piece of a file that a goroutine reads and hashes ahead.
type block struct {
	data []byte
	err  error
}

// ahead reads a file in a goroutine of its own, and hashes it in another.
type ahead struct {
	blocks chan block
	free   chan []byte
	stop   chan struct{}
	rest   []byte
	cur    []byte
	err    error
	sums   sums
}

// Blocks that are read ahead at most, and the size of the largest, in octets.
const (
	most    = 9
	largest = int64(256 << 10)
)

func (v *run) ahead(name string) (*ahead, error) {
	r, size, err := v.src.open(name)
	if err != nil {
		return nil, err
	}
	a := &ahead{blocks: make(chan block, 4), free: make(chan []byte, most), stop: make(chan struct{})}
	each := min(largest, max(size, 0)+1) // one more, to see that the file ends there
	for range min(most, size/largest+2) {
		a.free <- make([]byte, each)
	}
	raw := make(chan block, 4)
	go a.fill(r, raw)
	if sum, ok := v.known[name]; ok {
		go a.count(raw, sum)
	} else {
		go a.hash(raw, sha256.New())
	}
	return a, nil
}

// fill reads, and unpacks on the way.
func (a *ahead) fill(r io.ReadCloser, raw chan<- block) {
	defer r.Close() //nolint:errcheck // read only
	defer close(raw)
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.stop:
			return
		}
		n, err := io.ReadFull(r, buf[:cap(buf)])
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		raw <- block{buf[:n], err}
		if err != nil {
			return
		}
	}
}

// hash sums what was read, while the next block is unpacked.
func (a *ahead) hash(raw <-chan block, h hash.Hash) {
	defer close(a.blocks)
	for b := range raw {
		h.Write(b.data)
		a.sums.size += int64(len(b.data))
		if b.err == io.EOF {
			h.Sum(a.sums.sha256[:0])
		}
		a.blocks <- b
	}
}

// count is hash for a file whose digest is known.
func (a *ahead) count(raw <-chan block, sum [sha256.Size]byte) {
	defer close(a.blocks)
	for b := range raw {
		a.sums.size += int64(len(b.data))
		if b.err == io.EOF {
			a.sums.sha256 = sum
		}
		a.blocks <- b
	}
}

// Read gives what was read ahead.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		if a.cur != nil {
			a.free <- a.cur
		}
		b := <-a.blocks
		a.cur, a.rest, a.err = b.data, b.data, b.err
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// close ends the goroutine, wherever it is.
func (a *ahead) close() {
	close(a.stop)
	for range a.blocks { //nolint:revive // drain
	}
}

// digest reads a file to its end, or remembers.
func (v *run) digest(name string) (sums, error) {
	if s, ok := v.sums[name]; ok {
		return s, nil
	}
	a, err := v.ahead(name)
	if err != nil {
		return sums{}, err
	}
	if _, err := io.Copy(io.Discard, a); err != nil {
		a.close()
		return sums{}, err
	}
	v.sums[name] = a.sums
	return a.sums, v.ctx.Err()
}

// lines reads lines of bounded length.
type lines struct {
	*ahead
	name string
	buf  *bufio.Reader
}

const maxLine = 64 << 10

func (v *run) lines(name string) (*lines, error) {
	a, err := v.ahead(name)
	if err != nil {
		return nil, err
	}
	return &lines{ahead: a, name: name, buf: bufio.NewReaderSize(a, maxLine)}, nil
}

// next gives a line with its end; the slice is good until the next call.
func (l *lines) next() ([]byte, error) {
	line, err := l.buf.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return nil, fault.New(fault.Invalid, "A line of %s is longer than %d octets.", l.name, maxLine)
	}
	if err == io.EOF && len(line) > 0 {
		return nil, fault.New(fault.Invalid, "The last line of %s is cut off.", l.name)
	}
	return line, err
}

// end sees that nothing follows, and keeps the digests.
func (l *lines) end(v *run) error {
	if _, err := l.buf.ReadByte(); err != io.EOF {
		if err == nil {
			err = fault.New(fault.Invalid, "Something follows the end of %s.", l.name)
		}
		return err
	}
	v.sums[l.name] = l.sums
	return nil
}
