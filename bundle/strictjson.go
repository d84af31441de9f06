package bundle

import (
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep objects and lists may be nested.
const maxDepth = 16

// maxDigits is how long a number may be: every whole number of that length is
// exact in every language.
const maxDigits = 15

// object keeps the members of an object.
type object map[string]any

// parseJSON reads one JSON value strictly: UTF-8, no byte order mark, no member
// twice, no numbers but plain whole ones, nothing behind the value.
// The value is nil, bool, int64, string, []any or object. SPEC: RFC 8259.
func parseJSON(b []byte) (any, *Fault) {
	if strings.HasPrefix(string(b[:min(len(b), 3)]), "\ufeff") {
		return nil, wrong(Encoding, "", "it begins with a byte order mark")
	}
	if !utf8.Valid(b) {
		return nil, wrong(Encoding, "", "it is not UTF-8")
	}
	p := &jsonParser{b: b}
	v, f := p.value(0)
	if f != nil {
		return nil, f
	}
	p.space()
	if p.at < len(b) {
		return nil, wrong(Syntax, "", "something follows the end of the JSON")
	}
	return v, nil
}

type jsonParser struct {
	b  []byte
	at int
}

func (p *jsonParser) space() {
	for p.at < len(p.b) && strings.IndexByte(" \t\r\n", p.b[p.at]) >= 0 {
		p.at++
	}
}

func (p *jsonParser) bad() *Fault { return wrong(Syntax, "", "it is not JSON (octet %d)", p.at) }

// take moves over c, if it is what comes next.
func (p *jsonParser) take(c byte) bool {
	p.space()
	if p.at < len(p.b) && p.b[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *jsonParser) value(depth int) (any, *Fault) {
	p.space()
	if p.at == len(p.b) {
		return nil, p.bad()
	}
	switch c := p.b[p.at]; {
	case c == '{' || c == '[':
		if depth == maxDepth {
			return nil, wrong(Syntax, "", "it is nested deeper than %d", maxDepth)
		}
		p.at++
		if c == '{' {
			return p.object(depth + 1)
		}
		return p.list(depth + 1)
	case c == '"':
		return p.text()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, v := range map[string]any{"true": true, "false": false, "null": nil} {
		if strings.HasPrefix(string(p.b[p.at:min(len(p.b), p.at+5)]), word) {
			p.at += len(word)
			return v, nil
		}
	}
	return nil, p.bad()
}

func (p *jsonParser) object(depth int) (any, *Fault) {
	o := object{}
	if p.take('}') {
		return o, nil
	}
	for {
		p.space()
		if p.at == len(p.b) || p.b[p.at] != '"' {
			return nil, p.bad()
		}
		name, f := p.text()
		if f != nil {
			return nil, f
		}
		if !p.take(':') {
			return nil, p.bad()
		}
		v, f := p.value(depth)
		if f != nil {
			return nil, f
		}
		if _, twice := o[name]; twice {
			return nil, wrong(Duplicate, name, "a member comes twice in one object")
		}
		o[name] = v
		if p.take('}') {
			return o, nil
		}
		if !p.take(',') {
			return nil, p.bad()
		}
	}
}

func (p *jsonParser) list(depth int) (any, *Fault) {
	l := []any{}
	if p.take(']') {
		return l, nil
	}
	for {
		v, f := p.value(depth)
		if f != nil {
			return nil, f
		}
		l = append(l, v)
		if p.take(']') {
			return l, nil
		}
		if !p.take(',') {
			return nil, p.bad()
		}
	}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// number takes whole numbers; a fraction, an exponent, a minus zero or more
// digits than can be kept exactly are a fault of their own.
func (p *jsonParser) number() (any, *Fault) {
	from := p.at
	for p.at < len(p.b) && strings.IndexByte("+-.0123456789eE", p.b[p.at]) >= 0 {
		p.at++
	}
	text := string(p.b[from:p.at])
	if !jsonNumber.MatchString(text) {
		return nil, p.bad()
	}
	digits := strings.TrimPrefix(text, "-")
	if strings.Trim(digits, "0123456789") != "" || len(digits) > maxDigits || text == "-0" {
		return nil, wrong(Number, "", "a number is not a plain whole one of at most %d digits", maxDigits)
	}
	var n int64
	for _, c := range []byte(digits) {
		n = n*10 + int64(c-'0')
	}
	if digits != text {
		n = -n
	}
	return n, nil
}

func (p *jsonParser) text() (string, *Fault) {
	p.at++
	var b strings.Builder
	for p.at < len(p.b) {
		switch c := p.b[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c < ' ':
			return "", p.bad()
		case c == '\\':
			r, ok := p.escape()
			if !ok {
				return "", p.bad()
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
			p.at++
		}
	}
	return "", p.bad()
}

// escape reads what follows a backslash; half a surrogate pair is no letter.
func (p *jsonParser) escape() (rune, bool) {
	if p.at+1 >= len(p.b) {
		return 0, false
	}
	c := p.b[p.at+1]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		p.at += 2
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	r, ok := p.unit()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	low, ok := p.unit()
	pair := utf16.DecodeRune(r, low)
	return pair, ok && pair != utf8.RuneError
}

// unit reads one \uXXXX.
func (p *jsonParser) unit() (rune, bool) {
	if p.at+6 > len(p.b) || p.b[p.at] != '\\' || p.b[p.at+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range p.b[p.at+2 : p.at+6] {
		i := strings.IndexByte("0123456789abcdef", c|0x20)
		if c < '0' || i < 0 || c > '9' && c|0x20 < 'a' {
			return 0, false
		}
		r = r<<4 | rune(i)
	}
	p.at += 6
	return r, true
}
