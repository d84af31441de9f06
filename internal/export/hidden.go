package export

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// What waits on the disk for its encryption to the agency (staged contents, the
// container) is hidden: encrypted under a key that lives in this process's
// memory alone. A process that is killed leaves nothing that anybody could read;
// the next one cannot read it either, and makes the same contents again.

// ownKey is the process's block cipher. AES-256 in counter mode hides; that
// nothing was changed is for the digests and signatures to show.
var ownKey = sync.OnceValue(func() cipher.Block {
	key := make([]byte, 32)
	rand.Read(key) //nolint:errcheck // never fails: the program ends instead
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // a valid size
	}
	clear(key)
	return block
})

// nonceLen octets stand in front of each hidden file: the first half of the
// counter. The second half counts blocks.
const nonceLen = 8

func streamAt(nonce [nonceLen]byte, offset int64) cipher.Stream {
	var counter [aes.BlockSize]byte
	copy(counter[:], nonce[:])
	binary.BigEndian.PutUint64(counter[nonceLen:], uint64(offset)/aes.BlockSize)
	s := cipher.NewCTR(ownKey(), counter[:])
	if skip := offset % aes.BlockSize; skip > 0 {
		var b [aes.BlockSize]byte
		s.XORKeyStream(b[:skip], b[:skip])
	}
	return s
}

// hiddenWriter writes a hidden file.
type hiddenWriter struct {
	file   *os.File
	buf    *bufio.Writer
	stream cipher.Stream
	work   []byte
}

func createHidden(path string) (*hiddenWriter, error) {
	var nonce [nonceLen]byte
	rand.Read(nonce[:]) //nolint:errcheck // never fails: the program ends instead
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w := &hiddenWriter{file: f, buf: bufio.NewWriterSize(f, 32<<10), stream: streamAt(nonce, 0), work: make([]byte, 8<<10)}
	_, err = w.buf.Write(nonce[:])
	return w, err
}

// Write hides p; p stays as it is.
func (w *hiddenWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := min(len(p), len(w.work))
		w.stream.XORKeyStream(w.work[:n], p[:n])
		if _, err := w.buf.Write(w.work[:n]); err != nil {
			return 0, err
		}
		p = p[n:]
	}
	return total, nil
}

// Close does not sync: after a crash of the machine the file is of no use.
func (w *hiddenWriter) Close() error {
	err := w.buf.Flush()
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	return err
}

// hiddenFile reads one; safe for concurrent use.
type hiddenFile struct {
	file  *os.File
	nonce [nonceLen]byte
	size  int64
}

func openHidden(path string) (*hiddenFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	h := &hiddenFile{file: f}
	st, err := f.Stat()
	if err == nil {
		h.size = st.Size() - nonceLen
		_, err = f.ReadAt(h.nonce[:], 0)
	}
	if err != nil {
		f.Close() //nolint:errcheck // read only
		return nil, err
	}
	return h, nil
}

// ReadAt gives what was hidden.
func (h *hiddenFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := h.file.ReadAt(p, offset+nonceLen)
	streamAt(h.nonce, offset).XORKeyStream(p[:n], p[:n])
	return n, err
}

// Size is that of what was hidden, in octets.
func (h *hiddenFile) Size() int64 { return h.size }

// Close lets the file go.
func (h *hiddenFile) Close() error { return h.file.Close() }

// reader reads from the beginning.
func (h *hiddenFile) reader() io.Reader { return sequential(h, h.size) }

// sequential reads a file of so many octets from its beginning.
func sequential(r io.ReaderAt, size int64) io.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(min(size+1, 128<<10)))
}

// readHidden gives a small hidden file.
func readHidden(path string) ([]byte, error) {
	h, err := openHidden(path)
	if err != nil {
		return nil, err
	}
	defer h.Close() //nolint:errcheck // read only
	return io.ReadAll(h.reader())
}

// writeHidden makes dir/name with what fill writes, hidden: all of it, or no
// such name.
func (m *Maker) writeHidden(dir, name string, fill func(io.Writer) error) (err error) {
	tmp, err := m.tmpName(name)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, tmp)
	w, err := createHidden(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(path) //nolint:errcheck // Sweep takes what is left
		}
	}()
	err = fill(w)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(dir, name))
}
