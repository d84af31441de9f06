package requests

import (
	"context"
	"iter"
	"time"

	"lerd/internal/fault"
)

// Frozen are the records of a release as they were frozen. The numbers, of which
// there are few, are at hand; the addresses are read anew, and never held whole.
type Frozen struct {
	Total     int               // numbers and addresses
	Preserved map[time.Time]int // records that a snapshot kept, by when it was taken
	Phones    []Record
	// Addresses gives the rest in its order. What it gave counts only if it ends
	// without an error: then it was, with the numbers, what the digest says.
	Addresses iter.Seq2[Record, error]
}

// frozenOf reads the records of a release once, holds them against its digest, and
// says which items are empty.
func (s *Service) frozenOf(ctx context.Context, rel *Release) (Frozen, error) {
	f := Frozen{Preserved: map[time.Time]int{}, Addresses: s.addresses(ctx, *rel)}
	full := map[ItemID]bool{}
	_, err := s.asFrozen(ctx, *rel, func(r Record) bool {
		f.Total++
		full[r.Item] = true
		if !r.PreservedAt.IsZero() {
			f.Preserved[r.PreservedAt]++
		}
		if r.Phone != nil {
			f.Phones = append(f.Phones, r)
		}
		return true
	})
	for i := range rel.Items {
		rel.Items[i].Empty = !full[rel.Items[i].ID]
	}
	return f, err
}

func (s *Service) addresses(ctx context.Context, rel Release) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		stopped, err := s.asFrozen(ctx, rel, func(r Record) bool { return r.IP == nil || yield(r, nil) })
		if err != nil && !stopped {
			yield(Record{}, err)
		}
	}
}

// asFrozen gives each record of a release, and at the end whether they are what the
// digest says. It keeps none. Where each wants no more there is no such end.
func (s *Service) asFrozen(ctx context.Context, rel Release, each func(Record) bool) (stopped bool, err error) {
	digest := NewDigester()
	for r, err := range s.Releases.ReleaseRecords(ctx, rel.ID) {
		if err != nil {
			return false, err
		}
		digest.Add(r)
		if !each(r) {
			return true, nil
		}
	}
	if digest.Sum() != rel.Digest {
		return false, fault.New(fault.Gate, "The frozen records of %s are no longer what they were when they were read. Nothing may leave; tell the auditors.", rel.Ref)
	}
	return false, nil
}
