package audit_test

import (
	"bytes"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// A proof with a hash too few or too many must fail even where the root was
// chosen to fit it.
func TestProofsOfWrongLengthFail(t *testing.T) {
	l := someLeaves(4, 10)
	pair := audit.NodeHash(l[0], l[1])
	for name, c := range map[string]struct {
		size uint64
		p    []audit.Hash
		root audit.Hash
	}{
		"too short":            {4, l[1:2], pair},
		"too long, to right":   {2, l[1:3], audit.NodeHash(pair, l[2])},
		"too long, to left":    {2, l[1:3], audit.NodeHash(l[2], pair)},
		"hash for one entry":   {1, l[1:2], pair},
		"hash before the only": {1, l[1:2], audit.NodeHash(l[1], l[0])},
	} {
		if audit.VerifyInclusion(l[0], 0, c.size, c.p, c.root) == nil {
			t.Errorf("inclusion, %s: passes", name)
		}
		if proof.VerifyInclusion(rfc6962.DefaultHasher, 0, c.size, l[0][:], unhash(c.p), c.root[:]) == nil {
			t.Errorf("inclusion, %s: merkle lets it pass", name)
		}
		if audit.VerifyConsistency(1, c.size, l[0], c.root, c.p) == nil {
			t.Errorf("consistency, %s: passes", name)
		}
	}
	if audit.VerifyInclusion(l[0], 0, 2, l[1:2], pair) != nil || audit.VerifyConsistency(1, 2, l[0], pair, l[1:2]) != nil {
		t.Error("proofs of the right length fail")
	}
}

func TestProofsBeyondTheLogAreNotBuilt(t *testing.T) {
	_, tiles := grow(t, audit.TreeState{}, someLeaves(5, 11))
	for _, index := range []uint64{5, 6, 1 << 63} {
		if p, err := audit.InclusionProof(t.Context(), tileFiles(tiles), index, 5); err == nil {
			t.Errorf("entry %d of 5 has the proof %v", index, p)
		}
	}
	if p, err := audit.InclusionProof(t.Context(), tileFiles(tiles), 0, 0); err == nil {
		t.Errorf("an empty log has the proof %v", p)
	}
	if p, err := audit.ConsistencyProof(t.Context(), tileFiles(tiles), 6, 5); err == nil {
		t.Errorf("6 entries are a prefix of 5: %v", p)
	}
}

// What the keeper holds is given again as it is, cosignatures included.
func TestSigningAgainKeepsCosignatures(t *testing.T) {
	log := audittest.NewLog(audittest.NewKey(t, audittest.Origin))
	log.Append(t, audittest.Events(t, 0, 5)...)
	witness := audittest.NewKey(t, "witness.example")
	cosigned, err := log.Checkpoint().Sign(log.Signer, witness.Signer)
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(t)
	if err := k.Replace(nil, cosigned); err != nil {
		t.Fatal(err)
	}
	for _, trust := range []audit.Trust{log.Trust, {Log: log.Trust.Log, Witnesses: []note.Verifier{witness.Trust.Log[0]}}} {
		got, err := audit.SignNext(t.Context(), k, log.Reader(), log.Checkpoint(), trust, log.Signer)
		if err != nil || !bytes.Equal(got, cosigned) {
			t.Errorf("%q, %v", got, err)
		}
	}
}
