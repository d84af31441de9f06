package web

import (
	"context"
	"time"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// Bench is what the workbench knows beside the case. Where there is none, its
// pages are not there, and the case's page shows the case alone.
type Bench interface {
	Claims
	Lookup
	Texts
}

// Claims are about who holds a case, and which one is next.
type Claims interface {
	// HeldUntil gives until when a claim lasts; zero of a case that nobody holds.
	HeldUntil(ctx context.Context, c requests.Case) (time.Time, error)
	TakeOverClaim(ctx context.Context, id requests.ID, why string) error
	Hands(ctx context.Context, c requests.Case) ([]requests.Hand, error)
	Skip(ctx context.Context, id requests.ID, reason, note string) error
	Skips(ctx context.Context, f requests.SkipFilter) ([]requests.Skip, error)
	// Next gives the case that is next for who asks; empty where nothing waits.
	Next(ctx context.Context, here requests.ID) (requests.ID, error)
}

// Lookup finds what lies beside a case.
type Lookup interface {
	Beside(ctx context.Context, c requests.Case) (requests.Beside, error)
	Precedents(ctx context.Context, p requests.Precedents) ([]requests.Elsewhere, requests.Tally, error)
	// Foresee gives a case as its agency would read it if it were answered now.
	Foresee(ctx context.Context, c requests.Case, v legal.Verdict) (requests.Case, bool)
}

// Texts are the saved replies.
type Texts interface {
	SavedReplies(ctx context.Context) ([]requests.SavedReply, error)
	SaveReply(ctx context.Context, in requests.SavedReplyInput) error
}
