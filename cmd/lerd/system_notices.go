package main

import (
	"context"
	"crypto/ed25519"
	"regexp"
	"time"

	"lerd/internal/httpsig"
	"lerd/internal/usernotice"
	"lerd/internal/usernotice/webhook"
	"lerd/internal/web"
	"lerd/policies"
)

// keyIDShape is how the keys of signed requests are named.
var keyIDShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// openUserNotices wires the register of gags and what users are told.
func (s *system) openUserNotices() error {
	policy, err := usernotice.LoadPolicy(policies.FS)
	if err != nil {
		return err
	}
	key, err := ensureSecret(s.cfg.path("keys", "user-notices.key"))
	if err != nil {
		return err
	}
	c := usernotice.Config{Store: s.store, Notices: s.store, Access: s.rules, Law: s.law, Policy: policy, Repeats: s.store, Now: s.now,
		Links: usernotice.Links{Key: key, Origin: s.cfg.PublicOrigin}}
	if s.cfg.UserNotices.URL != "" && s.cfg.practice == nil {
		if c.Courier, err = s.courier(); err != nil {
			return err
		}
	}
	s.telling = usernotice.New(c)
	return nil
}

func (s *system) courier() (usernotice.Courier, error) {
	n := s.cfg.UserNotices
	ours, err := readEd25519(n.Key)
	if err != nil {
		return nil, err
	}
	theirs, err := readEd25519Public(n.PlatformKey)
	if err != nil {
		return nil, err
	}
	return &webhook.Courier{URL: n.URL, Key: httpsig.Key{ID: n.KeyID, Private: ours}, PlatformID: n.PlatformKeyID, PlatformKey: theirs, Client: webhook.NewClient(), Now: s.now}, nil
}

// machines are the keys of machines that may call.
type machines struct {
	keys map[string]ed25519.PublicKey
	now  func() time.Time
}

// Rule says which signatures count now.
func (m machines) Rule() httpsig.Rule {
	return httpsig.Rule{Now: m.now(), Within: 5 * time.Minute, Public: func(id string) (ed25519.PublicKey, bool) { k, ok := m.keys[id]; return k, ok }}
}

// openMachines gives the portal the keys that are configured, nil for none.
func (s *system) openMachines() (web.MachineKeys, error) {
	if len(s.cfg.Machines) == 0 {
		return nil, nil
	}
	m := machines{map[string]ed25519.PublicKey{}, s.now}
	for _, one := range s.cfg.Machines {
		key, err := readEd25519Public(one.PublicKey)
		if err != nil {
			return nil, err
		}
		m.keys[one.ID] = key
	}
	return m, nil
}

// tellUsers ends gags and sends notices, in one process at a time.
func (s *system) tellUsers(ctx context.Context) (int, error) {
	return s.alone(ctx, "user notices", s.telling.RunOnce)
}
