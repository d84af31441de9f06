package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export/asic"
	"lerd/internal/fault"
	"lerd/internal/identity"
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
	check := func(b []byte) (string, error) {
		t.Helper()
		path, vkey := filepath.Join(t.TempDir(), "d.asice"), filepath.Join(t.TempDir(), "v")
		s.must(os.WriteFile(path, b, 0o600))
		s.must(os.WriteFile(vkey, []byte(s.logVKey+"\n"), 0o600))
		var out bytes.Buffer
		err := (&verifycli.Dossier{File: path, VKey: vkey, TrustRoot: []string{filepath.Join(s.cfg.path("keys", "demo-pki"), "root.pem")}}).Check(&out)
		return out.String(), err
	}
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
