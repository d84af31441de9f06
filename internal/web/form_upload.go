package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"lerd/internal/fault"
)

// UploadedFile is one file of a form, held in a nameless temporary file until
// the handler returns.
type UploadedFile struct {
	Field    string
	Name     string // the sender's, without folders and control characters: for display, never for a path
	Size     int64
	SHA256   string // hexadecimal
	Declared string // content type as the sender says; judge by the bytes
	file     *os.File
}

// Open gives a reader from the file's first byte.
func (u *UploadedFile) Open() (io.ReadSeeker, error) {
	_, err := u.file.Seek(0, io.SeekStart)
	return u.file, err
}

// Upload gives the file of a field. A field left empty gives fault.Invalid with
// its problem.
func (c *Ctx) Upload(field string) (*UploadedFile, error) {
	for _, u := range c.uploads {
		if u.Field == field {
			if u.Size == 0 {
				return nil, fault.Fields([]fault.Problem{{Field: field, Message: c.T("form.file_empty")}})
			}
			return u, nil
		}
	}
	return nil, fault.Fields([]fault.Problem{{Field: field, Message: c.T("form.file_missing")}})
}

// readMultipart streams the body: values into memory within the form limit,
// files to disk within the route's.
func (c *Ctx) readMultipart(boundary string) (url.Values, error) {
	r := multipart.NewReader(http.MaxBytesReader(c.Response(), c.Request().Body, c.limit()), boundary)
	values := url.Values{}
	left := int64(formLimit)
	for n := 0; ; n++ {
		part, err := r.NextPart()
		if err == io.EOF {
			return values, c.checkText(values)
		}
		if err != nil {
			return nil, err
		}
		if n >= maxFields {
			return nil, errBadForm{c.T("form.too_many_fields")}
		}
		if err := c.readPart(part, values, &left); err != nil {
			return nil, err
		}
	}
}

func (c *Ctx) readPart(part *multipart.Part, values url.Values, left *int64) error {
	if isFile(part) {
		return c.readFile(part)
	}
	b, err := io.ReadAll(io.LimitReader(part, *left+1))
	if err != nil {
		return err
	}
	if *left -= int64(len(b)); *left < 0 {
		return c.tooLarge(formLimit)
	}
	values.Add(part.FormName(), string(b))
	return nil
}

// isFile tells whether the part is a file input's, also one left empty.
func isFile(part *multipart.Part) bool {
	return strings.Contains(part.Header.Get("Content-Disposition"), "filename")
}

// readFile keeps one file on disk. A file input left empty sends an empty name
// and no bytes; it counts as no file.
func (c *Ctx) readFile(part *multipart.Part) (err error) {
	if c.Route.Body != Upload {
		return fault.New(fault.Unsupported, "%s", c.T("error.unsupported.text"))
	}
	u := &UploadedFile{Field: part.FormName(), Name: plainName(part.FileName()), Declared: part.Header.Get("Content-Type")}
	sum := sha256.New()
	if u.file, err = c.srv.tempFile(); err != nil {
		return fault.Because(fault.Unavailable, err, "%s", c.T("error.unavailable.text"))
	}
	c.uploads = append(c.uploads, u)
	if u.Size, err = copyTo(u.file, sum, part); err != nil {
		return err
	}
	u.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if u.Size == 0 && part.FileName() == "" {
		c.uploads = c.uploads[:len(c.uploads)-1]
		return u.file.Close()
	}
	return nil
}

// copyTo writes a part to disk and to the digest. A failing disk is our fault
// and says so; a failing reader is the sender's.
func copyTo(f *os.File, sum hash.Hash, part io.Reader) (int64, error) {
	n, err := io.Copy(io.MultiWriter(f, sum), part)
	var disk *os.PathError
	if errors.As(err, &disk) {
		return n, fault.Because(fault.Unavailable, err, "We could not store the file just now. Nothing was changed; please try again.")
	}
	return n, err
}

// tempFile makes a file that has no name once it is open, so that a crash
// leaves nothing behind.
func (s *Server) tempFile() (*os.File, error) {
	f, err := os.CreateTemp(s.cfg.TempDir, ".lerd-upload-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (c *Ctx) closeUploads() {
	for _, u := range c.uploads {
		u.file.Close()
	}
	c.uploads = nil
}

// plainName takes folders, control characters and direction marks out of a
// sender's file name and shortens it.
func plainName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x200b && r <= 0x200f) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0xfeff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if r := []rune(name); len(r) > 120 {
		name = string(r[:100]) + "…" + string(r[len(r)-19:])
	}
	if name == "." || name == "/" {
		return ""
	}
	return name
}
