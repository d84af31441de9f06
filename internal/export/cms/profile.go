package cms

import (
	"crypto/x509"
	"io"
	"os"

	"lerd/internal/fault"
)

// Profile is the form in which a file is encrypted to certificates.
type Profile string

// The profiles. GCM is what every agency gets that does not ask for another.
const (
	// GCM is AuthEnvelopedData under AES-256-GCM, RSA by OAEP: a change is
	// noticed while decrypting. OpenSSL 3 and BouncyCastle read it.
	GCM Profile = "cms-gcm"
	// CBC is EnvelopedData under AES-256-CBC, RSA by PKCS #1 v1.5: what gpgsm
	// 2.2 (Kleopatra), Outlook and .NET read. It notices no change by itself; the
	// signatures inside do.
	CBC Profile = "cms-cbc"
)

// NewWriter gives what encrypts size octets to every recipient, under the
// profile, into dst, an empty file open for reading and writing. Close writes the
// end, reads dst back and checks it; it neither syncs nor closes dst. Memory does
// not grow with size.
func NewWriter(p Profile, dst *os.File, size int64, recipients []*x509.Certificate, rand io.Reader) (w io.WriteCloser, err error) {
	defer fault.Wrap(&err, "encrypt")
	switch p {
	case GCM:
		return newGCMWriter(dst, size, recipients, rand)
	case CBC:
		return newCBCWriter(dst, size, recipients, rand)
	}
	return nil, fault.New(fault.Unsupported, "There is no encryption profile %q.", p)
}
