package retention

import (
	"context"
	"time"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// Overview is what counsel and auditors see of retention.
type Overview struct {
	Classes  []Class
	Terms    map[ClassID]Term
	Due      []Due // within the next thirty days, held ones too
	Holds    []Hold
	Erasures []Erasure
}

// shown is how many of each the overview lists.
const shown = 200

// Look gives the overview.
func (s *Service) Look(ctx context.Context) (o Overview, err error) {
	defer fault.Wrap(&err, "retention.Look")
	if _, _, err := s.may(ctx, "view", "retention"); err != nil {
		return o, err
	}
	o.Classes = s.Policy.Classes
	if o.Terms, err = s.Store.Terms(ctx); err != nil {
		return o, err
	}
	if o.Due, err = s.Store.DueForErasure(ctx, s.now().Add(30*24*time.Hour), true, shown); err != nil {
		return o, err
	}
	if o.Holds, err = s.Store.LegalHolds(ctx, "", shown); err != nil {
		return o, err
	}
	o.Erasures, err = s.Store.Erasures(ctx, false, shown)
	return o, err
}

// Sheet is what is said of one case.
type Sheet struct {
	Ref      string
	ClosedAt time.Time // zero while it is open
	Due      map[ClassID]time.Time
	Holds    []Hold
	Erasures []Erasure
}

// Held tells whether a hold is in force.
func (s Sheet) Held() bool {
	for _, h := range s.Holds {
		if h.State != Lifted {
			return true
		}
	}
	return false
}

// Of gives what is said of one case, or NotFound.
func (s *Service) Of(ctx context.Context, id requests.ID) (sh Sheet, err error) {
	defer fault.Wrap(&err, "retention.Of(%s)", id)
	if _, _, err := s.may(ctx, "view", "retention"); err != nil {
		return sh, err
	}
	if sh, err = s.Store.RetentionOf(ctx, id); err != nil {
		return sh, err
	}
	sh.Holds, err = s.Store.LegalHolds(ctx, id, shown)
	return sh, err
}
