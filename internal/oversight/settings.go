package oversight

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// PolicySetting is the name under which the access policy stands among the settings:
// its whole text, so that a replay reads the rules of its day.
const PolicySetting = "policies/access/policy.csv"

// RecordSettings puts on record with what settings lerd starts, where they are other
// than the newest event says: the names that changed and a digest of all in clear,
// the values as commitments. Secrets are given as "set" by the caller.
func (s *Service) RecordSettings(ctx context.Context, settings map[string]string) (changed []string, err error) {
	defer fault.Wrap(&err, "oversight.RecordSettings")
	ctx = identity.With(ctx, identity.SystemActor())
	was, err := s.Settings.LastSettings(ctx)
	if err != nil {
		return nil, err
	}
	e := change.Event(ctx, s.now(), "settings.loaded", "settings:lerd", 0)
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := settings[name]
		v := audit.Value{Name: name, New: []byte(value)}
		if old, ok := was[name]; ok {
			v.Old = []byte(old)
		}
		if old, ok := was[name]; !ok || old != value {
			changed = append(changed, name)
		}
		e.Values = append(e.Values, v)
		h.Write([]byte(name + "\x00" + value + "\x00"))
	}
	for name := range was {
		if _, still := settings[name]; !still {
			changed = append(changed, name)
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	slices.Sort(changed)
	e.Facts["settings_sha256"], e.Facts["changed"], e.Facts["policy_sha256"] = hex.EncodeToString(h.Sum(nil)), strings.Join(changed, " "), digestOf(settings[PolicySetting])
	return changed, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
