package audit

import (
	"context"
	"errors"
	"time"
)

// VerifyOptions says what beside the log itself a verification compares.
type VerifyOptions struct {
	Pinned   []Checkpoint     // checkpoints obtained earlier or elsewhere, whose signatures were verified then
	TempDir  string           // where order records go that do not fit in memory; empty for the system's
	Memory   int              // bytes for order records before they go to TempDir; 0 for 64 MiB
	Opaque   bool             // entries are not lerd's events: verify the tree alone
	Progress func(Progress)   // called now and then, if not nil
	Now      func() time.Time // for the estimate; needed with Progress
}

// Progress is how far a verification has come.
type Progress struct {
	Done, Size uint64        // entries
	Left       time.Duration // estimate of what remains, 0 while unknown
}

// Report is what a successful verification found.
type Report struct {
	Checkpoint SignedCheckpoint
	Entries    uint64    // entries recomputed
	Tiles      uint64    // hash tiles compared
	Bytes      uint64    // of entries
	Streams    uint64    // streams checked for dense versions
	First      time.Time // the first event's time
	Last       time.Time // the last event's
	Pinned     int       // earlier checkpoints found to be prefixes
}

// VerifyLog recomputes a log. An error is a *Violation.
func VerifyLog(ctx context.Context, r LogReader, checkpoint []byte, trust Trust, opts VerifyOptions) (Report, error) {
	return Report{}, errors.New("not yet")
}
