package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// AssertionID names one use of a passkey, a lower-case UUID.
type AssertionID string

// Purpose is what somebody agrees to with their passkey.
type Purpose string

// The purposes.
const (
	PurposeSignIn         Purpose = "sign_in"
	PurposeSubmit         Purpose = "submit"
	PurposeCoSign         Purpose = "cosign"
	PurposeApprove        Purpose = "approve"
	PurposeDownload       Purpose = "download"
	PurposeActivateAgency Purpose = "activate_agency"
	PurposeContain        Purpose = "contain"
	PurposeInvite         Purpose = "invite"
	PurposeGag            Purpose = "gag"            // silencing, or letting speak, about a disclosure
	PurposeRetain         Purpose = "retain"         // a legal hold, and its end
	PurposePublishReport  Purpose = "publish_report" // a public report
	PurposePutInForce     Purpose = "put_in_force"   // a version of a legal process
	PurposeAudit          Purpose = "audit"          // plans of samples, and what auditors settle
	PurposeObject         Purpose = "object"         // to a demand that may bind the platform
	PurposeAccount        Purpose = "account"        // changes of one's own passkeys, and of another's account
	PurposeRights         Purpose = "rights"         // counsel's review of a case that touches rights, and who is on counsel's list
	PurposeForgery        Purpose = "forgery"        // what leaves the register of known forgeries
	PurposeConfirm        Purpose = "confirm"        // a word on a finding
	PurposeLostLog        Purpose = "lost_log"       // that entries of the log are lost, and that it goes on without them
	PurposeErrorReason    Purpose = "error_reason"   // counsel's reason to close a serious error without proof that all were told
	PurposeAppeal         Purpose = "appeal"         // a word on an appeal against one
)

// Method is how somebody showed who they are.
type Method string

// The methods. ByDevelopment is for evaluation on one machine and is refused
// anywhere else; ByProvider signs staff in and proves no step.
const (
	ByPasskey     Method = "passkey"
	ByProvider    Method = "oidc"
	ByDevelopment Method = "development"
)

// Digest is the SHA-256 of a canonical description of what is agreed to.
type Digest = [sha256.Size]byte

// DigestOf gives the digest of what is agreed to: each part is hashed first, so
// that no two different lists of parts have the same digest.
func DigestOf(parts ...string) Digest {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return Digest(h.Sum(nil))
}

// Challenge is what the authenticator signs. Whoever has the assertion, the
// nonce and the person's public key can verify later to what they agreed.
func Challenge(purpose Purpose, digest Digest, nonce []byte) Digest {
	h := sha256.New()
	h.Write([]byte("lerd step-up v1\x00" + string(purpose) + "\x00"))
	h.Write(digest[:])
	h.Write(nonce)
	return Digest(h.Sum(nil))
}

// Assertion is one use of a passkey as it is kept: all that a later verification
// needs but the public key. Of a development proof it has no signature.
// SPEC: Web Authentication Level 3 §6.3.3.
type Assertion struct {
	ID                AssertionID // that of the ceremony, so that a ceremony serves once
	Person            PersonID
	Session           SessionID // in which it was given; empty at sign-in
	Passkey           PasskeyID // empty for a development proof
	Purpose           Purpose
	Digest            Digest
	Nonce             []byte // 32 random bytes
	ClientData        []byte // the JSON that the browser made
	AuthenticatorData []byte
	Signature         []byte
	SignCount         int64
	Method            Method
	At                time.Time
	EventID           audit.EventID
}

// Proof is what a step needs of an assertion.
type Proof struct {
	Assertion AssertionID
	Person    PersonID
	Purpose   Purpose
	Digest    Digest
	Method    Method
	At        time.Time
	// Given is the row to be written in the step's own transaction, which is what
	// uses the assertion up; change.Prove puts it there.
	Given *Assertion
}

type proofKey struct{}

// WithProof gives a context that carries what the actor agreed to.
func WithProof(ctx context.Context, p Proof) context.Context {
	return context.WithValue(ctx, proofKey{}, func(Purpose, Digest) Proof { return p })
}

// Evaluating gives a context in which the actor agrees to every step by a
// development proof. It is for tests that call services directly; a test finds
// any use of it in what ships.
func Evaluating(ctx context.Context, now func() time.Time) context.Context {
	actor, _ := From(ctx)
	return context.WithValue(ctx, proofKey{}, func(p Purpose, d Digest) Proof { return DevelopmentProof(actor, p, d, now()) })
}

// DevelopmentProof is what stands for a passkey's assertion in an evaluation.
func DevelopmentProof(actor Actor, purpose Purpose, digest Digest, at time.Time) Proof {
	id := AssertionID(uuid.NewString())
	at = at.UTC().Truncate(time.Microsecond)
	return Proof{Assertion: id, Person: actor.Person, Purpose: purpose, Digest: digest, Method: ByDevelopment, At: at,
		Given: &Assertion{ID: id, Person: actor.Person, Session: actor.Session, Purpose: purpose, Digest: digest, Nonce: make([]byte, 32), Method: ByDevelopment, At: at}}
}

// ProofFrom gives what the actor agreed to for this purpose and digest, whatever
// it is, and whether there is any.
func ProofFrom(ctx context.Context, purpose Purpose, digest Digest) (Proof, bool) {
	f, ok := ctx.Value(proofKey{}).(func(Purpose, Digest) Proof)
	if !ok {
		return Proof{}, false
	}
	return f(purpose, digest), true
}

// RequireProof gives the actor's proof for this very purpose and digest, or a
// fault of kind fault.StepUp: a proof of something else is none.
func RequireProof(ctx context.Context, purpose Purpose, digest Digest) (Proof, error) {
	actor, _ := From(ctx)
	p, ok := ProofFrom(ctx, purpose, digest)
	if !ok || actor.Person == "" || p.Person != actor.Person || p.Purpose != purpose || p.Digest != digest || p.Assertion == "" || p.Given == nil {
		return Proof{}, fault.New(fault.StepUp, "This step needs your passkey. Open the page again and confirm it there.")
	}
	return p, nil
}
