// Package internal_test holds the arrows between lerd's packages, as
// docs/architecture.md draws them, by reading the sources.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// domain packages know no framework and nothing of how they are stored or shown.
var domain = []string{"access", "processes", "agencies", "audit", "callback", "change", "export", "fault", "identity", "keys", "legal", "notices", "personal", "records", "requests", "risk", "violations", "transparency", "practice", "fraud", "usernotice", "retention", "oversight", "backup"}

// outside packages are those that domain packages never import.
var outside = []string{"store", "web", "jobs", "hi1", "testkit"}

// doors name who may import a framework.
var doors = map[string][]string{
	"gorm.io/":                              {"store"},
	"github.com/casbin/":                    {"access"},
	"github.com/labstack/echo/":             {"web", "hi1"},
	"github.com/go-playground/validator/":   {"web", "hi1"},
	"github.com/jackc/pgx/":                 {"store", "records/pgrecords", "records/sample"},
	"github.com/pressly/goose/":             {"store"},
	"github.com/wneessen/go-mail":           {"notices/smtpmail"},
	"github.com/chromedp/":                  {"testkit/browser"},
	"github.com/expr-lang/":                 {"legal"},
	"codeberg.org/go-pdf/":                  {"requests/ordersample"},
	"github.com/go-text/":                   {"pdfa"},
	"filippo.io/age":                        {"export", "verifycli", "backup", "vault"},
	"github.com/ThalesGroup/":               {"keys/hsm"},
	"github.com/nyaruka/phonenumbers":       {"requests/identifier"},
	"github.com/transparency-dev/":          {"audit"},
	"golang.org/x/mod/sumdb/":               {"audit", "jobs", "export/verify", "verifycli", "transparency"},
	"github.com/go-webauthn/":               {"identity/passkey"},
	"github.com/coreos/go-oidc/":            {"identity/provider"},
	"golang.org/x/oauth2":                   {"identity/provider"},
	"golang.org/x/crypto/ocsp":              {"export/cms", "export/exporttest"},
	"github.com/alecthomas/kong":            {},
	"github.com/santhosh-tekuri/jsonschema": {"export", "records/httprecords"},
}

// alone packages are the verifiers: they can be read and trusted alone, so they
// import of lerd's only what stands here.
var alone = map[string][]string{
	"audit":              {"fault"},
	"audit/remote":       {"fault", "audit"},
	"audit/witness":      {"fault", "audit"},
	"verifycli":          {"fault", "audit", "export/verify", "export/cms", "transparency", "oversight/sampling", "oversight/dossier"},
	"oversight/sampling": {"audit"},
	"oversight/dossier":  {"fault", "audit", "export/asic", "export/cms"},
	"transparency":       {"fault", "audit"},
	"export/verify":      {"fault", "audit", "export/asic", "export/cms", "export/columns", "export/schema", "export/tsp"},
	"export/asic":        {"fault"},
	"export/cms":         {"fault"},
	"export/tsp":         {"fault", "export/cms"},
	"export/columns":     {"fault"},
	"fault":              {},
	"personal":           {},
	"vault":              {"fault"},
	"pdfa":               {},
}

type source struct {
	pkg     string // below internal/, or "cmd/lerd"
	file    string
	imports []string
	test    bool
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	for _, root := range []string{".", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			pkg := filepath.ToSlash(filepath.Dir(path))
			s := source{pkg: strings.TrimPrefix(pkg, "../"), file: path, test: strings.HasSuffix(path, "_test.go")}
			for _, i := range f.Imports {
				p, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				s.imports = append(s.imports, p)
			}
			out = append(out, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 50 {
		t.Fatalf("read only %d files: the walk is wrong", len(out))
	}
	return out
}

// within tells whether a package is one of the list or lies below one.
func within(pkg string, list []string) bool {
	for _, l := range list {
		if pkg == l || strings.HasPrefix(pkg, l+"/") {
			return true
		}
	}
	return false
}

func TestArrowsBetweenPackages(t *testing.T) {
	for _, s := range sources(t) {
		for _, bad := range violations(s) {
			t.Errorf("%s %s", s.file, bad)
		}
	}
}

// violations gives what is wrong with a file's imports, in words.
func violations(s source) (bad []string) {
	cmd := strings.HasPrefix(s.pkg, "cmd/")
	for _, imp := range s.imports {
		own, isOwn := strings.CutPrefix(imp, "lerd/internal/")
		switch {
		case isOwn && !s.test && !cmd && within(s.pkg, domain) && within(own, outside):
			bad = append(bad, "is domain and imports "+imp)
		case isOwn && !s.test && !cmd && !within(s.pkg, []string{"testkit"}) && within(own, []string{"testkit"}):
			bad = append(bad, "ships and imports "+imp)
		case imp == "lerd/cmd/lerd":
			bad = append(bad, "imports the command")
		}
		if only, ok := alone[s.pkg]; ok && isOwn && !s.test && !within(own, only) {
			bad = append(bad, "must stand alone and imports "+imp)
		}
		for framework, allowed := range doors {
			if strings.HasPrefix(imp, framework) && !s.test && !cmd && !within(s.pkg, append([]string{"testkit"}, allowed...)) {
				bad = append(bad, "imports "+imp+", which has another door")
			}
		}
	}
	return bad
}

// TestNothingThatShipsAgreesToEverything looks for the context that stands for
// passkeys in tests.
func TestNothingThatShipsAgreesToEverything(t *testing.T) {
	for _, s := range sources(t) {
		b, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if !s.test && s.pkg != "identity" && !strings.HasSuffix(s.file, "cmd/lerd/practice_people.go") && strings.Contains(string(b), "identity.Evaluating(") {
			t.Errorf("%s takes steps without a passkey", s.file)
		}
	}
}

// TestTheTestSees shows that each kind of wrong import would be named.
func TestTheTestSees(t *testing.T) {
	for _, s := range []source{
		{pkg: "requests", imports: []string{"lerd/internal/store"}},
		{pkg: "requests", imports: []string{"gorm.io/gorm"}},
		{pkg: "legal", imports: []string{"lerd/internal/web"}},
		{pkg: "audit", imports: []string{"lerd/internal/identity"}},
		{pkg: "export/verify", imports: []string{"lerd/internal/requests"}},
		{pkg: "web", imports: []string{"gorm.io/gorm"}},
		{pkg: "jobs", imports: []string{"github.com/casbin/casbin/v2"}},
		{pkg: "store", imports: []string{"lerd/internal/testkit"}},
	} {
		if len(violations(s)) == 0 {
			t.Errorf("%s may import %v unseen", s.pkg, s.imports)
		}
	}
	if bad := violations(source{pkg: "store", imports: []string{"gorm.io/gorm", "lerd/internal/requests"}}); len(bad) > 0 {
		t.Errorf("a right import is named: %v", bad)
	}
}

// TestEveryPackageSaysWhatItIsFor wants a comment before each package clause.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	said, seen := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), s.file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		seen[s.pkg] = true
		if f.Doc != nil && len(f.Doc.Text()) > 40 {
			said[s.pkg] = true
		}
	}
	for pkg := range seen {
		if !said[pkg] {
			t.Errorf("package %s does not say what it is for", pkg)
		}
	}
}
