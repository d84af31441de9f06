package audit

import (
	"errors"
	"fmt"
)

// Breach is the kind of thing that is wrong with a log.
type Breach string

// The kinds of breach.
const (
	Rollback  Breach = "ROLLBACK"   // smaller than a checkpoint that was signed before
	Fork      Breach = "FORK"       // a history other than one that was signed before
	BadNote   Breach = "CHECKPOINT" // the checkpoint itself or its signatures are not valid
	BadTree   Breach = "TREE"       // entries, tiles and root do not fit each other
	BadEntry  Breach = "ENTRY"      // an entry is not an event in canonical form
	BadOrder  Breach = "ORDER"      // a gap or repetition in a stream, or an effect before its cause
	BadEpoch  Breach = "EPOCH"      // an epoch that no rightly acknowledged loss began
	Missing   Breach = "MISSING"    // a tile, bundle or entry is not there
	Unsettled Breach = "INCOMPLETE" // the check could not be carried to its end
)

// Violation is the first thing found wrong with a log. It carries indexes, paths
// and hashes, never contents.
type Violation struct {
	Breach Breach
	Index  uint64 // the first entry concerned, where there is one
	Path   string // the file concerned, where there is one
	Reason string // a sentence for the person who has to look
	Err    error  // the cause, where there is one
}

// Error names the kind, the place and the reason.
func (v *Violation) Error() string {
	s := string(v.Breach) + ": " + v.Reason
	if v.Path != "" {
		s = string(v.Breach) + " at " + v.Path + fmt.Sprintf(" (entry %d): ", v.Index) + v.Reason
	}
	if v.Err != nil {
		s += ": " + v.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (v *Violation) Unwrap() error { return v.Err }

// violationOf takes apart what a check of the log gave: a finding, or a failure to
// look.
func violationOf(err error) (*Violation, error) {
	var v *Violation
	if errors.As(err, &v) && v.Breach != Unsettled {
		return v, nil
	}
	return nil, err
}
