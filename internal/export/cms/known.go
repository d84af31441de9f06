package cms

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"sync"
)

// mostKnown bounds what signedBy remembers, 32 octets each.
const mostKnown = 1024

// known are the lists whose signature was seen to be their issuer's: the same few
// lie in both seals of a bundle and in the next bundle. Only the arithmetic is
// remembered, which never changes; dates and what a list says are looked at each time.
var known = struct {
	sync.Mutex
	good map[[sha256.Size]byte]struct{}
}{good: map[[sha256.Size]byte]struct{}{}}

// signedBy tells whether the issuer's key, by a certificate that may sign lists,
// signed a list.
func signedBy(crl *x509.RevocationList, issuer *x509.Certificate) bool {
	key := pairOf(issuer.Raw, crl.Raw)
	known.Lock()
	_, ok := known.good[key]
	known.Unlock()
	if ok {
		return true
	}
	if crl.CheckSignatureFrom(issuer) != nil {
		return false
	}
	known.Lock()
	defer known.Unlock()
	if len(known.good) >= mostKnown {
		clear(known.good)
	}
	known.good[key] = struct{}{}
	return true
}

// pairOf names two values, so that no other two have the same name.
func pairOf(a, b []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(a))))
	h.Write(a)
	h.Write(b)
	h.Sum(sum[:0])
	return sum
}
