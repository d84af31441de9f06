package requests

// Taken is the outcome of what left and was called back.
const Taken = "recalled"

// Outcome says in one word what became of a category of a target, as the agency
// reads it.
func (c Case) Outcome(t Target, cat Category) string {
	d, ok := c.Decision(t.ID, cat)
	if !ok || !c.published() {
		return "pending"
	}
	return c.outcome(d)
}

// outcome is what became of a decision, whether or not it is published yet.
func (c Case) outcome(d Decision) string {
	t, cat := d.Target, d.Category
	if c.Release != nil && c.Release.holds(t, cat) {
		if c.Release.empty(t, cat) {
			return string(NotHeld) // so it stands in the bundle
		}
		return string(d.Outcome)
	}
	for _, r := range c.Recalled {
		if c.Release == nil && r.holds(t, cat) {
			return Taken
		}
	}
	if d.Outcome.Leaves() || d.Withheld() {
		return string(NotHeld) // no confirmed violation, or nothing there: an agency reads the same
	}
	return string(d.Outcome)
}

func (r Release) holds(t TargetID, cat Category) bool {
	for _, i := range r.Items {
		if i.Target == t && i.Category == cat {
			return true
		}
	}
	return false
}

// empty tells whether a bundle has no row of what it was to hold.
func (r Release) empty(t TargetID, cat Category) bool {
	for _, i := range r.Items {
		if i.Target == t && i.Category == cat && i.Empty {
			return true
		}
	}
	return false
}

// published tells whether the agency may read the decisions.
func (c Case) published() bool {
	switch c.Request.State {
	case ExportedCase, Delivered, Closed, Refused, NoData, Recalled:
		return true
	}
	return false
}

// Published tells whether the agency may read the decisions.
func (c Case) Published() bool { return c.published() }
