package export

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTextsThatReadInTwoWays writes files that two programs could read as two
// things, sealed anew by somebody who has the key: each is refused, by the check that
// reads the file.
func TestTextsThatReadInTwoWays(t *testing.T) {
	d := newDesk(t)
	path := d.clear(d.seal(3, 30))
	const ips, phones, both, master, steps = "data/records/ip_addresses.csv", "data/records/phone_numbers.csv", "data/records/records.json", "data/export.json", "data/custody.json"
	swap := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("there is no %q", old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	before := func(s string) func([]byte) []byte { return func(b []byte) []byte { return append([]byte(s), b...) } }
	after := func(s string) func([]byte) []byte {
		return func(b []byte) []byte { return append(bytes.Clone(b), s...) }
	}
	var counted strings.Builder // long, and no bomb
	for i := range 1 << 17 {
		fmt.Fprintf(&counted, "%x", i*7919)
	}
	long := counted.String()
	for name, c := range map[string]struct {
		file, check string
		change      func([]byte) []byte
	}{
		"CSV with CR alone":                {ips, "records", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\r")) }},
		"CSV with LF alone":                {ips, "records", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }},
		"CSV whose last line has no end":   {ips, "records", func(b []byte) []byte { return bytes.TrimSuffix(b, []byte("\r\n")) }},
		"CSV with a byte order mark":       {phones, "records", before("\ufeff")},
		"CSV with an empty line":           {phones, "records", after("\r\n")},
		"CSV with a quoted cell":           {ips, "records", swap(",login,", `,"login",`)},
		"CSV with a quote to the end":      {ips, "records", swap(",login,", `,"login,`)},
		"CSV with a field of a megabyte":   {ips, "records", swap(",login,", ","+long+",")},
		"CSV with a line without an end":   {ips, "records", after(long)},
		"CSV with a zero octet":            {ips, "records", swap(",login,", ",login\x00,")},
		"CSV with one column more":         {phones, "records", swap("\r\nP-", "\r\nx,P-")},
		"phone with digits of Arabic":      {phones, "records", swap("+4930", "+٤٩٣٠")},
		"phone with a space":               {phones, "records", swap("+4930", "+49 30")},
		"phone of another E.164 writing":   {phones, "records", swap("+4930", "004930")},
		"address of IPv4 in IPv6":          {ips, "records", swap(",4,203.", ",6,::ffff:203.")},
		"address with leading zeros":       {ips, "records", swap(",203.0.", ",203.000.")},
		"address with a zone":              {ips, "records", swap(":1,", ":1%eth0,")},
		"record with a member twice":       {both, "records", swap(`"event_type":"login"`, `"event_type":"logout","event_type":"login"`)},
		"record with an exponent":          {both, "records", swap(`"ip_version":4`, `"ip_version":4e0`)},
		"record with a number not finite":  {both, "records", swap(`"ip_version":4`, `"ip_version":NaN`)},
		"record with an escape":            {both, "records", swap(`"login"`, `"\u006cogin"`)},
		"records with a second document":   {both, "records", after("{}\n")},
		"records with a byte order mark":   {both, "records", before("\ufeff")},
		"export.json with a member twice":  {master, "export", swap(`"result": "data"`, `"result": "no_data", "result": "data"`)},
		"export.json with a twin in case":  {master, "export", swap(`"result": "data"`, `"Result": "no_data", "result": "data"`)},
		"export.json with an exponent":     {master, "export", swap(`"bundle_version": 1`, `"bundle_version": 1e0`)},
		"export.json that is not finite":   {master, "export", swap(`"bundle_version": 1`, `"bundle_version": NaN`)},
		"export.json with half a letter":   {master, "export", swap("Köln", `K\ud800ln`)},
		"export.json not in UTF-8":         {master, "export", swap("Köln", "K\xf6ln")},
		"export.json twice":                {master, "export", after("{}")},
		"custody.json with a member twice": {steps, "custody", swap(`"by": "9f3c"`, `"by": "17aa", "by": "9f3c"`)},
	} {
		t.Run(name, func(t *testing.T) {
			fs := files(t, path)
			f := at(fs, c.file)
			f.b = c.change(f.b)
			changed := filepath.Join(t.TempDir(), "EXP-2026-000123.asice")
			d.must(os.WriteFile(changed, pack(t, d.reseal(fs, d.signer, d.tsa, d.crls)), 0o600))
			d.expect(t, changed, c.check)
		})
	}
}
