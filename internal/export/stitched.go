package export

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"sort"

	"lerd/internal/export/asic"
)

// A container waits for its encryption in more than one file. Large staged files stay
// where they were staged: a copy of each would be a third of all that a release writes.
// The file of the container's name has the rest (headers, small files, manifests,
// signatures), and behind it which octets lie where. All of it is hidden (hidden.go).

// piece is a run of octets of a container.
type piece struct {
	Blob string `json:"blob,omitempty"` // a whole staged file; empty: the next octets of the container's own file
	Len  int64  `json:"len"`
}

// stitcher writes a container's own file. What it is given while it lies in a staged
// file is counted and not kept.
type stitcher struct {
	own    io.Writer
	pieces []piece
}

// lies says where the octets lie that are written from now on; empty: nowhere yet.
func (s *stitcher) lies(blob string) { s.pieces = append(s.pieces, piece{Blob: blob}) }

// Write keeps p, unless it lies in a staged file.
func (s *stitcher) Write(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		s.lies("")
	}
	at := &s.pieces[len(s.pieces)-1]
	n := len(p)
	if at.Blob == "" {
		var err error
		if n, err = s.own.Write(p); err != nil {
			return n, err
		}
	}
	at.Len += int64(n)
	return n, nil
}

// close writes what lies where.
func (s *stitcher) close() error {
	b, err := json.Marshal(s.pieces)
	if err != nil {
		return err
	}
	_, err = s.own.Write(binary.BigEndian.AppendUint64(b, uint64(len(b))))
	return err
}

// maxPieces bounds the list of pieces, in octets.
const maxPieces = 1 << 20

// stretch is a piece, with the file that it lies in.
type stretch struct {
	piece
	at, offset int64 // in the container, and in the file
	file       *hiddenFile
}

// stitched reads a container; safe for concurrent use.
type stitched struct {
	stretches []stretch
	size      int64
	files     []io.Closer
}

// openContainer opens a container by the file of its name. One that another process
// hid from this one is fs.ErrNotExist.
func (m *Maker) openContainer(exportID string) (_ *stitched, err error) {
	own, err := openHidden(filepath.Join(m.Dir, exportID+".asice"))
	if err != nil {
		return nil, err
	}
	s := &stitched{files: []io.Closer{own}}
	defer func() {
		if err != nil {
			s.Close() //nolint:errcheck // read only
		}
	}()
	pieces, err := piecesOf(own)
	if err != nil {
		return nil, err
	}
	ends := int64(0)
	for _, p := range pieces {
		x := stretch{piece: p, at: s.size, file: own}
		if p.Blob == "" {
			x.offset, ends = ends, ends+p.Len
		} else if x.file, err = m.openStaged(exportID, p); err != nil {
			return nil, err
		} else {
			s.files = append(s.files, x.file)
		}
		s.stretches, s.size = append(s.stretches, x), s.size+p.Len
	}
	return s, nil
}

// piecesOf reads what lies where.
func piecesOf(own *hiddenFile) (pieces []piece, err error) {
	var end [8]byte
	room := own.size - int64(len(end))
	if room < 0 {
		return nil, fs.ErrNotExist
	}
	if _, err := own.ReadAt(end[:], room); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint64(end[:])
	if n > maxPieces || int64(n) > room {
		return nil, fs.ErrNotExist
	}
	b := make([]byte, n)
	if _, err := own.ReadAt(b, room-int64(n)); err != nil {
		return nil, err
	}
	if json.Unmarshal(b, &pieces) != nil {
		return nil, fs.ErrNotExist
	}
	left := room - int64(n)
	for _, p := range pieces {
		if p.Len < 0 || p.Len > math.MaxInt64/maxPieces {
			return nil, fs.ErrNotExist
		}
		if p.Blob == "" {
			left -= p.Len
		}
	}
	if left != 0 {
		return nil, fs.ErrNotExist
	}
	return pieces, nil
}

func (m *Maker) openStaged(exportID string, p piece) (*hiddenFile, error) {
	f, err := openHidden(filepath.Join(m.stagingDir(exportID), filepath.Base(p.Blob)))
	if err != nil {
		return nil, err
	}
	if f.size != p.Len {
		return nil, errors.Join(fs.ErrNotExist, f.Close())
	}
	return f, nil
}

// ReadAt gives octets of the container.
func (s *stitched) ReadAt(p []byte, offset int64) (n int, err error) {
	i := sort.Search(len(s.stretches), func(i int) bool { return s.stretches[i].at+s.stretches[i].Len > offset })
	for ; n < len(p) && i < len(s.stretches); i++ {
		x := &s.stretches[i]
		in := offset + int64(n) - x.at
		m := int(min(int64(len(p)-n), x.Len-in))
		got, err := x.file.ReadAt(p[n:n+m], x.offset+in)
		if n += got; got < m {
			return n, errors.Join(io.ErrUnexpectedEOF, err)
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Size is that of the container, in octets.
func (s *stitched) Size() int64 { return s.size }

// Close lets the files go.
func (s *stitched) Close() (err error) {
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// reader reads from the beginning; closing it closes the container.
func (s *stitched) reader() io.ReadCloser { return fromStart{sequential(s, s.size), s} }

type fromStart struct {
	io.Reader
	io.Closer
}

// containerPart describes the container as an entry that is not compressed.
func (m *Maker) containerPart(exportID string) (asic.Part, error) {
	s, err := m.openContainer(exportID)
	if err != nil {
		return asic.Part{}, err
	}
	defer s.Close() //nolint:errcheck // read only
	return asic.StoredFile(exportID+".asice", s.reader())
}
