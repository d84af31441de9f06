package keys

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
)

// Reasons for which a key is revoked. SPEC: RFC 5280 §5.3.1.
var Reasons = []string{"keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation"}

// Revoke marks a key as compromised from a moment on and gives the bundles that
// it sealed. The key is named by the beginning of its SHA-256 (8 digits at
// least). From then on nothing is sealed with it.
func (s *Service) Revoke(ctx context.Context, sha256 string, since time.Time, reason string) (k Key, affected []Bundle, err error) {
	defer fault.Wrap(&err, "keys.Revoke")
	rule, err := s.may(ctx, "revoke", access.Object{Kind: "key"})
	if err != nil {
		return k, nil, err
	}
	if !slices.Contains(Reasons, reason) || since.IsZero() || since.After(s.Now()) {
		return k, nil, fault.New(fault.Invalid, "Give a reason (%s) and a time that has come.", strings.Join(Reasons, ", "))
	}
	if k, err = s.named(ctx, sha256); err != nil {
		return k, nil, err
	}
	if k.Standing == Compromised {
		affected, err = s.sealedWith(ctx, k)
		return k, affected, err
	}
	k.Standing, k.CompromisedAt, k.Reason, k.Version = Compromised, since.UTC().Truncate(time.Microsecond), reason, k.Version+1
	if affected, err = s.sealedWith(ctx, k); err != nil {
		return k, nil, err
	}
	e := s.event(ctx, k, "key.revoked", rule)
	e.Facts["reason"], e.Facts["since"] = reason, k.CompromisedAt.Format(time.RFC3339)
	e.Facts["bundles"] = strconv.Itoa(len(affected))
	return k, affected, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&k}}}})
}

// Affected gives the bundles that a key sealed, the oldest first.
func (s *Service) Affected(ctx context.Context, sha256 string) (k Key, list []Bundle, err error) {
	defer fault.Wrap(&err, "keys.Affected")
	if _, err := s.may(ctx, "list", access.Object{Kind: "key"}); err != nil {
		return k, nil, err
	}
	if k, err = s.named(ctx, sha256); err != nil {
		return k, nil, err
	}
	list, err = s.sealedWith(ctx, k)
	return k, list, err
}

func (s *Service) sealedWith(ctx context.Context, k Key) ([]Bundle, error) {
	list, err := s.Store.SealedWith(ctx, k.SHA256)
	for i := range list {
		list[i].Holds = k.Standing != Compromised || list[i].ExportedAt.Before(k.CompromisedAt)
	}
	return list, err
}

// named finds the one key whose SHA-256 begins so.
func (s *Service) named(ctx context.Context, sha256 string) (Key, error) {
	list, err := s.Store.SigningKeys(ctx)
	if err != nil {
		return Key{}, err
	}
	list = slices.DeleteFunc(list, func(k Key) bool { return !strings.HasPrefix(k.SHA256, strings.ToLower(sha256)) })
	if len(sha256) < 8 || len(list) != 1 {
		return Key{}, fault.New(fault.NotFound, "Name one key by the first 8 digits or more of its SHA-256; lerd keys list shows them.")
	}
	return list[0], nil
}
