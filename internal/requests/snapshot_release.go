package requests

import (
	"context"
	"iter"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records"
)

// keptHeld is how many records of a snapshot's account and category are held in
// memory; an order may draw on many snapshots.
const keptHeld = 200

// keptRows are the records of one snapshot, given as a source gives them, so that
// the guard asks of them what it asks of the account data.
type keptRows struct {
	records.Source // nothing else is asked of it
	rows           map[keptOf]*spool
	takenAt        time.Time
}

// keptOf says whose records they are.
type keptOf struct {
	account  records.AccountID
	category Category
}

func (r Record) keptOf() keptOf {
	if r.Phone != nil {
		return keptOf{r.Phone.Account, PhoneNumber}
	}
	return keptOf{r.IP.Account, IPAddress}
}

func (k keptRows) add(r Record) error {
	of := r.keptOf()
	if k.rows[of] == nil {
		k.rows[of] = newSpool()
		k.rows[of].limit = keptHeld
	}
	return k.rows[of].add(r)
}

func (k keptRows) finish() error {
	for _, rows := range k.rows {
		if _, err := rows.sum(); err != nil {
			return err
		}
	}
	return nil
}

func (k keptRows) close() {
	for _, rows := range k.rows {
		rows.close()
	}
}

func (k keptRows) of(account records.AccountID, category Category) iter.Seq2[Record, error] {
	if rows := k.rows[keptOf{account, category}]; rows != nil {
		return rows.rows()
	}
	return func(func(Record, error) bool) {}
}

// Phones gives the numbers of an account that overlap a period.
func (k keptRows) Phones(_ context.Context, account records.AccountID, p records.Period) (out []records.PhoneRow, err error) {
	for r, err := range k.of(account, PhoneNumber) {
		if err != nil {
			return nil, err
		}
		if !p.Overlaps(r.Phone.ValidFrom, r.Phone.ValidTo) {
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
		for r, err := range k.of(account, IPAddress) {
			if err != nil {
				yield(records.IPRow{}, err)
				return
			}
			if !p.Contains(r.IP.At) {
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

// keptFor opens the snapshots that an order may be answered from, each to its end
// before a record of it is used. Who gets them closes them.
func (s *Service) keptFor(ctx context.Context, order ID) (out []keptRows, err error) {
	if s.Snapshots == nil {
		return nil, nil
	}
	list, err := s.Snapshots.SnapshotsFor(ctx, order)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		k := keptRows{rows: map[keptOf]*spool{}, takenAt: x.TakenAt}
		out = append(out, k)
		if err := s.keep(ctx, x, k); err != nil {
			closeKept(out)
			return nil, err
		}
	}
	return out, nil
}

// keep opens a snapshot into k.
func (s *Service) keep(ctx context.Context, x Snapshot, k keptRows) error {
	key, err := s.snapshotKey(x)
	if err != nil {
		return err
	}
	_, err = s.openSnapshot(ctx, x, key, k.add)
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Gate, "The file %s is not there. Nothing leaves; tell the auditors.", SnapshotBlob(x.ID))
	}
	if err != nil {
		return err
	}
	return k.finish()
}

func closeKept(list []keptRows) {
	for _, k := range list {
		k.close()
	}
}

// rowsWith gives the rows of an item in the order of the bundle, and with them those
// which snapshots kept and which the account data no longer have. What came before an
// error must not be used.
func (s *Service) rowsWith(ctx context.Context, it Item, period records.Period, kept []keptRows) iter.Seq2[Record, error] {
	from := []iter.Seq2[Record, error]{s.rowsOf(ctx, it, period)}
	for _, k := range kept {
		if k.rows[keptOf{records.AccountID(it.AccountID), it.Category}] != nil {
			from = append(from, k.rowsOf(ctx, it, period))
		}
	}
	if len(from) == 1 {
		return from[0]
	}
	return merged(opOf(it.Category), from)
}

// rowsOf gives those of an item as the guard lets them through, marked.
func (k keptRows) rowsOf(ctx context.Context, it Item, period records.Period) iter.Seq2[Record, error] {
	guarded := &Service{Config: Config{Source: records.Guard(k)}}
	return func(yield func(Record, error) bool) {
		for r, err := range guarded.rowsOf(ctx, it, period) {
			r.PreservedAt = k.takenAt
			if !yield(r, err) {
				return
			}
		}
	}
}
