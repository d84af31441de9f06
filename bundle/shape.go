package bundle

import (
	"regexp"
	"slices"
	"sync"
	"unicode/utf8"
)

// schema is a JSON Schema as far as the published ones use it: type, enum,
// const, pattern, minLength, minimum, maximum, required, properties,
// additionalProperties false, items, minItems, maxItems, uniqueItems, anyOf, $ref.
// SPEC: JSON Schema 2020-12.
type schema struct {
	root object
}

// loaded gives a published schema; one that cannot be read is a fault of the build.
var loaded = func(name string) func() schema {
	return sync.OnceValue(func() schema {
		b, err := Schema(name)
		if err != nil {
			panic("bundle: " + err.Error())
		}
		v, f := parseJSON(b)
		if f != nil {
			panic("bundle: " + f.Error())
		}
		return schema{v.(object)}
	})
}

var (
	exportSchema  = loaded("export.schema.json")
	recordsSchema = loaded("records.schema.json")
	custodySchema = loaded("custody.schema.json")
)

// check holds a value against the whole schema.
func (s schema) check(v any) *Fault { return s.value(s.root, v, "") }

func (s schema) value(rule object, v any, where string) *Fault {
	if ref, ok := rule["$ref"].(string); ok {
		defs, _ := s.root["$defs"].(object)
		rule, _ = defs[ref[len("#/$defs/"):]].(object)
	}
	if any, ok := rule["anyOf"].([]any); ok {
		return s.anyOf(any, v, where)
	}
	if t, ok := rule["type"]; ok && !typeFits(t, v) {
		return wrong(Type, where, "it is of another type")
	}
	if want, ok := rule["const"]; ok && want != v {
		return enumFault([]any{want}, v, where)
	}
	if words, ok := rule["enum"].([]any); ok && !slices.Contains(words, v) {
		return enumFault(words, v, where)
	}
	switch v := v.(type) {
	case string:
		return text(rule, v, where)
	case int64:
		return whole(rule, v, where)
	case []any:
		return s.list(rule, v, where)
	case object:
		return s.members(rule, v, where)
	}
	return nil
}

// enumFault tells a value of another type from another word.
func enumFault(words []any, v any, where string) *Fault {
	for _, w := range words {
		if typeOf(w) == typeOf(v) {
			return wrong(Form, where, "it is none of the known words")
		}
	}
	return wrong(Type, where, "it is of another type")
}

// anyOf passes what fits one of the rules; else it gives the fault of the first
// rule of the value's own type.
func (s schema) anyOf(rules []any, v any, where string) *Fault {
	var first *Fault
	for _, r := range rules {
		f := s.value(r.(object), v, where)
		if f == nil {
			return nil
		}
		if first == nil || first.Code == Type && f.Code != Type {
			first = f
		}
	}
	return first
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

func typeFits(want, v any) bool {
	if list, ok := want.([]any); ok {
		return slices.Contains(list, any(typeOf(v)))
	}
	return want == typeOf(v)
}

var patterns sync.Map

func text(rule object, v, where string) *Fault {
	if p, ok := rule["pattern"].(string); ok {
		re, known := patterns.Load(p)
		if !known {
			re, _ = patterns.LoadOrStore(p, regexp.MustCompile(p))
		}
		if !re.(*regexp.Regexp).MatchString(v) {
			return wrong(Form, where, "it does not have its form")
		}
	}
	if n, ok := rule["minLength"].(int64); ok && int64(utf8.RuneCountInString(v)) < n {
		return wrong(Form, where, "it is too short")
	}
	return nil
}

func whole(rule object, v int64, where string) *Fault {
	if n, ok := rule["minimum"].(int64); ok && v < n {
		return wrong(Form, where, "it is below %d", n)
	}
	if n, ok := rule["maximum"].(int64); ok && v > n {
		return wrong(Form, where, "it is above %d", n)
	}
	return nil
}

func (s schema) list(rule object, v []any, where string) *Fault {
	if n, ok := rule["minItems"].(int64); ok && int64(len(v)) < n {
		return wrong(Form, where, "the list has fewer than %d items", n)
	}
	if n, ok := rule["maxItems"].(int64); ok && int64(len(v)) > n {
		return wrong(Form, where, "the list has more than %d items", n)
	}
	item, _ := rule["items"].(object)
	seen := map[any]bool{}
	for _, x := range v {
		if item != nil {
			if f := s.value(item, x, where); f != nil {
				return f
			}
		}
		if str, ok := x.(string); ok && rule["uniqueItems"] == true {
			if seen[str] {
				return wrong(Form, where, "an item comes twice")
			}
			seen[str] = true
		}
	}
	return nil
}

func (s schema) members(rule, v object, where string) *Fault {
	props, _ := rule["properties"].(object)
	for _, name := range sortedNames(v) {
		if _, ok := props[name]; !ok && rule["additionalProperties"] == false {
			return wrong(Unknown, below(where, name), "the schema has no such member")
		}
	}
	required, _ := rule["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return wrong(Absent, below(where, name.(string)), "it must be there")
		}
	}
	for _, name := range sortedNames(v) {
		if p, ok := props[name].(object); ok {
			if f := s.value(p, v[name], below(where, name)); f != nil {
				return f
			}
		}
	}
	return nil
}

func below(where, name string) string {
	if where == "" {
		return name
	}
	return where + "." + name
}

func sortedNames(o object) []string {
	names := make([]string, 0, len(o))
	for n := range o {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
