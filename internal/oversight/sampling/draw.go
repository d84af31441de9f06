package sampling

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
)

// numbers are the seed's numbers for one stratum.
type numbers struct {
	seed    [sha256.Size]byte
	stratum string
	block   uint64
	left    []byte
}

func (n *numbers) next() uint64 {
	if len(n.left) == 0 {
		b := append(append(append([]byte{}, n.seed[:]...), 0), n.stratum...)
		b = binary.BigEndian.AppendUint64(append(b, 0), n.block)
		sum := sha256.Sum256(b)
		n.left, n.block = sum[:], n.block+1
	}
	v := binary.BigEndian.Uint64(n.left)
	n.left = n.left[8:]
	return v
}

// below gives a number from 0 to n-1, each as likely as the others.
func (n *numbers) below(limit uint64) uint64 {
	rest := (^uint64(0)%limit + 1) % limit // 2^64 mod limit
	for {
		if v := n.next(); rest == 0 || v <= ^uint64(0)-rest {
			return v % limit
		}
	}
}

// Draw gives the drawn members in the order of their cases' ids.
func Draw(seed [sha256.Size]byte, p Plan, population []Member) []Member {
	strata := map[string][]Member{}
	var out []Member
	for _, m := range sorted(population) {
		strata[m.Stratum] = append(strata[m.Stratum], m)
	}
	for _, name := range slices.Sorted(maps.Keys(strata)) {
		var rest []Member
		for _, m := range strata[name] {
			if m.Always {
				out = append(out, m)
				continue
			}
			rest = append(rest, m)
		}
		out = append(out, shuffle(&numbers{seed: seed, stratum: name}, rest, p.take(len(rest)))...)
	}
	return sorted(out)
}

// take gives how many of n members of a stratum are drawn.
func (p Plan) take(n int) int { return min(n, max(p.Each, (n*p.Percent+99)/100)) }

func shuffle(n *numbers, members []Member, k int) []Member {
	for i := range k {
		j := i + int(n.below(uint64(len(members)-i)))
		members[i], members[j] = members[j], members[i]
	}
	return members[:k]
}

// Digester takes a Digest of members that come in the order of their cases' ids.
type Digester struct{ h hash.Hash }

// NewDigester begins a digest.
func NewDigester() *Digester { return &Digester{sha256.New()} }

// Add takes the next member.
func (d *Digester) Add(m Member) { d.h.Write([]byte(m.line())) }

// Sum gives the hexadecimal digest.
func (d *Digester) Sum() string { return hex.EncodeToString(d.h.Sum(nil)) }
