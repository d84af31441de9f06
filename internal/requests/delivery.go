package requests

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Receipt is one download as it went.
type Receipt struct {
	ID      string
	Grant   string
	Release ReleaseID
	Request ID
	Agency  identity.AgencyID
	Officer identity.PersonID
	Ordinal int    // from 1, of the grant
	State   string // begun, delivered, broken, or unknown where lerd was stopped in it
	BegunAt time.Time
	EndedAt time.Time
	Total   int64  // bytes of the bundle
	Bytes   int64  // of them handed to the connection
	SHA256  string // of those, hexadecimal
	Version int64
	EventID audit.EventID
}

// The states of a receipt.
const (
	receiptBegun     = "begun"
	receiptDelivered = "delivered"
	receiptBroken    = "broken"
	receiptUnknown   = "unknown"
)

// DownloadDigest is what an officer agrees to with their passkey: these very
// bytes, of this release.
func DownloadDigest(rel Release) identity.Digest {
	return identity.DigestOf("lerd download v1", string(rel.ID), rel.EncryptedSHA256)
}

// Download opens the encrypted bundle of a case for the officer to whom it was
// granted. That a download begins is on record before the first byte leaves; how
// it ended is on record when the stream is closed: delivered where it was read to
// its end, else broken off.
func (s *Service) Download(ctx context.Context, id ID) (bundle io.ReadCloser, name string, err error) {
	defer fault.Wrap(&err, "requests.Download(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "download", "release")
	if err != nil {
		return nil, "", err
	}
	if c.Release == nil || c.Release.State != Exported || c.Agency.Standing != identity.Verified {
		return nil, "", fault.New(fault.NotFound, "There is nothing here.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeDownload, DownloadDigest(c.FileFor(actor.Person)))
	if err != nil {
		return nil, "", err
	}
	if s.running(ctx, c) != nil {
		return nil, "", fault.New(fault.NotFound, "There is nothing here.")
	}
	if actor.DownloadFrom.After(s.now()) {
		return nil, "", fault.New(fault.Gate, "You were vetted anew a short while ago. For your agency's safety you can download again later; your account's page says when.")
	}
	g, err := s.granted(c, actor.Person)
	if err != nil {
		return nil, "", err
	}
	rel := c.FileOf(g, *c.Release)
	if rel.State != Exported {
		return nil, "", fault.New(fault.Conflict, "Your copy of the bundle is being sealed for you. Reload the page in a minute.")
	}
	file, total, err := s.bundleOf(ctx, rel)
	if err != nil {
		return nil, "", err
	}
	d := &delivery{s: s, ctx: context.WithoutCancel(ctx), body: file, rule: rule, digest: sha256.New(), officer: actor.Person, grant: g.ID}
	d.receipt = Receipt{ID: newID[string](), Grant: g.ID, Release: g.Release, Request: id, Agency: g.Agency, Officer: g.Officer, Ordinal: g.Begun + 1,
		State: receiptBegun, BegunAt: s.now(), Total: total, Version: 1}
	g.Begun, g.Version = g.Begun+1, g.Version+1
	part := change.Part{Event: s.receiptEvent(ctx, rel, g, d.receipt, "release.download_begun", rule), Insert: []any{&d.receipt}, Update: []any{&g}}
	change.Prove(&part, proof)
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}}); err != nil {
		file.Close()
		return nil, "", err
	}
	d.checked = time.Now()
	return d, rel.FileName(), nil
}

// bundleOf opens a bundle and says how long it is.
func (s *Service) bundleOf(ctx context.Context, rel Release) (io.ReadCloser, int64, error) {
	file, err := s.Blobs.Get(ctx, BundleBlob(rel))
	if err != nil {
		return nil, 0, err
	}
	f, ok := file.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		file.Close()
		return nil, 0, fault.New(fault.Internal, "the blob store does not say how long a bundle is")
	}
	info, err := f.Stat()
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// delivery is a bundle on its way to an officer.
type delivery struct {
	s       *Service
	ctx     context.Context // outlives the officer's connection, so that its end is recorded
	body    io.ReadCloser
	rule    string
	officer identity.PersonID
	grant   string
	receipt Receipt
	digest  hash.Hash
	checked time.Time // by the real clock
	whole   bool      // read to its end
	cut     bool      // the right to it fell, or the connection did
	closed  bool
}

