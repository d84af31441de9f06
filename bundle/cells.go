package bundle

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var looksLikeTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$`)

// isTime tells whether a text of that form is a real moment from 1970 on; there
// are no leap seconds in it.
func isTime(s string) bool {
	t, err := time.Parse("2006-01-02T15:04:05.999999999Z", s)
	return err == nil && t.Year() >= 1970
}

// moment gives a time as a text that orders as the times do.
func moment(s string) string {
	whole, fraction, _ := strings.Cut(strings.TrimSuffix(s, "Z"), ".")
	return whole + "." + (fraction + "000000000")[:9]
}

// momentOf is moment of a time.
func momentOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000") }

// isAddress tells whether s is an address in its one form.
// SPEC: RFC 5952 §4; IPv4 without leading zeros; no zone; no IPv4 in IPv6.
func isAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == "" && !a.Is4In6() && a.String() == s
}

// field turns a cell into the value that records.json has for it: an empty cell
// is nil.
func field(rule object, cell string) any {
	types, _ := rule["type"].([]any)
	name, _ := rule["type"].(string)
	for _, t := range types {
		if t != "null" {
			name, _ = t.(string)
		}
	}
	switch {
	case cell == "":
		return nil
	case name == "integer" && plainNumber.MatchString(cell):
		n, err := strconv.ParseInt(cell, 10, 64)
		if err == nil {
			return n
		}
	case name == "boolean" && (cell == "true" || cell == "false"):
		return cell == "true"
	}
	return cell
}

var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,14})$`)

// meaningful sees what a pattern cannot: that times and addresses exist, and
// that the version is the address's. A name's end says what it holds.
func meaningful(row object) *Fault {
	for _, name := range sortedNames(row) {
		s, ok := row[name].(string)
		switch {
		case !ok:
		case strings.HasSuffix(name, "_utc") && !isTime(s):
			return wrong(Form, name, "there is no such time")
		case (name == "ip_address" || name == "destination_ip") && !isAddress(s):
			return wrong(Form, name, "it is not an address in its one form")
		}
	}
	if code, ok := row["country_calling_code"].(string); ok && !strings.HasPrefix(str(row, "phone_e164"), "+"+code) {
		return wrong(Form, "country_calling_code", "the number does not begin with it")
	}
	if v, ok := row["ip_version"].(int64); ok {
		a, _ := row["ip_address"].(string)
		if (v == 6) != strings.Contains(a, ":") {
			return wrong(Form, "ip_version", "it is not that of the address")
		}
	}
	return nil
}
