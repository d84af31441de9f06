package tablerules

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// propose finds values that show what a rule does, for somebody to read and keep on
// file: a row that it takes, and one beside it that it refuses.
func (t table) propose(ctx context.Context, c *pgx.Conn, f found) (Rule, error) {
	r := Rule{Sort: f.Sort, Table: t.Name, Name: f.Name}
	var err error
	switch f.Sort {
	case Needed:
		r.Refuses = Values{f.Name: nil}
	case Reference:
		r.Refuses = Values{}
		if f.Self {
			other := "00000000-0000-4000-8000-0000000000bb"
			for _, n := range f.Columns {
				if n != "agency_id" && t.column(n).Type == "uuid" {
					r.Refuses[n] = &other
				}
			}
		}
	case Key:
		if f.Expr != "" {
			if r.Takes, err = t.solve(ctx, c, f.Expr, nil, true); err != nil {
				return r, err
			}
		}
		r.Refuses = r.Takes
	case Check:
		if r.Takes, err = t.solve(ctx, c, f.Expr, nil, true); err == nil {
			r.Refuses, err = t.solve(ctx, c, f.Expr, r.Takes, false)
		}
	}
	if err != nil {
		return r, fmt.Errorf("%s (%s): %w", r.ID(), f.Expr, err)
	}
	return r, nil
}

// solve gives values of an expression's columns with which it is true, or false:
// near others where they are given, which is where a boundary lies.
func (t table) solve(ctx context.Context, c *pgx.Conn, expr string, near Values, want bool) (Values, error) {
	var of []column
	for _, x := range t.Columns {
		if regexp.MustCompile(`\b` + regexp.QuoteMeta(x.Name) + `\b`).MatchString(expr) {
			of = append(of, x)
		}
	}
	for _, x := range of { // one column differs
		if near == nil {
			break
		}
		if v, err := pick(ctx, c, expr, of, func(y column) []*string {
			if y.Name == x.Name {
				return candidates(y, expr)
			}
			return []*string{near[y.Name]}
		}, want); v != nil || err != nil {
			return v, err
		}
	}
	v, err := pick(ctx, c, expr, of, func(y column) []*string { return candidates(y, expr) }, want)
	if v == nil && err == nil {
		err = fmt.Errorf("no values found with which it is %v: write them into the file", want)
	}
	return v, err
}

// pick lets the database try all combinations until one does.
func pick(ctx context.Context, c *pgx.Conn, expr string, of []column, among func(column) []*string, want bool) (Values, error) {
	var from, give []string
	for i, x := range of {
		var values []string
		for _, v := range among(x) {
			values = append(values, "("+literal(v, x.Type)+")")
		}
		name := pgx.Identifier{x.Name}.Sanitize()
		from = append(from, fmt.Sprintf("(VALUES %s) AS t%d(%s)", strings.Join(values, ", "), i, name))
		give = append(give, name+"::text")
	}
	sql := fmt.Sprintf("SELECT ARRAY[%s] FROM %s WHERE (%s) IS %v LIMIT 1", strings.Join(give, ", "), strings.Join(from, ", "), expr, want)
	var got []*string
	err := c.QueryRow(ctx, sql).Scan(&got)
	if err == pgx.ErrNoRows {
		return nil, nil
	}
	out := Values{}
	for i := range got {
		out[of[i].Name] = got[i]
	}
	return out, err
}

var (
	quoted  = regexp.MustCompile(`'([^']*)'`)
	numbers = regexp.MustCompile(`-?\b\d{1,9}\b`)
)

// candidates are values of a type that rules are written about, those first that
// the rule itself names.
func candidates(x column, expr string) []*string {
	values := []string{ordinary[x.Type]}
	switch x.Type {
	case "text":
		for _, m := range quoted.FindAllStringSubmatch(expr, -1) {
			if !strings.HasPrefix(m[1], "^") { // a pattern
				values = append(values, m[1])
			}
		}
		values = append(values, "x", "X y", strings.Repeat("0", 32), strings.Repeat("0", 40), strings.Repeat("0", 64), strings.Repeat("x", 5000), "2026-10", "2026", "a,b", "+447700900111", "a b c")
	case "bigint", "integer", "smallint":
		for _, m := range numbers.FindAllString(expr, -1) {
			n, _ := strconv.Atoi(m)
			values = append(values, strconv.Itoa(n), strconv.Itoa(n-1), strconv.Itoa(n+1))
		}
		values = append(values, "0", "-1", "2")
	case "boolean":
		values = append(values, "true")
	case "uuid":
		values = append(values, "00000000-0000-4000-8000-0000000000bb")
	case "uuid[]":
		values = append(values, "{"+same+"}", "{"+same+","+same+"}")
	case "bytea":
		for _, m := range append(numbers.FindAllString(expr, -1), "32", "16", "0") {
			if n, _ := strconv.Atoi(m); n >= 0 && n < 5000 {
				values = append(values, `\x`+strings.Repeat("00", n), `\x`+strings.Repeat("00", n+1))
			}
		}
	case "timestamp with time zone", "timestamp without time zone", "date":
		values = append(values, "2026-11-02", "2026-11-03", "2026-11-01", "2020-01-01", "2040-01-01")
	case "inet":
		values = append(values, "192.0.2.0/24", "2001:db8::1", "2001:db8::/32")
	}
	var out []*string
	if x.Empty {
		out = append(out, nil)
	}
	seen := map[string]bool{}
	for i := range values {
		if !seen[values[i]] {
			seen[values[i]] = true
			out = append(out, &values[i])
		}
	}
	return out
}

// differ tells in which of a file's rules and the database's ones the other has none.
func differ(list []table, file []Rule) (missing, gone []string) {
	there, known := map[string]bool{}, map[string]bool{}
	for _, r := range file {
		known[r.ID()] = true
	}
	for _, t := range list {
		for _, f := range t.Rules {
			there[Rule{Sort: f.Sort, Table: t.Name, Name: f.Name}.ID()] = true
		}
	}
	for id := range there {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	for id := range maps.Keys(known) {
		if !there[id] {
			gone = append(gone, id)
		}
	}
	slices.Sort(missing)
	slices.Sort(gone)
	return missing, gone
}
