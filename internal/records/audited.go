package records

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"time"
)

// Asked is one question that is about to be put to the account data. The digest
// is over the question in one form, so that the platform's own log of questions
// can be held against lerd's.
type Asked struct {
	Op     string // resolve, summary, phones or sessions
	SHA256 string // hexadecimal, over Question
}

// Question gives the one form of a question: operation, what is asked about,
// and the period, a line each.
func Question(op, about string, p Period) string {
	return fmt.Sprintf("lerd records question v1\n%s\n%s\n%s\n%s\n", op, about, stamp(p.From), stamp(p.To))
}

// Audited puts every question on record before it is asked: where that fails,
// it is not asked.
func Audited(s Source, record func(ctx context.Context, a Asked) error) Source {
	return audited{s, record}
}

type audited struct {
	Source
	record func(ctx context.Context, a Asked) error
}

func (a audited) asked(ctx context.Context, op, about string, p Period) error {
	sum := sha256.Sum256([]byte(Question(op, about, p)))
	return a.record(ctx, Asked{Op: op, SHA256: hex.EncodeToString(sum[:])})
}

func (a audited) Resolve(ctx context.Context, id Identifier) (Resolution, error) {
	about := id.Account.String()
	switch id.Kind {
	case ByPhone:
		about = id.Phone.Reveal()
	case ByUsername:
		about = id.Username.Reveal()
	}
	if err := a.asked(ctx, "resolve", string(id.Kind)+" "+about, id.During); err != nil {
		return Resolution{}, err
	}
	return a.Source.Resolve(ctx, id)
}

func (a audited) Summary(ctx context.Context, account AccountID) (Summary, error) {
	if err := a.asked(ctx, "summary", account.String(), Period{}); err != nil {
		return Summary{}, err
	}
	return a.Source.Summary(ctx, account)
}

func (a audited) Phones(ctx context.Context, account AccountID, p Period) ([]PhoneRow, error) {
	if err := a.asked(ctx, "phones", account.String(), p); err != nil {
		return nil, err
	}
	return a.Source.Phones(ctx, account, p)
}

func (a audited) Sessions(ctx context.Context, account AccountID, p Period) iter.Seq2[IPRow, error] {
	return func(yield func(IPRow, error) bool) {
		if err := a.asked(ctx, "sessions", account.String(), p); err != nil {
			yield(IPRow{}, err)
			return
		}
		a.Source.Sessions(ctx, account, p)(yield)
	}
}

// stamp writes a moment of a question; none is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
