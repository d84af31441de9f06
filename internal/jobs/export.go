package jobs

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"

	"lerd/internal/audit"
	"lerd/internal/export"
	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// ReleaseSteps are the durable steps of a release.
type ReleaseSteps interface {
	ExportCase(ctx context.Context, id requests.ID) (requests.Case, []requests.Record, error)
	Intend(ctx context.Context, rel requests.Release) (requests.Release, error)
	Seal(ctx context.Context, rel requests.Release, contentsSHA256 string) (requests.Release, error)
	Resume(ctx context.Context, rel requests.Release) (requests.Release, error)
	Finish(ctx context.Context, c requests.Case, containerSHA256, encryptedSHA256 string) (requests.Release, error)
}

// Keys are what bundles are signed and stamped with.
type Keys struct {
	Signer   cms.Signer
	TSA      export.TSA
	TSAChain []*x509.Certificate
	// CRLs gives fresh revocation lists of every authority of both chains, DER.
	CRLs func(ctx context.Context) ([][]byte, error)
	// Roots are published with the bundle's verification notes.
	Roots []*x509.Certificate
}

// LogProofs gives an event's proof once a signed checkpoint covers it, and the
// event's entry.
type LogProofs interface {
	WaitFor(ctx context.Context, id audit.EventID) ([]byte, error)
	Entry(ctx context.Context, id audit.EventID) (audit.Entry, error)
}

// Exporter turns approved releases into signed, encrypted bundles.
type Exporter struct {
	Steps   ReleaseSteps
	Proofs  LogProofs
	Maker   *export.Maker
	Keys    Keys
	Blobs   requests.Blobs
	LogKey  string // the log's verifier key
	Origin  string // of the log
	Profile Profile
}

// Export takes an approved case to its bundle. The steps, in their order:
//
//  1. the intent to sign is recorded (export.intended);
//  2. the contents are written, and their digest is recorded (export.sealed);
//  3. the log signs a checkpoint over that event; its proof goes into the bundle;
//  4. the container is signed, stamped, verified from disk and encrypted;
//  5. the encrypted bundle is stored, its digests are recorded
//     (export.released), and the case moves on, in one transaction.
//
// Each step is durable before the next begins. After a stop anywhere the next
// run goes on with the first step that is not on record: files that are whole
// are used as they are, and a signature that may or may not have been made is
// preceded by a new record of the intent (export.resumed).
func (x *Exporter) Export(ctx context.Context, id requests.ID) (err error) {
	defer fault.Wrap(&err, "jobs.Export(%s)", id)
	c, rows, err := x.Steps.ExportCase(ctx, id)
	if err != nil {
		return err
	}
	if c.Release == nil {
		return fault.New(fault.Gate, "There is no approved release.")
	}
	recipients, err := recipientsOf(c.Agency)
	if err != nil {
		return err
	}
	rel, err := x.intend(ctx, *c.Release)
	if err != nil {
		return err
	}
	content, err := x.content(ctx, c, rel, rows)
	if err != nil {
		return err
	}
	prepared, err := x.Maker.Prepare(ctx, content)
	if err != nil {
		return err
	}
	if rel, err = x.seal(ctx, rel, hex.EncodeToString(prepared.ExportJSONSHA256[:])); err != nil {
		return err
	}
	out, err := x.sign(ctx, rel, prepared, recipients)
	if err != nil {
		return err
	}
	if err := x.keep(ctx, rel, out.file); err != nil {
		return err
	}
	c.Release = &rel
	_, err = x.Steps.Finish(ctx, c, out.container, out.encrypted)
	return err
}

func (x *Exporter) intend(ctx context.Context, rel requests.Release) (requests.Release, error) {
	switch rel.State {
	case requests.ApprovedR:
		return x.Steps.Intend(ctx, rel)
	case requests.Intended, requests.Sealed:
		return x.Steps.Resume(ctx, rel)
	}
	return rel, fault.New(fault.Conflict, "The release is %s.", rel.State)
}

func (x *Exporter) seal(ctx context.Context, rel requests.Release, contents string) (requests.Release, error) {
	if rel.State == requests.Intended {
		return x.Steps.Seal(ctx, rel, contents)
	}
	if rel.ContentsSHA256 != contents {
		return rel, fault.New(fault.Gate, "The contents of %s are no longer what was sealed. Nothing leaves; tell the auditors.", rel.Ref)
	}
	return rel, nil
}

// signed is a finished release file.
type signed struct{ file, container, encrypted string }

func (x *Exporter) sign(ctx context.Context, rel requests.Release, p export.Prepared, to []*x509.Certificate) (s signed, err error) {
	proof, err := x.Proofs.WaitFor(ctx, rel.SealingEvent)
	if err != nil {
		return s, err
	}
	entry, err := x.Proofs.Entry(ctx, rel.SealingEvent)
	if err != nil {
		return s, err
	}
	crls, err := x.Keys.CRLs(ctx)
	if err != nil {
		return s, fault.Because(fault.Unavailable, err, "No fresh revocation lists; nothing leaves without them.")
	}
	sealed, err := x.Maker.Seal(ctx, export.SealRequest{
		Prepared: p, Proof: export.Proof{Entry: entry, Text: proof, Keys: []byte(x.LogKey + "\n")},
		Signer: x.Keys.Signer, TSA: x.Keys.TSA, TSAChain: x.Keys.TSAChain, CRLs: crls,
	})
	if err != nil {
		return s, err
	}
	enc, err := x.Maker.Encrypt(ctx, export.EncryptRequest{Sealed: sealed, Recipients: to, Roots: x.Keys.Roots, LogKeys: []string{x.LogKey}})
	if err != nil {
		return s, err
	}
	return signed{filepath.Join(x.Maker.Dir, enc.File), sealed.SHA256, enc.SHA256}, nil
}

// keep stores the encrypted bundle under lerd's own name; a bundle that is
// there from an earlier run, with the same bytes, is as good.
func (x *Exporter) keep(ctx context.Context, rel requests.Release, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	err = x.Blobs.Put(ctx, requests.BundleBlob(rel), f)
	if fault.KindOf(err) != fault.Conflict {
		return err
	}
	was, err := x.Blobs.Get(ctx, requests.BundleBlob(rel))
	if err != nil {
		return err
	}
	defer was.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	same, err := equalReaders(was, f)
	if err == nil && !same {
		err = fault.New(fault.Gate, "Another bundle lies under the name of %s. Nothing leaves; tell the auditors.", rel.Ref)
	}
	return err
}

// recipientsOf reads the certificate to which an agency's bundles are encrypted.
func recipientsOf(a identity.Agency) ([]*x509.Certificate, error) {
	block, _ := pem.Decode(a.CertPEM)
	if block == nil {
		return nil, fault.New(fault.Gate, "The agency has no certificate on file to which its bundle could be encrypted.")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fault.Because(fault.Gate, err, "The agency's certificate cannot be read.")
	}
	return []*x509.Certificate{cert}, nil
}
