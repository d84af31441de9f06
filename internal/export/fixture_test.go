package export

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/tsp"
	"lerd/internal/export/verify"
	"lerd/internal/personal"
)

var now = time.Now().UTC().Truncate(time.Second)

// desk is everything that an export needs around it.
type desk struct {
	t      testing.TB
	maker  *Maker
	pki    *demopki.PKI
	signer cms.Signer
	tsa    *tsp.Authority
	logKey string // private
	vkey   string
	to     demopki.Entity
	crls   [][]byte // as they lie ready for a release
}

const origin = "log.example/lerd"

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, maker: &Maker{Dir: t.TempDir(), Now: func() time.Time { return now }, Rand: rand.Reader, Version: "v0.0.0-test"}}
	o := demopki.Options{Organisation: "Example", URL: "http://127.0.0.1/.well-known/lerd", Now: now}
	var err error
	d.pki, err = demopki.New(o)
	d.must(err)
	d.signer, err = d.pki.Signer()
	d.must(err)
	ts, err := d.pki.TSASigner()
	d.must(err)
	d.tsa = &tsp.Authority{Signer: ts, Now: d.maker.Now, Rand: rand.Reader}
	d.crls, err = d.pki.CRLs(now)
	d.must(err)
	d.logKey, d.vkey, err = audit.GenerateKey(rand.Reader, origin)
	d.must(err)
	o.Organisation = "Agency"
	d.to, err = d.pki.Recipient(o, false)
	d.must(err)
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

const eventID = "5f0c3b56-5a3e-4c0f-9d9b-0a1b2c3d4e5f"

func (d *desk) content(phones, ips int) Content {
	at := func(h int) time.Time { return time.Date(2026, 1, 2, h, 0, 0, 0, time.UTC) }
	return Content{
		Header: Header{ExportID: "EXP-2026-000123", GeneratedAt: now, Result: "data",
			Controller: Controller{Name: "Example Messenger Ltd", Address: "1 Street, Dublin", Contact: "legal@example.com"},
			Agency:     Agency{ID: "ag-1", Name: "Polizei Köln", Country: "DE", CaseRef: "123 Js 4/26", OfficerRole: "investigator"},
			Request: Request{Ref: "REQ-2026-7", ReceivedAt: at(1), Instrument: "EU-EPOC-S", LegalBasis: "Art. 5 (EU) 2023/1543",
				IssuingAuthority: "AG Köln", OrderSHA256: hexOf(sha256.Sum256([]byte("order"))), ScopeRequested: "subscriber and access data"},
			Copy:     Copy{Ordinal: 1, RecipientRole: "officer", Recipient: "9f3c", RecipientName: "Erika Muster"},
			Outcomes: outcomes(at(0)), Custody: steps(at(1), "S-1"),
			RuleViolations: []RuleViolation{{SubjectRef: "S-1", RuleID: "R-7", DecisionID: "D-1", DecidedAt: at(2),
				ConfirmedByRoles: [2]string{"trust_and_safety", "trust_and_safety"}}},
			Minimisation:  Minimisation{StatementID: "M-1", Text: "Only the approved period.", RecordsExamined: int64(phones + ips + 3)},
			Approvals:     []Approval{{Role: "approver", Decision: "approve", At: at(3), KeyID: "k-1"}},
			SourceSystems: []SourceSystem{{Name: "accounts", Version: "12", ClockSource: "NTP", MaxClockErrorMS: 5, PrecisionUS: 1000}},
			Limitations:   []string{"Records older than one year are not held."},
			Audit:         AuditRef{LogOrigin: origin, EventID: eventID}},
		Derivations: []Derivation{{QueryID: "q-1", QuerySHA256: hexOf(sha256.Sum256([]byte("q"))), OperatorRole: "system", System: "accounts"}},
		Phones:      somePhones(phones), IPs: someIPs(ips), Signer: NameSigner(d.signer),
		Certificate: Certificate{Forms: []string{FormUS11, FormUS13, FormUS14}, Employer: "Example Messenger Ltd", System: []string{"Each login is written when it happens."}},
		Roots:       [][]byte{d.pki.Root.Cert.Raw, d.pki.TSARoot.Cert.Raw}, PublishedAt: "https://example.com/.well-known/lerd/",
	}
}

