package requests

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"lerd/internal/audit"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// Kinds of signature.
const (
	SignedToSubmit = "submit" // by the officer whose request it is
	SignedToCosign = "cosign" // by a supervisor of the same agency
)

// Signature is what somebody of the agency signed, and under which text.
type Signature struct {
	ID                string
	Request           ID
	Agency            identity.AgencyID
	Officer           identity.PersonID // whose request it is
	By                identity.PersonID
	Kind              string // SignedToSubmit or SignedToCosign
	Digest            string // hexadecimal SHA-256 of the request as it was read
	Attestation       string // the text's name, e.g. "submit.v1.en"
	AttestationSHA256 string
	Method            string               // "passkey", or "development" in an evaluation
	Assertion         identity.AssertionID // the stored assertion by which they signed
	At                time.Time
	EventID           audit.EventID
}

// agreed is a request in the form over which people sign: everything that the
// officer stated, as it was read, and nothing that lerd adds or that moves.
type agreed struct {
	Form         string            `json:"form"` // "lerd request v1"
	Agency       string            `json:"agency"`
	Officer      string            `json:"officer"`
	Process      ProcessPin        `json:"process"`
	Emergency    bool              `json:"emergency"`
	EmergencyWhy string            `json:"emergency_why"`
	Order        agreedOrder       `json:"order"`
	Offence      agreedOffence     `json:"offence"`
	Need         string            `json:"need"`
	Confidential bool              `json:"confidential"`
	Until        string            `json:"confidential_until"`
	Basis        string            `json:"confidential_basis"`
	Attested     map[string]string `json:"attested"`
	Further      map[string]string `json:"further"`
	Targets      []agreedTarget    `json:"targets"`
	Follows      []agreedLink      `json:"follows,omitempty"`
}

// agreedLink is an earlier case that the request goes on from.
type agreedLink struct{ Request, Kind string }

// agreedLinks are the cases that a request follows, in one order whatever order
// they were read in; what follows it later is not part of it.
func agreedLinks(links []Linked) (out []agreedLink) {
	for _, l := range links {
		if !l.Later {
			out = append(out, agreedLink{string(l.Request), string(l.Kind)})
		}
	}
	slices.SortFunc(out, func(a, b agreedLink) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

type agreedOrder struct {
	SHA256, IssuerKind, IssuerName, ValidatorKind, Number string
	IssuedOn, ExpiresOn, ReturnOn                         string
	Signed                                                bool
	Language, LegalBasis, Addressee                       string
}

type agreedOffence struct {
	Class, Provision, Text string
	MaxPenaltyMonths       int
	ByNetwork              bool
}

type agreedTarget struct {
	Kind, Identifier, HolderAt, PersonRole, From, To, Zone string
	WantPhone, WantIP                                      bool
	Purpose                                                string
	Flags                                                  []string `json:",omitempty"` // none: as before there were any
}

// Digest gives the SHA-256 over what the agency agrees to: the request as it was
// read, the bytes of its order, and the cases that it goes on from. It is the same for officer and supervisor,
// and for everybody who computes it from the rows later.
func Digest(q Request, orderSHA256 string, links []Linked) [sha256.Size]byte {
	a := agreed{Form: "lerd request v1", Agency: string(q.Agency), Officer: string(q.Officer), Process: q.Process, Emergency: q.Emergency,
		EmergencyWhy: q.EmergencyWhy.Reveal(), Need: q.Need.Reveal(), Confidential: q.Confidential.Asked, Until: stamp(q.Confidential.Until),
		Basis: q.Confidential.Basis, Attested: q.Attested, Further: q.Further, Follows: agreedLinks(links),
		Order: agreedOrder{orderSHA256, q.Order.IssuerKind, q.Order.IssuerName, q.Order.ValidatorKind, q.Order.Number,
			stamp(q.Order.IssuedOn), stamp(q.Order.ExpiresOn), stamp(q.Order.ReturnOn), q.Order.Signed, q.Order.Language, q.Order.LegalBasis, q.Order.Addressee},
		Offence: agreedOffence{q.Offence.Class, q.Offence.Provision, q.Offence.Text.Reveal(), q.Offence.MaxPenaltyMonths, q.Offence.ByNetwork}}
	for _, t := range q.Targets {
		a.Targets = append(a.Targets, agreedTarget{t.Kind, t.Identifier.Reveal(), stamp(t.HolderAt), t.PersonRole, stamp(t.From), stamp(t.To), t.Zone,
			t.WantPhone, t.WantIP, t.Purpose, t.Flags})
	}
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // strings, numbers and sorted maps always marshal
	}
	return sha256.Sum256(b)
}

// sign makes the signature of who acts, for the part of the step that it
// belongs to, and says in the event what was signed; c has the order and what the
// request goes on from.
func (s *Service) sign(ctx context.Context, part *change.Part, q Request, kind string, c Case) error {
	actor, err := actorOf(ctx)
	if err != nil {
		return err
	}
	digest := Digest(q, c.Document.SHA256, c.Links)
	purpose := identity.PurposeSubmit
	if kind == SignedToCosign {
		purpose = identity.PurposeCoSign
	}
	proof, err := identity.RequireProof(ctx, purpose, digest)
	if err != nil {
		return err
	}
	text := s.Law.Attestation(kind, "en")
	g := &Signature{ID: newID[string](), Request: q.ID, Agency: q.Agency, Officer: q.Officer, By: actor.Person, Kind: kind, Digest: hex.EncodeToString(digest[:]),
		Attestation: text.Name, AttestationSHA256: text.SHA256, Method: string(proof.Method), Assertion: proof.Assertion, At: s.now()}
	part.Event.Facts["statement"], part.Event.Facts["attestation"], part.Event.Facts["attestation_sha256"] = g.Digest, g.Attestation, g.AttestationSHA256
	change.Prove(part, proof) // before the signature, which refers to it
	part.Insert = append(part.Insert, g)
	return nil
}

// Signature gives a case's signature of a kind, if there is one.
func (c Case) Signature(kind string) (Signature, bool) {
	for _, g := range c.Signatures {
		if g.Kind == kind {
			return g, true
		}
	}
	return Signature{}, false
}

// wantsCosignature tells whether a request must be signed a second time.
func (s *Service) wantsCosignature(ctx context.Context, q Request) (bool, error) {
	choice, err := s.Cosignatures.CosignatureChoice(ctx, q.Agency, q.Process.ID)
	if err != nil {
		return false, err
	}
	return s.Law.Cosign(legal.ProcessID(q.Process.ID)).Of(q.Emergency).Wanted(choice), nil
}

// unchanged refuses where what is to be signed a second time is not what was
// signed first, or where its legal process has changed since.
func (s *Service) unchanged(ctx context.Context, c Case) error {
	first, ok := c.Signature(SignedToSubmit)
	digest := Digest(c.Request, c.Document.SHA256, c.Links)
	if !ok || first.Digest != hex.EncodeToString(digest[:]) {
		return fault.New(fault.Gate, "This request is not what its officer signed. Nothing was changed; please tell us.")
	}
	now, err := s.current(ctx, c.Request.Process.ID)
	if err != nil || string(now.Pin().Digest) != c.Request.Process.Digest {
		return fault.New(fault.Conflict, "The rules for this legal process have changed since the officer signed. Return the request, so that it can be checked anew.")
	}
	return nil
}
