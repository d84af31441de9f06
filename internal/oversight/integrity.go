package oversight

import (
	"context"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// Place is one place where the last signed checkpoint is kept.
type Place struct {
	Name   string
	Size   uint64
	Root   string // hexadecimal
	Empty  bool   // it holds nothing
	Fault  string // why it could not be read, or holds what the log has not signed
	Agrees bool   // the published log continues what it holds, or is what it holds
}

// Witness is one witness that is asked, and whether it cosigned the newest
// checkpoint.
type Witness struct {
	Name     string
	Cosigned bool
	At       time.Time // of its cosignature
}

// Outside is what stands outside the database, and what stops releases.
type Outside interface {
	// Trust is whose signatures count; its quorum is what the configuration asks for.
	Trust() audit.Trust
	// Places reads every place where the last signed checkpoint is kept.
	Places(ctx context.Context) []Place
	// Required tells whether nothing leaves without the witnesses' quorum.
	Required() bool
	// Hold gives why nothing leaves at the moment, or nil.
	Hold() error
	// Published gives when the newest checkpoint was published; zero if there is none.
	Published(ctx context.Context) (time.Time, error)
}

// Integrity is how the log stands now.
type Integrity struct {
	Checkpoint  audit.SignedCheckpoint
	Unsigned    error // why the newest checkpoint does not open; nil: it does, or there is none
	None        bool  // there is no checkpoint yet
	PublishedAt time.Time
	Places      []Place
	Witnesses   []Witness
	Quorum      int
	Required    bool
	Hold        error // why nothing leaves, or nil
	Ended       *Verification
	Unfounded   bool // what the table says of the run that ended, the log does not
	Running     *Verification
	Progress    Progress
}

// Integrity gives how the log stands: what is signed, who cosigned it, what is kept
// outside, and what the last verification gave.
func (s *Service) Integrity(ctx context.Context) (out Integrity, err error) {
	defer fault.Wrap(&err, "oversight.Integrity")
	if _, _, err := s.may(ctx, "view", "log"); err != nil {
		return out, err
	}
	trust := s.Outside.Trust()
	out.Quorum, out.Required, out.Hold = trust.Quorum, s.Outside.Required(), s.Outside.Hold()
	trust.Quorum = 0
	if note, err := s.Log.ReadCheckpoint(ctx); err != nil {
		out.None = true
	} else {
		out.Checkpoint, out.Unsigned = audit.OpenCheckpoint(note, trust)
	}
	out.Witnesses = witnessesOf(trust, out.Checkpoint)
	if out.PublishedAt, err = s.Outside.Published(ctx); err != nil {
		return out, err
	}
	out.Places = s.places(ctx, out.Checkpoint)
	if out.Ended, out.Running, err = s.Runs.LastVerifications(ctx); err == nil && out.Ended != nil {
		out.Unfounded, err = s.unfounded(ctx, *out.Ended)
	}
	if err != nil || out.Running == nil {
		return out, err
	}
	out.Progress, err = s.Runs.Progress(ctx, out.Running.ID)
	return out, err
}

func witnessesOf(trust audit.Trust, c audit.SignedCheckpoint) (list []Witness) {
	for _, v := range trust.Witnesses {
		w := Witness{Name: v.Name()}
		for _, sig := range c.Cosigned {
			if sig.Name == v.Name() {
				w.Cosigned = true
				w.At, _ = audit.CosignedAt(sig)
			}
		}
		list = append(list, w)
	}
	return list
}

// places compares what is kept outside with the published log: a place of the same
// size has the same root, and a smaller one has the root that the log had at its
// size. One that is ahead is of a checkpoint that is signed and not yet published,
// or of a log that was set back; it is said which sizes they are.
func (s *Service) places(ctx context.Context, c audit.SignedCheckpoint) []Place {
	list := s.Outside.Places(ctx)
	for i, p := range list {
		if p.Fault != "" || p.Empty {
			continue
		}
		switch {
		case p.Size == c.Size:
			list[i].Agrees = p.Root == hexRoot(c.Root)
		case p.Size < c.Size:
			root, err := RootAt(ctx, s.Log, p.Size)
			list[i].Agrees = err == nil && p.Root == hexRoot(root)
		}
	}
	return list
}
