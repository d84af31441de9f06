package requests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"lerd/internal/fault"
	"lerd/internal/requests/orderdoc"
)

// DocumentBlob names the bytes of an order's document.
func DocumentBlob(id DocumentID) string { return blobOf(id) }

// ErrAltered is in the error for a file that is not the one that was uploaded.
var ErrAltered = errors.New("the file has another digest")

// Getter opens what is stored under a name, as Blobs.Get does.
type Getter interface {
	Get(ctx context.Context, name string) (io.ReadCloser, error)
}

// ReadDocument gives the bytes of a document, if they are those whose digest was recorded
// when it was uploaded: whoever writes to the files changes no order unseen. Everybody who
// shows, compares or packs a document reads it here.
func ReadDocument(ctx context.Context, files Getter, d Document) (b []byte, err error) {
	defer fault.Wrap(&err, "requests.ReadDocument(%s)", d.ID)
	r, err := files.Get(ctx, blobOf(d.ID))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if b, err = io.ReadAll(io.LimitReader(r, orderdoc.DefaultLimits().MaxBytes+1)); err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != d.SHA256 {
		return nil, fault.Because(fault.Gate, ErrAltered, "This file is no longer the one that was uploaded. Rely on nothing in it, and tell the auditors.")
	}
	return b, nil
}
