package records

import "strings"

// canaries are values that a platform plants where lerd must never look: a record
// id, session id, number, address or username that no right answer holds.
type canaries map[string]bool

func newCanaries(values []string) canaries {
	c := canaries{}
	for _, v := range values {
		if v != "" {
			c[v] = true
		}
	}
	return c
}

const canaryRule = "canary value"

func (c canaries) any(values ...string) bool {
	for _, v := range values {
		if c[v] {
			return true
		}
	}
	return false
}

// inText looks for canaries within texts that a source words freely.
func (c canaries) inText(texts ...string) bool {
	for v := range c {
		for _, t := range texts {
			if strings.Contains(t, v) {
				return true
			}
		}
	}
	return false
}

func (c canaries) inPhone(r PhoneRow) bool { return len(c) > 0 && c.any(r.RecordID, r.Phone.Reveal()) }

func (c canaries) inSession(r *IPRow) bool {
	return len(c) > 0 && c.any(r.RecordID, r.SessionID, r.Address.Reveal().String(), r.Destination.Reveal().String())
}
