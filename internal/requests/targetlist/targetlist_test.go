package targetlist

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/fault"
)

var small = Limits{Bytes: 1 << 20, Rows: 1000, Cell: 500, Good: 25, Bad: 50}

// numbers is a judge for whom a good row has an identifier of digits or with +.
func numbers(r Row) []string {
	if digits(strings.TrimPrefix(r.Cells["identifier"], "+")) {
		return nil
	}
	return []string{"Give a number."}
}

func utf16le(s string, bom bool) []byte {
	var b bytes.Buffer
	units := utf16.Encode([]rune(s))
	if bom {
		units = append([]uint16{0xfeff}, units...)
	}
	for _, u := range units {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.Bytes()
}

func swapped(b []byte) []byte {
	out := bytes.Clone(b)
	for i := 0; i+1 < len(out); i += 2 {
		out[i], out[i+1] = out[i+1], out[i]
	}
	return out
}

// TestOneListInEveryForm reads one list as different programs write it.
func TestOneListInEveryForm(t *testing.T) {
	const plain = "kind,identifier,from,zone\nphone,+447700900123,\"2026-10-01, 00:00\",Asia/Kolkata\naccount_id,481516234,,\n"
	want := []Row{{2, map[string]string{"kind": "phone", "identifier": "+447700900123", "from": "2026-10-01, 00:00", "zone": "Asia/Kolkata"}},
		{3, map[string]string{"kind": "account_id", "identifier": "481516234"}}}
	for name, text := range map[string][]byte{
		"as it is":                  []byte(plain),
		"with a byte order mark":    append([]byte("\xef\xbb\xbf"), plain...),
		"with carriage returns":     []byte(strings.ReplaceAll(plain, "\n", "\r\n")),
		"without a last line end":   []byte(strings.TrimSuffix(plain, "\n")),
		"UTF-16 little":             utf16le(plain, true),
		"UTF-16 big":                swapped(utf16le(plain, true)),
		"UTF-16 little, no mark":    utf16le(plain, false),
		"UTF-16 big, no mark":       swapped(utf16le(plain, false)),
		"semicolons":                []byte("kind;identifier;from;zone\nphone;+447700900123;2026-10-01, 00:00;Asia/Kolkata\naccount_id;481516234;;\n"),
		"tabs":                      []byte("kind\tidentifier\tfrom\tzone\nphone\t+447700900123\t2026-10-01, 00:00\tAsia/Kolkata\naccount_id\t481516234\t\t\n"),
		"another order, and a note": []byte("zone,My notes,From,Identifier,Kind\nAsia/Kolkata,x,\"2026-10-01, 00:00\",+447700900123,phone\n,,,481516234,account_id\n"),
		"other names":               []byte("Type,Phone,Start,Time zone\nphone,+447700900123,\"2026-10-01, 00:00\",Asia/Kolkata\naccount_id,481516234\n"),
		"guarded from the program":  []byte("kind,identifier,from,zone\nphone,\"=\"\"+447700900123\"\"\",\"2026-10-01, 00:00\",Asia/Kolkata\naccount_id,'481516234,,\n"),
	} {
		got, err := ReadCSV(bytes.NewReader(text), small, numbers)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got.Good); diff != "" || len(got.Bad) > 0 || got.Stopped != "" {
			t.Errorf("%s: bad %v %v, stopped %q (-want +got):\n%s", name, got.Bad, got.Why, got.Stopped, diff)
		}
	}
}

