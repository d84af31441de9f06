package export

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lerd/internal/export/verify"
)

// TestAMistakeIsToldFromAForgery gives the verifier what people give it by mistake: each
// fails as before, and the words say what would make it right.
func TestAMistakeIsToldFromAForgery(t *testing.T) {
	d := newDesk(t)
	s := d.seal(1, 5)
	path := d.clear(s)
	whole, err := os.ReadFile(path)
	d.must(err)
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		at := filepath.Join(dir, name)
		d.must(os.WriteFile(at, b, 0o600))
		return at
	}
	unzipped := filepath.Join(dir, "unzipped")
	for name, b := range openContainer(t, path) {
		d.must(os.MkdirAll(filepath.Dir(filepath.Join(unzipped, name)), 0o700))
		d.must(os.WriteFile(filepath.Join(unzipped, name), b, 0o600))
	}
	d.must(os.WriteFile(filepath.Join(unzipped, ".DS_Store"), nil, 0o600))
	all := verify.Options{Now: now, Roots: d.roots(), LogKeys: []string{d.vkey}}
	one, none := all, all
	one.Roots, none.Roots = all.Roots[:1], nil
	seal, err := os.ReadFile(path + ".p7s")
	d.must(err)
	for name, c := range map[string]struct {
		path, check, says string
		o                 verify.Options
	}{
		"nothing arrived":          {file("empty.asice", nil), "container", "The file is empty. Fetch it again.", all},
		"a download that was cut":  {file("cut.asice", whole[:len(whole)/2]), "container", "It was probably cut off on its way", all},
		"the seal for the bundle":  {file("seal", seal), "container", "Give the file whose name ends in .asice", all},
		"the file of the computer": {unzipped, "manifest", "check the .asice file itself", all},
		"a root for two":           {path, "stamp", "give it with --trust-root as well", one},
		"which root it needs":      {path, "stamp", `does not lead to a trusted root, but to "` + d.roots()[1].Subject.CommonName + `".`, one},
		"a root for two, beside":   {path, "sidecar.tsr", "give it with --trust-root as well", one},
		"no root, of the seal":     {path, "certificate", "No trusted root was given.", none},
		"no root, of the stamp":    {path, "stamp", "No trusted root was given.", none},
	} {
		r, err := verify.Verify(context.Background(), c.path, c.o)
		d.must(err)
		i := slices.IndexFunc(r.Checks, func(k verify.Check) bool { return k.ID == c.check })
		if i < 0 || r.Checks[i].Result != verify.Fail || !strings.Contains(r.Checks[i].Detail, c.says) {
			t.Errorf("%s: no failed %q that says %q: %+v", name, c.check, c.says, r.Checks)
		}
	}
}
