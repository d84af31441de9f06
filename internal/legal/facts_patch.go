package legal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// patched gives the facts with the values of a patch at their paths, e.g.
// "targets.0.role"; nil unsets. The facts themselves do not change.
func patched(f Facts, patch map[string]any) (Facts, error) {
	f.Extra = maps.Clone(f.Extra)
	f.Targets = slices.Clone(f.Targets)
	f.Secrecy.Grounds = slices.Clone(f.Secrecy.Grounds)
	for _, path := range slices.Sorted(maps.Keys(patch)) {
		if err := put(reflect.ValueOf(&f).Elem(), strings.Split(path, "."), patch[path]); err != nil {
			return f, fmt.Errorf("path %q: %w", path, err)
		}
	}
	return f, f.Valid()
}

// put sets a value at a path, by the names of the yaml tags.
func put(v reflect.Value, path []string, value any) error {
	if len(path) == 0 {
		return assign(v, value)
	}
	switch {
	case v.Kind() == reflect.Map:
		key := strings.Join(path, ".")
		if value == nil {
			v.SetMapIndex(reflect.ValueOf(key), reflect.Value{})
			return nil
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(fmt.Sprint(value)))
		return nil
	case v.Kind() == reflect.Slice:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= v.Len() {
			return fmt.Errorf("there is no element %q", path[0])
		}
		return put(v.Index(i), path[1:], value)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") == path[0] {
				return put(v.Field(i), path[1:], value)
			}
		}
	}
	return fmt.Errorf("there is no %q", path[0])
}

// assign sets a value through YAML, so that it reads as in a file.
func assign(v reflect.Value, value any) error {
	v.SetZero()
	if value == nil {
		return nil
	}
	raw, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(v.Addr().Interface()); err != nil {
		return errors.New(oneLine(err))
	}
	return nil
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }
