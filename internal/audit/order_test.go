package audit_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"lerd/internal/audit"
)

// TestOrderHoldsForEveryHistory draws histories in which each event relies on
// earlier ones, offers them in any order and with any beginning placed before,
// and looks at every reason.
func TestOrderHoldsForEveryHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var history []audit.Pending
		streams := map[string]int64{}
		for i := range rapid.IntRange(1, 40).Draw(t, "events") {
			stream := fmt.Sprintf("s%d", rapid.IntRange(0, 5).Draw(t, "stream"))
			streams[stream]++
			e := audit.Pending{ID: audit.EventID(fmt.Sprintf("e%d", i)), Stream: stream, Version: streams[stream]}
			for range rapid.IntRange(0, min(i, 3)).Draw(t, "causes") {
				e.Causes = append(e.Causes, history[rapid.IntRange(0, i-1).Draw(t, "cause")].ID)
			}
			history = append(history, e)
		}
		before := rapid.IntRange(0, len(history)-1).Draw(t, "placed before")
		lost := rapid.IntRange(-1, len(history)-1).Draw(t, "not given")
		place := map[audit.EventID]int{}
		at := map[string]audit.EventID{}
		for i, e := range history {
			at[fmt.Sprint(e.Stream, e.Version)] = e.ID
			if i < before {
				place[e.ID] = i
			}
		}
		var given []audit.Pending
		for i, e := range history[before:] {
			if before+i == lost {
				continue
			}
			_, placed := place[at[fmt.Sprint(e.Stream, e.Version-1)]]
			e.PredecessorPlaced = e.Version == 1 || placed
			for _, c := range e.Causes {
				if _, placed := place[c]; !placed {
					e.CausesUnplaced = append(e.CausesUnplaced, c)
				}
			}
			given = append(given, e)
		}
		given = rapid.Permutation(given).Draw(t, "given")

		placed, held := audit.Order(given)
		if len(placed)+len(held) != len(given) {
			t.Fatalf("%d placed and %d held of %d given", len(placed), len(held), len(given))
		}
		if len(held) > 0 && lost < before {
			t.Fatalf("held back without need: %v", held)
		}
		reasons := func(e audit.Pending) []audit.EventID {
			if e.Version > 1 {
				return append([]audit.EventID{at[fmt.Sprint(e.Stream, e.Version-1)]}, e.Causes...)
			}
			return e.Causes
		}
		for i, e := range placed {
			for _, r := range reasons(e) {
				if _, ok := place[r]; !ok {
					t.Fatalf("%s is placed before its reason %s", e.ID, r)
				}
			}
			place[e.ID] = before + i
		}
		for _, e := range held {
			ready := true
			for _, r := range reasons(e) {
				_, ok := place[r]
				ready = ready && ok
			}
			if ready {
				t.Fatalf("%s is held back and all its reasons are placed", e.ID)
			}
		}
	})
}

func TestOrderKeepsTheGivenOrderOtherwise(t *testing.T) {
	given := []audit.Pending{
		{ID: "b", Stream: "s", Version: 2}, {ID: "x", Stream: "x", Version: 1, PredecessorPlaced: true},
		{ID: "a", Stream: "s", Version: 1, PredecessorPlaced: true}, {ID: "y", Stream: "y", Version: 1, PredecessorPlaced: true},
	}
	placed, held := audit.Order(given)
	if len(held) != 0 {
		t.Fatalf("held: %v", held)
	}
	got := ""
	for _, e := range placed {
		got += string(e.ID)
	}
	if got != "abxy" { // a comes forward for b, everything else stays
		t.Errorf("order %s, want abxy", got)
	}
}

func TestOrderHoldsBackCircles(t *testing.T) {
	circle := []audit.Pending{
		{ID: "a", Stream: "a", Version: 1, PredecessorPlaced: true, CausesUnplaced: []audit.EventID{"b"}},
		{ID: "b", Stream: "b", Version: 1, PredecessorPlaced: true, CausesUnplaced: []audit.EventID{"c"}},
		{ID: "c", Stream: "c", Version: 1, PredecessorPlaced: true, CausesUnplaced: []audit.EventID{"a"}},
		{ID: "d", Stream: "d", Version: 1, PredecessorPlaced: true, CausesUnplaced: []audit.EventID{"a"}},
		{ID: "e", Stream: "e", Version: 1, PredecessorPlaced: true, CausesUnplaced: []audit.EventID{"e"}},
		{ID: "f", Stream: "f", Version: 1, PredecessorPlaced: true},
	}
	placed, held := audit.Order(circle)
	if len(placed) != 1 || placed[0].ID != "f" || len(held) != 5 {
		t.Errorf("placed %v, held %v; want f placed and five held", placed, held)
	}
}

func TestOrderOfALongStream(t *testing.T) {
	const n = 50_000
	given := make([]audit.Pending, n)
	for i := range given {
		given[n-1-i] = audit.Pending{ID: audit.EventID(fmt.Sprint(i)), Stream: "s", Version: int64(i + 1), PredecessorPlaced: i == 0}
	}
	placed, held := audit.Order(given)
	if len(placed) != n || len(held) != 0 || placed[0].Version != 1 || placed[n-1].Version != n {
		t.Errorf("%d placed, %d held", len(placed), len(held))
	}
}
