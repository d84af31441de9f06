package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// goldenEvent and its salt and nonce are fixed for ever: TestFormatHasNotChanged
// compares what they become with what they became when the format was frozen.
func goldenEvent() (Event, Nonce, Salt) {
	e := Event{
		ID: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", Stream: "request:0b0c4f0e-3c3c-4b7e-9d53-1f0b8f6f0a11", Version: 3,
		Causes: []EventID{"11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"},
		Kind:   "request.qualified", At: time.Date(2026, 3, 29, 1, 59, 59, 123456789, time.UTC),
		Actor: Actor{"p-17", "reviewer", "s-4"},
		Facts: map[string]string{"to": "qualified", "from": "in_review", "note": `a "quoted" back\slash`},
		Values: []Value{
			{Name: "reason", New: []byte("Order 12/2026 is valid.\n")},
			{Name: "target", Old: []byte{}, New: []byte("+49 151 0000000")},
			{Name: "gone", Old: []byte("x")}, {Name: "never"},
		},
		Rows:  []Row{{"requests", "0b0c4f0e-3c3c-4b7e-9d53-1f0b8f6f0a11", []byte(`{"state":"qualified"}`)}},
		Epoch: 2,
	}
	var nonce Nonce
	var salt Salt
	for i := range salt {
		salt[i] = byte(i)
	}
	copy(nonce[:], salt[16:])
	return e, nonce, salt
}

const goldenEntry = `{"actor":{"person":"p-17","role":"reviewer","session":"s-4"},"at":"2026-03-29T01:59:59.123456Z",` +
	`"causes":["11111111-2222-4333-8444-555555555555","aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"],"epoch":2,` +
	`"facts":{"from":"in_review","note":"a \"quoted\" back\\slash","to":"qualified"},` +
	`"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff","kind":"request.qualified","nonce":"101112131415161718191a1b1c1d1e1f",` +
	`"rows":[{"c":"ROW","id":"0b0c4f0e-3c3c-4b7e-9d53-1f0b8f6f0a11","table":"requests"}],"schema":"lerd/audit/v1",` +
	`"stream":"request:0b0c4f0e-3c3c-4b7e-9d53-1f0b8f6f0a11",` +
	`"values":[{"name":"reason","new":"REASON"},{"name":"target","new":"TARGET","old":"EMPTY"},{"name":"gone","old":"GONE"},{"name":"never"}],"version":3}`

func TestFormatHasNotChanged(t *testing.T) {
	e, nonce, salt := goldenEvent()
	got, err := e.Seal(nonce, salt)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("ROW", goldenRow, "REASON", goldenReason, "TARGET", goldenTarget, "EMPTY", goldenEmpty, "GONE", goldenGone).Replace(goldenEntry)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the entry's form has changed; logs written before can no longer be read (-want +got):\n%s", diff)
	}
	if got := LeafHash(got).String(); got != goldenLeaf {
		t.Errorf("leaf hash %s, want %s", got, goldenLeaf)
	}
}

