// Package personal holds the types of personal data. A value of these types
// cannot reach a log, a trace or an error text by accident: String, LogValue,
// MarshalText and the %v family all print a keyed hash, with which two lines
// about the same person can be joined inside one process but nobody can be found.
//
// Invariants:
//   - the value comes out only through Reveal, which is easy to search for;
//   - the hash key is random per process unless SetKey was called at start.
package personal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
)

var key atomic.Pointer[[]byte]

func init() {
	k := make([]byte, 32)
	rand.Read(k)
	key.Store(&k)
}

// SetKey sets the key under which personal data are hashed for logs, so that
// lines of several replicas can be joined. It is called once, at start.
func SetKey(k []byte) {
	c := append([]byte(nil), k...)
	key.Store(&c)
}

func masked(kind, value string) string {
	m := hmac.New(sha256.New, *key.Load())
	m.Write([]byte(kind + "\x00" + value))
	return kind + ":" + hex.EncodeToString(m.Sum(nil)[:6])
}

// Phone is a telephone number in E.164 form ("+" and up to 15 digits).
type Phone struct{ e164 string }

// NewPhone wraps an E.164 number; it does not check the form.
func NewPhone(e164 string) Phone { return Phone{e164} }

// Reveal gives the number.
func (p Phone) Reveal() string { return p.e164 }

// String gives a keyed hash.
func (p Phone) String() string { return masked("phone", p.e164) }

// GoString gives a keyed hash for %#v.
func (p Phone) GoString() string { return p.String() }

// LogValue gives a keyed hash.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText gives a keyed hash, so that no JSON encoder leaks the number.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Format gives a keyed hash under every verb.
func (p Phone) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// Addr is an IP address of a person's connection.
type Addr struct{ addr netip.Addr }

// NewAddr wraps an address; an IPv4-mapped IPv6 address becomes its IPv4 form.
func NewAddr(a netip.Addr) Addr { return Addr{a.Unmap()} }

// Reveal gives the address.
func (a Addr) Reveal() netip.Addr { return a.addr }

// String gives a keyed hash.
func (a Addr) String() string { return masked("ip", a.addr.String()) }

// GoString gives a keyed hash for %#v.
func (a Addr) GoString() string { return a.String() }

// LogValue gives a keyed hash.
func (a Addr) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText gives a keyed hash, so that no JSON encoder leaks the address.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Format gives a keyed hash under every verb.
func (a Addr) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.String()) }

// Text is any other personal data: a name, a username, an e-mail address, a
// target's identifier as it was typed, or free text that may hold some.
type Text struct{ text string }

// NewText wraps a text.
func NewText(s string) Text { return Text{s} }

// Reveal gives the text.
func (t Text) Reveal() string { return t.text }

// Empty tells whether there is nothing.
func (t Text) Empty() bool { return t.text == "" }

// String gives a keyed hash.
func (t Text) String() string { return masked("text", t.text) }

// GoString gives a keyed hash for %#v.
func (t Text) GoString() string { return t.String() }

// LogValue gives a keyed hash.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText gives a keyed hash, so that no JSON encoder leaks the text.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Format gives a keyed hash under every verb.
func (t Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }
