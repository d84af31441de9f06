package requests

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"lerd/internal/records"
)

// merged makes one stream of several that are in the order of the bundle, in that
// order. Of a record that several have it gives that of the first. That a record is
// in two of them at different times is found by its id, at the end.
func merged(op string, from []iter.Seq2[Record, error]) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		m := merging{op: op, ids: records.NewDistinct()}
		defer m.close()
		err := m.begin(from)
		for err == nil && len(m.heads) > 0 {
			var r Record
			if r, err = m.next(); err == nil && !yield(r, nil) {
				return
			}
		}
		if err == nil {
			err = m.end()
		}
		if err != nil {
			yield(Record{}, err)
		}
	}
}

type merging struct {
	op    string
	ids   *records.Distinct
	heads []*head // of streams that are not at their end, in the order of the streams
	stops []func()
}

// head is the record that a stream gives next.
type head struct {
	Record
	pull  func() (Record, error, bool)
	ended bool
}

func (h *head) advance() (err error) {
	var more bool
	h.Record, err, more = h.pull()
	h.ended = !more
	return err
}

func (m *merging) begin(from []iter.Seq2[Record, error]) error {
	for _, rows := range from {
		pull, stop := iter.Pull2(rows)
		m.stops = append(m.stops, stop)
		h := &head{pull: pull}
		if err := h.advance(); err != nil {
			return err
		}
		if !h.ended {
			m.heads = append(m.heads, h)
		}
	}
	return nil
}

// next gives the record that comes first, and passes it in every stream that has it
// at its place.
func (m *merging) next() (Record, error) {
	first := slices.MinFunc(m.heads, func(a, b *head) int { return a.place(b.Record) }).Record
	for _, h := range m.heads {
		if h.place(first) != 0 {
			continue
		}
		if !first.tellsTheSameAs(h.Record) {
			return first, m.changed()
		}
		if err := h.advance(); err != nil {
			return first, err
		}
	}
	m.heads = slices.DeleteFunc(m.heads, func(h *head) bool { return h.ended })
	return first, m.ids.Add(first.source())
}

func (m *merging) end() error {
	twice, err := m.ids.AnyTwice()
	if err == nil && twice {
		err = m.changed()
	}
	return err
}

func (m *merging) changed() error {
	return &records.Breach{Op: m.op, Rule: "record that is not what it was when it was preserved"}
}

func (m *merging) close() {
	for _, stop := range m.stops {
		stop()
	}
	m.ids.Close()
}

// place compares where two records of an item stand in the bundle.
func (r Record) place(other Record) int {
	return cmp.Or(r.begins().Compare(other.begins()), cmp.Compare(r.source(), other.source()))
}

// tellsTheSameAs compares what never changes about a record once it is made. What
// may be learned later, e.g. when a session ended, may differ.
func (r Record) tellsTheSameAs(kept Record) bool {
	if r.Phone != nil && kept.Phone != nil {
		return r.Phone.Phone == kept.Phone.Phone && r.Phone.ValidFrom.Equal(kept.Phone.ValidFrom)
	}
	if r.IP == nil || kept.IP == nil {
		return false
	}
	a, b := r.IP, kept.IP
	return a.Event == b.Event && a.At.Equal(b.At) && a.Address == b.Address && a.SourcePort == b.SourcePort &&
		a.Destination == b.Destination && a.DestinationPort == b.DestinationPort && a.Transport == b.Transport && a.SessionID == b.SessionID
}

func opOf(c Category) string {
	if c == PhoneNumber {
		return "phones"
	}
	return "sessions"
}

func (r Record) source() string {
	if r.Phone != nil {
		return r.Phone.RecordID
	}
	return r.IP.RecordID
}

func (r Record) begins() time.Time {
	if r.Phone != nil {
		return r.Phone.ValidFrom
	}
	return r.IP.At
}
