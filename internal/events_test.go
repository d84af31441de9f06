package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// kindOfEvent is the form of a kind; what ends with a dot is the beginning of kinds
// that end with the name of a step or a state.
var kindOfEvent = regexp.MustCompile(`^[a-z_]+\.([a-z_]+)?$`)

// taker is a function that makes an event of the kind which is its nth argument.
type taker struct {
	name string
	n    int
}

// parsed gives the program's own files, without tests and without what fills test
// databases.
func parsed(t *testing.T) (out []*ast.File) {
	t.Helper()
	files := token.NewFileSet()
	for _, root := range []string{".", "../cmd/lerd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testkit") {
				return err
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			out = append(out, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// kinds gives every kind of event that the sources write: the third argument of
// change.Event, followed through the functions that pass theirs on.
func kinds(t *testing.T) []string {
	t.Helper()
	files := parsed(t)
	takers, found := map[taker]bool{{"Event", 2}: true}, map[string]bool{}
	for before := 0; before != len(takers)+len(found); {
		before = len(takers) + len(found)
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					follow(fn, takers, found)
				}
			}
		}
	}
	for _, f := range files { // tables of kinds
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && strings.HasSuffix(v.Names[0].Name, "Events") {
				literals(v, found)
			}
			if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Kind") {
				literals(v, found)
			}
			return true
		})
	}
	var out []string
	for k := range found {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// follow looks at the calls in a function.
func follow(fn *ast.FuncDecl, takers map[taker]bool, found map[string]bool) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		for i, arg := range call.Args {
			if !takers[taker{name, i}] {
				continue
			}
			literals(arg, found)
			if id, ok := arg.(*ast.Ident); ok {
				if at := parameter(fn, id.Name); at >= 0 {
					takers[taker{fn.Name.Name, at}] = true
				} else {
					assigned(fn, id.Name, found)
				}
			}
		}
		return true
	})
}

func literals(n ast.Node, found map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if _, call := n.(*ast.CallExpr); call {
			return false
		}
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && kindOfEvent.MatchString(s) && !strings.HasSuffix(s, ".title") { // the title of a page is a word
				found[s] = true
			}
		}
		return true
	})
}

// assigned takes the literals that a function's variable is given.
func assigned(fn *ast.FuncDecl, name string, found map[string]bool) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, l := range a.Lhs {
			if id, ok := l.(*ast.Ident); ok && id.Name == name {
				literals(a.Rhs[min(i, len(a.Rhs)-1)], found)
			}
		}
		return true
	})
}

// parameter gives the place of a function's parameter, or -1.
func parameter(fn *ast.FuncDecl, name string) int {
	i := 0
	for _, f := range fn.Type.Params.List {
		for _, n := range f.Names {
			if n.Name == name {
				return i
			}
			i++
		}
	}
	return -1
}

// TestEveryKindOfEventIsDocumented: who reads the log finds each kind in its page.
func TestEveryKindOfEventIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/audit-log.md")
	if err != nil {
		t.Fatal(err)
	}
	list := kinds(t)
	if len(list) < 150 {
		t.Fatalf("only %d kinds are found in the sources", len(list))
	}
	for _, k := range list {
		end := "`"
		if strings.HasSuffix(k, ".") || strings.HasSuffix(k, "_") {
			end = "…`"
		}
		if !strings.Contains(string(page), "`"+k+end) {
			t.Errorf("docs/audit-log.md does not say what %s is", k)
		}
	}
}

// TestEveryPackageIsDocumented: the architecture's page names each package.
func TestEveryPackageIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == "." || strings.Contains(path, "testdata") {
			return err
		}
		if files, _ := filepath.Glob(path + "/*.go"); len(files) > 0 && !strings.Contains(string(page), " "+filepath.Base(path)+"/") {
			t.Errorf("docs/architecture.md does not name internal/%s", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
