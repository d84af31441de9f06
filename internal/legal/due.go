package legal

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lerd/internal/fault"
)

// Due computes a deadline and says how. It is NotFound where the process has
// no such clock, and Invalid where something that it counts from is missing.
func (r *Registry) Due(in ClockInput) (due Due, err error) {
	limit := in.Process.Clocks.all()[in.Kind]
	if limit == nil || in.Kind == ClockExtension {
		return Due{}, fault.New(fault.NotFound, "Process %s has no deadline %q.", in.Process.ID, in.Kind)
	}
	c, err := r.counter(in, limit)
	if err != nil {
		return Due{}, err
	}
	at, err := c.count()
	if err != nil {
		return Due{}, err
	}
	warn, very := limit.spans()
	return Due{
		Kind: in.Kind, At: at.UTC(), Zone: c.zone.String(), Local: at.In(c.zone).Format(time.RFC3339),
		Soft: limit.Soft, Paused: c.running, Explain: c.explain, warn: warn, very: very,
	}, nil
}

// AlertSpans gives how long before a deadline of a kind its warning comes, and how
// long after it it is very overdue; those of days where there is no such clock.
func (p *Process) AlertSpans(kind ClockKind) (warn, very time.Duration) {
	limit := p.Clocks.all()[kind]
	if limit == nil {
		limit = &Limit{Unit: Days}
	}
	return limit.spans()
}

// HasClock tells whether a process has a deadline of a kind.
func (p *Process) HasClock(kind ClockKind) bool {
	return kind != ClockExtension && p.Clocks.all()[kind] != nil
}

// counter computes one deadline.
type counter struct {
	in      ClockInput
	limit   *Limit
	cal     *Calendar
	zone    *time.Location
	pauses  []Pause // closed, sorted, disjoint
	running bool
	explain []string
}

func (r *Registry) counter(in ClockInput, limit *Limit) (*counter, error) {
	c := &counter{in: in, limit: limit}
	c.cal = r.calendars[cmp.Or(in.Calendar, in.Process.Clocks.Calendar)]
	if c.cal == nil {
		return nil, fault.New(fault.Invalid, "There is no calendar %q.", in.Calendar)
	}
	name := cmp.Or(in.Zone, in.Process.Clocks.Zone, c.cal.Zone)
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "There is no time zone %q.", name)
	}
	c.zone = zone
	if in.Start.IsZero() {
		return nil, fault.New(fault.Invalid, "The deadline %q needs the time of the event from which it runs.", in.Kind)
	}
	return c, c.close()
}

// close ends running pauses at Now, sorts the pauses and joins those that
// overlap.
func (c *counter) close() error {
	all := slices.Clone(c.in.Pauses)
	for i, p := range all {
		if p.To.IsZero() {
			c.running = true
			all[i].To = c.in.Now
		}
		if all[i].To.Before(p.From) {
			return fault.New(fault.Invalid, "A pause of the deadline %q ends before it begins.", c.in.Kind)
		}
	}
	slices.SortFunc(all, func(a, b Pause) int { return a.From.Compare(b.From) })
	for _, p := range all {
		if n := len(c.pauses); n > 0 && !p.From.After(c.pauses[n-1].To) {
			if p.To.After(c.pauses[n-1].To) {
				c.pauses[n-1].To = p.To
			}
			continue
		}
		c.pauses = append(c.pauses, p)
	}
	return nil
}

func (c *counter) say(format string, args ...any) {
	c.explain = append(c.explain, fmt.Sprintf(format, args...))
}

func (c *counter) count() (time.Time, error) {
	start := c.in.Start.In(c.zone)
	c.say("The event was on %s (%s), in legal zone %s.", start.Format("2006-01-02 15:04:05"), start.UTC().Format(time.RFC3339), c.zone)
	switch c.limit.Unit {
	case OnOrder:
		if c.in.OrderDate.IsZero() {
			return time.Time{}, fault.New(fault.Invalid, "The order must name the date by which it is to be answered.")
		}
		c.say("The order itself names %s.", c.in.OrderDate.In(c.zone).Format(time.RFC3339))
		return c.afterPauses(start, c.in.OrderDate), nil
	case Hours:
		return c.hours(start), nil
	}
	return c.days(start), nil
}

// hours counts a period in hours: neither weekends nor holidays stop it.
// LAW: Regulation 1182/71 Art. 3(1): the hour of the event is not counted; a
// period in hours ends with the expiry of the last hour, Art. 3(2)(a).
func (c *counter) hours(start time.Time) time.Time {
	from := start
	if c.limit.Counting != Exact {
		from = nextHour(start)
		c.say("The hour of the event is not counted: counting begins at %s.", from.Format("15:04"))
	}
	end := from.Add(time.Duration(c.limit.Amount) * time.Hour)
	c.say("%d hours end at %s; weekends and holidays do not move a period in hours.", c.limit.Amount, end.Format(time.RFC3339))
	return c.afterPauses(start, end).Add(-time.Second)
}

