package columns

import (
	"bytes"
	"strings"
)

// form says in words what a cell must look like.
func (c *Column) form() string {
	switch c.Kind {
	case ID:
		return "an identifier of up to 128 letters, digits and . _ : @ / -, beginning with a letter or digit"
	case Time:
		return "a UTC time like 2026-01-01T00:00:03.077Z"
	case Enum:
		return "one of " + strings.Join(c.Words, ", ")
	case Bool:
		return "true or false"
	case Phone:
		return "an E.164 number: a plus sign and 2 to 15 digits"
	case Addr:
		return "an IP address in its canonical form without a zone"
	case Port:
		return "a port from 1 to 65535 without leading zeros"
	case Version:
		return "4 or 6"
	case Count:
		return "a whole number"
	case IDs:
		return "identifiers with one space between"
	}
	return "a calling code of 1 to 3 digits"
}

func (c *Column) fits(b []byte) bool {
	switch c.Kind {
	case ID:
		return IsID(b)
	case Time:
		return isTime(b)
	case Enum:
		for _, w := range c.Words {
			if w == string(b) {
				return true
			}
		}
		return false
	case Bool:
		return string(b) == "true" || string(b) == "false"
	case Phone:
		return len(b) >= 3 && len(b) <= 16 && b[0] == '+' && isNumber(b[1:])
	case Addr:
		return isAddr(b)
	case Port:
		return isPort(b)
	case Version:
		return string(b) == "4" || string(b) == "6"
	case Count:
		return len(b) <= 15 && (string(b) == "0" || isNumber(b))
	case IDs:
		for _, id := range bytes.Split(b, []byte(" ")) {
			if !IsID(id) {
				return false
			}
		}
		return true
	}
	return len(b) <= 3 && isNumber(b)
}

// IsID tells whether b has the form of an identifier.
func IsID(b []byte) bool {
	if len(b) == 0 || len(b) > 128 || !idStart[b[0]] {
		return false
	}
	for _, c := range b[1:] {
		if !idRest[c] {
			return false
		}
	}
	return true
}

var idStart, idRest [256]bool

func init() {
	for c := range 256 {
		b := byte(c)
		idStart[c] = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		idRest[c] = idStart[c] || strings.IndexByte("._:@/-", b) >= 0
	}
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// isNumber takes digits without a leading zero.
func isNumber(b []byte) bool { return digits(b) && b[0] != '0' }

func isPort(b []byte) bool {
	if len(b) > 5 || !isNumber(b) {
		return false
	}
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

var monthDays = [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// isTime takes YYYY-MM-DDThh:mm:ss[.fff[fff[fff]]]Z of a real date from 1970 on.
func isTime(b []byte) bool {
	if len(b) < 20 || b[len(b)-1] != 'Z' || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return false
	}
	if frac := b[19 : len(b)-1]; len(frac) > 0 {
		if n := len(frac) - 1; frac[0] != '.' || n != 3 && n != 6 && n != 9 || !digits(frac[1:]) {
			return false
		}
	}
	if !digits(b[:4]) || !digits(b[5:7]) || !digits(b[8:10]) || !digits(b[11:13]) || !digits(b[14:16]) || !digits(b[17:19]) {
		return false
	}
	year, month, day := two(b)*100+two(b[2:]), two(b[5:]), two(b[8:])
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > monthDays[month-1] {
		return false
	}
	if leap := year%4 == 0 && (year%100 != 0 || year%400 == 0); month == 2 && day == 29 && !leap {
		return false
	}
	return two(b[11:]) < 24 && two(b[14:]) < 60 && two(b[17:]) < 60
}

func two(b []byte) int { return int(b[0]-'0')*10 + int(b[1]-'0') }
