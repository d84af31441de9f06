package asic

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
	"time"

	"lerd/internal/fault"
)

// Writer writes the zip. Every entry's sizes and checksum are known before it
// is written, so that local headers are complete and stored entries need no
// data descriptor, which the Commission's validator cannot read.
type Writer struct {
	zip  *zip.Writer
	buf  []byte // for copying
	date uint16
	time uint16
}

// NewWriter begins a zip whose entries all bear the same time, in UTC.
func NewWriter(w io.Writer, at time.Time, comment string) (*Writer, error) {
	at = at.UTC()
	z := &Writer{zip: zip.NewWriter(w), buf: make([]byte, 32<<10)}
	z.date = uint16(at.Year()-1980)<<9 | uint16(at.Month())<<5 | uint16(at.Day())
	z.time = uint16(at.Hour())<<11 | uint16(at.Minute())<<5 | uint16(at.Second()/2)
	return z, z.zip.SetComment(comment)
}

// Add copies a part, compressed as it is, from r.
func (z *Writer) Add(p Part, r io.Reader) error {
	w, err := z.begin(p)
	if err != nil {
		return err
	}
	return z.copy(w, p, r)
}

// AddAside is Add for a part whose octets have a place of their own: it calls begins
// when all before them are written, and ends when they are.
func (z *Writer) AddAside(p Part, r io.Reader, begins, ends func()) error {
	w, err := z.begin(p)
	if err != nil {
		return err
	}
	if err := z.zip.Flush(); err != nil {
		return err
	}
	begins()
	if err := errors.Join(z.copy(w, p, r), z.zip.Flush()); err != nil {
		return err
	}
	ends()
	return nil
}

// begin writes the header of a part.
func (z *Writer) begin(p Part) (io.Writer, error) {
	if err := CheckName(p.Name); err != nil {
		return nil, err
	}
	h := &zip.FileHeader{Name: p.Name, Method: zip.Deflate, CRC32: p.CRC32, ReaderVersion: 20, CreatorVersion: 20,
		CompressedSize64: uint64(p.Compressed), UncompressedSize64: uint64(p.Size)}
	// Never h.Modified: it adds an extra field, which mimetype must not have.
	//lint:ignore SA1019 the field that replaces them writes the extra field
	h.ModifiedDate, h.ModifiedTime = z.date, z.time
	if p.Stored {
		h.Method = zip.Store
	}
	if big := int64(1<<32 - 1); p.Compressed >= big || p.Size >= big {
		h.Flags, h.ReaderVersion = 0x8, 45 // sizes follow the data in 8 octets each
	}
	return z.zip.CreateRaw(h)
}

func (z *Writer) copy(w io.Writer, p Part, r io.Reader) error {
	n, err := io.CopyBuffer(w, r, z.buf)
	if err == nil && n != p.Compressed {
		err = fault.New(fault.Internal, "%s: %d octets in place of %d", p.Name, n, p.Compressed)
	}
	return err
}

// AddStored adds b uncompressed.
func (z *Writer) AddStored(name string, b []byte) (Part, error) {
	p := StoredPart(name, b)
	return p, z.Add(p, bytes.NewReader(b))
}

// AddDeflated compresses b, which is small, and adds it.
func (z *Writer) AddDeflated(name string, b []byte) (Part, error) {
	var out bytes.Buffer
	d := NewDeflater(&out, name)
	if _, err := d.Write(b); err != nil {
		return Part{}, err
	}
	p, err := d.Close()
	if err != nil {
		return p, err
	}
	return p, z.Add(p, &out)
}

// Close writes the central directory.
func (z *Writer) Close() error { return z.zip.Close() }

// StoredFile describes what r gives as a file that is not compressed; its
// SHA-512 stays empty.
func StoredFile(name string, r io.Reader) (Part, error) {
	p, crc, sum := Part{Name: name, Stored: true}, crc32.NewIEEE(), sha256.New()
	n, err := io.Copy(io.MultiWriter(crc, sum), r)
	p.Size, p.Compressed, p.CRC32 = n, n, crc.Sum32()
	sum.Sum(p.SHA256[:0])
	return p, err
}
