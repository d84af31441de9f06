package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/fault"
)

// papersOf gives the text of certificate and letter.
func papersOf(t *testing.T, d *desk, c Content) (certificate, letter string) {
	t.Helper()
	d.maker.Dir = t.TempDir()
	p, err := d.maker.Prepare(t.Context(), c)
	d.must(err)
	files := contents(t, p)
	read := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		d.must(os.WriteFile(path, files[name].Data, 0o600))
		out, err := run(t, t.TempDir(), "pdftotext", "-raw", path, "-")
		d.must(err)
		if out, err := run(t, t.TempDir(), "qpdf", "--check", path); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		return strings.Join(strings.Fields(out), " ")
	}
	return read("certificate.pdf"), read("letter.pdf")
}

// TestCertificatesByProcess sees that each form has its words and no other's,
// and leaves the signing to a person.
func TestCertificatesByProcess(t *testing.T) {
	d := newDesk(t)
	perjury, schedule, wilful := "I declare under penalty of perjury under the laws of the United States of America", "Part B (to be filled by the Expert)", "liable to prosecution if I have wilfully stated"
	for name, c := range map[string]struct {
		forms    []string
		has, not []string
	}{
		"US":               {[]string{FormUS11, FormUS13, FormUS14}, []string{"902(11), 902(13), 902(14)", "902(11), 803(6)(A)-(C)", "regular practice", perjury, "Executed on (date)"}, []string{schedule, wilful}},
		"US, system alone": {[]string{FormUS13}, []string{"902(13):", perjury}, []string{"902(11)", "902(14)"}},
		"India": {[]string{FormIndia}, []string{"Part A (to be filled by the Party)", schedule, "भाग क (पक्षकार द्वारा भरा जाए)", "भारतीय साक्ष्य अधिनियम, 2023",
			"[x] SHA256", "Time (IST)", "solemnly affirm"}, []string{perjury, wilful}},
		"UK": {[]string{FormUK}, []string{wilful}, []string{perjury, schedule}},
		"EU": {[]string{FormEPOC}, []string{"Reply to a European Production Order Certificate", "Article 10 of Regulation (EU) 2023/1543", "subscriber data (Article 3(9))",
			"sole purpose of identifying the user (Article 3(10))", "to the best of my knowledge"}, []string{perjury, schedule, wilful, "Lei 12.965", "Article 3(11)"}},
		"EU, traffic data": {[]string{FormEPOC, FormTraffic}, []string{"Reply to a European Production Order Certificate", "traffic data (Article 3(11))"}, []string{"Article 3(10)", "Lei 12.965"}},
		"Brazil":           {[]string{FormBrazil}, []string{"Declaração sobre registros de acesso", "Lei 12.965/2014", "UTC−3", "art. 158-A and 158-B"}, []string{perjury, schedule, "Article 10 of Regulation"}},
		"none named":       {nil, []string{"Certificate of authenticity"}, []string{perjury, schedule, "Article 10 of Regulation", "Lei 12.965"}},
	} {
		content := d.content(2, 3)
		content.Certificate.Forms = c.forms
		got, _ := papersOf(t, d, content)
		for _, want := range append(c.has, "Polizei Köln", "NTP", "5 ms", "1000 µs", "unsigned, it certifies nothing") {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the certificate does not say %q:\n%s", name, want, got)
			}
		}
		// A long name may be broken at its slashes.
		if !strings.Contains(strings.ReplaceAll(got, " ", ""), "data/records/ip_addresses.csv") {
			t.Errorf("%s: the certificate does not list the files", name)
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: the certificate says %q", name, not)
			}
		}
	}
}

// TestAFormThatCannotBeMadeStopsTheExport: a process that wants a certificate of
// which the program knows nothing gets no general one in its place.
func TestAFormThatCannotBeMadeStopsTheExport(t *testing.T) {
	d := newDesk(t)
	content := d.content(1, 1)
	content.Certificate.Forms = []string{FormGeneral, "xx_unknown"}
	if _, err := d.maker.Prepare(t.Context(), content); fault.KindOf(err) != fault.Invalid {
		t.Errorf("Prepare = %v, want invalid", err)
	}
}

// TestTheLetterSaysWhatBecameOfEverything looks at each kind of outcome.
func TestTheLetterSaysWhatBecameOfEverything(t *testing.T) {
	d := newDesk(t)
	c := vectorContents(d)["full"]
	c.Header.Outcomes = append(c.Header.Outcomes, Outcome{SubjectRef: "S-3", Category: CategoryPhone, Asked: c.Header.Outcomes[0].Asked, Decision: DecisionWithheld})
	c.Header.Supersedes = "EXP-2026-000122"
	c.Header.Subjects = []Subject{{Ref: "S-1", Kind: "user name", Identifier: "mira_k", HolderAt: now}, {Ref: "S-2", Kind: "account number", Identifier: "10000042"}}
	certificate, letter := papersOf(t, d, c)
	for _, want := range []string{"S-1 user name mira_k " + stampOf(now), "S-2 account number 10000042 not stated"} {
		if !strings.Contains(letter, want) || !strings.Contains(certificate, want) {
			t.Errorf("letter and certificate do not both say %q:\n%s\n%s", want, letter, certificate)
		}
	}
	for _, want := range []string{"A part of what was asked", "takes the place of EXP-2026-000122", "narrowed to", "Refused", "Not in this release", "RR-10",
		"Ask for at most 31 days.", "ip_addresses.source_port 1 of 3 not recorded by the source", "+12025550143", "2001:db8:0:1:1:1:1:1", "How to check this bundle"} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter does not say %q:\n%s", want, letter)
		}
	}
	_, letter = papersOf(t, d, vectorContents(d)["none"])
	for _, want := range []string{"Nothing is held of what was asked.", "Not held: looked for, nothing found", "Not held: no account, or nothing of this kind"} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter does not say %q:\n%s", want, letter)
		}
	}
}
