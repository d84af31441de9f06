package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export/asic"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight/dossier"
	"lerd/internal/requests"
	"lerd/internal/verifycli"
)

// TestTheDossierOfACaseStandsAlone takes a case's dossier, checks it as a stranger, and
// tampers with each of its files.
func TestTheDossierOfACaseStandsAlone(t *testing.T) {
	s := newScenario(t)
	q := s.toExport("IN/94/2026/951")
	s.indexed()
	ines := s.as("ines.moreau")
	if _, _, err := s.oversight.MakeDossier(identity.With(s.ctx, actorIn(ines)), q.ID); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without a passkey: %v", err)
	}
	if _, _, err := s.oversight.MakeDossier(s.as("rita.lind"), q.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer takes a dossier: %v", err)
	}
	name, file, err := s.oversight.MakeDossier(ines, q.ID)
	s.must(err)
	if !strings.HasPrefix(name, q.Ref) {
		t.Errorf("it is called %s", name)
	}
	check := s.checkDossier
	text, err := check(file)
	if err != nil || !strings.Contains(text, "VALID\n") || !strings.Contains(text, q.Ref) || strings.Contains(text, " 0 values") {
		t.Fatalf("%v\n%s", err, text)
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	s.must(err)
	if _, err := check(rezip(t, z, "")); err != nil {
		t.Fatalf("packed again as it was: %v", err)
	}
	for _, victim := range z.File {
		if _, err := check(rezip(t, z, victim.Name)); err == nil {
			t.Errorf("%s can be changed", victim.Name)
		}
	}
	if len(s.column("SELECT 'x' FROM audit.event WHERE kind = 'audit.dossier_taken'")) != 1 {
		t.Error("that it was taken is no event")
	}
}

// checkDossier checks a dossier as a stranger would.
func (s *scenario) checkDossier(b []byte) (string, error) {
	s.t.Helper()
	path, vkey := filepath.Join(s.t.TempDir(), "d.asice"), filepath.Join(s.t.TempDir(), "v")
	s.must(os.WriteFile(path, b, 0o600))
	s.must(os.WriteFile(vkey, []byte(s.logVKey+"\n"), 0o600))
	var out bytes.Buffer
	err := (&verifycli.Dossier{File: path, VKey: vkey, TrustRoot: []string{filepath.Join(s.cfg.path("keys", "demo-pki"), "root.pem")}}).Check(&out)
	return out.String(), err
}

func (s *scenario) validDossier(b []byte) {
	s.t.Helper()
	if text, err := s.checkDossier(b); err != nil || !strings.Contains(text, "VALID\n") {
		s.t.Errorf("%v\n%s", err, text)
	}
}

