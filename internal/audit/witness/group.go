package witness

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// Policy says how many cosignatures a checkpoint needs.
type Policy struct {
	Quorum   int           // different witnesses that must have cosigned, 1 to all
	Required bool          // a checkpoint without its quorum is not published
	Wait     time.Duration // how long a round waits for answers; 0 for DefaultWait
}

// DefaultWait is how long a round waits for witnesses that do not answer.
const DefaultWait = 3 * time.Second

// Group is all configured witnesses. Safe for concurrent use.
type Group struct {
	policy  Policy
	members []*member
	now     func() time.Time
	log     *slog.Logger

	mu       sync.Mutex
	incident error // found by a witness that answered after the round
}

// NewGroup makes a group of witnesses of different names. A nil log is silent.
func NewGroup(policy Policy, clients []Client, now func() time.Time, log *slog.Logger) (*Group, error) {
	if policy.Quorum < 1 || policy.Quorum > len(clients) {
		return nil, fault.New(fault.Invalid, "The quorum of witnesses must be from 1 to %d, the number of witnesses.", max(1, len(clients)))
	}
	if policy.Wait == 0 {
		policy.Wait = DefaultWait
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	g := &Group{policy: policy, now: now, log: log}
	for _, c := range clients {
		if slices.ContainsFunc(g.members, func(m *member) bool { return m.Key.Name() == c.Key.Name() }) {
			return nil, fault.New(fault.Invalid, "The witness %s is listed twice; a quorum counts different witnesses.", c.Key.Name())
		}
		g.members = append(g.members, &member{Client: c})
	}
	return g, nil
}

// Trust adds the witnesses and their quorum to whose signatures count.
func (g *Group) Trust(t audit.Trust) audit.Trust {
	t.Witnesses, t.Quorum = slices.Clone(t.Witnesses), g.policy.Quorum
	for _, m := range g.members {
		t.Witnesses = append(t.Witnesses, m.Key)
	}
	return t
}

// Cosign asks every witness at once for its cosignature of a checkpoint that the
// keeper holds, and gives the note with those that came, and whether the policy
// lets it be published so. It returns as soon as there is a quorum, and after
// Policy.Wait at the latest; slower witnesses are not disturbed and count next
// time. An error is a *audit.Violation: a witness has seen more of the log, or
// another history, or the tiles are not whole.
func (g *Group) Cosign(ctx context.Context, tiles audit.TileReader, signed audit.SignedCheckpoint) (cosigned []byte, publish bool, err error) {
	if err := g.late(nil); err != nil {
		return nil, false, err
	}
	lines, waiting := g.ask(ctx, tiles, signed)
	deadline := time.NewTimer(g.policy.Wait)
	defer deadline.Stop()
	for waiting.n > 0 && len(lines) < g.policy.Quorum {
		select {
		case a := <-waiting.answers:
			waiting.n--
			if isViolation(a.err) {
				waiting.leave(g)
				return nil, false, a.err
			}
			if a.err == nil {
				lines = append(lines, a.line)
			}
		case <-deadline.C:
			g.log.WarnContext(ctx, "witnesses have not answered in time", "size", signed.Size, "missing", waiting.n)
			waiting.leave(g)
			waiting.n = 0
		case <-ctx.Done():
			waiting.leave(g)
			return nil, false, ctx.Err()
		}
	}
	waiting.leave(g)
	return append(g.bare(signed.Note), bytes.Join(lines, nil)...), len(lines) >= g.policy.Quorum || !g.policy.Required, nil
}

// bare gives a note without cosignatures of these witnesses, which a keeper has
// that was given a published checkpoint back: a note has one line of each key.
func (g *Group) bare(msg []byte) []byte {
	at := bytes.LastIndex(msg, []byte("\n\n")) + 2
	out := bytes.Clone(msg[:at])
	for line := range bytes.Lines(msg[at:]) {
		name, sig, ok := parseLine(line)
		if ok && slices.ContainsFunc(g.members, func(m *member) bool { return m.is(name, sig) }) {
			continue
		}
		out = append(out, line...)
	}
	return out
}

// asking is the requests under way.
type asking struct {
	answers chan answer
	n       int
	left    bool
}

// ask begins the requests, and gives the lines that are known already.
func (g *Group) ask(ctx context.Context, tiles audit.TileReader, signed audit.SignedCheckpoint) (lines [][]byte, w *asking) {
	w = &asking{answers: make(chan answer, len(g.members))}
	text := signed.Text()
	// A request that is on its way is ended by its own time, not by the round's:
	// the witness may have cosigned already, and must be known to have.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.policy.Wait)
	var all sync.WaitGroup
	for _, m := range g.members {
		line, ask := m.begin(text, g.now())
		if line != nil {
			lines = append(lines, line)
		}
		if !ask {
			continue
		}
		w.n++
		all.Go(func() {
			a := m.ask(ctx, tiles, signed)
			m.end(a, text, g.now())
			g.report(ctx, a, signed.Size)
			w.answers <- a
		})
	}
	go func() { all.Wait(); cancel() }()
	return lines, w
}

// leave lets the rest answer later: what they find wrong is told next time.
func (w *asking) leave(g *Group) {
	if w.left || w.n == 0 {
		return
	}
	w.left = true
	n := w.n
	go func() {
		for range n {
			if a := <-w.answers; isViolation(a.err) {
				_ = g.late(a.err)
			}
		}
	}()
}

// late keeps an incident found after its round, or gives and forgets it.
func (g *Group) late(found error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.incident
	g.incident = found
	return before
}

func (g *Group) report(ctx context.Context, a answer, size uint64) {
	switch {
	case isViolation(a.err):
		g.log.ErrorContext(ctx, "a witness contradicts the log", "witness", a.name, "size", size, "error", a.err)
	case a.err != nil:
		g.log.WarnContext(ctx, "a witness did not cosign", "witness", a.name, "size", size, "error", a.err)
	}
}

func isViolation(err error) bool {
	var v *audit.Violation
	return errors.As(err, &v)
}

// Standing says how a witness is doing.
type Standing struct {
	Name string
	Size uint64 // entries that it has seen, 0 while unknown
	Err  error  // of the last request, nil if it cosigned
}

// Standings gives how each witness is doing, for those who watch.
func (g *Group) Standings() []Standing {
	var out []Standing
	for _, m := range g.members {
		m.mu.Lock()
		out = append(out, Standing{m.Key.Name(), m.known, m.last})
		m.mu.Unlock()
	}
	return out
}
