package tsp

import (
	"context"
	"errors"

	"lerd/internal/fault"
)

// Stamper gives verified time stamps: a Client, or an Authority in the process.
type Stamper interface {
	Stamp(ctx context.Context, digest Digest) (*Stamp, error)
}

// First asks one authority after the other until one gives a good stamp: a
// second one, of another operator, keeps releases going while the first is out
// of reach or answers wrongly. Nobody answers: fault.Unavailable, and why.
type First []Stamper

// Stamp gives the first good stamp.
func (f First) Stamp(ctx context.Context, digest Digest) (*Stamp, error) {
	var all error
	for _, authority := range f {
		s, err := authority.Stamp(ctx, digest)
		if err == nil {
			return s, nil
		}
		all = errors.Join(all, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fault.Because(fault.Unavailable, all, "No time-stamping authority gave a good stamp. Nothing is released without one; it is tried again.")
}
