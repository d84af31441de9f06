package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ProofHeader is the first line of a proof. SPEC: C2SP tlog-proof.
const ProofHeader = "c2sp.org/tlog-proof@v1"

// maxProofHashes bounds the hashes of a proof; a tree of 2^63 needs 63.
const maxProofHashes = 63

// Proof shows offline that an entry is in the log that a checkpoint describes.
// It is the receipt that lerd hands out (file extension .tlog-proof).
type Proof struct {
	Index      uint64 // of the entry, from 0
	Extra      []byte // data that nothing vouches for; nil or empty for none
	Hashes     []Hash // from the leaf's sibling up to the root's child
	Checkpoint []byte // the signed note, verbatim
}

// Format writes the proof's text.
func (p Proof) Format() []byte {
	var b strings.Builder
	b.WriteString(ProofHeader + "\n")
	if len(p.Extra) > 0 {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(p.Checkpoint)
	return []byte(b.String())
}

// ParseProof reads a proof's text and refuses every form but the one that
// Format writes. It does not judge the checkpoint.
func ParseProof(text []byte) (Proof, error) {
	head, checkpoint, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != ProofHeader {
		return Proof{}, errors.New("proof: does not begin with " + ProofHeader + " or has no checkpoint")
	}
	p := Proof{Checkpoint: []byte(checkpoint)}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		p.Extra, lines = decodeExtra(lines[0]), lines[1:]
		if len(p.Extra) == 0 {
			return Proof{}, errors.New("proof: the extra line is not canonical base64")
		}
	}
	if len(lines) == 0 || len(lines) > 1+maxProofHashes {
		return Proof{}, errors.New("proof: no index, or more hashes than any tree needs")
	}
	number, ok := strings.CutPrefix(lines[0], "index ")
	var err error
	if p.Index, err = parseDecimal(number); !ok || err != nil {
		return Proof{}, errors.New("proof: the index line is not a decimal number")
	}
	for _, l := range lines[1:] {
		h, err := parseHash(l)
		if err != nil {
			return Proof{}, fmt.Errorf("proof: %w", err)
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

func decodeExtra(line string) []byte {
	text := strings.TrimPrefix(line, "extra ")
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text {
		return nil
	}
	return data
}

// VerifyProof verifies the text of a proof for an entry: the checkpoint's
// signatures and the way from the entry to its root. It gives the checkpoint
// and the entry's index. It says nothing about later checkpoints: compare the
// one it gives with one obtained elsewhere.
func VerifyProof(entry, text []byte, trust Trust) (SignedCheckpoint, uint64, error) {
	p, err := ParseProof(text)
	if err != nil {
		return SignedCheckpoint{}, 0, err
	}
	c, err := OpenCheckpoint(p.Checkpoint, trust)
	if err != nil {
		return SignedCheckpoint{}, 0, fmt.Errorf("proof: %w", err)
	}
	if err := VerifyInclusion(LeafHash(entry), p.Index, c.Size, p.Hashes, c.Root); err != nil {
		return SignedCheckpoint{}, 0, fmt.Errorf("proof of entry %d under %d entries: %w", p.Index, c.Size, err)
	}
	return c, p.Index, nil
}
