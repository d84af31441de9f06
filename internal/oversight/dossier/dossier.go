// Package dossier writes and verifies the dossier of one case: every event of it as
// it was hashed into the log, the proof of each, what opens its commitments where
// that still exists, the documents, and the checkpoint, in one signed container. It
// has no database and no network, so that the stand-alone verifier has it too.
//
// The container is an ASiC-E zip with the files
//
//	dossier.json     what it is of, when it was made, and by whom
//	checkpoint       the signed checkpoint under which the proofs are
//	entries.jsonl    the entries, one a line, in the log's order
//	proofs.jsonl     {"id", "proof"}: the C2SP tlog-proof of each entry
//	openings.jsonl   {"id", "payload", "rows": [{"table", "id", "row"}]}: base64
//	facts.jsonl      {"id", "salt", "value"}: base64; closed facts, which outlive payloads
//	documents/       the documents, each under its SHA-256
//
// SPEC: ETSI EN 319 162-1, C2SP tlog-proof.
package dossier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"lerd/internal/audit"
	"lerd/internal/export/asic"
)

// Format names the form of the files.
const Format = "lerd case dossier v1"

// Names of the container's files.
const (
	HeadName     = "dossier.json"
	EntriesName  = "entries.jsonl"
	ProofsName   = "proofs.jsonl"
	OpeningsName = "openings.jsonl"
	FactsName    = "facts.jsonl"
	ChainName    = "signer-chain.pem"
	documents    = "documents/"
)

// Head says what a dossier is of.
type Head struct {
	Format    string     `json:"format"`
	Case      string     `json:"case"`
	Ref       string     `json:"reference"`
	Made      time.Time  `json:"made_at"`
	By        string     `json:"made_by"` // pseudonym
	Log       string     `json:"log"`
	Size      uint64     `json:"log_size"`
	Entries   int        `json:"entries"`
	Unopened  int        `json:"not_opened"` // entries whose commitments cannot be opened any more, or commit to nothing
	Documents []Document `json:"documents"`
}

// Document is one document of the case.
type Document struct {
	SHA256 string `json:"sha256"`
	What   string `json:"what"` // order or message
	Erased bool   `json:"erased"`
	// Withheld says why a document that exists is not in the dossier: Harmful, Waits or Altered.
	Withheld string `json:"withheld,omitempty"`
}

// Why a document is withheld: nobody opens it, and so it is not carried away either.
// What lies in the place of an altered one is not the document.
const (
	Harmful = "harmful" // something harmful was found in it
	Waits   = "waits"   // the scanner has not looked at it
	Altered = "altered" // the file is no longer the one that was uploaded
)

// Proof is one line of proofs.jsonl.
type Proof struct {
	ID    audit.EventID `json:"id"`
	Proof string        `json:"proof"`
}

// Opening is one line of openings.jsonl.
type Opening struct {
	ID      audit.EventID `json:"id"`
	Payload []byte        `json:"payload"`
	Rows    []Row         `json:"rows,omitempty"`
}

// Facts is one line of facts.jsonl.
type Facts struct {
	ID    audit.EventID `json:"id"`
	Salt  []byte        `json:"salt"`
	Value []byte        `json:"value"`
}

// Row opens one row's commitment.
type Row struct {
	Table string `json:"table"`
	ID    string `json:"id"`
	Row   []byte `json:"row"` // canonical
}

// Dossier is everything that is packed.
type Dossier struct {
	Head       Head
	Checkpoint []byte
	Entries    []audit.Entry
	Proofs     []Proof
	Openings   []Opening
	Facts      []Facts
	Files      map[string][]byte // by SHA-256, hexadecimal
}

// Signer signs the manifest.
type Signer interface {
	// SignStatement gives a detached CMS signature over text, DER, and the signer's
	// chain, PEM.
	SignStatement(ctx context.Context, text []byte, at time.Time) (signature, chain []byte, err error)
}

// Pack writes and signs the container.
func (d Dossier) Pack(ctx context.Context, signer Signer) ([]byte, error) {
	files, err := d.files()
	if err != nil {
		return nil, err
	}
	_, chain, err := signer.SignStatement(ctx, []byte(Format), d.Head.Made)
	if err != nil {
		return nil, err
	}
	files = append(files, file{ChainName, "application/x-pem-file", chain})
	var objects []asic.Object
	for i, f := range files {
		objects = append(objects, asic.Object{Name: f.name, MediaType: f.kind, Root: i == 0, SHA256: sha256.Sum256(f.body)})
	}
	manifest := asic.FormatManifest(objects)
	signature, _, err := signer.SignStatement(ctx, manifest, d.Head.Made)
	if err != nil {
		return nil, err
	}
	files = append(files, file{asic.ManifestName, "", manifest}, file{asic.SignatureName, "", signature})
	return zipped(files, d.Head.Made)
}

type file struct {
	name, kind string
	body       []byte
}

func (d Dossier) files() ([]file, error) {
	d.Head.Format, d.Head.Entries = Format, len(d.Entries)
	head, err := json.MarshalIndent(d.Head, "", "  ")
	if err != nil {
		return nil, err
	}
	var entries bytes.Buffer
	for _, e := range d.Entries {
		entries.Write(e)
		entries.WriteByte('\n')
	}
	proofs, err := jsonLines(d.Proofs)
	if err != nil {
		return nil, err
	}
	openings, err := jsonLines(d.Openings)
	if err != nil {
		return nil, err
	}
	facts, err := jsonLines(d.Facts)
	if err != nil {
		return nil, err
	}
	out := []file{{HeadName, "application/json", append(head, '\n')}, {audit.CheckpointPath, "text/plain", d.Checkpoint}, {EntriesName, "application/jsonl", entries.Bytes()},
		{ProofsName, "application/jsonl", proofs}, {OpeningsName, "application/jsonl", openings}, {FactsName, "application/jsonl", facts}}
	for _, doc := range d.Head.Documents {
		if body, ok := d.Files[doc.SHA256]; ok {
			out = append(out, file{documents + doc.SHA256 + ".pdf", "application/pdf", body})
		}
	}
	return out, nil
}

func jsonLines[T any](list []T) ([]byte, error) {
	var b bytes.Buffer
	for _, x := range list {
		line, err := json.Marshal(x)
		if err != nil {
			return nil, err
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes(), nil
}

func zipped(files []file, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	z, err := asic.NewWriter(&out, at, asic.Comment)
	if err != nil {
		return nil, err
	}
	if _, err := z.AddStored(asic.MimetypeName, []byte(asic.MediaType)); err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, err := z.AddDeflated(f.name, f.body); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return out.Bytes(), err
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
