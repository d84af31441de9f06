package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/jobs"
	"lerd/internal/testkit/auditlab"
)

var errCrash = errors.New("the step failed on purpose")

// breaker lets one durable step fail, either undone or done and reported lost.
type breaker struct {
	at        string // append, keep or publish
	persisted bool
	tripped   int
}

func (b *breaker) do(step string, f func() error) error {
	if b == nil || b.at != step {
		return f()
	}
	b.tripped++
	if b.persisted {
		if err := f(); err != nil {
			return err
		}
	}
	return errCrash
}

type brokenSession struct {
	jobs.LogSession
	b *breaker
}

func (s brokenSession) Append(ctx context.Context, g audit.Growth) error {
	return s.b.do("append", func() error { return s.LogSession.Append(ctx, g) })
}

func (s brokenSession) Publish(ctx context.Context, c audit.SignedCheckpoint) error {
	return s.b.do("publish", func() error { return s.LogSession.Publish(ctx, c) })
}

// brokenKeeper also writes down everything it ever took.
type brokenKeeper struct {
	audit.Keeper
	b     *breaker
	taken *[][]byte
}

func (k brokenKeeper) Replace(old, next []byte) error {
	return k.b.do("keep", func() error {
		*k.taken = append(*k.taken, next)
		return k.Keeper.Replace(old, next)
	})
}

func broken(t *testing.T, lab *auditlab.Lab, b *breaker, taken *[][]byte) *jobs.Sequencer {
	t.Helper()
	seq := lab.Sequencer(t)
	lock := seq.Lock
	seq.Lock = func(ctx context.Context) (jobs.LogSession, error) {
		s, err := lock(ctx)
		if s == nil || err != nil {
			return nil, err
		}
		return brokenSession{s, b}, nil
	}
	seq.Keeper = brokenKeeper{seq.Keeper, b, taken}
	return seq
}

// TestEveryStepMayFail (C1, C3): each durable step fails in both ways, at the
// first round and at a later one; then the same process or a new one goes on,
// with the same events or with more. Nothing that was signed is contradicted,
// and readers never see what the keeper does not hold.
func TestEveryStepMayFail(t *testing.T) {
	lab := auditlab.New(t)
	var taken [][]byte
	for _, at := range []string{"append", "keep", "publish"} {
		for _, persisted := range []bool{false, true} {
			for _, restart := range []bool{false, true} {
				for _, more := range []int{0, 3} {
					name := fmt.Sprintf("%s persisted=%v restart=%v more=%d", at, persisted, restart, more)
					b := &breaker{at: at, persisted: persisted}
					seq := broken(t, lab, b, &taken)
					lab.Fill(t, 12)
					if _, err := seq.RunOnce(t.Context()); !errors.Is(err, errCrash) || b.tripped != 1 {
						t.Fatalf("%s: the step did not fail: %v", name, err)
					}
					keeperIsAhead(t, lab, name)
					lab.Fill(t, more)
					b.at = ""
					if restart {
						seq = broken(t, lab, nil, &taken)
					}
					goOn(t, lab, seq, name)
				}
			}
		}
	}
	if _, err := lab.Verify(t); err != nil {
		t.Fatal(err)
	}
	everySignatureHolds(t, lab, taken)
}

// goOn runs the next round, after which everything is placed, kept and shown.
func goOn(t *testing.T, lab *auditlab.Lab, seq *jobs.Sequencer, name string) {
	t.Helper()
	round, err := seq.RunOnce(t.Context())
	if err != nil {
		t.Fatalf("%s: going on: %v", name, err)
	}
	kept, published := ends(t, lab)
	var events uint64
	if err := lab.App.Raw(`SELECT count(*) FROM audit.event`).Scan(&events).Error; err != nil {
		t.Fatal(err)
	}
	if kept != published || kept.Size != events || round.Size != events {
		t.Fatalf("%s: %d events, round %+v, kept %d, published %d", name, events, round, kept.Size, published.Size)
	}
}

// ends gives the kept and the published checkpoint.
func ends(t *testing.T, lab *auditlab.Lab) (kept, published audit.Checkpoint) {
	t.Helper()
	note, err := lab.Keeper.Load()
	if err != nil {
		t.Fatal(err)
	}
	var row []byte
	if err := lab.App.Raw(`SELECT coalesce((SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1), '')`).Row().Scan(&row); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		note []byte
		into *audit.Checkpoint
	}{{note, &kept}, {row, &published}} {
		if len(c.note) == 0 {
			continue
		}
		signed, err := audit.OpenCheckpoint(c.note, lab.Trust)
		if err != nil {
			t.Fatal(err)
		}
		*c.into = signed.Checkpoint
	}
	return kept, published
}

func keeperIsAhead(t *testing.T, lab *auditlab.Lab, name string) {
	t.Helper()
	if kept, published := ends(t, lab); published.Size > kept.Size {
		t.Fatalf("%s: readers see %d entries, and the keeper knows of %d", name, published.Size, kept.Size)
	}
}

