package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/papers"
	"lerd/internal/processes"
	"lerd/internal/requests"
	"lerd/policies"
)

// policyProposeCmd files a version from the server, where nobody has signed in.
type policyProposeCmd struct {
	keysSource
	File  string `arg:"" type:"existingfile" help:"The process, in YAML: the next version of one that there is."`
	Cases string `required:"" type:"existingfile" help:"Its example cases, in YAML."`
	Why   string `required:"" help:"What changed in the law or in the platform's policy, and where it stands."`
}

// Run files the proposal and prints where it is compared.
func (c policyProposeCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c policyProposeCmd) run(ctx context.Context, out io.Writer) error {
	body, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	cases, err := os.ReadFile(c.Cases)
	if err != nil {
		return err
	}
	s, done, err := live(ctx, c.keysSource)
	if err != nil {
		return err
	}
	defer done()
	return fileProposal(ctx, s, processes.Input{Body: string(body), Cases: string(cases), Why: c.Why}, out)
}

// live wires what changes and replays need over the database of a configuration,
// and nothing that would take a running lerd's work.
func live(ctx context.Context, from keysSource) (*system, func(), error) {
	db, rules, cfg, done, err := from.ruled(ctx)
	if err != nil {
		return nil, nil, err
	}
	s := &system{cfg: cfg, store: db, rules: rules, now: time.Now}
	if s.law, err = legal.Load(policies.FS); err != nil {
		done()
		return nil, nil, err
	}
	s.book = &processes.Book{Shipped: s.law, Store: db}
	s.cases = requests.New(requests.Config{Store: db, Agencies: db, Releases: db, After: db, TrailStore: db, Access: s.rules, Law: s.law, Laws: s.book,
		Weigh: db, Watch: db, Papers: papers.New(papers.Config{Store: db, Now: time.Now}), Now: time.Now})
	s.processes = openProcesses(db, s.rules, s.book, s.cases, time.Now)
	return s, done, nil
}

func fileProposal(ctx context.Context, s *system, in processes.Input, out io.Writer) error {
	id, err := s.processes.Propose(identity.With(ctx, identity.SystemActor()), in)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Filed as %s, in nobody's name. Counsel compares it and takes it up at %s%s; somebody else puts it in force.\n", id, s.cfg.PublicOrigin, processes.PathOf(id))
	return nil
}

type policyReplayCmd struct {
	keysSource
	Case  string `arg:"" help:"Reference of the case, e.g. LR-2026-ABCD-EFGH, or its id."`
	Under int    `help:"Another version of its process to compare with."`
}

// Run prints what follows, check by check.
func (c policyReplayCmd) Run(ctx context.Context) error {
	s, done, err := live(ctx, c.keysSource)
	if err != nil {
		return err
	}
	defer done()
	return replayCase(ctx, s, c.Case, c.Under, os.Stdout)
}

func replayCase(ctx context.Context, s *system, name string, under int, out io.Writer) error {
	ctx = identity.With(ctx, identity.SystemActor())
	id := requests.ID(name)
	if list, err := s.cases.List(ctx, requests.Filter{Ref: name, Limit: 1}); err != nil {
		return err
	} else if len(list) == 1 {
		id = list[0].ID
	}
	r, err := s.cases.Replay(ctx, id, under)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is pinned to %s version %d (%.12s…), in force from %s.\n", r.Case.Request.Ref, r.Pinned.ID, r.Pinned.Version, r.Pinned.Pin().Digest, r.Pinned.InForce)
	fmt.Fprintf(out, "What follows under it: %s. Recorded: %s.\n", requests.WordsOf(r.Pin.Outcome), orText(r.Recorded, "not decided"))
	if r.Under != r.Pinned {
		fmt.Fprintf(out, "What would follow under version %d: %s. %s\n", r.Under.Version, requests.WordsOf(r.Verdict.Outcome), orText(strings.Join(r.Changes, "; "), "Nothing else differs."))
	}
	w := tabwriter.NewWriter(out, 2, 8, 2, ' ', 0)
	for _, x := range r.Verdict.Results {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Check, strings.TrimSpace(x.Target+" "+string(x.Category)), x.Result, x.Code)
	}
	w.Flush()
	if !r.Holds {
		return fault.New(fault.Conflict, "It does not come out as it was recorded: the facts on file have changed since, or the record is wrong.")
	}
	return nil
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
