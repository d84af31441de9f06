package export

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export/verify"
)

// TestWhatTheMakerKnowsHoldsForItsOwnOctetsAlone gives the verifier digests that
// are wrong, for the very container and for another: it takes a maker's word for
// what a container unpacks to only while that lies there as it was written, and
// even then holds the word against the signed manifest.
func TestWhatTheMakerKnowsHoldsForItsOwnOctetsAlone(t *testing.T) {
	d := newDesk(t)
	s := d.seal(2, 300)
	known := s.packed
	if known == nil || len(known.Files) != 4 {
		t.Fatalf("of a container just written the maker knows %v", known)
	}
	path := d.clear(s)
	see := func(p *verify.Packed) verify.Report {
		r, err := verify.Verify(context.Background(), path, verify.Options{Roots: d.roots(), LogKeys: []string{d.vkey}, Now: now, Packed: p})
		d.must(err)
		return r
	}
	if r := see(known); !r.OK {
		show(t, r)
		t.Error("with the maker's knowledge its own container does not verify")
	}
	lie := &verify.Packed{Container: known.Container, Files: map[string][sha256.Size]byte{"data/records/records.json": {1}}}
	if r := see(lie); r.OK || !strings.Contains(strings.Join(r.Failed(), " "), "digests") {
		t.Errorf("a wrong digest of contents goes through: %v", r.Failed())
	}
	lie.Container[0] ^= 1 // of another container: what is said of it does not count
	if r := see(lie); !r.OK {
		show(t, r)
		t.Error("what is said of another container counts for this one")
	}
}

// TestOctetsSpoiltInTheStagingFolderAreNotSealed changes each packed file of
// records between its packing and the seal: a small one lies in the index, a larger
// one in a file of its own, and one larger still is read in a goroutine.
func TestOctetsSpoiltInTheStagingFolderAreNotSealed(t *testing.T) {
	for _, c := range []struct {
		name string
		rows int
		own  bool // has a file of its own
	}{{"phone_numbers.csv", 300, false}, {"ip_addresses.csv", 300, false}, {"ip_addresses.csv", 6000, true}, {"records.json", 6000, true},
		{"case.jsonld", 6000, true}, {"records.json", 40_000, true}} {
		d, name := newDesk(t), c.name
		p, err := d.maker.Prepare(context.Background(), d.content(3, c.rows))
		d.must(err)
		for i := range p.stage.Files {
			if f := &p.stage.Files[i]; strings.HasSuffix(f.Name, name) {
				if spoilStaged(t, p.Dir, f); (f.Blob != "") != c.own {
					t.Errorf("%s of %d rows has a file of its own: %v", name, c.rows, !c.own)
				}
				if large := f.Compressed >= 4*besideStep; large != (c.rows > 6000) {
					t.Errorf("%s of %d rows has %d octets packed", name, c.rows, f.Compressed)
				}
			}
		}
		if _, err := d.maker.Seal(context.Background(), d.sealRequest(p)); err == nil || !strings.Contains(err.Error(), "other octets") {
			t.Errorf("%s was spoilt before the seal, and the answer is %v", name, err)
		}
	}
}

// spoilStaged changes one octet in the middle of a staged file.
func spoilStaged(t *testing.T, dir string, f *staged) {
	t.Helper()
	if f.Blob == "" {
		f.Data[len(f.Data)/2] ^= 1
		return
	}
	path := filepath.Join(dir, f.Blob)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheMakerKnewIsNotReadAgain seals once more what was sealed before: what
// was known went with the first answer, and nothing of it stays.
func TestWhatTheMakerKnewIsNotReadAgain(t *testing.T) {
	d := newDesk(t)
	p, err := d.maker.Prepare(context.Background(), d.content(3, 3))
	d.must(err)
	first, err := d.maker.Seal(context.Background(), d.sealRequest(p))
	d.must(err)
	again, err := d.maker.Seal(context.Background(), d.sealRequest(p))
	d.must(err)
	if first.packed == nil || again.packed != nil || again.SHA256 != first.SHA256 {
		t.Errorf("known at first: %v, of what was sealed before: %v", first.packed, again.packed)
	}
}
