package verify

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
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
	cur    []byte
	err    error
	sums   sums
}

// Blocks that are read ahead at most, and their size in octets.
const (
	most    = 9
	largest = int64(256 << 10)
)

func (v *run) ahead(name string) (*ahead, error) {
	r, size, err := v.src.open(name)
	if err != nil {
		return nil, err
	}
	sum, known := v.known[name]
	if size < largest {
		data, err := readSized(r, name, size)
		if !known {
			sum = sha256.Sum256(data)
		}
		return atOnce(data, sum), errors.Join(err, r.Close())
	}
	a := &ahead{blocks: make(chan block, 4), free: make(chan []byte, most), stop: make(chan struct{})}
	for range min(most, size/largest+2) {
		a.free <- make([]byte, largest)
	}
	raw := make(chan block, 4)
	go a.fill(r, raw)
	if known {
		go a.count(raw, sum)
	} else {
		go a.hash(raw, sha256.New())
	}
	return a, nil
}

// atOnce is a small file that was read, for which goroutines would cost more than
// they save.
func atOnce(data []byte, sum [sha256.Size]byte) *ahead {
	a := &ahead{blocks: make(chan block, 1), free: make(chan []byte, 1), stop: make(chan struct{})}
	a.sums = sums{int64(len(data)), sum}
	a.blocks <- block{data, io.EOF}
	close(a.blocks)
	return a
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

// next gives what was read ahead, block by block, and io.EOF after the last; a
// block is good until the next call.
func (a *ahead) next() ([]byte, error) {
	for a.err == nil {
		if a.cur != nil {
			a.free <- a.cur
		}
		b := <-a.blocks
		a.cur, a.err = b.data, b.err
		if len(b.data) > 0 {
			return b.data, nil
		}
	}
	return nil, a.err
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
	for err == nil {
		_, err = a.next()
	}
	if err != io.EOF {
		a.close()
		return sums{}, err
	}
	v.sums[name] = a.sums
	return a.sums, v.ctx.Err()
}
