package audit

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/fault"
)

// A log whose tail was lost goes on under another origin: an epoch. Epochs are
// counted from 1, which has the key's own name; the n-th one's origin is
// "<name>/<n>", under the same Ed25519 key. A signature names its origin twice,
// in the key's number and in the text, so that none of one epoch serves in
// another.

// EpochOrigin gives the origin of a log's n-th epoch.
func EpochOrigin(base string, n int64) string {
	if n <= 1 {
		return base
	}
	return base + "/" + strconv.FormatInt(n, 10)
}

// epochIn gives which epoch of a log an origin is, 0 for another log's.
func epochIn(base, origin string) int64 {
	if origin == base {
		return 1
	}
	rest, ok := strings.CutPrefix(origin, base+"/")
	n, err := strconv.ParseInt(rest, 10, 64)
	if !ok || err != nil || n < 2 || n > maxNumber || strconv.FormatInt(n, 10) != rest {
		return 0
	}
	return n
}

// EpochOf gives which epoch of the log of that name an origin is, 0 for another
// log's. What is proved under a later epoch stands in a log that names a gap.
func EpochOf(log, origin string) int64 { return epochIn(log, origin) }

// epochAfter tells whether an origin is a later epoch than another of one log,
// without knowing the log's name.
func epochAfter(a, b string) bool {
	if epochIn(b, a) > 1 || epochIn(a, b) > 1 {
		return epochIn(b, a) > 1
	}
	i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
	return i >= 0 && j >= 0 && a[:i] == b[:j] && epochIn(a[:i], a) > epochIn(b[:j], b)
}

// Epoch gives which epoch of these keys' log an origin is, 0 if none.
func (t Trust) Epoch(origin string) (n int64) {
	for _, v := range t.Log {
		n = max(n, epochIn(v.Name(), origin))
	}
	return n
}

// epochVerifier is a key of a log that knows its public half, so that the keys of
// the log's epochs follow from it.
type epochVerifier struct {
	note.Verifier
	public string // base64 of algorithm and key, as in the verifier key
}

// atEpoch gives the same key under the name of an epoch.
func (v epochVerifier) atEpoch(origin string) (note.Verifier, error) {
	key, err := v.under(origin)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(key)
}

func (v epochVerifier) under(origin string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(v.public)
	if err != nil || len(raw) < 1 || raw[0] != algEd25519 {
		return "", fmt.Errorf("the key %q is not one for Ed25519", v.Name())
	}
	return note.NewEd25519VerifierKey(origin, raw[1:])
}

const algEd25519 = 1 // SPEC: C2SP signed-note

// VerifierKeys gives the verifier keys of the first n epochs of a log, one each,
// from the key of the first one.
func VerifierKeys(vkey string, n int64) (keys []string, err error) {
	v, err := NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	for i := int64(1); i <= n; i++ {
		key, err := v.(epochVerifier).under(EpochOrigin(v.Name(), i))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// under adds to the log's keys those of the epoch that a note says it is of.
func (t Trust) under(origin string) Trust {
	var more []note.Verifier
	for _, v := range t.Log {
		if e, ok := v.(epochVerifier); ok && epochIn(v.Name(), origin) > 1 {
			// Both keys may have been given; the same one twice is ambiguous.
			if derived, err := e.atEpoch(origin); err == nil && !slices.ContainsFunc(t.Log, func(k note.Verifier) bool { return k.Name() == origin && k.KeyHash() == derived.KeyHash() }) {
				more = append(more, derived)
			}
		}
	}
	if len(more) > 0 {
		t.Log = append(more, t.Log...)
	}
	return t
}

// epochSigner signs with a log's key under the name of an epoch.
type epochSigner struct {
	note.Signer
	name string
	hash uint32
}

func (s epochSigner) Name() string    { return s.name }
func (s epochSigner) KeyHash() uint32 { return s.hash }

// EpochSigner gives a log's signer for its n-th epoch; trust holds the signer's
// own verifier key.
func EpochSigner(signer note.Signer, trust Trust, n int64) (note.Signer, error) {
	if n <= 1 {
		return signer, nil
	}
	for _, v := range trust.Log {
		e, ok := v.(epochVerifier)
		if !ok || v.Name() != signer.Name() || v.KeyHash() != signer.KeyHash() {
			continue
		}
		derived, err := e.atEpoch(EpochOrigin(signer.Name(), n))
		if err != nil {
			return nil, err
		}
		return epochSigner{signer, derived.Name(), derived.KeyHash()}, nil
	}
	return nil, fault.New(fault.Invalid, "The verifier key of %s is not among the log's keys.", signer.Name())
}
