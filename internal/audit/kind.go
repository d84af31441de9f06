package audit

import "bytes"

// KindOf gives the kind of an entry in canonical form without reading the rest.
// Of anything else it gives something or nothing; ParseEntry judges what is kept.
func KindOf(entry []byte) []byte {
	if kind, ok := kindAhead(entry); ok {
		return kind
	}
	return kindBehind(entry)
}

// kindBehind looks from the end: after the kind there is no key of that name, and
// no string holds a quote that is not escaped.
func kindBehind(entry []byte) []byte {
	at := bytes.LastIndex(entry, []byte(`,"kind":"`))
	if at < 0 {
		return nil
	}
	rest := entry[at+len(`,"kind":"`):]
	if end := bytes.IndexByte(rest, '"'); end >= 0 {
		return rest[:end]
	}
	return nil
}

// kindAhead goes from quote to quote over what lies before the kind, which is
// several times quicker: most of an entry lies behind it. It gives up where a string
// has an escape.
func kindAhead(entry []byte) (kind []byte, ok bool) {
	s := skipper{rest: entry}
	s.over(`{"actor":{"person":"`, `,"role":"`, `,"session":"`)
	s.fixed(`},"at":"`, len(TimeLayout))
	s.lit(`,"causes":[`)
	for s.next('"') {
		s.str()
		s.next(',')
	}
	s.lit(`],"epoch":`)
	for len(s.rest) > 0 && s.rest[0] >= '0' && s.rest[0] <= '9' {
		s.rest = s.rest[1:]
	}
	s.lit(`,"facts":{`)
	for s.next('"') {
		s.str()
		s.lit(`:"`)
		s.str()
		s.next(',')
	}
	s.lit(`}`)
	s.fixed(`,"id":"`, len(Nonce{})*2+4) // a UUID
	s.lit(`,"kind":"`)
	kind = s.str()
	passed := entry[:len(entry)-len(s.rest)]
	return kind, !s.lost && bytes.IndexByte(passed, '\\') < 0
}

// skipper goes over the parts of an entry that has no escapes, until one is not
// where it should be.
type skipper struct {
	rest []byte
	lost bool
}

// lit passes over this text.
func (s *skipper) lit(text string) {
	if len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		s.rest, s.lost = nil, true
		return
	}
	s.rest = s.rest[len(text):]
}

// over passes over strings, each behind a text that ends in its quote.
func (s *skipper) over(texts ...string) {
	for _, text := range texts {
		s.lit(text)
		s.str()
	}
}

// fixed passes over a string of n bytes behind a text that ends in its quote.
func (s *skipper) fixed(text string, n int) {
	s.lit(text)
	if len(s.rest) <= n || s.rest[n] != '"' {
		s.rest, s.lost = nil, true
		return
	}
	s.rest = s.rest[n+1:]
}

// next passes over one byte, if it comes next.
func (s *skipper) next(b byte) bool {
	if len(s.rest) == 0 || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// str passes over a string and its last quote.
func (s *skipper) str() []byte {
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 {
		s.rest, s.lost = nil, true
		return nil
	}
	text := s.rest[:end]
	s.rest = s.rest[end+1:]
	return text
}
