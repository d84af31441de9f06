package requests

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// spoolHeld is how many records a spool holds in memory; further ones go to its file.
const spoolHeld = 10_000

// spool keeps records whose end has to be seen before they are used: of a release on
// their way from the source into the database, where order, numbers and digest are
// known only then, and of a snapshot until it is known to be what was sealed. There may
// be more than memory should hold. What does not fit lies in an unlinked temporary file, encrypted
// under a key that is nowhere else.
type spool struct {
	limit    int // spoolHeld, less in tests
	held     []Record
	file     *os.File
	key      []byte // AES-256 in counter mode, from zero: it encrypts this one file
	out      *bufio.Writer
	digest   *Digester
	total    int
	phones   int
	finished bool
}

func newSpool() *spool { return &spool{limit: spoolHeld, digest: NewDigester()} }

// add takes the next record and gives it its number.
func (s *spool) add(r Record) error {
	s.total++
	r.Ordinal = s.total
	if r.Phone != nil {
		s.phones++
	}
	raw := r.Line()
	s.digest.add(raw)
	if len(s.held) < s.limit {
		s.held = append(s.held, r)
		return nil
	}
	if err := s.open(); err != nil {
		return err
	}
	if _, err := s.out.Write(raw); err != nil {
		return fmt.Errorf("frozen records: %w", err)
	}
	return nil
}

func (s *spool) open() error {
	if s.file != nil {
		return nil
	}
	f, err := unlinked("lerd-freeze-")
	if err != nil {
		return fmt.Errorf("frozen records: %w", err)
	}
	s.key = make([]byte, 32)
	rand.Read(s.key)
	s.file, s.out = f, bufio.NewWriterSize(cipher.StreamWriter{S: s.stream(), W: f}, 1<<16)
	return nil
}

// unlinked makes a temporary file without a name.
func unlinked(pattern string) (*os.File, error) {
	f, err := os.CreateTemp("", pattern)
	if err == nil {
		os.Remove(f.Name()) // the open file stays; nothing is left behind after a crash
	}
	return f, err
}

func (s *spool) stream() cipher.Stream {
	block, err := aes.NewCipher(s.key)
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	return cipher.NewCTR(block, make([]byte, aes.BlockSize))
}

// sum ends the spool and gives the digest of its records.
func (s *spool) sum() (string, error) {
	if s.out != nil {
		if err := s.out.Flush(); err != nil {
			return "", fmt.Errorf("frozen records: %w", err)
		}
	}
	s.finished = true
	return s.digest.Sum(), nil
}

// rows gives the records in their order, after sum, as often as it is asked: a
// transaction may have to be done again.
func (s *spool) rows() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if !s.finished {
			yield(Record{}, errors.New("frozen records: read before their end"))
			return
		}
		for _, r := range s.held {
			if !yield(r, nil) {
				return
			}
		}
		if s.file == nil {
			return
		}
		stopped, err := s.fromFile(yield)
		if err != nil && !stopped {
			yield(Record{}, fmt.Errorf("frozen records: %w", err))
		}
	}
}

func (s *spool) fromFile(yield func(Record, error) bool) (stopped bool, err error) {
	in := bufio.NewReaderSize(cipher.StreamReader{S: s.stream(), R: io.NewSectionReader(s.file, 0, 1<<62)}, 1<<16)
	for n := len(s.held); n < s.total; n++ {
		raw, err := in.ReadBytes('\n')
		if err != nil {
			return false, err
		}
		r, err := readLine(bytes.TrimSuffix(raw, []byte("\n")))
		if err != nil {
			return false, err
		}
		if !yield(r, nil) {
			return true, nil
		}
	}
	return false, nil
}

// close lets the file go.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// readLine reads a record from its canonical line, without the line feed, and refuses
// every other form. Its errors do not quote the contents.
func readLine(raw []byte) (Record, error) {
	var l line
	if json.Unmarshal(raw, &l) != nil {
		return Record{}, errLine
	}
	r, err := l.record()
	if err != nil || !bytes.Equal(bytes.TrimSuffix(r.Line(), []byte("\n")), raw) {
		return Record{}, errLine
	}
	return r, nil
}

var errLine = errors.New("a record is not of the form in which it was written")
