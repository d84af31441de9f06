package oversight

import (
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// Moment is a case as it stood right after one event of it.
type Moment struct {
	Step      int // from 0
	Event     requests.TrailEvent
	State     requests.State // as staff saw it
	Shown     requests.State // as its agency saw it
	Erased    bool           // what the log commits to was erased, so that State is what the log says in clear
	Reviewer  string         // id of who held it
	Verdict   string
	Answers   []requests.Answer   // in force
	Decisions []requests.Decision // the newest for each category of each target
	Documents []SeenDocument
	Messages  []requests.Message
	Asked     []requests.Target // as narrowed by then; none before the request was signed
	Release   string            // reference of the release, from when its records are frozen
	Records   string            // digest of the frozen records
	Look      *Look             // if the event is that somebody looked
	Beside    Beside
}

// Beside is what stood beside a case at a moment, in streams of events of its own.
type Beside struct {
	Officer  string // pseudonym of the officer who held the case
	Held     string // pseudonym of the reviewer who did
	Gags     int    // in force
	Told     int    // users to whom the platform has confirmed their notice
	Untold   int    // users whose notice waited or was on its way
	Withheld int    // users whom the law keeps uninformed
	Recall   string // how far the newest recall of a bundle was: the end of its event's kind
	Risk     string // level of the newest statement of risk
}

// SeenDocument is a document that was there at a moment.
type SeenDocument struct {
	SHA256 string
	Pages  int
	What   string // order or message
}

// Look is that somebody saw the case.
type Look struct {
	For time.Duration
	End string // next: until their next event; end: until their session ended; limit: no more is known
}

// ReplayInput is what a replay is computed from: the rows of the case that are never
// changed, and its events.
type ReplayInput struct {
	Case   requests.Case
	All    []requests.Decision // every version
	Events []requests.TrailEvent
	Values map[audit.EventID]audit.Payload // of events that commit to values; erased ones are absent
	Next   map[audit.EventID]SessionNext   // of looks
}

// SessionNext is what somebody's session did after a look.
type SessionNext struct {
	At    time.Time
	Ended bool // the session ended then
}

// Replay gives the case after each of its events. The state comes from the events;
// answers, decisions, documents and messages are rows that never change, each with
// the event that wrote it, so that a moment has those written up to it.
func Replay(in ReplayInput) []Moment {
	r := replayer{in: in, seen: map[audit.EventID]bool{}}
	out := make([]Moment, 0, len(in.Events))
	for i, ev := range in.Events {
		r.seen[ev.Record.ID] = true
		m := r.apply(ev)
		m.Step = i
		out = append(out, m)
	}
	return out
}

type replayer struct {
	in       ReplayInput
	seen     map[audit.EventID]bool
	state    requests.State
	examined bool
	erased   bool
	reviewer string
	verdict  string
	beside   besideCase
}

// apply takes an event and gives the case after it.
func (r *replayer) apply(ev requests.TrailEvent) Moment {
	rec := ev.Record
	if rec.Stream == requests.StreamOf(r.in.Case.Request.ID) {
		r.step(rec)
	}
	r.beside.saw(ev)
	m := Moment{Beside: r.beside.now(), Event: ev, State: r.state, Shown: r.state.ForAgency(r.examined), Erased: r.erased, Reviewer: r.reviewer, Verdict: r.verdict}
	m.Answers, m.Decisions = r.answers(), r.decisions()
	m.Documents, m.Messages = r.documents()
	m.Asked = r.asked()
	m.Release, m.Records = r.release()
	if strings.HasPrefix(rec.Stream, "look:") {
		m.Look = look(rec, r.in.Next)
	}
	return m
}

// step moves the state by an event of the case's own stream: by the values that it
// commits to where the log says less than they do.
func (r *replayer) step(rec audit.Record) {
	if to, ok := rec.Facts["to"]; ok {
		r.state, r.erased = r.next(requests.State(to), rec.Kind), false
	}
	committed := false
	for _, v := range rec.Values {
		committed = committed || v.Name == "to"
	}
	if committed {
		p, ok := r.in.Values[rec.ID]
		r.erased = !ok
		for _, v := range p.Values {
			if v.Name == "to" && v.New != nil {
				r.state = requests.State(v.New)
			}
		}
	}
	r.examined = r.examined || r.state == requests.Qualified || rec.Facts["to"] == string(requests.Examined)
	switch rec.Kind {
	case "request.claim":
		r.reviewer = rec.Actor.Person
	case "request.unclaim":
		r.reviewer = ""
	}
	if v := rec.Facts["verdict"]; v != "" {
		r.verdict = v
	}
}

// next gives the state behind the one that the log says: "examined" stands for
// several, and the workflow's table knows to which one the step led.
func (r *replayer) next(said requests.State, kind string) requests.State {
	if said != requests.Examined {
		return said
	}
	action, _ := strings.CutPrefix(kind, "request.")
	for _, step := range requests.Workflow {
		if step.From == r.state && string(step.Action) == action {
			return step.To
		}
	}
	return said
}

func (r *replayer) answers() []requests.Answer {
	var c requests.Case
	for _, a := range r.in.Case.Answers {
		if r.seen[a.EventID] {
			c.Answers = append(c.Answers, a)
		}
	}
	return c.Latest()
}

func (r *replayer) decisions() (out []requests.Decision) {
	for _, d := range r.in.All {
		if !r.seen[d.EventID] {
			continue
		}
		i := slices.IndexFunc(out, func(x requests.Decision) bool { return x.Target == d.Target && x.Category == d.Category })
		switch {
		case i < 0:
			out = append(out, d)
		case out[i].Version < d.Version:
			out[i] = d
		}
	}
	return out
}

// asked gives what was asked of each account: as it was signed, and as the agency has
// narrowed it since.
func (r *replayer) asked() (out []requests.Target) {
	if r.state == requests.None {
		return nil
	}
	for _, t := range r.in.Case.Request.Targets {
		t = t.AsSigned()
		for _, a := range r.in.Case.Amendments {
			for _, item := range a.Items {
				if r.seen[a.EventID] && item.Target == t.ID {
					t.WantPhone, t.WantIP, t.From, t.To = item.WantPhone, item.WantIP, item.From, item.To
				}
			}
		}
		out = append(out, t)
	}
	return out
}

func (r *replayer) documents() (out []SeenDocument, messages []requests.Message) {
	c := r.in.Case
	if r.seen[c.Document.EventID] || r.state != "" {
		out = append(out, SeenDocument{c.Document.SHA256, c.Document.Pages, "order"})
	}
	for _, m := range c.Messages {
		if !r.seen[m.EventID] {
			continue
		}
		messages = append(messages, m)
		for _, d := range m.Documents {
			out = append(out, SeenDocument{d.SHA256, d.Pages, "message"})
		}
	}
	return out, messages
}

// release gives the newest release whose records were frozen by now.
func (r *replayer) release() (ref, digest string) {
	list := r.in.Case.Recalled
	if r.in.Case.Release != nil {
		list = append(slices.Clone(list), *r.in.Case.Release)
	}
	for _, rel := range list {
		for _, ev := range r.in.Events {
			if ev.Record.Stream == requests.StreamOfRelease(rel.ID) && ev.Record.Version == 1 && r.seen[ev.Record.ID] {
				ref, digest = rel.Ref, rel.Digest
			}
		}
	}
	return ref, digest
}

// look says for how long somebody saw a page: until the next event of the same
// session, whatever it was, at most until the session would have ended without
// use. A session of which nothing more is known counts as that limit.
func look(rec audit.Record, next map[audit.EventID]SessionNext) *Look {
	n, ok := next[rec.ID]
	if !ok || n.At.Sub(rec.At) > identity.IdleLimit {
		return &Look{For: identity.IdleLimit, End: "limit"}
	}
	if n.Ended {
		return &Look{For: n.At.Sub(rec.At), End: "end"}
	}
	return &Look{For: n.At.Sub(rec.At), End: "next"}
}
