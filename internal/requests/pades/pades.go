// Package pades validates the electronic signatures and seals in an order
// document against anchors of trust that the operator has put on file.
//
// Invariants:
//   - "verified" means all of it: the last signature covers the document as it
//     is, its digest and value fit, its certificate leads to an anchor of the
//     agency's country, was good at a time that is proven, and is shown not to
//     be revoked;
//   - "failed" means that something is wrong in a way that no missing anchor or
//     list explains: bytes changed, a range that leaves room, a revoked certificate;
//   - everything else is "unverifiable", and says why;
//   - a document that claims a signature never passes for one that has none.
//
// SPEC: ETSI EN 319 142-1 (PAdES), EN 319 102-1 §5 (validation), ISO 32000-1 §12.8.
package pades

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"lerd/internal/fault"
	"lerd/internal/requests/orderdoc"
)

// Result is what came out, for one signature or for a document.
type Result string

// The results. A document without a signature has none of them.
const (
	None         Result = ""
	Verified     Result = "verified"
	Unverifiable Result = "unverifiable"
	Failed       Result = "failed"
)

// Reason is why a signature is not verified, as a code; its words are the
// messages "signing.reason.<code>".
type Reason string

// The reasons that fail a signature.
const (
	Malformed    Reason = "malformed"     // it has no content, no range, or is no signature at all
	WrongRange   Reason = "wrong_range"   // its range leaves room beside the signed bytes
	Padded       Reason = "padded"        // something other than zeros follows it
	Digest       Reason = "digest"        // the bytes are not those that were signed
	Value        Reason = "value"         // the value does not fit the key
	Binding      Reason = "binding"       // it names another certificate
	ChangedAfter Reason = "changed_after" // what people see was changed after it
	Revoked      Reason = "revoked"       // its certificate was revoked before the time that counts
	Outlived     Reason = "outlived"      // it claims a time at which its certificate was not valid
	WrongStamp   Reason = "wrong_stamp"   // its time stamp is over something else
)

// The reasons that leave a signature unverifiable.
const (
	Unreadable   Reason = "unreadable"    // of a form that is not read
	Weak         Reason = "weak"          // a digest or key that is no longer relied on
	NoAnchors    Reason = "no_anchors"    // none is on file for this country
	Untrusted    Reason = "untrusted"     // it leads to none of them
	Expired      Reason = "expired"       // the certificate had expired, and no time stamp shows that it was used before
	Usage        Reason = "usage"         // the certificate is not for documents
	NotShown     Reason = "not_shown"     // nothing shows that the certificate was not revoked
	Unbound      Reason = "unbound"       // it does not name its certificate, as PAdES wants
	StampUnknown Reason = "stamp_unknown" // its time stamp is of nobody on file: its time does not count
	Followed     Reason = "followed"      // changed after it; a later signature covers the change
	TooComplex   Reason = "too_complex"   // too much to be read in bounds
)

var failing = []Reason{Malformed, WrongRange, Padded, Digest, Value, Binding, ChangedAfter, Revoked, Outlived, WrongStamp}

// Signature is what was found out about one signature.
type Signature struct {
	Result  Result   `json:"result"`
	Reasons []Reason `json:"reasons,omitempty"`
	Stamp   bool     `json:"stamp,omitempty"` // a time stamp over the document
	Form    string   `json:"form,omitempty"`  // /SubFilter
	Signer  string   `json:"signer,omitempty"`
	Issuer  string   `json:"issuer,omitempty"`
	Serial  string   `json:"serial,omitempty"`  // hexadecimal
	Claimed string   `json:"claimed,omitempty"` // RFC 3339: what the signer's clock said
	Proven  string   `json:"proven,omitempty"`  // RFC 3339: what a trusted time stamp says
	Whole   bool     `json:"whole"`             // covers the document as it is
	Later   []string `json:"later,omitempty"`   // what was changed after it
}

// Report is what was found out about a document.
type Report struct {
	Result     Result      `json:"result"`
	Signatures []Signature `json:"signatures,omitempty"`
}

// Trust is whom to believe: anchors of one country and those of all, authorities
// of time stamps, and revocation lists that the operator keeps current.
type Trust struct {
	Roots  []*x509.Certificate
	Stamps []*x509.Certificate
	CRLs   []*x509.RevocationList
}

// Validate reads and judges every signature of a document that the intake has
// accepted. at is when the document arrived: without a trusted time stamp a
// certificate has to be good then. The error is of reading, never of judging.
func Validate(ctx context.Context, pdf []byte, trust Trust, at time.Time) (r Report, err error) {
	defer fault.Wrap(&err, "pades.Validate")
	signed, err := orderdoc.Signatures(ctx, pdf)
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case orderdoc.CodeOf(err) == "too_complex":
		return Report{Unverifiable, []Signature{{Result: Unverifiable, Reasons: []Reason{TooComplex}}}}, nil
	case err != nil:
		return r, err
	}
	v := validator{trust: trust, at: at, material: materialOf(signed)}
	for _, s := range signed.Signatures {
		r.Signatures = append(r.Signatures, v.judge(s))
	}
	r.settle(signed)
	return r, nil
}

// settle says of changes whether a later signature covers them, and gives the
// document's result: that of what is seen now.
func (r *Report) settle(signed orderdoc.Signed) {
	covered := false // by a later verified signature after which nothing was changed
	for i := len(r.Signatures) - 1; i >= 0; i-- {
		s, later := &r.Signatures[i], signed.Signatures[i].Later
		switch {
		case len(later) > 0 && covered:
			s.add(Followed)
		case len(later) > 0:
			s.add(ChangedAfter)
		}
		s.Result = s.result()
		covered = covered || len(later) == 0 && !s.Stamp && s.Result == Verified
	}
	r.Result = r.overall()
}

func (r *Report) overall() Result {
	var all []Result
	for _, s := range r.Signatures {
		all = append(all, s.Result)
	}
	switch {
	case len(all) == 0:
		return None
	case slices.Contains(all, Failed):
		return Failed
	case r.lastSigner() == Verified:
		return Verified
	}
	return Unverifiable
}

// lastSigner gives the result of the last signature that is no mere time stamp.
// What only time stamps and validation material follow is seen as it was signed.
func (r *Report) lastSigner() Result {
	for _, s := range slices.Backward(r.Signatures) {
		if !s.Stamp {
			return s.Result
		}
	}
	return Unverifiable
}

func (s *Signature) add(r Reason) {
	if !slices.Contains(s.Reasons, r) {
		s.Reasons = append(s.Reasons, r)
	}
}

// result is derived from the reasons, so that no path can forget one.
func (s *Signature) result() Result {
	if len(s.Reasons) == 0 {
		return Verified
	}
	if slices.ContainsFunc(s.Reasons, func(r Reason) bool { return slices.Contains(failing, r) }) {
		return Failed
	}
	return Unverifiable
}

// Reasons lists every reason, those that fail first.
func Reasons() []Reason {
	return append(slices.Clone(failing), Unreadable, Weak, NoAnchors, Untrusted, Expired, Usage, NotShown, Unbound, StampUnknown, Followed, TooComplex)
}
