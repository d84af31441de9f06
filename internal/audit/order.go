package audit

// Pending is a recorded event that has no place in the log yet.
type Pending struct {
	ID      EventID
	Stream  string
	Version int64     // its number in the stream, from 1
	Causes  []EventID // the events that it relied on
	Hash    Hash      // the leaf hash of its entry

	// What of its reasons has a place already, as its reader found it.
	PredecessorPlaced bool      // the stream's Version-1 has a place, or Version is 1
	CausesUnplaced    []EventID // the causes that have none
}

// Growth is one round of placing events: what becomes durable together.
type Growth struct {
	First  uint64    // the index of Events[0]
	Events []Pending // in the log's order
	Tiles  []Tile    // as Grow gives them
}

// Order puts events into the log's order: each one after its predecessor in its
// stream and after all its causes, and otherwise in the order in which they
// were given. Events whose reasons are neither placed nor among the given ones
// are held back, and so is whatever relies on them. Nothing is lost: placed and
// held together are the given events.
func Order(events []Pending) (placed, held []Pending) {
	o := orderer{events: events, byID: make(map[EventID]int, len(events)), byStream: make(map[streamVersion]int, len(events)), state: make([]orderState, len(events))}
	for i, e := range events {
		o.byID[e.ID] = i
		o.byStream[streamVersion{e.Stream, e.Version}] = i
	}
	o.placed = make([]Pending, 0, len(events))
	for i := range events {
		if !o.place(i) {
			held = append(held, events[i])
		}
	}
	return o.placed, held
}

type streamVersion struct {
	stream  string
	version int64
}

type orderState uint8

const (
	orderNew orderState = iota
	orderOpen
	orderPlaced
	orderHeld
)

type orderer struct {
	events   []Pending
	byID     map[EventID]int
	byStream map[streamVersion]int
	state    []orderState
	placed   []Pending
}

// place puts an event behind its reasons and reports whether it could. The way
// back over the reasons is walked with a stack of its own, since a stream may
// be long. A circle of reasons is held back.
func (o *orderer) place(i int) bool {
	stack := []int{i}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		if o.state[at] == orderPlaced || o.state[at] == orderHeld {
			stack = stack[:len(stack)-1]
			continue
		}
		first := o.state[at] == orderNew
		o.state[at] = orderOpen
		waiting, blocked := o.reasons(at)
		if blocked || (!first && len(waiting) > 0) { // asked a second time: they lead back here
			o.state[at] = orderHeld
			continue
		}
		if len(waiting) == 0 {
			o.state[at] = orderPlaced
			o.placed = append(o.placed, o.events[at])
			continue
		}
		for _, w := range waiting {
			if o.state[w] == orderOpen { // a circle
				o.state[at] = orderHeld
			}
		}
		if o.state[at] != orderHeld {
			stack = append(stack, waiting...)
		}
	}
	return o.state[i] == orderPlaced
}

// reasons gives the given events that must be placed before this one, and
// whether one of its reasons cannot be placed at all.
func (o *orderer) reasons(i int) (waiting []int, blocked bool) {
	need := func(at int, given bool) {
		switch {
		case !given || o.state[at] == orderHeld:
			blocked = true
		case o.state[at] != orderPlaced:
			waiting = append(waiting, at)
		}
	}
	e := o.events[i]
	if !e.PredecessorPlaced {
		at, given := o.byStream[streamVersion{e.Stream, e.Version - 1}]
		need(at, given)
	}
	for _, c := range e.CausesUnplaced {
		at, given := o.byID[c]
		need(at, given)
	}
	return waiting, blocked
}
