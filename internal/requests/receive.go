package requests

import (
	"context"
	"io"
	"strconv"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

var emptyText personal.Text

// MaxDownloads is how often a bundle can be fetched before it must be issued anew.
const MaxDownloads = 10

// Download opens the encrypted bundle of a case for its agency. The receipt is
// committed before the first byte leaves.
func (s *Service) Download(ctx context.Context, id ID) (bundle io.ReadCloser, name string, err error) {
	defer fault.Wrap(&err, "requests.Download(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "download", "release")
	if err != nil {
		return nil, "", err
	}
	if c.Release == nil || c.Release.State != Exported {
		return nil, "", fault.New(fault.NotFound, "There is nothing here.")
	}
	if c.Agency.Standing != identity.Verified {
		return nil, "", fault.New(fault.NotFound, "There is nothing here.")
	}
	if c.Release.Downloads >= MaxDownloads {
		return nil, "", fault.New(fault.TooMany, "This bundle was downloaded %d times. Ask the reviewer to issue it again, and say why.", MaxDownloads)
	}
	bundle, err = s.Blobs.Get(ctx, BundleBlob(*c.Release))
	if err != nil {
		return nil, "", err
	}
	parts, err := s.downloaded(ctx, c, actor, rule)
	if err == nil {
		err = s.Store.Commit(ctx, change.Set{Parts: parts, Key: nil})
	}
	if err != nil {
		bundle.Close()
		return nil, "", err
	}
	return bundle, c.Release.FileName(), nil
}

// downloaded is the receipt: the release's count, and the case's state.
func (s *Service) downloaded(ctx context.Context, c Case, actor identity.Actor, rule string) ([]change.Part, error) {
	q, rel := c.Request, *c.Release
	if q.State != Closed {
		part, err := s.step(ctx, &q, Deliver, rule)
		if err != nil {
			return nil, err
		}
		receipt := s.receipt(ctx, rel, actor, rule)
		receipt.Event.Causes = append(receipt.Event.Causes, part.Event.ID)
		return []change.Part{part, receipt}, nil
	}
	return []change.Part{s.receipt(ctx, rel, actor, rule)}, nil
}

func (s *Service) receipt(ctx context.Context, rel Release, actor identity.Actor, rule string) change.Part {
	rel.Downloads, rel.Version = rel.Downloads+1, rel.Version+1
	e := s.releaseEvent(ctx, rel, "release.downloaded")
	e.Facts["download"], e.Facts["rule"] = strconv.Itoa(rel.Downloads), rule
	e.Facts["encrypted_sha256"] = rel.EncryptedSHA256
	return change.Part{Event: e, Update: []any{&rel}}
}

// ReleaseProof is what lies beside a bundle: the entry of the event that
// committed to its files, and that event's proof.
type ReleaseProof struct {
	Ref   string
	Entry []byte
	Proof []byte // c2sp.org/tlog-proof@v1
}

// Prove gives an agency the proof of its bundle's release, Unavailable until
// the log has signed it. The receipt is on record first.
func (s *Service) Prove(ctx context.Context, id ID) (p ReleaseProof, err error) {
	defer fault.Wrap(&err, "requests.Prove(%s)", id)
	c, _, rule, err := s.open(ctx, id, "download", "release")
	if err != nil {
		return p, err
	}
	if c.Release == nil || c.Release.State != Exported || c.Agency.Standing != identity.Verified {
		return p, fault.New(fault.NotFound, "There is nothing here.")
	}
	ev, err := s.TrailStore.ReleaseEvent(ctx, c.Release.ID)
	if err != nil {
		return p, err
	}
	proof, err := s.Proofs.Proof(ctx, ev.Record.ID)
	if fault.KindOf(err) == fault.NotFound {
		return p, fault.Because(fault.Unavailable, err, "The log signs this release within a moment. Please try again.")
	}
	if err != nil {
		return p, err
	}
	return ReleaseProof{c.Release.Ref, ev.Entry, proof}, s.look(ctx, c, "release.proof_given", rule)
}

// BundleBlob names the encrypted bundle's bytes.
func BundleBlob(rel Release) string { return "bundles/" + string(rel.ID) + ".p7m" }

// Acknowledge is the agency's word that it has the bundle and could open it.
func (s *Service) Acknowledge(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.Acknowledge(%s)", id)
	c, _, rule, err := s.open(ctx, id, "acknowledge", "release")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Acknowledge, rule)
	if err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// OpenDocument gives the bytes of an order to somebody who may see the case,
// and records that they looked.
func (s *Service) OpenDocument(ctx context.Context, id ID) (d Document, body io.ReadCloser, err error) {
	defer fault.Wrap(&err, "requests.OpenDocument(%s)", id)
	c, _, rule, err := s.open(ctx, id, access.Verb("view"), "document")
	if err != nil {
		return d, nil, err
	}
	if err := s.look(ctx, c, "document.viewed", rule); err != nil {
		return d, nil, err
	}
	body, err = s.Blobs.Get(ctx, blobOf(c.Document.ID))
	return c.Document, body, err
}
