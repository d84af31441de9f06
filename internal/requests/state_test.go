package requests

import (
	"slices"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// TestEveryStateWithEveryAction walks the whole cube: what is a row of the
// table leads where the row says, and everything else is a conflict that
// leaves the state alone.
func TestEveryStateWithEveryAction(t *testing.T) {
	actions := map[Action]bool{}
	rows := map[Step]bool{}
	for _, s := range Workflow {
		actions[s.Action] = true
		if rows[s] {
			t.Errorf("row %+v stands twice", s)
		}
		rows[s] = true
	}
	roles := []identity.Role{identity.Officer, identity.Reviewer, identity.Counsel, identity.Confirmer, identity.Approver, identity.Auditor, identity.System, ""}
	cells := 0
	for _, from := range append([]State{"nonsense"}, States...) {
		for a := range actions {
			for _, by := range roles {
				want, found := from, false
				for s := range rows {
					if s.From == from && s.Action == a && s.By == by {
						want, found = s.To, true
					}
				}
				got, err := next(from, a, by)
				if got != want || (err == nil) != found {
					t.Errorf("next(%q, %q, %q) = %q, %v", from, a, by, got, err)
				}
				if !found && fault.KindOf(err) != fault.Conflict {
					t.Errorf("next(%q, %q, %q): %v is not a conflict", from, a, by, err)
				}
				cells++
			}
		}
	}
	t.Logf("%d cells, %d rows", cells, len(rows))
}

// TestNoWayRoundTheGates shows on the graph that what leaves has passed every
// gate: without the edge of any one gate the exported state is out of reach.
func TestNoWayRoundTheGates(t *testing.T) {
	for _, gate := range [][]Action{{Submit, CoSign}, {Submit, Propose}, {Claim}, {Qualify}, {OpenFindings}, {ConfirmCase}, {Approve}, {Export}} {
		if reaches(None, ExportedCase, gate...) {
			t.Errorf("an exported case can be reached without %q", gate)
		}
	}
	for _, way := range [][]Action{nil, {Submit}, {Propose}} {
		if !reaches(None, ExportedCase, way...) {
			t.Errorf("an exported case cannot be reached at all without %q", way)
		}
	}
}

func reaches(from, to State, without ...Action) bool {
	seen, todo := map[State]bool{}, []State{from}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		if s == to {
			return true
		}
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, row := range Workflow {
			if row.From == s && !slices.Contains(without, row.Action) {
				todo = append(todo, row.To)
			}
		}
	}
	return false
}

func TestEveryStateHasWordsAndEndsAreEnds(t *testing.T) {
	for _, s := range States {
		if s.Words() == "" || s.ActsNext() == "" {
			t.Errorf("state %q has no words", s)
		}
		leaves := false
		for _, row := range Workflow {
			leaves = leaves || row.From == s
		}
		if leaves != s.Open() && s != Closed { // what was closed is taken up again where its bundle was called back
			t.Errorf("state %q: Open is %v, but steps lead away: %v", s, s.Open(), leaves)
		}
	}
}
