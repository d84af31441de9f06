package requests

// Outcome says in one word what became of a category of a target.
func (c Case) Outcome(t Target, cat Category) string {
	d, ok := c.Decision(t.ID, cat)
	if !ok || c.Request.State.Open() && !c.published() {
		return "pending"
	}
	if !d.Outcome.Leaves() {
		return string(d.Outcome)
	}
	if c.Release != nil {
		for _, i := range c.Release.Items {
			if i.Target == t.ID && i.Category == cat {
				return string(d.Outcome)
			}
		}
	}
	return string(Refuse)
}

// published tells whether the agency may read the decisions.
func (c Case) published() bool {
	switch c.Request.State {
	case ExportedCase, Delivered, Closed, Refused, NoData:
		return true
	}
	return false
}

// Published tells whether the agency may read the decisions.
func (c Case) Published() bool { return c.published() }
