// Package testkit is what tests of several packages need: a database of their
// own, a clock that stands still, samples.
//
// Invariants:
//   - what a test needs and cannot have makes it fail, never skip;
//   - nothing here is imported by code that ships.
package testkit

import (
	"sync"
	"time"
)

// Clock is a clock that moves only when told to. It may be used from several
// goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at the given time, in UTC.
func NewClock(at time.Time) *Clock { return &Clock{now: at.UTC()} }

// Now gives the time, in UTC; hand over the method where a Now func is wanted.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to a time, forwards or back.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at.UTC()
}

// Advance moves the clock by a duration and gives the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// RecordsPassword is the password of the role that reads the account views, for
// every test: the role belongs to the cluster, which test binaries share.
const RecordsPassword = "only-for-tests"
