package requests

import (
	"bytes"
	"context"
	"io"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

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
	c, actor, rule, err := s.open(ctx, id, "download", "release")
	if err != nil {
		return p, err
	}
	if c.Release == nil || c.Release.State != Exported || c.Agency.Standing != identity.Verified {
		return p, fault.New(fault.NotFound, "There is nothing here.")
	}
	ev, err := s.TrailStore.ReleaseEvent(ctx, c.FileFor(actor.Person))
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
func BundleBlob(rel Release) string {
	if rel.Copy != nil {
		return "bundles/" + rel.Copy.ID + ".p7m"
	}
	return "bundles/" + string(rel.ID) + ".p7m"
}

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
	body, err = s.opened(ctx, c.Document)
	return c.Document, body, err
}

// opened gives a document where people may see it.
func (s *Service) opened(ctx context.Context, d Document) (io.ReadCloser, error) {
	b, err := s.shown(ctx, d)
	if err != nil {
		return nil, err
	}
	return inMemory{bytes.NewReader(b)}, nil
}

// shown gives a document's bytes where people may see them.
func (s *Service) shown(ctx context.Context, d Document) ([]byte, error) {
	if s.Papers != nil {
		if err := s.Papers.MayOpen(ctx, d); err != nil {
			return nil, err
		}
	}
	return ReadDocument(ctx, s.Blobs, d)
}

// inMemory is a document that was read whole; it says its size.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
