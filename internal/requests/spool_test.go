package requests

import (
	"bytes"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/personal"
	"lerd/internal/records"
)

// spooled is a spool that holds few records in memory, with n addresses behind a number.
func spooled(t testing.TB, n int) (*spool, []Record) {
	t.Helper()
	s := newSpool()
	s.limit = 3
	t.Cleanup(s.close)
	rows := []Record{{Item: "phones", PreservedAt: time.Unix(99, 0).UTC(), Phone: &records.PhoneRow{RecordID: "p", Account: 7, Phone: personal.NewPhone("+447700900123"), ValidFrom: time.Unix(1, 5000).UTC()}}}
	for i := range n {
		r := ipRecord(0)
		r.IP.RecordID, r.IP.SourcePort = "planted-id", uint16(i)
		if i%3 == 0 {
			r.PreservedAt = time.Unix(int64(i), 0).UTC()
		}
		rows = append(rows, r)
	}
	for i := range rows {
		if err := s.add(rows[i]); err != nil {
			t.Fatal(err)
		}
		rows[i].Ordinal = i + 1
	}
	return s, rows
}

// all gathers rows, and gives none where one is an error.
func all(rows iter.Seq2[Record, error]) (out []Record, err error) {
	for r, err := range rows {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func linesOf(t testing.TB, rows iter.Seq2[Record, error]) (out []string) {
	t.Helper()
	list, err := all(rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		out = append(out, string(r.Line()))
	}
	return out
}

// TestASpoolGivesWhatItTook: every record comes back in its order with its number, as
// often as it is asked, whether it was held in memory or lay in the file.
func TestASpoolGivesWhatItTook(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 500} {
		s, rows := spooled(t, n)
		digest, want := NewDigester(), []string{}
		for _, r := range rows {
			digest.Add(r)
			want = append(want, string(r.Line()))
		}
		if _, err := all(s.rows()); err == nil {
			t.Error("it is read before its end")
		}
		if sum, err := s.sum(); err != nil || sum != digest.Sum() || s.total != len(rows) || s.phones != 1 {
			t.Fatalf("%d records: %d with %d numbers, %v", n, s.total, s.phones, err)
		}
		for range 2 {
			if diff := cmp.Diff(want, linesOf(t, s.rows())); diff != "" {
				t.Fatalf("%d records: %s", n, diff)
			}
		}
		for range s.rows() { // who has had enough gets no error
			break
		}
		if (s.file != nil) != (len(rows) > s.limit) {
			t.Errorf("%d records: a file is %v", n, s.file != nil)
		}
	}
}

// TestASpoolsFileTellsNothing: what lies on the disk is not the records, and a file that
// is cut off or altered gives an error and not other records.
func TestASpoolsFileTellsNothing(t *testing.T) {
	s, rows := spooled(t, 500)
	if _, err := s.sum(); err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(io.NewSectionReader(s.file, 0, 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"planted-id", "192.0.2.1", `"item"`} {
		if bytes.Contains(plain, []byte(word)) {
			t.Errorf("the file says %q", word)
		}
	}
	other, _ := spooled(t, 500)
	if _, err := other.sum(); err != nil {
		t.Fatal(err)
	}
	same, err := io.ReadAll(io.NewSectionReader(other.file, 0, 1<<30))
	if err != nil || bytes.Equal(plain, same) {
		t.Errorf("two spools have one key (%v)", err)
	}
	half := int64(len(plain) / 2)
	for name, spoil := range map[string]func() error{
		"cut off": func() error { return s.file.Truncate(half) },
		"altered": func() error { _, err := s.file.WriteAt([]byte{plain[half] ^ 0x80}, half); return err },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		n := 0
		var last error
		for r, err := range s.rows() {
			if last = err; err == nil {
				if !bytes.Equal(r.Line(), rows[n].Line()) {
					t.Fatalf("%s: record %d is another", name, n)
				}
				n++
			}
		}
		if last == nil || n == len(rows) {
			t.Errorf("%s: %d records and no error", name, n)
		}
		if _, err := s.file.WriteAt(plain, 0); err != nil {
			t.Fatal(err)
		}
	}
}
