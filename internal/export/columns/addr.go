package columns

import (
	"bytes"
	"net/netip"
)

// isAddr takes an IPv4 address in dotted form, or an IPv6 address as RFC 5952
// writes it: without zone, and none that wraps an IPv4 address. It does what
// net/netip does, without making a string of each cell.
func isAddr(b []byte) bool {
	if bytes.IndexByte(b, ':') < 0 {
		return isIPv4(b)
	}
	raw, ok := sixteen(b)
	if !ok {
		return false
	}
	// There is one form only. That of an address which wraps an IPv4 address has
	// dots, which sixteen does not take.
	var buf [48]byte
	return string(netip.AddrFrom16(raw).AppendTo(buf[:0])) == string(b)
}

// isIPv4 takes four numbers up to 255 without leading zeros.
func isIPv4(b []byte) bool {
	n, digits, dots := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '.' && digits > 0:
			n, digits, dots = 0, 0, dots+1
		case c >= '0' && c <= '9' && (digits == 0 || n > 0):
			if n, digits = n*10+int(c-'0'), digits+1; n > 255 {
				return false
			}
		default:
			return false
		}
	}
	return dots == 3 && digits > 0
}

// sixteen reads groups of hexadecimal digits with at most one gap. It is more
// lenient than RFC 5952: the caller compares with the one form.
func sixteen(b []byte) (raw [16]byte, ok bool) {
	gap, n := -1, 0
	for len(b) > 0 {
		if bytes.HasPrefix(b, []byte("::")) && gap < 0 {
			gap, b = n, b[2:]
			continue
		}
		if n > 0 && n != gap {
			if b[0] != ':' {
				return raw, false
			}
			b = b[1:]
		}
		v, digits := group(b)
		if digits == 0 || n == len(raw) {
			return raw, false
		}
		raw[n], raw[n+1] = byte(v>>8), byte(v)
		n, b = n+2, b[digits:]
	}
	if gap >= 0 && n < len(raw) {
		tail := raw[gap:n]
		moved := [16]byte{}
		copy(moved[:], raw[:gap])
		copy(moved[len(moved)-len(tail):], tail)
		return moved, true
	}
	return raw, gap < 0 && n == len(raw)
}

// group reads up to four lower-case hexadecimal digits.
func group(b []byte) (v, digits int) {
	for _, c := range b[:min(4, len(b))] {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | int(c-'a'+10)
		default:
			return v, digits
		}
		digits++
	}
	return v, digits
}
