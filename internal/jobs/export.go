package jobs

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/export"
	"lerd/internal/export/cms"
	"lerd/internal/export/ocsp"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// ReleaseSteps are the durable steps of a release.
type ReleaseSteps interface {
	ExportCase(ctx context.Context, id requests.ID) (requests.Case, requests.Frozen, error)
	Intend(ctx context.Context, rel requests.Release) (requests.Release, error)
	Seal(ctx context.Context, rel requests.Release, contentsSHA256, sealSHA256 string) (requests.Release, error)
	Resume(ctx context.Context, rel requests.Release) (requests.Release, error)
	Finished(ctx context.Context, ref string) (bool, error)
	Finish(ctx context.Context, c requests.Case, containerSHA256, encryptedSHA256 string) (requests.Release, error)
}

// CopySteps give the copies of bundles that wait to be sealed for a later grant.
// Their steps are those of ReleaseSteps.
type CopySteps interface {
	CopiesDue(ctx context.Context) ([]requests.CopyDue, error)
	ExportCopy(ctx context.Context, id requests.ID, copyID string) (requests.Case, requests.Frozen, error)
	// Breached puts on record that an export met what must not leave.
	Breached(ctx context.Context, c requests.Case, rule string) error
}

// Keys are what bundles are signed and stamped with.
type Keys struct {
	Signer   cms.Signer
	TSA      export.TSA
	TSAChain []*x509.Certificate
	// CRLs gives fresh revocation lists of the authorities of both chains, DER.
	CRLs func(ctx context.Context) ([][]byte, error)
	// OCSP asks about the certificates that no list covers; nil: a list must
	// cover each.
	OCSP *ocsp.Client
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
	Copies  CopySteps
	Proofs  LogProofs
	Maker   *export.Maker
	Keys    Keys
	Blobs   requests.Blobs
	LogKey  string // the log's verifier key
	Origin  string // of the log
	Profile Profile
	// Forms gives how an agency's bundles are encrypted; nil: all by GCM.
	Forms func(ctx context.Context, agency identity.AgencyID) (identity.DeliveryForm, error)
	// Usable refuses the sealing certificate (SHA-256, hexadecimal) when it is not
	// the current one or was revoked; nil: it is never refused.
	Usable func(ctx context.Context, certSHA256 string) error
	// Hold says why nothing may leave at the moment, nil if nothing is in the way:
	// Sequencer.Hold. It is asked before an export begins or is resumed, so that
	// waiting writes no events; the proof of the sealing is waited for anyway.
	Hold func() error
	// Reached is told each durable point as it is reached, for tests that stop
	// the process there; nil outside tests.
	Reached func(point string)
}

func (x *Exporter) reached(point string) {
	if x.Reached != nil {
		x.Reached(point)
	}
}

// The durable points of an export, in their order.
const (
	PointBegun    = "begun"
	PointIntended = "intended"
	PointPrepared = "prepared"
	PointSealed   = "sealed"
	PointProven   = "proven"
	PointSigned   = "signed"
	PointLocked   = "encrypted"
	PointKept     = "kept"
	PointFinished = "finished"
)

// Points lists them.
var Points = []string{PointBegun, PointIntended, PointPrepared, PointSealed, PointProven, PointSigned, PointLocked, PointKept, PointFinished}

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
	if err := x.ready(ctx); err != nil {
		return err
	}
	c, frozen, err := x.Steps.ExportCase(ctx, id)
	if err != nil {
		return err
	}
	return x.export(ctx, c, frozen)
}

