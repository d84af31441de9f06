package sampling

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"os/exec"
	"sort"
	"strings"
	"testing"

	"lerd/internal/audit"
)

func population(n int) (out []Member) {
	for i := range n {
		sum := sha256.Sum256([]byte(fmt.Sprint(i)))
		id := hex.EncodeToString(sum[:16])
		out = append(out, Member{Case: id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:], Stratum: []string{"IN/IN-94", "DE/EU-EPOC-S", "US/US-2703D"}[i%3], Always: i%17 == 0})
	}
	return out
}

// again is the draw written a second time, from the words of the package's comment,
// with big numbers in place of machine words.
func again(seed [32]byte, each, percent int, members []Member) []string {
	byStratum := map[string][]string{}
	var out []string
	for _, m := range members {
		if m.Always {
			out = append(out, m.Case)
		} else {
			byStratum[m.Stratum] = append(byStratum[m.Stratum], m.Case)
		}
	}
	for name, list := range byStratum {
		sort.Strings(list)
		block, words := 0, []*big.Int{}
		next := func() *big.Int {
			if len(words) == 0 {
				h := sha256.New()
				fmt.Fprintf(h, "%s\x00%s\x00", seed[:], name)
				h.Write(new(big.Int).SetInt64(int64(block)).FillBytes(make([]byte, 8)))
				sum := h.Sum(nil)
				for i := 0; i < 32; i += 8 {
					words = append(words, new(big.Int).SetBytes(sum[i:i+8]))
				}
				block++
			}
			w := words[0]
			words = words[1:]
			return w
		}
		two64 := new(big.Int).Lsh(big.NewInt(1), 64)
		below := func(n int64) int64 {
			limit := new(big.Int).Sub(two64, new(big.Int).Mod(two64, big.NewInt(n)))
			for {
				if w := next(); w.Cmp(limit) < 0 {
					return new(big.Int).Mod(w, big.NewInt(n)).Int64()
				}
			}
		}
		k := each
		if p := (len(list)*percent + 99) / 100; p > k {
			k = p
		}
		if k > len(list) {
			k = len(list)
		}
		for i := 0; i < k; i++ {
			j := i + int(below(int64(len(list)-i)))
			list[i], list[j] = list[j], list[i]
		}
		out = append(out, list[:k]...)
	}
	sort.Strings(out)
	return out
}

func TestTheDrawIsWhatTheWordsSay(t *testing.T) {
	for _, n := range []int{1, 2, 3, 50, 997} {
		for _, p := range []Plan{{Each: 1}, {Each: 5, Percent: 10}, {Percent: 33}, {Each: 10_000}} {
			seed := sha256.Sum256([]byte(fmt.Sprint(n, p.Each, p.Percent)))
			var got []string
			for _, m := range Draw(seed, p, population(n)) {
				got = append(got, m.Case)
			}
			if want := again(seed, p.Each, p.Percent, population(n)); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%d cases, plan %+v: %v\nwant %v", n, p, got, want)
			}
		}
	}
}

// TestTheDrawIsFair draws many times and looks whether each member comes as often as
// the others: a bias of the modulus, or of the shuffle, would show.
func TestTheDrawIsFair(t *testing.T) {
	members, times := population(12)[1:], 6000 // none of them always taken
	for i := range members {
		members[i].Stratum = "one"
	}
	count := map[string]int{}
	for i := range times {
		for _, m := range Draw(sha256.Sum256([]byte(fmt.Sprint("fair", i))), Plan{Each: 4}, members) {
			count[m.Case]++
		}
	}
	want := float64(times) * 4 / float64(len(members))
	chi := 0.0
	for _, m := range members {
		d := float64(count[m.Case]) - want
		chi += d * d / want
	}
	if chi > 35 { // 10 degrees of freedom: 1 in 10,000
		t.Errorf("the members come %v times, chi-square %.1f", count, chi)
	}
}

func TestNobodyIsLeftOutWhoIsAlwaysIn(t *testing.T) {
	drawn := map[string]bool{}
	for _, m := range Draw(sha256.Sum256([]byte("x")), Plan{Each: 1}, population(500)) {
		drawn[m.Case] = true
	}
	for _, m := range population(500) {
		if m.Always && !drawn[m.Case] {
			t.Fatalf("%s is not in the sample", m.Case)
		}
	}
}

// TestTheDrawInPython draws with a program of another language, written from the
// package's comment alone.
func TestTheDrawInPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("NOT RUN: python3 is not installed")
	}
	root := audit.Hash(sha256.Sum256([]byte("root")))
	var in strings.Builder
	fmt.Fprintf(&in, "11111111-1111-4111-8111-111111111111\n4711\n%x\n3\n7\n", root[:])
	for _, m := range population(400) {
		in.WriteString(m.line())
	}
	cmd := exec.Command(python, "testdata/draw.py")
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, m := range Draw(Seed("11111111-1111-4111-8111-111111111111", 4711, root, nil), Plan{Each: 3, Percent: 7}, population(400)) {
		want.WriteString(m.Case + "\n")
	}
	if !hmac.Equal(out, []byte(want.String())) {
		t.Errorf("Python draws\n%s\nwant\n%s", out, want.String())
	}
}
