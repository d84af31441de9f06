package reportlab

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lerd/internal/audit"
)

// Verified is how long the verification of a whole log takes, with entries parsed and
// their order checked, and how long the plain root over the same bytes.
type Verified struct {
	Events       uint64
	Plain, Whole time.Duration // medians of the rounds
	Peak         int64         // octets that the process had at its peak, 0 where it cannot be read
}

// String gives the result in lines.
func (v Verified) String() string {
	rate := func(d time.Duration) float64 { return float64(v.Events) / d.Seconds() }
	return fmt.Sprintf("%d events: plain root %v (%.0f a second); verified, entries parsed and their order checked: %v (%.0f a second), %.2f of the plain root's speed; %d MiB of memory at its peak\n",
		v.Events, v.Plain.Round(time.Millisecond), rate(v.Plain), v.Whole.Round(time.Millisecond), rate(v.Whole), v.Plain.Seconds()/v.Whole.Seconds(), v.Peak>>20)
}

// Verify takes turns between the plain root and the verification.
func (f Folder) Verify(ctx context.Context, rounds int) (v Verified, err error) {
	v.Events = f.Events
	var plain, whole []time.Duration
	for range max(rounds, 1) {
		began := time.Now()
		root, err := f.plainRoot()
		if err != nil {
			return v, err
		}
		plain = append(plain, time.Since(began))
		if root != f.Checkpoint.Root {
			return v, fmt.Errorf("the plain root is %s, and %s was signed", root, f.Checkpoint.Root)
		}
		began = time.Now()
		report, err := audit.VerifyLog(ctx, audit.DirReader(f.LogDir()), nil, f.Trust, audit.VerifyOptions{})
		if err != nil {
			return v, err
		}
		if report.Entries != f.Events {
			return v, fmt.Errorf("%d entries of %d were verified", report.Entries, f.Events)
		}
		whole = append(whole, time.Since(began))
	}
	v.Plain, v.Whole, v.Peak = median(plain), median(whole), peak()
	return v, nil
}

// plainRoot reads the bundles in their order and computes the root of their entries,
// with the hash function of the standard library and nothing else.
// SPEC: RFC 6962 §2.1.
func (f Folder) plainRoot() (root audit.Hash, err error) {
	var stack []audit.Hash
	entry := []byte{0}
	var n uint64
	for bundle := uint64(0); n < f.Events; bundle++ {
		width := int(min(audit.TileWidth, f.Events-n))
		data, err := os.ReadFile(filepath.Join(f.LogDir(), filepath.FromSlash(audit.EntriesPath(bundle, width))))
		if err != nil {
			return root, err
		}
		for len(data) > 0 {
			size := int(binary.BigEndian.Uint16(data))
			entry = append(entry[:1], data[2:2+size]...)
			data = data[2+size:]
			stack = append(stack, sha256.Sum256(entry))
			n++
			for full := n; full%2 == 0; full /= 2 {
				stack = joined(stack)
			}
		}
	}
	for len(stack) > 1 {
		stack = joined(stack)
	}
	return stack[0], nil
}

// joined replaces the last two hashes by that of both.
func joined(stack []audit.Hash) []audit.Hash {
	last := len(stack) - 1
	stack[last-1] = audit.NodeHash(stack[last-1], stack[last])
	return stack[:last]
}
