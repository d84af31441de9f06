package columns

import (
	"bytes"
	"encoding/csv"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestCells(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		good []string
		bad  []string
	}{
		{ID, []string{"a", "A-1:x@y/z", strings.Repeat("a", 128)}, []string{"-a", "=1", "@a", "a b", "a,b", "é", strings.Repeat("a", 129)}},
		{Time, []string{"2026-01-01T00:00:03.077Z", "2024-02-29T23:59:59Z", "2026-01-01T00:00:03.000001Z"},
			[]string{"2026-02-29T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00+01:00", "2026-1-1T00:00:00Z"}},
		{Bool, []string{"true", "false"}, []string{"TRUE", "1", "yes"}},
		{Phone, []string{"+4930123456", "+12"}, []string{"4930", "+0123", "+", "+1234567890123456", "+12a"}},
		{Addr, []string{"203.0.113.7", "2001:db8::1"}, []string{"203.0.113.07", "2001:DB8::1", "2001:db8:0:0::1", "::ffff:1.2.3.4", "fe80::1%eth0", "1.2.3"}},
		{Port, []string{"1", "65535"}, []string{"0", "065", "65536", "99999", "-1"}},
		{Version, []string{"4", "6"}, []string{"5", "46"}},
		{Code, []string{"1", "49", "972"}, []string{"049", "1234", "+1"}},
	} {
		col := Column{Kind: c.kind}
		for _, s := range c.good {
			if !col.fits([]byte(s)) {
				t.Errorf("%q must be %s", s, col.form())
			}
		}
		for _, s := range c.bad {
			if col.fits([]byte(s)) {
				t.Errorf("%q must not pass for %s", s, col.form())
			}
		}
	}
}

// FuzzSplit holds the strict splitter against encoding/csv.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a,b,c\r\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		cells, err := IPAddresses.Split(line, nil)
		if err != nil || IPAddresses.Check(cells) != nil {
			return
		}
		got, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil || len(got) != len(cells) {
			t.Fatalf("encoding/csv reads %q as %d cells (%v)", line, len(got), err)
		}
		for i := range got {
			if got[i] != string(cells[i]) {
				t.Errorf("cell %d: %q and %q", i, got[i], cells[i])
			}
		}
	})
}

// FuzzLine holds a checker that has seen another row against Split and Check.
func FuzzLine(f *testing.F) {
	good := "I-1,R-1,S-1,a-1,login,2026-01-01T00:00:00Z,4,203.0.113.7,,,,tcp,,,,,,,edge,e:1,2026-01-01T00:00:00Z\r\n"
	f.Add([]byte(good), []byte(strings.Replace(good, "login,", "logout,", 1)))
	f.Add([]byte(good), []byte(strings.Replace(good, ",,,,tcp", ",,,tcp", 1)))
	f.Add([]byte(good), []byte("I-1\r\n"))
	f.Add([]byte(good), []byte(strings.Replace(good, "\r\n", ",x\r\n", 1)))
	f.Fuzz(func(t *testing.T, before, line []byte) {
		c := NewChecker(&IPAddresses)
		if _, err := c.Line(before, nil); err == nil {
			c.JSON()
		}
		got, err := c.Line(line, nil)
		want, werr := IPAddresses.Split(line, nil)
		if werr == nil {
			werr = IPAddresses.Check(want)
		}
		if (err == nil) != (werr == nil) || err != nil && err.Error() != werr.Error() {
			t.Fatalf("%q after %q: %v, want %v", line, before, err, werr)
		}
		if err == nil && (!slices.EqualFunc(got, want, bytes.Equal) || string(c.JSON()) != string(IPAddresses.AppendJSON(nil, want))) {
			t.Fatalf("%q after %q: %q, %s", line, before, got, c.JSON())
		}
	})
}

// FuzzAddr holds the reader of addresses against net/netip.
func FuzzAddr(f *testing.F) {
	for _, s := range []string{"203.0.113.7", "1.2.3.04", "2001:db8::1", "::", "1::", "::ffff:1.2.3.4", "::ffff:102:304", "64:ff9b::1.2.3.4", "fe80::1%e",
		"1:2:3:4:5:6:7:8", "1:0:0:2:0:0:0:3", "1:2:3:4:5:6:7::", "2001:DB8::1", "1::2::3", "0:0:0:0:0:0:0:1", "1:2:3:4:5:6:7:8:9", "12345::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := netip.ParseAddr(s)
		want := err == nil && a.Zone() == "" && !a.Is4In6() && a.String() == s
		if got := isAddr([]byte(s)); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	})
}

// TestACheckerSaysWhatCheckSays goes through rows that repeat cells, spoil one
// and come back, and compares each verdict with that of Table.Check.
func TestACheckerSaysWhatCheckSays(t *testing.T) {
	cells := map[Kind][]string{ID: {"a-1", "b:2", "=x", ""}, Time: {"2026-01-01T00:00:03.077Z", "2026-02-30T00:00:00Z", ""}, Enum: {"login", "logout", "lunch", ""},
		Bool: {"true", "false", "TRUE", ""}, Phone: {"+4930123", "4930123", ""}, Addr: {"203.0.113.7", "2001:db8::1", "2001:DB8::1", "01.2.3.4", ""},
		Port: {"443", "0443", ""}, Version: {"4", "6", "5", ""}, Code: {"49", "1", "049", ""}}
	for _, table := range []*Table{&PhoneNumbers, &IPAddresses} {
		c, lines, refused := NewChecker(table), NewChecker(table), 0
		for n := range 5000 {
			row := make([][]byte, len(table.Columns))
			for i, col := range table.Columns {
				list := cells[col.Kind]
				if col.Kind == Enum {
					list = []string{col.Words[0], col.Words[1], "lunch", ""}
				}
				row[i] = []byte(list[0])
				if (n*31+i*17)%23 == 0 {
					row[i] = []byte(list[(n/23+i)%len(list)])
				}
			}
			want, got := table.Check(row), c.Check(row)
			if (want == nil) != (got == nil) || want != nil && want.Error() != got.Error() {
				t.Fatalf("row %d: %v, want %v", n, got, want)
			}
			cells, err := lines.Line(table.AppendCSV(nil, row), nil)
			if (want == nil) != (err == nil) || want != nil && want.Error() != err.Error() {
				t.Fatalf("row %d as a line: %v, want %v", n, err, want)
			}
			if got != nil {
				refused++
				continue
			}
			form := string(table.AppendJSON(nil, row))
			if a, b := string(c.JSON()), string(lines.JSON()); a != form || b != form || !slices.EqualFunc(cells, row, bytes.Equal) {
				t.Fatalf("row %d is %s, and read from a line %s, want %s", n, a, b, form)
			}
		}
		if refused == 0 || refused == 5000 {
			t.Errorf("%s: %d rows refused: the test shows nothing", table.Name, refused)
		}
		if c.Check(nil) == nil {
			t.Error("a row without cells passes")
		}
	}
}
