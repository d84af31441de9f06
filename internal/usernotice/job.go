package usernotice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Letter is what the platform is asked to deliver to a user.
type Letter struct {
	ID          ID
	Ref         string
	Account     int64
	Link        string    // of the notice's own page
	DisclosedOn string    // 2006-01-02, UTC
	First       time.Time // when it was handed over for the first time
	Kind        string    // "error": it tells of a serious error; empty: of the disclosure
}

// Courier hands letters to the platform.
type Courier interface {
	// Deliver gives the platform's signed receipt that the user of the account was
	// told. The same letter may be handed over again, and tells nobody twice.
	// Whatever is no receipt that verifies is a fault.
	Deliver(ctx context.Context, l Letter) (receipt string, err error)
}

// batch is how many gags or notices a run takes at most.
const batch = 100

// RunOnce ends the gags whose time is over, and sends the notices that are due.
// Each step begins from what is durable: a run that was missed, or stopped
// anywhere, is made up for by the next; two runs at once take each step once.
func (s *Service) RunOnce(ctx context.Context) (moved int, err error) {
	defer fault.Wrap(&err, "usernotice.RunOnce")
	ctx = identity.With(ctx, identity.SystemActor())
	over, err := s.Notices.GagsOver(ctx, s.now(), batch)
	if err != nil {
		return 0, err
	}
	for _, g := range over {
		n, endErr := count(s.expire(ctx, g))
		moved, err = moved+n, errors.Join(err, endErr)
	}
	if s.Courier == nil {
		return moved, err
	}
	due, listErr := s.Notices.NoticesDue(ctx, s.now(), batch)
	err = errors.Join(err, listErr)
	for _, n := range due {
		k, sendErr := count(s.send(ctx, n))
		moved, err = moved+k, errors.Join(err, sendErr)
	}
	return moved, err
}

// count takes a conflict for a step that another run took.
func count(err error) (int, error) {
	switch {
	case err == nil:
		return 1, nil
	case fault.KindOf(err) == fault.Conflict:
		return 0, nil
	}
	return 0, err
}

// expire ends a gag whose time is over. What has ended stays ended, so that a
// clock which is set back silences nobody anew.
func (s *Service) expire(ctx context.Context, g Gag) error {
	if !g.Over(s.now()) {
		return nil
	}
	e := change.Event(ctx, s.now(), "gag.ended", StreamOfGag(g.ID), g.Version+1)
	e.Causes = []audit.EventID{g.EventID}
	g.State, g.EndedWhy, g.EndedAt, g.Version = Ended, "expired", s.now(), g.Version+1
	e.Facts["request"], e.Facts["why"], e.Facts["ends"], e.Facts["ended"], e.Facts["rule"] = string(g.Request), g.EndedWhy, stamp(g.Ends), stamp(g.EndedAt), automatic
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&g}}}})
}

// send records that a notice is handed over, hands it over, and records the
// receipt. The record comes first, in a transaction in which the database looks
// for gags once more: a notice that was handed over without a record would not be
// known of. What stops after it is handed over again, under the same id.
func (s *Service) send(ctx context.Context, n Notice) error {
	n, err := s.intend(ctx, n)
	if err != nil {
		return err
	}
	receipt, err := s.Courier.Deliver(ctx, Letter{ID: n.ID, Ref: n.Ref, Account: n.Account, Link: s.Links.Of(n.ID), DisclosedOn: n.DisclosedAt.Format(time.DateOnly), First: n.SentAt, Kind: n.kind()})
	if err != nil {
		return err
	}
	return s.delivered(ctx, n, receipt)
}

func (s *Service) intend(ctx context.Context, n Notice) (Notice, error) {
	e := change.Event(ctx, s.now(), "user_notice.sent", StreamOf(n.ID), n.Version+1)
	e.Causes = []audit.EventID{n.EventID}
	n.State, n.Attempts, n.Version = Sent, n.Attempts+1, n.Version+1
	if n.SentAt.IsZero() {
		n.SentAt = s.now()
	}
	e.Facts["not_before"] = stamp(n.Next) // with gags, what auditors judge lateness by
	n.Next = s.now().Add(s.Policy.pause(n.Attempts))
	n.about(e, map[string]string{"attempt": strconv.Itoa(n.Attempts)})
	n.EventID = e.ID
	return n, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&n}}}})
}

func (s *Service) delivered(ctx context.Context, n Notice, receipt string) error {
	e := change.Event(ctx, s.now(), "user_notice.delivered", StreamOf(n.ID), n.Version+1)
	e.Causes = []audit.EventID{n.EventID}
	n.State, n.DeliveredAt, n.Receipt, n.Version = Delivered, s.now(), receipt, n.Version+1
	sum := sha256.Sum256([]byte(receipt))
	n.about(e, map[string]string{"attempts": strconv.Itoa(n.Attempts), "receipt_sha256": hex.EncodeToString(sum[:])})
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&n}}}})
}

// about writes into an event which notice it is about, and more.
func (n Notice) about(e audit.Event, more map[string]string) {
	maps.Copy(e.Facts, more)
	maps.Copy(e.Facts, map[string]string{"request": string(n.Request), "release": string(n.Release), "due": stamp(n.Due), "rule": "UN-10"})
	if n.Error != "" {
		e.Facts["error"] = n.Error
	}
}

func (n Notice) kind() string {
	if n.Error != "" {
		return "error"
	}
	return ""
}
