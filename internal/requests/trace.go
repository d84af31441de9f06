package requests

import (
	"context"

	"lerd/bundle"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Sealing names a bundle that left by what can be found in a file.
type Sealing struct {
	Request   ID            `gorm:"column:request_id"`
	Copy      string        `gorm:"column:copy"`  // empty: the release's own bundle
	Event     audit.EventID `gorm:"column:event"` // that commits to its contents; its mark comes of it
	Container string        `gorm:"column:container"`
	Encrypted string        `gorm:"column:encrypted"`
}

// Clues are what was found in something that leaked.
type Clues struct {
	Marks   map[string]bool // signs that may be marks of copies
	Digests map[string]bool // SHA-256, hexadecimal
}

// Traced is the copy of a bundle that leaked, and who had it.
type Traced struct {
	Case     Case
	Release  Release // as the copy has it
	Mark     string
	By       string // mark, container or encrypted file: what was recognised
	Grants   []Grant
	Receipts []Receipt // downloads of this copy
}

// Ordinal is which copy of the release it is, from 1.
func (t Traced) Ordinal() int {
	if t.Release.Copy != nil {
		return t.Release.Copy.Ordinal
	}
	return 1
}

// Trace finds of which copies something is that turned up where it should not be.
// Each look is on record, in the case's own trail as well.
func (s *Service) Trace(ctx context.Context, clues Clues) (found []Traced, err error) {
	defer fault.Wrap(&err, "requests.Trace")
	actor, rule, err := s.may(ctx, "trace", "release", "")
	if err != nil {
		return nil, err
	}
	var hits []Sealing
	err = s.After.Sealings(ctx, func(x Sealing) error {
		if clues.by(x) != "" {
			hits = append(hits, x)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, x := range hits {
		t, err := s.traced(ctx, x, clues.by(x))
		if err != nil {
			return nil, err
		}
		e := change.Event(ctx, s.now(), "bundle.traced", "look:"+string(x.Request)+":"+string(actor.Person), 0)
		e.Facts["rule"], e.Facts["ref"], e.Facts["copy"], e.Facts["by"] = rule, t.Release.Ref, itoa(t.Ordinal()), t.By
		if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}}); err != nil {
			return nil, err
		}
		found = append(found, t)
	}
	return found, nil
}

func (c Clues) by(x Sealing) string {
	switch {
	case c.Marks[bundle.Mark(string(x.Event))]:
		return "mark"
	case c.Digests[x.Container]:
		return "container"
	case c.Digests[x.Encrypted]:
		return "encrypted file"
	}
	return ""
}

func (s *Service) traced(ctx context.Context, x Sealing, by string) (Traced, error) {
	c, err := s.Store.Case(ctx, x.Request)
	if err != nil {
		return Traced{}, err
	}
	t := Traced{Case: c, Mark: bundle.Mark(string(x.Event)), By: by}
	own := map[string]bool{} // grants that have a copy of their own
	for _, cp := range c.Copies {
		own[cp.Grant] = true
		if cp.ID != x.Copy {
			continue
		}
		for _, rel := range c.releases() {
			if rel.ID == cp.Release {
				t.Release = cp.over(rel)
			}
		}
	}
	for _, rel := range c.releases() {
		if x.Copy == "" && rel.SealingEvent == x.Event {
			t.Release = rel
		}
	}
	for _, g := range c.Grants {
		if g.Release == t.Release.ID && (x.Copy == "" && !own[g.ID] || t.Release.Copy != nil && g.ID == t.Release.Copy.Grant) {
			t.Grants = append(t.Grants, g)
		}
	}
	for _, r := range c.Receipts {
		for _, g := range t.Grants {
			if r.Grant == g.ID {
				t.Receipts = append(t.Receipts, r)
			}
		}
	}
	return t, nil
}

// Named gives the name of an officer who had a part in the case.
func (c Case) Named(id identity.PersonID) string {
	if id == c.Officer.ID {
		return c.Officer.Name.Reveal()
	}
	return c.person(id).Name.Reveal()
}
