// Package backup copies what lerd keeps, each copy under a key of its own that
// ends: what was erased since is then in no copy that anybody can open.
//
// Invariants:
//   - nothing of a copy is written unencrypted, and its key never lies beside it
//     or beside the data;
//   - a copy is whole when its manifest is there: that is written last;
//   - a key ends within the shortest term of the retention policy, and what
//     opened it is overwritten and removed; both are events;
//   - the log key, the sealing key and the master keys are in no copy.
//
// LAW: Regulation (EU) 2016/679 Art. 5(1)(e), Art. 17, Art. 32(1)(c).
package backup

import (
	"context"
	"time"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
)

// MaxDays is how long a key may last: the shortest floor of any class of
// policies/retention.yaml. What was erased outlives its erasure in a copy by no
// more than this.
const MaxDays = 30

// Committer writes a step with its event.
type Committer interface {
	Commit(ctx context.Context, set change.Set) error
}

// Service makes copies and ends their keys.
type Service struct {
	Store  Committer
	Access access.Allower
	Keys   Keyring
	Now    func() time.Time
}

// record puts an act on record, under the stream of its copy.
func (s *Service) record(ctx context.Context, kind, id string, facts map[string]string) error {
	_, rule, err := access.Enter(ctx, s.Access, "make", access.Object{Kind: "backup"})
	if err != nil {
		return err
	}
	e := change.Event(ctx, s.Now(), kind, "backup:"+id, 0)
	for name, v := range facts {
		e.Facts[name] = v
	}
	e.Facts["rule"] = rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// days refuses a lifetime that the retention policy forbids.
func days(n int) (time.Duration, error) {
	if n < 1 || n > MaxDays {
		return 0, fault.New(fault.Invalid, "Give 1 to %d days: no copy may outlive the shortest term of the retention policy.", MaxDays)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}