func TestEntryReadsBack(t *testing.T) {
	e, nonce, salt := goldenEvent()
	entry, err := e.Seal(nonce, salt)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseEntry(entry)
	if err != nil {
		t.Fatal(err)
	}
	want := Record{
		ID: e.ID, Stream: e.Stream, Version: 3, Causes: e.Causes, Kind: e.Kind, At: e.At.Truncate(time.Microsecond),
		Actor: e.Actor, Facts: e.Facts, Epoch: 2, Nonce: "101112131415161718191a1b1c1d1e1f", Values: r.Values, Rows: r.Rows,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(r.Values) != 4 || len(r.Rows) != 1 || r.Values[3].New != nil || r.Values[3].Old != nil {
		t.Errorf("commitments: %+v %+v", r.Values, r.Rows)
	}
}

func TestSealRefusesWhatCannotBeReadBack(t *testing.T) {
	for name, spoil := range map[string]func(*Event){
		"no kind":             func(e *Event) { e.Kind = "" },
		"no person":           func(e *Event) { e.Actor.Person = "" },
		"version 0":           func(e *Event) { e.Version = 0 },
		"version over 2^53":   func(e *Event) { e.Version = 1 << 53 },
		"epoch below 0":       func(e *Event) { e.Epoch = -1 },
		"id not a UUID":       func(e *Event) { e.ID = "event-1" },
		"id in capitals":      func(e *Event) { e.ID = EventID(strings.ToUpper(string(e.ID))) },
		"cause not a UUID":    func(e *Event) { e.Causes = []EventID{"x"} },
		"its own cause":       func(e *Event) { e.Causes = []EventID{e.ID} },
		"year 10000":          func(e *Event) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"name in a fact":      func(e *Event) { e.Facts = map[string]string{"who": "Müller"} },
		"new line in a fact":  func(e *Event) { e.Facts = map[string]string{"a\nb": ""} },
		"row twice":           func(e *Event) { e.Rows = append(e.Rows, e.Rows[0]) },
		"slash in a table":    func(e *Event) { e.Rows[0].Table = "a/b" },
		"value twice":         func(e *Event) { e.Values = append(e.Values, e.Values[0]) },
		"larger than a leaf":  func(e *Event) { e.Facts = map[string]string{"x": strings.Repeat("x", MaxEntry)} },
		"stream not in ASCII": func(e *Event) { e.Stream = "request:\x7f" },
	} {
		e, nonce, salt := goldenEvent()
		spoil(&e)
		if got, err := e.Seal(nonce, salt); err == nil {
			t.Errorf("%s: sealed as %s", name, got)
		}
	}
}

func TestParseEntryRefusesOtherForms(t *testing.T) {
	e, nonce, salt := goldenEvent()
	sealed, err := e.Seal(nonce, salt)
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, new string) string {
		if !strings.Contains(string(sealed), old) {
			t.Fatalf("the entry has no %q", old)
		}
		return strings.Replace(string(sealed), old, new, 1)
	}
	for name, text := range map[string]string{
		"empty":              "",
		"white space":        replaced(`,"at"`, `, "at"`),
		"new line at end":    string(sealed) + "\n",
		"data after the end": string(sealed) + "{}",
		"cut":                string(sealed[:len(sealed)-1]),
		"null causes":        replaced(`"causes":["11111111-2222-4333-8444-555555555555","aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]`, `"causes":null`),
		"null fact":          replaced(`"from":"in_review"`, `"from":null`),
		"null commitment":    replaced(`"old":"`+goldenGone+`"`, `"old":null`),
		"repeated key":       replaced(`"epoch":2`, `"epoch":2,"epoch":2`),
		"repeated fact":      replaced(`"from":"in_review"`, `"from":"in_review","from":"in_review"`),
		"facts out of order": replaced(`"from":"in_review"`, `"zz":"","from":"in_review"`),
		"unknown key":        replaced(`"epoch":2`, `"epoch":2,"extra":1`),
		"keys in capitals":   replaced(`"epoch":2`, `"Epoch":2`),
		"leading zero":       replaced(`"epoch":2`, `"epoch":02`),
		"float":              replaced(`"epoch":2`, `"epoch":2.0`),
		"negative":           replaced(`"epoch":2`, `"epoch":-2`),
		"number too large":   replaced(`"epoch":2`, `"epoch":9007199254740992`),
		"needless escape":    replaced(`in_review`, `in\u005freview`),
		"escaped slash":      replaced(`in_review`, `in\/review`),
		"invalid UTF-8":      replaced(`in_review`, "in\xffreview"),
		"valid UTF-8":        replaced(`in_review`, "in–review"),
		"comma in the time":  replaced(`59.123456Z`, `59,123456Z`),
		"time zone":          replaced(`.123456Z`, `.123456+00:00`),
		"30 February":        replaced(`2026-03-29`, `2026-02-30`),
		"padded commitment":  replaced(goldenGone, goldenGone+"="),
		"short commitment":   replaced(goldenGone, goldenGone[:42]),
		"loose last bits":    replaced(goldenGone, goldenGone[:42]+loosen(goldenGone[42])),
		"short nonce":        replaced(`"101112`, `"1112`),
		"nonce in capitals":  replaced(`1a1b`, `1A1B`),
		"other schema":       replaced(Schema, "lerd/audit/v2"),
		"old before new":     replaced(`"new":"`+goldenTarget+`","old":"`+goldenEmpty+`"`, `"old":"`+goldenEmpty+`","new":"`+goldenTarget+`"`),
		"version 0":          replaced(`"version":3`, `"version":0`),
	} {
		if _, err := ParseEntry([]byte(text)); err == nil {
			t.Errorf("%s: read without complaint", name)
		}
	}
}

// loosen gives another last character that decodes to the same bytes where the
// decoder is not strict: the last of 43 characters has two unused bits.
func loosen(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

// parseByDefinition is what ParseEntry must equal: decode the JSON in general,
// write it in canonical form, compare.
func parseByDefinition(b []byte) (Record, error) {
	var w wireEntry
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return Record{}, err
	}
	if w.Causes == nil || w.Rows == nil || w.Facts == nil || w.Values == nil || w.Schema != Schema {
		return Record{}, fmt.Errorf("null or schema")
	}
	if err := w.checkText(); err != nil {
		return Record{}, err
	}
	if err := w.check(); err != nil {
		return Record{}, err
	}
	at, err := parseTime(w.At)
	if err != nil {
		return Record{}, err
	}
	if again, err := w.encode(); err != nil || !bytes.Equal(again, b) {
		return Record{}, fmt.Errorf("not canonical: %v", err)
	}
	return Record{w.ID, w.Stream, w.Version, w.Causes, w.Kind, at, Actor(w.Actor), w.Facts, nil, w.Values, w.Rows, w.Epoch, w.Nonce}, nil
}

