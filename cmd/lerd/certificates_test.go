package main

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lerd/internal/export"
	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/legal"
	"lerd/internal/processes"
	"lerd/policies"
)

// policiesWith gives the policies with one file changed.
func policiesWith(t *testing.T, name, old, now string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(policies.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(policies.FS, path)
		out[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	was := string(out[name].Data)
	if strings.Count(was, old) != 1 {
		t.Fatalf("%s does not hold %q once", name, old)
	}
	out[name].Data = []byte(strings.Replace(was, old, now, 1))
	return out
}

// certificateOf makes a bundle as a release under the process would be made, and
// gives the text of its certificate.
func certificateOf(t *testing.T, law *legal.Registry, process string) string {
	t.Helper()
	forms, err := certificatesOf(&processes.Book{Shipped: law})(process, 1)
	if err != nil {
		t.Fatal(err)
	}
	desk := exporttest.New(t, demopki.Options{})
	content := desk.Content(1, 1)
	content.Certificate.Forms = forms
	_, container := desk.SealContent(content)
	b, err := os.ReadFile(container)
	if err != nil {
		t.Fatal(err)
	}
	reader := &scenario{t: t}
	return strings.Join(strings.Fields(reader.pdfText(fromZip(t, b, "certificate.pdf"))), " ")
}

// TestTheProcessNamesTheCertificates changes nothing but the data of a process, and
// sees another certificate leave.
func TestTheProcessNamesTheCertificates(t *testing.T) {
	const reply, section = "Reply to a European Production Order Certificate", "Fed. R. Evid. 902(13)"
	shipped, err := legal.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := legal.Load(policiesWith(t, "processes/EU-EPOC-S.v1.yaml", "certificates: [eu_epoc_reply]", "certificates: [us_902_13]"))
	if err != nil {
		t.Fatal(err)
	}
	if got := certificateOf(t, shipped, "EU-EPOC-S"); !strings.Contains(got, reply) || strings.Contains(got, section) {
		t.Errorf("as shipped, the certificate says %s", got)
	}
	if got := certificateOf(t, changed, "EU-EPOC-S"); strings.Contains(got, reply) || !strings.Contains(got, section) {
		t.Errorf("after the change of the data, the certificate says %s", got)
	}
	if _, err := certificatesOf(&processes.Book{Shipped: shipped})("EU-EPOC-S", 99); err == nil {
		t.Error("a version that nobody knows gets a certificate")
	}
}

// TestEveryCertificateOfTheDataCanBeMade holds the list of the policies against
// what the export can make, both ways.
func TestEveryCertificateOfTheDataCanBeMade(t *testing.T) {
	law, err := legal.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, p := range law.Processes() {
		for _, c := range p.Certificates {
			used[c] = true
			if !slices.Contains(export.Forms, c) {
				t.Errorf("%s wants %s, which cannot be made", p.ID, c)
			}
		}
	}
	for _, form := range export.Forms {
		if law.CertificateTitle(form) == "" || !used[form] {
			t.Errorf("the form %s is not in fields.yaml, or no process wants it", form)
		}
	}
}
