// Package targetlist reads lists of accounts as people have them: CSV files of
// spreadsheets, and lines pasted into a box.
//
// Invariants:
//   - it streams: a row is read, judged and forgotten; what it keeps is bounded
//     by Limits, whatever the list holds;
//   - a row is taken whole or not at all, and a bad row costs no other, but for a
//     quotation mark that is never closed;
//   - it guesses no value: what a cell lacks comes from the reader's own
//     defaults, and what a spreadsheet has spoiled is refused with what mends it;
//   - it is pure: no clock, no network, no database, and no message repeats what
//     was typed.
package targetlist

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"lerd/internal/fault"
)

// Columns are the columns of the template, in its order.
var Columns = []string{"kind", "identifier", "used_at", "from", "to", "zone", "role", "purpose", "data", "marks"}

// Limits bound what a list may cost.
type Limits struct {
	Bytes int64 // of the decoded text that is read
	Rows  int   // that are looked at
	Cell  int   // octets of one cell
	Good  int   // rows that can be taken
	Bad   int   // bad rows that are kept with what would mend them
}

// Row is one row of a list: its line, and its cells by the columns' names.
type Row struct {
	Line  int // from 1, of its first octet
	Cells map[string]string
}

// Result is what became of a list.
type Result struct {
	Good    []Row
	Bad     []Row      // at most Limits.Bad
	Why     [][]string // of each row of Bad: what would mend it
	MoreBad int        // bad rows beyond Limits.Bad
	TooMany int        // good rows beyond Limits.Good
	Stopped string     // why the rest of the list was not looked at; empty: all was
	Looked  int        // rows that were looked at
}

// Judge says what is wrong with a row; nothing is a good row.
type Judge func(Row) []string

// fold turns a header's spelling into a column's name.
var aliases = map[string]string{
	"type": "kind", "identifier_type": "kind", "account": "identifier", "value": "identifier", "phone": "identifier", "number": "identifier", "target": "identifier",
	"used": "used_at", "holder_at": "used_at", "observed_at": "used_at", "begin": "from", "start": "from", "since": "from", "end": "to", "until": "to",
	"timezone": "zone", "time_zone": "zone", "tz": "zone", "person_role": "role", "categories": "data", "category": "data",
	"flags": "marks", "flag": "marks", "mark": "marks",
}

// ReadCSV reads a CSV file with a header: separated by comma, semicolon or tab;
// in UTF-8 with or without a byte order mark, or UTF-16; columns in any order. An
// error is a fault of the whole file, with what mends it.
func ReadCSV(r io.Reader, limits Limits, judge Judge) (Result, error) {
	text, err := decoded(r, limits.Bytes)
	if err != nil {
		return Result{}, err
	}
	reader, header, err := headed(text)
	if err != nil {
		return Result{}, err
	}
	var out Result
	for empty := 0; ; {
		cells, err := reader.Read()
		var bad *csv.ParseError
		switch {
		case err == io.EOF:
			if text.cut() {
				out.Stopped = "The file is larger than what is read of a list."
			}
			return out, nil
		case errors.As(err, &bad):
			out.Looked++
			out.reject(limits, Row{Line: bad.StartLine}, unquoted(bad))
			if bad.Line > bad.StartLine { // it took everything up to where the reading ended
				out.Stopped = "A quotation mark is never closed: the rows after it cannot be told apart."
				return out, nil
			}
		case err != nil:
			return out, fault.Because(fault.Invalid, err, "The file could not be read to its end. Save it as CSV in UTF-8 and send it again.")
		default:
			line, _ := reader.FieldPos(0)
			if row, any := rowOf(header, cells, line); any {
				out.Looked++
				out.take(limits, row, cells, len(header), judge)
			} else {
				empty++
			}
		}
		if out.Looked >= limits.Rows || empty >= 10*limits.Rows {
			out.Stopped = "The list is longer than the rows that are looked at."
			return out, nil
		}
	}
}

func (res *Result) take(limits Limits, row Row, cells []string, width int, judge Judge) {
	var why []string
	if len(cells) > width {
		why = append(why, "The row has more cells than the header has columns. Put cells that hold the separator into quotation marks.")
	}
	for _, c := range cells {
		if len(c) > limits.Cell {
			why = append(why, "A cell is far too long. Check whether a quotation mark is missing.")
			row.Cells = map[string]string{}
			break
		}
	}
	if why == nil {
		why = append(spoiled(row.Cells), judge(row)...)
	}
	switch {
	case len(why) > 0:
		res.reject(limits, row, why)
	case len(res.Good) >= limits.Good:
		res.TooMany++
	default:
		res.Good = append(res.Good, row)
	}
}

func (res *Result) reject(limits Limits, row Row, why []string) {
	if len(res.Bad) >= limits.Bad {
		res.MoreBad++
		return
	}
	res.Bad, res.Why = append(res.Bad, row), append(res.Why, why)
}

func unquoted(e *csv.ParseError) []string {
	if errors.Is(e.Err, csv.ErrQuote) || errors.Is(e.Err, csv.ErrBareQuote) {
		return []string{"A quotation mark stands alone. Write two of them inside a cell, and one before and after it."}
	}
	return []string{"The row cannot be read. Write it anew."}
}

