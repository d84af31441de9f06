package main

import (
	"lerd/internal/agencies"
	"lerd/internal/callback"
)

// openAgencies wires the vetting of agencies and the calls that it rests on.
func (s *system) openAgencies() {
	s.agencies = agencies.New(agencies.Config{Store: s.store, Access: s.rules, Repeats: s.store, Now: s.now})
	s.calls = callback.New(callback.Config{Store: s.store, Access: s.rules, Repeats: s.store, Now: s.now,
		Then:  map[callback.Kind]callback.Then{callback.Agency: s.agencies.Called},
		Where: func(subject callback.Subject) string { return agencies.PathOf(subject.Agency) }})
}
