package requests

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/vault"
)

// account7 is account data of one account.
type account7 struct {
	records.Source
	phones []records.PhoneRow
	events iter.Seq2[records.IPRow, error]
}

func (a account7) Resolve(_ context.Context, id records.Identifier) (records.Resolution, error) {
	return records.Resolution{Holdings: []records.Holding{{Account: 7, Value: personal.NewText("7"), From: id.During.From}}}, nil
}

func (a account7) Phones(context.Context, records.AccountID, records.Period) ([]records.PhoneRow, error) {
	return a.phones, nil
}

func (a account7) Sessions(context.Context, records.AccountID, records.Period) iter.Seq2[records.IPRow, error] {
	return a.events
}

// eventsOf gives rows.
func eventsOf(rows ...records.IPRow) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// drawer keeps files in a folder.
type drawer struct {
	Blobs
	dir string
}

func (d drawer) path(name string) string { return filepath.Join(d.dir, filepath.Base(name)) }

func (d drawer) Put(_ context.Context, name string, r io.Reader) error {
	f, err := os.Create(d.path(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

func (d drawer) Get(_ context.Context, name string) (io.ReadCloser, error) {
	f, err := os.Open(d.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	return f, err
}

// drawn are the snapshots that an order draws on.
type drawn struct {
	SnapshotStore
	list []Snapshot
}

func (d drawn) SnapshotsFor(context.Context, ID) ([]Snapshot, error) { return d.list, nil }

var (
	keptFrom   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	keptTarget = Target{ID: "t", Kind: string(records.ByAccount), Identifier: personal.NewText("7"), From: keptFrom, To: keptFrom.AddDate(1, 0, 0), WantPhone: true, WantIP: true}
	keptItems  = []Item{{ID: "phones", Category: PhoneNumber, AccountID: 7, From: keptTarget.From, To: keptTarget.To}, {ID: "ips", Category: IPAddress, AccountID: 7, From: keptTarget.From, To: keptTarget.To}}
)

// keeper is a service that takes snapshots of source, and draws on those it took.
type keeper struct {
	*Service
	files drawer
	drawn *drawn
}

func newKeeper(t testing.TB, source records.Source) keeper {
	t.Helper()
	v, err := vault.New(make([]byte, vault.KeySize), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper{files: drawer{dir: t.TempDir()}, drawn: &drawn{}}
	k.Service = New(Config{Source: records.Guard(source), Vault: v, Blobs: k.files, Snapshots: k.drawn, Now: func() time.Time { return atNine }})
	return k
}

// begin makes a snapshot that has a key.
func (k keeper) begin(t testing.TB, id string) (Snapshot, vault.Key) {
	t.Helper()
	key, wrapped, err := k.Vault.NewKey(snapshotOwner(id))
	if err != nil {
		t.Fatal(err)
	}
	return Snapshot{ID: id, State: SnapshotBegun, WrappedKey: base64.StdEncoding.EncodeToString(wrapped), TakenAt: atNine}, key
}

// take takes one, to be drawn on.
func (k keeper) take(t testing.TB, id string) (Snapshot, vault.Key) {
	t.Helper()
	x, key := k.begin(t, id)
	told, err := k.storeSnapshot(t.Context(), x, keptTarget, key)
	if err != nil {
		t.Fatal(err)
	}
	x.ContentsSHA256, x.CountsSHA256 = told.sha256, told.counts()
	k.drawn.list = append(k.drawn.list, x)
	return x, key
}

func (k keeper) fileOf(t testing.TB, x Snapshot) []byte {
	t.Helper()
	b, err := os.ReadFile(k.files.path(x.ID))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put lays other bytes into the place of a snapshot's.
func (k keeper) put(t testing.TB, x Snapshot, b []byte) {
	t.Helper()
	if err := os.WriteFile(k.files.path(x.ID), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// collected gives what an order gets from the account data and the snapshots: of each
// record its id, and "kept" where a snapshot kept it.
func (k keeper) collected(t testing.TB) (got []string, err error) {
	t.Helper()
	rel := Release{Items: append([]Item{}, keptItems...)}
	frozen, err := k.collect(t.Context(), &rel)
	if err != nil {
		return nil, err
	}
	defer frozen.close()
	for r, err := range frozen.rows() {
		if err != nil {
			t.Fatal(err)
		}
		text := r.source()
		if !r.PreservedAt.IsZero() {
			text += " kept"
		}
		got = append(got, text)
	}
	return got, nil
}

func event(id string, second int) records.IPRow {
	r := *ipRecord(0).IP
	r.RecordID, r.At = id, keptFrom.Add(time.Duration(second)*time.Second)
	return r
}

func number(id string, second int) records.PhoneRow {
	return records.PhoneRow{RecordID: id, Account: 7, Phone: personal.NewPhone("+447700900123"), Verification: records.Verified, ValidFrom: keptFrom.Add(time.Duration(second) * time.Second)}
}

// manyEvents are enough for several segments of a sealed file.
func manyEvents(n int) (rows []records.IPRow) {
	for i := range n {
		rows = append(rows, event(fmt.Sprint("ev-", i), i))
	}
	return rows
}

// TestNothingIsBelievedOfAFileThatWasChanged: a snapshot's file from which whole
// segments are missing, or in which they stand elsewhere, gives an order nothing,
// though the first of them are as they were sealed.
func TestNothingIsBelievedOfAFileThatWasChanged(t *testing.T) {
	k := newKeeper(t, account7{events: eventsOf(manyEvents(3000)...)})
	x, key := k.take(t, "x")
	file := k.fileOf(t, x)
	other, _ := k.take(t, "other")
	second := k.fileOf(t, other)
	if _, err := k.storeSnapshot(t.Context(), x, keptTarget, key); err != nil {
		t.Fatal(err)
	}
	anew := k.fileOf(t, x)
	k.put(t, x, file)
	k.drawn.list = []Snapshot{x}
	k.Source = records.Guard(account7{events: eventsOf()})
	if got, err := k.collected(t); err != nil || len(got) != 3000 {
		t.Fatalf("as it was sealed: %d records, %v", len(got), err)
	}
	const segment = 64<<10 + 16
	first := len(file) % segment // all segments are whole, as the contents are a power of two
	cut := func(f []byte, from, to int) []byte { return f[first+from*segment : first+to*segment] }
	last := (len(file) - first) / segment
	for name, bad := range map[string][]byte{
		"cut behind the first segment":        file[:first+segment],
		"cut before the last":                 file[:len(file)-segment],
		"the last two swapped":                bytes.Join([][]byte{file[:first], cut(file, 0, last-2), cut(file, last-1, last), cut(file, last-2, last-1)}, nil),
		"the last one twice":                  append(bytes.Clone(file), cut(file, last-1, last)...),
		"the last one of another":             bytes.Join([][]byte{file[:len(file)-segment], cut(second, last-1, last)}, nil),
		"another's file":                      second,
		"taken a second time, under its key":  anew,
		"another's segments below its header": append(bytes.Clone(file[:first]), second[first:]...),
	} {
		k.put(t, x, bad)
		got, err := k.collected(t)
		if fault.KindOf(err) != fault.Gate || !strings.Contains(err.Error(), "snapshots/x is not what was sealed") || got != nil {
			t.Errorf("%s: %d records, %v", name, len(got), err)
		}
	}
	if err := os.Remove(k.files.path(x.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := k.collected(t); fault.KindOf(err) != fault.Gate || !strings.Contains(err.Error(), "snapshots/x is not there") {
		t.Errorf("without a file: %v", err)
	}
}

// TestASnapshotOpensAsItWasWritten: what was written is read back with the same
// digests, and so is a file in the form before this one, sealed in one piece.
func TestASnapshotOpensAsItWasWritten(t *testing.T) {
	k := newKeeper(t, account7{phones: []records.PhoneRow{number("ph", 1)}, events: eventsOf(manyEvents(700)...)})
	x, key := k.take(t, "x")
	var lines []string
	told, err := k.openSnapshot(t.Context(), x, key, func(r Record) error { lines = append(lines, string(r.Line())); return nil })
	if err != nil || len(lines) != 701 || told.Phones != 1 || told.Addresses != 700 || !told.read.Equal(atNine) || told.sha256 != x.ContentsSHA256 || told.counts() != x.CountsSHA256 {
		t.Fatalf("%d records, %+v, %v", len(lines), told, err)
	}
	if info, err := os.Stat(k.files.path(x.ID)); err != nil || info.Size()-1<<18 > 500 {
		t.Errorf("the file has %d octets, %v", info.Size(), err)
	}

	head := fmt.Sprintf(`{"form":"lerd snapshot v1","salt":%q,"snapshot":"old","from":"","to":"","read":%q,"phones":1,"addresses":700}`, told.Salt, stamp(atNine))
	old := []byte(head + "\n" + strings.Join(lines, ""))
	old = append(old, bytes.Repeat([]byte{'\n'}, 1<<18-len(old))...)
	y, key := k.begin(t, "old")
	box, err := key.Seal(snapshotPlace("old"), old)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.files.Put(t.Context(), "old", bytes.NewReader(box)); err != nil {
		t.Fatal(err)
	}
	y.ContentsSHA256 = digestOf(old)
	var again []string
	was, err := k.openSnapshot(t.Context(), y, key, func(r Record) error { again = append(again, string(r.Line())); return nil })
	if diff := cmp.Diff(lines, again); err != nil || diff != "" || was.counts() != x.CountsSHA256 {
		t.Errorf("in the old form: %v, %s", err, diff)
	}
}

// TestAnAnswerThatBreaksOffIsNotKept: half of what the account data hold is no
// snapshot.
func TestAnAnswerThatBreaksOffIsNotKept(t *testing.T) {
	broken := errors.New("broken")
	k := newKeeper(t, account7{events: func(yield func(records.IPRow, error) bool) {
		for _, r := range manyEvents(2000) {
			yield(r, nil)
		}
		yield(records.IPRow{}, broken)
	}})
	x, key := k.begin(t, "x")
	if _, err := k.storeSnapshot(t.Context(), x, keptTarget, key); !errors.Is(err, broken) {
		t.Errorf("it was taken: %v", err)
	}
	if _, err := os.Stat(k.files.path(x.ID)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

// TestContentsOfAnotherFormAreRefused, even where they are sealed as they should be.
func TestContentsOfAnotherFormAreRefused(t *testing.T) {
	line := func(n int) string { return string(ipRecord(n).Line()) }
	end := func(n int) string { b, _ := json.Marshal(snapshotCounts{Addresses: n}); return string(b) + "\n" } //nolint:errchkjson // two numbers
	v1 := `{"form":"lerd snapshot v1","salt":"s","snapshot":"x","from":"","to":"","read":"","phones":0,"addresses":2}` + "\n"
	v2 := `{"form":"lerd snapshot v2","salt":"s","snapshot":"x","from":"","to":"","read":""}` + "\n"
	for contents, ok := range map[string]bool{
		v2 + line(1) + line(2) + end(2) + "\n\n\n": true,
		v2 + end(0):                                 true,
		v1 + line(1) + line(2) + "\n\n\n":           true,
		v2 + line(1) + line(2) + "\n":               false, // no end
		v2 + line(1) + line(2) + end(3):             false,
		v2 + line(1) + line(2) + end(1):             false,
		v2 + line(2) + line(1) + end(2):             false,
		v2 + line(1) + line(1) + end(2):             false,
		v2 + line(1) + end(1) + line(2):             false, // more behind the end
		v2 + end(0) + "\n\n ":                       false,
		v1 + line(1) + "\n\n":                       false,
		v1 + line(1) + line(2) + line(3):            false,
		strings.Replace(v2, "v2", "v3", 1) + end(0): false,
		line(1) + end(1):                            false,
		"":                                          false,
	} {
		told, err := parseSnapshot(strings.NewReader(contents), func(Record) error { return nil })
		if ok && (err != nil || told.sha256 != digestOf([]byte(contents))) || !ok && !errors.Is(err, errSnapshot) {
			t.Errorf("%q: %v", contents, err)
		}
	}
	full := errors.New("full")
	if _, err := parseSnapshot(strings.NewReader(v2+line(1)+end(1)), func(Record) error { return full }); !errors.Is(err, full) {
		t.Errorf("who cannot take a record is told %v", err)
	}
}
