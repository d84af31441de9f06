package agencies

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"lerd/internal/fault"
)

// MinRSABits is the shortest RSA key to which a bundle is encrypted: what leaves
// today must stay closed for years. SPEC: BSI TR-02102-1 §2.3.1; NIST SP 800-57.
const MinRSABits = 3072

// ParseCertificate reads the PEM certificate to which an agency's bundles will
// be encrypted, and gives it with its SHA-256 fingerprint in hexadecimal digits.
// It must be one certificate of the agency itself, good for encryption, strong,
// and not expired; one whose time has not come may be put on file before.
// Errors are fault.Invalid on the named field.
// SPEC: RFC 5280 §4.2.1.3; RFC 5652 §6.2.
func ParseCertificate(field, text string, now time.Time) (*x509.Certificate, string, error) {
	wrong := func(message string) (*x509.Certificate, string, error) {
		return nil, "", fault.Fields([]fault.Problem{{Field: field, Message: message}})
	}
	if strings.Contains(text, "PRIVATE KEY") {
		return wrong("This holds a private key. Nobody but the agency may have it: ask the agency for another key and its certificate, and take only the certificate.")
	}
	block, rest := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil || block.Type != "CERTIFICATE" {
		return wrong("This is not a PEM certificate. It begins with -----BEGIN CERTIFICATE----- and ends with -----END CERTIFICATE-----.")
	}
	if strings.TrimSpace(string(rest)) != "" {
		return wrong("Give one certificate at a time: the agency's own, without its issuers and without text after it.")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return wrong("The certificate cannot be read; ask the agency to export it again.")
	}
	if why := unfit(c, now); why != "" {
		return wrong(why)
	}
	sum := sha256.Sum256(c.Raw)
	return c, hex.EncodeToString(sum[:]), nil
}

// unfit says why a bundle cannot be encrypted to a certificate, "" where it can.
func unfit(c *x509.Certificate, now time.Time) string {
	switch {
	case !now.Before(c.NotAfter):
		return "The certificate expired on " + c.NotAfter.UTC().Format("2 Jan 2006") + ". Ask the agency for the one that it uses now."
	case !c.NotBefore.Before(c.NotAfter):
		return "The certificate is never valid: it ends before it begins."
	case c.IsCA:
		return "This is the certificate of an authority that issues others. Give the agency's own."
	}
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1, x509.UnknownSignatureAlgorithm:
		return "The certificate is signed with a digest that can be forged (" + c.SignatureAlgorithm.String() + "). Ask the agency for a newer one."
	}
	return unfitKey(c)
}

func unfitKey(c *x509.Certificate) string {
	needs, may := x509.KeyUsageKeyEncipherment, "key encipherment"
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < MinRSABits {
			return "The RSA key is too short: a bundle must stay closed for years, which takes at least 3072 bits."
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return "The key's curve must be P-256, P-384 or P-521."
		}
		needs, may = x509.KeyUsageKeyAgreement, "key agreement"
	default:
		return "The key must be RSA or ECDSA; nothing can be encrypted to this one."
	}
	if c.KeyUsage != 0 && c.KeyUsage&needs == 0 {
		return "The certificate is not for encryption: its key usage does not allow " + may + ". An agency often has one certificate to sign and another to encrypt; give the one to encrypt."
	}
	return ""
}
