package web

import (
	"context"

	"lerd/internal/legal"
)

// LawPages are the services of legal processes and of legal conflict.
type LawPages struct {
	Laws       Laws // as the law stands now; nil: Services.Law
	Processes  Processes
	Replays    Replays    // needs Processes and Objections
	Objections Objections // needs Replays
	Rights     Rights     // nil: no case touches rights
}

// Laws gives the law as it stands now: versions of processes are put in force
// while lerd runs.
type Laws interface {
	Law(ctx context.Context) (*legal.Registry, error)
	Known() *legal.Registry // as it was last read, for words
}

// law gives the law of this moment. Pages only show by it; where it cannot be
// read, what was last known is shown, and the step itself says what is wrong.
func (c *Ctx) law() *legal.Registry {
	s := c.srv.cfg.Services
	if s.Laws == nil {
		return s.Law
	}
	if law, err := s.Laws.Law(c.Ctx()); err == nil {
		return law
	}
	return s.Laws.Known()
}

func (s *Server) knownLaw() *legal.Registry {
	if s.cfg.Services.Laws == nil {
		return s.cfg.Services.Law
	}
	return s.cfg.Services.Laws.Known()
}
