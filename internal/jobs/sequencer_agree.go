package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"lerd/internal/audit"
)

// agreement is what the last round left: as long as database and keeper still
// say the same, the tree need not be read and compared again.
type agreement struct {
	standing
	kept []audit.Kept // by place
}

// standing is the tree as the database has it, and whether the published
// checkpoint covers all of it.
type standing struct {
	state     audit.TreeState
	published string // the newest note that readers see
	signed    bool
	records   []audit.Kept // of the keeper, as they were read
	fresh     bool         // no place holds a checkpoint of this epoch yet
}

// agree compares the database with its own published checkpoint and with what
// the keeper last saw signed.
func (s *Sequencer) agree(ctx context.Context, session LogSession, begun epochs) (standing, error) {
	placed, published, err := session.Head(ctx)
	if err != nil {
		return standing{}, err
	}
	records, err := s.records()
	if err != nil {
		return standing{}, err
	}
	if a := s.agreed; a != nil && a.state.Size == placed && a.published == string(published) && slices.EqualFunc(a.kept, records, audit.Kept.Equal) {
		return a.standing, nil
	}
	if audit.NewestKept(records) == nil {
		return s.begin(placed, published, records)
	}
	state, err := s.load(ctx, placed)
	if err != nil {
		return standing{}, err
	}
	now := standing{state: state, records: records}
	tree := audit.Checkpoint{Origin: begun.origin(s.Signer.Name()), Size: placed, Root: state.Root()}
	last, err := s.settle(ctx, records, tree, begun)
	if err != nil {
		return standing{}, err
	}
	// What was signed is shown to the witnesses again before anything is added:
	// where database and keeper were set back together, they alone remember.
	if now.fresh = last.Origin != tree.Origin; !now.fresh {
		if _, _, err := s.cosign(ctx, last); err != nil || published == nil {
			return now, err
		}
	}
	shown, err := s.mayGrow(ctx, "the database", published, tree, begun)
	if err != nil {
		return standing{}, err
	}
	now.published, now.signed = string(published), shown.Checkpoint == tree && last.Checkpoint == tree
	s.agreeOn(now, last.Note)
	return now, nil
}

// begin starts a log where there is none at all. With anything in the database
// a missing keeper is an incident: removing it must not make lerd forget.
func (s *Sequencer) begin(placed uint64, published []byte, records []audit.Kept) (standing, error) {
	if placed > 0 || published != nil {
		return standing{}, &audit.Violation{Breach: audit.Rollback, Index: placed, Reason: "the log has entries, and the record of the last signed checkpoint outside the database is missing: " +
			"put back that file, or the newest checkpoint that an auditor or a witness holds"}
	}
	_, err := audit.SignFirst(s.Keeper, s.Signer)
	return standing{records: records}, err
}

// load rebuilds the tree from its tiles; what is missing there is a breach.
func (s *Sequencer) load(ctx context.Context, size uint64) (audit.TreeState, error) {
	state, err := audit.LoadState(ctx, s.Tiles, size)
	if isMissing(err) {
		return state, &audit.Violation{Breach: audit.Missing, Index: size, Reason: "hashes of the log are missing in the database", Err: err}
	}
	return state, err
}

// mayGrow gives a signed checkpoint of which the tree must be a continuation.
func (s *Sequencer) mayGrow(ctx context.Context, where string, signed []byte, tree audit.Checkpoint, begun epochs) (audit.SignedCheckpoint, error) {
	c, err := audit.OpenCheckpoint(signed, s.Trust)
	if err != nil {
		return audit.SignedCheckpoint{}, &audit.Violation{Breach: audit.BadNote, Reason: "the newest checkpoint in " + where + " is not one that this log has signed", Err: err}
	}
	err = s.Trust.Continues(ctx, s.Tiles, c.Checkpoint, tree, begun.list())
	if isMissing(err) {
		err = &audit.Violation{Breach: audit.Missing, Index: tree.Size, Reason: "hashes of the log are missing in the database", Err: err}
	}
	return c, err
}

// severalPlaces is a keeper with a record in more than one place.
type severalPlaces interface {
	Records() ([]audit.Kept, error)
}

// records gives what the keeper holds, in every place that it has.
func (s *Sequencer) records() (records []audit.Kept, err error) {
	if k, ok := s.Keeper.(severalPlaces); ok {
		records, err = k.Records()
	} else {
		records = []audit.Kept{{Place: "the data folder"}}
		records[0].Note, err = s.Keeper.Load()
	}
	if err != nil {
		err = fmt.Errorf("reading the last signed checkpoint: %w", err)
	}
	return records, err
}

// agreeOn remembers that database and keeper agree, the latter with this note in
// every place. It does not look again: a record that was changed meanwhile must
// not be taken for agreed.
func (s *Sequencer) agreeOn(now standing, note []byte) {
	a := &agreement{standing: now}
	for _, r := range now.records {
		a.kept = append(a.kept, audit.Kept{Place: r.Place, Note: note})
	}
	s.agreed = a
}

// settle lets the tree be compared with the record in every place, and gives the
// newest. A place that is behind, as after a stop between two of them, then
// takes it over.
func (s *Sequencer) settle(ctx context.Context, records []audit.Kept, tree audit.Checkpoint, begun epochs) (last audit.SignedCheckpoint, err error) {
	behind := false
	newest := audit.NewestKept(records)
	for _, r := range records {
		if string(r.Note) != string(newest) {
			behind = true
			if r.Note == nil {
				continue // the keeper has judged that it may be
			}
			if _, err := s.mayGrow(ctx, r.Place, r.Note, tree, begun); err != nil {
				return last, err
			}
		}
	}
	for _, r := range records {
		if string(r.Note) == string(newest) {
			if last, err = s.mayGrow(ctx, r.Place, r.Note, tree, begun); err != nil {
				return last, err
			}
			break
		}
	}
	if behind && last.Origin == tree.Origin { // the first checkpoint of an epoch renews them all
		if s.Log != nil {
			s.Log.WarnContext(ctx, "a record of the last signed checkpoint was behind the others and takes over the newest", "size", last.Size)
		}
		err = s.Keeper.Replace(newest, newest)
	}
	return last, err
}

// isMissing tells a hash that is not there from a database out of reach.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
