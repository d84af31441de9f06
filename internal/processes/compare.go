package processes

import (
	"context"
	"maps"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// MostWeighed is how many open, and how many decided, cases one comparison
// derives: the newest of each.
const MostWeighed = 100

// Comparison is what a proposal would change.
type Comparison struct {
	Proposal
	Base      *legal.Process // as it was proposed upon; nil where it is not to be had
	To        *legal.Process
	Moved     string // why it cannot be put in force as it is; empty where it can
	Lines     []legal.LineChange
	Examples  legal.Change // over the examples of both versions
	Undecided RealChanges
	Decided   RealChanges
	Author    identity.PersonID
	ReadsOnly bool // the reader can neither withdraw nor put in force
}

// RealChanges are the real cases whose verdict would be another.
type RealChanges struct {
	Examined int
	More     bool // there are more than were examined
	Cases    []RealChange
	Skipped  []string // references of cases that could not be derived
}

// RealChange is a case whose verdict, items or deadlines would be others.
type RealChange struct {
	Weighed
	legal.CaseChange
}

// Compare gives a proposal beside the version that it was written upon, and
// puts on record that it was read.
func (s *Service) Compare(ctx context.Context, id string) (c Comparison, err error) {
	defer fault.Wrap(&err, "processes.Compare(%s)", id)
	p, actor, rule, err := s.open(ctx, id, "compare")
	if err != nil {
		return c, err
	}
	law, err := s.Book.Law(ctx)
	if err != nil {
		return c, err
	}
	c.Proposal, c.Author = p, p.By
	_, _, may := s.may(ctx, "put_in_force")
	c.ReadsOnly = may != nil
	if p.Open() {
		if err := basis(law, p); err != nil {
			c.Moved = fault.Message(err)
		}
	}
	if err := s.weigh(ctx, law, &c); err != nil {
		return c, err
	}
	e := change.Event(ctx, s.now(), "process.compared", "look:proposal:"+p.ID+":"+string(actor.Person), 0)
	e.Facts["proposal"], e.Facts["process"], e.Facts["rule"] = p.ID, string(p.Process), rule
	e.Facts["examined"] = itoa(c.Undecided.Examined + c.Decided.Examined)
	return c, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// weigh derives the examples and the real cases under both versions. A proposal
// that was put in force is read from the book; one whose basis moved on is set
// beside its own basis, in a registry without the versions that came later.
func (s *Service) weigh(ctx context.Context, law *legal.Registry, c *Comparison) error {
	base, err := law.Process(c.Process, c.Number-1)
	if err != nil {
		return err
	}
	x, err := law.Upto(c.Process, c.Number-1).Examine([]byte(c.Body), []byte(c.Cases))
	if err != nil {
		c.Moved = firstProblem(err)
		return nil
	}
	c.Base, c.To = base, x.Process
	c.Lines = legal.Differences(base.Text(), x.Process.Text())
	cases, err := s.examplesOf(ctx, law, base)
	if err != nil {
		return err
	}
	for _, own := range x.Cases {
		own.ID = "new: " + own.ID
		cases = append(cases, own)
	}
	if c.Examples, err = x.Registry.Preview(base, x.Process, cases); err != nil {
		return err
	}
	if c.Undecided, err = s.real(ctx, x, true); err != nil {
		return err
	}
	c.Decided, err = s.real(ctx, x, false)
	return err
}

// examplesOf gives the examples of a version, from the files or from its row.
func (s *Service) examplesOf(ctx context.Context, law *legal.Registry, p *legal.Process) ([]legal.Case, error) {
	versions, err := s.Store.ProcessVersions(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		if v.Process == p.ID && v.Number == p.Version {
			return law.ExamplesOf(p, []byte(v.Cases))
		}
	}
	shipped, err := s.Examples()
	if err != nil {
		return nil, err
	}
	return slices.Clone(shipped.CasesOf(p)), nil
}

// real derives the newest real cases under the version to which they are pinned
// and under the proposed one.
func (s *Service) real(ctx context.Context, x *legal.Examined, open bool) (out RealChanges, err error) {
	list, more, err := s.Cases.ToWeigh(ctx, x.Process.ID, open, MostWeighed)
	if err != nil {
		return out, err
	}
	out.More = more
	for _, w := range list {
		pinned, err := x.Registry.Pinned(w.Pin)
		if err != nil {
			out.Skipped = append(out.Skipped, w.Ref)
			continue
		}
		ch, err := x.Registry.Preview(pinned, x.Process, []legal.Case{w.Case})
		if err != nil {
			out.Skipped = append(out.Skipped, w.Ref)
			continue
		}
		out.Examined++
		for _, one := range ch.Cases {
			out.Cases = append(out.Cases, RealChange{w, one})
		}
	}
	return out, nil
}

// Overview is a process with its versions and what is proposed for it.
type Overview struct {
	ID       legal.ProcessID
	Versions []*legal.Process
	Put      map[int]Version // those that were put in force in the product, by number
	Current  int             // the version in force now; 0: none, or unusable
	Broken   string          // why nothing is decided under it
	Open     []Proposal
}

// List gives every process with its versions and open proposals.
func (s *Service) List(ctx context.Context) (out []Overview, err error) {
	defer fault.Wrap(&err, "processes.List")
	if _, _, err := s.may(ctx, "list"); err != nil {
		return nil, err
	}
	law, err := s.Book.Law(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := s.Store.ProcessVersions(ctx)
	if err != nil {
		return nil, err
	}
	proposals, err := s.Store.Proposals(ctx, 500)
	if err != nil {
		return nil, err
	}
	all := map[legal.ProcessID]*Overview{}
	for _, p := range law.Processes() {
		if all[p.ID] == nil {
			all[p.ID] = &Overview{ID: p.ID, Put: map[int]Version{}}
		}
		all[p.ID].Versions = append(all[p.ID].Versions, p)
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		o := all[id]
		if now, err := law.Current(id, s.now()); err == nil {
			o.Current = now.Version
		} else if fault.KindOf(err) == fault.Gate {
			o.Broken = fault.Message(err)
		}
		for _, v := range versions {
			if v.Process == id {
				o.Put[v.Number] = v
			}
		}
		for _, p := range proposals {
			if p.Process == id && p.Open() {
				o.Open = append(o.Open, p)
			}
		}
		out = append(out, *o)
	}
	return out, nil
}

// Draft gives what somebody changes to propose the next version: the newest one
// with its examples, under the next number, from tomorrow on.
func (s *Service) Draft(ctx context.Context, id legal.ProcessID) (in Input, err error) {
	defer fault.Wrap(&err, "processes.Draft(%s)", id)
	if _, _, err := s.may(ctx, "propose"); err != nil {
		return in, err
	}
	law, err := s.Book.Law(ctx)
	if err != nil {
		return in, err
	}
	base, err := law.Newest(id)
	if err != nil {
		return in, err
	}
	day := legal.DateOf(s.now().In(zone(zoneOf(base)))).AddDays(1)
	if !base.InForce.Before(day) {
		day = base.InForce.AddDays(1)
	}
	cases, err := s.casesText(ctx, base)
	if err != nil {
		return in, err
	}
	return Input{Body: legal.Successor(base, day), Cases: legal.SuccessorCases(base, cases, day)}, nil
}

// casesText gives the examples of a version as they were written.
func (s *Service) casesText(ctx context.Context, p *legal.Process) (string, error) {
	versions, err := s.Store.ProcessVersions(ctx)
	if err != nil {
		return "", err
	}
	for _, v := range versions {
		if v.Process == p.ID && v.Number == p.Version {
			return v.Cases, nil
		}
	}
	return s.ShippedCases(p)
}
