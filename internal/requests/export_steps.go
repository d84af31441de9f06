package requests

import (
	"context"
	"strconv"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/export"
	"lerd/internal/fault"
)

// Intend records the intent to sign, before anything is signed, and settles
// which event will commit to the contents, and in which form (rel.Profile) the
// bundle is encrypted.
func (s *Service) Intend(ctx context.Context, rel Release) (Release, error) {
	next := rel
	next.State, next.SealingEvent, next.Attempt = Intended, newID[audit.EventID](), rel.Attempt+1
	return s.advance(ctx, rel, next, nil)
}

// Seal records the digest of the contents (hexadecimal SHA-256 of
// data/export.json) and of the certificate that will seal them, under the id
// settled by Intend; the proof of this event lies inside the bundle.
func (s *Service) Seal(ctx context.Context, rel Release, contentsSHA256, sealSHA256 string) (Release, error) {
	next := rel
	next.State, next.ContentsSHA256 = Sealed, contentsSHA256
	return s.advance(ctx, rel, next, map[string]string{export.FactContents: contentsSHA256, export.FactSeal: sealSHA256})
}

// Resume records the intent to sign once more, after a stop in the middle: no
// signature is made without an intent on record.
func (s *Service) Resume(ctx context.Context, rel Release) (Release, error) {
	next := rel
	next.Attempt++
	return s.advance(ctx, rel, next, nil)
}

var exportKinds = map[ReleaseState]string{Intended: "export.intended", Sealed: export.KindSealed, Exported: export.KindReleased}

// advance takes a release one durable step on.
func (s *Service) advance(ctx context.Context, rel, next Release, facts map[string]string) (_ Release, err error) {
	defer fault.Wrap(&err, "requests.advance(%s, %s)", rel.ID, next.State)
	part, err := s.progress(ctx, rel, &next, facts)
	if err != nil {
		return rel, err
	}
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}}); err != nil {
		return rel, err
	}
	next.EventID = part.Event.ID
	if next.Copy != nil {
		next.Copy.EventID = part.Event.ID
	}
	return next, nil
}

func (s *Service) progress(ctx context.Context, rel Release, next *Release, facts map[string]string) (change.Part, error) {
	_, rule, err := s.may(ctx, "export", "release", rel.Agency)
	if err != nil {
		return change.Part{}, err
	}
	kind := exportKinds[next.State]
	if rel.State == next.State {
		kind = "export.resumed"
	}
	if rel.Copy != nil {
		return s.progressCopy(ctx, rel, next, kind, rule, facts), nil
	}
	next.Version = rel.Version + 1
	e := s.releaseEvent(ctx, *next, kind)
	if kind == export.KindSealed {
		e.ID = next.SealingEvent
	}
	s.exportFacts(&e, rel, *next, rule, facts)
	return change.Part{Event: e, Update: []any{next}}, nil
}

func (s *Service) exportFacts(e *audit.Event, rel, next Release, rule string, facts map[string]string) {
	e.Facts["attempt"], e.Facts["rule"] = strconv.Itoa(next.Attempt), rule
	e.Values = append(e.Values, digestValue(rel))
	e.Facts[export.FactExport] = rel.Ref
	for k, v := range facts {
		e.Facts[k] = v
	}
}

// Finish records that the bundle is ready, with the digests of the container
// and of the encrypted file, and moves the case with it.
func (s *Service) Finish(ctx context.Context, c Case, containerSHA256, encryptedSHA256 string) (_ Release, err error) {
	rel := *c.Release
	defer fault.Wrap(&err, "requests.Finish(%s)", rel.ID)
	next := rel
	next.State, next.ContainerSHA256, next.EncryptedSHA256, next.ExportedAt = Exported, containerSHA256, encryptedSHA256, s.now()
	second, err := s.progress(ctx, rel, &next, map[string]string{export.FactContainer: containerSHA256, export.FactReleaseFile: encryptedSHA256})
	if err != nil {
		return rel, err
	}
	if rel.Copy != nil {
		next.EventID = second.Event.ID
		return next, s.Store.Commit(ctx, change.Set{Parts: []change.Part{second}})
	}
	q := c.Request
	part, err := s.step(ctx, &q, Export, second.Event.Facts["rule"])
	if err != nil {
		return rel, err
	}
	part.Event.Causes = append(part.Event.Causes, second.Event.ID)
	part.Event.Facts["release"] = string(next.ID)
	if err := s.countAnswered(ctx, &part, c, rel); err != nil {
		return rel, err
	}
	next.EventID = second.Event.ID
	g := s.grant(c, next, c.Holder(), "ready")
	granted := change.Part{Event: s.grantEvent(ctx, next, g, "release.granted"), Insert: []any{&g}}
	parts := []change.Part{second, part, granted}
	if g.Officer != c.Recipient(rel) { // the case was taken over while its bundle was made
		parts = append(parts, s.order(ctx, c, next, g, granted.Event.ID, second.Event.Facts["rule"]))
	}
	if s.Telling != nil {
		told, err := s.Telling.Disclosed(ctx, c, next)
		if err != nil {
			return rel, err
		}
		parts = append(parts, told...)
	}
	return next, s.Store.Commit(ctx, change.Set{Parts: parts})
}

// ExportCase gives the export job an approved case with its frozen records,
// checked against the digest that was approved.
func (s *Service) ExportCase(ctx context.Context, id ID) (c Case, f Frozen, err error) {
	defer fault.Wrap(&err, "requests.ExportCase(%s)", id)
	c, _, _, err = s.open(ctx, id, "export", "release")
	if err != nil {
		return c, f, err
	}
	if c.Request.State != Approved || c.Release == nil || c.Release.ApprovedDigest != c.Release.Digest || c.Release.Approver == "" {
		return c, f, fault.New(fault.Gate, "The case has no approved release.")
	}
	if err := distinct(c.Release.Approver, c); err != nil {
		return c, f, err
	}
	if err := s.stands(ctx, c); err != nil {
		return c, f, err
	}
	if err := s.waits(ctx, c); err != nil {
		return c, f, err
	}
	if f, err = s.frozenOf(ctx, c.Release); err != nil {
		return c, f, err
	}
	c.Custody, err = s.custodyEvents(ctx, c)
	return c, f, err
}

// Finished tells whether the release of a reference has been exported.
func (s *Service) Finished(ctx context.Context, ref string) (bool, error) {
	rel, err := s.Releases.ReleaseByRef(ctx, ref)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return rel.State == Exported, err
}
