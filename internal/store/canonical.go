package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// canonical gives the form of a row to which its event commits: a JSON object
// of the columns in the order of the struct, without those that are NULL or
// zero, so that a column added later leaves the form of old rows as it was.
// Times are UTC with microseconds, as PostgreSQL keeps them.
func canonical(row tableRow) []byte {
	v := reflect.Indirect(reflect.ValueOf(row))
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range columnsOf(v.Type()) {
		field := v.Field(i)
		if field.IsZero() {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", name)
		b.Write(canonicalValue(reflect.Indirect(field).Interface()))
	}
	b.WriteByte('}')
	return []byte(b.String())
}

func canonicalValue(v any) []byte {
	switch x := v.(type) {
	case time.Time:
		v = x.UTC().Format("2006-01-02T15:04:05.000000Z")
	case []byte:
		v = base64.StdEncoding.EncodeToString(x)
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // row structs hold only strings, numbers, booleans and times
	}
	return out
}

var columns sync.Map // reflect.Type → []string

// columnsOf reads the column names from the gorm tags.
func columnsOf(t reflect.Type) []string {
	if c, ok := columns.Load(t); ok {
		return c.([]string)
	}
	var names []string
	for i := 0; i < t.NumField(); i++ {
		for _, part := range strings.Split(t.Field(i).Tag.Get("gorm"), ";") {
			if name, ok := strings.CutPrefix(part, "column:"); ok {
				names = append(names, name)
			}
		}
	}
	if len(names) != t.NumField() {
		panic(fmt.Sprintf("store: %s has fields without a column", t))
	}
	columns.Store(t, names)
	return names
}
