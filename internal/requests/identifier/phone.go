package identifier

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"lerd/internal/personal"
	"lerd/internal/records"
)

// ParsePhone reads a phone number in international form: +, country code and
// number, with spaces, hyphens, dots, slashes and brackets as people write
// them. A national form, an extension, letters, digits of other scripts and
// lengths that the country does not have are refused.
// SPEC: ITU-T E.164.
func ParsePhone(typed string) (Parsed, error) {
	s := trim(typed)
	if why := phoneFault(s); why != "" {
		return Parsed{}, problem(field, why)
	}
	n, err := phonenumbers.Parse(s, "")
	if errors.Is(err, phonenumbers.ErrInvalidCountryCode) {
		return Parsed{}, problem(field, noCountry)
	}
	if err != nil {
		return Parsed{}, problem(field, "This is not a phone number in international form: type +, the country code and the number, such as +44 7700 900123.")
	}
	if why := lengthFault(n); why != "" {
		return Parsed{}, problem(field, why)
	}
	p := phoneReading(n)
	// A number that begins with its country's trunk prefix can be read in two
	// ways: what is taken must read as itself.
	again, err := phonenumbers.Parse(p.Canonical.Reveal(), "")
	if err != nil || phonenumbers.Format(again, phonenumbers.E164) != p.Canonical.Reveal() {
		return Parsed{}, problem(field, "The zeros after the country code make this number ambiguous; type it without them.")
	}
	return p, nil
}

const noCountry = "There is no such country code; check the digits after the +."

func phoneFault(s string) string {
	switch {
	case s == "":
		return "Type the phone number."
	case len(s) > 64:
		return "Type one phone number; add a target for each further one."
	}
	if why := hidden(s, false); why != "" {
		return why
	}
	for _, r := range s {
		if r > 127 {
			return "Type the number with the digits 0 to 9 and a plain +; one character is of another script or width (" + codePoint(r) + ")."
		}
	}
	return phoneFormFault(s)
}

func phoneFormFault(s string) string {
	lower := strings.ToLower(s)
	switch {
	case strings.ContainsAny(lower, "x;#") || strings.Contains(lower, "ext"):
		return "Leave out the extension: accounts are registered by the number alone."
	case strings.ContainsAny(s, ",&|") || strings.Count(s, "+") > 1:
		return "Type one phone number; add a target for each further one."
	case strings.ContainsAny(s, "*?%"):
		return "Type the whole number; there is no search with wildcards."
	case strings.HasPrefix(s, "00"):
		return "Write + and the country code in place of 00, such as +49 for Germany."
	case !strings.HasPrefix(s, "+"):
		return "Begin with + and the country code, such as +44 7700 900123: without it the number could be of any country."
	case strings.Trim(s, "+0123456789 -().\u002f") != "" || strings.ContainsFunc(s, asciiLetter):
		return "A phone number has only digits after the +, with spaces, hyphens, dots or brackets between them."
	}
	return ""
}

func lengthFault(n *phonenumbers.PhoneNumber) string {
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
		return ""
	case phonenumbers.INVALID_COUNTRY_CODE:
		return noCountry
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "The number is too short for its country; a digit or the area code is missing."
	case phonenumbers.TOO_LONG:
		return "The number is too long for its country; check for a digit too many."
	}
	return "No number of its country has this many digits; check them one by one."
}

func phoneReading(n *phonenumbers.PhoneNumber) Parsed {
	region := phonenumbers.GetRegionCodeForNumber(n)
	if region == "" || region == "ZZ" {
		region = phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	}
	assigned := phonenumbers.IsValidNumber(n)
	reading := phonenumbers.Format(n, phonenumbers.INTERNATIONAL) + " (" + countryName(region) + ")"
	if !assigned {
		reading += ", in a range that is not known to be in use: check the digits"
	}
	if len(region) != 2 {
		region = ""
	}
	return Parsed{
		Kind: records.ByPhone, Canonical: personal.NewText(phonenumbers.Format(n, phonenumbers.E164)),
		Reading: personal.NewText(reading), Country: region, Assigned: assigned,
	}
}

// countryName gives the English name of a region; "001" is a number of no country.
func countryName(region string) string {
	r, err := language.ParseRegion(region)
	if err != nil || region == "001" {
		return "international number"
	}
	return display.English.Regions().Name(r)
}