// TestGoodRowsAreTakenAndBadOnesTold mixes what goes wrong in real files.
func TestGoodRowsAreTakenAndBadOnesTold(t *testing.T) {
	text := strings.Join([]string{"identifier;role", // 1
		"+447700900123;suspect",   // 2
		"=HYPERLINK(1);suspect",   // 3
		"4,47701E+11;suspect",     // 4
		";",                       // 5, empty
		"\"+447700900124;suspect", // 6, the quotation mark is never closed
		"+447700900125;suspect"}, "\n")
	got, err := ReadCSV(strings.NewReader(text), small, numbers)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, b := range got.Bad {
		lines = append(lines, b.Line)
	}
	if fmt.Sprint(lines) != "[3 4 6]" || len(got.Good) != 1 || got.Looked != 4 || !strings.Contains(got.Stopped, "never closed") {
		t.Errorf("bad lines %v, good %v, looked %d", lines, got.Good, got.Looked)
	}
	for i, want := range []string{"formula", "rounded", "quotation mark"} {
		if !strings.Contains(strings.Join(got.Why[i], " "), want) {
			t.Errorf("line %d: %v", lines[i], got.Why[i])
		}
	}
	for name, cells := range map[string]string{"formula in another column": "+447700900123;@SUM(A1)", "a minus": "-447700900123;", "too many cells": "+447700900123;a;b", "a NUL": "+4477\x0000;", "broken": "+44\xff77;"} {
		got, err := ReadCSV(strings.NewReader("identifier;role\n"+cells), small, func(Row) []string { return nil })
		if err != nil || len(got.Good) != 0 || len(got.Bad) != 1 {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}

func TestAFileThatIsNoListIsRefusedWhole(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "no header": "+447700900123,suspect\n", "a spreadsheet": "PK\x03\x04rest", "an old spreadsheet": "\xd0\xcf\x11\xe0rest",
		"a PDF": "%PDF-1.7\n", "a column twice": "identifier,phone\n+1,+2\n", "only line ends": "\n\n\n", "a quote": "\"identifier"} {
		if got, err := ReadCSV(strings.NewReader(text), small, numbers); err == nil || fault.Message(err) == "" {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}

func TestTheCapIsToldAndKept(t *testing.T) {
	var b strings.Builder
	b.WriteString("identifier\n")
	for i := range 90 {
		fmt.Fprintf(&b, "+4477009%05d\nbad %d\n", i, i)
	}
	got, err := ReadCSV(strings.NewReader(b.String()), small, numbers)
	if err != nil || len(got.Good) != 25 || got.TooMany != 65 || len(got.Bad) != 50 || got.MoreBad != 40 {
		t.Errorf("%v: good %d, too many %d, bad %d, more %d", err, len(got.Good), got.TooMany, len(got.Bad), got.MoreBad)
	}
	lines := ReadLines("+447700900123\n\n# a note\n  '+447700900124 # the second\nnobody\n"+strings.Repeat("x", 10_000), small, numbers)
	if len(lines.Good) != 2 || lines.Good[1].Line != 4 || lines.Good[1].Cells["identifier"] != "+447700900124" || len(lines.Bad) != 2 || lines.Bad[0].Line != 5 {
		t.Errorf("%+v", lines)
	}
}

// endless gives hostile lines without end, and counts what was read.
type endless struct {
	line string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	if n == 0 {
		n = copy(p, e.line[:min(len(e.line), len(p))])
	}
	e.read += int64(n)
	return n, nil
}

// TestHostileListsCostLittle measures lists that try to cost time or memory.
func TestHostileListsCostLittle(t *testing.T) {
	limits := Limits{Bytes: 8 << 20, Rows: 5000, Cell: 1000, Good: 25, Bad: 100}
	hundred := func(line string) io.Reader {
		return strings.NewReader("identifier,zone\n" + strings.Repeat(line, 100_000))
	}
	for name, r := range map[string]io.Reader{
		"100,000 formulas":           hundred("=cmd|' /C calc'!A0,@x\n"),
		"100,000 quotes":             hundred("\"\"\"\"\"\"\"\"\"a\"b,\"\n"),
		"100,000 good rows":          hundred("+447700900123,UTC\n"),
		"100,000 rows of separators": hundred(strings.Repeat(",", 200) + "\n"),
		"100,000 empty lines":        hundred("\n"),
		"one open quote":             io.MultiReader(strings.NewReader("identifier,zone\n\""), &endless{line: strings.Repeat("a\n", 500)}),
		"one endless line":           io.MultiReader(strings.NewReader("identifier,zone\n"), &endless{line: strings.Repeat("x", 1000)}),
		"an endless header":          &endless{line: strings.Repeat("identifier", 100)},
		"endless empty rows":         io.MultiReader(strings.NewReader("identifier,zone\n"), &endless{line: strings.Repeat(",\n", 500)}),
		"endless zero octets":        io.MultiReader(strings.NewReader("identifier,zone\n"), &endless{line: strings.Repeat("\x00", 1000)}),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		got, err := ReadCSV(r, limits, numbers)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
		if took > 5*time.Second || allocated > 160 || len(got.Bad) > limits.Bad || len(got.Good) > limits.Good || got.Looked > limits.Rows {
			t.Errorf("%s: %v, %d MB allocated, %d good, %d bad", name, took, allocated, len(got.Good), len(got.Bad))
		}
		t.Logf("%-28s %8s %4d MB allocated, looked at %d rows, error %v, stopped %q", name, took.Round(time.Millisecond), allocated, got.Looked, err != nil, got.Stopped)
	}
}

// FuzzReadCSV looks for lists that break an invariant.
func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"identifier\n+1\n", "kind;identifier\nphone;\"+1\"\n", "\xef\xbb\xbfidentifier\tzone\n+1\tUTC", "\xff\xfei\x00d\x00", "identifier\n\"", "identifier\n=1\n'+1\n", "\xfe\xff\x00i"} {
		f.Add([]byte(s))
	}
	limits := Limits{Bytes: 1 << 16, Rows: 40, Cell: 60, Good: 5, Bad: 7}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ReadCSV(bytes.NewReader(data), limits, numbers)
		if err != nil && fault.Message(err) == "" {
			t.Errorf("an error without words: %v", err)
		}
		if len(got.Good) > limits.Good || len(got.Bad) > limits.Bad || len(got.Bad) != len(got.Why) || got.Looked > limits.Rows ||
			len(got.Good)+len(got.Bad)+got.MoreBad+got.TooMany != got.Looked {
			t.Errorf("%+v", got)
		}
		for _, r := range got.Good {
			if numbers(r) != nil || spoiled(r.Cells) != nil || r.Line < 2 {
				t.Errorf("taken: %+v", r)
			}
		}
	})
}
