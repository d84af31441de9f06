package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"lerd/internal/export/asic"
	"lerd/internal/fault"
)

// staged is a file that waits, compressed, for the container.
type staged struct {
	asic.Part
	MediaType string
	Root      bool
	Rows      *int64
	Blob      string // file name in the staging folder; empty where Data holds it
	Data      []byte // of a small file, compressed
}

// stage is the index of a staging folder; it is written last.
type stage struct {
	ExportID     string
	HeaderSHA256 string // of what the caller gave, to notice other contents under the same id
	Header       Header
	Signer       SignerID
	Roots        [][]byte
	PublishedAt  string
	Phones, IPs  int64
	Absences     []Absence
	Files        []staged
}

const stageIndex = "index.json"

func loadStage(dir string) (*stage, error) {
	b, err := readHidden(filepath.Join(dir, stageIndex))
	if err != nil {
		return nil, err
	}
	s := &stage{}
	if json.Unmarshal(b, s) != nil { // of another process, which hid it from this one
		return nil, fs.ErrNotExist
	}
	return s, nil
}

func (s *stage) file(name string) *staged {
	for i := range s.Files {
		if s.Files[i].Name == name {
			return &s.Files[i]
		}
	}
	return nil
}

// stager fills a staging folder.
type stager struct {
	dir   string
	files []staged
}

// stream is one file on its way into the staging folder.
type stream struct {
	*asic.Deflater
	st   *stager
	file *spool
	meta staged
	shut bool
}

func (st *stager) begin(name, mediaType string) (*stream, error) {
	blob := fmt.Sprintf("%03d.part", len(st.files))
	f := &spool{path: filepath.Join(st.dir, blob)}
	st.files = append(st.files, staged{}) // keeps the place, so that the order is that of beginning
	s := &stream{st: st, file: f, meta: staged{MediaType: mediaType, Blob: blob, Part: asic.Part{Name: name}}}
	s.Deflater = asic.NewDeflater(f, name)
	return s, nil
}

// finish ends the file and lists it. Calling it again does nothing.
func (s *stream) finish(rows *int64) error {
	if s.shut {
		return nil
	}
	s.shut = true
	part, err := s.Deflater.Close()
	if cerr := s.file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	s.meta.Part, s.meta.Rows = part, rows
	blob := s.meta.Blob
	if s.file.file == nil {
		s.meta.Blob, s.meta.Data = "", s.file.small
	}
	for i := range s.st.files {
		if fmt.Sprintf("%03d.part", i) == blob {
			s.st.files[i] = s.meta
		}
	}
	return nil
}

// add stages a small file in the index itself: two dozen files of a few
// kilobytes would cost more to make than to compress.
func (st *stager) add(name, mediaType string, b []byte) error {
	f, err := packed(name, mediaType, b)
	if err == nil {
		st.files = append(st.files, f)
	}
	return err
}

// packed compresses a small file.
func packed(name, mediaType string, b []byte) (staged, error) {
	var out bytes.Buffer
	d := asic.NewDeflater(&out, name)
	if _, err := d.Write(b); err != nil {
		return staged{}, err
	}
	part, err := d.Close()
	return staged{Part: part, MediaType: mediaType, Data: out.Bytes()}, err
}

// open gives a staged file as it will lie in the container.
func (f *staged) open(dir string) (io.ReadCloser, error) {
	if f.Blob == "" {
		return io.NopCloser(bytes.NewReader(f.Data)), nil
	}
	h, err := openHidden(filepath.Join(dir, f.Blob))
	if err != nil {
		return nil, err
	}
	return fromStart{h.reader(), h}, nil
}

func notPrepared(id string) error {
	return fault.New(fault.Conflict, "The export %s is not prepared, or its staging folder is gone. Prepare it again.", id)
}
