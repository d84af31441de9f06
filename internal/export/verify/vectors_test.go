package verify

import (
	"os"
	"path/filepath"
	"testing"
	"time"

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
		if r.OK != (v.Code == "") {
			t.Errorf("%s: the verifier says %v, the readers %q: %+v", v.Name, r.OK, v.Code, r.Checks)
		}
	}
}
