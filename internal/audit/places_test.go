package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/fault"
)

// signedAt gives the checkpoints of a log as it grew, by size.
func signedAt(t *testing.T, key audittest.Key, first int, sizes ...int) map[int][]byte {
	t.Helper()
	log, out := audittest.NewLog(key), map[int][]byte{}
	for _, n := range sizes {
		log.Append(t, audittest.Events(t, first+len(log.Entries), first+n)...)
		out[n] = log.Files[audit.CheckpointPath].Data
	}
	return out
}

// twoPlaces is a data folder and a second one.
func twoPlaces(t *testing.T, key audittest.Key) (p audit.Places, near, far string) {
	t.Helper()
	near, far = t.TempDir(), t.TempDir()
	return audit.Places{Trust: key.Trust, List: []audit.Place{
		{Name: "the near one", Keeper: audit.FolderKeeper{Dir: near}}, {Name: "the far one", Keeper: audit.FolderKeeper{Dir: far}}}}, near, far
}

func holds(t *testing.T, dir string, note []byte) {
	t.Helper()
	path := filepath.Join(dir, "checkpoint")
	if note == nil {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path, note, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPlacesAreWrittenTogether(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	notes := signedAt(t, key, 0, 0, 5, 9)
	p, near, far := twoPlaces(t, key)
	if got, err := p.Load(); got != nil || err != nil {
		t.Fatalf("new places hold %q, %v", got, err)
	}
	for _, step := range [][2][]byte{{nil, notes[0]}, {notes[0], notes[5]}, {notes[5], notes[5]}, {notes[5], notes[9]}} {
		if err := p.Replace(step[0], step[1]); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{near, far} {
			if got, _ := os.ReadFile(filepath.Join(dir, "checkpoint")); !cmp.Equal(got, step[1]) {
				t.Errorf("%s holds %q", dir, got)
			}
		}
	}
	for name, old := range map[string][]byte{"nothing": nil, "an older one": notes[5]} {
		if err := p.Replace(old, notes[5]); fault.KindOf(err) != fault.Conflict {
			t.Errorf("replaced %s: %v", name, err)
		}
	}
	if got, err := p.Load(); !cmp.Equal(got, notes[9]) || err != nil {
		t.Errorf("they hold %q, %v", got, err)
	}
}

// TestPlacesDisagree: being behind is what a stop leaves and is settled by
// whoever has the tree; everything else is an incident that names the place.
func TestPlacesDisagree(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	notes, fork := signedAt(t, key, 0, 0, 5, 9), signedAt(t, key, 1, 5)
	foreign := signedAt(t, audittest.NewKey(t, audittest.Origin), 0, 9)
	for name, c := range map[string]struct {
		near, far []byte
		newest    []byte
		breach    audit.Breach
		names     string
	}{
		"far is ahead":      {notes[5], notes[9], notes[9], "", ""},
		"near is ahead":     {notes[9], notes[5], notes[9], "", ""},
		"begun in one only": {nil, notes[0], notes[0], "", ""},
		"far is gone":       {notes[5], nil, nil, audit.Rollback, "the far one has no record"},
		"near is gone":      {nil, notes[5], nil, audit.Rollback, "the near one has no record"},
		"fork":              {notes[5], fork[5], nil, audit.Fork, "the near one and the far one"},
		"far is foreign":    {notes[5], foreign[9], nil, audit.BadNote, "the far one holds"},
		"near is rubbish":   {[]byte("rubbish"), notes[5], nil, audit.BadNote, "the near one holds"},
		"near is empty":     {[]byte{}, notes[5], nil, audit.BadNote, "the near one holds"},
		"only rubbish":      {[]byte("rubbish"), nil, nil, audit.BadNote, "the near one holds"},
	} {
		t.Run(name, func(t *testing.T) {
			p, near, far := twoPlaces(t, key)
			holds(t, near, c.near)
			holds(t, far, c.far)
			got, err := p.Load()
			if c.breach != "" {
				wantBreach(t, err, c.breach)
				if err == nil || !strings.Contains(err.Error(), c.names) {
					t.Errorf("%v names no %q", err, c.names)
				}
				var v *audit.Violation
				if err := p.Replace(c.near, notes[9]); !errors.As(err, &v) {
					t.Errorf("was replaced nevertheless: %v", err)
				}
				return
			}
			if err != nil || !cmp.Equal(got, c.newest) {
				t.Fatalf("%q, %v", got, err)
			}
			if err := p.Replace(got, got); err != nil {
				t.Fatal(err)
			}
			records, err := p.Records()
			if err != nil || !cmp.Equal(records[0].Note, c.newest) || !cmp.Equal(records[1].Note, c.newest) {
				t.Errorf("after settling: %v, %v", records, err)
			}
		})
	}
}

// failing is a keeper that is out of reach, or whose answer is lost.
type failing struct {
	audit.Keeper
	load, replace, done bool
}

var errAway = errors.New("away")

func (f failing) Load() ([]byte, error) {
	if f.load {
		return nil, errAway
	}
	return f.Keeper.Load()
}

func (f failing) Replace(old, next []byte) error {
	if f.done {
		_ = f.Keeper.Replace(old, next)
	}
	if f.replace {
		return errAway
	}
	return f.Keeper.Replace(old, next)
}

// TestPlacesStopInBetween: whichever place fails, in whichever way, the newest
// record is one that was to be kept, and the farther place is never behind.
func TestPlacesStopInBetween(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	notes := signedAt(t, key, 0, 0, 5, 9)
	for place := range 2 {
		for _, done := range []bool{false, true} {
			p, near, far := twoPlaces(t, key)
			holds(t, near, notes[5])
			holds(t, far, notes[5])
			whole := p.List[place].Keeper
			p.List[place].Keeper = failing{Keeper: whole, replace: true, done: done}
			if err := p.Replace(notes[5], notes[9]); !errors.Is(err, errAway) {
				t.Fatalf("place %d, done %v: %v", place, done, err)
			}
			p.List[place].Keeper = whole
			records, err := p.Records()
			if err != nil {
				t.Fatalf("place %d, done %v: %v", place, done, err)
			}
			if cmp.Equal(records[0].Note, notes[9]) && !cmp.Equal(records[1].Note, notes[9]) {
				t.Errorf("place %d, done %v: the far one is behind", place, done)
			}
			newest := audit.NewestKept(records)
			if err := p.Replace(newest, notes[9]); err != nil {
				t.Errorf("place %d, done %v: going on: %v", place, done, err)
			}
		}
		p, _, _ := twoPlaces(t, key)
		p.List[place].Keeper = failing{Keeper: p.List[place].Keeper, load: true}
		if got, err := p.Load(); !errors.Is(err, errAway) || got != nil {
			t.Errorf("place %d out of reach: %q, %v", place, got, err)
		}
	}
}

func TestFolderThatIsNotThereIsNotEmpty(t *testing.T) {
	k := audit.FolderKeeper{Dir: filepath.Join(t.TempDir(), "unmounted")}
	if note, err := k.Load(); fault.KindOf(err) != fault.Unavailable || note != nil {
		t.Errorf("%q, %v", note, err)
	}
	if err := k.Replace(nil, []byte("x")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(k.Dir); !os.IsNotExist(err) {
		t.Error("the folder was made")
	}
}

func TestANewPlaceIsTakenIntoUse(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	notes := signedAt(t, key, 0, 5)
	p, near, far := twoPlaces(t, key)
	if n, err := p.Begin(); fault.KindOf(err) != fault.Invalid || n != 0 {
		t.Errorf("before the log began: %d, %v", n, err)
	}
	holds(t, near, notes[5])
	for _, want := range []int{1, 0} {
		if n, err := p.Begin(); n != want || err != nil {
			t.Errorf("%d begun, %v; want %d", n, err, want)
		}
	}
	if got, _ := os.ReadFile(filepath.Join(far, "checkpoint")); !cmp.Equal(got, notes[5]) {
		t.Errorf("the new place holds %q", got)
	}
	holds(t, near, signedAt(t, audittest.NewKey(t, audittest.Origin), 0, 9)[9])
	holds(t, far, nil)
	if _, err := p.Begin(); err == nil {
		t.Error("a foreign checkpoint was taken over")
	}
}
