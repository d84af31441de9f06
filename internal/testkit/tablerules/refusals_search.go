package tablerules

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// closure gives a function with all that it calls.
func closure(all []function, name string) (out []function) {
	var add func(string)
	add = func(name string) {
		for _, f := range all {
			if f.Name != name || slices.Contains(out, f) {
				continue
			}
			out = append(out, f)
			for _, g := range all {
				short, _, _ := strings.Cut(g.Name, "(")
				if regexp.MustCompile(`\b` + regexp.QuoteMeta(short) + `\(`).MatchString(f.Text) {
					add(g.Name)
				}
			}
		}
	}
	add(name)
	return out
}

// branch is where a branch of a function begins.
var branch = regexp.MustCompile(`\b(THEN|ELSE)[ ]*(--[^\n]*)?\n`)

// noted gives a function that notes its refusals and its branches and refuses nothing.
func (f function) noted(branches bool) string {
	text := f.each(func(id string) string {
		return fmt.Sprintf("RAISE WARNING 'refused: %%', %s; RAISE DEBUG", quote(id))
	})
	if !branches {
		return text
	}
	n := 0
	return branch.ReplaceAllStringFunc(text, func(was string) string {
		n++
		return fmt.Sprintf("%s RAISE WARNING 'branch: %s %d';\n", was, f.Name, n)
	})
}

// seeker looks for the steps that refusals refuse, in a world whose functions only
// note what they would refuse.
type seeker struct {
	c      *pgx.Conn
	tables []table
	all    []function
	said   []string // since the last scene
}

// notes makes the functions note. The connection's notices go to saw.
func (s *seeker) notes(ctx context.Context) error {
	for _, f := range s.all {
		if f.noted(true) == f.Text {
			continue
		}
		if _, err := s.c.Exec(ctx, f.noted(true)); err != nil {
			if _, err := s.c.Exec(ctx, f.noted(false)); err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	return nil
}

func (s *seeker) saw(_ *pgconn.PgConn, n *pgconn.Notice) { s.said = append(s.said, n.Message) }

// plays gives what a step came to: refusals, and everything that was noted.
func (s *seeker) plays(ctx context.Context, r Refusal) (refusals []string, came string, err error) {
	s.said = nil
	err = taken(ctx, s.c, "BEGIN;\n"+r.script())
	slices.Sort(s.said)
	s.said = slices.Compact(s.said)
	for _, m := range s.said {
		if id, ok := strings.CutPrefix(m, "refused: "); ok {
			refusals = append(refusals, id)
		}
	}
	return refusals, strings.Join(s.said, "|"), err
}

// hunt is the search at one trigger.
type hunt struct {
	*seeker
	at     Refusal // with the trigger alone
	first  []scene
	moves  map[string][]move
	wanted map[string]bool    // IDs of refusals
	best   map[string]Refusal // for each that was come to: a scene that few others refuse too
	seen   map[string]int     // what was noted, and in how many scenes
	leads  []lead
	left   int // scenes that may still be tried
}

// lead is a scene that is varied further.
type lead struct {
	scene
	refusals int
}

// seek tries scenes against one trigger and gives the best line for each refusal
// that it came to: one that no other refusal shares, if there is such a scene.
func (s *seeker) seek(ctx context.Context, g Trigger, wanted map[string]bool) (map[string]Refusal, error) {
	when, err := rows[struct{ Text string }](ctx, s.c, "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname = $2", g.Table, g.Name)
	if err != nil {
		return nil, err
	}
	on := named(s.tables, g.Table)
	h := hunt{seeker: s, at: Refusal{Table: g.Table, Trigger: g.Name}, first: seeds(on), moves: moves(s.tables, append(closure(s.all, g.Does), function{Text: when[0].Text}), on),
		wanted: wanted, best: map[string]Refusal{}, seen: map[string]int{}}
	h.left = perTrigger
	h.follow(ctx)
	h.left = perTrigger
	h.draw(ctx)
	return h.best, ctx.Err()
}

// follow varies scenes in one thing, those first that few refusals meet.
func (h *hunt) follow(ctx context.Context) {
	for _, x := range h.first {
		h.try(ctx, x)
	}
	for len(h.leads) > 0 && h.on(ctx) {
		slices.SortStableFunc(h.leads, func(a, b lead) int {
			return cmp.Or(cmp.Compare(a.refusals, b.refusals), cmp.Compare(a.size(), b.size()))
		})
		x := h.leads[0]
		h.leads = h.leads[1:]
		for _, m := range h.moves[x.kind] {
			h.try(ctx, x.with(m))
		}
	}
}

// draw varies the first scenes in a few things at once, by lot; the lot falls the
// same in every run.
func (h *hunt) draw(ctx context.Context) {
	dice := rand.New(rand.NewPCG(1, 1))
	for h.on(ctx) {
		x := h.first[dice.IntN(len(h.first))]
		some := h.moves[x.kind]
		for range 1 + dice.IntN(4) {
			if len(some) > 0 {
				x = x.with(some[dice.IntN(len(some))])
			}
		}
		h.try(ctx, x)
	}
}

// on tells whether the search goes on.
func (h *hunt) on(ctx context.Context) bool {
	if h.left <= 0 || ctx.Err() != nil {
		return false
	}
	for id := range h.wanted {
		if r, ok := h.best[id]; !ok || len(r.Beside) > 0 {
			return true
		}
	}
	return false
}

// try plays a scene and keeps it where it is the best for a refusal. One that fails
// is no statement, or fails of something that is no refusal.
func (h *hunt) try(ctx context.Context, x scene) {
	h.left--
	line := x.written(h.at)
	refusals, came, err := h.plays(ctx, line)
	if err != nil {
		return
	}
	for i, id := range refusals {
		if b, ok := h.best[id]; ok && len(b.Beside) < len(refusals) {
			continue
		}
		line.Beside = slices.Delete(slices.Clone(refusals), i, i+1)
		h.best[id] = line
	}
	if came = x.kind + came; h.seen[came] < 2 {
		h.seen[came]++
		h.leads = append(h.leads, lead{x, len(refusals)})
	}
}

// perTrigger is how many scenes are tried against one trigger, and how many more
// that are drawn by lot.
const perTrigger = 4000
