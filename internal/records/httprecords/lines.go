package httprecords

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"lerd/internal/records"
)

// maxLine is how long a line of an answer may be, in octets.
const maxLine = 64 << 10

// answer is the lines of one response.
type answer struct {
	op     string
	body   io.ReadCloser
	buf    *bufio.Reader
	cancel func()
	wait   time.Duration // for one line
	waited time.Duration // for all lines so far
	row    int64
}

func newAnswer(op string, body io.ReadCloser, cancel func(), wait time.Duration) *answer {
	return &answer{op: op, body: body, buf: bufio.NewReaderSize(body, maxLine), cancel: cancel, wait: wait}
}

func (a *answer) close() {
	a.cancel()
	drain(a.body)
}

// line is one line of an answer: begin, then rows, then end; the engine's
// snapshot stands in the first, and the place to go on from with each row.
type line struct {
	begin, row, end json.RawMessage
	cursor          string
}

var errCut = errors.New("the answer was cut off")

// next reads a line. A line that is not there in time, or whose end is not, is
// errCut; one that is not as documented is a Breach.
func (a *answer) next() (l line, err error) {
	var raw []byte
	a.waiting(func() { raw, err = a.buf.ReadSlice('\n') })
	if errors.Is(err, bufio.ErrBufferFull) {
		return l, a.breach("line longer than 64 KiB")
	}
	if err != nil {
		return l, errCut
	}
	if !utf8.Valid(raw) {
		return l, a.breach("line that is not UTF-8")
	}
	m, rule := members(raw)
	if rule != "" {
		return l, a.breach(rule)
	}
	for name, v := range m {
		switch name {
		case "begin":
			l.begin = v
		case "row":
			l.row = v
		case "end":
			l.end = v
		case "cursor":
			if !fill(&l.cursor, v) || l.cursor == "" || len(l.cursor) > 1024 {
				return l, a.breach("ill-formed cursor")
			}
		default:
			return l, a.breach("unknown member of a line")
		}
	}
	if kinds := len(m) - has(m, "cursor"); kinds != 1 || has(m, "cursor") > has(m, "row") {
		return l, a.breach("line that is not one of begin, row and end")
	}
	return l, nil
}

// over sees that nothing follows the end.
func (a *answer) over() (err error) {
	a.waiting(func() { _, err = a.buf.ReadByte() })
	switch {
	case err == nil:
		return a.breach("something behind the end")
	case errors.Is(err, io.EOF):
		return nil
	}
	return errCut
}

// waiting reads, ends the response where the read takes too long, and adds up how
// long lerd waited. The time in which the reader is slow does not count.
func (a *answer) waiting(read func()) {
	late, start := time.AfterFunc(a.wait, a.cancel), time.Now()
	read()
	late.Stop()
	a.waited += time.Since(start)
}

func has(m map[string]json.RawMessage, name string) int {
	if _, ok := m[name]; ok {
		return 1
	}
	return 0
}

func (a *answer) breach(rule string) error {
	return &records.Breach{Op: a.op, Rule: rule, Row: a.row}
}

// members reads one object strictly: each member once, nothing behind it. The
// rule that is broken comes as text. The values point into raw.
func members(raw []byte) (map[string]json.RawMessage, string) {
	raw = bytes.Trim(raw, " \t\r\n")
	if len(raw) == 0 || raw[0] != '{' || !json.Valid(raw) {
		if json.NewDecoder(bytes.NewReader(raw)).Decode(new(map[string]json.RawMessage)) == nil {
			return nil, "something behind a JSON object"
		}
		return nil, "line that is not a JSON object"
	}
	out := make(map[string]json.RawMessage, 16)
	for at := skip(raw, 1); raw[at] != '}'; at = skip(raw, at) {
		if raw[at] == ',' {
			at = skip(raw, at+1)
		}
		end := valueEnd(raw, at)
		name, ok := plain(raw[at:end])
		if !ok && json.Unmarshal(raw[at:end], &name) != nil {
			return nil, "line that is not a JSON object"
		}
		at = skip(raw, skip(raw, end)+1) // over the colon
		end = valueEnd(raw, at)
		if _, twice := out[name]; twice {
			return nil, "member that comes twice"
		}
		out[name] = raw[at:end]
		at = end
	}
	return out, ""
}

// skip gives the place of the next octet that is no space; raw is valid JSON.
func skip(raw []byte, at int) int {
	for raw[at] == ' ' || raw[at] == '\t' || raw[at] == '\r' || raw[at] == '\n' {
		at++
	}
	return at
}

// valueEnd gives the place behind the value that begins at a place of valid JSON.
func valueEnd(raw []byte, at int) int {
	depth := 0
	for ; at < len(raw); at++ {
		switch raw[at] {
		case '"':
			for at++; raw[at] != '"'; at++ {
				if raw[at] == '\\' {
					at++
				}
			}
			if depth == 0 {
				return at + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return at
			}
		}
	}
	return at
}

// plain gives the text of a JSON string that has no escapes and no octets
// beyond ASCII.
func plain(v []byte) (string, bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	for _, c := range v[1 : len(v)-1] {
		if c == '\\' || c >= 0x80 {
			return "", false
		}
	}
	return string(v[1 : len(v)-1]), true
}

// strict fills the fields of a row or of another object: every member that is
// documented is there, no other, none twice, each of its type.
func strict(raw json.RawMessage, fields map[string]any) (rule string) {
	m, rule := members(raw)
	if rule != "" {
		return rule
	}
	for name := range m {
		if _, ok := fields[name]; !ok {
			return "unknown member"
		}
	}
	for name, into := range fields {
		v, ok := m[name]
		if !ok {
			return "missing member"
		}
		if !fill(into, v) {
			return misfit(into)
		}
	}
	return ""
}

// misfit is the rule that a value breaks which does not fit its field.
func misfit(into any) string {
	switch into.(type) {
	case *time.Time, **time.Time:
		return "time not in UTC microseconds"
	}
	return "member of another type"
}

// fill puts a value into a field; null fits those alone that may be without a
// value. What rows have most of is read without encoding/json, which takes ten
// times as long.
func fill(into any, v json.RawMessage) bool {
	if string(v) == "null" {
		switch into.(type) {
		case **string, **time.Time, **uint16, **bool:
			return true
		}
		return false
	}
	switch p := into.(type) {
	case **string:
		if s, ok := plain(v); ok {
			*p = &s
			return true
		}
	case *string:
		if s, ok := plain(v); ok {
			*p = s
			return true
		}
	case **time.Time:
		var t time.Time
		*p = &t
		return fill(&t, v)
	case *time.Time:
		s, ok := plain(v)
		return ok && moment(p, s)
	}
	return json.Unmarshal(v, into) == nil
}

// moment reads a time in UTC. Another zone, even one that is said, is refused:
// who writes one writes it wrongly one day. So is the first moment of the
// calendar, which stands for "no time" in some languages, and here too.
// SPEC: RFC 3339 §5.6, with Z; a leap second (…:60) is no moment of any clock that
// lerd knows, and is refused.
func moment(t *time.Time, s string) bool {
	return strings.HasSuffix(s, "Z") && !strings.Contains(s, ",") && t.UnmarshalText([]byte(s)) == nil && !t.IsZero()
}
