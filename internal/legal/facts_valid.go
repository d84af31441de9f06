package legal

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"lerd/internal/fault"
)

// Valid refuses facts that hold a value which no condition knows, targets
// without a reference of their own, and unknown categories. Kinds of issuer
// are not looked at: an unknown one is simply not allowed.
func (f Facts) Valid() error {
	var problems []fault.Problem
	enumFaults(reflect.ValueOf(f), "", &problems)
	refs := map[string]bool{}
	for _, t := range f.Targets {
		if t.Ref == "" || refs[t.Ref] {
			problems = append(problems, fault.Problem{Field: "targets", Message: "Every account needs a reference of its own."})
		}
		refs[t.Ref] = true
		for i, c := range t.Categories {
			if !slices.Contains([]Category{PhoneNumber, IPAddress, Other}, c) || slices.Contains(t.Categories[:i], c) {
				problems = append(problems, fault.Problem{Field: "targets", Message: fmt.Sprintf("Category %q is unknown or occurs twice.", c)})
			}
		}
	}
	return fault.Fields(problems)
}

func enumFaults(v reflect.Value, path string, out *[]fault.Problem) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			enumFaults(v.Index(i), path, out)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			at := strings.TrimPrefix(path+"."+field.Tag.Get("yaml"), ".")
			allowed, ok := enums[field.Tag.Get("enum")]
			if s := v.Field(i); ok && s.Kind() == reflect.String && !slices.Contains(allowed, s.String()) {
				*out = append(*out, fault.Problem{Field: at, Message: fmt.Sprintf("%q is not one of %q.", s.String(), allowed)})
			}
			enumFaults(v.Field(i), at, out)
		}
	}
}
