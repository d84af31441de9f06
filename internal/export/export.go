// Package export makes the bundle in which released records leave: the files,
// the signed container, its sidecars and the encrypted release set.
//
// Invariants:
//   - a record type holds a phone number or an IP address and the columns of
//     the published schema, and has no room for anything else;
//   - a record outside the approved scope (category, subject, request, period)
//     stops the export, and nothing leaves;
//   - each file's digest is known before it is signed; the seal is made only
//     after the audit log holds the event that commits to the contents;
//   - a final file name exists only with its whole contents on disk; every step
//     can be repeated after a crash and then gives what it gave before;
//   - what is not encrypted to the agency yet lies on the disk hidden under a key
//     that only the process has: a killed process leaves nothing to read;
//   - nothing is released below level LT, and nothing that the verifier, reading
//     from disk, does not accept.
package export

import (
	"crypto/sha256"
	"io"
	"iter"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/verify"
)

// Maker makes bundles in one folder. Safe for concurrent use for different
// exports; the caller sees to it that one export is made by one process.
type Maker struct {
	Dir     string // where finished bundles lie; staging lies below it
	Now     func() time.Time
	Rand    io.Reader
	Version string // of lerd, e.g. v1.2.3
	// Canaries are values that no record holds. One that does stops the export.
	Canaries []string
}

// Content is everything that a bundle says.
type Content struct {
	Header      Header
	Derivations []Derivation
	Phones      iter.Seq2[PhoneRecord, error] // in byte order of RecordID, strictly rising
	IPs         iter.Seq2[IPRecord, error]    // in byte order of RecordID, strictly rising
	Certificate Certificate
	Signer      SignerID // whose seal will be set
	Roots       [][]byte // DER of the root certificates whose fingerprints VERIFY.txt names
	PublishedAt string   // URL at which keys and root certificates are published
}

// SignerID names the sealing key in the contents, so that the seal cannot be
// another's.
type SignerID struct {
	KeyID      string `json:"key_id"`
	CertSHA256 string `json:"cert_sha256"`
}

// NameSigner gives the name of a signer as the contents state it.
func NameSigner(s cms.Signer) SignerID {
	return SignerID{KeyID: s.KeyID(), CertSHA256: hexOf(sha256.Sum256(s.Chain()[0].Raw))}
}

// Prepared is a bundle whose contents are on disk and settled.
type Prepared struct {
	ExportID         string
	Dir              string            // staging folder
	ExportJSONSHA256 [sha256.Size]byte // what the export.sealed event commits to, see FactContents
	Phones, IPs      int64             // rows
	stage            *stage            // as it lies there; nil of one that another process prepared
}

// Proof is what the audit log gives for an event.
type Proof struct {
	Entry []byte // canonical octets of the event's leaf
	Text  []byte // c2sp.org/tlog-proof@v1
	Keys  []byte // verifier keys of log and witnesses, one a line, the log's first
}

// Facts that the events state and the verifier looks for.
const (
	KindSealed      = "export.sealed"
	KindReleased    = "export.released"
	FactExport      = "export_id"
	FactContents    = "export_json_sha256" // export.sealed: SHA-256 of data/export.json, hexadecimal
	FactSeal        = "seal_cert_sha256"   // export.sealed: SHA-256 of the certificate that seals, hexadecimal
	FactContainer   = "asice_sha256"       // export.released: SHA-256 of the container
	FactReleaseFile = "release_sha256"     // export.released: SHA-256 of the encrypted file
)

// Sealed is a signed container with its sidecars, on disk.
type Sealed struct {
	ExportID  string    `json:"export_id"`
	Container string    `json:"container"` // file names inside Maker.Dir
	Signature string    `json:"signature"`
	TimeStamp string    `json:"time_stamp,omitempty"`
	SHA256    string    `json:"sha256"` // of the container, hexadecimal
	CRC32     uint32    `json:"crc32"`  // of the container
	Size      int64     `json:"size"`   // of the container, octets
	Level     string    `json:"level"`  // B, T or LT
	StampedAt time.Time `json:"stamped_at,omitzero"`

	packed *verify.Packed // what the container unpacks to; nil where it was not written just now
}

// Released is the encrypted release set, on disk.
type Released struct {
	ExportID        string   `json:"export_id"`
	File            string   `json:"file"` // name inside Maker.Dir
	SHA256          string   `json:"sha256"`
	ContainerSHA256 string   `json:"container_sha256"`
	Recipients      []string `json:"recipients"` // SHA-256 of each certificate, or age recipient
}
