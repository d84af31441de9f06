package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
)

const (
	segment = 64<<10 + 16 // of a sealed file: what age encrypts at a time, and its tag
	inClear = 64 << 10
)

// sealedFile gives three segments and a part of one, and where its first begins.
func sealedFile(t *testing.T, key Key, place string) (plain, file []byte, first int) {
	t.Helper()
	plain = make([]byte, 3*inClear+1000)
	rand.Read(plain)
	var out bytes.Buffer
	w, err := key.SealTo(place, &out)
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(plain, 1234) {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return plain, out.Bytes(), out.Len() - len(plain) - 4*16
}

// openedFile reads to the end, and gives what came before.
func openedFile(key Key, place string, file []byte) ([]byte, error) {
	r, err := key.OpenFrom(place, bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func newKey(t *testing.T, v *Vault, owner string) Key {
	t.Helper()
	key, _, err := v.NewKey(owner)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestASealedFileOpensWholeOrNot moves, doubles, drops and changes each part of a
// file: nothing comes of the part or from behind it, and never an end.
func TestASealedFileOpensWholeOrNot(t *testing.T) {
	v := newVault(t)
	key := newKey(t, v, "a")
	plain, file, first := sealedFile(t, key, "place")
	if got, err := openedFile(key, "place", file); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d octets opened, %v", len(got), err)
	}
	_, again, _ := sealedFile(t, key, "place") // of the same key and place
	at := func(n int) int { return first + n*segment }
	of := func(f []byte, n int) []byte { return f[at(n):min(at(n+1), len(f))] }
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	head := file[:first]
	for name, c := range map[string]struct {
		file []byte
		come int // segments that are still right
	}{
		"cut behind the header":              {head, 0},
		"cut behind the first segment":       {file[:at(1)], 1},
		"cut behind the third":               {file[:at(3)], 3},
		"cut inside of a segment":            {file[:at(1)+100], 1},
		"without its last octet":             {file[:len(file)-1], 3},
		"with an octet more":                 {append(bytes.Clone(file), 0), 3},
		"followed by itself":                 {join(file, file), 3},
		"its last segment twice":             {join(file, of(file, 3)), 3},
		"two segments swapped":               {join(head, of(file, 1), of(file, 0), file[at(2):]), 0},
		"a segment twice":                    {join(file[:at(2)], of(file, 1), file[at(2):]), 2},
		"a segment left out":                 {join(file[:at(1)], file[at(2):]), 1},
		"the last segment in front":          {join(head, of(file, 3)), 0},
		"a segment of another file":          {join(file[:at(1)], of(again, 1), file[at(2):]), 1},
		"segments behind another's header":   {join(again[:first], file[first:]), 0},
		"the nonce of another":               {join(file[:first-16], again[first-16:first], file[first:]), 0},
		"a header more":                      {join(head[:first-16], file), 0},
		"nothing":                            {nil, 0},
		"the key of the file, as if sealed":  {file[40:100], 0},
		"another file under its header, cut": {join(file[:at(1)], again[at(1):]), 1},
	} {
		got, err := openedFile(key, "place", c.file)
		if !errors.Is(err, ErrNotOurs) {
			t.Errorf("%s: it ends with %v", name, err)
		}
		if !bytes.Equal(got, plain[:min(c.come*inClear, len(got))]) || len(got) > c.come*inClear {
			t.Errorf("%s: %d octets came", name, len(got))
		}
	}
}

// TestEachOctetOfASealedFileCounts changes one bit at a time: of the header each,
// of the segments some.
func TestEachOctetOfASealedFileCounts(t *testing.T) {
	key := newKey(t, newVault(t), "a")
	plain, file, first := sealedFile(t, key, "place")
	for i := 0; i < len(file); i++ {
		if i > first+100 {
			i = min(i+9973, len(file)-1)
		}
		for bit := range 8 {
			if bit > 0 && i > first {
				break
			}
			bad := bytes.Clone(file)
			bad[i] ^= 1 << bit
			got, err := openedFile(key, "place", bad)
			if come := max(0, i-first) / segment * inClear; !errors.Is(err, ErrNotOurs) || len(got) > come || !bytes.Equal(got, plain[:len(got)]) {
				t.Fatalf("octet %d, bit %d: %d octets came, %v", i, bit, len(got), err)
			}
		}
	}
}

// TestAFileOpensInItsPlaceAlone: not elsewhere, not by another key, not by another
// vault's; what Seal sealed for the place opens too, and only as the whole it is.
func TestAFileOpensInItsPlaceAlone(t *testing.T) {
	v := newVault(t)
	key := newKey(t, v, "a")
	plain, file, _ := sealedFile(t, key, "place")
	for name, c := range map[string]struct {
		key   Key
		place string
	}{"elsewhere": {key, "places"}, "another key": {newKey(t, v, "a"), "place"}, "another vault": {newKey(t, newVault(t), "a"), "place"}} {
		if got, err := openedFile(c.key, c.place, file); !errors.Is(err, ErrNotOurs) || len(got) != 0 {
			t.Errorf("%s: %d octets, %v", name, len(got), err)
		}
	}
	box, err := key.Seal("place", plain)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := openedFile(key, "place", box); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("what was sealed in one piece: %d octets, %v", len(got), err)
	}
	box[len(box)/2] ^= 1
	if got, err := openedFile(key, "place", box); !errors.Is(err, ErrNotOurs) || len(got) != 0 {
		t.Errorf("what was sealed in one piece and changed: %d octets, %v", len(got), err)
	}
}

// TestAStoreThatIsAwayIsNoChangedFile: whoever cannot read is told so.
func TestAStoreThatIsAwayIsNoChangedFile(t *testing.T) {
	key := newKey(t, newVault(t), "a")
	_, file, first := sealedFile(t, key, "place")
	away := errors.New("away")
	box, err := key.Seal("place", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range [][]byte{file, box} {
		for _, n := range []int{0, 10, first / 2, first, first + 100, first + segment, len(file) - 1} {
			r, err := key.OpenFrom("place", io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(away)))
			if err == nil {
				_, err = io.ReadAll(r)
			}
			if !errors.Is(err, away) {
				t.Errorf("after %d octets: %v", n, err)
			}
		}
	}
}