// recheckEvery is how often a download asks whether its officer may still have it.
const recheckEvery = 500 * time.Millisecond

// Read gives the next bytes. Where the officer, the agency or the bundle fell
// meanwhile it fails, and the connection is cut.
func (d *delivery) Read(p []byte) (int, error) {
	if d.cut {
		return 0, fault.New(fault.NotFound, "There is nothing here.")
	}
	if time.Since(d.checked) >= cmp.Or(d.s.RecheckEvery, recheckEvery) {
		d.checked = time.Now()
		if err := d.s.stillGranted(d.ctx, d.receipt); err != nil {
			d.cut = true
			return 0, err
		}
	}
	n, err := d.body.Read(p)
	d.digest.Write(p[:n])
	d.receipt.Bytes += int64(n)
	d.whole = err == io.EOF && d.receipt.Bytes == d.receipt.Total
	return n, err
}

// Stat tells how long the bundle is, as a file does.
func (d *delivery) Stat() (fs.FileInfo, error) {
	return d.body.(interface{ Stat() (fs.FileInfo, error) }).Stat()
}

// Abandon says that what was read did not reach the officer.
func (d *delivery) Abandon() { d.cut = true }

// Close ends the download and puts on record how it ended.
func (d *delivery) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	err := d.body.Close()
	ctx, cancel := context.WithTimeout(d.ctx, 15*time.Second)
	defer cancel()
	if ended := d.s.ended(ctx, d); ended != nil {
		return ended
	}
	return err
}

// stillGranted asks whether a download under way may go on.
func (s *Service) stillGranted(ctx context.Context, r Receipt) error {
	c, err := s.Store.Case(ctx, r.Request)
	if err != nil {
		return err
	}
	g, ok := c.Grant(r.Officer)
	if !ok || g.ID != r.Grant || g.Ended != "" || c.Agency.Standing != identity.Verified || !c.active(r.Officer) || s.running(ctx, c) != nil {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	return nil
}

// ended records how a download ended. Where two end at once, the second looks
// again; where the bundle was called back in the last moment, what was sent
// stays on record as of unknown end.
func (s *Service) ended(ctx context.Context, d *delivery) (err error) {
	defer fault.Wrap(&err, "requests.ended(%s)", d.receipt.ID)
	state := receiptBroken
	if d.whole && !d.cut {
		state = receiptDelivered
	}
	for range 4 {
		if err = s.end(ctx, d, state); fault.KindOf(err) != fault.Conflict {
			break
		}
	}
	if err != nil && state == receiptDelivered {
		err = s.end(ctx, d, receiptUnknown)
	}
	return err
}

func (s *Service) end(ctx context.Context, d *delivery, state string) error {
	c, err := s.Store.Case(ctx, d.receipt.Request)
	if err != nil {
		return err
	}
	r, rel, g, err := c.underWay(d.receipt.ID)
	if err != nil {
		return err
	}
	r.State, r.EndedAt, r.Version = state, s.now(), r.Version+1
	r.Bytes, r.SHA256 = d.receipt.Bytes, hex.EncodeToString(d.digest.Sum(nil))
	if r.EndedAt.Before(r.BegunAt) {
		r.EndedAt = r.BegunAt
	}
	parts, err := s.endParts(ctx, c, rel, g, r, d.rule)
	if err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts})
}