func somePhones(n int) iter.Seq2[PhoneRecord, error] {
	return func(yield func(PhoneRecord, error) bool) {
		for i := range n {
			p := PhoneRecord{RecordID: fmt.Sprintf("P-%06d", i), RequestRef: "REQ-2026-7", SubjectRef: "S-1", AccountID: "a-77",
				Phone: personal.NewPhone(fmt.Sprintf("+4930%07d", i)), Status: "verified", VerifiedAt: Held(now.Add(-time.Hour), 0),
				ValidFrom: Held(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 3), Current: Yes,
				SourceSystem: "accounts", SourceRecordID: fmt.Sprint("r:", i), RetrievedAt: Held(now, 6), QueryID: "q-1"}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// names gives texts of numbered rows, made for many rows at once: what a fixture
// spends must not show in what a release takes.
type names struct {
	write func(b []byte, i int) []byte
	buf   []byte
	text  string
	ends  []int
	next  int
}

const rowsAtOnce = 512

func (n *names) of(i int) string {
	at := i % rowsAtOnce
	if at == 0 {
		n.buf, n.ends = n.buf[:0], n.ends[:0]
		for k := range rowsAtOnce {
			n.buf = n.write(n.buf, i+k)
			n.ends = append(n.ends, len(n.buf))
		}
		n.text, n.next = string(n.buf), 0
	}
	from := n.next
	n.next = n.ends[at]
	return n.text[from:n.next]
}

func someIPs(n int) iter.Seq2[IPRecord, error] {
	base := time.Date(2026, 1, 2, 3, 4, 5, 77e6, time.UTC)
	return func(yield func(IPRecord, error) bool) {
		ids := names{write: func(b []byte, i int) []byte { return strconv.AppendInt(append(b, "I-"...), int64(1e9+i), 10) }}
		sources := names{write: func(b []byte, i int) []byte { return strconv.AppendInt(append(b, "e:"...), int64(i*17), 10) }}
		sessions := names{write: func(b []byte, i int) []byte {
			return strconv.AppendUint(append(b, "s-"...), (uint64(i)+1)*0x9e3779b97f4a7c15, 16)
		}}
		r := IPRecord{RequestRef: "REQ-2026-7", SubjectRef: "S-1", AccountID: "a-77", EventType: "login", Transport: "tcp",
			SessionType: "mobile", SourceSystem: "edge", RetrievedAt: Held(now, 6), QueryID: "q-1"}
		for i := range n {
			r.RecordID, r.SourceRecordID, r.SessionID = ids.of(i), sources.of(i), sessions.of(i)
			r.EventTime = Held(base.Add(time.Duration(i)*1009*time.Millisecond), 3)
			r.Addr, r.SharedOrProxied = personal.NewAddr(netip.AddrFrom4([4]byte{203, 0, byte(i >> 8 * 37), byte(i * 31)})), NotHeld
			r.SourcePort = uint16(i*7919%65535) + 1
			if i%3 == 0 {
				r.Addr = personal.NewAddr(netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 12: byte(i >> 8), 13: byte(i), 15: 1}))
				r.SourcePort, r.SharedOrProxied = 0, No
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// log appends one event to a log of its own and gives its proof: the seal is the
// second entry, the release the third.
func (d *desk) log(kind string, facts map[string]string) Proof {
	d.t.Helper()
	id := audit.EventID(eventID)
	if kind == KindReleased {
		id = "6f0c3b56-5a3e-4c0f-9d9b-0a1b2c3d4e5f"
	}
	e := audit.Event{ID: id, Stream: "export:EXP-2026-000123", Version: 1, Kind: kind, At: now,
		Actor: audit.Actor{Person: "system", Role: "system"}, Facts: facts}
	var nonce audit.Nonce
	var salt audit.Salt
	entry, err := e.Seal(nonce, salt)
	d.must(err)
	sibling := audit.LeafHash([]byte("another entry"))
	leaf := audit.LeafHash(entry)
	signer, err := audit.NewSigner(d.logKey)
	d.must(err)
	n := uint64(1)
	if kind == KindReleased {
		n, sibling = 2, audit.NodeHash(sibling, sibling)
	}
	c := audit.Checkpoint{Origin: origin, Size: n + 1, Root: audit.NodeHash(sibling, leaf)}
	signed, err := c.Sign(signer)
	d.must(err)
	p := audit.Proof{Index: n, Hashes: []audit.Hash{sibling}, Checkpoint: signed}
	return Proof{Entry: entry, Text: p.Format(), Keys: []byte(d.vkey + "\n")}
}

func (d *desk) sealRequest(p Prepared) SealRequest {
	d.t.Helper()
	proof := d.log(KindSealed, map[string]string{FactExport: p.ExportID, FactContents: hexOf(p.ExportJSONSHA256)})
	return SealRequest{Prepared: p, Proof: proof, Signer: d.signer, TSA: d.tsa,
		TSAChain: []*x509.Certificate{d.pki.TSA.Cert, d.pki.TSARoot.Cert}, CRLs: slices.Clone(d.crls)}
}

func (d *desk) seal(phones, ips int) Sealed {
	d.t.Helper()
	p, err := d.maker.Prepare(context.Background(), d.content(phones, ips))
	d.must(err)
	s, err := d.maker.Seal(context.Background(), d.sealRequest(p))
	d.must(err)
	return s
}

// clear puts the container and its sidecars into a folder of their own, as an
// agency has them after decryption, and gives the container's path.
func (d *desk) clear(s Sealed) string {
	d.t.Helper()
	dir := d.t.TempDir()
	h, err := d.maker.openContainer(s.ExportID)
	d.must(err)
	defer h.Close()
	out, err := os.Create(filepath.Join(dir, s.Container))
	d.must(err)
	_, err = io.Copy(out, h.reader())
	d.must(errors.Join(err, out.Close()))
	for _, name := range []string{s.Signature, s.TimeStamp, s.ExportID + ".tlog-proof", s.ExportID + ".released.json"} {
		if b, err := os.ReadFile(filepath.Join(d.maker.Dir, name)); err == nil && name != "" {
			d.must(os.WriteFile(filepath.Join(dir, name), b, 0o600))
		}
	}
	return filepath.Join(dir, s.Container)
}

func (d *desk) roots() []*x509.Certificate {
	return []*x509.Certificate{d.pki.Root.Cert, d.pki.TSARoot.Cert}
}

func (d *desk) encryptRequest(s Sealed) EncryptRequest {
	return EncryptRequest{Sealed: s, Recipients: []*x509.Certificate{d.to.Cert}, Roots: d.roots(), LogKeys: []string{d.vkey}}
}

func (d *desk) verify(path string) verify.Report {
	d.t.Helper()
	r, err := verify.Verify(context.Background(), path, verify.Options{Roots: d.roots(), LogKeys: []string{d.vkey}, Now: now,
		Cert: d.to.Cert, Key: d.to.Key})
	d.must(err)
	return r
}

func show(t testing.TB, r verify.Report) {
	t.Helper()
	r.Print(os.Stderr)
}

// outcomes approves a year of both categories of one subject.
func outcomes(from time.Time) (out []Outcome) {
	for _, category := range []string{CategoryPhone, CategoryIP} {
		p := Period{From: from, To: from.AddDate(1, 0, 0)}
		out = append(out, Outcome{SubjectRef: "S-1", Category: category, Asked: p, Applied: &p, Decision: DecisionApproved})
	}
	return out
}

// steps is a chain of custody in which each violation was confirmed by two.
func steps(at time.Time, subjects ...string) []Custody {
	sum := hexOf(sha256.Sum256([]byte("records")))
	out := []Custody{{At: at, Action: "received", Role: "officer", By: "9f3c", Object: "order", Event: "0a1b2c3d-5a3e-4c0f-9d9b-0a1b2c3d4e5f", Why: "submitted"},
		{At: at, Action: "decided", Role: "reviewer", By: "17aa", Object: "request", Why: "reviewed"}}
	for _, s := range subjects {
		for _, by := range []string{"c1c1", "c2c2"} {
			out = append(out, Custody{At: at, Action: "confirmed", Role: "confirmer", By: by, Object: "finding about " + s, Why: "violation of rule R-7"})
		}
	}
	return append(out, Custody{At: at, Action: "retrieved", Role: "system", By: "lerd", Object: "records", SHA256: sum, Why: "read once"},
		Custody{At: at.Add(time.Minute), Action: "approved", Role: "approver", By: "a0a0", Object: "records", SHA256: sum, Why: "seen row by row"},
		Custody{At: at.Add(time.Minute), Action: "sealed", Role: "system", By: "lerd", Object: "data/export.json", Event: eventID, Why: "committed to"},
		Custody{At: at.Add(time.Minute), Action: "granted", Role: "officer", By: "9f3c", Object: "copy 1", Why: "sealed for this person"})
}
