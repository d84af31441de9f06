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

// Encrypt writes src's contents to dst (an empty file open for reading and
// writing) for every recipient, under the profile. Before it returns it reads
// dst back and checks it. It does not sync dst.
func Encrypt(p Profile, dst, src *os.File, recipients []*x509.Certificate, rand io.Reader) (err error) {
	defer fault.Wrap(&err, "encrypt")
	switch p {
	case GCM:
		return encryptGCM(dst, src, recipients, rand)
	case CBC:
		return encryptCBC(dst, src, recipients, rand)
	}
	return fault.New(fault.Unsupported, "There is no encryption profile %q.", p)
}
