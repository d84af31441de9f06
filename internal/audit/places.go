package audit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"lerd/internal/fault"
)

// Kept is the last signed checkpoint as one place has it.
type Kept struct {
	Place string // for people, e.g. "the folder /mnt/other"
	Note  []byte // nil: nothing is there
}

// Equal tells whether two records say the same.
func (k Kept) Equal(other Kept) bool {
	return k.Place == other.Place && (k.Note == nil) == (other.Note == nil) && bytes.Equal(k.Note, other.Note)
}

// NewestKept gives the record of the latest epoch and in it of the largest size,
// nil if there is none. What cannot be read counts as size 0 and is left to
// whoever opens it.
func NewestKept(records []Kept) (newest []byte) {
	var last Checkpoint
	for _, r := range records {
		c := stated(r.Note)
		if r.Note != nil && (newest == nil || c.after(last)) {
			newest, last = r.Note, c
		}
	}
	return newest
}

// after tells whether a checkpoint is of a later epoch, or larger in the same.
func (c Checkpoint) after(other Checkpoint) bool {
	switch {
	case epochAfter(c.Origin, other.Origin):
		return true
	case epochAfter(other.Origin, c.Origin):
		return false
	}
	return c.Size > other.Size
}

// stated is what a note states, unverified.
func stated(note []byte) (c Checkpoint) {
	if at := bytes.Index(note, []byte("\n\n")); at >= 0 {
		if c, _, err := parseText(string(note[:at+1])); err == nil {
			return c
		}
	}
	return c
}

// Place is somewhere that a checkpoint is kept.
type Place struct {
	Name   string // for people
	Keeper Keeper
}

// Places keeps the last signed checkpoint in several places, so that setting
// some of them back, together with the database, is noticed by the others.
//
// The last place of the list is written first and the first one last: after a
// stop in between, the farther place is ahead. A place that is behind is brought
// up by Replace(newest, newest), after the caller has made sure that the log
// continues what it holds.
type Places struct {
	Trust Trust   // the log's keys
	List  []Place // the nearest first
}

// Records gives what each place holds. An error is a *Violation where a place
// holds what this log has not signed (BadNote), two places hold different
// checkpoints of one size (Fork), or one has lost its record while another has
// one over entries (Rollback).
func (p Places) Records() ([]Kept, error) {
	records := make([]Kept, len(p.List))
	for i, place := range p.List {
		note, err := place.Keeper.Load()
		if err != nil {
			return nil, err
		}
		records[i] = Kept{place.Name, note}
	}
	return records, p.judge(records)
}

func (p Places) judge(records []Kept) error {
	bySize := map[uint64]Kept{}
	roots := map[uint64]Hash{}
	newest := stated(NewestKept(records))
	for _, r := range records {
		if r.Note == nil {
			continue
		}
		c, err := OpenCheckpoint(r.Note, p.Trust)
		if err != nil {
			return &Violation{Breach: BadNote, Reason: r.Place + " holds a checkpoint that this log has not signed", Err: err}
		}
		if epochAfter(newest.Origin, c.Origin) {
			continue // its epoch has ended; whoever signs compares it with how that was
		}
		if other, ok := bySize[c.Size]; ok && roots[c.Size] != c.Root {
			return &Violation{Breach: Fork, Index: c.Size, Reason: fmt.Sprintf("%s and %s hold different checkpoints over %d entries", other.Place, r.Place, c.Size)}
		}
		bySize[c.Size], roots[c.Size] = r, c.Root
	}
	size := newest.Size
	for _, r := range records {
		if r.Note == nil && size > 0 {
			return &Violation{Breach: Rollback, Index: size, Reason: fmt.Sprintf("%s has no record of the last signed checkpoint, and another place has one over %d entries: "+
				"put it back, or if the place is new take it into use with: lerd audit keep", r.Place, size)}
		}
	}
	return nil
}

// Load gives the newest record, nil if no place has any.
func (p Places) Load() ([]byte, error) {
	records, err := p.Records()
	return NewestKept(records), err
}

// Replace puts next in every place, if old is the newest record. The error is of
// kind fault.Conflict where another process was first.
func (p Places) Replace(old, next []byte) (err error) {
	defer fault.Wrap(&err, "places.Replace")
	records, err := p.Records()
	if err != nil {
		return err
	}
	if newest := NewestKept(records); !(Kept{Note: newest}).Equal(Kept{Note: old}) {
		return fault.New(fault.Conflict, "another process has signed a checkpoint since this one was read")
	}
	return p.put(records, next)
}

// Renew puts next in every place, where each still holds the record that the
// caller has judged. It is for the first checkpoint of an epoch: what the places
// hold then need not agree.
func (p Places) Renew(records []Kept, next []byte) (err error) {
	defer fault.Wrap(&err, "places.Renew")
	return p.put(records, next)
}

// put replaces each place's record, the farthest first.
func (p Places) put(records []Kept, next []byte) error {
	for i := len(p.List) - 1; i >= 0; i-- {
		if have := records[i].Note; have == nil || !bytes.Equal(have, next) {
			if err := p.List[i].Keeper.Replace(have, next); err != nil {
				return fmt.Errorf("%s: %w", p.List[i].Name, err)
			}
		}
	}
	return nil
}

// Begin gives places without a record the newest one, and says how many those
// were. It is for taking a new place into use, on a person's word.
func (p Places) Begin() (begun int, err error) {
	defer fault.Wrap(&err, "places.Begin")
	var records []Kept
	for _, place := range p.List {
		note, err := place.Keeper.Load()
		if err != nil {
			return 0, err
		}
		records = append(records, Kept{place.Name, note})
	}
	newest := NewestKept(records)
	if newest == nil {
		return 0, fault.New(fault.Invalid, "No place has a record yet: lerd makes the first one itself when it begins the log.")
	}
	if _, err := OpenCheckpoint(newest, p.Trust); err != nil {
		return 0, &Violation{Breach: BadNote, Reason: "the newest record is not a checkpoint that this log has signed", Err: err}
	}
	for i, r := range records {
		if r.Note == nil {
			if err := p.List[i].Keeper.Replace(nil, newest); err != nil {
				return begun, fmt.Errorf("%s: %w", r.Place, err)
			}
			begun++
		}
	}
	return begun, nil
}

// FolderKeeper keeps the checkpoint in the file "checkpoint" of a folder that
// must be there: a disk that is not mounted is out of reach and not empty.
type FolderKeeper struct{ Dir string }

// Load gives the last signed checkpoint, nil if the folder has none.
func (k FolderKeeper) Load() ([]byte, error) {
	file, err := k.file()
	if err != nil {
		return nil, err
	}
	return file.Load()
}

// Replace puts next in the place of old, as FileKeeper does.
func (k FolderKeeper) Replace(old, next []byte) error {
	file, err := k.file()
	if err != nil {
		return err
	}
	return file.Replace(old, next)
}

func (k FolderKeeper) file() (FileKeeper, error) {
	if info, err := os.Stat(k.Dir); err != nil || !info.IsDir() {
		return FileKeeper{}, fault.Because(fault.Unavailable, err, "The folder %s, which keeps the last signed checkpoint, is not there: mount it, or make it if it is new.", k.Dir)
	}
	return FileKeeper{Path: filepath.Join(k.Dir, CheckpointPath)}, nil
}
