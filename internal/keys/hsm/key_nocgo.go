//go:build !cgo

package hsm

import (
	"crypto"
	"io"

	"lerd/internal/fault"
)

// Key stands for a key in a token, which this build cannot reach.
type Key struct{}

var errNoCgo = fault.New(fault.Unsupported, "This program was built without cgo and cannot use PKCS#11 tokens. Build it with a C compiler: CGO_ENABLED=1 go build ./cmd/lerd")

// Open says that this build has no PKCS#11.
func Open(c Config) (*Key, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return nil, errNoCgo
}

// Public gives nil.
func (*Key) Public() crypto.PublicKey { return nil }

// Sign says that this build has no PKCS#11.
func (*Key) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errNoCgo }

// Close does nothing.
func (*Key) Close() error { return nil }
