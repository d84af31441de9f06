package audit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The kinds of the events by which a log goes on after a loss.
const (
	KindEpochBegun       = "log.epoch_begun"       // the first entry of an epoch
	KindLossAcknowledged = "log.loss_acknowledged" // one person's word on it
)

// LossRoles are whose two words it takes, one person each.
var LossRoles = []string{"auditor", "counsel"}

// EpochBegun is what the first entry of an epoch says, for as long as there is a
// log: what was there still, which signed checkpoints that does not continue,
// and on whose word the log goes on.
type EpochBegun struct {
	Event  EventID
	Number int64  // of the epoch that begins, from 2
	Origin string // under which the log goes on
	Size   uint64 // entries that were there still; this one is entry Size
	Root   Hash   // over these
	Kept   [][]byte
	Acks   map[string]EventID // by role: the events with the words of LossRoles
	Loss   string             // SHA-256, hexadecimal, of the statement that was acknowledged
	At     time.Time          // on reading
}

// Epoch is the beginning of an epoch as a database has it.
type Epoch struct {
	EpochBegun
	Hash   Hash // leaf hash of its event
	Placed bool // it has its place in the log
}

// Facts gives it as the facts of its event.
func (b EpochBegun) Facts() map[string]string {
	f := map[string]string{"epoch": strconv.FormatInt(b.Number, 10), "origin": b.Origin, "size": strconv.FormatUint(b.Size, 10), "root": b.Root.String(), "loss_sha256": b.Loss}
	for i, note := range b.Kept {
		f["kept_"+strconv.Itoa(i+1)] = base64.StdEncoding.EncodeToString(note)
	}
	for role, id := range b.Acks {
		f[role] = string(id)
	}
	return f
}

// ParseEpochBegun reads the first entry of an epoch.
func ParseEpochBegun(r Record) (b EpochBegun, err error) {
	if r.Kind != KindEpochBegun {
		return b, fmt.Errorf("an event of kind %q begins no epoch", r.Kind)
	}
	b = EpochBegun{Event: r.ID, Origin: r.Facts["origin"], Loss: r.Facts["loss_sha256"], Acks: map[string]EventID{}, At: r.At}
	n, err := parseDecimal(r.Facts["epoch"])
	if err != nil || n < 2 {
		return b, fmt.Errorf("epoch: %.20q is not the number of a later epoch", r.Facts["epoch"])
	}
	b.Number = int64(n)
	if b.Size, err = parseDecimal(r.Facts["size"]); err != nil {
		return b, fmt.Errorf("size: %w", err)
	}
	if b.Root, err = parseHash(r.Facts["root"]); err != nil {
		return b, fmt.Errorf("root: %w", err)
	}
	for _, role := range LossRoles {
		b.Acks[role] = EventID(r.Facts[role])
	}
	for i := 1; r.Facts["kept_"+strconv.Itoa(i)] != ""; i++ {
		note, err := base64.StdEncoding.Strict().DecodeString(r.Facts["kept_"+strconv.Itoa(i)])
		if err != nil {
			return b, fmt.Errorf("kept_%d: %w", i, err)
		}
		b.Kept = append(b.Kept, note)
	}
	return b, nil
}

// Ended gives the newest checkpoint that was signed before the loss.
func (b EpochBegun) Ended(t Trust) (end Checkpoint, err error) {
	for _, note := range b.Kept {
		c, err := OpenCheckpoint(note, t.plain())
		if err != nil {
			return end, fmt.Errorf("epoch %d names a checkpoint that this log has not signed: %w", b.Number, err)
		}
		if end.Origin == "" || c.after(end) {
			end = c.Checkpoint
		}
	}
	if end.Origin == "" {
		return end, fmt.Errorf("epoch %d names no checkpoint", b.Number)
	}
	return end, nil
}

// names tells whether a kept note is one that the epoch's beginning names, by what
// it signs: cosignatures may differ.
func (b EpochBegun) names(c Checkpoint, trust Trust) bool {
	for _, note := range b.Kept {
		if k, err := OpenCheckpoint(note, trust.plain()); err == nil && k.Checkpoint == c {
			return true
		}
	}
	return false
}

// plain is the log's keys alone.
func (t Trust) plain() Trust { return Trust{Log: t.Log} }

