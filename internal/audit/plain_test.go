package audit

import (
	"strings"
	"testing"
)

// TestPlain puts each byte at each place of texts of several lengths, behind and
// before bytes from the edges of what is plain.
func TestPlain(t *testing.T) {
	for c := range 256 {
		isPlain := c >= 0x20 && c <= 0x7e && c != '"' && c != '\\'
		for length := range 20 {
			for at := range length {
				for _, fill := range []string{" ", "~", "!", "#", "[", "]", "a"} {
					text := strings.Repeat(fill, at) + string([]byte{byte(c)}) + strings.Repeat(fill, length-at-1)
					want := at
					if isPlain {
						want = length
					}
					if got := plain(text); got != want {
						t.Fatalf("%q: %d instead of %d", text, got, want)
					}
				}
			}
		}
	}
	if got := plain(`abcdefg"` + "\x00\x00"); got != 7 {
		t.Errorf("the first of several: %d", got)
	}
}
