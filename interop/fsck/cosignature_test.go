package main

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// witnessKey makes a witness with the library that witnesses use.
func witnessKey(t *testing.T, name string) (signer note.Signer, cosignatureKey, plainKey string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = fnote.NewSignerForCosignatureV1(skey); err != nil {
		t.Fatal(err)
	}
	if cosignatureKey, err = fnote.VKeyToCosignatureV1(vkey); err != nil {
		t.Fatal(err)
	}
	return signer, cosignatureKey, vkey
}

func TestCosignaturesOfWitnessesAreVerified(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 5))
	signer, vkey, plain := witnessKey(t, "witness.example/w1")
	_, otherKey, _ := witnessKey(t, "witness.example/w1")
	began := time.Now().Add(-2 * time.Second)
	signed, err := log.Checkpoint().Sign(log.Signer, signer)
	if err != nil {
		t.Fatal(err)
	}
	open := func(vkey string) (audit.SignedCheckpoint, error) {
		w, err := audit.NewWitness(vkey)
		if err != nil {
			t.Fatal(err)
		}
		trust := log.Trust
		trust.Witnesses, trust.Quorum = []note.Verifier{w}, 1
		return audit.OpenCheckpoint(signed, trust)
	}
	got, err := open(vkey)
	if err != nil || len(got.Cosigned) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	at, err := audit.CosignedAt(got.Cosigned[0])
	if err != nil || at.Before(began) || at.After(time.Now().Add(time.Second)) {
		t.Errorf("cosigned at %v, %v", at, err)
	}
	if _, err := open(otherKey); err == nil {
		t.Error("another witness of the same name counts")
	}
	if _, err := audit.CosignedAt(got.Log); err == nil {
		t.Error("the log's signature is a cosignature")
	}
	number := strings.Split(vkey, "+")[1]
	for name, bad := range map[string]string{
		"key of type 1": plain, "other number": strings.Replace(vkey, number, "00000000", 1), "no number": strings.Replace(vkey, number+"+", "", 1),
		"other name": "x" + vkey, "cut": vkey[:len(vkey)-4], "empty": "",
	} {
		if _, err := audit.NewWitness(bad); err == nil {
			t.Errorf("%s is the key of a witness", name)
		}
	}
	// The time is signed too.
	signed = []byte(strings.Replace(string(signed), got.Cosigned[0].Base64, later(t, got.Cosigned[0].Base64), 1))
	if _, err := open(vkey); err == nil {
		t.Error("another time was put into the cosignature")
	}
}

// later changes the time in a cosignature by a second.
func later(t *testing.T, b64 string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		t.Fatal(err)
	}
	raw[4+7] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}