// Continues is MaySign's rule over the epochs of a log: it tells whether the tree
// has grown out of a signed checkpoint. One of an earlier epoch is a prefix of
// what was there when the next began, or stands in its first entry. begun are the
// epochs that have begun by the tree's own entries, in their order. A refusal is
// a *Violation.
func (t Trust) Continues(ctx context.Context, r TileReader, last, tree Checkpoint, begun []EpochBegun) error {
	of, now := t.Epoch(last.Origin), t.Epoch(tree.Origin)
	if of == 0 || of == now {
		return MaySign(ctx, r, last, tree)
	}
	if of > now {
		return &Violation{Breach: Rollback, Index: tree.Size, Reason: fmt.Sprintf("%d entries were signed in epoch %d, and the log knows of none after epoch %d: entries were lost, restore them from the backup's tail before going on", last.Size, of, now)}
	}
	for _, b := range begun {
		if b.Number <= of {
			continue
		}
		if b.names(last, t) {
			return nil
		}
		if last.Size > b.Size {
			return &Violation{Breach: Rollback, Index: b.Size, Reason: fmt.Sprintf("%d entries were signed in epoch %d, which is not the loss that was acknowledged when epoch %d began", last.Size, of, b.Number)}
		}
		break
	}
	last.Origin = tree.Origin
	return MaySign(ctx, r, last, tree)
}

// Loss is what the log has lost, by the signed checkpoints that are kept outside
// and that its tree does not continue.
type Loss struct {
	Tree   Checkpoint // what is there, under the origin of the last epoch
	Number int64      // of the epoch in which the log could go on
	Origin string     // its origin
	Breach Breach     // of the newest: Rollback or Fork
	Reason string     // the same in words
	Kept   []Kept     // what the tree does not continue, the newest first
	Agrees []Kept     // what it continues
}

// FindLoss compares the tree with every record. It is nil where nothing is lost.
// What is no loss and yet wrong, such as tiles that do not fit, or a record that
// this log has not signed, is a *Violation, which nobody can acknowledge.
func (t Trust) FindLoss(ctx context.Context, r TileReader, tree Checkpoint, records []Kept, begun []EpochBegun) (*Loss, error) {
	loss := &Loss{Tree: tree, Number: t.Epoch(tree.Origin) + 1}
	var newest *Checkpoint
	for _, k := range records {
		if k.Note == nil {
			return nil, &Violation{Breach: Missing, Reason: k.Place + " has no record of the last signed checkpoint: put it back, or take the place into use with: lerd audit keep"}
		}
		c, err := OpenCheckpoint(k.Note, t.plain())
		if err != nil {
			return nil, &Violation{Breach: BadNote, Reason: k.Place + " holds a checkpoint that this log has not signed", Err: err}
		}
		v, err := violationOf(t.Continues(ctx, r, c.Checkpoint, tree, begun))
		switch {
		case err != nil:
			return nil, err
		case v == nil:
			loss.Agrees = append(loss.Agrees, k)
			continue
		case v.Breach != Rollback && v.Breach != Fork:
			return nil, v
		}
		loss.Number = max(loss.Number, t.Epoch(c.Origin)+1)
		if newest == nil || c.after(*newest) {
			newest, loss.Breach, loss.Reason = &c.Checkpoint, v.Breach, v.Reason
			loss.Kept = append([]Kept{k}, loss.Kept...)
		} else {
			loss.Kept = append(loss.Kept, k)
		}
	}
	if newest == nil {
		return nil, nil
	}
	loss.Origin = EpochOrigin(t.Base(tree.Origin), loss.Number)
	return loss, nil
}

// Base gives the name of the first epoch of the log of which an origin is one.
func (t Trust) Base(origin string) string {
	base := origin
	for _, v := range t.Log {
		if epochIn(v.Name(), origin) > 0 && len(v.Name()) < len(base) {
			base = v.Name()
		}
	}
	return base
}

// Notes gives the distinct records that are not continued, the newest first.
func (l *Loss) Notes() (notes [][]byte) {
	seen := map[string]bool{}
	for _, k := range l.Kept {
		if !seen[string(k.Note)] {
			notes = append(notes, k.Note)
		}
		seen[string(k.Note)] = true
	}
	return notes
}

// Statement is what two people acknowledge, word for word: the notes as they are
// kept, and the tree that is there.
func (l *Loss) Statement() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lerd lost log v1\n\nThe log goes on as epoch %d under %s with what is there:\n\n%s\nIt does not continue these checkpoints, which it signed:\n", l.Number, l.Origin, l.Tree.Text())
	for _, note := range l.Notes() {
		b.WriteString("\n" + string(note))
	}
	return b.String()
}

// Digest is the SHA-256 of the statement, hexadecimal.
func (l *Loss) Digest() string {
	sum := sha256.Sum256([]byte(l.Statement()))
	return hex.EncodeToString(sum[:])
}

// Named tells whether the beginning of an epoch is of this very loss.
func (l *Loss) Named(b EpochBegun) bool {
	if l == nil || b.Number != l.Number || b.Origin != l.Origin || b.Size != l.Tree.Size || b.Root != l.Tree.Root || len(b.Kept) != len(l.Notes()) {
		return false
	}
	for i, note := range l.Notes() {
		if string(note) != string(b.Kept[i]) {
			return false
		}
	}
	return true
}
