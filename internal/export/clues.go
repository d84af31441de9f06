package export

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lerd/internal/fault"
)

// Clues gathers what can tell of which copy a file is: its digest, and every
// word in it that has the form of a mark, also inside containers and zips. Path may
// be a folder.
type Clues struct {
	Marks   map[string]bool
	Digests map[string]bool
}

const (
	maxMarks   = 1 << 20 // words that are kept
	maxNesting = 4       // of zips in zips
	maxMember  = 4 << 30 // octets that are read of one file in a zip
	markLength = 10
)

// FindClues reads a file, or every file below a folder.
func FindClues(path string) (c Clues, err error) {
	defer fault.Wrap(&err, "export.FindClues")
	c = Clues{map[string]bool{}, map[string]bool{}}
	err = filepath.WalkDir(path, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // read only
		st, err := f.Stat()
		if err != nil {
			return err
		}
		return c.file(f, st.Size(), 0)
	})
	return c, err
}

// file looks at one file, and into it where it is a zip.
func (c Clues) file(f io.ReaderAt, size int64, depth int) error {
	h := sha256.New()
	if err := c.words(io.TeeReader(io.NewSectionReader(f, 0, size), h)); err != nil {
		return err
	}
	c.Digests[hex.EncodeToString(h.Sum(nil))] = true
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || !bytes.Equal(magic[:], []byte("PK\x03\x04")) || depth >= maxNesting {
		return nil
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil //nolint:nilerr // no zip after all; its words were read
	}
	for _, e := range z.File {
		if err := c.member(e, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// member looks at a file in a zip: one that is a zip itself goes through a
// nameless file, since its end must be read first.
func (c Clues) member(e *zip.File, depth int) error {
	r, err := e.Open()
	if err != nil {
		return nil //nolint:nilerr // what cannot be unpacked gives no clue
	}
	defer r.Close() //nolint:errcheck // read only
	if !strings.HasSuffix(e.Name, ".asice") && !strings.HasSuffix(e.Name, ".zip") {
		return c.words(io.LimitReader(r, maxMember))
	}
	tmp, err := os.CreateTemp("", "lerd-trace-")
	if err != nil {
		return err
	}
	defer tmp.Close()           //nolint:errcheck // goes anyway
	defer os.Remove(tmp.Name()) //nolint:errcheck // best effort
	n, err := io.Copy(tmp, io.LimitReader(r, maxMember))
	if err != nil {
		return nil //nolint:nilerr // a broken member gives no clue
	}
	return c.file(tmp, n, depth)
}

// words keeps each run of letters and digits that has a mark's length.
func (c Clues) words(r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	word := make([]byte, 0, markLength+1)
	flush := func() {
		if len(word) == markLength && len(c.Marks) < maxMarks {
			c.Marks[string(word)] = true
		}
		word = word[:0]
	}
	for {
		b, err := in.ReadByte()
		if err != nil {
			flush()
			return nil //nolint:nilerr // a damaged stream gives the clues before its damage
		}
		switch {
		case b >= '0' && b <= '9', b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z':
			if len(word) <= markLength {
				word = append(word, b)
			}
		default:
			flush()
		}
	}
}
