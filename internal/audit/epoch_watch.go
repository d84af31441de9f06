package audit

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Gap is a loss that a log names in its first entry after it, and on whose word
// it went on.
type Gap struct {
	EpochBegun
	Before int64                // the epoch that ended
	Ended  Checkpoint           // the newest checkpoint that was signed in it
	Said   map[string]time.Time // by role: when each acknowledged it
}

// Sentence says in words what a stranger must know of the log for ever.
func (g Gap) Sentence() string {
	lost := fmt.Sprintf("of which entries %d to %d are lost", g.Size, g.Ended.Size-1)
	if g.Ended.Size <= g.Size {
		lost = fmt.Sprintf("which is not the history of the %d entries that are here: from which entry on it was another one, nobody can tell", g.Size)
	}
	first, last := g.Said["counsel"], g.Said["auditor"]
	if last.Before(first) {
		first, last = last, first
	}
	on := first.UTC().Format("2 January 2006")
	if second := last.UTC().Format("2 January 2006"); second != on {
		on += " and " + second
	}
	return fmt.Sprintf("GAP: epoch %d ended at size %d with root %s, %s; acknowledged by a counsel and an auditor on %s; epoch %d begins with entry %d, under %s.",
		g.Before, g.Ended.Size, g.Ended.Root, lost, on, g.Number, g.Size, g.Origin)
}

// epochWatch follows the epochs of a log through its entries.
type epochWatch struct {
	ctx   context.Context
	tiles TileReader
	trust Trust
	base  string // origin of the first epoch
	now   int64  // the epoch that the entries have reached
	gaps  []Gap
	words map[EventID]Record
}

func newEpochWatch(ctx context.Context, tiles TileReader, trust Trust, origin string, since *Checkpoint) *epochWatch {
	w := &epochWatch{ctx: ctx, tiles: tiles, trust: trust.plain(), base: trust.Base(origin), now: 1, words: map[EventID]Record{}}
	if since != nil {
		w.now = max(w.now, trust.Epoch(since.Origin))
	}
	return w
}

func epochFault(index uint64, format string, args ...any) error {
	return &Violation{Breach: BadEpoch, Index: index, Reason: fmt.Sprintf(format, args...)}
}

// look takes an entry that tells of epochs. root is that of the tree before it.
func (w *epochWatch) look(index uint64, entry []byte, root Hash) error {
	r, err := ParseEntry(entry)
	if err != nil {
		return &Violation{Breach: BadEntry, Index: index, Reason: "an entry is not an event in canonical form", Err: err}
	}
	if r.Kind == KindLossAcknowledged {
		w.words[r.ID] = r
		return nil
	}
	b, err := ParseEpochBegun(r)
	if err != nil {
		return epochFault(index, "entry %d says that an epoch begins, and does not say what was lost: %v", index, err)
	}
	gap := Gap{EpochBegun: b, Before: w.now, Said: map[string]time.Time{}}
	loss := Loss{Tree: Checkpoint{EpochOrigin(w.base, w.now), index, root}, Origin: EpochOrigin(w.base, b.Number), Number: b.Number}
	if err := w.kept(index, &gap, &loss); err != nil {
		return err
	}
	switch {
	case b.Size != index || b.Root != root:
		return epochFault(index, "epoch %d says that it begins after %d entries with root %s, and it begins after %d with root %s", b.Number, b.Size, b.Root, index, root)
	case b.Origin != loss.Origin || b.Number <= w.now || b.Number != gap.Before+1:
		return epochFault(index, "epoch %d begins as %s, after epoch %d, whose newest kept checkpoint is of epoch %d", b.Number, b.Origin, w.now, gap.Before)
	case b.Loss != loss.Digest():
		return epochFault(index, "what was acknowledged when epoch %d began is not the loss that its first entry names", b.Number)
	}
	w.now, w.gaps = b.Number, append(w.gaps, gap)
	return nil
}

// kept reads the checkpoints that the old log had signed; the newest says how the
// epoch before ended.
func (w *epochWatch) kept(index uint64, gap *Gap, loss *Loss) error {
	for _, note := range gap.Kept {
		c, err := OpenCheckpoint(note, w.trust)
		if err != nil {
			return epochFault(index, "epoch %d names a checkpoint that this log has not signed: %v", gap.Number, err)
		}
		if gap.Ended.Origin == "" || c.after(gap.Ended) {
			gap.Ended = c.Checkpoint
		}
		loss.Kept = append(loss.Kept, Kept{Note: note})
	}
	if len(gap.Kept) == 0 {
		return epochFault(index, "epoch %d begins, and nothing says that anything was lost", gap.Number)
	}
	gap.Before = w.trust.Epoch(gap.Ended.Origin)
	return nil
}