// nextHour gives the beginning of the next hour of the local clock.
func nextHour(t time.Time) time.Time {
	into := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	return t.Add(time.Hour - into)
}

// afterPauses moves an instant by the pauses that began before it.
func (c *counter) afterPauses(start, end time.Time) time.Time {
	for _, p := range c.pauses {
		from := p.From
		if from.Before(start) {
			from = start
		}
		if !from.Before(end) || !p.To.After(from) {
			continue
		}
		end = end.Add(p.To.Sub(from))
		c.say("The clock stood still for %s: the period ends at %s.", p.To.Sub(from).Round(time.Second), end.In(c.zone).Format(time.RFC3339))
	}
	return end
}

// days counts a period in days, working days or months.
// LAW: Regulation 1182/71 Art. 3(1): the day of the event is not counted;
// Art. 3(2)(b),(c): it ends with the expiry of the last hour of the last day.
func (c *counter) days(start time.Time) time.Time {
	first := DateOf(start)
	need := c.length(first)
	c.say("The day of the event is not counted: the first day is %s.", first.AddDays(1))
	end, stopped := first, 0
	for counted := 0; counted < need; {
		end = end.AddDays(1)
		if c.stopped(end) {
			stopped++
			continue
		}
		if working, _ := c.cal.Working(end); working || c.limit.Unit != WorkingDays {
			counted++
		}
	}
	c.say("%s end on %s.", c.amount(), end)
	if stopped > 0 {
		c.say("The clock stood still on %d days, which are not counted.", stopped)
	}
	end = c.roll(first, end, need)
	if !c.cal.Complete(end.Year) {
		c.say("Calendar %s has no complete list of holidays for %d: the true deadline may be later, not earlier.", c.cal.ID, end.Year)
	}
	return end.LastSecond(c.zone)
}

// length gives the number of days that have to be counted.
func (c *counter) length(first Date) int {
	amount := c.limit.Amount
	if ext := c.in.Process.Clocks.Extension; c.in.Kind == ClockHold && ext != nil && c.in.Extensions > 0 {
		amount += c.in.Extensions * ext.Amount
		c.say("%d renewal(s) add %d %s each.", c.in.Extensions, ext.Amount, ext.Unit)
	}
	if c.limit.Unit == Months {
		return first.DaysUntil(first.AddMonths(amount))
	}
	return amount
}

// stopped tells whether a day lies in a pause: the day on which a pause begins
// is not counted, the day on which it ends is.
func (c *counter) stopped(d Date) bool {
	return slices.ContainsFunc(c.pauses, func(p Pause) bool {
		from, to := DateOf(p.From.In(c.zone)), DateOf(p.To.In(c.zone))
		return !d.Before(from) && d.Before(to)
	})
}

// roll moves the last day to a working day where the counting asks for it.
// LAW: Regulation 1182/71 Art. 3(4): a last day that is a public holiday,
// Saturday or Sunday moves to the next working day; Art. 3(5): a period of two
// days or more includes at least two working days. need is the length of the
// period: one working day stays one day, also where holidays make its end later.
func (c *counter) roll(first, end Date, need int) Date {
	if c.limit.Counting == PlainCount {
		return end
	}
	if c.limit.Counting == EU1182 && need >= 2 {
		for c.workingDays(first, end) < 2 {
			end = end.AddDays(1)
			c.say("A period of two days or more has at least two working days: moved to %s.", end)
		}
	}
	for {
		working, why := c.cal.Working(end)
		if working {
			return end
		}
		c.say("%s is not a working day (%s): moved to %s.", end, why, end.AddDays(1))
		end = end.AddDays(1)
	}
}

func (c *counter) workingDays(first, end Date) (n int) {
	for d := first.AddDays(1); !end.Before(d) && n < 2; d = d.AddDays(1) {
		if working, _ := c.cal.Working(d); working && !c.stopped(d) {
			n++
		}
	}
	return n
}

func (c *counter) amount() string {
	names := map[Unit]string{Days: "days", WorkingDays: "working days", Months: "months"}
	return fmt.Sprintf("%d %s", c.limit.Amount, names[c.limit.Unit])
}

// spans gives how long before and after the due time the alerts change.
func (l *Limit) spans() (warn, very time.Duration) {
	warn, very = 48*time.Hour, 5*24*time.Hour
	if l.Unit == Hours {
		warn, very = min(time.Duration(l.Amount)*time.Hour/4, 24*time.Hour), time.Duration(l.Amount)*time.Hour
	}
	if l.Warn != 0 {
		warn = time.Duration(l.Warn)
	}
	if l.Very != 0 {
		very = time.Duration(l.Very)
	}
	return warn, very
}

// zone gives the legal zone of a process; it was checked when loaded.
func (r *Registry) zone(p *Process) *time.Location {
	zone, err := time.LoadLocation(p.Clocks.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}
