package audit_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

func unhash(hashes []audit.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

func rehash(p []tlog.Hash) []audit.Hash {
	var out []audit.Hash
	for _, h := range p {
		out = append(out, audit.Hash(h))
	}
	return out
}

// storedHashes is a log as golang.org/x/mod keeps it.
func storedHashes(t testing.TB, leaves []audit.Hash) tlog.HashReaderFunc {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, l := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(i), tlog.Hash(l), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	return read
}

// P3: all inclusion and consistency proofs up to 300 entries are those that
// golang.org/x/mod builds, and both verifiers accept them.
func TestAllProofsUpTo300(t *testing.T) {
	const most = 300
	step := uint64(1)
	if raceDetector { // which has nothing to find here and makes it slow
		step = 13
	}
	ctx := context.Background()
	leaves := someLeaves(most, 9)
	roots := []audit.Hash{audit.EmptyRoot()}
	files, state := mapReader{}, audit.TreeState{}
	for i := range leaves { // every size was published, so every partial tile is there
		var made []audit.Tile
		state, made = grow(t, state, leaves[i:i+1])
		for _, tile := range made {
			files[tile.Path()] = tile.Data
		}
		roots = append(roots, state.Root())
	}
	var tiles audit.TileReader = files
	oracle := storedHashes(t, leaves)
	for size := uint64(1); size <= most; size += step {
		root := roots[size]
		for i := range size {
			got, err := audit.InclusionProof(ctx, tiles, i, size)
			if err != nil {
				t.Fatal(err)
			}
			want, err := tlog.ProveRecord(int64(size), int64(i), oracle)
			if err != nil || !slices.Equal(rehash(want), got) {
				t.Fatalf("inclusion of %d in %d: %v, x/mod has %v", i, size, got, want)
			}
			if err := audit.VerifyInclusion(leaves[i], i, size, got, root); err != nil {
				t.Fatalf("inclusion of %d in %d: %v", i, size, err)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, i, size, leaves[i][:], unhash(got), root[:]); err != nil {
				t.Fatalf("inclusion of %d in %d: merkle says %v", i, size, err)
			}
			checkConsistency(t, tiles, oracle, i, size, roots)
		}
		checkConsistency(t, tiles, oracle, size, size, roots)
	}
}

func checkConsistency(t *testing.T, tiles audit.TileReader, oracle tlog.HashReader, old, size uint64, roots []audit.Hash) {
	t.Helper()
	got, err := audit.ConsistencyProof(context.Background(), tiles, old, size)
	if err != nil {
		t.Fatal(err)
	}
	if old > 0 {
		want, err := tlog.ProveTree(int64(size), int64(old), oracle)
		if err != nil || !slices.Equal(rehash(want), got) {
			t.Fatalf("consistency of %d and %d: %v, x/mod has %v", old, size, got, want)
		}
	}
	if err := audit.VerifyConsistency(old, size, roots[old], roots[size], got); err != nil {
		t.Fatalf("consistency of %d and %d: %v", old, size, err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, size, unhash(got), roots[old][:], roots[size][:]); err != nil {
		t.Fatalf("consistency of %d and %d: merkle says %v", old, size, err)
	}
}

func TestProofsOfALargeLog(t *testing.T) {
	ctx := context.Background()
	key := audittest.NewKey(t, audittest.Origin)
	log := audittest.NewLog(key)
	var roots []audit.Checkpoint
	for _, step := range [][2]int{{0, 300}, {300, 65536}, {65536, 70000}} {
		log.Append(t, audittest.Events(t, step[0], step[1])...)
		roots = append(roots, log.Checkpoint())
	}
	size, root := log.State.Size, log.State.Root()
	for _, i := range []uint64{0, 1, 255, 256, 65535, 65536, 69999} {
		p, err := audit.InclusionProof(ctx, log.Reader(), i, size)
		if err != nil {
			t.Fatal(err)
		}
		leaf := audit.LeafHash(log.Entries[i])
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, i, size, leaf[:], unhash(p), root[:]); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		if err := audit.VerifyInclusion(leaf, i, size, p, root); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	for _, old := range roots {
		p, err := audit.ConsistencyProof(ctx, log.Reader(), old.Size, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, size, unhash(p), old.Root[:], root[:]); err != nil {
			t.Errorf("from %d: %v", old.Size, err)
		}
	}
}

// probes gives every small corruption of a proof.
func probes(good []audit.Hash) map[string][]audit.Hash {
	out := map[string][]audit.Hash{
		"hash before": append([]audit.Hash{{}}, good...), "hash behind": append(slices.Clone(good), audit.Hash{}),
		"root behind": append(slices.Clone(good), audit.EmptyRoot()),
	}
	for i := range good {
		n := string(rune('0' + i))
		out["dropped "+n] = slices.Delete(slices.Clone(good), i, i+1)
		out["duplicated "+n] = slices.Insert(slices.Clone(good), i, good[i])
		flipped := slices.Clone(good)
		flipped[i][i%32] ^= 1 << (i % 8)
		out["flipped "+n] = flipped
		if i > 0 {
			swapped := slices.Clone(good)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			out["swapped "+n] = swapped
		}
	}
	return out
}

// T16: no corruption of a proof passes.
func TestCorruptedProofsFail(t *testing.T) {
	ctx := context.Background()
	leaves := someLeaves(300, 6)
	s, tiles := grow(t, audit.TreeState{}, leaves)
	r := tileFiles(tiles)
	for _, i := range []uint64{0, 1, 5, 128, 255, 256, 299} {
		p, err := audit.InclusionProof(ctx, r, i, 300)
		if err != nil {
			t.Fatal(err)
		}
		fails := func(name string, leaf audit.Hash, index, size uint64, p []audit.Hash, root audit.Hash) {
			t.Helper()
			if audit.VerifyInclusion(leaf, index, size, p, root) == nil {
				t.Errorf("entry %d, %s: passes", i, name)
			}
		}
		for name, bad := range probes(p) {
			fails(name, leaves[i], i, 300, bad, s.Root())
		}
		fails("other leaf", leaves[(i+1)%300], i, 300, p, s.Root())
		fails("other root", leaves[i], i, 300, p, audit.EmptyRoot())
		fails("index ^1", leaves[i], i^1, 300, p, s.Root())
		fails("index beyond", leaves[i], 300, 300, p, s.Root())
		fails("size doubled", leaves[i], i, 600, p, s.Root())
		fails("size halved", leaves[i], i, 150, p, s.Root())
		fails("size 0", leaves[i], 0, 0, p, s.Root())
	}
	for _, m := range []uint64{1, 2, 7, 128, 255, 256, 299} {
		before, _ := grow(t, audit.TreeState{}, leaves[:m])
		p, err := audit.ConsistencyProof(ctx, r, m, 300)
		if err != nil {
			t.Fatal(err)
		}
		fails := func(name string, m, n uint64, from, to audit.Hash, p []audit.Hash) {
			t.Helper()
			if audit.VerifyConsistency(m, n, from, to, p) == nil {
				t.Errorf("from %d, %s: passes", m, name)
			}
		}
		for name, bad := range probes(p) {
			fails(name, m, 300, before.Root(), s.Root(), bad)
		}
		fails("no proof", m, 300, before.Root(), s.Root(), nil)
		fails("roots exchanged", m, 300, s.Root(), before.Root(), p)
		fails("other old root", m, 300, audit.EmptyRoot(), s.Root(), p)
		fails("other old size", m+1, 300, before.Root(), s.Root(), p)
		fails("sizes equal", 300, 300, before.Root(), s.Root(), p)
		fails("sizes exchanged", 300, m, before.Root(), s.Root(), p)
		fails("from 0", 0, 300, audit.EmptyRoot(), s.Root(), p)
	}
	if audit.VerifyConsistency(0, 300, s.Root(), s.Root(), nil) == nil {
		t.Error("a log of 0 entries has another root than the empty one")
	}
}

func tileFiles(tiles []audit.Tile) audit.TileReader {
	files := map[string][]byte{}
	for _, tile := range tiles {
		files[tile.Path()] = tile.Data
	}
	return mapReader(files)
}

// Our verifier and merkle's give the same verdict for whatever they are given.
func FuzzVerifyInclusion(f *testing.F) {
	leaves := someLeaves(20, 7)
	s, tiles := grow(f, audit.TreeState{}, leaves)
	p, err := audit.InclusionProof(context.Background(), tileFiles(tiles), 17, 20)
	if err != nil {
		f.Fatal(err)
	}
	root := s.Root()
	f.Add(uint64(17), uint64(20), bytes.Join(unhash(p), nil), leaves[17][:], root[:])
	f.Add(uint64(1), uint64(2), leaves[0][:], leaves[1][:], root[:])
	f.Add(uint64(1)<<63, uint64(1)<<63+1, leaves[0][:], leaves[1][:], root[:])
	f.Fuzz(func(t *testing.T, index, size uint64, path, leaf, want []byte) {
		if len(leaf) != 32 || len(want) != 32 {
			return
		}
		hashes := splitProof(path)
		// Give half of the inputs the root that their proof leads to.
		if root, err := proof.RootFromInclusionProof(rfc6962.DefaultHasher, index, size, leaf, unhash(hashes)); err == nil && want[0]&1 == 0 {
			want = root
		}
		got := audit.VerifyInclusion(audit.Hash(leaf), index, size, hashes, audit.Hash(want))
		oracle := proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf, unhash(hashes), want)
		if (got == nil) != (oracle == nil) {
			t.Fatalf("entry %d of %d: we say %v, merkle says %v", index, size, got, oracle)
		}
	})
}

func FuzzVerifyConsistency(f *testing.F) {
	leaves := someLeaves(20, 8)
	s, tiles := grow(f, audit.TreeState{}, leaves)
	for _, m := range []uint64{4, 7, 19} {
		before, _ := grow(f, audit.TreeState{}, leaves[:m])
		p, err := audit.ConsistencyProof(context.Background(), tileFiles(tiles), m, 20)
		if err != nil {
			f.Fatal(err)
		}
		from, to := before.Root(), s.Root()
		f.Add(m, uint64(20), bytes.Join(unhash(p), nil), from[:], to[:])
	}
	f.Fuzz(func(t *testing.T, m, n uint64, path, from, to []byte) {
		if len(from) != 32 || len(to) != 32 {
			return
		}
		hashes := splitProof(path)
		got := audit.VerifyConsistency(m, n, audit.Hash(from), audit.Hash(to), hashes)
		oracle := proof.VerifyConsistency(rfc6962.DefaultHasher, m, n, unhash(hashes), from, to)
		if m == 0 && oracle == nil { // merkle does not look at the roots then; we do
			return
		}
		if (got == nil) != (oracle == nil) {
			t.Fatalf("%d to %d: we say %v, merkle says %v", m, n, got, oracle)
		}
	})
}

func splitProof(path []byte) []audit.Hash {
	var out []audit.Hash
	for ; len(path) >= 32 && len(out) < 70; path = path[32:] {
		out = append(out, audit.Hash(path[:32]))
	}
	return out
}

func TestTlogProof(t *testing.T) {
	ctx := context.Background()
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 300))
	hashes, err := audit.InclusionProof(ctx, log.Reader(), 299, 300)
	if err != nil {
		t.Fatal(err)
	}
	p := audit.Proof{Index: 299, Hashes: hashes, Checkpoint: log.Files[audit.CheckpointPath].Data}
	for _, extra := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte{0xff}, 300)} {
		p.Extra = extra
		text := p.Format()
		back, err := audit.ParseProof(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, back); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		c, index, err := audit.VerifyProof(log.Entries[299], text, log.Trust)
		if err != nil || index != 299 || c.Checkpoint != log.Checkpoint() {
			t.Errorf("%v, %d, %v", c, index, err)
		}
		if _, _, err := audit.VerifyProof(log.Entries[298], text, log.Trust); err == nil {
			t.Error("the proof passes for another entry")
		}
		stranger := audittest.NewKey(t, audittest.Origin)
		if _, _, err := audit.VerifyProof(log.Entries[299], text, stranger.Trust); err == nil {
			t.Error("the proof passes under another key")
		}
	}
	p.Extra, p.Index = nil, 298
	if _, _, err := audit.VerifyProof(log.Entries[299], p.Format(), log.Trust); err == nil {
		t.Error("the proof passes for another index")
	}
}

