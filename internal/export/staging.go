package export

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	Blob      string // file name in the staging folder
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
	file *hiddenWriter
	meta staged
	shut bool
}

func (st *stager) begin(name, mediaType string) (*stream, error) {
	blob := fmt.Sprintf("%03d.part", len(st.files))
	f, err := createHidden(filepath.Join(st.dir, blob))
	if err != nil {
		return nil, err
	}
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
	for i := range s.st.files {
		if fmt.Sprintf("%03d.part", i) == s.meta.Blob {
			s.st.files[i] = s.meta
		}
	}
	return nil
}

func (st *stager) add(name, mediaType string, b []byte) error {
	s, err := st.begin(name, mediaType)
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(b).WriteTo(s)
	if ferr := s.finish(nil); err == nil {
		err = ferr
	}
	return err
}

func notPrepared(id string) error {
	return fault.New(fault.Conflict, "The export %s is not prepared, or its staging folder is gone. Prepare it again.", id)
}
