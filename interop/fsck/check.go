package main

import (
	"context"
	"fmt"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

// workers is how many tiles are compared at once. With few workers the checker
// stands still once every one of them has met a bad tile.
const workers = 16

// Check runs Tessera's checker. A panic of its (a short bundle causes one) and a
// standstill (bad tiles can cause one) are failures like any other.
func Check(ctx context.Context, src fsck.Fetcher, vkey string, timeout time.Duration) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("the verifier key: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("the checker panicked: %v", p)
			}
		}()
		done <- fsck.New(verifier.Name(), verifier, src, leafHashes, fsck.Opts{N: workers}).Check(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the checker did not finish: %w", ctx.Err())
	}
}

// leafHashes hashes the entries of a bundle with the hasher of
// transparency-dev/merkle.
func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return hashes, nil
}

// counting refuses bundles with more or fewer entries than their address says.
// The checker itself does not look at entries behind the last one that it needs.
type counting struct{ fsck.Fetcher }

func (c counting) ReadEntryBundle(ctx context.Context, index uint64, partial uint8) ([]byte, error) {
	data, err := c.Fetcher.ReadEntryBundle(ctx, index, partial)
	if err != nil {
		return nil, err
	}
	var b api.EntryBundle
	if err := b.UnmarshalText(data); err != nil {
		return nil, err
	}
	full := len(b.Entries) == layout.EntryBundleWidth // it may stand in for the partial one
	if !full && len(b.Entries) != int(partial) {
		return nil, fmt.Errorf("%s has %d entries", layout.EntriesPath(index, partial), len(b.Entries))
	}
	return data, nil
}