// export takes a release, or a copy of one, through the steps.
func (x *Exporter) export(ctx context.Context, c requests.Case, frozen requests.Frozen) error {
	if c.Release == nil {
		return fault.New(fault.Gate, "There is no approved release.")
	}
	to, err := x.recipients(ctx, c.Agency, *c.Release)
	if err != nil {
		return err
	}
	x.reached(PointBegun)
	c.Release.Profile = to.form
	rel, err := x.intend(ctx, *c.Release)
	if err != nil {
		return err
	}
	x.reached(PointIntended)
	content, err := x.content(ctx, c, rel, frozen)
	if err != nil {
		return err
	}
	prepared, err := x.Maker.Prepare(ctx, content)
	if err != nil {
		return x.breached(ctx, c, shut(err))
	}
	x.reached(PointPrepared)
	if rel, err = x.seal(ctx, rel, hex.EncodeToString(prepared.ExportJSONSHA256[:])); err != nil {
		return err
	}
	x.reached(PointSealed)
	out, err := x.sign(ctx, rel, prepared, to)
	if err != nil {
		return shut(err)
	}
	if err := x.keep(ctx, rel, filepath.Join(x.Maker.Dir, out.File)); err != nil {
		return err
	}
	x.reached(PointKept)
	c.Release = &rel
	if _, err = x.Steps.Finish(ctx, c, out.ContainerSHA256, out.SHA256); err != nil {
		return err
	}
	x.reached(PointFinished)
	// What was made in the clear on the way goes; the agency's key alone opens
	// what stays. A stop before this leaves it to the sweep at the next start.
	return x.Maker.Forget(out)
}

// breached tells the auditors of a record that would have left and must not.
func (x *Exporter) breached(ctx context.Context, c requests.Case, err error) error {
	if b, ok := export.AsBreach(err); ok && x.Copies != nil {
		return errors.Join(err, x.Copies.Breached(ctx, c, b.Rule))
	}
	return err
}

// shut turns a conflict of the files on disk, e.g. contents that name a former
// seal, into a shut gate: no other replica settles it, so that people are told.
func shut(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return fault.Because(fault.Gate, err, "%s", fault.Message(err))
	}
	return err
}

// ready says why nothing may be sealed at the moment, nil if nothing is in the way.
func (x *Exporter) ready(ctx context.Context) error {
	if x.Hold != nil {
		if err := x.Hold(); err != nil {
			return err
		}
	}
	if x.Usable == nil {
		return nil
	}
	return x.Usable(ctx, export.NameSigner(x.Keys.Signer).CertSHA256)
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
		return x.Steps.Seal(ctx, rel, contents, export.NameSigner(x.Keys.Signer).CertSHA256)
	}
	if rel.ContentsSHA256 != contents {
		return rel, fault.New(fault.Gate, "The contents of %s are no longer what was sealed. Nothing leaves; tell the auditors.", rel.Ref)
	}
	return rel, nil
}

// Tidy removes what a stop between the last step and its cleaning left in the
// clear. It is called at start, before anything is exported.
func (x *Exporter) Tidy(ctx context.Context) error {
	ctx = identity.With(ctx, identity.SystemActor())
	if _, err := x.Maker.Sweep(x.Maker.Now()); err != nil {
		return err
	}
	if err := x.tidyCopies(); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(x.Maker.Dir, "*.asice"))
	if err != nil {
		return err
	}
	for _, path := range left {
		ref := strings.TrimSuffix(filepath.Base(path), ".asice")
		done, err := x.Steps.Finished(ctx, ref)
		if err == nil && done {
			err = x.Maker.Forget(export.Released{ExportID: ref})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sign makes the container and the encrypted release set.
func (x *Exporter) sign(ctx context.Context, rel requests.Release, p export.Prepared, to recipients) (out export.Released, err error) {
	proof, err := x.Proofs.WaitFor(ctx, rel.SealingEvent)
	if err != nil {
		return out, err
	}
	entry, err := x.Proofs.Entry(ctx, rel.SealingEvent)
	if err != nil {
		return out, err
	}
	x.reached(PointProven)
	crls, answers, err := x.Keys.revocation(ctx)
	if err != nil {
		return out, err
	}
	sealed, err := x.Maker.Seal(ctx, export.SealRequest{
		Prepared: p, Proof: export.Proof{Entry: entry, Text: proof, Keys: []byte(x.LogKey + "\n")},
		Signer: x.Keys.Signer, TSA: x.Keys.TSA, TSAChain: x.Keys.TSAChain, CRLs: crls, OCSPs: answers,
	})
	if err != nil {
		return out, err
	}
	x.reached(PointSigned)
	out, err = x.Maker.Encrypt(ctx, export.EncryptRequest{Sealed: sealed, Profile: to.cms(), Recipients: to.certs, Age: to.age, Roots: x.Keys.Roots, LogKeys: []string{x.LogKey}})
	if err == nil {
		x.reached(PointLocked)
	}
	return out, err
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
