package export

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"text/template"
)

// verifyTemplate is VERIFY.txt: how to check the bundle without lerd.
var verifyTemplate = template.Must(template.New("verify").Parse(`HOW TO CHECK THIS BUNDLE

Export {{.ID}}, format lerd.export/1. You need OpenSSL 3.0.19 or later (older
versions have a known defect in reading encrypted messages) and the root
certificates root.pem and tsa-root.pem, which your agency received at onboarding.
They are also published, with log-keys.txt, the audit log's keys for step 4, at
  {{.URL}}
Compare their SHA-256 fingerprints with those you hold on paper:
{{range .Roots}}  {{.Name}}
    {{.Sum}}
{{end}}   openssl x509 -in root.pem -noout -fingerprint -sha256
   openssl x509 -in tsa-root.pem -noout -fingerprint -sha256
Type the commands one after the other, in the folder with the file that you received.
On Windows write NUL in place of /dev/null; unzip and sha256sum come with Git for Windows.

1. Decrypt (only if you received a .p7m or an .age file)
   openssl cms -decrypt -binary -inform DER -in {{.ID}}.zip.p7m -recip me.crt -inkey me.key -out {{.ID}}.zip
   CHECK THE EXIT STATUS: after a failure openssl leaves a file that must not be used.
   Type: echo $?   (Windows: echo %ERRORLEVEL%)   It must print 0. Delete the .zip otherwise.
   For an .age file: age -d -i key.txt -o {{.ID}}.zip {{.ID}}.zip.age
   If your agency has chosen the form for older programs (AES-CBC), the decryption notices
   no change: do not use anything before step 2 has succeeded.
   unzip {{.ID}}.zip

2. Check the whole file
   openssl cms -verify -cades -binary -inform DER -in {{.ID}}.asice.p7s -content {{.ID}}.asice -CAfile root.pem -out /dev/null
   openssl ts -verify -data {{.ID}}.asice -in {{.ID}}.asice.tsr -CAfile tsa-root.pem

3. Check what is inside
   unzip {{.ID}}.asice -d {{.ID}} && cd {{.ID}}
   openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml -CAfile ../root.pem -out /dev/null
   sha256sum -c manifest-sha256.txt
   sha256sum -c tagmanifest-sha256.txt
   cd ..

   Years later, when the seal's certificate has expired, add -attime SECONDS to each -verify:
   the time of the time stamp, in seconds since 1970. This shows it:
   openssl ts -reply -in {{.ID}}.asice.tsr -text
   and this counts the seconds: date -d "Jan 31 23:59:59 2026 GMT" +%s

4. Everything at once, more strictly, with the free verifier
   If you have {{.ID}}.tlog-proof and {{.ID}}.released.json (the page of the request
   in the portal gives them), put them beside the container first: they prove its release.
   lerd bundle verify {{.ID}}.asice --trust-root root.pem --trust-root tsa-root.pem --log-vkey log-keys.txt

WHAT IS IN IT
  letter.pdf                       the answer in words: asked, approved, narrowed, refused, not held
  certificate.pdf                  certificate of authenticity, to be signed by a person
  data/export.json                 the master record: the same for programs, with the chain of custody
  data/records/outcomes.csv        what became of each thing that was asked
  data/records/*.csv, records.json the records; records.json is the reference where a program changes a CSV
  data/custody.json                who did which step when, and by what event of the audit log
  data/case.jsonld                 the same for forensic tools (CASE/UCO)
  data/schema/                     what every field means
  data/audit/                      proof that the export stands in the audit log:
                                   export.sealed.json is the entry, export.tlog-proof the proof (c2sp.org/tlog-proof)

READING THE RECORDS BY PROGRAM
  Begin with data/export.json, schema data/schema/export.schema.json. The CSV files have their columns, meanings
  and the meaning of an empty cell in data/schema/*.csv-metadata.json (W3C CSV on the Web). Readers in Go and
  Python and test bundles for your own reader are published with lerd, in its folder bundle.
This copy was sealed for one recipient. Its mark, {{.Mark}}, ends each record id and stands on
each page and in data/custody.json; another copy of {{.ID}} differs in mark, record ids and digests alone.
Times are UTC. An empty cell is never zero: "absences" in export.json says for each column what it means.
Source ports are needed where addresses are shared.
`))

type rootLine struct{ Name, Sum string }

func verifyText(s *stage) ([]byte, error) {
	v := struct {
		ID, URL, Mark string
		Roots         []rootLine
	}{ID: s.ExportID, URL: s.PublishedAt, Mark: s.Header.Copy.Mark}
	for _, der := range s.Roots {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		v.Roots = append(v.Roots, rootLine{c.Subject.CommonName, colons(sha256.Sum256(der))})
	}
	var b bytes.Buffer
	err := verifyTemplate.Execute(&b, v)
	return b.Bytes(), err
}

func colons(sum [32]byte) string {
	parts := make([]string, len(sum))
	for i, c := range sum {
		parts[i] = fmt.Sprintf("%02X", c)
	}
	return strings.Join(parts, ":")
}
