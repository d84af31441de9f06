package accounts

import (
	"crypto/sha256"
	"encoding/base32"
	"io"
	"strings"
)

// codeAlphabet has no letters that are read or heard for digits.
var codeAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newCode makes a code of 28 letters in groups of four, 140 random bits.
func newCode(random io.Reader) (string, error) {
	var raw [20]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", err
	}
	letters := codeAlphabet.EncodeToString(raw[:])[:28]
	var groups []string
	for i := 0; i < len(letters); i += 4 {
		groups = append(groups, letters[i:i+4])
	}
	return strings.Join(groups, "-"), nil
}

// codeHash reads a code as people type it, in either case, with or without
// hyphens, and with the letters that are read for digits; ok is false for what
// cannot be a code.
func codeHash(typed string) (hash []byte, ok bool) {
	if len(typed) > 200 {
		return nil, false
	}
	plain := strings.NewReplacer("-", "", " ", "", "\t", "", "\n", "", "o", "0", "i", "1", "l", "1", "u", "v").Replace(strings.ToLower(typed))
	if len(plain) != 28 {
		return nil, false
	}
	for _, r := range plain {
		if !strings.ContainsRune("0123456789abcdefghjkmnpqrstvwxyz", r) {
			return nil, false
		}
	}
	sum := sha256.Sum256([]byte("lerd invitation\x00" + plain))
	return sum[:], true
}

// plainFingerprint reads a fingerprint as people type it.
func plainFingerprint(typed string) string {
	return strings.NewReplacer("-", "", " ", "", "\u2010", "", "\u2011", "", "\u2013", "").Replace(strings.ToLower(strings.TrimSpace(typed)))
}
