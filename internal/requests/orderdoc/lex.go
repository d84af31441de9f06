package orderdoc

import (
	"bytes"
	"strconv"
)

// The values that a PDF is made of. null, booleans and keywords are words.
type (
	name  string // decoded: /J#61vaScript is JavaScript
	text  []byte // a literal or hexadecimal string, decoded no further than its extent
	word  string // obj, stream, true, R …
	array []any
	dict  map[name]any
	ref   struct{ num, gen int }
)

const (
	maxDepth  = 64
	maxString = 4 << 20
	maxName   = 512
	// maxElements is the most that one array or dictionary may hold.
	maxElements = 1 << 18
)

// lexer reads values out of bytes. SPEC: ISO 32000-1 §7.2, §7.3.
type lexer struct {
	f   *file
	b   []byte
	pos int
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelim(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// space moves over white space and comments; a comment inside an object is
// bounded like any other.
func (l *lexer) space() error {
	for l.pos < len(l.b) {
		switch c := l.b[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '%':
			if _, err := l.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// maxComment is the longest comment: long ones are room for another file.
const maxComment = 256

func (l *lexer) comment() ([]byte, error) {
	end := bytes.IndexAny(l.b[l.pos:], "\r\n")
	if end < 0 {
		end = len(l.b) - l.pos
	}
	if end > maxComment {
		return nil, refuse("foreign_data", foreign)
	}
	c := l.b[l.pos : l.pos+end]
	l.pos += end
	return c, nil
}

const foreign = "The file holds data that does not belong to a PDF, and may be two files in one. Print the order to PDF anew and send the result."

// value reads one value; a word (keyword) is given as word.
func (l *lexer) value(depth int) (any, error) {
	if err := l.space(); err != nil {
		return nil, err
	}
	if err := l.f.token(); err != nil {
		return nil, err
	}
	if l.pos >= len(l.b) || depth > maxDepth {
		return nil, refuse("damaged", damaged)
	}
	switch c := l.b[l.pos]; {
	case c == '/':
		return l.name()
	case c == '(':
		return l.literal()
	case c == '[':
		return l.array(depth)
	case c == '<' && l.pos+1 < len(l.b) && l.b[l.pos+1] == '<':
		return l.dict(depth)
	case c == '<':
		return l.hex()
	case c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9':
		return l.number()
	case isDelim(c):
		return nil, refuse("damaged", damaged)
	}
	return word(l.regular()), nil
}

// regular reads a run of regular characters.
func (l *lexer) regular() string {
	start := l.pos
	for l.pos < len(l.b) && !isSpace(l.b[l.pos]) && !isDelim(l.b[l.pos]) {
		l.pos++
	}
	return string(l.b[start:min(l.pos, start+maxName)])
}

func (l *lexer) name() (any, error) {
	l.pos++
	start := l.pos
	raw := l.regular()
	if l.pos-start > maxName {
		return nil, refuse("damaged", damaged)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) && unhex(raw[i+1]) >= 0 && unhex(raw[i+2]) >= 0 {
			out = append(out, byte(unhex(raw[i+1])<<4|unhex(raw[i+2])))
			i += 2
			continue
		}
		out = append(out, raw[i])
	}
	return name(out), nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// number gives an int where it is one, a float64 otherwise.
func (l *lexer) number() (any, error) {
	s := l.regular()
	if n, err := strconv.Atoi(s); err == nil && len(s) < 18 {
		return n, nil
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil && len(s) < 64 {
		return v, nil
	}
	return nil, refuse("damaged", damaged)
}

// literal moves over a (string) with nested brackets and escapes.
func (l *lexer) literal() (any, error) {
	start, depth := l.pos, 0
	for ; l.pos < len(l.b) && l.pos-start < maxString; l.pos++ {
		switch l.b[l.pos] {
		case '\\':
			l.pos++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return text(l.b[start:l.pos]), nil
			}
		}
	}
	return nil, refuse("damaged", damaged)
}

func (l *lexer) hex() (any, error) {
	start := l.pos
	for l.pos++; l.pos < len(l.b) && l.pos-start < maxString; l.pos++ {
		c := l.b[l.pos]
		if c == '>' {
			l.pos++
			return text(l.b[start:l.pos]), nil
		}
		if unhex(c) < 0 && !isSpace(c) {
			break
		}
	}
	return nil, refuse("damaged", damaged)
}

func (l *lexer) array(depth int) (any, error) {
	l.pos++
	out := array{}
	for {
		if err := l.space(); err != nil {
			return nil, err
		}
		if l.pos < len(l.b) && l.b[l.pos] == ']' {
			l.pos++
			return out, nil
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if out, err = push(out, v); err != nil {
			return nil, err
		}
	}
}

// push adds a value; "n g R" becomes one reference.
func push(out array, v any) (array, error) {
	if len(out) > maxElements {
		return nil, refuse("too_complex", "The file is more complex than an order needs. Print it to PDF anew, or scan it, and send the result.")
	}
	w, ok := v.(word)
	if !ok || plain(w) {
		return append(out, v), nil
	}
	if n := len(out); w == "R" && n >= 2 {
		num, ok1 := out[n-2].(int)
		gen, ok2 := out[n-1].(int)
		if ok1 && ok2 && num >= 0 && gen >= 0 {
			return append(out[:n-2], ref{num, gen}), nil
		}
	}
	return nil, refuse("damaged", damaged)
}

func plain(w word) bool { return w == "true" || w == "false" || w == "null" }

// dict reads << /Key value … >> and looks at it for active content.
func (l *lexer) dict(depth int) (any, error) {
	l.pos += 2
	var flat array
	for {
		if err := l.space(); err != nil {
			return nil, err
		}
		if bytes.HasPrefix(l.b[l.pos:], []byte(">>")) {
			l.pos += 2
			break
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if flat, err = push(flat, v); err != nil {
			return nil, err
		}
	}
	d, err := pairUp(flat)
	if err != nil {
		return nil, err
	}
	return d, l.f.look(d)
}

// pairUp makes a dictionary. A key that comes twice is refused: readers
// differ in which one they take.
func pairUp(flat array) (dict, error) {
	if len(flat)%2 != 0 {
		return nil, refuse("damaged", damaged)
	}
	d := make(dict, len(flat)/2)
	for i := 0; i < len(flat); i += 2 {
		k, ok := flat[i].(name)
		if _, twice := d[k]; !ok || twice {
			return nil, refuse("damaged", damaged)
		}
		d[k] = flat[i+1]
	}
	return d, nil
}
