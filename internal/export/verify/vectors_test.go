package verify

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lerd/bundle"
	"lerd/bundle/bundletest"
	"lerd/internal/export/asic"
)

// TestTheVerifierAgreesWithTheReaders lets the verifier, which streams, look at
// the readers' test bundles: right ones pass, and of every wrong one it says so.
func TestTheVerifierAgreesWithTheReaders(t *testing.T) {
	for _, v := range bundletest.Load(t, "../../../bundle/vectors") {
		dir := t.TempDir()
		for name, f := range v.Files(t) {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		src, err := openFolder(dir, asic.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		r := &Report{OK: true}
		run := &run{ctx: t.Context(), r: r, src: src, sums: map[string]sums{}, o: Options{Now: time.Now()}}
		run.records()
		src.root.Close()
		if r.OK != (v.Code == "") || v.Code != "" && !slices.Contains(r.Failed(), checkOf(t, v)) {
			t.Errorf("%s: the verifier fails %v, the readers say %q: %+v", v.Name, r.Failed(), v.Code, r.Checks)
		}
	}
}

// checkOf gives the check that must see a vector's fault: another one that
// notices the change too, as that of digests does, is not enough.
func checkOf(t *testing.T, v bundletest.Vector) string {
	t.Helper()
	_, err := bundle.Read(v.Files(t))
	var f *bundle.Fault
	if !errors.As(err, &f) {
		t.Fatalf("%s: %v", v.Name, err)
	}
	switch {
	case f.Code == bundle.Digest, f.Where == "files", f.Where == "files.rows", f.Where == "absences", f.Code == bundle.Missing && f.File == "data/case2.jsonld":
		return "counts"
	case f.File == bundle.CustodyFile:
		return "custody"
	case f.File == bundle.OutcomesFile:
		return "outcomes"
	case f.File == bundle.ExportFile && f.Code != bundle.Count:
		return "export"
	}
	return "records"
}
