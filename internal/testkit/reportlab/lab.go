// Package reportlab makes audit logs of invented cases, with the openings of what
// they count, to test and to time public reports with.
//
// Invariants:
//   - events are sealed as the store seals them, and the same seed gives the same
//     log;
//   - a Story says what became of a case, apart from the code that counts, so that
//     tests have the truth to compare with.
package reportlab

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/transparency"
)

// Story is one case.
type Story struct {
	transparency.Received
	At       time.Time
	Claimed  time.Duration // after At; 0: never
	Ended    time.Duration // after At
	End      string        // kind of the event that ends it, e.g. "request.export"; empty: it is open
	Answered transparency.Answered
	Codes    []string
	Call     string // outcome of the call-back; empty: none
	Gag      int    // 0: none, 1: runs, 2: ended
	Recalled bool
	TakeBack bool
	Looks    int // events that nobody counts
	Later    []Step
}

// Step is what happens to a case after its end.
type Step struct {
	Kind     string        // e.g. "request.correct"
	After    time.Duration // after the case came in
	Answered *transparency.Answered
}

// Event is an event with its opening, if it counts something.
type Event struct {
	audit.Event
	Entry   []byte
	Opening *audit.ValueOpening
}

// Lab makes events.
type Lab struct {
	r *rand.Rand
	n uint64
}

// New begins a lab.
func New(seed uint64) *Lab { return &Lab{r: rand.New(rand.NewPCG(seed, 7))} }

// uuid gives the next id.
func (l *Lab) uuid() string {
	l.n++
	a, b := l.r.Uint64(), l.n
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// Seal gives the event's entry under salt and nonce of the lab's own.
func (l *Lab) seal(e audit.Event) Event {
	var salt audit.Salt
	var nonce audit.Nonce
	for i := range 4 {
		binary.BigEndian.PutUint64(salt[8*i:], l.r.Uint64())
	}
	binary.BigEndian.PutUint64(nonce[:], l.r.Uint64())
	entry, err := e.Seal(nonce, salt)
	if err != nil {
		panic(err)
	}
	out := Event{Event: e, Entry: entry}
	if o, ok := e.Opening(audit.CountValue, salt); ok {
		out.Opening = &o
	}
	return out
}

// teller tells one story.
type teller struct {
	l       *Lab
	id      string
	version int64
	out     []Event
}

func (t *teller) say(kind, stream string, at time.Time, facts map[string]string, count *transparency.Count) {
	if facts == nil {
		facts = map[string]string{}
	}
	e := audit.Event{ID: audit.EventID(t.l.uuid()), Stream: stream, Version: 1, Kind: kind, At: at, Facts: facts,
		Actor: audit.Actor{Person: "lab", Role: "system", Session: ""}, Values: []audit.Value{{Name: "reason", New: []byte("x")}}}
	if stream == "request:"+t.id {
		t.version++
		e.Version = t.version
	}
	if count != nil {
		e.Values = append(e.Values, audit.Value{Name: audit.CountValue, New: count.Encode()})
	}
	t.out = append(t.out, t.l.seal(e))
}

// Tell gives the events of a story.
func (l *Lab) Tell(s Story) []Event {
	t := &teller{l: l, id: l.uuid()}
	own := "request:" + t.id
	t.say("request.submit", own, s.At, map[string]string{"process": s.Process, "from": "", "to": "submitted"}, &transparency.Count{Received: &s.Received})
	for i := range s.Looks {
		t.say("request.viewed", "look:"+t.id+":"+strconv.Itoa(i), s.At.Add(time.Minute), map[string]string{"request": t.id, "state": "submitted", "rule": "RV-2"}, nil)
	}
	if s.TakeBack {
		t.say("request.take_back", own, s.At.Add(time.Minute), nil, nil)
		return t.out
	}
	if s.Gag > 0 {
		t.say("gag.registered", "gag:"+l.uuid(), s.At.Add(2*time.Minute), map[string]string{"request": t.id}, nil)
	}
	if s.Claimed > 0 {
		t.say("request.claim", own, s.At.Add(s.Claimed), map[string]string{"process": s.Process}, nil)
	}
	if s.Call != "" {
		t.say("call_back.recorded", "call:"+l.uuid(), s.At.Add(s.Claimed+time.Minute), map[string]string{"about": "request", "subject": t.id, "outcome": s.Call}, nil)
	}
	t.end(s, own)
	for _, step := range s.Later {
		var count *transparency.Count
		if step.Answered != nil {
			count = &transparency.Count{Answered: step.Answered}
		}
		t.say(step.Kind, own, s.At.Add(step.After), nil, count)
	}
	return t.out
}

func (t *teller) end(s Story, own string) {
	at := s.At.Add(s.Ended)
	switch s.End {
	case "":
		return
	case "request.export":
		t.say("request.qualify", own, s.At.Add(s.Claimed+2*time.Minute), nil, nil)
		t.say(s.End, own, at, nil, &transparency.Count{Answered: &s.Answered})
	case "request.answered":
		t.say("request.qualify", own, s.At.Add(s.Claimed+2*time.Minute), nil, nil)
		t.say(s.End, own, at, nil, nil)
	case "request.refuse", "request.settle_conflict":
		t.say(s.End, own, at, nil, &transparency.Count{Refused: &transparency.Refused{Codes: s.Codes}})
	default:
		t.say(s.End, own, at, nil, nil)
	}
	if s.Recalled {
		t.say("request.recall", own, at.Add(time.Hour), nil, nil)
	}
	if s.Gag == 2 {
		t.say("gag.ended", "gag:"+t.l.uuid(), at.Add(2*time.Hour), map[string]string{"request": t.id, "why": "expired"}, nil)
	}
}

// Fraud gives the event of a fraud that was caught.
func (l *Lab) Fraud(at time.Time) Event {
	t := &teller{l: l}
	t.say("fraud.caught", "fraud:"+l.uuid(), at, map[string]string{"code": "false_account", "source": "call"}, nil)
	return t.out[0]
}

// Sort puts events in the order of their times.
func Sort(events []Event) {
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
}
