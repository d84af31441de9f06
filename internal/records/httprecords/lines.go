package httprecords

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

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
	wait   time.Duration
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
	late := time.AfterFunc(a.wait, a.cancel) // runs only while we wait, not while the reader is slow
	raw, err := a.buf.ReadSlice('\n')
	late.Stop()
	if errors.Is(err, bufio.ErrBufferFull) {
		return l, a.breach("line longer than 64 KiB")
	}
	if err != nil {
		return l, errCut
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
			if json.Unmarshal(v, &l.cursor) != nil || len(l.cursor) > 1024 {
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

func has(m map[string]json.RawMessage, name string) int {
	if _, ok := m[name]; ok {
		return 1
	}
	return 0
}

func (a *answer) breach(rule string) error {
	return &records.Breach{Op: a.op, Rule: rule, Row: a.row}
}

// members reads one flat object strictly: each member once, nothing behind it.
// The rule that is broken comes as text.
func members(raw []byte) (map[string]json.RawMessage, string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, "line that is not a JSON object"
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		var v json.RawMessage
		if err != nil || !ok || dec.Decode(&v) != nil {
			return nil, "line that is not a JSON object"
		}
		if _, twice := out[name]; twice {
			return nil, "member that comes twice"
		}
		out[name] = v
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('}') {
		return nil, "line that is not a JSON object"
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, "something behind a JSON object"
	}
	return out, ""
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
		if err := json.Unmarshal(v, into); err != nil {
			return "member of another type"
		}
	}
	return ""
}
