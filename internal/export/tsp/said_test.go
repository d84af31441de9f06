package tsp_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
)

// TestWhatATokenSaysOfItself has the authority sign tokens that say odd things
// behind their time: the signature holds, and what is said decides.
func TestWhatATokenSaysOfItself(t *testing.T) {
	p, a := authority(t)
	digest := sha256.Sum256([]byte("right"))
	hashes := map[string]asn1.ObjectIdentifier{"sha256": {2, 16, 840, 1, 101, 3, 4, 2, 1}, "sha512": {2, 16, 840, 1, 101, 3, 4, 2, 3}, "sha1": {1, 3, 14, 3, 2, 26}}
	for name, c := range map[string]struct {
		hash string
		size int
		tail string // hexadecimal, behind the time
		want string // in the refusal; empty: taken
	}{
		"nothing":                          {"sha256", 32, "", ""},
		"exact to a second":                {"sha256", 32, "3003020101", ""},
		"exact to 500 ms and 1 µs":         {"sha256", 32, "3007800201f4810101", ""},
		"ordered":                          {"sha256", 32, "0101ff", ""},
		"off by an hour":                   {"sha256", 32, "300402020e10", "may be wrong by 1h0m0s"},
		"off by less than nothing":         {"sha256", 32, "30030201ff", "how exact"},
		"off by a thousand thousandths":    {"sha256", 32, "3004800203e8", "how exact"},
		"exactness of two sorts of second": {"sha256", 32, "3006020101020101", "how exact"},
		"two accuracies":                   {"sha256", 32, "30030201013003020101", "unknown follows"},
		"an extension":                     {"sha256", 32, "a10b300906032a03040402" + "0500", ""},
		"a critical extension":             {"sha256", 32, "a10e300c06032a03040101ff0402" + "0500", "critical extension"},
		"something behind":                 {"sha256", 32, "0500", "unknown follows"},
		"another digest algorithm":         {"sha512", 64, "", "imprint differs"},
		"a weak digest algorithm":          {"sha1", 20, "", "must be SHA-256"},
		"SHA-256 of too few octets":        {"sha256", 20, "", "imprint has the wrong size"},
	} {
		imprint := append(digest[:], digest[:]...)[:c.size]
		token, err := cms.SignToken(context.Background(), a.Signer, tokenInfo(t, hashes[c.hash], imprint, c.tail), now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tsp.Verify(token, digest[:], crypto.SHA256, tsp.Trust{Roots: []*x509.Certificate{p.TSARoot.Cert}})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func tokenInfo(t *testing.T, hash asn1.ObjectIdentifier, imprint []byte, tail string) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 3})
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(hash) })
			b.AddASN1OctetString(imprint)
		})
		b.AddASN1BigInt(big.NewInt(7))
		b.AddASN1GeneralizedTime(now.UTC().Truncate(time.Second))
		b.AddBytes(unhex(t, tail))
	})
	der, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
