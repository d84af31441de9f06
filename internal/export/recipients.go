package export

import (
	"crypto/x509"
	"time"

	"filippo.io/age"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// Recipients reads the certificates of a PEM text to which a bundle can be
// encrypted at a time: keys strong enough, for encryption, in their validity.
// One that cannot be used is a fault.Gate, so that nobody believes that its
// holder could open the bundle.
func Recipients(pem []byte, at time.Time) ([]*x509.Certificate, error) {
	certs, err := cms.ParseCertsPEM(pem)
	if err != nil {
		return nil, fault.Because(fault.Gate, err, "The agency has no certificate on file to which its bundle could be encrypted.")
	}
	for _, c := range certs {
		if err := cms.CheckRecipient(c); err != nil {
			return nil, fault.Because(fault.Gate, err, "Nothing can be encrypted to the certificate of %q: %s", c.Subject.CommonName, fault.Message(err))
		}
		if at.After(c.NotAfter) || at.Before(c.NotBefore) {
			return nil, fault.New(fault.Gate, "The agency's certificate %q is good from %s to %s only. Ask for the current one.",
				c.Subject.CommonName, stampOf(c.NotBefore), stampOf(c.NotAfter))
		}
	}
	return certs, nil
}

// CheckAge refuses a list that is empty or holds something other than age
// recipients.
func CheckAge(recipients []string) error {
	if len(recipients) == 0 || len(recipients) > maxAge {
		return fault.New(fault.Invalid, "Give 1 to %d age recipients.", maxAge)
	}
	for _, s := range recipients {
		if _, err := age.ParseX25519Recipient(s); err != nil {
			return fault.Because(fault.Invalid, err, "An age recipient must look like age1… .")
		}
	}
	return nil
}

const maxAge = 20
