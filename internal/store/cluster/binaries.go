package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"lerd/internal/fault"
)

// minMajor is the oldest PostgreSQL that the schema runs on.
const minMajor = 15

// Binaries is a folder with postgres and initdb of one version.
type Binaries struct {
	Dir   string
	Libs  []string // folders with its libraries, where the system does not have them
	Major int
}

// env is the whole environment of the server and its tools: nothing of the caller's.
func (b Binaries) env() []string {
	env := []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	if len(b.Libs) > 0 {
		env = append(env, "LD_LIBRARY_PATH="+strings.Join(b.Libs, ":"))
	}
	return env
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// Finder says where to look for server binaries. The zero value looks at
// LERD_PG_BIN, the PATH, the folders where packages put them, and then fetches.
type Finder struct {
	Env      func(string) string // nil: os.Getenv
	Globs    []string            // nil: packageGlobs
	CacheDir string              // "": the user's cache folder
	NoFetch  bool                // never fetch
	fetch    *source             // nil: the pinned package
}

// packageGlobs are the folders of Debian, Red Hat and Homebrew packages and of
// the macOS application.
var packageGlobs = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

const howToInstall = "install it, for example with: apt-get install postgresql"

// find gives binaries of the wanted major version (0: any that will do, the
// newest package first).
func (f Finder) find(ctx context.Context, want int, log *slog.Logger) (Binaries, error) {
	if f.Env == nil {
		f.Env = os.Getenv
	}
	if dir := f.Env("LERD_PG_BIN"); dir != "" {
		return chosen(ctx, dir, want)
	}
	var seen []Binaries
	for _, dir := range f.candidates() {
		b, err := inspect(ctx, Binaries{Dir: dir})
		if err != nil {
			continue
		}
		if fits(b, want) {
			return b, nil
		}
		seen = append(seen, b)
	}
	b, err := f.fetched(ctx, want, log)
	switch {
	case err == nil:
		return b, nil
	case fault.KindOf(err) == fault.Invalid:
		return Binaries{}, err
	case len(seen) == 0 && want == 0:
		return Binaries{}, fault.Because(fault.Unavailable, err, "No PostgreSQL server (version %d or later) was found, and none could be fetched; %s.", minMajor, howToInstall)
	}
	return Binaries{}, misfit(want, seen)
}

// chosen takes the folder named in LERD_PG_BIN or says what is wrong with it.
func chosen(ctx context.Context, dir string, want int) (Binaries, error) {
	b, err := inspect(ctx, Binaries{Dir: dir})
	if err != nil {
		return Binaries{}, fault.Because(fault.Invalid, err, "LERD_PG_BIN names %s, which does not hold postgres and initdb that run.", dir)
	}
	if !fits(b, want) {
		return Binaries{}, misfit(want, []Binaries{b})
	}
	return b, nil
}

func fits(b Binaries, want int) bool {
	return b.Major >= minMajor && (want == 0 || b.Major == want)
}

func misfit(want int, seen []Binaries) error {
	found := "none"
	if len(seen) > 0 {
		var all []string
		for _, b := range seen {
			all = append(all, fmt.Sprintf("%d in %s", b.Major, b.Dir))
		}
		found = strings.Join(all, ", ")
	}
	if want == 0 {
		return fault.New(fault.Unavailable, "lerd needs PostgreSQL %d or later, found: %s; %s.", minMajor, found, howToInstall)
	}
	return fault.New(fault.Invalid, "The data were made by PostgreSQL %d and only that version reads them, found: %s; install PostgreSQL %d, or move the data with pg_upgrade, or use another folder.", want, found, want)
}

// candidates lists folders to look into: the PATH first, then packages, newest
// version first.
func (f Finder) candidates() []string {
	var dirs []string
	for _, p := range filepath.SplitList(f.Env("PATH")) {
		// The PATH often holds links into the package's folder, where initdb
		// and the share files are.
		if real, err := filepath.EvalSymlinks(filepath.Join(p, "postgres")); err == nil && filepath.IsAbs(p) {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	globs := f.Globs
	if globs == nil {
		globs = packageGlobs
	}
	for _, g := range globs {
		found, _ := filepath.Glob(g)
		sort.Slice(found, func(i, j int) bool { return numberIn(found[i]) > numberIn(found[j]) })
		dirs = append(dirs, found...)
	}
	return dirs
}

var firstNumber = regexp.MustCompile(`\d+`)

func numberIn(path string) int {
	n, _ := strconv.Atoi(firstNumber.FindString(path))
	return n
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect fills in the version of a server, or says why it does not run.
func inspect(ctx context.Context, b Binaries) (Binaries, error) {
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return Binaries{}, err
	}
	cmd := exec.CommandContext(ctx, b.path("postgres"), "--version")
	cmd.Env = b.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s: %w: %s", b.path("postgres"), err, lastLines(string(out), 1))
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("%s names no version", b.path("postgres"))
	}
	b.Major, err = strconv.Atoi(string(m[1]))
	return b, err
}
