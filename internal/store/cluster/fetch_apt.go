package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
)

// dpkgStatus lists what is installed on a Debian system.
const dpkgStatus = "/var/lib/dpkg/status"

// aptPlan says where to put the distribution's server and which one.
type aptPlan struct {
	cache  string
	want   int    // major version, 0: the distribution's
	status string // "": dpkgStatus
}

// fromApt takes the server from the distribution's archive without installing
// anything and without rights: apt-get works on lists of its own, checks the
// archive's signatures as always, downloads what is missing, and the packages
// are unpacked into the cache.
func (f Finder) fromApt(ctx context.Context, p aptPlan, log *slog.Logger) (Binaries, error) {
	if p.status == "" {
		p.status = dpkgStatus
	}
	target := filepath.Join(p.cache, "debian-postgresql")
	if p.want != 0 {
		target += fmt.Sprintf("-%d", p.want)
	}
	if isDir(target) {
		return inspectTree(ctx, target)
	}
	if !f.mayFetch() {
		return Binaries{}, errors.New("fetching is switched off")
	}
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return Binaries{}, err
		}
	}
	log.Info("no PostgreSQL server found; taking the distribution's, once, without installing it", "into", target)
	if err := aptInto(ctx, p, target); err != nil {
		return Binaries{}, err
	}
	return inspectTree(ctx, target)
}

func aptInto(ctx context.Context, p aptPlan, target string) error {
	if err := os.MkdirAll(p.cache, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(p.cache, ".apt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	files, err := aptDownload(ctx, p, work)
	if err != nil {
		return err
	}
	tree := filepath.Join(work, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := run(ctx, "dpkg-deb", "-x", file, tree); err != nil {
			return err
		}
	}
	if _, err := inspectTree(ctx, tree); err != nil {
		return err
	}
	return os.Rename(tree, target)
}

// aptDownload downloads the server and what it needs beyond what is installed.
func aptDownload(ctx context.Context, p aptPlan, work string) ([]string, error) {
	options := []string{"-q", "-y",
		"-o", "Dir::State=" + filepath.Join(work, "state"),
		"-o", "Dir::State::status=" + p.status,
		"-o", "Dir::Cache=" + filepath.Join(work, "cache"),
		"-o", "Debug::NoLocking=true",
		"-o", "APT::Sandbox::User=",
		"-o", "APT::Get::AllowUnauthenticated=false",
	}
	for _, d := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(work, d), 0o700); err != nil {
			return nil, err
		}
	}
	if err := run(ctx, "apt-get", append(options, "update")...); err != nil {
		return nil, err
	}
	name := "postgresql"
	if p.want != 0 {
		name = fmt.Sprintf("postgresql-%d", p.want)
	}
	if err := run(ctx, "apt-get", append(options, "install", "--download-only", "--no-install-recommends", name)...); err != nil {
		return nil, err
	}
	files, _ := filepath.Glob(filepath.Join(work, "cache/archives/*.deb"))
	if len(files) == 0 {
		return nil, errors.New("apt-get downloaded nothing")
	}
	return files, nil
}

func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLines(string(out), 2))
	}
	return nil
}

// inspectTree looks for a server in a tree of unpacked Debian packages; its
// libraries lie in the tree too.
func inspectTree(ctx context.Context, tree string) (Binaries, error) {
	bins, _ := filepath.Glob(filepath.Join(tree, "usr/lib/postgresql/*/bin"))
	sort.Slice(bins, func(i, j int) bool {
		return numberIn(filepath.Base(filepath.Dir(bins[i]))) > numberIn(filepath.Base(filepath.Dir(bins[j])))
	})
	if len(bins) == 0 {
		return Binaries{}, fmt.Errorf("no server in %s", tree)
	}
	var libs []string
	for _, g := range []string{"usr/lib/*-linux-*", "lib/*-linux-*"} {
		found, _ := filepath.Glob(filepath.Join(tree, g))
		libs = append(libs, found...)
	}
	return inspect(ctx, Binaries{Dir: bins[0], Libs: libs})
}
