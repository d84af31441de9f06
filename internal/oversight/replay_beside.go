package oversight

import (
	"strings"

	"lerd/internal/requests"
)

// besideCase follows the streams beside a case's own, event by event.
type besideCase struct {
	Beside
	notices map[string]string // stream to the end of its newest event's kind
	gags    map[string]bool   // streams of gags in force
}

// saw takes an event of any of the case's streams.
func (b *besideCase) saw(ev requests.TrailEvent) {
	rec := ev.Record
	what, how, _ := strings.Cut(rec.Kind, ".")
	switch what {
	case "gag":
		b.gag(rec.Stream, how)
	case "user_notice":
		if rec.Facts["error"] != "" {
			return // tells of an error, not of the disclosure
		}
		if b.notices == nil {
			b.notices = map[string]string{}
		}
		b.notices[rec.Stream] = how
	case "recall":
		b.Recall = how
	case "risk":
		if how == "stated" {
			b.Risk = rec.Facts["level"]
		}
	case "request":
		b.request(ev, how)
	}
}

func (b *besideCase) gag(stream, how string) {
	if b.gags == nil {
		b.gags = map[string]bool{}
	}
	switch how {
	case "registered":
		b.gags[stream] = true
	case "ended":
		delete(b.gags, stream)
	}
}

// request notes whose case it is: the officer who submitted it, or took it over, and
// the reviewer who took it up.
func (b *besideCase) request(ev requests.TrailEvent, how string) {
	if b.Officer == "" && ev.Record.Actor.Role == "officer" && strings.HasPrefix(ev.Record.Stream, "request:") {
		b.Officer = ev.Actor // whoever took the first step of it
	}
	switch how {
	case "taken_over":
		b.Officer = ev.Actor
	case "claim":
		b.Held = ev.Actor
	case "unclaim":
		b.Held = ""
	}
}

// now gives how things stand.
func (b *besideCase) now() Beside {
	out := b.Beside
	out.Gags = len(b.gags)
	for _, how := range b.notices {
		switch how {
		case "delivered":
			out.Told++
		case "withheld":
			out.Withheld++
		default:
			out.Untold++
		}
	}
	return out
}
