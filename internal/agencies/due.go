package agencies

import (
	"context"
	"errors"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Due does what time makes happen to agencies: standings end, people are
// reminded before, and entries come into force. It gives how many steps it took
// and can be repeated at any time; agencies that fail do not hold up the others.
func (s *Service) Due(ctx context.Context) (taken int, err error) {
	defer fault.Wrap(&err, "agencies.Due")
	ctx = identity.With(ctx, identity.SystemActor())
	ids, err := s.Store.DueAgencies(ctx, s.now())
	for _, id := range ids {
		n, dueErr := s.due(ctx, id)
		if fault.KindOf(dueErr) == fault.Conflict {
			continue // somebody else was first; the next run looks again
		}
		taken, err = taken+n, errors.Join(err, dueErr)
	}
	return taken, err
}

func (s *Service) due(ctx context.Context, id identity.AgencyID) (taken int, err error) {
	d, err := s.Store.Dossier(ctx, id)
	if err != nil || d.Agency.Standing == identity.Proposed || d.Agency.Standing == identity.Declined {
		return 0, err
	}
	_, rule, err := s.may(ctx, "keep", "agency", id)
	if err != nil {
		return 0, err
	}
	if after := Copy(d.Agency, d.Details, s.now()); !same(after, d.Agency) {
		if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{s.refreshed(ctx, after, rule, entered(d, s.now())...)}}); err != nil {
			return taken, err
		}
		taken++
		if d, err = s.Store.Dossier(ctx, id); err != nil {
			return taken, err
		}
	}
	if d.Agency.Standing != identity.Verified {
		return taken, nil
	}
	if !s.now().Before(d.ValidUntil()) {
		return taken + 1, s.suspend(ctx, d, "vetting_ended", rule)
	}
	told, err := s.remind(ctx, d, rule)
	return taken + told, err
}

// refreshed is the part that brings the agency's row to what is in force.
func (s *Service) refreshed(ctx context.Context, after identity.Agency, rule string, because ...audit.EventID) change.Part {
	was := after.EventID
	after.Version++
	e := s.event(ctx, "agency.refreshed", after, rule)
	e.Facts["certificate"] = strconv.FormatBool(len(after.CertPEM) > 0)
	causes(&e, was)
	causes(&e, because...)
	return change.Part{Event: e, Update: []any{&after}}
}

// entered gives the events of the entries in force.
func entered(d Dossier, now time.Time) (ids []audit.EventID) {
	for _, kind := range Kinds {
		for _, x := range InForce(d.Details, kind, now) {
			ids = append(ids, x.EventID)
		}
	}
	return ids
}

// remind tells once, on each of the days of Reminders, that a standing will end.
// After a pause it tells the nearest one only.
func (s *Service) remind(ctx context.Context, d Dossier, rule string) (told int, err error) {
	if r := d.Open(); r != nil {
		return 0, nil // somebody is at it
	}
	round := d.Rounds[len(d.Rounds)-1]
	for i := len(d.Rounds) - 1; i >= 0 && round.Stage != StageActivated; i-- {
		round = d.Rounds[i]
	}
	days, ok := nearest(round.ValidUntil.Sub(s.now()))
	if !ok {
		return 0, nil
	}
	stream := "reminder:" + string(round.ID) + ":" + strconv.Itoa(days)
	if there, err := s.Store.Happened(ctx, stream); err != nil || there {
		return 0, err
	}
	e := s.aside(ctx, "agency.vetting_ends", stream, 1, d, rule)
	e.Facts["days"] = strconv.Itoa(days)
	return 1, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// nearest gives the reminder that is due when a standing has that long to go.
func nearest(left time.Duration) (days int, ok bool) {
	for _, n := range Reminders { // the longest first
		if left <= time.Duration(n)*24*time.Hour {
			days, ok = n, true
		}
	}
	return days, ok
}
