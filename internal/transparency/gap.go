package transparency

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
)

// Stretch is a part of the log which stands under one origin.
type Stretch struct {
	Origin string `json:"origin"`
	First  uint64 `json:"first"` // number of its first entry
	Last   uint64 `json:"last"`
}

// Gap is a loss of log entries that two people have acknowledged. What happened
// between its two times and was recorded in lost entries is in no figure.
type Gap struct {
	Origin string  `json:"origin"` // under which the lost entries stood
	First  *uint64 `json:"first"`  // number of the first lost entry; null: after a fork nobody can tell
	Last   *uint64 `json:"last"`
	Root   string  `json:"root"`  // of the newest checkpoint that covered them
	After  string  `json:"after"` // when the last entry happened that is there still; empty: nothing is known
	Until  string  `json:"until"` // when the log went on
	Goes   string  `json:"goes_on_as"`
}

// lostStretch is a gap with its times.
type lostStretch struct {
	Gap
	size         uint64 // of what was there still
	after, until time.Time
}

const unknown = "unknown"

func orUnknown(n *uint64) string {
	if n == nil {
		return unknown
	}
	return strconv.FormatUint(*n, 10)
}

// lostIn gives the gaps among the first size entries of a log.
func lostIn(ctx context.Context, src Source, size uint64) (out []lostStretch, err error) {
	for _, b := range src.Epochs {
		if b.Size >= size {
			break // a report at an earlier checkpoint knows nothing of it
		}
		ended, err := b.Ended(src.Trust)
		if err != nil {
			return nil, &Finding{Code: BadEvent, Index: b.Size, Reason: "what an epoch says that was lost cannot be read", Err: err}
		}
		g := lostStretch{Gap: Gap{Origin: ended.Origin, Root: ended.Root.String(), Goes: b.Origin}, size: b.Size}
		if ended.Size > b.Size {
			first, last := b.Size, ended.Size-1
			g.First, g.Last = &first, &last
			if g.after, err = happened(ctx, src, b.Size); err != nil {
				return nil, err
			}
		}
		if g.until, err = happened(ctx, src, b.Size+1); err != nil {
			return nil, err
		}
		g.After, g.Until = said(g.after), said(g.until)
		out = append(out, g)
	}
	return out, nil
}

func said(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// happened gives when the n-th entry happened, counted from 1; the zero time for
// none. The bundle has been verified under the checkpoint by the count.
func happened(ctx context.Context, src Source, n uint64) (at time.Time, err error) {
	if n == 0 {
		return at, nil
	}
	index := n - 1
	width := int(min(src.Checkpoint.Size-index/audit.TileWidth*audit.TileWidth, audit.TileWidth))
	data, err := src.Log.ReadEntries(ctx, index/audit.TileWidth, width)
	if err != nil {
		return at, err
	}
	entries, err := audit.ParseBundle(data, width)
	if err != nil {
		return at, &Finding{Code: BadEvent, Index: index, Reason: "the entries beside a gap cannot be read", Err: err}
	}
	r, err := audit.ParseEntry(entries[index%audit.TileWidth])
	if err != nil {
		return at, &Finding{Code: BadEvent, Index: index, Reason: fmt.Sprintf("entry %d beside a gap is no event in canonical form", index), Err: err}
	}
	return r.At, nil
}

// origins gives the epochs under which the counted entries stand, nil for one alone.
func (b *Book) origins(log LogHead) (out []Stretch) {
	if len(b.gaps) == 0 {
		return nil
	}
	first := uint64(0)
	for _, g := range b.gaps {
		if g.size > first {
			out = append(out, Stretch{g.Origin, first, g.size - 1})
		}
		first = g.size
	}
	return append(out, Stretch{b.gaps[len(b.gaps)-1].Goes, first, log.Size - 1})
}

// touching gives the gaps in which something of a period can have been lost: what
// counts happened from its first moment to the cut-off.
func (b *Book) touching(from, cut time.Time) (out []Gap) {
	for _, g := range b.gaps {
		if g.after.Before(cut) && !g.until.Before(from) {
			out = append(out, g.Gap)
		}
	}
	return out
}

// Missing says in a sentence for each gap what is in no figure; "" where nothing
// is missing.
func (r *Report) Missing() string {
	var b strings.Builder
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "MISSING: entries %s to %s under %s, of what happened between %s and %s, are lost and in no figure; the log went on as %s.\n",
			orUnknown(g.First), orUnknown(g.Last), g.Origin, cmp.Or(g.After, "its beginning"), g.Until, g.Goes)
	}
	return b.String()
}
