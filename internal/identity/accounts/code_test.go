package accounts

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	code, err := newCode(rand.Reader)
	if err != nil || len(code) != 34 {
		t.Fatalf("%q %v", code, err)
	}
	want, ok := codeHash(code)
	if !ok || len(want) != 32 {
		t.Fatal("a code of ours is none")
	}
	for _, typed := range []string{strings.ToUpper(code), strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(code, "-", " "), " " + code + "\n", strings.NewReplacer("0", "O", "1", "l").Replace(code)} {
		if got, ok := codeHash(typed); !ok || !bytes.Equal(got, want) {
			t.Errorf("%q is another code", typed)
		}
	}
	if other, _ := newCode(rand.Reader); other == code {
		t.Error("two codes are one")
	}
	if _, err := newCode(bytes.NewReader(nil)); err == nil {
		t.Error("a code without randomness")
	}
	if n := len(strings.ReplaceAll(code, "-", "")) * 5; n < 128 {
		t.Errorf("a code has %d bits", n)
	}
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{"", "abcd-abcd-abcd-abcd-abcd-abcd-abcd", strings.Repeat("o", 28), strings.Repeat("é", 28), "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		hash, ok := codeHash(typed)
		if ok != (len(hash) == 32) {
			t.Errorf("%q: %t with %d bytes", typed, ok, len(hash))
		}
		if again, _ := codeHash(strings.ToUpper(typed)); ok && !bytes.Equal(hash, again) && strings.EqualFold(strings.ToUpper(typed), typed) {
			t.Errorf("%q: capitals make another code", typed)
		}
		_ = plainFingerprint(typed)
	})
}
