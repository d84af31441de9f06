// Package keys knows the keys of bundles: those with which they are sealed,
// stamped and logged, as everybody can look them up, and those of the agencies
// to which they are encrypted.
//
// Invariants:
//   - a key that was published stays published, and what was published of it
//     does not change;
//   - one key seals at a time: announced, then current, then rotated;
//   - a key that was marked compromised seals nothing any more;
//   - each of these steps is an event: key.published, key.rotated, key.revoked.
package keys

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
)

// Purpose is what a key is for.
type Purpose string

// The purposes.
const (
	Seal      Purpose = "seal"       // sealing bundles
	TimeStamp Purpose = "time_stamp" // a time-stamping authority's
	Log       Purpose = "log"        // signing the audit log's checkpoints
	Report    Purpose = "report"     // signing the public reports; stands in the index alone, in no register
)

// Standing is where a key stands in its life.
type Standing string

// The standings.
const (
	Announced   Standing = "announced"   // published, to be used from the next rotation on
	Current     Standing = "current"     // in use
	Rotated     Standing = "rotated"     // no longer used, still good for what it signed
	Compromised Standing = "compromised" // somebody else may have used it
)

// Key is a key as it is published.
type Key struct {
	ID            string // UUID
	Purpose       Purpose
	KeyID         string // stable name: of a certificate's public key, or of a log key
	Material      string // certificates in PEM, own first, or a verifier key
	SHA256        string // of the own certificate's DER, or of the verifier key; hexadecimal
	Standing      Standing
	PublishedAt   time.Time
	RotatedAt     time.Time
	CompromisedAt time.Time // from when on somebody else may have had it
	Reason        string    // why it was revoked, a code of RFC 5280 §5.3.1
	Version       int64
	EventID       audit.EventID
}

// FromChain describes the key of a certificate with its chain, own first.
func FromChain(p Purpose, chain []*x509.Certificate) Key {
	var b bytes.Buffer
	for _, c := range chain {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	spki := sha256.Sum256(chain[0].RawSubjectPublicKeyInfo)
	return Key{Purpose: p, KeyID: hex.EncodeToString(spki[:16]), Material: b.String(), SHA256: sumOf(chain[0].Raw)}
}

// FromVerifierKey describes an audit log's key.
func FromVerifierKey(vkey string) Key {
	vkey = strings.TrimSpace(vkey)
	name, _, _ := strings.Cut(vkey, "+")
	return Key{Purpose: Log, KeyID: name, Material: vkey + "\n", SHA256: sumOf([]byte(vkey))}
}

// ofReports describes the key of the public reports for the index.
func ofReports(vkey string) Key {
	k := FromVerifierKey(vkey)
	k.Purpose, k.Standing = Report, Current
	return k
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Bundle is a release that a key sealed.
type Bundle struct {
	Ref        string // EXP-2026-000123
	Request    string // id of the case
	RequestRef string
	Agency     string // its name
	ExportedAt time.Time
	// Holds tells whether the bundle was stamped before the key fell into other
	// hands; its seal is then as good as before.
	Holds bool
}

// Store keeps keys.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// SigningKeys lists every key, the oldest first.
	SigningKeys(ctx context.Context) ([]Key, error)
	// SealedWith lists the released bundles that a certificate sealed, the
	// oldest first.
	SealedWith(ctx context.Context, certSHA256 string) ([]Bundle, error)
	// OpenExports counts releases whose contents name a seal and that are not out.
	OpenExports(ctx context.Context) (int64, error)
	// DeliveryForm gives an agency's, or its zero value where none was set.
	DeliveryForm(ctx context.Context, agency identity.AgencyID) (identity.DeliveryForm, error)
}

// Authorizer says whether an actor may, and by which rule.
type Authorizer interface {
	Allow(ctx context.Context, actor identity.Actor, verb access.Verb, object access.Object) (rule string, err error)
}

// Service takes the steps of keys.
type Service struct {
	Store  Store
	Access Authorizer
	Now    func() time.Time
}

// may asks the policy. A key belongs to no agency; what an agency's bundles are
// encrypted to belongs to it.
func (s *Service) may(ctx context.Context, verb access.Verb, object access.Object) (rule string, err error) {
	_, rule, err = access.Enter(ctx, s.Access, verb, object)
	return rule, err
}

// List gives every key, the oldest first.
func (s *Service) List(ctx context.Context) ([]Key, error) {
	if _, err := s.may(ctx, "list", access.Object{Kind: "key"}); err != nil {
		return nil, err
	}
	return s.Store.SigningKeys(ctx)
}
