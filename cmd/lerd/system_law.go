package main

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"lerd/internal/access"
	"lerd/internal/legal"
	"lerd/internal/processes"
	"lerd/internal/store"
	"lerd/policies"
)

// openProcesses wires the changes of legal processes.
func openProcesses(db *store.Store, rules *access.Authorizer, book *processes.Book, cases processes.Cases, now func() time.Time) *processes.Service {
	return processes.New(processes.Config{Store: db, Access: rules, Book: book, Cases: cases, Examples: shippedExamples, ShippedCases: shippedCases, Repeats: db, Now: now})
}

// shippedExamples are the policies of this binary with their examples, read once
// and only where somebody compares.
var shippedExamples = sync.OnceValues(func() (*legal.Registry, error) { return legal.LoadWithCases(policies.FS) })

// shippedCases gives the file of examples of a shipped version.
func shippedCases(p *legal.Process) (string, error) {
	name := "cases.yaml"
	if p.Version > 1 {
		name = fmt.Sprintf("cases.v%d.yaml", p.Version)
	}
	b, err := fs.ReadFile(policies.FS, path.Join("processes", string(p.ID), name))
	return strings.ReplaceAll(string(b), "\r\n", "\n"), err
}

// everySoOften runs a job no more than twice a minute: it looks at every case
// whose clock runs.
type everySoOften struct {
	now func() time.Time
	run func(ctx context.Context) (int, error)

	mu   sync.Mutex
	last time.Time
}

// RunOnce runs what is due.
func (e *everySoOften) RunOnce(ctx context.Context) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at := e.now(); !e.last.IsZero() && at.Sub(e.last) < 30*time.Second && !at.Before(e.last) {
		return 0, nil
	}
	n, err := e.run(ctx)
	if err == nil {
		e.last = e.now()
	}
	return n, err
}
