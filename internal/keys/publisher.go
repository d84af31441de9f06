package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"lerd/internal/audit"
	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// Names of the files that say what the others are.
const (
	IndexName     = "index.json"
	SumsName      = "SHA256SUMS"
	SignatureName = "SHA256SUMS.p7s" // detached CMS signature over SHA256SUMS by the current seal
)

// Publisher gives what everybody needs to verify a bundle, as files with stable
// names: root.pem, tsa-root.pem, chain.pem of the current seal, log-keys.txt,
// report-keys.txt, a file for each key that ever was in use, every authority's certificate and
// its revocation list. Safe for concurrent use.
type Publisher struct {
	Keys    Store
	Signer  cms.Signer
	Roots   []*x509.Certificate // of the seal and of the time-stamping authorities, the seal's first
	Issuers []*x509.Certificate // whose certificates and revocation lists are published
	CRLs    func(ctx context.Context) ([][]byte, error)
	Now     func() time.Time
	Epoch   func(ctx context.Context) (int64, error) // of the log, from 1; nil: it has one
	Reports string                                   // verifier key of the public reports; empty: not published here

	mu    sync.Mutex
	files map[string][]byte
	since time.Time
}

// stays is how long files are given out before they are made anew.
const stays = time.Minute

// indexEntry is a key in index.json.
type indexEntry struct {
	Purpose       Purpose    `json:"purpose"`
	KeyID         string     `json:"key_id"`
	SHA256        string     `json:"sha256"`
	Standing      Standing   `json:"standing"`
	File          string     `json:"file"`
	PublishedAt   *time.Time `json:"published_at"` // null for a key that stands in no register
	RotatedAt     *time.Time `json:"rotated_at"`
	CompromisedAt *time.Time `json:"compromised_at"`
	Reason        string     `json:"reason"`
}

// File gives a file by its name, or NotFound; an empty name is the index.
func (p *Publisher) File(ctx context.Context, name string) (b []byte, err error) {
	defer fault.Wrap(&err, "keys.File")
	if name == "" {
		name = IndexName
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil || p.Now().Sub(p.since) >= stays || p.Now().Before(p.since) {
		if err := p.refresh(ctx); err != nil {
			return nil, err
		}
	}
	b, ok := p.files[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	return b, nil
}

// refresh makes the files anew. They are signed only when one has changed.
func (p *Publisher) refresh(ctx context.Context) error {
	files, err := p.gather(ctx)
	if err != nil {
		return err
	}
	files[SumsName] = sums(files)
	if bytes.Equal(files[SumsName], p.files[SumsName]) {
		p.since = p.Now()
		return nil
	}
	files[SignatureName], err = cms.Sign(ctx, cms.SignRequest{Digest: sha256.Sum256(files[SumsName]), Signer: p.Signer, SigningTime: p.Now(), Rand: rand.Reader})
	if err != nil {
		return err
	}
	p.files, p.since = files, p.Now()
	return nil
}

// sums is what `sha256sum -c` reads, in the order of names.
func sums(files map[string][]byte) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return b.Bytes()
}

func (p *Publisher) gather(ctx context.Context) (map[string][]byte, error) {
	list, err := p.Keys.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"root.pem": pemOf(p.Roots[:1]), "tsa-root.pem": pemOf(p.Roots[1:])}
	var index []indexEntry
	var logKeys bytes.Buffer
	for _, k := range list {
		name := string(k.Purpose) + "-" + k.SHA256[:16] + ".pem"
		switch {
		case k.Purpose == Log:
			name = "log-keys.txt"
			if k.Standing != Compromised {
				lines, err := p.epochKeys(ctx, k.Material)
				if err != nil {
					return nil, err
				}
				logKeys.WriteString(lines)
			}
		default:
			files[name] = []byte(k.Material)
		}
		if k.Purpose == Seal && k.Standing == Current {
			files["chain.pem"] = []byte(k.Material)
		}
		index = append(index, entryOf(k, name))
	}
	files["log-keys.txt"] = logKeys.Bytes()
	if p.Reports != "" {
		files["report-keys.txt"] = []byte(p.Reports + "\n")
		index = append(index, entryOf(ofReports(p.Reports), "report-keys.txt"))
	}
	if files[IndexName], err = json.MarshalIndent(map[string]any{"schema": "lerd.keys/1", "keys": index}, "", "  "); err != nil {
		return nil, err
	}
	return files, p.authorities(ctx, files)
}

// epochKeys gives a key of the log under the names of all its epochs, one a line.
func (p *Publisher) epochKeys(ctx context.Context, material string) (string, error) {
	if p.Epoch == nil {
		return material, nil
	}
	n, err := p.Epoch(ctx)
	if err != nil || n < 2 {
		return material, err
	}
	keys, err := audit.VerifierKeys(material, n)
	return strings.Join(keys, "\n") + "\n", err
}

func entryOf(k Key, file string) indexEntry {
	e := indexEntry{Purpose: k.Purpose, KeyID: k.KeyID, SHA256: k.SHA256, Standing: k.Standing, File: file, Reason: k.Reason}
	if !k.PublishedAt.IsZero() {
		e.PublishedAt = &k.PublishedAt
	}
	if !k.RotatedAt.IsZero() {
		e.RotatedAt = &k.RotatedAt
	}
	if !k.CompromisedAt.IsZero() {
		e.CompromisedAt = &k.CompromisedAt
	}
	return e
}

// authorities adds each authority's certificate (.cer) and revocation list
// (.crl) under its serial number, as its certificates name them.
func (p *Publisher) authorities(ctx context.Context, files map[string][]byte) error {
	lists, err := p.CRLs(ctx)
	if err != nil {
		return err
	}
	for _, c := range p.Issuers {
		files[c.SerialNumber.Text(16)+".cer"] = c.Raw
		for _, der := range lists {
			crl, err := x509.ParseRevocationList(der)
			if err == nil && bytes.Equal(crl.RawIssuer, c.RawSubject) && crl.CheckSignatureFrom(c) == nil {
				files[c.SerialNumber.Text(16)+".crl"] = der
			}
		}
	}
	return nil
}

func pemOf(certs []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}
