package export

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"strings"

	"lerd/internal/export/asic"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
)

// The digest of each file of records is taken once: while the file is packed,
// from the very buffer that is packed. The packed octets get a digest of their
// own in the same pass, and are held against it when they go from the staging
// folder into the container; the container's digest is taken of what goes to the
// disk. When the release verifies the container, it reads all of it from the
// disk and takes its digest: if it is that digest, the packed octets are those
// of which the contents' digests are known, and the verifier need not take these
// again. It unpacks the records all the same, and holds sizes, check sums and each
// row of them against one another.

// What is known goes with the Sealed that Seal gives, and is kept nowhere else:
// whoever reads a sealed container anew takes every digest again.

// packedOf describes a container that was just written.
func packedOf(container [sha256.Size]byte, files []staged) *verify.Packed {
	known := verify.Packed{Container: container, Files: map[string][sha256.Size]byte{}}
	for _, f := range files {
		if strings.HasPrefix(f.Name, "data/records/") {
			known.Files[f.Name] = f.SHA256
		}
	}
	return &known
}

// summing passes octets on and describes them as a file that is not compressed.
type summing struct {
	w    io.Writer
	part asic.Part
	sum  hash.Hash
}

func newSumming(w io.Writer, name string) *summing {
	return &summing{w: w, part: asic.Part{Name: name, Stored: true}, sum: sha256.New()}
}

// Write passes p on.
func (s *summing) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.sum.Write(p[:n])
	s.part.CRC32 = crc32.Update(s.part.CRC32, crc32.IEEETable, p[:n])
	s.part.Size += int64(n)
	return n, err
}

func (s *summing) done() asic.Part {
	s.part.Compressed = s.part.Size
	s.sum.Sum(s.part.SHA256[:0])
	return s.part
}

// besideStep is how much beside hands over at a time, in octets.
const besideStep = 256 << 10

// beside has r read in a goroutine while f works on what it gave before.
func beside(r io.Reader, f func(io.Reader) error) error {
	out, in := io.Pipe()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, err := io.CopyBuffer(in, r, make([]byte, besideStep))
		in.CloseWithError(err) //nolint:errcheck // gives none
	}()
	err := f(bufio.NewReaderSize(out, besideStep))
	out.CloseWithError(err) //nolint:errcheck // gives none
	<-read
	return err
}

// asPacked reads the packed octets of a staged file and, at their end, refuses
// others than were packed.
type asPacked struct {
	r    io.Reader
	part *asic.Part
	sum  hash.Hash
}

// Read reads.
func (a *asPacked) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	a.sum.Write(p[:n])
	if err == io.EOF && [sha256.Size]byte(a.sum.Sum(nil)) != a.part.Packed {
		return n, fault.Because(fault.Internal, errSpoilt, "%s: other octets lie in the staging folder than were packed", a.part.Name)
	}
	return n, err
}

// errSpoilt is why a staged file is of no use any more.
var errSpoilt = errors.New("a staged file is not what was packed")
