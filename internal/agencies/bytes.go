package agencies

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func readerOf(b []byte) io.Reader { return bytes.NewReader(b) }