// endParts are the receipt's end and, of a delivery, what it means for the grant,
// the release and the case.
func (s *Service) endParts(ctx context.Context, c Case, rel Release, g Grant, r Receipt, rule string) ([]change.Part, error) {
	g.Version++
	file := c.FileOf(g, rel)
	part := change.Part{Event: s.receiptEvent(ctx, file, g, r, "release.download_"+r.State, rule), Update: []any{&r, &g}}
	part.Event.Facts["bytes"], part.Event.Facts["sent_sha256"] = strconv.FormatInt(r.Bytes, 10), r.SHA256
	if r.State != receiptDelivered {
		return []change.Part{part}, nil
	}
	g.Delivered++
	rel.Downloads, rel.Version = rel.Downloads+1, rel.Version+1
	part.Event.Kind = "release.delivered"
	counted := change.Part{Event: s.releaseEvent(ctx, rel, "release.downloaded", part.Event.ID), Update: []any{&rel}}
	counted.Event.Facts["download"], counted.Event.Facts["rule"] = strconv.Itoa(rel.Downloads), rule
	counted.Event.Facts["encrypted_sha256"] = file.EncryptedSHA256
	parts := []change.Part{part, counted}
	if q := c.Request; q.State == ExportedCase || q.State == Delivered {
		step, err := s.step(ctx, &q, Deliver, rule)
		if err != nil {
			return nil, err
		}
		step.Event.Causes = append(step.Event.Causes, counted.Event.ID)
		parts = append(parts, step)
	}
	return parts, nil
}

// underWay gives a download that has not ended, with its release and grant.
func (c Case) underWay(receipt string) (r Receipt, rel Release, g Grant, err error) {
	for _, r := range c.Receipts {
		if r.ID != receipt || r.State != receiptBegun {
			continue
		}
		for _, g := range c.Grants {
			for _, rel := range c.releases() {
				if g.ID == r.Grant && rel.ID == r.Release {
					return r, rel, g, nil
				}
			}
		}
	}
	return r, rel, g, fault.New(fault.NotFound, "There is no such download under way.")
}

// releases gives the release that counts and those that were called back.
func (c Case) releases() []Release {
	all := append([]Release{}, c.Recalled...)
	if c.Release != nil {
		all = append(all, *c.Release)
	}
	return all
}

// active tells whether an officer of the case's agency may act at all.
func (c Case) active(officer identity.PersonID) bool {
	for _, p := range c.People {
		if p.ID == officer {
			return p.Active
		}
	}
	return officer == c.Officer.ID && c.Officer.Active
}

// receiptEvent begins an event of a download.
func (s *Service) receiptEvent(ctx context.Context, rel Release, g Grant, r Receipt, kind, rule string) audit.Event {
	e := s.grantEvent(ctx, rel, g, kind)
	e.Facts["receipt"], e.Facts["rule"], e.Facts["total"] = itoa(r.Ordinal), rule, strconv.FormatInt(r.Total, 10)
	e.Facts["encrypted_sha256"] = rel.EncryptedSHA256
	if rel.Copy != nil {
		e.Facts["copy"] = itoa(rel.Copy.Ordinal)
	}
	return e
}

// downloadLimit is how long a download may be under way before it is taken for
// one that a stop of lerd left open.
const downloadLimit = time.Hour

// EndLostDownloads gives an unknown end to downloads that were under way when
// lerd was stopped: they may have been delivered.
func (s *Service) EndLostDownloads(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.EndLostDownloads(%s)", id)
	c, _, rule, err := s.open(ctx, id, "export", "release")
	if err != nil {
		return err
	}
	for _, r := range c.Receipts {
		if r.State != receiptBegun || s.now().Sub(r.BegunAt) < downloadLimit {
			continue
		}
		r, rel, g, err := c.underWay(r.ID)
		if err != nil {
			return err
		}
		r.State, r.EndedAt, r.Version = receiptUnknown, s.now(), r.Version+1
		parts, err := s.endParts(ctx, c, rel, g, r, rule)
		if err != nil {
			return err
		}
		return s.Store.Commit(ctx, change.Set{Parts: parts})
	}
	return nil
}
