package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// refScanner reads of an entry what the checks of order need, and refuses what
// ParseEntry refuses, no more and no less: a fuzz target compares the two. It
// keeps its memory from entry to entry, since a verifier reads millions.
type refScanner struct {
	scanner
	rows   [][2]string // table and id
	values []string    // names
	ids    []EventID
}

// ref reads an entry.
func (s *refScanner) ref(text string) (eventRef, error) {
	w, at, err := s.read(text, s.skipFacts, s.skipValue)
	if err != nil {
		return eventRef{}, err
	}
	stream := sha256.Sum256([]byte(w.Stream))
	ref := eventRef{id: quickUUID(w.ID), version: w.Version, at: at, epoch: w.Epoch, marked: w.Kind == KindEpochBegun || w.Kind == KindLossAcknowledged, causes: make([][16]byte, len(s.ids))}
	copy(ref.stream[:], stream[:])
	for i, c := range s.ids {
		ref.causes[i] = quickUUID(c)
	}
	return ref, nil
}

// read reads an entry, its facts and each of its values as the caller does.
func (s *refScanner) read(text string, facts, value func()) (w wireEntry, at time.Time, err error) {
	if len(text) > MaxEntry {
		return w, at, fmt.Errorf("entry of %d bytes is over the limit of %d", len(text), MaxEntry)
	}
	s.scanner = scanner{text: text}
	s.rows, s.values, s.ids = s.rows[:0], s.values[:0], s.ids[:0]
	w = s.entry(
		func() { s.each(func() { s.ids = append(s.ids, EventID(s.str())) }) },
		facts,
		func() { s.each(s.skipRow) },
		func() { s.each(value) })
	if s.err == nil && s.at != len(s.text) {
		s.fail("data after the end")
	}
	if s.err != nil {
		return w, at, fmt.Errorf("entry: not in canonical form: %w", s.err)
	}
	w.Causes = s.ids
	if err = w.check(); err == nil {
		err = s.names()
	}
	if err == nil {
		at, err = quickTime(w.At)
	}
	if err != nil {
		return w, at, fmt.Errorf("entry: %w", err)
	}
	return w, at, nil
}

// each reads an array.
func (s *refScanner) each(item func()) {
	s.lit(`[`)
	for n := 0; s.err == nil && !s.skip(`]`); n++ {
		if n > 0 {
			s.lit(`,`)
		}
		item()
	}
}

func (s *refScanner) skipFacts() {
	s.lit(`{`)
	last := ""
	for n := 0; s.err == nil && !s.skip(`}`); n++ {
		if n > 0 {
			s.lit(`,`)
		}
		key := s.str()
		if n > 0 && key <= last {
			s.fail("facts out of order or repeated")
		}
		s.lit(`:`)
		s.str()
		last = key
	}
}

func (s *refScanner) skipRow() {
	s.lit(`{"c":`)
	s.skipCommitment()
	s.lit(`,"id":`)
	id := s.str()
	s.lit(`,"table":`)
	s.rows = append(s.rows, [2]string{s.str(), id})
	s.lit(`}`)
}

func (s *refScanner) skipValue() {
	s.lit(`{"name":`)
	s.values = append(s.values, s.str())
	if s.skip(`,"new":`) {
		s.skipCommitment()
	}
	if s.skip(`,"old":`) {
		s.skipCommitment()
	}
	s.lit(`}`)
}

// isBase64URL has the value of each digit of unpadded base64url, plus one.
var isBase64URL = digits("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

// skipCommitment takes 32 bytes in unpadded base64url, whose last digit has two
// loose bits, which must be zero. SPEC: RFC 4648 §3.5.
func (s *refScanner) skipCommitment() {
	text := s.str()
	ok := len(text) == 43
	for i := 0; ok && i < len(text); i++ {
		ok = isBase64URL[text[i]] != 0
	}
	if !ok || (isBase64URL[text[42]]-1)&3 != 0 {
		s.fail("a commitment is 32 bytes in unpadded base64url")
	}
}

// names is wireEntry.checkNames, over what was kept.
func (s *refScanner) names() error {
	for i, r := range s.rows {
		if r[0] == "" || r[1] == "" || strings.Contains(r[0], "/") {
			return errors.New("a row has a table without a slash and an id")
		}
		if slices.Contains(s.rows[:i], r) {
			return fmt.Errorf("row %s of table %s is there twice: give it once, as the step left it", r[1], r[0])
		}
	}
	for i, v := range s.values {
		if slices.Contains(s.values[:i], v) {
			return fmt.Errorf("value %q is there twice", v)
		}
	}
	return nil
}

// quickTime is parseTime for the one form that it accepts.
func quickTime(s string) (time.Time, error) {
	const form = "0000-00-00T00:00:00.000000Z"
	bad := errors.New("a time is UTC with microseconds, years 0 to 9999")
	if len(s) != len(form) {
		return time.Time{}, bad
	}
	var parts [7]int // year to microsecond
	part := 0
	for i := range len(form) {
		switch c := s[i]; {
		case form[i] != '0':
			if c != form[i] {
				return time.Time{}, bad
			}
			part++
		case c < '0' || c > '9':
			return time.Time{}, bad
		default:
			parts[part] = parts[part]*10 + int(c-'0')
		}
	}
	month, day := parts[1], parts[2]
	if month < 1 || month > 12 || day < 1 || parts[3] > 23 || parts[4] > 59 || parts[5] > 59 {
		return time.Time{}, bad
	}
	at := time.Date(parts[0], time.Month(month), day, parts[3], parts[4], parts[5], parts[6]*1000, time.UTC)
	if at.Day() != day { // the month has no such day
		return time.Time{}, bad
	}
	return at, nil
}

// quickUUID reads an id that isUUID has let through.
func quickUUID(id EventID) (b [16]byte) {
	n := 0
	for i := range b {
		if n == 8 || n == 13 || n == 18 || n == 23 { // hyphens
			n++
		}
		b[i] = (hexDigit[id[n]]-1)<<4 | (hexDigit[id[n+1]] - 1)
		n += 2
	}
	return b
}
