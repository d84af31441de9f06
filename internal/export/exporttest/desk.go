// Package exporttest makes whole bundles to test with.
//
// Invariant: a bundle is made with export.Maker under a demonstration
// hierarchy and a log of its own, step by step as the exporter goes, so that
// what holds here holds there.
package exporttest

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/export"
	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/ocsp"
	"lerd/internal/export/ocsp/ocsphttp"
	"lerd/internal/export/tsp"
	"lerd/internal/personal"
)

// Origin is the name of every log made here.
const Origin = "log.example/lerd"

// ExportID is the id of every bundle made here.
const ExportID = "EXP-2026-000123"

const sealingEvent = "5f0c3b56-5a3e-4c0f-9d9b-0a1b2c3d4e5f"

// Desk is everything that an export needs around it. Fields may be changed
// between the steps.
type Desk struct {
	Maker  *export.Maker
	PKI    *demopki.PKI
	Signer cms.Signer
	PSS    bool
	TSA    export.TSA
	LogKey string // verifier key of the log
	Agency demopki.Entity
	OCSP   *ocsp.Client // asked in place of lists; nil: lists

	t      testing.TB
	now    time.Time
	logKey string // private
}

// New makes a desk with its own folder, hierarchy and log.
func New(t testing.TB, o demopki.Options) *Desk {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = time.Now().UTC().Truncate(time.Second)
	}
	o.Organisation, o.URL = "Example", "http://127.0.0.1/.well-known/lerd"
	d := &Desk{t: t, now: o.Now}
	d.Maker = &export.Maker{Dir: t.TempDir(), Now: func() time.Time { return d.now }, Rand: rand.Reader, Version: "v0.0.0-test"}
	var err error
	d.PKI, err = demopki.New(o)
	d.must(err)
	d.Signer, err = d.PKI.Signer()
	d.must(err)
	stamper, err := d.PKI.TSASigner()
	d.must(err)
	d.TSA = &tsp.Authority{Signer: stamper, Now: d.Maker.Now, Rand: rand.Reader}
	d.logKey, d.LogKey, err = audit.GenerateKey(rand.Reader, Origin)
	d.must(err)
	d.Agency, err = d.PKI.Recipient(o, false)
	d.must(err)
	return d
}

// NewByOCSP is New with certificates about which a responder is asked: there are
// no revocation lists. Its delegates bear ocsp-nocheck.
func NewByOCSP(t testing.TB, o demopki.Options) (*Desk, *Responder) {
	r := NewResponder(t)
	o.OCSP = r.Server.URL
	d := New(t, o)
	r.PKI, r.Now = d.PKI, d.Maker.Now
	delegates := map[*demopki.Entity]demopki.Entity{}
	for _, authority := range []*demopki.Entity{&d.PKI.Root, &d.PKI.Issuing} { // the time stamps' answers itself
		delegate, err := d.PKI.Responder(demopki.Options{Organisation: "Example", Now: d.now}, authority, true)
		d.must(err)
		delegates[authority] = delegate
	}
	r.By = func(authority *demopki.Entity) demopki.Entity {
		if delegate, ok := delegates[authority]; ok {
			return delegate
		}
		return *authority
	}
	client, err := ocsphttp.Client("")
	d.must(err)
	d.OCSP = &ocsp.Client{Post: ocsphttp.Post(client), Rand: rand.Reader, Now: d.Maker.Now}
	return d, r
}

