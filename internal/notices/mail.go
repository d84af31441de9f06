package notices

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Letter is a person's address, to which is to be said that there is something
// new.
type Letter struct {
	ID       string
	Address  string
	Attempts int // including the one for which it was taken
}

// Outbox keeps letters until they are sent.
type Outbox interface {
	// TakeLetters gives letters that are due at now, at most limit, counts the
	// attempt, and puts each off until again, so that no other replica takes it
	// before.
	TakeLetters(ctx context.Context, now, again time.Time, limit int) ([]Letter, error)
	// LetterSent marks a letter as sent.
	LetterSent(ctx context.Context, id string, at time.Time) error
	// LetterFailed puts a letter off until again, or ends it where again is zero.
	// trouble is a code.
	LetterFailed(ctx context.Context, id, trouble string, again, at time.Time) error
}

// Sender sends one letter. A refusal that will not change is an error of kind
// fault.Invalid; anything else is tried again.
type Sender interface {
	Send(ctx context.Context, address string) error
}

// Attempts after which a letter is given up, and the longest pause between two.
const (
	MaxAttempts = 8
	LongestWait = 6 * time.Hour
)

// Mailer sends what waits in the outbox. A letter that went out just before the
// process died goes out twice: it says nothing, so that this harms nobody.
type Mailer struct {
	Outbox Outbox
	Sender Sender // nil: no mail is sent, and letters wait
	Now    func() time.Time
	Log    *slog.Logger
}

// RunOnce sends the letters that are due.
func (m *Mailer) RunOnce(ctx context.Context) (sent int, err error) {
	defer fault.Wrap(&err, "notices.Mailer")
	if m.Sender == nil {
		return 0, nil
	}
	ctx = identity.With(ctx, identity.SystemActor())
	now := m.Now().UTC()
	letters, err := m.Outbox.TakeLetters(ctx, now, now.Add(10*time.Minute), 50)
	for _, l := range letters {
		sendErr := m.Sender.Send(ctx, l.Address)
		if sendErr == nil {
			sent++
			err = errors.Join(err, m.Outbox.LetterSent(ctx, l.ID, m.Now().UTC()))
			continue
		}
		kind := fault.KindOf(sendErr)
		m.Log.WarnContext(ctx, "a letter was not sent", "letter", l.ID, "attempt", l.Attempts, "kind", kind)
		err = errors.Join(err, m.Outbox.LetterFailed(ctx, l.ID, string(kind), again(m.Now().UTC(), l.Attempts, kind), m.Now().UTC()))
	}
	return sent, err
}

// again gives when a letter is tried next; zero for never.
func again(now time.Time, attempts int, kind fault.Kind) time.Time {
	if kind == fault.Invalid || attempts >= MaxAttempts {
		return time.Time{}
	}
	return now.Add(min(time.Minute<<attempts, LongestWait))
}
