package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/processes"
	"lerd/internal/requests"
)

// The steps of legal processes, clocks and objections in the random walk: the law
// changes under the cases while they are decided, and is made laxer where the
// product lets somebody do that.
func init() {
	for what, who := range map[string][]string{"law": {"helen.park", "maya.stern"}, "put": {"maya.stern", "helen.park"}, "drop law": {"helen.park"},
		"replay": {"helen.park", "ines.moreau"}, "object": {"helen.park", "maya.stern"}, "tomorrow": {""}, "clocks": {""}} {
		proper[what] = who
	}
	everybody = append(everybody, "maya.stern")
	fitting[requests.Submitted] = append(fitting[requests.Submitted], "law", "put", "tomorrow")
	fitting[requests.LegalConflict] = append(fitting[requests.LegalConflict], "object", "clocks")
	fitting[requests.InReview] = append(fitting[requests.InReview], "replay", "put")
}

var targetsLimit = regexp.MustCompile(`limits: \{targets: (\d+),`)

// lawStep takes a step about the law; ok is false of any other.
func (w *stroll) lawStep(ctx context.Context, what string, id requests.ID) (ok bool, err error) {
	switch what {
	case "law":
		_, err = w.processes.Propose(ctx, w.laxer(ctx))
	case "put", "drop law":
		open := w.openProposals()
		if len(open) == 0 {
			return true, fault.New(fault.Conflict, "nothing is proposed")
		}
		if p := pick(w.dice, open); what == "put" {
			err = w.processes.PutInForce(ctx, p.ID)
		} else {
			err = w.processes.Withdraw(ctx, p.ID, "No.")
		}
	case "replay":
		_, err = w.cases.Replay(ctx, id, w.dice.IntN(3))
	case "object":
		err = w.cases.SettleConflict(ctx, id, "We object once more.")
	default:
		return false, nil
	}
	return true, err
}

// lawMachine moves the clock, a few days in all, and looks at what turned.
func (w *stroll) lawMachine(what string) (ok bool, err error) {
	switch what {
	case "tomorrow":
		if w.clock.Now().Sub(storyNow) < 72*time.Hour {
			w.clock.Advance(24 * time.Hour)
		}
		_, err = w.caseJob.RunOnce(w.ctx)
	case "clocks":
		w.watch()
	default:
		return false, nil
	}
	return true, err
}

// laxer is the next version of IN-94 with ten more accounts.
func (w *stroll) laxer(ctx context.Context) processes.Input {
	in, err := w.processes.Draft(ctx, "IN-94")
	if err != nil {
		return in
	}
	n, err := strconv.Atoi(targetsLimit.FindStringSubmatch(in.Body)[1])
	w.must(err)
	in.Body = targetsLimit.ReplaceAllString(in.Body, fmt.Sprintf("limits: {targets: %d,", n+10))
	in.Cases = strings.NewReplacer(fmt.Sprintf("many: %d\n", n), fmt.Sprintf("many: %d\n", n+10), fmt.Sprintf("many: %d\n", n+1), fmt.Sprintf("many: %d\n", n+11)).Replace(in.Cases)
	in.Why = "More accounts."
	return in
}

func (w *stroll) openProposals() (out []processes.Proposal) {
	list, err := w.store.Proposals(w.as("helen.park"), 50)
	w.must(err)
	for _, p := range list {
		if p.Open() {
			out = append(out, p)
		}
	}
	return out
}
