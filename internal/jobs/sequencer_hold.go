package jobs

import (
	"context"
	"errors"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// cosign gives the checkpoint as it is to be published, and whether it may be.
// The empty log is nothing that a witness could hold against anybody.
func (s *Sequencer) cosign(ctx context.Context, kept audit.SignedCheckpoint) (shown audit.SignedCheckpoint, publish bool, err error) {
	if s.Witnesses == nil || kept.Size == 0 {
		return kept, true, nil
	}
	msg, publish, err := s.Witnesses.Cosign(ctx, s.Tiles, kept)
	if err != nil {
		return audit.SignedCheckpoint{}, false, err
	}
	shown, err = audit.OpenCheckpoint(msg, s.Trust)
	if err == nil && shown.Checkpoint != kept.Checkpoint {
		err = errors.New("the witnesses gave another checkpoint back than they were sent")
	}
	return shown, publish, err
}

// holdOf says why, after a round, nothing may leave, nil if it may.
func holdOf(round Round, err error) error {
	var violation *audit.Violation
	switch {
	case errors.As(err, &violation):
		return fault.Because(fault.Gate, err, "Incident: the audit log contradicts what was signed before (%s: %s). "+
			"Nothing more is signed and nothing leaves until people have found out why; docs/operations.md says how.", violation.Breach, violation.Reason)
	case err != nil:
		return fault.Because(fault.KindOf(err), err, "The audit log cannot be signed at the moment, so nothing leaves.")
	case round.Unseen:
		return fault.New(fault.Unavailable, "The audit log's newest checkpoint waits for its witnesses, so nothing leaves. It goes on by itself once enough of them answer.")
	}
	return nil
}

// Hold gives why no release may go on at the moment, as the last round of this
// process left it, or nil: an incident (fault.Gate), witnesses that are waited
// for, or a log that cannot be signed.
func (s *Sequencer) Hold() error {
	if hold := s.hold.Load(); hold != nil {
		return *hold
	}
	return nil
}
