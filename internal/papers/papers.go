// Package papers examines documents of orders before anybody sees them: a
// scanner looks for what is harmful, the electronic signatures are judged, and
// the result is put on record once.
//
// Invariants:
//   - where a scanner is configured, nobody opens a document that it has not
//     called clean: while it is out of reach the document waits, and is examined
//     when the scanner is back;
//   - what the scanner found harmful is opened by nobody, stands in the register
//     of fraud, and holds its case, all in one transaction;
//   - an examination is written once and never changed.
package papers

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/requests/malware"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
)

// What the scanner said of a document.
const (
	NotScanned = "none" // no scanner was configured when it was examined
	Clean      = "clean"
	Harmful    = "found"
)

// Examination is what was found out about a document.
type Examination struct {
	ID         requests.DocumentID
	Agency     identity.AgencyID
	Scan       string
	Engine     string // clamd, icap
	Malware    string // the scanner's name of it
	Signing    pades.Result
	Signatures []pades.Signature
	Anchors    int // of the agency's country, on file at that time
	Revisions  int // 1, and one more for each change appended to the file
	Pictures   []string
	At         time.Time
	EventID    audit.EventID
}

// Store keeps examinations.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Examination gives a document's, ok false where there is none yet.
	Examination(ctx context.Context, id requests.DocumentID) (e Examination, ok bool, err error)
	// Unexamined lists documents since a time that have none, the oldest first.
	Unexamined(ctx context.Context, since time.Time, most int) ([]requests.Document, error)
}

// Agencies knows the agencies on file.
type Agencies interface {
	// AgencyByID gives an agency, or NotFound.
	AgencyByID(ctx context.Context, id identity.AgencyID) (identity.Agency, error)
}

// Register is where harmful documents are told to those who look for fraud.
type Register interface {
	// Refused is the part for a file that was refused at the door.
	Refused(ctx context.Context, agency identity.AgencyID, file string, because audit.EventID) change.Part
	// Harmful gives the parts for a document that was taken before: the register,
	// and the hold of its case.
	Harmful(ctx context.Context, d requests.Document, because audit.EventID) ([]change.Part, error)
}

// Config is what a Service is made of.
type Config struct {
	Store    Store
	Blobs    requests.Blobs
	Agencies Agencies
	Register Register
	Scanner  malware.Scanner // nil: none is configured
	Trust    *pades.Store    // nil: no anchors
	Drawer   Drawer          // nil: pages are not compared
	NewID    func() string
	Now      func() time.Time
}

// Service examines documents.
type Service struct {
	Config
	proven atomic.Int64 // Unix seconds: when the scanner last recognised the test file
}

// New makes a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

// Admit looks at a file that an officer sends: harmful is refused at once and
// told to the register. A scanner that is out of reach lets it in, to wait.
func (s *Service) Admit(ctx context.Context, agency identity.AgencyID, data []byte) (err error) {
	defer fault.Wrap(&err, "papers.Admit")
	if s.Scanner == nil {
		return nil
	}
	v, err := s.scan(ctx, data)
	switch {
	case fault.KindOf(err) == fault.Unavailable && ctx.Err() == nil:
		return nil
	case err != nil || !v.Found:
		return err
	}
	file := s.NewID()
	e := change.Event(ctx, s.now(), "document.refused", "refused:"+file, 1)
	e.Facts["code"], e.Facts["engine"], e.Facts["agency"] = "malware", v.Engine, string(agency)
	parts := []change.Part{{Event: e}, s.Register.Refused(system(ctx), agency, file, e.ID)}
	if err := s.Store.Commit(system(ctx), change.Set{Parts: parts}); err != nil {
		return err
	}
	return fault.Because(fault.Invalid, &orderdoc.Refusal{Code: "malware"},
		"Our scanner recognised harmful software in this file, so it was not kept. Have your computer examined, then print the order to PDF anew on another one and send the result.")
}

// Examine gives a document's examination, and makes it the first time.
func (s *Service) Examine(ctx context.Context, d requests.Document) (e Examination, err error) {
	defer fault.Wrap(&err, "papers.Examine(%s)", d.ID)
	ctx = system(ctx)
	e, ok, err := s.Store.Examination(ctx, d.ID)
	if err != nil || ok {
		return e, err
	}
	pdf, err := requests.ReadDocument(ctx, s.Blobs, d)
	switch {
	case fault.KindOf(err) == fault.NotFound: // gone from the store: nobody opens it, and no sweep need try again
		e = Examination{ID: d.ID, Agency: d.Agency, Scan: NotScanned, At: s.now()}
	case err != nil:
		return e, err
	default:
		if e, err = s.look(ctx, d, pdf); err != nil {
			return e, err
		}
	}
	err = s.record(ctx, d, &e)
	if fault.KindOf(err) == fault.Conflict { // somebody else examined it at the same time
		e, _, err = s.Store.Examination(ctx, d.ID)
	}
	return e, err
}

// MayOpen tells whether people may see a document's pages.
func (s *Service) MayOpen(ctx context.Context, d requests.Document) error {
	e, err := s.Examine(ctx, d)
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		return fault.Because(fault.Unavailable, err, "This document waits for the malware scanner, which is out of reach. Nobody can open it until it was examined; that happens by itself.")
	case err != nil:
		return err
	case e.Scan == Harmful:
		return fault.New(fault.Gate, "Harmful software was found in this document. Nobody can open it. Another copy of it has to be sent.")
	}
	return nil
}

// Signing gives the result of a document's signatures as the law names it, ""
// where there are none or where they were not judged yet.
func (s *Service) Signing(ctx context.Context, d requests.Document) (string, error) {
	e, ok, err := s.Store.Examination(system(ctx), d.ID)
	if err != nil || !ok {
		return "", err
	}
	return string(e.Signing), nil
}

// Found gives what was found out about a document, ok false where it waits.
func (s *Service) Found(ctx context.Context, d requests.Document) (e Examination, ok bool, err error) {
	return s.Store.Examination(system(ctx), d.ID)
}

// WriteSignatures and ReadSignatures keep signatures in one column.
func WriteSignatures(list []pades.Signature) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// ReadSignatures undoes WriteSignatures.
func ReadSignatures(text string) (list []pades.Signature) {
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	return list
}
