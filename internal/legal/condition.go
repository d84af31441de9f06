package legal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// Condition is one thing that must hold, as data. It applies where When is
// true (empty: always), asks for the fields in Needs, and holds where Pass is
// true; otherwise Otherwise says in one sentence what is wrong.
type Condition struct {
	ID        string    `yaml:"id"`
	Check     CheckID   `yaml:"check"` // in a process: the check that it belongs to
	When      string    `yaml:"when"`
	Needs     []FieldID `yaml:"needs"`
	Pass      string    `yaml:"pass"`
	Otherwise string    `yaml:"otherwise"`
	Effect    Effect    `yaml:"effect"` // empty: that of the check's refusal
	Source    Source    `yaml:"source"`

	when, pass *vm.Program
}

// allowedBuiltins are the functions of the expression language that a
// condition may use. now() is not among them: a verdict depends on facts alone.
var allowedBuiltins = []string{"all", "any", "none", "one", "len", "count", "filter", "duration", "abs", "max", "min"}

// compileBool compiles a condition's text against the environment of a scope.
func compileBool(text string, scope Scope, v vocabulary) (*vm.Program, error) {
	seen := &termCheck{vocab: v}
	opts := []expr.Option{expr.Env(emptyEnv(scope)), expr.AsBool(), expr.DisableAllBuiltins(), expr.WarnOnAny(), expr.Patch(seen)}
	for _, name := range allowedBuiltins {
		opts = append(opts, expr.EnableBuiltin(name))
	}
	prog, err := expr.Compile(text, opts...)
	if err != nil {
		return nil, fmt.Errorf("%q: %s", text, firstLine(err))
	}
	if seen.fault != "" {
		return nil, fmt.Errorf("%q: %s", text, seen.fault)
	}
	for _, id := range seen.fields {
		f, known := v.fields[id]
		if !known {
			return nil, fmt.Errorf("%q: given(%q) names no field of fields.yaml", text, id)
		}
		if f.Scope != ScopeRequest && scope == ScopeRequest {
			return nil, fmt.Errorf("%q: field %q belongs to a target, this condition to the request", text, id)
		}
	}
	return prog, nil
}

// vocabulary is what the data may name.
type vocabulary struct {
	fields map[FieldID]*Field
	enums  map[string][]string // by the member's path, e.g. "order.signed"
}

// termCheck walks an expression for what the type checker cannot see: a field
// that does not exist in given(…), and a value that a member can never have.
type termCheck struct {
	vocab  vocabulary
	fields []FieldID
	fault  string
}

// Visit is called for every node of an expression.
func (t *termCheck) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.CallNode:
		t.given(n)
	case *ast.BinaryNode:
		if n.Operator == "==" || n.Operator == "!=" || n.Operator == "in" {
			t.values(n.Left, n.Right)
			t.values(n.Right, n.Left)
		}
	}
}

func (t *termCheck) given(call *ast.CallNode) {
	name, ok := call.Callee.(*ast.IdentifierNode)
	if !ok || name.Value != "given" || len(call.Arguments) != 1 {
		return
	}
	if arg, ok := call.Arguments[0].(*ast.StringNode); ok {
		t.fields = append(t.fields, FieldID(arg.Value))
		return
	}
	t.fault = "given(…) takes the id of a field in quotes"
}

// values checks the constants that a member with an enumeration is compared with.
func (t *termCheck) values(member, constants ast.Node) {
	path := pathOf(member)
	allowed, ok := t.vocab.enums[path]
	if !ok {
		return
	}
	for _, v := range stringsOf(constants) {
		if !slices.Contains(allowed, v) {
			t.fault = fmt.Sprintf("%s is never %q", path, v)
		}
	}
}

// pathOf gives "order.signed" for that member, empty for anything else.
func pathOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		base, prop := pathOf(n.Node), stringsOf(n.Property)
		if base != "" && len(prop) == 1 {
			return base + "." + prop[0]
		}
		if _, ok := n.Node.(*ast.PointerNode); ok && len(prop) == 1 {
			return "target." + prop[0] // in any(targets, .role == …)
		}
	}
	return ""
}

func stringsOf(n ast.Node) (out []string) {
	switch n := n.(type) {
	case *ast.StringNode:
		return []string{n.Value}
	case *ast.ConstantNode:
		if set, ok := n.Value.(map[string]struct{}); ok {
			return slices.Sorted(maps.Keys(set))
		}
	case *ast.ArrayNode:
		for _, e := range n.Nodes {
			out = append(out, stringsOf(e)...)
		}
	}
	return out
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (c *Condition) compile(scope Scope, v vocabulary) (err error) {
	if c.When != "" {
		if c.when, err = compileBool(c.When, scope, v); err != nil {
			return err
		}
	}
	if c.Pass != "" {
		if c.pass, err = compileBool(c.Pass, scope, v); err != nil {
			return err
		}
	}
	return nil
}

// holds runs a compiled condition; a nil program holds.
func holds(prog *vm.Program, env any) (bool, error) {
	if prog == nil {
		return true, nil
	}
	out, err := expr.Run(prog, env)
	if err != nil {
		return false, fmt.Errorf("condition %q: %s", prog.Source().String(), firstLine(err))
	}
	b, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("condition %q gave %T, not true or false", prog.Source().String(), out)
	}
	return b, nil
}
