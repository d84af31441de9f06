package tablerules

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// scene is a step against a table as the search varies it.
type scene struct {
	kind  string                       // add, change or remove
	given map[string]map[string]string // table to its columns' values as SQL; "" as a column: the table is empty
	set   map[string]string            // columns of the step
}

func (s scene) with(m move) scene {
	out := scene{kind: s.kind, given: map[string]map[string]string{}, set: maps.Clone(s.set)}
	for t, columns := range s.given {
		out.given[t] = maps.Clone(columns)
	}
	if m.table == "" {
		out.set[m.column] = m.value
		return out
	}
	if out.given[m.table] == nil {
		out.given[m.table] = map[string]string{}
	}
	out.given[m.table][m.column] = m.value
	return out
}

func (s scene) size() int {
	n := len(s.set)
	for _, columns := range s.given {
		n += len(columns)
	}
	return n
}

// written puts the scene into a line.
func (s scene) written(r Refusal) Refusal {
	r.Given, r.Step = nil, ""
	for _, t := range slices.Sorted(maps.Keys(s.given)) {
		if _, empty := s.given[t][""]; empty {
			r.Given = append(r.Given, "DELETE FROM "+t)
			continue
		}
		r.Given = append(r.Given, fmt.Sprintf("UPDATE %s SET %s", t, assigned(s.given[t])))
	}
	names := slices.Sorted(maps.Keys(s.set))
	switch {
	case s.kind == "remove":
		r.Step = "DELETE FROM " + r.Table
	case s.kind == "change":
		r.Step = fmt.Sprintf("UPDATE %s SET %s", r.Table, assigned(s.set))
	case len(names) == 0:
		r.Step = fmt.Sprintf("INSERT INTO %s DEFAULT VALUES", r.Table)
	default:
		var values []string
		for _, n := range names {
			values = append(values, s.set[n])
		}
		r.Step = fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", r.Table, strings.Join(names, ", "), strings.Join(values, ", "))
	}
	return r
}

func assigned(columns map[string]string) string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(columns)) {
		out = append(out, n+" = "+columns[n])
	}
	return strings.Join(out, ", ")
}

// move changes one thing of a scene: a column of what is given, or of the step.
type move struct{ table, column, value string }

// seeds are the first scenes.
func seeds(on table) []scene {
	none := map[string]map[string]string{}
	out := []scene{{kind: "add", given: none, set: map[string]string{}}, {kind: "remove", given: none, set: map[string]string{}}}
	first := pgx.Identifier{on.Columns[0].Name}.Sanitize()
	out = append(out, scene{kind: "change", given: none, set: map[string]string{first: first}})
	if on.column("version").Name != "" {
		out = append(out, scene{kind: "change", given: none, set: map[string]string{"version": "version + 1"}})
	}
	return out
}

// moves are what may be changed, by kind of step: the columns that the functions
// name, and all those of the table itself.
func moves(all []table, of []function, on table) map[string][]move {
	text := on.Name
	for _, f := range of {
		text += "\n" + f.Text
	}
	names := func(word string) bool {
		return regexp.MustCompile(`\b` + regexp.QuoteMeta(word) + `\b`).MatchString(text)
	}
	out := map[string][]move{}
	add := func(m move, kinds ...string) {
		for _, k := range kinds {
			out[k] = append(out[k], m)
		}
	}
	for _, t := range all {
		_, bare, _ := strings.Cut(t.Name, ".")
		if !names(cmp.Or(bare, t.Name)) {
			continue
		}
		add(move{t.Name, "", ""}, "add", "change")
		for _, c := range t.Columns {
			if !names(c.Name) && (t.Name != on.Name || c.Type == "uuid") {
				continue
			}
			name := pgx.Identifier{c.Name}.Sanitize()
			for _, v := range values(c, text) {
				add(move{t.Name, name, v}, "add", "change", "remove")
				if t.Name == on.Name {
					add(move{"", name, v}, "add", "change")
				}
			}
		}
	}
	return out
}

// values are what a column may be in a scene, as SQL.
func values(c column, text string) (out []string) {
	if c.Type == "xid8" {
		return []string{"pg_current_xact_id()"}
	}
	if c.Type == "text" {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if len(m[1]) < 40 && !strings.ContainsAny(m[1], "%:\n") {
				out = append(out, quote(m[1]))
			}
		}
		out = append(out, "''", "'x'", "'[]'", `'[{"field":"t1"}]'`)
	} else {
		for _, v := range candidates(c, "") { // not the numbers of the text: there are too many
			out = append(out, literal(v, c.Type))
		}
		if c.Type == "date" {
			out = append(out, "current_date", "current_date + 1")
		}
		if strings.HasPrefix(c.Type, "timestamp with") {
			out = append(out, "now()", "now() - interval '1 hour'", "now() + interval '1 hour'")
		}
	}
	if c.Empty && c.Type == "text" {
		out = append(out, "NULL")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
