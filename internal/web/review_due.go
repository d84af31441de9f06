package web

import (
	"time"

	"lerd/internal/requests"
)

// soon is how long before its time a case is marked.
const soon = 48 * time.Hour

// dueBadge says how much time is left for a case, or for how long it is
// overdue. It is nil where no clock runs.
func (c *Ctx) dueBadge(state requests.State, due time.Time) *Badge {
	switch state {
	case requests.NeedsInformation:
		return &Badge{c.T("review.due.paused"), Plain}
	case requests.ExportedCase, requests.Delivered:
		return nil
	}
	if due.IsZero() || !state.Open() {
		return nil
	}
	left := due.Sub(c.Now())
	switch {
	case left < 0:
		return &Badge{c.T("review.due.overdue", "span", c.span(-left)), Danger}
	case left < soon:
		return &Badge{c.T("review.due.left", "span", c.span(left)), Caution}
	}
	return &Badge{c.T("review.due.left", "span", c.span(left)), Info}
}

// span gives a length of time in its largest unit.
func (c *Ctx) span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return c.T("review.span.days", "n", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return c.T("review.span.hours", "n", int(d/time.Hour))
	}
	return c.T("review.span.minutes", "n", max(int(d/time.Minute), 1))
}

// legalZone gives the zone in which a case's deadlines are read.
func legalZone(cs requests.Case) *time.Location {
	if cs.Request.LegalZone == "" {
		return zoneOf(cs.Agency)
	}
	return legalZoneNamed(cs.Request.LegalZone)
}

// legalZoneNamed gives a zone by its name, UTC where it is not known.
func legalZoneNamed(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil && name != "" {
		return loc
	}
	return time.UTC
}
