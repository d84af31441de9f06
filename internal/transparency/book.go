package transparency

import (
	"context"
	"fmt"
	"time"

	"lerd/internal/audit"
)

// Source is what a count is made from.
type Source struct {
	Log        audit.LogReader
	Checkpoint audit.Checkpoint
	Openings   Openings
	Epochs     []audit.EpochBegun       // what the log says that it lost, in its order
	Trust      audit.Trust              // whose checkpoints these name; not needed without epochs
	Memory     *Memory                  // what earlier counts kept of full segments; nil: read everything anew
	Progress   func(done, total uint64) // now and then, if not nil
}

// Book is every counted event under a checkpoint, by case.
type Book struct {
	cases map[caseID]int32
	heads []caseBook
	marks []bookMark
	known map[string]knownCount
	fraud []int64 // when a fraud was caught
	last  int64   // the newest time of a counted event
	end   int64   // when the last entry happened
	gaps  []lostStretch
	late  *Mark // the earliest counted event behind the checkpoint, where one is asked for
}

type caseBook struct{ first, last int32 }

type bookMark struct {
	next  int32 // the case's next one, -1 at its end
	kind  kind
	at    int64
	index uint64
	count *Count // nil where the kind counts nothing, or it was not opened
}

// Collect reads a log into a book. Every entry is verified against the checkpoint
// and every opening against its entry.
func Collect(ctx context.Context, src Source) (*Book, error) {
	return collect(ctx, src, src.Checkpoint.Size)
}

// End is when the last entry under the checkpoint happened. With a memory it may
// be unknown, and then is the newest counted event's time.
func (b *Book) End() time.Time { return time.UnixMicro(max(b.end, b.last)).UTC() }

// knownCount is a count that was read before; text is the one copy of its form.
type knownCount struct {
	text string
	*Count
}

// open puts openings to the marks of a stretch of the log.
func (b *Book) open(ctx context.Context, from Openings, kept []any, first, end uint64) error {
	list, err := from.From(ctx, first, end)
	if err != nil {
		return err
	}
	for _, k := range kept {
		m := k.(*Mark)
		if len(list) > 0 && list[0].Index < m.index {
			break
		}
		if len(list) == 0 || list[0].Index != m.index || !m.kind.counts() {
			continue
		}
		if !list[0].Opens(m.commit) {
			return &Finding{Code: WrongOpen, Index: m.index, Reason: "the opening is not what the entry commits to"}
		}
		c, err := b.count(list[0].Value)
		if err != nil || !m.kind.wants(c.Count) {
			return &Finding{Code: WrongOpen, Index: m.index, Reason: "the entry commits to what is no count of its kind", Err: err}
		}
		m.value, list = c.text, list[1:]
	}
	if len(list) > 0 {
		return &Finding{Code: NotCounted, Index: list[0].Index, Reason: fmt.Sprintf("entry %d is opened and is no counted event", list[0].Index)}
	}
	return nil
}

func (b *Book) add(m *Mark) error {
	b.last = max(b.last, m.at)
	if m.kind == kFraud {
		b.fraud = append(b.fraud, m.at)
		return nil
	}
	var c knownCount
	if m.value != "" {
		var err error
		if c, err = b.count([]byte(m.value)); err != nil {
			return err
		}
	}
	at := int32(len(b.marks))
	b.marks = append(b.marks, bookMark{next: -1, kind: m.kind, at: m.at, index: m.index, count: c.Count})
	i, ok := b.cases[m.of]
	if !ok {
		b.cases[m.of] = int32(len(b.heads))
		b.heads = append(b.heads, caseBook{at, at})
		return nil
	}
	b.marks[b.heads[i].last].next, b.heads[i].last = at, at
	return nil
}

// count reads each distinct count once.
func (b *Book) count(value []byte) (knownCount, error) {
	if c, ok := b.known[string(value)]; ok {
		return c, nil
	}
	c, err := ParseCount(value)
	if err != nil {
		return knownCount{}, err
	}
	k := knownCount{string(value), &c}
	b.known[k.text] = k
	return k, nil
}
