package mutants

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// edit is text put into a source at an offset.
type edit struct {
	at   int
	text string
}

// goGates finds the conditions of the files of a package after which a function
// refuses with a fault of its own, and gives each file with every such condition
// under a switch: "if c" becomes "if !mutant.Off(7) && (c)".
func goGates(dir string, first int) (changed map[string][]byte, gates []gate, err error) {
	changed = map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		out, found, err := switched(name, src, first+len(gates))
		if err != nil {
			return nil, nil, err
		}
		if len(found) > 0 {
			changed[name], gates = out, append(gates, found...)
		}
	}
	return changed, gates, nil
}

// switched puts the conditions of one file under switches.
func switched(name string, src []byte, first int) ([]byte, []gate, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, parser.ParseComments)
	if err != nil {
		return nil, nil, err
	}
	var edits []edit
	var found []gate
	same := map[string]int{}
	put := func(cond ast.Expr, body token.Pos) {
		n, place := first+len(found), set.Position(cond.Pos())
		text := short(string(src[set.Position(cond.Pos()).Offset:set.Position(cond.End()).Offset]))
		if text == "err != nil" { // of another's refusal, passed on in other words
			return
		}
		key := fmt.Sprintf("%s/%s: %s", filepath.Base(filepath.Dir(name)), filepath.Base(name), text)
		if same[key]++; same[key] > 1 {
			key += fmt.Sprintf(" #%d", same[key])
		}
		found = append(found, gate{Name: fmt.Sprintf("g%d", n), Key: key, What: fmt.Sprintf("line %d", place.Line)})
		edits = append(edits, edit{set.Position(cond.Pos()).Offset, fmt.Sprintf("!mutant.Off(%d) && (", n)}, edit{set.Position(cond.End()).Offset, ")"},
			edit{set.Position(body).Offset, fmt.Sprintf(" mutant.Hit(%d); ", n)})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			if refuses(n.Body.List) {
				put(n.Cond, n.Body.Lbrace+1)
			}
		case *ast.SwitchStmt:
			for _, c := range n.Body.List {
				if c := c.(*ast.CaseClause); n.Tag == nil && len(c.List) == 1 && refuses(c.Body) {
					put(c.List[0], c.Colon+1)
				}
			}
		}
		return true
	})
	if len(found) == 0 {
		return nil, nil, nil
	}
	edits = append(edits, edit{set.Position(file.Name.End()).Offset, "\nimport \"lerd/internal/testkit/mutant\"\n"})
	out, err := format.Source(apply(src, edits))
	return out, found, err
}

func apply(src []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out bytes.Buffer
	last := 0
	for _, e := range edits {
		out.Write(src[last:e.at])
		out.WriteString(e.text)
		last = e.at
	}
	out.Write(src[last:])
	return out.Bytes()
}

// refuses tells whether statements end by returning a fault made there.
func refuses(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	ret, ok := body[len(body)-1].(*ast.ReturnStmt)
	if !ok || len(ret.Results) == 0 {
		return false
	}
	made := false
	ast.Inspect(ret.Results[len(ret.Results)-1], func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "fault" && (s.Sel.Name == "New" || s.Sel.Name == "Because" || s.Sel.Name == "Fields") {
				made = true
			}
		}
		return !made
	})
	return made
}
