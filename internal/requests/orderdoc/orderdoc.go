// Package orderdoc takes in the document of an order: it accepts a plain PDF
// and refuses everything else, and it draws pages as pixels for the reviewer.
//
// Invariants:
//   - every byte of an accepted file is accounted for: header, objects, cross
//     references, end; there is no place where a second file or a hidden
//     object could lie;
//   - nothing in an accepted file acts: no script, launch, attachment, form
//     that submits, or media;
//   - work is bounded by Limits whatever the file says of itself;
//   - the original is never shown: people see pixels that were drawn in a
//     separate process and encoded anew.
package orderdoc

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"strings"

	"lerd/internal/fault"
)

// Limits bound the work that one document may cause.
type Limits struct {
	MaxBytes    int64   // size of the file
	MaxPages    int     // pages
	MaxInflated int64   // bytes that all compressed streams may unpack to, together
	MaxRatio    int64   // how much larger than its source one stream may unpack, above 4 MiB
	MaxObjects  int     // objects in the file
	MaxTokens   int     // names, numbers, strings and brackets outside streams
	MaxPixels   int64   // width × height of one image
	MaxPoints   float64 // a page's edges, in points of 1/72 inch
	MaxImages   int64   // bytes that all compressed images may unpack to, together
}

// DefaultLimits are meant for an order of some hundred scanned pages.
func DefaultLimits() Limits {
	return Limits{
		MaxBytes: 25 << 20, MaxPages: 500, MaxInflated: 256 << 20, MaxRatio: 250,
		MaxObjects: 200_000, MaxTokens: 3_000_000, MaxPixels: 120_000_000, MaxPoints: 14_400, MaxImages: 1 << 30,
	}
}

// Upload is what the sender says of the file. Empty values are not checked.
type Upload struct {
	FileName     string
	DeclaredType string // Content-Type of the part
}

// Document is what was found out about an accepted file.
type Document struct {
	SHA256              [sha256.Size]byte
	Size                int64
	Pages               int
	Version             string // of PDF, e.g. "1.7"
	Revisions           int    // 1, and one more for each change appended later
	Signatures          int    // electronic signatures in it, not verified here
	ChangedAfterSigning bool   // something follows what the last signature covers
}

// Refusal is why a file was refused, as a code for events and statistics. The
// sentence for people is in the fault.Error that wraps it.
type Refusal struct{ Code string }

// Error gives the code.
func (r *Refusal) Error() string { return "order document refused: " + r.Code }

// CodeOf gives the refusal code in err, empty if there is none.
func CodeOf(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func refuse(code, message string, args ...any) error {
	return fault.Because(fault.Invalid, &Refusal{code}, message, args...)
}

// Check reads a file to its end or its limit and accepts or refuses it. It
// holds the file in memory, at most Limits.MaxBytes. A refusal has the kind
// TooLarge, Unsupported (not a PDF) or Invalid, a Refusal with a code, and a
// sentence that says what to send instead.
func Check(ctx context.Context, r io.Reader, up Upload, lim Limits) (doc Document, err error) {
	defer fault.Wrap(&err, "orderdoc.Check")
	data, err := io.ReadAll(io.LimitReader(r, lim.MaxBytes+1))
	if err != nil {
		return Document{}, fault.Because(fault.Invalid, err, "The upload broke off. Please send the file again.")
	}
	return CheckBytes(ctx, data, up, lim)
}

// CheckBytes is Check for a file that is in memory already.
func CheckBytes(ctx context.Context, data []byte, up Upload, lim Limits) (doc Document, err error) {
	// A defect in the parser must refuse the file, not end the process.
	defer func() {
		if p := recover(); p != nil {
			doc, err = Document{}, fault.Because(fault.Invalid, fmt.Errorf("%w: panic: %v", &Refusal{"damaged"}, p), damaged)
		}
	}()
	if err := outside(data, up, lim); err != nil {
		return Document{}, err
	}
	f := &file{ctx: ctx, data: data, lim: lim}
	if err := f.examine(); err != nil {
		return Document{}, err
	}
	return Document{
		SHA256: sha256.Sum256(data), Size: int64(len(data)), Pages: f.pages, Version: f.version,
		Revisions: f.revisions(), Signatures: f.signatures, ChangedAfterSigning: f.changedAfterSigning(),
	}, nil
}

const damaged = "The file is damaged or not a complete PDF. Open it, print it to PDF anew, and send the result."

// outside checks size, name, declared type and first bytes.
func outside(data []byte, up Upload, lim Limits) error {
	switch {
	case len(data) == 0:
		return refuse("empty", "The file is empty (0 bytes). Choose the order's PDF and send it again.")
	case int64(len(data)) > lim.MaxBytes:
		return fault.Because(fault.TooLarge, &Refusal{"too_large"}, "The file is larger than %d MiB. Send a smaller scan, or split the order into several files.", lim.MaxBytes>>20)
	}
	if ext := strings.ToLower(path.Ext(up.FileName)); up.FileName != "" && ext != ".pdf" {
		return unsupported("extension", "The file's name must end in .pdf. Save the order as a PDF and send that.")
	}
	if up.DeclaredType != "" {
		if t, _, err := mime.ParseMediaType(up.DeclaredType); err != nil || t != "application/pdf" {
			return unsupported("type", "The file was sent as another type than PDF. Save the order as a PDF and send that.")
		}
	}
	if !strings.HasPrefix(string(data[:min(len(data), 5)]), "%PDF-") {
		return unsupported("not_pdf", "This is not a PDF. Save the order as a PDF and send that.")
	}
	return nil
}

func unsupported(code, message string) error {
	return fault.Because(fault.Unsupported, &Refusal{code}, "%s", message)
}
