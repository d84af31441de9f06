package fraud

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// shelf is a store of one case and one echo, which counts what it is asked.
type shelf struct {
	echo   Echo
	hash   string
	stops  []Because
	asked  []string
	commit []change.Set
}

func (s *shelf) Commit(_ context.Context, set change.Set) error {
	s.commit = append(s.commit, set)
	return nil
}

func (s *shelf) Case(_ context.Context, id requests.ID) (requests.Case, error) {
	s.asked = append(s.asked, "case")
	if id == "" || id != s.echo.Request {
		return requests.Case{}, fault.New(fault.NotFound, "nothing")
	}
	return requests.Case{Request: requests.Request{ID: id, Order: requests.Order{Number: "CC/1"}}}, nil
}

func (s *shelf) RiskFile(context.Context, requests.ID) (File, error) { return File{}, nil }

func (s *shelf) Stops(context.Context, requests.Request) ([]Because, error) { return s.stops, nil }

func (s *shelf) IssuersOf(context.Context, identity.AgencyID) ([]Contact, error) { return nil, nil }

func (s *shelf) EchoByCode(_ context.Context, hash string) (Echo, error) {
	s.asked = append(s.asked, "echo")
	if hash != s.hash {
		return Echo{}, fault.New(fault.NotFound, "nothing")
	}
	return s.echo, nil
}

func (s *shelf) Echoes(context.Context, string) ([]Echo, error) { return nil, nil }

func on(s *shelf) *Service {
	return New(Config{Store: s, Issuers: s, Now: func() time.Time { return now }})
}

// TestCodesAreReadAsPeopleTypeThem: case, hyphens and spaces say nothing, and the
// letter O is a nought; any other letter says something.
func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	s := New(Config{Rand: bytes.NewReader(bytes.Repeat([]byte{0x17, 0xa4, 0x00, 0xff}, 8))})
	code, err := s.code(20)
	if err != nil || len(code) != 39 || strings.ContainsAny(code, "IOL1") {
		t.Fatalf("the code is %q: %v", code, err)
	}
	want := hashOf(code)
	for _, typed := range []string{strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + "\t", strings.ReplaceAll(code, "0", "O"), strings.ReplaceAll(code, "0", "o")} {
		if hashOf(typed) != want {
			t.Errorf("%q is read as another code", typed)
		}
	}
	for i, r := range code {
		if other := code[:i] + "Z" + code[i+1:]; r != 'Z' && r != '-' && hashOf(other) == want {
			t.Errorf("%q is read as the same code", other)
		}
	}
	if hashOf(code[:len(code)-1]) == want || hashOf(code+"2") == want {
		t.Error("a code that is too short or too long is read as the same")
	}
}

// TestEveryCodeThatDoesNotCountIsAnsweredAlike: one that never was, was answered,
// was replaced or is over asks the store the same and says the same.
func TestEveryCodeThatDoesNotCountIsAnsweredAlike(t *testing.T) {
	open := Echo{ID: "e", Request: "r", State: Asked, SentAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Nanosecond)}
	for name, c := range map[string]struct {
		change func(*Echo)
		code   string
	}{
		"never was": {func(*Echo) {}, "ABCD"},
		"answered":  {func(e *Echo) { e.State = Answered }, "2345"},
		"over":      {func(e *Echo) { e.ExpiresAt = now }, "2345"},
		"not asked": {func(e *Echo) { e.State = "wanted" }, "2345"},
	} {
		s := &shelf{echo: open, hash: hashOf("2345")}
		c.change(&s.echo)
		_, err := on(s).Question(t.Context(), c.code)
		if fault.KindOf(err) != fault.NotFound || fault.Message(err) != fault.Message(noCode) {
			t.Errorf("%s: %v", name, err)
		}
		if err := on(s).AnswerEcho(t.Context(), Reply{Code: c.code, Answer: NotIssued, Name: "The court"}); fault.Message(err) != fault.Message(noCode) || len(s.commit) != 0 {
			t.Errorf("%s, answered: %v, %d steps", name, err, len(s.commit))
		}
		if diff := cmp.Diff([]string{"echo", "echo"}, s.asked); diff != "" {
			t.Errorf("%s: the store is asked otherwise:\n%s", name, diff)
		}
	}
	s := &shelf{echo: open, hash: hashOf("2345")}
	if q, err := on(s).Question(t.Context(), "2-3 45"); err != nil || q.Order != "CC/1" {
		t.Errorf("the open one: %+v, %v", q, err)
	}
}

