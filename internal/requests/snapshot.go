package requests

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/vault"
)

// The states of a snapshot.
const (
	SnapshotBegun  = "begun"  // it has a key
	SnapshotTaken  = "taken"  // its file is kept
	SnapshotErased = "erased" // its key is gone
	SnapshotGone   = "gone"   // and its file
)

// Snapshot is what the account data held of one target when its preservation
// began, sealed. Nothing of it tells whether there was such an account.
type Snapshot struct {
	ID         string
	Request    ID // the preservation
	Target     TargetID
	Agency     identity.AgencyID
	State      string
	WrappedKey string // base64; empty once erased
	BegunAt    time.Time
	TakenAt    time.Time // zero until taken
	// ContentsSHA256 is over the contents in the clear, which begin with random bytes.
	ContentsSHA256 string
	CountsSHA256   string // over the same random bytes and the counts
	ErasedAt       time.Time
	Version        int64
	EventID        audit.EventID
}

// SnapshotStore knows the snapshots of preservations.
type SnapshotStore interface {
	// SnapshotsDue gives preservations with a snapshot to take or to erase.
	SnapshotsDue(ctx context.Context, limit int) ([]ID, error)
	// Snapshots gives those of a preservation.
	Snapshots(ctx context.Context, id ID) ([]Snapshot, error)
	// Arrivals gives open requests by these processes whose data are not kept yet, of
	// agencies that may have more kept at a time; the first to arrive first.
	Arrivals(ctx context.Context, processes []string, most, limit int) ([]ID, error)
	// Arrived tells whether the data of a request are kept since it arrived.
	Arrived(ctx context.Context, id ID) (bool, error)
	// SnapshotsFor gives the taken ones that an order may be answered from: its own,
	// and those of preservations.
	SnapshotsFor(ctx context.Context, order ID) ([]Snapshot, error)
}

// SnapshotBlob names the sealed bytes of a snapshot.
func SnapshotBlob(id string) string { return "snapshots/" + id }

func snapshotOwner(id string) string { return "snapshot " + id }
func snapshotPlace(id string) string { return "contents of snapshot " + id }

// KeepSnapshots takes the snapshots of preservations that began, and erases those
// that nothing needs any more. It is the job's work and never the officer's or the
// reviewer's, so that no page waits for the account data.
func (s *Service) KeepSnapshots(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "requests.KeepSnapshots")
	if s.Snapshots == nil {
		return nil
	}
	arrived := s.keepArrived(ctx)
	due, err := s.Snapshots.SnapshotsDue(ctx, 200)
	err = errors.Join(arrived, err)
	for _, id := range due {
		err = errors.Join(err, unlessTaken(s.keepSnapshots(ctx, id)))
	}
	return err
}

func (s *Service) keepSnapshots(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.keepSnapshots(%s)", id)
	c, _, rule, err := s.open(ctx, id, "resolve", "request")
	if err != nil {
		return err
	}
	list, err := s.Snapshots.Snapshots(ctx, id)
	if err != nil {
		return err
	}
	if c.Request.State != Preserved && !(c.Request.State.keptOnArrival() && s.hasArrived(ctx, id)) {
		for _, x := range list {
			err = errors.Join(err, s.eraseSnapshot(ctx, x, rule))
		}
		return err
	}
	if c.Agency.Standing != identity.Verified {
		return nil // contained: nothing is read for it until the agency may ask again
	}
	for _, t := range c.Request.Targets {
		err = errors.Join(err, s.stopped(ctx, c, s.snapshotOf(ctx, c, t, list, rule)))
	}
	if err == nil {
		err = s.answered(ctx, c, "resolve", "phones", "sessions")
	}
	return err
}

// snapshotOf takes the snapshot of a target from where it stands: a key that is
// there is used, and a file that is there is what was taken, so that a process
// that stopped in between loses nothing and takes nothing twice.
func (s *Service) snapshotOf(ctx context.Context, c Case, t Target, list []Snapshot, rule string) error {
	for _, x := range list {
		if x.Target == t.ID {
			if x.State != SnapshotBegun {
				return nil
			}
			return s.takeSnapshot(ctx, x, t, rule)
		}
	}
	x := Snapshot{ID: uuid.NewString(), Request: c.Request.ID, Target: t.ID, Agency: c.Request.Agency, State: SnapshotBegun, BegunAt: s.now(), Version: 1}
	_, wrapped, err := s.Vault.NewKey(snapshotOwner(x.ID))
	if err != nil {
		return err
	}
	x.WrappedKey = base64.StdEncoding.EncodeToString(wrapped)
	e := s.snapshotEvent(ctx, x, "snapshot.begun", rule)
	e.Causes = []audit.EventID{c.Request.EventID}
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&x}}}}); err != nil {
		return err
	}
	return s.takeSnapshot(ctx, x, t, rule)
}

