package requests

import (
	"cmp"
	"context"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/export"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Copy is a bundle sealed anew, of the same approved records, for the officer of
// one grant. The release's own bundle is the first copy; each later grant has one
// of its own, so that a file that leaked leads back to the grant that it is of.
type Copy struct {
	ID              string
	Grant           string
	Release         ReleaseID
	Request         ID
	Agency          identity.AgencyID
	Officer         identity.PersonID
	Ordinal         int          // from 2, of the copies of the release
	State           ReleaseState // Ordered, Intended, Sealed or Exported
	OrderedAt       time.Time
	Attempt         int
	Profile         identity.DeliveryProfile
	SealingEvent    audit.EventID
	ContentsSHA256  string
	ContainerSHA256 string
	EncryptedSHA256 string
	ExportedAt      time.Time
	Version         int64
	EventID         audit.EventID
}

// Ordered is the state of a copy that is still to be made.
const Ordered ReleaseState = "ordered"

// CopyDue names a copy that waits to be made.
type CopyDue struct {
	Request ID     `gorm:"column:request_id"`
	Copy    string `gorm:"column:id"`
}

// Recipient is for whom a release's own bundle is sealed: who held the case when
// it was approved, whatever happens while it is made.
func (c Case) Recipient(rel Release) identity.PersonID {
	who := c.Request.Officer
	for _, t := range c.TakeOvers {
		if !t.At.After(rel.ApprovedAt) {
			who = t.To
		}
	}
	return who
}

// FileOf gives the release as it is delivered under a grant: with the file, its
// digests and its state. It is not for storing.
func (c Case) FileOf(g Grant, rel Release) Release {
	for i := range c.Copies {
		if c.Copies[i].Grant == g.ID {
			return c.Copies[i].over(rel)
		}
	}
	return rel
}

// FileFor is FileOf of the newest grant of an officer, the release itself where
// there is none.
func (c Case) FileFor(officer identity.PersonID) Release {
	g, _ := c.Grant(officer)
	return c.FileOf(g, *c.Release)
}

// over gives a release as its copy has it.
func (cp Copy) over(rel Release) Release {
	rel.Copy, rel.State, rel.Attempt, rel.Profile = &cp, cp.State, cp.Attempt, cp.Profile
	rel.SealingEvent, rel.ContentsSHA256 = cp.SealingEvent, cp.ContentsSHA256
	rel.ContainerSHA256, rel.EncryptedSHA256, rel.ExportedAt = cp.ContainerSHA256, cp.EncryptedSHA256, cp.ExportedAt
	return rel
}

// order is the part that has a copy made for a grant.
func (s *Service) order(ctx context.Context, c Case, rel Release, g Grant, because audit.EventID, rule string) change.Part {
	cp := Copy{ID: newID[string](), Grant: g.ID, Release: rel.ID, Request: rel.Request, Agency: rel.Agency, Officer: g.Officer, Ordinal: 2,
		State: Ordered, OrderedAt: s.now(), Version: 1}
	for _, o := range c.Copies {
		if o.Release == rel.ID {
			cp.Ordinal++
		}
	}
	e := s.copyEvent(ctx, cp, rel, "copy.ordered")
	e.Causes = []audit.EventID{because}
	e.Facts["rule"], e.Facts["grant"] = rule, itoa(g.Ordinal)
	return change.Part{Event: e, Insert: []any{&cp}}
}

// copyEvent begins an event of a copy, in the copy's own stream.
func (s *Service) copyEvent(ctx context.Context, cp Copy, rel Release, kind string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "copy:"+cp.ID, cp.Version)
	if cp.EventID != "" {
		e.Causes = []audit.EventID{cp.EventID}
	}
	e.Facts["request"], e.Facts["release"], e.Facts["ref"] = string(rel.Request), string(rel.ID), rel.Ref
	e.Facts["copy"], e.Facts["state"] = itoa(cp.Ordinal), string(cp.State)
	return e
}

// CopiesDue gives copies that wait to be made.
func (s *Service) CopiesDue(ctx context.Context) ([]CopyDue, error) {
	if _, _, err := s.may(ctx, "export", "release", ""); err != nil {
		return nil, err
	}
	return s.After.CopiesDue(ctx, 200)
}

// ExportCopy gives the export job a copy that was ordered, with the frozen
// records, checked against the digest that was approved. The gates of the release
// are asked once more: what fell since then does not leave again.
func (s *Service) ExportCopy(ctx context.Context, id ID, copyID string) (c Case, f Frozen, err error) {
	defer fault.Wrap(&err, "requests.ExportCopy(%s)", copyID)
	c, _, _, err = s.open(ctx, id, "export", "release")
	if err != nil {
		return c, f, err
	}
	if c.Release == nil || c.Release.State != Exported || c.Release.ApprovedDigest != c.Release.Digest {
		return c, f, fault.New(fault.Gate, "The bundle is not out, so that no copy of it is made.")
	}
	g, ok := c.openGrantOf(copyID)
	if !ok {
		return c, f, fault.New(fault.Conflict, "Nobody waits for this copy any more.")
	}
	if err := s.stands(ctx, c); err != nil {
		return c, f, err
	}
	if f, err = s.frozenOf(ctx, c.Release); err != nil {
		return c, f, err
	}
	rel := c.FileOf(g, *c.Release)
	if rel.State == Ordered {
		rel.State = ApprovedR
	}
	c.Release = &rel
	c.Custody, err = s.custodyEvents(ctx, c)
	return c, f, err
}

func (c Case) openGrantOf(copyID string) (Grant, bool) {
	for _, cp := range c.Copies {
		for _, g := range c.Grants {
			if cp.ID == copyID && cp.Grant == g.ID && g.Ended == "" && c.Release != nil && g.Release == c.Release.ID && cp.State != Exported {
				return g, true
			}
		}
	}
	return Grant{}, false
}

// progressCopy is progress of a release's copy.
func (s *Service) progressCopy(ctx context.Context, rel Release, next *Release, kind, rule string, facts map[string]string) change.Part {
	cp := *rel.Copy
	cp.State, cp.Attempt, cp.Profile, cp.Version = next.State, next.Attempt, cmp.Or(next.Profile, identity.DeliverGCM), cp.Version+1
	cp.SealingEvent, cp.ContentsSHA256 = next.SealingEvent, next.ContentsSHA256
	cp.ContainerSHA256, cp.EncryptedSHA256, cp.ExportedAt = next.ContainerSHA256, next.EncryptedSHA256, next.ExportedAt
	if cp.State != Exported {
		cp.ExportedAt = time.Time{}
	}
	e := s.copyEvent(ctx, cp, rel, kind)
	if kind == export.KindSealed {
		e.ID = next.SealingEvent
	}
	s.exportFacts(&e, rel, *next, rule, facts)
	next.Copy, next.Version = &cp, rel.Version
	return change.Part{Event: e, Update: []any{&cp}}
}
