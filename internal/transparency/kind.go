package transparency

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"lerd/internal/audit"
)

// kind is what a counted event says.
type kind uint8

const (
	kNone kind = iota
	kReceived
	kTakenBack
	kClaimed
	kQualified
	kPreserved
	kExtended
	kLapsed
	kExported
	kNothing
	kRefused
	kObjected
	kWithdrawn
	kExpired
	kCorrected
	kRecalled
	kCallConfirmed
	kCallDenied
	kCallOpen
	kGagBegins
	kGagEnds
	kFraud
)

// kinds are the events that are counted. What else happens in a case is not read.
var kinds = map[string]kind{
	"request.submit": kReceived, "request.cosign": kReceived, "request.take_back": kTakenBack, "request.claim": kClaimed,
	"request.qualify": kQualified, "request.preserve": kPreserved, "request.extend": kExtended, "request.lapse": kLapsed,
	"request.export": kExported, "request.answered": kNothing, "request.refuse": kRefused, "request.settle_conflict": kObjected,
	"request.withdraw": kWithdrawn, "request.expire": kExpired, "request.correct": kCorrected, "request.recall": kRecalled,
	"call_back.recorded": kCallOpen, "gag.registered": kGagBegins, "gag.ended": kGagEnds, "fraud.caught": kFraud,
}

// wants tells what an event of a kind must commit to.
func (k kind) wants(c *Count) bool {
	switch k {
	case kReceived:
		return c.Received != nil
	case kExported:
		return c.Answered != nil
	case kRefused, kObjected:
		return c.Refused != nil
	}
	return false
}

// counts tells whether events of a kind commit to a count.
func (k kind) counts() bool {
	return k == kReceived || k == kExported || k == kRefused || k == kObjected
}

// caseID is a request's UUID.
type caseID [16]byte

// Mark is a counted event: what is public of it, and its count once it is opened.
type Mark struct {
	index  uint64 // of the entry
	kind   kind
	of     caseID // zero: of no case
	at     int64  // microseconds since 1970
	commit audit.Commitment
	value  string // the count in canonical form, empty until opened
}

// keep gives the mark of an entry, nil where it is not counted.
func keep(index uint64, entry []byte) (any, error) {
	k, ok := kinds[string(audit.KindOf(entry))]
	if !ok {
		return nil, nil
	}
	r, err := audit.ParseCounted(entry)
	if err != nil {
		return nil, &Finding{Code: BadEvent, Index: index, Reason: "a counted entry is no event in canonical form", Err: err}
	}
	m := &Mark{index: index, kind: k, at: r.At.UnixMicro()}
	if kinds[r.Kind] != k {
		return nil, &Finding{Code: BadEvent, Index: index, Reason: "an entry has another kind than it seems to have"}
	}
	id := strings.TrimPrefix(r.Stream, "request:")
	switch k {
	case kFraud:
		return m, nil
	case kCallOpen:
		if r.Fact("about") != "request" {
			return nil, nil
		}
		id = r.Fact("subject")
		m.kind = callKinds[r.Fact("outcome")]
	case kGagBegins, kGagEnds:
		id = r.Fact("request")
	}
	if m.of, err = readID(id); err != nil {
		return nil, &Finding{Code: BadEvent, Index: index, Reason: "a counted event names no case", Err: err}
	}
	if !k.counts() {
		return m, nil
	}
	if r.Count == nil {
		return nil, &Finding{Code: NoCount, Index: index, Reason: fmt.Sprintf("the event %s commits to no count", r.Kind)}
	}
	m.commit = *r.Count
	return m, nil
}

var callKinds = map[string]kind{"confirmed": kCallConfirmed, "denied": kCallDenied, "unclear": kCallOpen, "not_reached": kCallOpen}

func readID(s string) (id caseID, err error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(raw) != len(id) || len(s) != 36 {
		return id, fmt.Errorf("%.40q is no UUID", s)
	}
	return caseID(raw), nil
}

func micros(t time.Time) int64 { return t.UnixMicro() }
