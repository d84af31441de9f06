package identity_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

func TestAProofOfSomethingElseIsNone(t *testing.T) {
	ctx := identity.With(context.Background(), identity.Actor{Person: "p1", Role: identity.Officer, Session: "s1"})
	actor, _ := identity.From(ctx)
	digest := identity.DigestOf("request", "r1")
	good := identity.DevelopmentProof(actor, identity.PurposeSubmit, digest, time.Now())
	if p, err := identity.RequireProof(identity.WithProof(ctx, good), identity.PurposeSubmit, digest); err != nil || p.Assertion != good.Assertion {
		t.Fatalf("the right proof: %v %v", p, err)
	}
	for name, change := range map[string]func(p *identity.Proof){
		"another purpose": func(p *identity.Proof) { p.Purpose = identity.PurposeCoSign },
		"another digest":  func(p *identity.Proof) { p.Digest = identity.DigestOf("request", "r2") },
		"another person":  func(p *identity.Proof) { p.Person = "p2" },
		"no assertion":    func(p *identity.Proof) { p.Assertion = "" },
		"no row":          func(p *identity.Proof) { p.Given = nil },
	} {
		p := good
		change(&p)
		if _, err := identity.RequireProof(identity.WithProof(ctx, p), identity.PurposeSubmit, digest); fault.KindOf(err) != fault.StepUp {
			t.Errorf("%s: %v, want a step-up", name, err)
		}
	}
	if _, err := identity.RequireProof(ctx, identity.PurposeSubmit, digest); fault.KindOf(err) != fault.StepUp {
		t.Errorf("no proof: %v", err)
	}
	if _, err := identity.RequireProof(identity.WithProof(context.Background(), identity.Proof{}), "", identity.Digest{}); fault.KindOf(err) != fault.StepUp {
		t.Errorf("nobody proves nothing: %v", err)
	}
}

func TestTheChallengeIsAsDocumented(t *testing.T) {
	digest, nonce := identity.DigestOf("a"), bytes.Repeat([]byte{7}, 32)
	want := sha256.Sum256(append(append([]byte("lerd step-up v1\x00submit\x00"), digest[:]...), nonce...))
	if got := identity.Challenge(identity.PurposeSubmit, digest, nonce); got != want {
		t.Errorf("%x, want %x", got, want)
	}
	if identity.DigestOf("ab", "c") == identity.DigestOf("a", "bc") {
		t.Error("two lists of parts have one digest")
	}
}
