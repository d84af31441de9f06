package requests

import (
	"slices"
	"time"

	"lerd/internal/requests/ordercompare"
)

// statedPeriods are the periods that the form states, each with its targets: most
// requests state one for all.
func statedPeriods(q Request) (out []ordercompare.Stated) {
	for _, t := range q.Targets {
		same := func(s ordercompare.Stated) bool {
			return s.From.Equal(t.From) && s.To.Equal(t.To) && s.Zone.String() == t.zone(q).String()
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Refs = append(out[i].Refs, t.Ref())
			continue
		}
		out = append(out, ordercompare.Stated{Refs: []string{t.Ref()}, From: t.From, To: t.To, Zone: t.zone(q)})
	}
	return out
}

// zone is that in which the form states a period; one that is stated by its offset
// alone is read in the zone of the agency's deadlines.
func (t Target) zone(q Request) *time.Location {
	for _, name := range []string{t.Zone, q.LegalZone} {
		if loc, err := time.LoadLocation(name); err == nil && name != "" {
			return loc
		}
	}
	return time.UTC
}

// ComparedPeriods gives what the order's text shows of each period of what is still
// asked; one that nobody compared has no days and is missing. A case that was compared
// before periods were, and is decided, has none.
func (c Case) ComparedPeriods() []ordercompare.Period {
	if c.Compared == nil || c.Compared.Periods == nil && c.Request.Verdict != "" {
		return nil
	}
	return c.Compared.asked(c.Request.Targets)
}

// UnshownPeriods gives those that a person has to look up.
func (c Case) UnshownPeriods() []ordercompare.Period { return unshown(c.ComparedPeriods()) }

func unshown(list []ordercompare.Period) []ordercompare.Period {
	return slices.DeleteFunc(list, func(p ordercompare.Period) bool { return p.Shown == ordercompare.Found })
}

func (c Comparison) asked(targets []Target) (out []ordercompare.Period) {
	left := map[string]bool{} // still asked, and not compared
	var refs []string
	for _, t := range targets {
		if !t.Dropped() {
			left[t.Ref()] = true
			refs = append(refs, t.Ref())
		}
	}
	asked := func(ref string) bool { return left[ref] }
	for _, p := range c.Periods {
		if p.Refs = filtered(p.Refs, asked); len(p.Refs) > 0 {
			out = append(out, p)
		}
		for _, ref := range p.Refs {
			left[ref] = false
		}
	}
	if rest := filtered(refs, asked); len(rest) > 0 {
		out = append(out, ordercompare.Period{Refs: rest, Shown: ordercompare.Missing})
	}
	return out
}

func filtered(list []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !keep(s) })
}
