package keys

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
)

// Publish puts the keys that are in use, and those that will be, on record;
// what is there stays as it is. The first seal is current at once; a later one
// is announced until Rotate. It gives the keys that were new.
func (s *Service) Publish(ctx context.Context, list ...Key) (fresh []Key, err error) {
	defer fault.Wrap(&err, "keys.Publish")
	rule, err := s.may(ctx, "publish", access.Object{Kind: "key"})
	if err != nil {
		return nil, err
	}
	known, err := s.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	var set change.Set
	for _, k := range list {
		if find(known, k.Purpose, k.SHA256) != nil {
			continue
		}
		k.ID, k.Version, k.PublishedAt, k.Standing = uuid.NewString(), 1, s.Now().UTC(), Current
		if k.Purpose == Seal && slices.ContainsFunc(known, func(o Key) bool { return o.Purpose == Seal }) {
			k.Standing = Announced
		}
		set.Parts = append(set.Parts, change.Part{Event: s.event(ctx, k, "key.published", rule), Insert: []any{&k}})
		known, fresh = append(known, k), append(fresh, k)
	}
	if len(set.Parts) == 0 {
		return nil, nil
	}
	return fresh, s.Store.Commit(ctx, set)
}

func find(list []Key, p Purpose, sha256 string) *Key {
	for i := range list {
		if list[i].Purpose == p && list[i].SHA256 == sha256 {
			return &list[i]
		}
	}
	return nil
}

// event begins an event of a key, with its fingerprint.
func (s *Service) event(ctx context.Context, k Key, kind, rule string) audit.Event {
	e := change.Event(ctx, s.Now(), kind, "key:"+k.ID, k.Version)
	e.Facts["purpose"], e.Facts["key_id"], e.Facts["sha256"] = string(k.Purpose), k.KeyID, k.SHA256
	e.Facts["standing"], e.Facts["rule"] = string(k.Standing), rule
	return e
}

// Usable refuses a sealing certificate (SHA-256 of its DER, hexadecimal) that
// is not the current one: nothing leaves under a key that nobody can look up,
// or that somebody else may have.
func (s *Service) Usable(ctx context.Context, certSHA256 string) (err error) {
	defer fault.Wrap(&err, "keys.Usable")
	list, err := s.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	k := find(list, Seal, certSHA256)
	switch {
	case k == nil:
		return fault.New(fault.Gate, "The configured sealing key was never published. Run: lerd keys publish")
	case k.Standing == Compromised:
		return fault.New(fault.Gate, "The configured sealing key was revoked (%s). Nothing leaves under it; see docs/keys.md.", k.Reason)
	case k.Standing != Current:
		return fault.New(fault.Gate, "The configured sealing key is %s, not the current one. Run: lerd keys rotate", k.Standing)
	}
	return nil
}
