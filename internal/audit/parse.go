package audit

import (
	"fmt"
	"math/bits"
	"strings"
)

// ParseEntry reads an entry and refuses every form but the canonical one, so
// that an entry has exactly one meaning and an event exactly one hash. Keys out
// of order, repeated or unknown, white space, null, needless escapes, text that
// is not printable ASCII and data after the end are all refused.
func ParseEntry(b []byte) (Record, error) {
	if len(b) > MaxEntry {
		return Record{}, fmt.Errorf("entry of %d bytes is over the limit of %d", len(b), MaxEntry)
	}
	s := scanner{text: string(b)}
	w := s.whole()
	if s.err == nil && s.at != len(s.text) {
		s.fail("data after the end")
	}
	if s.err != nil {
		return Record{}, fmt.Errorf("entry: not in canonical form: %w", s.err)
	}
	if err := w.check(); err != nil {
		return Record{}, fmt.Errorf("entry: %w", err)
	}
	at, err := parseTime(w.At)
	if err != nil {
		return Record{}, fmt.Errorf("entry: %w", err)
	}
	return Record{
		ID: w.ID, Stream: w.Stream, Version: w.Version, Causes: w.Causes, Kind: w.Kind, At: at, Actor: Actor(w.Actor),
		Facts: w.Facts, Values: w.Values, Rows: w.Rows, Epoch: w.Epoch, Nonce: w.Nonce,
	}, nil
}

// scanner reads the canonical form and nothing else: it knows which byte must
// come next. After the first error it reads no further. A verifier reads every
// entry of a log, so this is several times faster than decoding JSON in
// general, encoding it again and comparing; a test holds it to that definition.
type scanner struct {
	text string
	at   int
	err  error
}

// entry lists the keys in byte order, which is the canonical order. What is a list
// or a map is read by the one who wants it.
func (s *scanner) entry(causes, facts, rows, values func()) (w wireEntry) {
	s.lit(`{"actor":{"person":`)
	w.Actor.Person = s.str()
	s.lit(`,"role":`)
	w.Actor.Role = s.str()
	s.lit(`,"session":`)
	w.Actor.Session = s.str()
	s.lit(`},"at":`)
	w.At = s.str()
	s.lit(`,"causes":`)
	causes()
	s.lit(`,"epoch":`)
	w.Epoch = s.number()
	s.lit(`,"facts":`)
	facts()
	s.lit(`,"id":`)
	w.ID = EventID(s.str())
	s.lit(`,"kind":`)
	w.Kind = s.str()
	s.lit(`,"nonce":`)
	w.Nonce = s.str()
	s.lit(`,"rows":`)
	rows()
	s.lit(`,"schema":"` + Schema + `","stream":`)
	w.Stream = s.str()
	s.lit(`,"values":`)
	values()
	s.lit(`,"version":`)
	w.Version = s.number()
	s.lit(`}`)
	return w
}

// whole reads an entry with everything that it holds.
func (s *scanner) whole() wireEntry {
	var in wireEntry
	w := s.entry(
		func() { in.Causes = list(s, func() EventID { return EventID(s.str()) }) },
		func() { in.Facts = s.facts() },
		func() { in.Rows = list(s, s.row) },
		func() { in.Values = list(s, s.value) })
	w.Causes, w.Facts, w.Rows, w.Values = in.Causes, in.Facts, in.Rows, in.Values
	return w
}

func (s *scanner) row() (r RowCommitment) {
	s.lit(`{"c":`)
	r.Commitment = s.commitment()
	s.lit(`,"id":`)
	r.ID = s.str()
	s.lit(`,"table":`)
	r.Table = s.str()
	s.lit(`}`)
	return r
}

func (s *scanner) value() (v ValueCommitment) {
	s.lit(`{"name":`)
	v.Name = s.str()
	if s.skip(`,"new":`) {
		c := s.commitment()
		v.New = &c
	}
	if s.skip(`,"old":`) {
		c := s.commitment()
		v.Old = &c
	}
	s.lit(`}`)
	return v
}

func (s *scanner) facts() map[string]string {
	s.lit(`{`)
	facts := map[string]string{}
	for last := ""; s.err == nil && !s.skip(`}`); {
		if len(facts) > 0 {
			s.lit(`,`)
		}
		key := s.str()
		if len(facts) > 0 && key <= last {
			s.fail("facts out of order or repeated")
		}
		s.lit(`:`)
		facts[key], last = s.str(), key
	}
	return facts
}

// list reads an array; an empty one gives an empty slice, never nil.
func list[T any](s *scanner, item func() T) []T {
	s.lit(`[`)
	out := []T{}
	for s.err == nil && !s.skip(`]`) {
		if len(out) > 0 {
			s.lit(`,`)
		}
		out = append(out, item())
	}
	return out
}

func (s *scanner) commitment() (c Commitment) {
	if err := c.UnmarshalText([]byte(s.str())); err != nil {
		s.fail("%v", err)
	}
	return c
}

// str reads a string of printable ASCII, in which only quote and backslash are
// escaped. SPEC: RFC 8785 §3.2.2.2.
func (s *scanner) str() string {
	s.lit(`"`)
	start, escaped := s.at, false
	for s.err == nil {
		s.at += plain(s.text[s.at:])
		if s.at == len(s.text) {
			break
		}
		switch s.text[s.at] {
		case '"':
			s.at++
			return unescape(s.text[start:s.at-1], escaped)
		case '\\':
			escaped = true
			if s.at++; s.at == len(s.text) || (s.text[s.at] != '"' && s.text[s.at] != '\\') {
				s.fail("an escape that is not needed")
			}
			s.at++
		default:
			s.fail("a character that is not printable ASCII")
		}
	}
	s.fail("a string without an end")
	return ""
}

// plain is how many bytes of printable ASCII that need no escape text begins with. It
// looks at eight at a time: most of an entry is such text.
func plain(text string) (n int) {
	const each, top = 0x0101010101010101, 0x8080808080808080
	for ; len(text)-n >= 8; n += 8 {
		t := text[n : n+8]
		w := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		quote, slash, del := w^'"'*each, w^'\\'*each, w^0x7f*each
		// A byte's top bit is set where it is under 0x20, over 0x7f, or one of the three;
		// only bytes behind such a one may have it set for nothing.
		other := (w | (w - 0x20*each) | (quote-each)&^quote | (slash-each)&^slash | (del-each)&^del) & top
		if other != 0 {
			return n + bits.TrailingZeros64(other)/8
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return n
		}
	}
	return n
}

func unescape(text string, escaped bool) string {
	if !escaped {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// number reads an integer from 0 to maxNumber without leading zeroes.
func (s *scanner) number() (n int64) {
	start := s.at
	for ; s.err == nil && s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		if c < '0' || c > '9' {
			break
		}
		if n = n*10 + int64(c-'0'); n > maxNumber {
			s.fail("a number over 2^53-1")
			return 0
		}
	}
	if s.at == start || (s.at > start+1 && s.text[start] == '0') {
		s.fail("no number in canonical form")
	}
	return n
}

// lit takes exactly this text.
func (s *scanner) lit(text string) {
	if !s.skip(text) {
		s.fail("%s is missing", text)
	}
}

// skip takes this text if it comes next.
func (s *scanner) skip(text string) bool {
	if s.err != nil || !strings.HasPrefix(s.text[s.at:], text) {
		return false
	}
	s.at += len(text)
	return true
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("byte %d: %s", s.at, fmt.Sprintf(format, args...))
	}
}
