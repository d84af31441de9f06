package web

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"

	"lerd/internal/fault"
)

// checker checks the shape of input structs; meaning is the domain's to check.
var checker = newChecker()

func newChecker() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(sf reflect.StructField) string { return sf.Tag.Get("form") })
	if err := v.RegisterValidation("clock", isClock); err != nil {
		panic(err)
	}
	return v
}

// isClock tells whether a text is a time of day, with or without seconds.
func isClock(fl validator.FieldLevel) bool {
	return clockText(fl.Field().String())
}

func clockText(s string) bool {
	_, err := time.Parse("15:04", s)
	if err != nil {
		_, err = time.Parse("15:04:05", s)
	}
	return err == nil
}

// validate gives the problems of in, less those of fields that have one already.
func (c *Ctx) validate(in any, have []fault.Problem) []fault.Problem {
	err := checker.Struct(in)
	var found validator.ValidationErrors
	if !errors.As(err, &found) {
		return nil
	}
	seen := map[string]bool{}
	for _, p := range have {
		seen[p.Field] = true
	}
	var problems []fault.Problem
	for _, fe := range found {
		name := fieldName(fe.Namespace())
		if seen[name] {
			continue
		}
		seen[name] = true
		problems = append(problems, fault.Problem{Field: name, Message: c.sentence(fe)})
	}
	return problems
}

// fieldName turns validator's "in.targets[0].value" into "targets-0-value".
func fieldName(namespace string) string {
	_, rest, found := strings.Cut(namespace, ".")
	if !found {
		rest = namespace
	}
	return strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(rest)
}

// sentence gives the plain words for one failed rule, from the catalogue's
// "form.rule.<tag>"; a rule without words of its own gets the general ones.
func (c *Ctx) sentence(fe validator.FieldError) string {
	key := "form.rule." + fe.Tag()
	if fe.Kind() == reflect.Slice && c.srv.words.has(key+"_list") {
		key += "_list"
	}
	if !c.srv.words.has(key) {
		key = "form.rule"
	}
	return c.T(key, "param", fe.Param())
}