// everySignatureHolds compares everything that was ever signed with the log as
// it is now.
func everySignatureHolds(t *testing.T, lab *auditlab.Lab, taken [][]byte) {
	t.Helper()
	now, _ := ends(t, lab)
	for _, note := range taken {
		c, err := audit.OpenCheckpoint(note, lab.Trust)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.MaySign(t.Context(), lab.Sequencer(t).Tiles, c.Checkpoint, now); err != nil {
			t.Errorf("the signed checkpoint over %d entries is contradicted: %v", c.Size, err)
		}
	}
	if len(taken) < 20 {
		t.Errorf("only %d checkpoints were signed", len(taken))
	}
}

// TestLostSessionIsNoIncident: a sequencer that was cut off meets the work of
// its successor.
func TestLostSessionIsNoIncident(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 3)
	seq := lab.Sequencer(t)
	lock := seq.Lock
	seq.Lock = func(ctx context.Context) (jobs.LogSession, error) {
		s, err := lock(ctx)
		return cutOff{s, t, lab}, err
	}
	_, err := seq.RunOnce(t.Context())
	var violation *audit.Violation
	if err == nil || errors.As(err, &violation) {
		t.Fatalf("a round on a lost connection gave %v, want an error that is no violation", err)
	}
	seq.Lock = lock
	if _, err := seq.RunOnce(t.Context()); err != nil {
		t.Errorf("going on: %v", err)
	}
	if _, err := lab.Verify(t); err != nil {
		t.Error(err)
	}
}

// cutOff loses its connection after it has placed, and another sequencer goes on.
type cutOff struct {
	jobs.LogSession
	t   *testing.T
	lab *auditlab.Lab
}

func (c cutOff) Append(ctx context.Context, g audit.Growth) error {
	if err := c.LogSession.Append(ctx, g); err != nil {
		return err
	}
	const kill = `SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory'
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	if err := c.lab.Super.Exec(kill).Error; err != nil {
		c.t.Error(err)
	}
	c.lab.Fill(c.t, 2)
	for c.lab.Place(c.t).Idle { // until the server has noticed
	}
	return nil
}

// incident is a change of the database behind the keeper's back, and what the
// sequencer then says.
var incidents = map[string]struct {
	sql    string
	breach audit.Breach
}{
	"tail removed":            {`DELETE FROM audit.checkpoint WHERE size > 256; DELETE FROM audit.leaf WHERE index >= 256; DELETE FROM audit.event WHERE id NOT IN (SELECT event_id FROM audit.leaf)`, audit.Rollback},
	"everything removed":      {`DELETE FROM audit.checkpoint; DELETE FROM audit.tile; DELETE FROM audit.leaf`, audit.Rollback},
	"a hash of the edge":      {`UPDATE audit.leaf SET hash = sha256('x') WHERE index = 260`, audit.Fork},
	"a leaf within the edge":  {`DELETE FROM audit.leaf WHERE index = 260`, audit.Missing},
	"a tile":                  {`UPDATE audit.tile SET root = sha256('x')`, audit.Fork},
	"a tile is gone":          {`DELETE FROM audit.tile`, audit.Missing},
	"a checkpoint is forged":  {`INSERT INTO audit.checkpoint (size, root, note) VALUES (267, sha256('x'), 'forged')`, audit.BadNote},
	"checkpoint of elsewhere": {`UPDATE audit.checkpoint SET note = (SELECT note || 'x' FROM audit.checkpoint c WHERE c.size = audit.checkpoint.size)`, audit.BadNote},
}

// TestRefusesToSign what contradicts the keeper: no place is given, nothing is
// signed, and the reason is named.
func TestRefusesToSign(t *testing.T) {
	for name, c := range incidents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := auditlab.New(t)
			lab.Fill(t, 256)
			lab.Place(t)
			lab.Fill(t, 10)
			lab.Place(t)
			before, _ := lab.Keeper.Load()
			lab.Tamper(t, c.sql)
			lab.Fill(t, 2)
			_, err := lab.Sequencer(t).RunOnce(t.Context())
			var violation *audit.Violation
			if !errors.As(err, &violation) || violation.Breach != c.breach {
				t.Fatalf("error %v, want a breach %s", err, c.breach)
			}
			if after, _ := lab.Keeper.Load(); string(after) != string(before) {
				t.Error("something was signed")
			}
			var placed int
			if err := lab.App.Raw(`SELECT count(*) FROM audit.leaf`).Scan(&placed).Error; err != nil || placed > 266 {
				t.Errorf("%d events are placed, error %v", placed, err)
			}
		})
	}
}

// TestMissingKeeperIsAnIncident: removing the file must not make lerd forget.
func TestMissingKeeperIsAnIncident(t *testing.T) {
	lab := auditlab.New(t)
	lab.Place(t) // an empty log is begun
	if _, published := ends(t, lab); published.Origin != auditlab.Origin {
		t.Error("the empty log has no checkpoint")
	}
	lab.Keeper.Path = t.TempDir() + "/checkpoint"
	lab.Fill(t, 1)
	_, err := lab.Sequencer(t).RunOnce(t.Context())
	var violation *audit.Violation
	if !errors.As(err, &violation) || violation.Breach != audit.Rollback {
		t.Errorf("error %v, want a rollback", err)
	}
}
