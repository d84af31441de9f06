package main

import (
	"lerd/internal/legal"
	"lerd/internal/processes"
)

// certificatesOf gives the evidence certificates that a version of a process wants,
// from the process's own data: those that came with this release of lerd and those
// that were put in force since.
func certificatesOf(book *processes.Book) func(id string, version int) ([]string, error) {
	return func(id string, version int) ([]string, error) {
		p, err := book.Known().Process(legal.ProcessID(id), version)
		if err != nil {
			return nil, err
		}
		return p.Certificates, nil
	}
}