func FuzzParseEntry(f *testing.F) {
	e, nonce, salt := goldenEvent()
	entry, err := e.Seal(nonce, salt)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(entry))
	for _, cut := range []int{1, 40, 200, len(entry) - 1} {
		f.Add(append([]byte(nil), entry[:cut]...))
	}
	f.Add(bytes.Replace(entry, []byte("qualified"), []byte(`\"\\`), 1))
	f.Add(bytes.Replace(entry, []byte(`,"epoch":2`), []byte(`,"epoch":null`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseEntry(b)
		want, wantErr := parseByDefinition(b)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("ParseEntry says %v, the definition says %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-definition +ParseEntry):\n%s", diff)
		}
		sameRef(t, b, got, err)
		sameKind(t, b, got, err)
		sameCounted(t, b, got, err)
	})
}

// sameCounted compares what is counted of an entry with what ParseEntry reads.
func sameCounted(t interface{ Fatalf(string, ...any) }, b []byte, want Record, wantErr error) {
	got, err := ParseCounted(b)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("the count says %v, ParseEntry says %v", err, wantErr)
	}
	if err != nil {
		return
	}
	facts := map[string]string{}
	for _, f := range got.Facts {
		facts[f.Name] = got.Fact(f.Name)
	}
	count, has := want.Count()
	same := got.Kind == want.Kind && got.Stream == want.Stream && got.At.Equal(want.At) && maps.Equal(facts, want.Facts) &&
		(got.Count != nil) == has && (!has || *got.Count == count)
	if !same {
		t.Fatalf("counted %+v of %+v", got, want)
	}
}

// TestCountedOfManyEvents compares the two over events with and without a count.
func TestCountedOfManyEvents(t *testing.T) {
	e, nonce, salt := goldenEvent()
	for _, v := range []Value{{Name: CountValue, New: []byte("{}")}, {Name: CountValue, Old: []byte("{}")}, {Name: "counted", New: []byte("1")}} {
		c := e
		c.Values = append(slices.Clone(e.Values), v)
		entry, err := c.Seal(nonce, salt)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseEntry(entry)
		sameCounted(t, entry, got, err)
		sameCounted(t, entry[:len(entry)-1], Record{}, errors.New("cut off"))
	}
}

// sameKind compares what is seen of an entry's kind with what it is.
func sameKind(t interface{ Fatalf(string, ...any) }, b []byte, want Record, wantErr error) {
	if kind := KindOf(b); wantErr == nil && string(kind) != want.Kind {
		t.Fatalf("the kind is %q, it seems to be %q", want.Kind, kind)
	}
}

