package identity

import "lerd/internal/audit"

// DeliveryProfile is the form in which an agency's bundles are encrypted.
type DeliveryProfile string

// The profiles.
const (
	// DeliverGCM is CMS AuthEnvelopedData, AES-256-GCM: what everybody gets who
	// asks for nothing else. OpenSSL 3.0.19 and later opens it.
	DeliverGCM DeliveryProfile = "cms-gcm"
	// DeliverCBC is CMS EnvelopedData, AES-256-CBC, for older tools: Kleopatra,
	// Outlook, .NET.
	DeliverCBC DeliveryProfile = "cms-cbc"
	// DeliverAge is age, for very large bundles and for agencies without X.509.
	DeliverAge DeliveryProfile = "age"
)

// DeliveryForm is how an agency's bundles are encrypted, where it differs from
// GCM to the certificates in Agency.CertPEM. The zero value says: it does not.
type DeliveryForm struct {
	Agency   AgencyID
	Profile  DeliveryProfile
	CertsPEM []byte   // certificates besides those in Agency.CertPEM; each can open the bundles
	Age      []string // age recipients ("age1…") of DeliverAge, which certificates do not open
	Version  int64
	EventID  audit.EventID
}
