package identifier

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Longest texts, in characters.
const (
	MaxName      = 200
	MaxReference = 100
	MaxDomain    = 253
)

// Name reads the name of a person, an office or a rule on the named form
// field: one line, NFC, no hidden characters, no word of mixed scripts.
func Name(field, typed string) (string, error) {
	s, why := line(typed, MaxName)
	if why == "" {
		why = mixed(s)
	}
	return result(field, s, why)
}

// Reference reads the number of an order or a case file: as Name, and beside
// letters and digits only the signs that such numbers have.
func Reference(field, typed string) (string, error) {
	s, why := line(typed, MaxReference)
	if why == "" {
		why = mixed(s)
	}
	if why == "" {
		why = referenceFault(s)
	}
	return result(field, s, why)
}

// Domain reads a host name in ASCII and gives it in lower case. A name in
// another script is to be typed in its registered "xn--" form, which shows it
// for what it is.
// SPEC: RFC 1123 §2.1, RFC 5890.
func Domain(field, typed string) (string, error) {
	s, why := line(typed, MaxDomain)
	s = strings.ToLower(s)
	if why == "" {
		why = domainFault(s)
	}
	return result(field, s, why)
}

// FreeText reads an explanation of several lines, at most max characters:
// NFC, line ends as "\n", no hidden characters.
func FreeText(field, typed string, max int) (string, error) {
	s := norm.NFC.String(strings.ReplaceAll(typed, "\r\n", "\n"))
	s = strings.Trim(s, " \t\n")
	why := hidden(s, true)
	if why == "" && utf8.RuneCountInString(s) > max {
		why = fmt.Sprintf("Shorten this to at most %d characters.", max)
	}
	return result(field, s, why)
}

func result(field, s, why string) (string, error) {
	if why != "" {
		return "", problem(field, why)
	}
	return s, nil
}

// line normalises one line of text.
func line(typed string, max int) (string, string) {
	s := norm.NFC.String(trim(typed))
	why := hidden(s, false)
	switch {
	case s == "":
		why = "Type something here."
	case why == "" && utf8.RuneCountInString(s) > max:
		why = fmt.Sprintf("Shorten this to at most %d characters.", max)
	}
	return s, why
}

// hidden says what is wrong with characters that cannot be seen, change the
// order of what is seen, or are none.
func hidden(s string, lines bool) string {
	if !utf8.ValidString(s) {
		return "The text is not valid UTF-8; copy it again, or type it."
	}
	marks := 0
	for _, r := range s {
		if why := hiddenRune(r, lines); why != "" {
			return why
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			marks++
		} else {
			marks = 0
		}
		if marks > 4 {
			return "There are too many marks on one letter; type the text again without them."
		}
	}
	return ""
}

func hiddenRune(r rune, lines bool) string {
	switch {
	case r == '\n' || r == '\t':
		if lines {
			return ""
		}
		return "Type this in one line, without tabs."
	case unicode.Is(unicode.Bidi_Control, r):
		return "There is a hidden character that changes the direction of the text (" + codePoint(r) + "); type the text again rather than copying it."
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || invisible(r):
		return "There is an invisible character (" + codePoint(r) + "); type the text again rather than copying it."
	case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
		return "There is a control character (" + codePoint(r) + "); type the text again rather than copying it."
	case unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r) || r == utf8.RuneError || unicode.Is(unicode.Noncharacter_Code_Point, r):
		return "There is a character without a meaning (" + codePoint(r) + "); type the text again."
	}
	return ""
}

// invisible tells of letters and marks that are drawn as nothing.
func invisible(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == 0x2800
}

func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

// signs are what references have beside letters and digits.
const signs = " -–/._:,()[]#№§&+'’"

func referenceFault(s string) string {
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune(signs, r) {
			return "A reference has letters, digits and the signs - / . _ : , ( ) # & only."
		}
	}
	if strings.ContainsRune("-+=@", rune(s[0])) {
		return "A reference begins with a letter, a digit or a bracket."
	}
	return ""
}

func domainFault(s string) string {
	for _, r := range s {
		if r > 127 {
			return "Type the domain in its registered form, in ASCII (xn--…): a letter of another script (" + codePoint(r) + ") can look like a Latin one."
		}
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "Type a domain alone, such as police.example: letters, digits and hyphens between dots."
		}
	}
	if top := labels[len(labels)-1]; len(labels) < 2 || strings.Trim(top, "0123456789") == "" {
		return "Type a domain with at least two parts, such as police.example, not a number or a single word."
	}
	return ""
}