func (s *Service) takeSnapshot(ctx context.Context, x Snapshot, t Target, rule string) error {
	key, err := s.snapshotKey(x)
	if err != nil {
		return err
	}
	told, err := s.openSnapshot(ctx, x, key, func(Record) error { return nil })
	if fault.KindOf(err) == fault.NotFound {
		told, err = s.storeSnapshot(ctx, x, t, key)
	}
	if err != nil {
		return err
	}
	x.State, x.Version, x.TakenAt = SnapshotTaken, x.Version+1, told.read
	x.ContentsSHA256, x.CountsSHA256 = told.sha256, told.counts()
	e := s.snapshotEvent(ctx, x, "snapshot.taken", rule)
	e.Facts["contents_sha256"], e.Facts["counts_sha256"] = x.ContentsSHA256, x.CountsSHA256
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&x}}}})
}

// storeSnapshot reads the account data and keeps them, sealed as they come: a
// temporary file holds them, sealed, since a file store wants to know how many octets
// it gets.
func (s *Service) storeSnapshot(ctx context.Context, x Snapshot, t Target, key vault.Key) (told snapshotTold, err error) {
	f, err := unlinked("lerd-snapshot-")
	if err != nil {
		return told, err
	}
	defer f.Close()
	w, err := key.SealTo(snapshotPlace(x.ID), f)
	if err != nil {
		return told, err
	}
	if told, err = s.writeSnapshot(ctx, w, x, t); err != nil {
		return told, err
	}
	if err := w.Close(); err != nil {
		return told, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return told, err
	}
	return told, s.Blobs.Put(ctx, SnapshotBlob(x.ID), f)
}

func (s *Service) snapshotKey(x Snapshot) (vault.Key, error) {
	wrapped, err := base64.StdEncoding.DecodeString(x.WrappedKey)
	if err != nil {
		return vault.Key{}, err
	}
	return s.Vault.Unwrap(snapshotOwner(x.ID), wrapped)
}

// openSnapshot gives each record of a snapshot's file to each, and at the end what
// they are. Nothing that was given may be believed unless it ends without an error:
// NotFound where there is no file, a shut gate where it is not what was sealed.
func (s *Service) openSnapshot(ctx context.Context, x Snapshot, key vault.Key, each func(Record) error) (told snapshotTold, err error) {
	r, err := s.Blobs.Get(ctx, SnapshotBlob(x.ID))
	if err != nil {
		return told, err
	}
	defer r.Close()
	plain, err := key.OpenFrom(snapshotPlace(x.ID), r)
	if err == nil {
		told, err = parseSnapshot(plain, each)
	}
	if err == nil && x.ContentsSHA256 != "" && told.sha256 != x.ContentsSHA256 {
		err = errSnapshot
	}
	if errors.Is(err, errSnapshot) || errors.Is(err, vault.ErrNotOurs) {
		err = fault.New(fault.Gate, "The file %s is not what was sealed. Nothing leaves from it; tell the auditors.", SnapshotBlob(x.ID))
	}
	return told, err
}

// eraseSnapshot forgets the key of a snapshot, as an event, and then removes its
// file; a file that is gone already is no failure.
func (s *Service) eraseSnapshot(ctx context.Context, x Snapshot, rule string) error {
	if x.State == SnapshotBegun || x.State == SnapshotTaken {
		x.State, x.WrappedKey, x.ErasedAt, x.Version = SnapshotErased, "", s.now(), x.Version+1
		e := s.snapshotEvent(ctx, x, "snapshot.erased", rule)
		if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&x}}}}); err != nil {
			return err
		}
	}
	if x.State != SnapshotErased {
		return nil
	}
	if err := s.Blobs.Remove(ctx, SnapshotBlob(x.ID)); err != nil {
		return err
	}
	x.State, x.Version = SnapshotGone, x.Version+1
	e := s.snapshotEvent(ctx, x, "snapshot.file_removed", rule)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&x}}}})
}

func (s *Service) snapshotEvent(ctx context.Context, x Snapshot, kind, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "snapshot:"+x.ID, x.Version)
	e.Facts["request"], e.Facts["rule"] = string(x.Request), rule
	return e
}