// of refuses an entry that was recorded in an epoch which has not begun before it.
func (w *epochWatch) of(index uint64, epoch int64) error {
	if epoch >= w.now && epoch > 0 {
		return epochFault(index, "entry %d was recorded in epoch %d, and the log is in epoch %d there: an epoch was skipped, or its beginning removed", index, epoch+1, w.now)
	}
	return nil
}

// finish judges what only the whole log can tell.
func (w *epochWatch) finish(end Checkpoint) error {
	if n := w.trust.Epoch(end.Origin); n != w.now && n > 0 {
		return epochFault(end.Size, "the log is signed as epoch %d (%s), and by its entries it is in epoch %d", n, end.Origin, w.now)
	}
	for i := range w.gaps {
		if err := w.acknowledged(&w.gaps[i]); err != nil {
			return err
		}
		if err := w.lost(w.gaps[i], end); err != nil {
			return err
		}
	}
	return nil
}

// acknowledged finds the words of two people of different roles.
func (w *epochWatch) acknowledged(g *Gap) error {
	people := map[string]bool{}
	for _, role := range LossRoles {
		r, ok := w.words[g.Acks[role]]
		if !ok || r.Actor.Role != role || r.Facts["loss_sha256"] != g.Loss || r.Facts["assertion"] == "" {
			return epochFault(g.Size, "epoch %d began without the word of %s on its loss", g.Number, role)
		}
		g.Said[role] = r.At
		people[r.Actor.Person] = true
	}
	if len(people) != len(LossRoles) {
		return epochFault(g.Size, "epoch %d began on the word of one person in two roles", g.Number)
	}
	return nil
}

// lost refuses a gap in which nothing was lost: whoever begins epochs at will
// would make gaps look ordinary.
func (w *epochWatch) lost(g Gap, end Checkpoint) error {
	for _, note := range g.Kept {
		c, err := OpenCheckpoint(note, w.trust)
		if err != nil {
			return err
		}
		if c.Size > g.Size || w.trust.Epoch(c.Origin) > g.Before {
			continue
		}
		proof, err := ConsistencyProof(w.ctx, w.tiles, c.Size, end.Size)
		if err != nil {
			return unreadable(err, "tile", c.Size)
		}
		if VerifyConsistency(c.Size, end.Size, c.Root, end.Root, proof) == nil {
			return epochFault(g.Size, "epoch %d began because of a checkpoint over %d entries that the log continues: nothing was lost", g.Number, c.Size)
		}
	}
	return nil
}

// owns judges a checkpoint of an earlier epoch that somebody kept: root is what
// the log here has at its size.
func (w *epochWatch) owns(p Checkpoint, root Hash) (inGap bool, err error) {
	of := w.trust.Epoch(p.Origin)
	for _, g := range w.gaps {
		if g.Number <= of {
			continue
		}
		switch {
		case g.names(p, w.trust):
			return true, nil
		case p.Size <= g.Size:
			if root == p.Root {
				return false, nil
			}
			return false, &Violation{Breach: Fork, Index: p.Size, Reason: fmt.Sprintf("the first %d entries are not those under root %s, which was signed for them in epoch %d, and no acknowledged loss names that checkpoint", p.Size, p.Root, of)}
		case p.Size < g.Ended.Size && p.Origin == g.Ended.Origin:
			return true, nil
		}
		return false, &Violation{Breach: Rollback, Index: g.Size, Reason: fmt.Sprintf("%d entries were signed in epoch %d, and the loss that was acknowledged when epoch %d began ends at %d: more is lost than was said", p.Size, of, g.Number, g.Ended.Size)}
	}
	if root == p.Root {
		return false, nil
	}
	return false, &Violation{Breach: Fork, Index: p.Size, Reason: fmt.Sprintf("the first %d entries are not those under root %s, which was signed for them in an earlier epoch", p.Size, p.Root)}
}

// Gaps says each gap in a sentence, a line each.
func Gaps(gaps []Gap) string {
	var b strings.Builder
	for _, g := range gaps {
		b.WriteString(g.Sentence() + "\n")
	}
	return b.String()
}
