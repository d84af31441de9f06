package oversight

import (
	"context"
	"errors"
	"strconv"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight/dossier"
	"lerd/internal/requests"
)

// DossierStore gives what a dossier is packed from.
type DossierStore interface {
	// RowsOfEvents gives the rows that events wrote last, in canonical form.
	RowsOfEvents(ctx context.Context, ids []audit.EventID) (map[audit.EventID][]dossier.Row, error)
	// Encoded gives the payloads of events as they are stored; what was erased is
	// absent.
	Encoded(ctx context.Context, ids []audit.EventID) (map[audit.EventID][]byte, error)
	// FactsOf gives what opens the closed facts of events that have any: it outlives
	// their payloads.
	FactsOf(ctx context.Context, ids []audit.EventID) (map[audit.EventID]audit.ValueOpening, error)
	// DocumentBytes gives a document of the case, fault.NotFound where it was erased,
	// fault.Gate where something harmful was found in it, fault.Unavailable where it
	// waits for the scanner.
	DocumentBytes(ctx context.Context, d requests.Document) ([]byte, error)
}

// DossierDigest is what an auditor agrees to who takes a dossier away.
func DossierDigest(id requests.ID) identity.Digest {
	return identity.DigestOf("lerd dossier v1", string(id))
}

// MakeDossier packs and signs everything that there is of a case, after the event that
// says who took it away.
func (s *Service) MakeDossier(ctx context.Context, id requests.ID) (name string, file []byte, err error) {
	defer fault.Wrap(&err, "oversight.MakeDossier(%s)", id)
	actor, rule, err := s.may(ctx, "export", "dossier")
	if err != nil {
		return "", nil, err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAudit, DossierDigest(id))
	if err != nil {
		return "", nil, err
	}
	c, events, err := s.Cases.Trail(ctx, id)
	if err != nil {
		return "", nil, err
	}
	e := change.Event(ctx, s.now(), "audit.dossier_taken", "look:"+string(id)+":"+string(actor.Person), 0)
	e.Facts["request"], e.Facts["rule"], e.Facts["events"] = string(id), rule, strconv.Itoa(len(events))
	part := change.Part{Event: e}
	change.Prove(&part, proof)
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}}); err != nil {
		return "", nil, err
	}
	d, err := s.dossier(ctx, c, events, actor)
	if err != nil {
		return "", nil, err
	}
	file, err = d.Pack(ctx, s.Signer)
	return c.Request.Ref + "-dossier.asice", file, err
}

// dossier collects the events under the newest checkpoint with all that opens them.
func (s *Service) dossier(ctx context.Context, c requests.Case, events []requests.TrailEvent, actor identity.Actor) (d dossier.Dossier, err error) {
	if d.Checkpoint, err = s.Log.ReadCheckpoint(ctx); err != nil {
		return d, err
	}
	signed, err := audit.OpenCheckpoint(d.Checkpoint, withoutQuorum(s.Outside.Trust()))
	if err != nil {
		return d, err
	}
	d.Head = dossier.Head{Case: string(c.Request.ID), Ref: c.Request.Ref, Made: s.now(), By: actor.Pseudonym, Log: signed.Origin, Size: signed.Size}
	var ids []audit.EventID
	for _, ev := range events {
		if ev.Index < 0 || uint64(ev.Index) >= signed.Size {
			continue // it has no proof yet
		}
		hashes, err := audit.InclusionProof(ctx, s.Log, uint64(ev.Index), signed.Size)
		if err != nil {
			return d, err
		}
		proof := audit.Proof{Index: uint64(ev.Index), Hashes: hashes, Checkpoint: d.Checkpoint}.Format()
		d.Entries, d.Proofs, ids = append(d.Entries, ev.Entry), append(d.Proofs, dossier.Proof{ID: ev.Record.ID, Proof: string(proof)}), append(ids, ev.Record.ID)
	}
	if err := s.openings(ctx, &d, ids); err != nil {
		return d, err
	}
	if err := s.papers(ctx, &d, c); err != nil {
		return d, err
	}
	return d, nil
}

func withoutQuorum(t audit.Trust) audit.Trust {
	t.Quorum = 0
	return t
}

func (s *Service) openings(ctx context.Context, d *dossier.Dossier, ids []audit.EventID) error {
	payloads, err := s.Dossiers.Encoded(ctx, ids)
	if err != nil {
		return err
	}
	rows, err := s.Dossiers.RowsOfEvents(ctx, ids)
	if err != nil {
		return err
	}
	facts, err := s.Dossiers.FactsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if f, closes := facts[id]; closes {
			d.Facts = append(d.Facts, dossier.Facts{ID: id, Salt: f.Salt[:], Value: f.Value})
		}
		body, ok := payloads[id]
		if !ok {
			d.Head.Unopened++
			continue
		}
		d.Openings = append(d.Openings, dossier.Opening{ID: id, Payload: body, Rows: rows[id]})
	}
	return nil
}

// papers reads the order and the documents that came with messages.
func (s *Service) papers(ctx context.Context, d *dossier.Dossier, c requests.Case) error {
	d.Files = map[string][]byte{}
	add := func(doc requests.Document, what string) error {
		x := dossier.Document{SHA256: doc.SHA256, What: what}
		b, err := s.Dossiers.DocumentBytes(ctx, doc)
		switch kind := fault.KindOf(err); {
		case err == nil:
			d.Files[doc.SHA256] = b
		case kind == fault.NotFound:
			x.Erased = true
		case errors.Is(err, requests.ErrAltered):
			x.Withheld = dossier.Altered
		case kind == fault.Gate:
			x.Withheld = dossier.Harmful
		case kind == fault.Unavailable:
			x.Withheld = dossier.Waits
		default:
			return err
		}
		d.Head.Documents = append(d.Head.Documents, x)
		return nil
	}
	if err := add(c.Document, "order"); err != nil {
		return err
	}
	for _, m := range c.Messages {
		for _, doc := range m.Documents {
			if _, twice := d.Files[doc.SHA256]; twice {
				continue
			}
			if err := add(doc, "message"); err != nil {
				return err
			}
		}
	}
	return nil
}
