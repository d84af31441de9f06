package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

const (
	algCosignature  = 4 // Ed25519 cosignature/v1
	cosignatureSize = 8 + ed25519.SignatureSize
)

// witness verifies timestamped Ed25519 cosignatures.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// NewWitness reads the verifier key of a witness, key type 4, and gives the
// verifier of its cosignatures. A cosignature says that the witness has seen
// the checkpoint be consistent with all that it cosigned before.
// SPEC: C2SP tlog-cosignature, Ed25519 cosignature/v1.
func NewWitness(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(strings.TrimSpace(vkey), "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("witness key: name, key number and key are needed, joined by plus signs")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algCosignature {
		return nil, fmt.Errorf("witness key of %q: not an Ed25519 key of type %d", parts[0], algCosignature)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	w := witness{parts[0], binary.BigEndian.Uint32(sum[:]), ed25519.PublicKey(key[1:])}
	if parts[1] != fmt.Sprintf("%08x", w.hash) {
		return nil, fmt.Errorf("witness key of %q: the key number does not belong to the key", w.name)
	}
	return w, nil
}

// Name is the witness's.
func (w witness) Name() string { return w.name }

// KeyHash is the key's number.
func (w witness) KeyHash() uint32 { return w.hash }

// Verify reports whether sig is this witness's cosignature of a checkpoint's
// text: eight bytes of time, then the signature.
func (w witness) Verify(text, sig []byte) bool {
	at, ok := cosignatureTime(sig)
	if !ok {
		return false
	}
	msg := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(w.key, msg, sig[8:])
}

func cosignatureTime(sig []byte) (uint64, bool) {
	if len(sig) != cosignatureSize {
		return 0, false
	}
	at := binary.BigEndian.Uint64(sig)
	return at, at <= math.MaxInt64
}

// CosignedAt gives the time that a verified cosignature of a witness states, to
// the second.
func CosignedAt(s note.Signature) (time.Time, error) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) < 4 {
		return time.Time{}, errors.New("not a cosignature")
	}
	at, ok := cosignatureTime(raw[4:])
	if !ok {
		return time.Time{}, errors.New("not a timestamped Ed25519 cosignature")
	}
	return time.Unix(int64(at), 0).UTC(), nil
}