// TestADenialStopsInTheSameStep: "not ours" commits answer, hold and register at
// once; "ours" commits the answer alone.
func TestADenialStopsInTheSameStep(t *testing.T) {
	for answer, parts := range map[string]int{Issued: 1, CannotSay: 1, NotIssued: 3} {
		s := &shelf{echo: Echo{ID: "e", Request: "r", State: Asked, ExpiresAt: now.Add(time.Hour)}, hash: hashOf("2345")}
		if err := on(s).AnswerEcho(t.Context(), Reply{Code: "2345", Answer: answer, Name: "The court"}); err != nil {
			t.Fatal(err)
		}
		if len(s.commit) != 1 || len(s.commit[0].Parts) != parts {
			t.Errorf("%s: %d steps of %d parts, want one of %d", answer, len(s.commit), len(s.commit[0].Parts), parts)
		}
	}
	s := &shelf{echo: Echo{ID: "e", Request: "r", State: Asked, ExpiresAt: now.Add(time.Hour)}, hash: hashOf("2345")}
	err := on(s).AnswerEcho(t.Context(), Reply{Code: "2345", Answer: "perhaps"})
	if got := fault.ProblemsOf(err); len(got) != 2 || len(s.commit) != 0 {
		t.Errorf("an answer that is none, by nobody: %v", got)
	}
}

