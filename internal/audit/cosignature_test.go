package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// handWitness cosigns as the specification says, step by step.
type handWitness struct {
	key ed25519.PrivateKey
	alg byte
	at  uint64
}

func (w handWitness) Name() string { return "witness.example/w1" }

func (w handWitness) public() []byte {
	return append([]byte{w.alg}, w.key.Public().(ed25519.PublicKey)...)
}

func (w handWitness) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.Name()+"\n"), w.public()...))
	return binary.BigEndian.Uint32(sum[:4])
}

func (w handWitness) Sign(text []byte) ([]byte, error) {
	sig := ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", w.at, text))
	return append(binary.BigEndian.AppendUint64(nil, w.at), sig...), nil
}

func (w handWitness) verifierKey() string {
	return fmt.Sprintf("%s+%08x+%s", w.Name(), w.KeyHash(), base64.StdEncoding.EncodeToString(w.public()))
}

func TestWitness(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	c := audit.Checkpoint{Origin: audittest.Origin, Size: 7, Root: audit.LeafHash(nil)}
	w := handWitness{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)), 4, 1774749600}
	signed, err := c.Sign(key.Signer, w)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := audit.NewWitness(w.verifierKey() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	trust := audit.Trust{Log: key.Trust.Log, Witnesses: []note.Verifier{verifier}, Quorum: 1}
	got, err := audit.OpenCheckpoint(signed, trust)
	if err != nil || len(got.Cosigned) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if at, err := audit.CosignedAt(got.Cosigned[0]); err != nil || at.Unix() != int64(w.at) {
		t.Errorf("cosigned at %v, %v", at, err)
	}
	text := []byte(c.Text())
	sig, _ := w.Sign(text)
	for name, bad := range map[string][]byte{"other time": append([]byte{1}, sig[1:]...), "cut": sig[:71], "longer": append(sig[:72:72], 0), "empty": nil} {
		if verifier.Verify(text, bad) {
			t.Errorf("%s: verifies", name)
		}
	}
	if verifier.Verify(append(text, 'x'), sig) {
		t.Error("another text verifies")
	}
	plain := w
	plain.alg = 1
	for name, bad := range map[string]string{"type 1": plain.verifierKey(), "no plus": "w", "number": "w" + w.verifierKey()} {
		if _, err := audit.NewWitness(bad); err == nil {
			t.Errorf("%s: is a witness key", name)
		}
	}
}
