package tablerules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Refusal is a line of the file of refusals: a RAISE EXCEPTION in a function of the
// database, and the step that it refuses while one trigger alone is at work in the
// world of the tables (see world.go).
type Refusal struct {
	Of      string   // the function, with the types of its arguments
	Says    string   // as it stands in the function
	Nth     int      `json:",omitempty"` // of those of the function that say so, where it is not the first
	Table   string   `json:",omitempty"` // the trigger that is at work; none where the step calls the function itself
	Trigger string   `json:",omitempty"`
	Given   []string `json:",omitempty"` // statements that come before, with no trigger at work
	Step    string   // the statement that it refuses
	Beside  []string `json:",omitempty"` // refusals that the step meets too: they are out while this one is asked
}

// ID names a refusal, also where others of its function come and go.
func (r Refusal) ID() string {
	if r.Nth > 1 {
		return fmt.Sprintf("%s:%s #%d", r.Of, r.Says, r.Nth)
	}
	return r.Of + ":" + r.Says
}

// function is a function of the database as it is now.
type function struct{ Name, Text string }

const functionsSQL = `SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	JOIN pg_language l ON l.oid = p.prolang WHERE n.nspname IN ('public', 'audit') AND l.lanname IN ('plpgsql', 'sql') ORDER BY 1`

var raise = regexp.MustCompile(`(?i)RAISE EXCEPTION`)

// refusals gives those of a function in their order, each without a step.
func (f function) refusals() (out []Refusal) {
	same := map[string]int{}
	for _, at := range raise.FindAllStringIndex(f.Text, -1) {
		says, _, _ := strings.Cut(f.Text[at[1]:], "\n")
		r := Refusal{Of: f.Name, Says: says}
		if same[says]++; same[says] > 1 {
			r.Nth = same[says]
		}
		out = append(out, r)
	}
	return out
}

// each gives the function with its refusals replaced by what do gives for each, ""
// for one that stays.
func (f function) each(do func(id string) string) string {
	list := f.refusals()
	text := raise.ReplaceAllStringFunc(f.Text, func(was string) string {
		now := do(list[0].ID())
		list = list[1:]
		return cmp.Or(now, was)
	})
	if text == f.Text || !strings.Contains(text, "RETURNS trigger") {
		return text
	}
	// One that ends with a refusal has nothing to give without it.
	return strings.Replace(text, "END $function$", "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;\nEND $function$", 1)
}

// without gives the function with some of its refusals taken out: what they would
// have said is said to nobody.
func (f function) without(ids []string) string {
	return f.each(func(id string) string {
		if slices.Contains(ids, id) {
			return "RAISE DEBUG"
		}
		return ""
	})
}

// raised is where PostgreSQL says that something was refused: the innermost function
// and the line of its body.
var raised = regexp.MustCompile(`^PL/pgSQL function (.+) line (\d+) at RAISE`)

// which gives the ID of the refusal that an error is of, "" where it is of none.
func which(all []function, err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	m := raised.FindStringSubmatch(pg.Where)
	if m == nil {
		return ""
	}
	for _, f := range all {
		if f.Name != m[1] {
			continue
		}
		line, _ := strconv.Atoi(m[2])
		_, body, _ := strings.Cut(f.Text, "AS $function$")
		lines := strings.Split(body, "\n")
		before := raise.FindAllString(strings.Join(lines[:min(line-1, len(lines))], "\n"), -1)
		if list := f.refusals(); len(before) < len(list) {
			return list[len(before)].ID()
		}
	}
	return ""
}

// asks takes a step without some of the refusals, and gives the error. Nothing stays.
func (r Refusal) asks(ctx context.Context, c *pgx.Conn, all []function, out []string) error {
	sql := "BEGIN;\n"
	for _, f := range all {
		if text := f.without(out); text != f.Text {
			sql += text + ";\n"
		}
	}
	return taken(ctx, c, sql+r.script())
}

// script is what is given and the step, with one trigger at work.
func (r Refusal) script() string {
	sql := "SET LOCAL session_replication_role = replica;\n"
	for _, s := range r.Given {
		sql += s + ";\n"
	}
	if r.Trigger != "" {
		sql += fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER %s;\n", r.Table, pgx.Identifier{r.Trigger}.Sanitize())
	}
	return sql + "SET LOCAL session_replication_role = origin;\n" + r.Step + ";\nSET CONSTRAINTS ALL IMMEDIATE"
}

// taken runs statements that begin a transaction, and undoes it.
func taken(ctx context.Context, c *pgx.Conn, sql string) error {
	_, err := c.PgConn().Exec(ctx, sql).ReadAll()
	_, undone := c.PgConn().Exec(ctx, "ROLLBACK").ReadAll()
	return errors.Join(err, undone)
}

// proved wants the refusal to refuse its step, and the step to pass without it.
func (r Refusal) proved(ctx context.Context, c *pgx.Conn, all []function) error {
	if err := r.asks(ctx, c, all, r.Beside); which(all, err) != r.ID() {
		return fmt.Errorf("%s does not refuse its step, but %q does: %w", r.ID(), which(all, err), orNone(err))
	}
	if err := r.asks(ctx, c, all, append(slices.Clone(r.Beside), r.ID())); err != nil {
		return fmt.Errorf("SURVIVED %s: without it the step is refused: %w", r.ID(), err)
	}
	return nil
}

var errNone = errors.New("nothing refuses")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}