// TestWhatMeetsADemand: the issuer's yes and no other word, a call that confirmed,
// counsel's look and an override at this very statement.
func TestWhatMeetsADemand(t *testing.T) {
	st := Statement{ID: "s2", Demands: []risk.Demand{risk.Echo, risk.CallBack, risk.Counsel}}
	old := Statement{ID: "s1"}
	for name, c := range map[string]struct {
		file File
		want []risk.Demand
	}{
		"nothing":                  {File{}, st.Demands},
		"the issuer's yes":         {File{Echoes: []Echo{{State: Answered, Answer: NotIssued}, {State: Answered, Answer: Issued}}}, []risk.Demand{risk.CallBack, risk.Counsel}},
		"the issuer cannot say":    {File{Echoes: []Echo{{State: Answered, Answer: CannotSay}}}, st.Demands},
		"a call":                   {File{CalledBack: true}, []risk.Demand{risk.Echo, risk.Counsel}},
		"counsel":                  {File{Clearances: []Clearance{{Statement: "s2"}}}, []risk.Demand{risk.Echo, risk.CallBack}},
		"counsel before":           {File{Clearances: []Clearance{{Statement: "s1"}}}, st.Demands},
		"an override":              {File{Overrides: []Override{{Statement: "s2", Demand: risk.Echo, State: Agreed}}}, []risk.Demand{risk.CallBack, risk.Counsel}},
		"an override of before":    {File{Overrides: []Override{{Statement: "s1", Demand: risk.Echo, State: Agreed}}}, st.Demands},
		"an override by one alone": {File{Overrides: []Override{{Statement: "s2", Demand: risk.Echo, State: Proposed}, {Statement: "s2", Demand: risk.CallBack, State: Declined}}}, st.Demands},
	} {
		c.file.Statements = []Statement{old, st}
		if diff := cmp.Diff(c.want, c.file.Unmet()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if got := (File{}).Unmet(); got != nil {
		t.Errorf("without a statement: %v", got)
	}
}

// TestWhatIsStoppedSaysWhy: every reason has its words.
func TestWhatIsStoppedSaysWhy(t *testing.T) {
	for _, b := range []Because{EchoDenied, CallBackDenied, Disowned, Malware, AgencyContained, OfficerContained} {
		err := on(&shelf{stops: []Because{b}}).Running(t.Context(), requests.Case{})
		if fault.KindOf(err) != fault.Gate || why[b] == "" || !strings.Contains(fault.Message(err), why[b]) {
			t.Errorf("%s: %v", b, err)
		}
	}
	if err := on(&shelf{}).Running(t.Context(), requests.Case{}); err != nil {
		t.Errorf("what is not stopped: %v", err)
	}
}

// TestLettersAreSentWithoutGaps: what nothing fills stays a gap, and a letter with
// one is kept and not sent.
func TestLettersAreSentWithoutGaps(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/l.txt", []byte("About {agency}\n\nSince {since}: {nothing_fills_this}.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	subject, body, err := Letters{os.DirFS(dir)}.Draft("l", map[string]string{"agency": "The {since} agency", "since": "Monday"})
	if err != nil || subject != "About The {since} agency" || body != "Since Monday: [[nothing_fills_this]]." {
		t.Fatalf("%q, %q: %v", subject, body, err)
	}
	var l Letter
	if err := readLetter(&l, LetterInput{Subject: subject, Body: body}); err != nil || l.Body.Reveal() != body {
		t.Errorf("kept: %v", err)
	}
	for name, in := range map[string]LetterInput{
		"a gap in the body":    {Subject: "A", Body: "B [[c]]", How: "post", Send: true},
		"a gap in the subject": {Subject: "A [[", Body: "B", How: "post", Send: true},
		"no way":               {Subject: "A", Body: "B", Send: true},
		"an invented way":      {Subject: "A", Body: "B", How: "pigeon", Send: true},
		"no subject":           {Body: "B", How: "post", Send: true},
	} {
		if err := readLetter(&l, in); len(fault.ProblemsOf(err)) == 0 {
			t.Errorf("%s is sent", name)
		}
	}
	if err := readLetter(&l, LetterInput{Subject: "A", Body: "B", How: "post", Send: true}); err != nil {
		t.Errorf("a whole letter: %v", err)
	}
}

// TestListsOfDisclosuresNameNobody: bundles, orders and times, and not the officer.
func TestListsOfDisclosuresNameNobody(t *testing.T) {
	list := []Disclosure{{Ref: "EXP-1", RequestRef: "LR-1", Order: "CC/1", Name: personal.NewText("Asha Rao"), Accounts: 2, ReadyAt: now}, {Ref: "EXP-2", Accounts: 3, ReadyAt: now, Fetched: make([]Fetch, 2)}}
	got := listed(list)
	if !strings.Contains(got, "EXP-1 (request LR-1, order CC/1), ready 2026-11-02 09:00 UTC, fetched 0 times") || !strings.Contains(got, "fetched 2 times") || strings.Contains(got, "Asha") || strings.Count(got, "\n") != 1 {
		t.Errorf("the list:\n%s", got)
	}
	if accounts(list) != 5 || listed(nil) != "- none" {
		t.Errorf("%d accounts, %q", accounts(list), listed(nil))
	}
}

// TestMarksTellNothingWithoutTheKey: the same person under another key or kind is
// another mark.
func TestMarksTellNothingWithoutTheKey(t *testing.T) {
	a, b := New(Config{Key: []byte("one")}), New(Config{Key: []byte("two")})
	if again := New(Config{Key: []byte("one")}); again.markHash("phone", "+447700900123") != a.markHash("phone", "+447700900123") {
		t.Error("a mark is not found again")
	}
	seen := map[string]string{}
	for name, h := range map[string]string{"one": a.markHash("phone", "+447700900123"), "another key": b.markHash("phone", "+447700900123"),
		"another kind": a.markHash("username", "+447700900123"), "another number": a.markHash("phone", "+447700900124"), "moved": a.markHash("phon", "e\x00+447700900123")} {
		if other, there := seen[h]; there {
			t.Errorf("%s and %s are one mark", name, other)
		}
		seen[h] = name
	}
}
