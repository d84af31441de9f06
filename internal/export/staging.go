package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
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
	b, err := os.ReadFile(filepath.Join(dir, stageIndex))
	if err != nil {
		return nil, err
	}
	s := &stage{}
	return s, json.Unmarshal(b, s)
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
	file *os.File
	buf  *bufio.Writer
	meta staged
	shut bool
}

func (st *stager) begin(name, mediaType string) (*stream, error) {
	blob := fmt.Sprintf("%03d.part", len(st.files))
	f, err := os.OpenFile(filepath.Join(st.dir, blob), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	st.files = append(st.files, staged{}) // keeps the place, so that the order is that of beginning
	s := &stream{st: st, file: f, buf: bufio.NewWriterSize(f, 256<<10),
		meta: staged{MediaType: mediaType, Blob: blob, Part: asic.Part{Name: name}}}
	s.Deflater = asic.NewDeflater(s.buf, name)
	return s, nil
}

// finish makes the file durable and lists it. Calling it again does nothing.
func (s *stream) finish(rows *int64) error {
	if s.shut {
		return nil
	}
	s.shut = true
	defer s.file.Close() //nolint:errcheck // after a failure only
	part, err := s.Deflater.Close()
	if err != nil {
		return err
	}
	if err := s.buf.Flush(); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.meta.Part, s.meta.Rows = part, rows
	for i := range s.st.files {
		if fmt.Sprintf("%03d.part", i) == s.meta.Blob {
			s.st.files[i] = s.meta
		}
	}
	return s.file.Close()
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
