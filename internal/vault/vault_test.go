package vault

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func newVault(t *testing.T) *Vault {
	t.Helper()
	v, err := Open(filepath.Join(t.TempDir(), "keys", "drafts.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestNothingOpensElsewhere seals once and tries every wrong place, owner, key
// and octet.
func TestNothingOpensElsewhere(t *testing.T) {
	v, other := newVault(t), newVault(t)
	key, wrapped, err := v.NewKey("draft 1")
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("Canary text of a draft")
	sealed, err := key.Seal("text of 1", plain)
	if err != nil || bytes.Contains(sealed, plain[:6]) || bytes.Contains(wrapped, plain[:6]) {
		t.Fatalf("sealed %x, %v", sealed, err)
	}
	again, err := v.Unwrap("draft 1", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open("text of 1", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("opened %q, %v", got, err)
	}
	if twice, _ := key.Seal("text of 1", plain); bytes.Equal(twice, sealed) {
		t.Error("the same text is sealed the same twice")
	}
	if _, err := v.Unwrap("draft 2", wrapped); err == nil {
		t.Error("the key of one draft opens as that of another")
	}
	if _, err := other.Unwrap("draft 1", wrapped); err == nil {
		t.Error("another vault unwraps the key")
	}
	if _, err := key.Open("text of 2", sealed); err == nil {
		t.Error("a text opens in another place")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := key.Open("text of 1", bad); err == nil {
			t.Errorf("octet %d can be changed", i)
		}
	}
	for n := range sealed {
		if _, err := key.Open("text of 1", sealed[:n]); err == nil {
			t.Errorf("the first %d octets open", n)
		}
	}
}

// TestOneMasterKey starts many processes at once: all have one key, which is
// for its owner alone.
func TestOneMasterKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "drafts.key")
	vaults := make([]*Vault, 8)
	var wg sync.WaitGroup
	for i := range vaults {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var err error
			if vaults[i], err = Open(path, rand.Reader); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	_, wrapped, err := vaults[0].NewKey("x")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vaults {
		if _, err := v.Unwrap("x", wrapped); err != nil {
			t.Errorf("vault %d: %v", i, err)
		}
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 || st.Size() != KeySize {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if _, err := New(make([]byte, 16), rand.Reader); err == nil {
		t.Error("a short key is taken")
	}
}
