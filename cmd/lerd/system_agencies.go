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
		Where: whereCalled})
}

// whereCalled is the page of what a call was about.
func whereCalled(subject callback.Subject) string {
	if subject.Kind == callback.Request {
		return "/review/" + subject.ID
	}
	return agencies.PathOf(subject.Agency)
}
