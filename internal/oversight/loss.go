package oversight

import (
	"context"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// LossWord is one person's acknowledgement that entries of the log are lost.
type LossWord struct {
	ID        string
	Loss      string // SHA-256 of the statement, hexadecimal
	Statement string // audit.Loss.Statement
	Epoch     int64  // in which the log could go on
	Role      identity.Role
	Person    identity.PersonID
	Reason    personal.Text
	At        time.Time
	EventID   audit.EventID
}

// LogEpoch is an epoch of the log that two words began.
type LogEpoch struct {
	Epoch    int64
	Origin   string
	Loss     string
	Size     uint64 // entries that were there still
	KeptSize uint64 // of the newest checkpoint that these do not continue
	KeptRoot string // base64
	Counsel  string // ids of the words
	Auditor  string
	At       time.Time
	EventID  audit.EventID
}

// Losses compares the database with what is kept outside it.
type Losses interface {
	// Loss gives what is lost, nil if nothing is. An error *audit.Violation is
	// something wrong that nobody can acknowledge.
	Loss(ctx context.Context) (*audit.Loss, error)
}

// LossStore keeps the words on losses, and the epochs that they began.
type LossStore interface {
	// LossWords gives the words on one loss, the oldest first.
	LossWords(ctx context.Context, loss string) ([]LossWord, error)
	// LogEpochs gives the epochs after the first, in their order.
	LogEpochs(ctx context.Context) ([]LogEpoch, error)
}

// Lost is how the log stands against what is kept outside.
type Lost struct {
	Loss    *audit.Loss // nil: nothing is lost
	Digest  string      // of its statement
	Unclear error       // why it cannot be told, or what is wrong beside a loss
	Words   []LossWord  // on this loss
	Before  []LogEpoch  // losses that were acknowledged earlier
}

// SaidBy tells whether the actor, or somebody else in their role, has acknowledged
// it already: the other word is another person's of the other role.
func (l Lost) SaidBy(actor identity.Actor) bool {
	return slices.ContainsFunc(l.Words, func(w LossWord) bool { return w.Person == actor.Person || w.Role == actor.Role })
}

// LossDigest is what somebody agrees to who acknowledges a loss.
func LossDigest(loss string, role identity.Role) identity.Digest {
	return identity.DigestOf("lerd lost log v1", loss, string(role))
}

// LogLoss gives what is lost, and who has acknowledged it.
func (s *Service) LogLoss(ctx context.Context) (out Lost, err error) {
	defer fault.Wrap(&err, "oversight.LogLoss")
	if _, _, err := s.may(ctx, "view", "log_loss"); err != nil {
		return out, err
	}
	return s.lost(ctx)
}

func (s *Service) lost(ctx context.Context) (out Lost, err error) {
	if out.Before, err = s.LossWordsOf.LogEpochs(ctx); err != nil {
		return out, err
	}
	if out.Loss, out.Unclear = s.Losses.Loss(ctx); out.Loss == nil {
		return out, nil
	}
	out.Digest = out.Loss.Digest()
	out.Words, err = s.LossWordsOf.LossWords(ctx, out.Digest)
	return out, err
}

// AcknowledgeLoss puts the actor's word on a loss on record; digest names the one
// that they have read of. The second word, of the other role, begins the epoch in
// which the log goes on.
func (s *Service) AcknowledgeLoss(ctx context.Context, digest, why string) (err error) {
	defer fault.Wrap(&err, "oversight.AcknowledgeLoss")
	actor, rule, err := s.step(ctx, "acknowledge", "log_loss")
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(why)
	if err := required([2]string{"reason", reason}); err != nil {
		return err
	}
	now, err := s.lost(ctx)
	if err != nil {
		return err
	}
	if err := mayAcknowledge(now, digest, actor); err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeLostLog, LossDigest(digest, actor.Role))
	if err != nil {
		return err
	}
	w := &LossWord{ID: newID(), Loss: digest, Statement: now.Loss.Statement(), Epoch: now.Loss.Number, Role: actor.Role, Person: actor.Person, Reason: personal.NewText(reason), At: s.now()}
	e := change.Event(ctx, w.At, audit.KindLossAcknowledged, "log_loss:"+digest, 0)
	e.Facts["rule"], e.Facts["loss_sha256"] = rule, digest
	part := change.Part{Event: e, Insert: []any{w}}
	change.Prove(&part, proof)
	parts := []change.Part{part}
	if len(now.Words) == 1 {
		w.EventID = e.ID
		begun, err := s.epochPart(ctx, now, *w)
		if err != nil {
			return err
		}
		parts = append(parts, begun)
	}
	return s.commit(ctx, PathOfLoss, parts...)
}

// PathOfLoss is where a lost log is acknowledged.
const PathOfLoss = "/log-loss"

// mayAcknowledge is the rule: something is lost, it is what was read, and the
// other word is another person's of the other role.
func mayAcknowledge(now Lost, digest string, actor identity.Actor) error {
	if now.Unclear != nil {
		return fault.Because(fault.Gate, now.Unclear, "What is lost cannot be told at the moment, so nobody can acknowledge it: %s", plainOf(now.Unclear))
	}
	if now.Loss == nil {
		return fault.New(fault.Gate, "Nothing is lost: the log continues every checkpoint that is kept outside it.")
	}
	if now.Digest != digest {
		return fault.New(fault.Conflict, "What is lost is not what it was when you opened this page. Read it again.")
	}
	if now.SaidBy(actor) {
		return fault.New(fault.Gate, "This loss was acknowledged for your role already. The other word is somebody else's, of the other role.")
	}
	return nil
}

func plainOf(err error) string {
	if m := fault.Message(err); m != "" {
		return m
	}
	return err.Error()
}

// epochPart begins the epoch. Its event relies on nothing, so that it can be the
// first entry after the loss; it names the words.
func (s *Service) epochPart(ctx context.Context, now Lost, second LossWord) (change.Part, error) {
	words := map[string]LossWord{string(now.Words[0].Role): now.Words[0], string(second.Role): second}
	newest, err := audit.OpenCheckpoint(now.Loss.Kept[0].Note, audit.Trust{Log: s.Outside.Trust().Log})
	if err != nil {
		return change.Part{}, err
	}
	b := audit.EpochBegun{Number: now.Loss.Number, Origin: now.Loss.Origin, Size: now.Loss.Tree.Size, Root: now.Loss.Tree.Root, Kept: now.Loss.Notes(), Loss: now.Digest, Acks: map[string]audit.EventID{}}
	for role, w := range words {
		b.Acks[role] = w.EventID
	}
	e := change.Event(ctx, s.now(), audit.KindEpochBegun, "log:epochs", 0)
	e.Facts = b.Facts()
	epoch := &LogEpoch{Epoch: b.Number, Origin: b.Origin, Loss: b.Loss, Size: b.Size, KeptSize: newest.Size, KeptRoot: newest.Root.String(), Counsel: words["counsel"].ID, Auditor: words["auditor"].ID, At: e.At}
	return change.Part{Event: e, Insert: []any{epoch}}, nil
}
