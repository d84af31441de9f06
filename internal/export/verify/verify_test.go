package verify

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/bundle"
)

// TestTheVerifierStandsAlone holds the imports of the verifier and of the format
// packages below it.
func TestTheVerifierStandsAlone(t *testing.T) {
	allowed := map[string]bool{"lerd/internal/fault": true, "lerd/internal/audit": true, "lerd/internal/export/asic": true,
		"lerd/internal/export/cms": true, "lerd/internal/export/tsp": true, "lerd/internal/export/columns": true,
		"lerd/bundle": true}
	for _, dir := range []string{".", "../asic", "../cms", "../tsp", "../columns"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			src, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range src.Imports {
				if p := strings.Trim(i.Path.Value, `"`); strings.HasPrefix(p, "lerd/") && !allowed[p] {
					t.Errorf("%s imports %s", f, p)
				}
			}
		}
	}
}

func FuzzParseExport(f *testing.F) {
	f.Add([]byte(`{"schema":"lerd.export/1","bundle_version":1,"export_id":"EXP-2026-000001"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := bundle.ParseExport(b); err == nil && e.BundleVersion != 1 {
			t.Error("another version passed")
		}
	})
}

// FuzzFolder puts octets in the place of each file that is parsed.
func FuzzFolder(f *testing.F) {
	f.Add([]byte("x"), []byte("y"))
	f.Fuzz(func(t *testing.T, manifest, signature []byte) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "META-INF"), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"mimetype": []byte("application/vnd.etsi.asic-e+zip"),
			"META-INF/ASiCManifest001.xml": manifest, "META-INF/signature001.p7s": signature} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Verify(t.Context(), dir, Options{})
		if err == nil && r.OK {
			t.Error("a folder without trust verified")
		}
	})
}
