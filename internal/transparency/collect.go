package transparency

import (
	"context"
	"slices"
	"sync/atomic"

	"lerd/internal/audit"
)

// collect reads a log into a book of its first size entries. Of what lies behind,
// only the earliest counted event is kept.
func collect(ctx context.Context, src Source, size uint64) (*Book, error) {
	b := &Book{cases: map[caseID]int32{}, known: map[string]knownCount{}}
	var end atomic.Int64
	s := audit.Sifter{Log: src.Log, Size: src.Checkpoint.Size, Root: src.Checkpoint.Root, Progress: src.Progress,
		Keep: func(index uint64, entry []byte) (any, error) {
			if index == size-1 {
				r, err := audit.ParseEntry(entry)
				if err != nil {
					return nil, &Finding{Code: BadEvent, Index: index, Reason: "the last entry is no event in canonical form", Err: err}
				}
				end.Store(micros(r.At))
			}
			return keep(index, entry)
		},
		Settle: func(ctx context.Context, kept []any, first, end uint64) error {
			return b.open(ctx, src.Openings, kept, first, end)
		},
		Take: func(kept any) error { return b.take(kept.(*Mark), size) }}
	if src.Memory != nil {
		s.Recall, s.Remember = src.Memory.recall, src.Memory.remember
	}
	if err := s.Run(ctx); err != nil {
		return nil, err
	}
	b.end = end.Load()
	var err error
	b.gaps, err = lostIn(ctx, src, size)
	return b, err
}

// take puts a mark into the book, or looks whether it comes too late for it.
func (b *Book) take(m *Mark, size uint64) error {
	if m.index < size {
		return b.add(m)
	}
	if m.value != "" {
		return &Finding{Code: NotCounted, Index: m.index, Reason: "an entry behind the report's checkpoint is opened"}
	}
	if b.late == nil || m.at < b.late.at {
		b.late = m
	}
	return nil
}

// span gives the stretch of a quarter of the order.
func (o Order) span(q Period) span {
	cut := q.CutOff(o.Rules.CutOffDays)
	if !o.CutOff.IsZero() {
		cut = o.CutOff
	}
	return span{micros(q.From()), micros(q.To()), micros(cut)}
}

func sorted(n []uint64) []uint64 {
	slices.Sort(n)
	return slices.Compact(n)
}