// TestKindIsSeenAmongLookalikes plants what looks like a kind where another could
// take it for one.
func TestKindIsSeenAmongLookalikes(t *testing.T) {
	e, nonce, salt := goldenEvent()
	for _, change := range []func(*Event){
		func(*Event) {},
		func(e *Event) { e.Facts = map[string]string{"kind": "request.refuse", "a": "b", "zz": "c"} },
		func(e *Event) { e.Facts, e.Causes = nil, nil },
		func(e *Event) { e.Facts = map[string]string{"a": `x","kind":"request.refuse","b":"`} },
		func(e *Event) { e.Facts = map[string]string{"id": "0", "kind": `},"id":"`} },
		func(e *Event) { e.Actor.Person, e.Actor.Session = `},"id":"01234567`, `},` },
		func(e *Event) { e.Actor.Person, e.Stream = `","kind":"request.refuse`, `request:","kind":"x"` },
		func(e *Event) { e.Kind, e.Rows[0].ID, e.Values[0].Name = `kind\`, `,"kind":"`, `kind` },
	} {
		c := e
		c.Rows, c.Values = slices.Clone(e.Rows), slices.Clone(e.Values)
		change(&c)
		entry, err := c.Seal(nonce, salt)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseEntry(entry)
		if err != nil {
			t.Fatal(err)
		}
		if got.Kind == c.Kind && !strings.Contains(c.Kind, `\`) { // an escaped kind is given as it stands there
			sameKind(t, entry, got, nil)
		}
	}
}

// sameRef compares what the verifier reads of an entry with what ParseEntry does.
func sameRef(t interface{ Fatalf(string, ...any) }, b []byte, want Record, wantErr error) {
	ref, err := new(refScanner).ref(string(b))
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("the verifier says %v, ParseEntry says %v", err, wantErr)
	}
	if err != nil {
		return
	}
	stream := sha256.Sum256([]byte(want.Stream))
	same := ref.version == want.Version && ref.at.Equal(want.At) && bytes.Equal(ref.stream[:], stream[:16]) &&
		fmt.Sprintf("%x", ref.id) == strings.ReplaceAll(string(want.ID), "-", "") && len(ref.causes) == len(want.Causes)
	for i := 0; same && i < len(want.Causes); i++ {
		same = fmt.Sprintf("%x", ref.causes[i]) == strings.ReplaceAll(string(want.Causes[i]), "-", "")
	}
	if !same {
		t.Fatalf("the verifier reads %+v of %+v", ref, want)
	}
}

// TestTheVerifierReadsTimesAsParseEntryDoes goes through the edges of dates.
func TestTheVerifierReadsTimesAsParseEntryDoes(t *testing.T) {
	for _, text := range []string{"2024-02-29T23:59:59.999999Z", "2023-02-29T00:00:00.000000Z", "2000-02-29T00:00:00.000000Z", "1900-02-29T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z",
		"9999-12-31T23:59:59.999999Z", "2024-13-01T00:00:00.000000Z", "2024-00-01T00:00:00.000000Z", "2024-04-31T00:00:00.000000Z", "2024-01-01T24:00:00.000000Z", "2024-01-01T23:59:60.000000Z",
		"2024-01-01T00:00:00,000000Z", "2024-01-01T00:00:00.000000", "2024-01-01 00:00:00.000000Z", "2024-01-00T00:00:00.000000Z", "2024-1-001T00:00:00.000000Z", ""} {
		want, wantErr := parseTime(text)
		got, err := quickTime(text)
		if (err == nil) != (wantErr == nil) || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v, %v", text, got, err, want, wantErr)
		}
	}
}

func TestEveryEventReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, nonce, salt := drawEvent(t)
		entry, err := e.Seal(nonce, salt)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseEntry(entry)
		if err != nil {
			t.Fatalf("%s: %v", entry, err)
		}
		if want, err := parseByDefinition(entry); err != nil || !cmp.Equal(want, r) {
			t.Fatalf("%v %s", err, cmp.Diff(want, r))
		}
		sameRef(t, entry, r, nil)
		if err := VerifyPayload(r, e.Payload(salt)); err != nil {
			t.Fatal(err)
		}
		for _, row := range e.Rows {
			name := RowField(row.Table, row.ID)
			if err := VerifyOpening(r, name, row.Canonical, FieldSalt(salt, name)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func drawEvent(t *rapid.T) (e Event, nonce Nonce, salt Salt) {
	text := rapid.StringMatching(`[ -~]{0,12}`)
	word := rapid.StringMatching(`[!-~]{1,12}`)
	table := rapid.StringMatching(`[a-z_]{1,8}`)
	uuid := rapid.Custom(func(t *rapid.T) EventID { return testUUID(rapid.Uint64().Draw(t, "uuid")) })
	side := rapid.Custom(func(t *rapid.T) []byte {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		return rapid.SliceOf(rapid.Byte()).Draw(t, "side")
	})
	e = Event{
		ID: testUUID(0), Stream: word.Draw(t, "stream"), Version: rapid.Int64Range(1, maxNumber).Draw(t, "version"),
		Kind: word.Draw(t, "kind"), At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")),
		Actor: Actor{word.Draw(t, "person"), word.Draw(t, "role"), text.Draw(t, "session")},
		Facts: rapid.MapOf(text, text).Draw(t, "facts"), Epoch: rapid.Int64Range(0, maxNumber).Draw(t, "epoch"),
	}
	for _, c := range rapid.SliceOfN(uuid, 0, 3).Draw(t, "causes") {
		if c != e.ID {
			e.Causes = append(e.Causes, c)
		}
	}
	for _, n := range rapid.SliceOfNDistinct(text, 0, 4, rapid.ID[string]).Draw(t, "values") {
		e.Values = append(e.Values, Value{n, side.Draw(t, "old"), side.Draw(t, "new")})
	}
	for _, n := range rapid.SliceOfNDistinct(table, 0, 4, rapid.ID[string]).Draw(t, "tables") {
		e.Rows = append(e.Rows, Row{n, word.Draw(t, "row"), rapid.SliceOf(rapid.Byte()).Draw(t, "canonical")})
	}
	copy(nonce[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "nonce"))
	copy(salt[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "salt"))
	return e, nonce, salt
}

func testUUID(n uint64) EventID {
	return EventID(fmt.Sprintf("%08x-0000-4000-8000-%012x", n>>48, n&(1<<48-1)))
}

func TestCommitmentTextHasOneForm(t *testing.T) {
	c := Commit(Salt{1}, "a", []byte("b"))
	var back Commitment
	if err := back.UnmarshalText([]byte(c.String())); err != nil || back != c {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", c.String() + "=", c.String()[1:], c.String() + "A", base64.StdEncoding.EncodeToString(c[:]), "\n" + c.String()} {
		if err := back.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