func TestParseProofRefusesOtherForms(t *testing.T) {
	good := string(audit.Proof{Index: 7, Extra: []byte("x"), Hashes: []audit.Hash{{1}}, Checkpoint: []byte("c\n")}.Format())
	if _, err := audit.ParseProof([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, swap := range map[string][2]string{
		"other version":    {"proof@v1", "proof@v2"},
		"no blank line":    {"\n\n", "\n"},
		"empty extra":      {"extra eA==", "extra "},
		"unpadded extra":   {"extra eA==", "extra eA"},
		"loose extra":      {"extra eA==", "extra eB=="},
		"extra twice":      {"extra eA==", "extra eA==\nextra eA=="},
		"extra unnamed":    {"extra eA==", "eA=="},
		"extra at the end": {"extra eA==\nindex 7", "index 7\nextra eA=="},
		"no index":         {"index 7\n", ""},
		"index -7":         {"index 7", "index -7"},
		"index +7":         {"index 7", "index +7"},
		"index 07":         {"index 7", "index 07"},
		"index too large":  {"index 7", "index 18446744073709551616"},
		"two spaces":       {"index 7", "index  7"},
		"carriage return":  {"index 7", "index 7\r"},
		"short hash":       {"AAAA=", "AAA="},
		"url base64":       {"AQAAA", "AQ__A"},
		"loose hash":       {"AAAA=\n", "AAAB=\n"},
	} {
		bad := string(bytes.Replace([]byte(good), []byte(swap[0]), []byte(swap[1]), 1))
		if bad == good {
			t.Fatalf("%s changes nothing", name)
		}
		if p, err := audit.ParseProof([]byte(bad)); err == nil {
			t.Errorf("%s: read as %+v", name, p)
		}
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add(audit.Proof{Index: 7, Extra: []byte("x"), Hashes: []audit.Hash{{1}}, Checkpoint: []byte("c\n")}.Format())
	f.Add(audit.Proof{}.Format())
	f.Add([]byte(audit.ProofHeader + "\nindex 0\n\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := audit.ParseProof(text)
		if err == nil && !bytes.Equal(p.Format(), text) {
			t.Fatalf("%q reads back as %q", text, p.Format())
		}
	})
}
