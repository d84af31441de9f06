package requests

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records"
)

// keptRows are the records of one snapshot, given as a source gives them, so that
// the guard asks of them what it asks of the account data.
type keptRows struct {
	records.Source // nothing else is asked of it
	rows           []Record
	takenAt        time.Time
}

// Phones gives the numbers of an account that overlap a period.
func (k keptRows) Phones(_ context.Context, account records.AccountID, p records.Period) (out []records.PhoneRow, err error) {
	for _, r := range k.rows {
		if r.Phone == nil || r.Phone.Account != account || !p.Overlaps(r.Phone.ValidFrom, r.Phone.ValidTo) {
			continue
		}
		row := *r.Phone
		row.VerifiedAt = within(p, row.VerifiedAt)
		out = append(out, row)
	}
	return out, nil
}

// Sessions gives the events of an account inside a period.
func (k keptRows) Sessions(_ context.Context, account records.AccountID, p records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for _, r := range k.rows {
			if r.IP == nil || r.IP.Account != account || !p.Contains(r.IP.At) {
				continue
			}
			row := *r.IP
			row.FirstSeen, row.LastSeen, row.SessionEnd = within(p, row.FirstSeen), within(p, row.LastSeen), within(p, row.SessionEnd)
			if !yield(row, nil) {
				return
			}
		}
	}
}

// within blanks a moment outside the period, as a source does.
func within(p records.Period, t time.Time) time.Time {
	if t.IsZero() || !p.Contains(t) {
		return time.Time{}
	}
	return t
}

// keptFor opens the snapshots that an order may be answered from.
func (s *Service) keptFor(ctx context.Context, order ID) (out []keptRows, err error) {
	if s.Snapshots == nil {
		return nil, nil
	}
	list, err := s.Snapshots.SnapshotsFor(ctx, order)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		key, err := s.snapshotKey(x)
		if err != nil {
			return nil, err
		}
		plain, err := s.sealed(ctx, x, key)
		if fault.KindOf(err) == fault.NotFound {
			err = fault.New(fault.Gate, "The file %s is not there. Nothing leaves; tell the auditors.", SnapshotBlob(x.ID))
		}
		if err != nil {
			return nil, err
		}
		_, rows, err := parseSnapshot(plain)
		if err != nil {
			return nil, err
		}
		out = append(out, keptRows{rows: rows, takenAt: x.TakenAt})
	}
	return out, nil
}

// withKept adds to the rows of an item those which a snapshot kept and which the
// account data no longer have, in the order of the bundle.
func (s *Service) withKept(ctx context.Context, it Item, period records.Period, rows []Record, kept []keptRows) ([]Record, error) {
	have := map[string]Record{}
	for _, r := range rows {
		have[r.source()] = r
	}
	added := false
	for _, k := range kept {
		guarded := &Service{Config: Config{Source: records.Guard(k)}}
		more, err := all(guarded.rowsOf(ctx, it, period))
		if err != nil {
			return nil, err
		}
		for _, r := range more {
			if now, there := have[r.source()]; there {
				if !now.tellsTheSameAs(r) {
					return nil, &records.Breach{Op: opOf(it.Category), Rule: "record that is not what it was when it was preserved"}
				}
				continue
			}
			have[r.source()], added = r, true
			r.PreservedAt = k.takenAt
			rows = append(rows, r)
		}
	}
	if added {
		slices.SortStableFunc(rows, func(a, b Record) int {
			return cmp.Or(a.begins().Compare(b.begins()), cmp.Compare(a.source(), b.source()))
		})
	}
	return rows, nil
}

// tellsTheSameAs compares what never changes about a record once it is made. What
// may be learned later, e.g. when a session ended, may differ.
func (r Record) tellsTheSameAs(kept Record) bool {
	if r.Phone != nil && kept.Phone != nil {
		return r.Phone.Phone == kept.Phone.Phone && r.Phone.ValidFrom.Equal(kept.Phone.ValidFrom)
	}
	if r.IP == nil || kept.IP == nil {
		return false
	}
	a, b := r.IP, kept.IP
	return a.Event == b.Event && a.At.Equal(b.At) && a.Address == b.Address && a.SourcePort == b.SourcePort &&
		a.Destination == b.Destination && a.DestinationPort == b.DestinationPort && a.Transport == b.Transport && a.SessionID == b.SessionID
}

func opOf(c Category) string {
	if c == PhoneNumber {
		return "phones"
	}
	return "sessions"
}

func (r Record) source() string {
	if r.Phone != nil {
		return r.Phone.RecordID
	}
	return r.IP.RecordID
}

func (r Record) begins() time.Time {
	if r.Phone != nil {
		return r.Phone.ValidFrom
	}
	return r.IP.At
}
