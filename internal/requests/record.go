package requests

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"iter"
	"time"

	"lerd/internal/records"
)

// RuleOffence says that a platform rule answers to a class of offence.
type RuleOffence struct {
	Rule    string
	Version int
	Class   string // UNODC ICCS code
}

// Record is one row that leaves: a phone number or an IP address of the
// account of one item. Exactly one of Phone and IP is set; there is no field
// for anything else.
type Record struct {
	Ordinal int // from 1, in the order in which the approver sees them
	Item    ItemID
	Phone   *records.PhoneRow
	IP      *records.IPRow
	// PreservedAt is when a snapshot kept the row that the account data no longer
	// had; zero of a row that was read for the release itself.
	PreservedAt time.Time
}

// Records are the rows of a release in their order, handed to the store beside it. They
// can be gone through more than once.
type Records struct {
	Release ReleaseID
	Rows    iter.Seq2[Record, error]
}

// Category tells what kind of row it is.
func (r Record) Category() Category {
	if r.Phone != nil {
		return PhoneNumber
	}
	return IPAddress
}

// line is a record in the form over which the digest of a release is taken.
type line struct {
	Ordinal   int    `json:"n"`
	Item      ItemID `json:"item"`
	Account   int64  `json:"account"`
	Source    string `json:"source"`
	Phone     string `json:"phone,omitempty"`
	Status    string `json:"status,omitempty"`
	Verified  string `json:"verified,omitempty"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Event     string `json:"event,omitempty"`
	At        string `json:"at,omitempty"`
	IP        string `json:"ip,omitempty"`
	Port      uint16 `json:"port,omitempty"`
	Dest      string `json:"dest,omitempty"`
	DestPort  uint16 `json:"dest_port,omitempty"`
	Transport string `json:"transport,omitempty"`
	Session   string `json:"session,omitempty"`
	Type      string `json:"type,omitempty"`
	First     string `json:"first,omitempty"`
	Last      string `json:"last,omitempty"`
	End       string `json:"end,omitempty"`
	Shared    string `json:"shared,omitempty"`
	Preserved string `json:"preserved,omitempty"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// Line gives the record's canonical line, with a line feed.
func (r Record) Line() []byte {
	l := line{Ordinal: r.Ordinal, Item: r.Item, Preserved: stamp(r.PreservedAt)}
	if p := r.Phone; p != nil {
		l.Account, l.Source, l.Phone, l.Status = int64(p.Account), p.RecordID, p.Phone.Reveal(), string(p.Verification)
		l.Verified, l.From, l.To = stamp(p.VerifiedAt), stamp(p.ValidFrom), stamp(p.ValidTo)
	}
	if i := r.IP; i != nil {
		l.Account, l.Source, l.IP, l.Port = int64(i.Account), i.RecordID, i.Address.Reveal().String(), i.SourcePort
		l.Event, l.At, l.Transport, l.Session, l.Type = string(i.Event), stamp(i.At), string(i.Transport), i.SessionID, string(i.SessionType)
		l.First, l.Last, l.End, l.Shared, l.DestPort = stamp(i.FirstSeen), stamp(i.LastSeen), stamp(i.SessionEnd), string(i.Shared), i.DestinationPort
		if d := i.Destination.Reveal(); d.IsValid() {
			l.Dest = d.String()
		}
	}
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return append(b, '\n')
}

// Digester takes the digest of a release: SHA-256 over its records' lines.
type Digester struct{ h hash.Hash }

// NewDigester begins a digest.
func NewDigester() *Digester { return &Digester{sha256.New()} }

// Add takes the next record.
func (d *Digester) Add(r Record) { d.add(r.Line()) }

// add takes the next record by its line.
func (d *Digester) add(line []byte) { d.h.Write(line) }

// Sum gives the hexadecimal digest.
func (d *Digester) Sum() string { return hex.EncodeToString(d.h.Sum(nil)) }
