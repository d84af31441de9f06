package requests

import (
	"context"

	"lerd/internal/fault"
	"lerd/internal/legal"
)

// Laws gives the law as it stands at the moment of use: versions of processes are
// put in force while lerd runs.
type Laws interface {
	Law(ctx context.Context) (*legal.Registry, error)
}

// lawNow gives the law of this moment; where nobody puts versions in force, the
// one that lerd was started with.
func (s *Service) lawNow(ctx context.Context) (*legal.Registry, error) {
	if s.Laws == nil {
		return s.Law, nil
	}
	return s.Laws.Law(ctx)
}

// current gives the version of a process that is in force now.
func (s *Service) current(ctx context.Context, process string) (*legal.Process, error) {
	law, err := s.lawNow(ctx)
	if err != nil {
		return nil, err
	}
	return law.Current(legal.ProcessID(process), s.now())
}

func (p ProcessPin) legal() legal.Pin {
	return legal.Pin{ID: legal.ProcessID(p.ID), Version: p.Version, Digest: p.Digest}
}

// pinned gives the version to which a request was pinned on arrival.
func (s *Service) pinned(ctx context.Context, q Request) (*legal.Process, error) {
	law, err := s.lawNow(ctx)
	if err != nil {
		return nil, err
	}
	p, err := law.Pinned(q.Process.legal())
	if err != nil {
		return nil, fault.Because(fault.Gate, err, "The version of the legal process to which this case is pinned is not among those that lerd knows.")
	}
	return p, nil
}
