package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"lerd/internal/audit"
)

// PasskeyID names a registered passkey, a lower-case UUID; the authenticator
// knows it by CredentialID.
type PasskeyID string

// Removal is why a passkey may not be used any more.
type Removal string

// The removals.
const (
	RemovedByOwner   Removal = "owner"
	RemovedRevetting Removal = "revetting" // the person is vetted anew
	RemovedSuspended Removal = "suspended"
	RemovedCounter   Removal = "counter" // its counter went back: there may be a copy of it
)

// Passkey is one registered credential. It stays on file after its removal, so
// that what was signed with it can be verified.
// SPEC: Web Authentication Level 3 §4, "credential record".
type Passkey struct {
	ID             PasskeyID
	Person         PersonID
	CredentialID   []byte
	PublicKey      []byte // COSE_Key
	Algorithm      int    // COSE algorithm identifier, e.g. -7
	AAGUID         []byte // 16 bytes, nil where the authenticator gives none
	Transports     []string
	SignCount      int64 // at registration
	NewestCount    int64 // of the newest assertion, or that of the registration; not part of the row
	BackupEligible bool
	BackedUp       bool
	Label          string // the owner's or the browser's word for the device
	CreatedAt      time.Time
	RemovedAt      time.Time // zero while in use
	RemovedWhy     Removal
	Version        int64
	EventID        audit.EventID
}

// InUse tells whether the passkey may sign in.
func (p Passkey) InUse() bool { return p.RemovedAt.IsZero() }

// Fingerprint is the key in a form that two people can compare by voice: 60 bits
// of the public key's SHA-256 in three groups.
func (p Passkey) Fingerprint() string { return Fingerprint(p.PublicKey) }

// Fingerprint gives the first 60 bits of a key's SHA-256 as three groups of
// five hexadecimal digits.
func Fingerprint(publicKey []byte) string {
	sum := sha256.Sum256(publicKey)
	digits := hex.EncodeToString(sum[:])[:15]
	return strings.Join([]string{digits[:5], digits[5:10], digits[10:]}, "-")
}
