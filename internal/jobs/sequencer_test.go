package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/testkit/auditlab"
)

var errRollback = errors.New("rolled back on purpose")

// order gives event ids in the order of a query.
func order(t *testing.T, db *gorm.DB, query string) []audit.EventID {
	t.Helper()
	var ids []audit.EventID
	if err := db.Raw(query).Scan(&ids).Error; err != nil {
		t.Fatal(err)
	}
	return ids
}

func position(ids []audit.EventID, id audit.EventID) int {
	for i, x := range ids {
		if x == id {
			return i
		}
	}
	return -1
}

// invert takes two steps on a thing such that the effect has the smaller
// transaction number: A takes its number, B commits, A sees it and goes on.
func invert(t *testing.T, lab *auditlab.Lab, otherStream bool) (cause, effect audit.EventID) {
	t.Helper()
	thing := uuid.NewString()
	lab.Do(t, auditlab.Step{ID: thing, To: "received", Version: 1})
	err := lab.App.Transaction(func(a *gorm.DB) error {
		if err := a.Exec(`SELECT pg_current_xact_id()`).Error; err != nil {
			return err
		}
		cause = lab.Do(t, auditlab.Step{ID: thing, From: "received", To: "approved", Version: 2})[0]
		step := auditlab.Step{ID: thing, From: "approved", To: "disclosed", Version: 3}
		if otherStream {
			step.Stream, step.At, step.Causes = "release:"+thing, 1, []audit.EventID{cause}
		}
		var err error
		effect, err = auditlab.Take(a, step)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return cause, effect
}

// TestNoEffectBeforeItsCause reproduces the inversion on the plain order by
// transaction number, and finds none in the log.
func TestNoEffectBeforeItsCause(t *testing.T) {
	lab := auditlab.New(t)
	type pair struct{ cause, effect audit.EventID }
	var pairs []pair
	for i := range 20 {
		cause, effect := invert(t, lab, i%2 == 1)
		pairs = append(pairs, pair{cause, effect})
		if i == 9 {
			lab.Place(t) // some in one round, some in the next
		}
	}
	lab.Place(t)
	plain := order(t, lab.App, `SELECT id FROM audit.event ORDER BY xid, id`)
	log := order(t, lab.App, `SELECT event_id FROM audit.leaf ORDER BY index`)
	for _, p := range pairs {
		if position(plain, p.effect) > position(plain, p.cause) {
			t.Errorf("the plain order does not show the inversion: this test proves nothing")
		}
		if position(log, p.effect) < position(log, p.cause) || position(log, p.cause) < 0 {
			t.Errorf("the log has the effect at %d and its cause at %d", position(log, p.effect), position(log, p.cause))
		}
	}
	if _, err := lab.Verify(t); err != nil {
		t.Error(err)
	}
}

// TestNothingIsLostUnderLoad (K1, C6): 64 writers, a third of them rolling
// back, and two sequencers at once.
func TestNothingIsLostUnderLoad(t *testing.T) {
	lab := auditlab.New(t)
	const writers, steps = 64, 6
	ctx, stop := context.WithCancel(t.Context())
	var sequencers, work sync.WaitGroup
	for range 2 {
		seq := lab.Sequencer(t)
		seq.Batch = 50
		sequencers.Go(func() {
			for ctx.Err() == nil {
				if _, err := seq.RunOnce(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	shared := uuid.NewString()
	lab.Do(t, auditlab.Step{ID: shared, To: "s", Version: 1})
	for w := range writers {
		work.Go(func() { write(t, lab, shared, steps, rand.New(rand.NewPCG(uint64(w), 1))) })
	}
	work.Wait()
	stop()
	sequencers.Wait()
	for lab.Place(t).Placed > 0 {
	}
	report, err := lab.Verify(t)
	if err != nil {
		t.Fatal(err)
	}
	var events int64
	if err := lab.App.Raw(`SELECT count(*) FROM audit.event`).Scan(&events).Error; err != nil {
		t.Fatal(err)
	}
	if report.Entries != events || report.Pending != 0 || events < writers*steps/2 {
		t.Errorf("%d events, %d in the log, %d pending", events, report.Entries, report.Pending)
	}
}

// write takes steps on a thing of its own and one that all share, and rolls
// about a third of them back.
func write(t *testing.T, lab *auditlab.Lab, shared string, steps int, random *rand.Rand) {
	thing, state, version := uuid.NewString(), "", int64(0)
	for range steps {
		step := auditlab.Step{ID: thing, From: state, To: "s", Version: version + 1}
		undo := random.IntN(3) == 0
		err := lab.App.Transaction(func(tx *gorm.DB) error {
			if _, err := auditlab.Take(tx, step); err != nil {
				return err
			}
			if random.IntN(4) == 0 {
				var v int64
				if err := tx.Raw(`SELECT version FROM public.thing WHERE id = ? FOR UPDATE`, shared).Scan(&v).Error; err != nil {
					return err
				}
				if _, err := auditlab.Take(tx, auditlab.Step{ID: shared, From: "s", To: "s", Version: v + 1}); err != nil {
					return err
				}
			}
			if undo {
				return errRollback
			}
			return nil
		})
		if err == nil {
			state, version = "s", version+1
		} else if !errors.Is(err, errRollback) {
			t.Errorf("step %+v: %v", step, err)
			return
		}
	}
}

// TestSlowTransactionsDoNotHoldTheLog (K2): a long snapshot and a long write
// are open, and other steps get their place; the slow step gets its own later.
func TestSlowTransactionsDoNotHoldTheLog(t *testing.T) {
	lab := auditlab.New(t)
	seq := lab.Sequencer(t)
	reader := lab.App.Begin(&sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	defer reader.Rollback()
	if err := reader.Exec(`SELECT count(*) FROM audit.event`).Error; err != nil {
		t.Fatal(err)
	}
	slow := lab.App.Begin()
	defer slow.Rollback()
	late, err := auditlab.Take(slow, auditlab.Step{ID: uuid.NewString(), To: "received", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		quick := lab.Fill(t, 5)
		round, err := seq.RunOnce(t.Context())
		if err != nil || round.Placed != len(quick) {
			t.Fatalf("round %+v, error %v; want the %d quick events placed", round, err, len(quick))
		}
	}
	if err := slow.Commit().Error; err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if _, err := seq.WaitFor(ctx, late); err != nil {
		t.Errorf("the slow step was lost: %v", err)
	}
	if _, err := lab.Verify(t); err != nil {
		t.Error(err)
	}
}

// TestOneSequencerAtATime (C6): while one has the session, another is idle.
func TestOneSequencerAtATime(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 3)
	first := lab.Sequencer(t)
	session, err := first.Lock(t.Context())
	if err != nil || session == nil {
		t.Fatalf("session %v, error %v", session, err)
	}
	round, err := lab.Sequencer(t).RunOnce(t.Context())
	if err != nil || !round.Idle || round.Placed != 0 {
		t.Errorf("a second sequencer gave %+v, %v", round, err)
	}
	if err := session.Close(); err != nil {
		t.Fatal(err)
	}
	if round := lab.Place(t); round.Placed != 3 {
		t.Errorf("after that: %+v", round)
	}
}

// TestReadersOfTheLogWaitTheirTurn: who asks what the log has lost, or what may
// leave, while another process is at work, is answered once that has ended.
func TestReadersOfTheLogWaitTheirTurn(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 3)
	lab.Place(t)
	for name, ask := range map[string]func(context.Context) error{
		"what is lost":   func(ctx context.Context) error { _, err := lab.Sequencer(t).Loss(ctx); return err },
		"what may leave": lab.Sequencer(t).Settled,
	} {
		session, err := lab.Sequencer(t).Lock(t.Context())
		if err != nil || session == nil {
			t.Fatalf("session %v, error %v", session, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := ask(gone); err == nil {
			t.Errorf("%s: who went away is answered", name)
		}
		answer := make(chan error, 1)
		go func() { answer <- ask(t.Context()) }()
		select {
		case err := <-answer:
			t.Fatalf("%s: answered %v while another is at work", name, err)
		case <-time.After(100 * time.Millisecond):
		}
		if err := session.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-answer; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLargeBatches crosses tiles of two levels in rounds of different sizes.
func TestLargeBatches(t *testing.T) {
	lab := auditlab.New(t)
	seq := lab.Sequencer(t)
	total := 0
	for _, n := range []int{1, 254, 1, 1, 255, 700} {
		lab.Fill(t, n)
		seq.Batch = 600
		for {
			round, err := seq.RunOnce(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if total += round.Placed; round.Placed == 0 {
				break
			}
		}
	}
	report, err := lab.Verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if total != 1212 || report.Entries != 1212 || report.Tiles != 1212/256 {
		t.Errorf("placed %d, verified %+v", total, report)
	}
}

// TestWaitForGivesAProof and refuses to wait for what is not there.
func TestWaitForGivesAProof(t *testing.T) {
	lab := auditlab.New(t)
	ids := lab.Fill(t, 300)
	seq := lab.Sequencer(t)
	for _, id := range []audit.EventID{ids[0], ids[299]} {
		proof, err := seq.WaitFor(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var entry []byte
		if err := lab.App.Raw(`SELECT entry FROM audit.event WHERE id = ?`, string(id)).Row().Scan(&entry); err != nil {
			t.Fatal(err)
		}
		if _, _, err := audit.VerifyProof(entry, proof, lab.Trust); err != nil {
			t.Error(err)
		}
		if _, _, err := audit.VerifyProof(append(entry, ' '), proof, lab.Trust); err == nil {
			t.Error("the proof holds for another entry too")
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := seq.WaitFor(ctx, audit.EventID(uuid.NewString())); err == nil {
		t.Error("there is a proof of an event that does not exist")
	}
}
