package audit

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// Keeper remembers the last signed checkpoint outside the database, where a
// restored backup or the database's administrator cannot reach it.
type Keeper interface {
	// Load gives the last signed checkpoint, nil if there has never been one.
	Load() ([]byte, error)
	// Replace puts next in the place of old, durably on return, if old is
	// still what it holds (nil for nothing); otherwise it changes nothing and
	// gives an error of kind fault.Conflict. It is safe for many processes.
	Replace(old, next []byte) error
}

// MaySign is the rule that keeps the log honest: it refuses to sign a tree that
// is smaller than, or has not grown out of, the one last signed. The proof of
// consistency is built from the tiles of the next tree. A refusal is a
// *Violation of kind Rollback or Fork, or BadTree or Missing where the tiles do
// not make up the next tree.
// SPEC: C2SP tlog-checkpoint: logs must not sign any checkpoint which is
// inconsistent with any checkpoint they previously signed.
func MaySign(ctx context.Context, r TileReader, last, next Checkpoint) error {
	switch {
	case last.Origin != next.Origin:
		return &Violation{Breach: Fork, Reason: fmt.Sprintf("the last signed checkpoint is of log %q, not %q", last.Origin, next.Origin)}
	case next.Size < last.Size:
		return &Violation{Breach: Rollback, Index: next.Size, Reason: fmt.Sprintf("the log has %d entries, but %d were signed: entries were lost, restore them from an export or the backup's tail before going on", next.Size, last.Size)}
	case next.Size == last.Size && next.Root != last.Root:
		return &Violation{Breach: Fork, Reason: fmt.Sprintf("at %d entries root %s was signed, and the log now has %s", last.Size, last.Root, next.Root)}
	}
	return consistent(ctx, r, last, next)
}

// SignEpoch signs the first checkpoint of an epoch, after the caller has found that
// the tree continues every record, or that its entries name what it does not. It
// returns once every place holds it.
func SignEpoch(k Keeper, records []Kept, next Checkpoint, signer note.Signer) ([]byte, error) {
	signed, err := next.Sign(signer)
	if err != nil {
		return nil, err
	}
	if several, ok := k.(interface{ Renew([]Kept, []byte) error }); ok {
		return signed, several.Renew(records, signed)
	}
	return signed, k.Replace(records[0].Note, signed)
}

func consistent(ctx context.Context, r TileReader, last, next Checkpoint) error {
	state, err := LoadState(ctx, r, next.Size)
	if err != nil {
		return unreadable(err, "tile", next.Size)
	}
	if root := state.Root(); root != next.Root {
		return &Violation{Breach: BadTree, Index: next.Size, Path: "tile", Reason: fmt.Sprintf("the tiles give root %s, not %s", root, next.Root)}
	}
	proof, err := ConsistencyProof(ctx, r, last.Size, next.Size)
	if err != nil {
		return unreadable(err, "tile", last.Size)
	}
	if err := VerifyConsistency(last.Size, next.Size, last.Root, next.Root, proof); err != nil {
		return &Violation{Breach: Fork, Index: last.Size, Err: err,
			Reason: fmt.Sprintf("the %d entries that were signed are not the first %d of the log's %d", last.Size, last.Size, next.Size)}
	}
	return nil
}

// SignNext signs the next checkpoint if MaySign allows it, and returns only
// after the keeper holds it. Publish nothing else. A tree that was signed
// already gives the same note again, so that a run that died between the keeper
// and the publication can be repeated.
func SignNext(ctx context.Context, k Keeper, r TileReader, next Checkpoint, trust Trust, signer note.Signer) ([]byte, error) {
	old, err := k.Load()
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, &Violation{Breach: Rollback, Reason: "the last signed checkpoint is missing: begin a new log with SignFirst, or put back the newest checkpoint that an auditor or a witness holds"}
	}
	last, err := OpenCheckpoint(old, trust)
	if err != nil {
		return nil, fmt.Errorf("last signed checkpoint: %w", err)
	}
	if err := MaySign(ctx, r, last.Checkpoint, next); err != nil {
		return nil, err
	}
	if next == last.Checkpoint {
		return bytes.Clone(old), nil
	}
	signed, err := next.Sign(signer)
	if err != nil {
		return nil, err
	}
	if err := k.Replace(old, signed); err != nil {
		return nil, err
	}
	return signed, nil
}

// SignFirst begins a log: it signs the empty tree. A keeper that holds nothing
// lets nothing else be signed, so that removing its file does not make lerd
// forget what it signed.
func SignFirst(k Keeper, signer note.Signer) ([]byte, error) {
	signed, err := Checkpoint{Origin: signer.Name(), Root: EmptyRoot()}.Sign(signer)
	if err != nil {
		return nil, err
	}
	if err := k.Replace(nil, signed); err != nil {
		return nil, err
	}
	return signed, nil
}