func (d *Desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// Seal makes a bundle of so many rows, has it encrypted to the desk's agency, and
// gives the path of the container as the agency has it, its sidecars beside.
func (d *Desk) Seal(phones, ips int) (export.Sealed, string) {
	d.t.Helper()
	return d.SealContent(d.Content(phones, ips))
}

// SealContent is Seal of any content.
func (d *Desk) SealContent(c export.Content) (export.Sealed, string) {
	d.t.Helper()
	p, err := d.Maker.Prepare(d.t.Context(), c)
	d.must(err)
	s, err := d.Maker.Seal(d.t.Context(), d.SealRequest(p))
	d.must(err)
	_, file := d.Encrypt(export.EncryptRequest{Sealed: s})
	dir := d.open(file)
	d.must(os.Remove(file))
	d.must(os.Remove(filepath.Join(d.Maker.Dir, "staging", s.ExportID+".released.json"))) // so that it can be encrypted again
	return s, filepath.Join(dir, s.Container)
}

// open decrypts a release set and unpacks it into a folder.
func (d *Desk) open(file string) (dir string) {
	d.t.Helper()
	in, err := os.Open(file)
	d.must(err)
	defer in.Close()
	var plain bytes.Buffer
	_, err = cms.DecryptFile(&plain, in, d.Agency.Cert, d.Agency.Key)
	d.must(err)
	z, err := zip.NewReader(bytes.NewReader(plain.Bytes()), int64(plain.Len()))
	d.must(err)
	dir = d.t.TempDir()
	d.must(os.CopyFS(dir, z))
	return dir
}

// SealRequest is what a bundle is sealed with, level LT.
func (d *Desk) SealRequest(p export.Prepared) export.SealRequest {
	d.t.Helper()
	var crls, answers [][]byte
	var err error
	if d.OCSP == nil {
		crls, err = d.PKI.CRLs(d.now)
	} else {
		answers, err = d.OCSP.Missing(d.t.Context(), d.Links(), nil)
	}
	d.must(err)
	proof := d.Log(export.KindSealed, sealingEvent, map[string]string{export.FactExport: p.ExportID,
		export.FactContents: hex.EncodeToString(p.ExportJSONSHA256[:])})
	return export.SealRequest{Prepared: p, Proof: proof, Signer: d.Signer, PSS: d.PSS, TSA: d.TSA,
		TSAChain: []*x509.Certificate{d.PKI.TSA.Cert, d.PKI.TSARoot.Cert}, CRLs: crls, OCSPs: answers}
}

// Links are what must be known not to be revoked.
func (d *Desk) Links() []ocsp.Link {
	return ocsp.Links([]*x509.Certificate{d.PKI.Seal.Cert, d.PKI.Issuing.Cert, d.PKI.Root.Cert, d.PKI.TSA.Cert, d.PKI.TSARoot.Cert})
}

// Encrypt encrypts what Seal made, to the desk's agency where r names nobody.
func (d *Desk) Encrypt(r export.EncryptRequest) (export.Released, string) {
	d.t.Helper()
	if len(r.Recipients)+len(r.Age) == 0 {
		r.Recipients = []*x509.Certificate{d.Agency.Cert}
	}
	r.Roots, r.LogKeys = d.Roots(), []string{d.LogKey}
	out, err := d.Maker.Encrypt(d.t.Context(), r)
	d.must(err)
	return out, filepath.Join(d.Maker.Dir, out.File)
}

// Roots are those that an agency gets at onboarding.
func (d *Desk) Roots() []*x509.Certificate {
	return []*x509.Certificate{d.PKI.Root.Cert, d.PKI.TSARoot.Cert}
}

// Log appends one event to a log of two entries and gives its proof.
func (d *Desk) Log(kind, id string, facts map[string]string) export.Proof {
	d.t.Helper()
	e := audit.Event{ID: audit.EventID(id), Stream: "export:" + ExportID, Version: 1, Kind: kind, At: d.now,
		Actor: audit.Actor{Person: "system", Role: "system"}, Facts: facts}
	entry, err := e.Seal(audit.Nonce{}, audit.Salt{})
	d.must(err)
	sibling, leaf := audit.LeafHash([]byte("another entry")), audit.LeafHash(entry)
	signer, err := audit.NewSigner(d.logKey)
	d.must(err)
	c := audit.Checkpoint{Origin: Origin, Size: 2, Root: audit.NodeHash(sibling, leaf)}
	signed, err := c.Sign(signer)
	d.must(err)
	p := audit.Proof{Index: 1, Hashes: []audit.Hash{sibling}, Checkpoint: signed}
	return export.Proof{Entry: entry, Text: p.Format(), Keys: []byte(d.LogKey + "\n")}
}

// Content is what the bundle says.
func (d *Desk) Content(phones, ips int) export.Content {
	at := func(h int) time.Time { return time.Date(2026, 1, 2, h, 0, 0, 0, time.UTC) }
	sum := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	return export.Content{
		Header: export.Header{ExportID: ExportID, GeneratedAt: d.now, Result: "data",
			Controller: export.Controller{Name: "Example Messenger Ltd", Address: "1 Street, Dublin", Contact: "legal@example.com"},
			Agency:     export.Agency{ID: "ag-1", Name: "Polizei Köln", Country: "DE", CaseRef: "123 Js 4/26", OfficerRole: "investigator"},
			Request: export.Request{Ref: "REQ-2026-7", ReceivedAt: at(1), Instrument: "EU-EPOC-S", LegalBasis: "Art. 5 (EU) 2023/1543",
				IssuingAuthority: "AG Köln", OrderSHA256: sum("order"), ScopeRequested: "subscriber and access data"},
			Copy:     export.Copy{Ordinal: 1, RecipientRole: "officer", Recipient: "9f3c", RecipientName: "Erika Muster"},
			Outcomes: outcomes(at(0)), Custody: steps(at(1), sum("records")),
			RuleViolations: []export.RuleViolation{{SubjectRef: "S-1", RuleID: "R-7", DecisionID: "D-1", DecidedAt: at(2),
				ConfirmedByRoles: [2]string{"trust_and_safety", "trust_and_safety"}}},
			Minimisation:  export.Minimisation{StatementID: "M-1", Text: "Only the approved period.", RecordsExamined: int64(phones + ips)},
			Approvals:     []export.Approval{{Role: "approver", Decision: "approve", At: at(3), KeyID: "k-1"}},
			SourceSystems: []export.SourceSystem{{Name: "accounts", Version: "12", ClockSource: "NTP", MaxClockErrorMS: 5, PrecisionUS: 1000}},
			Audit:         export.AuditRef{LogOrigin: Origin, EventID: sealingEvent}},
		Derivations: []export.Derivation{{QueryID: "q-1", QuerySHA256: sum("q"), OperatorRole: "system", System: "accounts"}},
		Phones:      d.phones(phones), IPs: d.addresses(ips), Signer: export.NameSigner(d.Signer),
		Certificate: export.Certificate{Employer: "Example Messenger Ltd", System: []string{"Each login is written when it happens."}},
		Roots:       [][]byte{d.PKI.Root.Cert.Raw, d.PKI.TSARoot.Cert.Raw}, PublishedAt: "https://example.com/.well-known/lerd/",
	}
}

// Number is the nth phone number of a bundle, E.164.
func Number(i int) string { return fmt.Sprintf("+4930%07d", i) }

func (d *Desk) phones(n int) iter.Seq2[export.PhoneRecord, error] {
	return func(yield func(export.PhoneRecord, error) bool) {
		for i := range n {
			p := export.PhoneRecord{RecordID: fmt.Sprintf("P-%06d", i), RequestRef: "REQ-2026-7", SubjectRef: "S-1", AccountID: "a-77",
				Phone: personal.NewPhone(Number(i)), Status: "verified", Current: export.Yes,
				SourceSystem: "accounts", SourceRecordID: fmt.Sprint("r:", i), RetrievedAt: export.Held(d.now, 6), QueryID: "q-1"}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (d *Desk) addresses(n int) iter.Seq2[export.IPRecord, error] {
	base := time.Date(2026, 1, 2, 3, 4, 5, 77e6, time.UTC)
	return func(yield func(export.IPRecord, error) bool) {
		for i := range n {
			r := export.IPRecord{RecordID: fmt.Sprintf("I-%09d", i), RequestRef: "REQ-2026-7", SubjectRef: "S-1", AccountID: "a-77",
				EventType: "login", EventTime: export.Held(base.Add(time.Duration(i)*1009*time.Millisecond), 3),
				Addr:       personal.NewAddr(netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)})),
				SourcePort: uint16(i*7919%65535) + 1, Transport: "tcp", SessionID: fmt.Sprintf("s-%x", i), SessionType: "mobile",
				SourceSystem: "edge", SourceRecordID: fmt.Sprintf("e:%d", i), RetrievedAt: export.Held(d.now, 6), QueryID: "q-1"}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// outcomes approves a year of both categories of one subject.
func outcomes(from time.Time) (out []export.Outcome) {
	for _, category := range []string{export.CategoryPhone, export.CategoryIP} {
		p := export.Period{From: from, To: from.AddDate(1, 0, 0)}
		out = append(out, export.Outcome{SubjectRef: "S-1", Category: category, Asked: p, Applied: &p, Decision: export.DecisionApproved})
	}
	return out
}

// steps is a whole chain of custody for one subject.
func steps(at time.Time, sum string) (out []export.Custody) {
	for i, s := range [][4]string{{"received", "officer", "9f3c", "order"}, {"decided", "reviewer", "17aa", "request"}, {"confirmed", "confirmer", "c1c1", "finding about S-1"},
		{"confirmed", "confirmer", "c2c2", "finding about S-1"}, {"retrieved", "system", "lerd", "records"}, {"approved", "approver", "a0a0", "records"},
		{"sealed", "system", "lerd", "data/export.json"}, {"granted", "officer", "9f3c", "copy 1"}} {
		c := export.Custody{At: at.Add(time.Duration(i) * time.Minute), Action: s[0], Role: s[1], By: s[2], Object: s[3], Why: "as the process asks"}
		if s[3] == "records" {
			c.SHA256 = sum
		}
		out = append(out, c)
	}
	return out
}
