package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lerd/internal/fraud"
	"lerd/internal/identity"
)

// sameTime fails the test where two things do not take as long as one another:
// each is done n times, in pairs whose order is drawn, so that whatever else the
// machine does meets both. It takes both for a difference: medians that are more
// than a third apart, and one that is the slower one in nine pairs of ten. No time
// is compared with a clock's.
func sameTime(t *testing.T, what string, n int, a, b func()) {
	t.Helper()
	var as, bs []time.Duration
	slower := 0
	for range n {
		first := rand.IntN(2) == 0
		var ta, tb time.Duration
		if first {
			ta = took(a)
		}
		tb = took(b)
		if !first {
			ta = took(a)
		}
		as, bs = append(as, ta), append(bs, tb)
		if ta > tb {
			slower++
		}
	}
	slices.Sort(as)
	slices.Sort(bs)
	ma, mb := as[n/2], bs[n/2]
	ratio, share := float64(max(ma, mb))/float64(min(ma, mb)), float64(slower)/float64(n)
	t.Logf("%s: medians %v and %v, the first slower in %.0f %% of %d pairs", what, ma, mb, 100*share, n)
	if ratio > 1.33 && (share > 0.9 || share < 0.1) {
		t.Errorf("%s: medians %v and %v of %d, the first slower in %.0f %%: it can be told by the time", what, ma, mb, n, 100*share)
	}
}

func took(f func()) time.Duration {
	begun := time.Now()
	f()
	return time.Since(begun)
}

// TestWrongCodesTakeAsLong: a code that never was and one that was answered.
func TestWrongCodesTakeAsLong(t *testing.T) {
	s := newScenario(t)
	s.marked()
	q := s.submit("IN/94/2026/991")
	used := s.asked(q.ID)
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: used, Answer: fraud.Issued, Name: "The court"}))
	never := []byte(used)
	never[0], never[1] = 'Z', 'Z'
	ask := func(code string) func() {
		return func() {
			if _, err := s.fraud.Question(s.ctx, code); err == nil {
				t.Error("a wrong code opens something")
			}
		}
	}
	sameTime(t, "a code that never was, and one that was answered", 150, ask(string(never)), ask(used))
}

// TestStrangersTakeAsLong: a passkey that nobody registered, and one of somebody who
// is suspended.
func TestStrangersTakeAsLong(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada, bo := p.bring("Ada First", identity.Administrator), p.bring("Bo Second", identity.Administrator)
	suspended := p.suspendedPerson(ada, bo)
	try := func(d *device) func() {
		return func() { p.trySignIn(newVisitor(p.base), d) }
	}
	sameTime(t, "a stranger's passkey, and that of a suspended person", 60, try(p.stranger()), try(suspended))
}
