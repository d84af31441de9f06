package audit

import (
	"sync"
	"time"
)

// Counted is what public figures need of an entry.
type Counted struct {
	Kind   string
	Stream string
	At     time.Time
	Facts  []Fact      // in the order of their names
	Count  *Commitment // what the event commits its count to; nil: it has none
}

// Fact is a fact by its name.
type Fact struct{ Name, Value string }

// Fact gives the value of a fact, empty where there is none of that name.
func (c *Counted) Fact(name string) string {
	for _, f := range c.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// counters keep their memory: a report reads a tenth of the entries of a log.
var counters = sync.Pool{New: func() any { return new(refScanner) }}

// ParseCounted reads what is counted of an entry. It refuses what ParseEntry
// refuses, no more and no less: a fuzz target compares the two.
func ParseCounted(entry []byte) (c Counted, err error) {
	s := counters.Get().(*refScanner)
	defer counters.Put(s)
	w, at, err := s.read(string(entry), func() { c.Facts = s.factList() }, func() {
		if v := s.countValue(); v != nil {
			c.Count = v
		}
	})
	if err != nil {
		return Counted{}, err
	}
	c.Kind, c.Stream, c.At = w.Kind, w.Stream, at
	return c, nil
}

// factList reads facts as scanner.facts does, without a map.
func (s *refScanner) factList() (out []Fact) {
	s.lit(`{`)
	for s.err == nil && !s.skip(`}`) {
		if len(out) > 0 {
			s.lit(`,`)
		}
		name := s.str()
		if len(out) > 0 && name <= out[len(out)-1].Name {
			s.fail("facts out of order or repeated")
		}
		s.lit(`:`)
		out = append(out, Fact{name, s.str()})
	}
	return out
}

// countValue reads a value, and what it became where it is the count.
func (s *refScanner) countValue() (count *Commitment) {
	s.lit(`{"name":`)
	name := s.str()
	s.values = append(s.values, name)
	if s.skip(`,"new":`) {
		if name == CountValue {
			c := s.commitment()
			count = &c
		} else {
			s.skipCommitment()
		}
	}
	if s.skip(`,"old":`) {
		s.skipCommitment()
	}
	s.lit(`}`)
	return count
}
