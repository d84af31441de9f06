package audit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/audit"
)

func closedEvent(t *testing.T) (audit.Event, audit.Event) {
	t.Helper()
	e := audit.Event{ID: "11111111-1111-4111-8111-111111111111", Stream: "request:x", Version: 1, Kind: "request.submit",
		Actor: audit.Actor{Person: "p", Role: "officer"}, Facts: map[string]string{"country": "IN", "to": "submitted", "process": "A & <B>"},
		Values: []audit.Value{{Name: "reason", New: []byte("why")}}}
	shut, err := e.Close(func(kind, fact string) bool { return kind == "request.submit" && fact != "to" })
	if err != nil {
		t.Fatal(err)
	}
	return e, shut
}

// TestClosedFactsComeBack: what an event closes is not in its entry, and the opening
// of that one value gives it back and opens nothing else.
func TestClosedFactsComeBack(t *testing.T) {
	nonce, salt := audit.Nonce{1}, audit.Salt{2}
	e, shut := closedEvent(t)
	if e.Facts["country"] != "IN" || len(e.Values) != 1 {
		t.Fatal("closing altered the event that it was given")
	}
	entry, err := shut.Seal(nonce, salt)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(entry); strings.Contains(s, "IN") || strings.Contains(s, "country") || strings.Contains(s, "<B>") || !strings.Contains(s, `"to":"submitted"`) {
		t.Fatalf("the entry says %s", s)
	}
	r, err := audit.ParseEntry(entry)
	if err != nil {
		t.Fatal(err)
	}
	o, has := shut.Opening(audit.FactsValue, salt)
	if !has || r.Fact("country") != "" {
		t.Fatal("no opening, or open without one")
	}
	if err := audit.VerifyPayload(r, shut.Payload(salt)); err != nil {
		t.Error(err)
	}
	if err := r.Open(o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.Facts, r.AllFacts()); diff != "" || r.Fact("process") != "A & <B>" || r.Fact("to") != "submitted" {
		t.Error(diff)
	}
	if err := audit.VerifyOpening(r, audit.NewField("reason"), []byte("why"), o.Salt); err == nil {
		t.Error("the salt of the facts opens another value")
	}
}

// TestWhatClosesNothingStays: an event none of whose facts is closed keeps its entry.
func TestWhatClosesNothingStays(t *testing.T) {
	e, _ := closedEvent(t)
	same, err := e.Close(func(string, string) bool { return false })
	if diff := cmp.Diff(e, same); diff != "" || err != nil {
		t.Error(err, diff)
	}
	e.Facts["country"] = "Österreich"
	if _, err := e.Close(func(string, string) bool { return true }); err == nil {
		t.Error("free text is taken as a closed fact")
	}
}

// TestOpeningsThatOpenNothing: each is refused, and the record stays closed.
func TestOpeningsThatOpenNothing(t *testing.T) {
	salt := audit.Salt{2}
	e, shut := closedEvent(t)
	good, _ := shut.Opening(audit.FactsValue, salt)
	sealed := func(value string) (audit.Record, audit.ValueOpening) {
		x := shut
		x.Values = []audit.Value{{Name: audit.FactsValue, New: []byte(value)}}
		entry, err := x.Seal(audit.Nonce{}, salt)
		if err != nil {
			t.Fatal(err)
		}
		r, err := audit.ParseEntry(entry)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := x.Opening(audit.FactsValue, salt)
		return r, o
	}
	refused := func(name string, r audit.Record, o audit.ValueOpening) {
		t.Helper()
		if err := r.Open(o); err == nil || r.Opened != nil {
			t.Errorf("%s: %v, and it is open: %v", name, err, r.Opened)
		}
	}
	r, _ := sealed(string(good.Value))
	refused("another salt", r, audit.ValueOpening{Salt: audit.Salt{9}, Value: good.Value})
	refused("another value", r, audit.ValueOpening{Salt: good.Salt, Value: []byte(`{"country":"DE"}`)})
	for name, value := range map[string]string{
		"keys out of order": `{"b":"1","a":"2"}`, "a key twice": `{"a":"1","a":"2"}`, "white space": `{"a": "1"}`, "nothing": `{}`, "null": `null`, "a number": `{"a":1}`,
		"what stands in clear too": `{"to":"refused"}`, "free text": `{"a":"é"}`, "an escape": `{"a":"\u0041"}`, "no JSON": `x`, "more behind": `{"a":"1"}{}`,
	} {
		r, o := sealed(value)
		refused(name, r, o)
	}
	entry, err := e.Seal(audit.Nonce{}, salt)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = audit.ParseEntry(entry); err != nil {
		t.Fatal(err)
	}
	refused("an entry without closed facts", r, good)
}

// FuzzOpenFacts: whatever lies beside the log, opening it neither fails in another way
// than by refusing nor gives facts in another form than their one.
func FuzzOpenFacts(f *testing.F) {
	for _, s := range []string{`{"country":"IN"}`, `{}`, `{"a":"1","a":"2"}`, `{"a": "1"}`, `{"to":"x"}`, "\x00", `{"a":"\u0041"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		o := audit.ValueOpening{Salt: audit.Salt{1}, Value: value}
		c := audit.CommitField(o.Salt, value)
		r := audit.Record{Facts: map[string]string{"to": "submitted"}, Values: []audit.ValueCommitment{{Name: audit.FactsValue, New: &c}}}
		if r.Open(o) != nil {
			if r.Opened != nil {
				t.Fatal("refused and opened")
			}
			return
		}
		again, err := audit.Event{Kind: "x", Facts: r.Opened}.Close(func(string, string) bool { return true })
		if err != nil || string(again.Values[0].New) != string(value) {
			t.Fatalf("%q opens as %v, which closes as %q (%v)", value, r.Opened, again.Values, err)
		}
	})
}
