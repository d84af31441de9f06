package jobs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/jobs"
	"lerd/internal/testkit/auditlab"
)

// twoFolders gives a lab a second place for the last signed checkpoint.
func twoFolders(lab *auditlab.Lab, near, far string) func(t *testing.T) *jobs.Sequencer {
	return func(t *testing.T) *jobs.Sequencer {
		seq := lab.Sequencer(t)
		seq.Keeper = audit.Places{Trust: lab.Trust, List: []audit.Place{
			{Name: "the data folder", Keeper: audit.FolderKeeper{Dir: near}}, {Name: "the second folder", Keeper: audit.FolderKeeper{Dir: far}}}}
		return seq
	}
}

func read(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(t *testing.T, dir, note string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSecondPlaceRemembers: database and data folder are restored from one
// backup; the second folder notices, and also after the restored log has grown
// without it.
func TestSecondPlaceRemembers(t *testing.T) {
	lab := auditlab.New(t)
	near, far := t.TempDir(), t.TempDir()
	start := twoFolders(lab, near, far)
	lab.Fill(t, 260)
	place(t, start(t))
	backup, note := lab.Copy(t), read(t, near)
	lab.Fill(t, 10)
	running := start(t)
	place(t, running)
	remembered := read(t, far)

	// While lerd runs, too: every round compares.
	put(t, far, note)
	place(t, running) // without any event
	if read(t, far) != read(t, near) || read(t, far) == note {
		t.Error("a place that was set back did not take the newest over")
	}
	put(t, near, note)
	restored := twoFolders(backup, near, far)
	backup.Fill(t, 20)
	for range 2 {
		incident(t, restored(t), audit.Rollback, "the log has 260 entries, but 270 were signed")
	}
	if read(t, near) != note || read(t, far) != remembered {
		t.Error("a record was changed")
	}
	alone := backup.Sequencer(t)
	alone.Keeper = audit.FolderKeeper{Dir: near}
	place(t, alone)
	incident(t, restored(t), audit.Fork, "the 270 entries that were signed are not the first 270")
}

// TestOnlyOnePlaceWasSetBack or lost: where the database has everything that was
// signed, being behind is settled, and being gone is an incident.
func TestOnlyOnePlaceWasSetBack(t *testing.T) {
	for which := range 2 {
		lab := auditlab.New(t)
		dirs := []string{t.TempDir(), t.TempDir()}
		start := twoFolders(lab, dirs[0], dirs[1])
		lab.Fill(t, 3)
		place(t, start(t))
		old := read(t, dirs[which])
		lab.Fill(t, 3)
		place(t, start(t))
		newest := read(t, dirs[1-which])
		put(t, dirs[which], old)
		place(t, start(t))
		if got := read(t, dirs[which]); got != newest {
			t.Errorf("place %d holds %q", which, got)
		}
		if err := os.Remove(filepath.Join(dirs[which], "checkpoint")); err != nil {
			t.Fatal(err)
		}
		lab.Fill(t, 1)
		incident(t, start(t), audit.Rollback, "has no record of the last signed checkpoint")
		if _, err := start(t).Keeper.(audit.Places).Begin(); err != nil {
			t.Fatal(err)
		}
		if round := place(t, start(t)); round.Placed != 1 {
			t.Errorf("after taking it into use again: %+v", round)
		}
	}
}

// brokenPlace fails in one of the two ways when it is told to.
type brokenPlace struct {
	audit.Keeper
	b *breaker
}

func (k brokenPlace) Replace(old, next []byte) error {
	return k.b.do("keep", func() error { return k.Keeper.Replace(old, next) })
}

// TestAPlaceMayFail (C3): the writing of either place fails, undone or done and
// reported lost; then the same process or a new one goes on, with more events
// or without.
func TestAPlaceMayFail(t *testing.T) {
	lab := auditlab.New(t)
	near, far := t.TempDir(), t.TempDir()
	whole := twoFolders(lab, near, far)
	lab.Fill(t, 1)
	place(t, whole(t))
	for which := range 2 {
		for _, persisted := range []bool{false, true} {
			for _, restart := range []bool{false, true} {
				for _, more := range []int{0, 3} {
					name := fmt.Sprintf("place %d persisted=%v restart=%v more=%d", which, persisted, restart, more)
					b := &breaker{at: "keep", persisted: persisted}
					seq := whole(t)
					places := seq.Keeper.(audit.Places)
					places.List[which].Keeper = brokenPlace{places.List[which].Keeper, b}
					lab.Fill(t, 2)
					if _, err := seq.RunOnce(t.Context()); err == nil || b.tripped != 1 {
						t.Fatalf("%s: the step did not fail: %v", name, err)
					}
					lab.Fill(t, more)
					b.at = ""
					if restart {
						seq = whole(t)
					}
					if round := place(t, seq); round.Placed != more {
						t.Errorf("%s: %+v", name, round)
					}
					if read(t, near) != read(t, far) {
						t.Errorf("%s: the places differ", name)
					}
				}
			}
		}
	}
	lab.Keeper.Path = filepath.Join(far, "checkpoint")
	if _, err := lab.Verify(t); err != nil {
		t.Error(err)
	}
}
