package bundle

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"strings"
)

// container looks at the directory of a zip for what two programs read as two
// bundles. The verifier looks at each octet; this is what a reader needs who has
// verified, or who wants to know that his program reads what others read.
// SPEC: ETSI EN 319 162-1 §A.1: mimetype is the first entry, stored.
func container(z *zip.Reader, file io.ReaderAt, size int64) *Fault {
	if !fills(z, file, size) {
		return wrong(Container, "", "something lies in front of it")
	}
	seen := map[string]bool{}
	for i, e := range z.File {
		name := strings.ToLower(e.Name)
		switch {
		case seen[name]:
			return wrong(Container, "", "a name stands twice in it, or differs in case alone")
		case e.Flags&1 != 0 || e.Method != zip.Store && e.Method != zip.Deflate:
			return wrong(Container, "", "an entry is encrypted, or packed in another way than deflate")
		}
		seen[name] = true
		if i > 0 {
			continue
		}
		const header = 30 // octets, before the name
		at, err := e.DataOffset()
		if err != nil || e.Name != "mimetype" || e.Method != zip.Store || at != int64(header+len(e.Name)) {
			return wrong(Container, "", "it does not begin with the entry mimetype")
		}
	}
	if len(z.File) == 0 {
		return wrong(Container, "", "it is empty")
	}
	return nil
}

// fills tells whether the directory lies where the file's last record says, which
// archive/zip does not ask. Where that record points to a larger one it is left.
func fills(z *zip.Reader, file io.ReaderAt, size int64) bool {
	var end [22]byte
	at := size - int64(len(end)+len(z.Comment))
	if _, err := file.ReadAt(end[:], at); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	length, offset := binary.LittleEndian.Uint32(end[12:]), binary.LittleEndian.Uint32(end[16:])
	return offset == math.MaxUint32 || int64(offset)+int64(length) == at
}

// broken makes a fault of an error about the zip itself. What the file system says
// stays as it is.
func broken(err error) error {
	var known *Fault
	var path *fs.PathError
	if errors.As(err, &known) || errors.As(err, &path) && !errors.Is(err, zip.ErrFormat) {
		return err
	}
	return wrong(Container, "", "it cannot be unpacked")
}