// rezip packs an archive again as it was, but for one file.
func rezip(t *testing.T, z *zip.Reader, victim string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := asic.NewWriter(&out, storyNow, asic.Comment)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == victim {
			b[len(b)/2] ^= 1
		}
		add := w.AddDeflated
		if f.Method == zip.Store {
			add = w.AddStored
		}
		if _, err := add(f.Name, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestADossierHoldsNothingHarmful: what nobody opens is not carried away either; its
// line says why it is missing, and the dossier verifies.
func TestADossierHoldsNothingHarmful(t *testing.T) {
	s, scanner := withScanner(t)
	scanner.down = true
	doc, err := s.sends(markedOrder())
	s.must(err)
	q, err := s.send(s.as("asha.rao"), s.submission(doc.ID, "IN/94/2026/952"))
	s.must(err)
	plain := s.submit("IN/94/2026/953")
	dossierOf := func(id requests.ID) (head dossier.Head, papers []string) {
		s.sequenceAll()
		s.indexed()
		_, file, err := s.oversight.MakeDossier(s.as("ines.moreau"), id)
		s.must(err)
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		s.must(err)
		for _, f := range z.File {
			if strings.HasPrefix(f.Name, "documents/") {
				papers = append(papers, f.Name)
			}
		}
		s.must(json.Unmarshal(readFile(t, z, dossier.HeadName), &head))
		if len(head.Documents) != 1 || head.Documents[0].SHA256 != s.load(id).Document.SHA256 {
			t.Errorf("it names %+v", head.Documents)
		}
		s.validDossier(file)
		return head, papers
	}
	if head, papers := dossierOf(q.ID); head.Documents[0].Withheld != dossier.Waits || len(papers) != 0 {
		t.Errorf("while it waits for the scanner: %+v, %v", head.Documents, papers)
	}
	scanner.down = false
	_, err = s.sweepPapers(s.ctx)
	s.must(err)
	if head, papers := dossierOf(q.ID); head.Documents[0].Withheld != dossier.Harmful || len(papers) != 0 {
		t.Errorf("harmful: %+v, %v", head.Documents, papers)
	}
	if head, papers := dossierOf(plain.ID); head.Documents[0].Withheld != "" || len(papers) != 1 {
		t.Errorf("plain: %+v, %v", head.Documents, papers)
	}
}

func readFile(t *testing.T, z *zip.Reader, name string) []byte {
	t.Helper()
	r, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTheSealingKeyHidesNothingInADossier packs a dossier again with the platform's own
// seal, and leaves out what the platform might like to.
func TestTheSealingKeyHidesNothingInADossier(t *testing.T) {
	s := newScenario(t)
	q := s.toExport("IN/94/2026/954")
	s.indexed()
	_, file, err := s.oversight.MakeDossier(s.as("ines.moreau"), q.ID)
	s.must(err)
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	s.must(err)
	emptied := func(o dossier.Opening) dossier.Opening {
		var p struct {
			Salt   string            `json:"salt"`
			Schema string            `json:"schema"`
			Values []json.RawMessage `json:"values"`
		}
		s.must(json.Unmarshal(o.Payload, &p))
		if len(p.Values) == 0 {
			t.Fatal("it has no values to leave out")
		}
		p.Values = p.Values[1:]
		o.Payload, err = json.Marshal(p)
		s.must(err)
		return o
	}
	withValues := func(d *dossier.Dossier) int {
		for i, o := range d.Openings {
			if !bytes.Contains(o.Payload, []byte(`"values":[]`)) {
				return i
			}
		}
		t.Fatal("no event has values")
		return 0
	}
	for name, c := range map[string]struct {
		hide func(*dossier.Dossier)
		want string // "" for a valid dossier
	}{
		"nothing":                  {func(*dossier.Dossier) {}, ""},
		"an opening":               {func(d *dossier.Dossier) { d.Openings = d.Openings[1:] }, "says that 0 events are not opened, and 1 are not"},
		"an opening, and says so":  {func(d *dossier.Dossier) { d.Openings, d.Head.Unopened = d.Openings[1:], 1 }, "1 events are not opened, and no erasure"},
		"an opening, by another":   {func(d *dossier.Dossier) { d.Openings[0] = d.Openings[1] }, "or twice"},
		"one value of an event":    {func(d *dossier.Dossier) { i := withValues(d); d.Openings[i] = emptied(d.Openings[i]) }, "does not open all that it committed to"},
		"the order":                {func(d *dossier.Dossier) { d.Head.Documents, d.Files = nil, nil }, "which an event of the case names, is left out"},
		"the order, as erased":     {func(d *dossier.Dossier) { d.Head.Documents[0].Erased, d.Files = true, nil }, "no erasure among the events says so"},
		"the order, for no reason": {func(d *dossier.Dossier) { d.Head.Documents[0].Withheld, d.Files = "secret", nil }, `"secret" is no reason`},
		"an order without a name": {func(d *dossier.Dossier) {
			d.Head.Documents = append(d.Head.Documents, dossier.Document{What: "order", Withheld: dossier.Harmful})
		}, "No event of the case names the order"},
	} {
		d := unpacked(t, z)
		c.hide(&d)
		again, err := d.Pack(s.ctx, s.oversight.Signer)
		s.must(err)
		text, err := s.checkDossier(again)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q\n%s", name, err, c.want, text)
		}
	}
	d := unpacked(t, z)
	d.Head.Documents[0].Withheld, d.Files = dossier.Harmful, nil
	again, err := d.Pack(s.ctx, s.oversight.Signer)
	s.must(err)
	if text, err := s.checkDossier(again); err != nil || !strings.Contains(text, "1 documents; 1 not in it: withheld as harmful, as the platform says") {
		t.Errorf("an order that is withheld is not said to be: %v\n%s", err, text)
	}
}

// unpacked reads the files of a dossier.
func unpacked(t *testing.T, z *zip.Reader) (d dossier.Dossier) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(json.Unmarshal(readFile(t, z, dossier.HeadName), &d.Head))
	d.Checkpoint, d.Files = readFile(t, z, "checkpoint"), map[string][]byte{}
	lines := func(name string, f func(line []byte)) {
		for line := range bytes.Lines(readFile(t, z, name)) {
			f(bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	lines(dossier.EntriesName, func(line []byte) { d.Entries = append(d.Entries, line) })
	lines(dossier.ProofsName, func(line []byte) {
		var x dossier.Proof
		must(json.Unmarshal(line, &x))
		d.Proofs = append(d.Proofs, x)
	})
	lines(dossier.OpeningsName, func(line []byte) {
		var x dossier.Opening
		must(json.Unmarshal(line, &x))
		d.Openings = append(d.Openings, x)
	})
	lines(dossier.FactsName, func(line []byte) {
		var x dossier.Facts
		must(json.Unmarshal(line, &x))
		d.Facts = append(d.Facts, x)
	})
	for _, f := range z.File {
		if sum, ok := strings.CutPrefix(f.Name, "documents/"); ok {
			d.Files[strings.TrimSuffix(sum, ".pdf")] = readFile(t, z, f.Name)
		}
	}
	return d
}