// headed reads the first line, finds the separator, and gives a reader for the
// rest with the columns' names.
func headed(text *bounded) (*csv.Reader, []string, error) {
	buf := bufio.NewReaderSize(text, 64<<10)
	first, err := buf.Peek(4 << 10)
	if len(first) == 0 {
		return nil, nil, fault.New(fault.Invalid, "The file is empty.")
	}
	if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, fault.Because(fault.Invalid, err, "The file could not be read. Save it as CSV in UTF-8 and send it again.")
	}
	if i := bytes.IndexByte(first, '\n'); i >= 0 {
		first = first[:i]
	}
	r := csv.NewReader(buf)
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = separator(first), -1, true, true
	cells, err := r.Read()
	if err != nil {
		return nil, nil, errNoHeader
	}
	header, known := make([]string, len(cells)), map[string]bool{}
	for i, c := range cells {
		header[i] = column(c)
		if header[i] != "" && known[header[i]] {
			return nil, nil, fault.New(fault.Invalid, "Two columns of the file have one name. Give each column of the template once.")
		}
		known[header[i]] = true
	}
	if !known["identifier"] {
		return nil, nil, errNoHeader
	}
	return r, header, nil
}

var errNoHeader = fault.New(fault.Invalid, "The first line must name the columns, and “identifier” among them. Begin with the template file.")

// column gives the template's name of a header's cell, or "" for a column that
// means nothing here.
func column(cell string) string {
	name := strings.ToLower(strings.Join(strings.FieldsFunc(cell, func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == '\u00a0' }), "_"))
	if a, ok := aliases[name]; ok {
		name = a
	}
	for _, c := range Columns {
		if c == name {
			return name
		}
	}
	return ""
}

// separator is the one of the three that stands most often in the header,
// outside quotation marks.
func separator(line []byte) rune {
	count, quoted := map[byte]int{}, false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		} else if !quoted {
			count[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte(";\t") {
		if count[b] > count[best] {
			best = b
		}
	}
	return rune(best)
}

// rowOf puts cells under their columns; any is false for a row of empty cells.
func rowOf(header, cells []string, line int) (row Row, any bool) {
	row = Row{Line: line}
	for i, c := range cells {
		if c = strings.TrimSpace(c); c == "" {
			continue
		}
		if !any {
			row.Cells, any = make(map[string]string, len(Columns)), true
		}
		if i < len(header) && header[i] != "" {
			row.Cells[header[i]] = strings.Clone(plain(c)) // the record's memory is used again
		}
	}
	return row, any
}

// plain takes away what people put around a value so that a spreadsheet leaves
// it alone: ="…" and a leading apostrophe.
func plain(cell string) string {
	if inner, ok := strings.CutPrefix(cell, `="`); ok && strings.HasSuffix(inner, `"`) && !strings.Contains(inner[:len(inner)-1], `"`) {
		return strings.TrimSpace(inner[:len(inner)-1])
	}
	return strings.TrimPrefix(cell, "'")
}

// spoiled finds what spreadsheets do to cells, and cells that are formulas.
func spoiled(cells map[string]string) (why []string) {
	for _, name := range Columns {
		c := cells[name]
		switch {
		case c == "":
		case strings.ContainsAny(c[:1], "=@\t\r") && !(c[0] == '@' && name == "identifier"), c[0] == '+' && name != "identifier", c[0] == '-':
			why = append(why, "The cell "+name+" begins like a formula. Write the value itself.")
		case name == "identifier" && scientific(c):
			why = append(why, "A spreadsheet has rounded this number, and its last digits are lost. Format the column as text, and enter the number again.")
		case !utf8.ValidString(c), strings.ContainsRune(c, 0), strings.ContainsRune(c, utf8.RuneError):
			why = append(why, "The cell "+name+" holds characters that cannot be read. Save the file as CSV in UTF-8.")
		}
	}
	return why
}

// scientific tells whether a text is a number as 4.47701E+11.
func scientific(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(s), "E+")
	return ok && digits(strings.NewReplacer(".", "", ",", "").Replace(mantissa)) && digits(exponent)
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// ReadLines reads one account a line; empty lines and what follows a # are left
// out. The cells hold the identifier alone.
func ReadLines(text string, limits Limits, judge Judge) Result {
	var out Result
	line := 0
	for len(text) > 0 {
		var one string
		one, text, _ = strings.Cut(text, "\n")
		line++
		one, _, _ = strings.Cut(one, "#")
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if out.Looked >= limits.Rows {
			out.Stopped = "The list is longer than the rows that are looked at."
			return out
		}
		out.Looked++
		cell := plain(one)
		if len(cell) > limits.Cell {
			cell = ""
		}
		out.take(limits, Row{Line: line, Cells: map[string]string{"identifier": cell}}, []string{one}, 1, judge)
	}
	return out
}

// bounded reads at most a number of octets, and knows whether there was more.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// cut tells whether reading ended before the text did.
func (b *bounded) cut() bool {
	if b.left > 0 {
		return false
	}
	n, _ := b.r.Read(make([]byte, 1))
	return n > 0
}

// decoded gives the file's text in UTF-8, by its byte order mark or, without
// one, by where its zero octets lie.
func decoded(r io.Reader, limit int64) (*bounded, error) {
	buf := bufio.NewReader(r)
	head, err := buf.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fault.Because(fault.Invalid, err, "The file did not arrive whole. Please send it again.")
	}
	var by encoding.Encoding
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		by = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case len(head) == 4 && head[0] != 0 && head[1] == 0 && head[3] == 0:
		by = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case len(head) == 4 && head[0] == 0 && head[1] != 0 && head[2] == 0:
		by = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, fault.New(fault.Unsupported, "This is a spreadsheet file. Save it as CSV in UTF-8, and send that.")
	case bytes.HasPrefix(head, []byte("%PDF")):
		return nil, fault.New(fault.Unsupported, "This is a PDF. The list must be a CSV file.")
	default:
		by = unicode.UTF8BOM
	}
	return &bounded{transform.NewReader(buf, by.NewDecoder()), limit}, nil
}
