package oversight

import (
	"context"
	"strconv"
	"strings"
	"testing"
)

// endless has so many lines, a thousand a page, each with its number as the cursor.
type endless struct {
	*desk
	lines int
}

func (e endless) Search(_ context.Context, q Search) (list []Hit, err error) {
	from, _ := strconv.Atoi(q.After)
	for n := from + 1; n <= e.lines && len(list) < q.Limit; n++ {
		list = append(list, Hit{Next: strconv.Itoa(n)})
	}
	return list, nil
}

// TestAFileThatIsFullSaysWhereItGoesOn: what is cut off must not look whole, and what
// just fits is not said to be cut off.
func TestAFileThatIsFullSaysWhereItGoesOn(t *testing.T) {
	for _, c := range []struct {
		lines, after, had int
		next              string
	}{{0, 0, 0, ""}, {1500, 0, 1500, ""}, {MostExported, 0, MostExported, ""}, {MostExported + 1, 0, MostExported, strconv.Itoa(MostExported)}, {MostExported + 1, MostExported, 1, ""}} {
		d := &desk{}
		s, ctx := over(t, d)
		s.Searches = endless{d, c.lines}
		had := 0
		next, err := s.Export(ctx, Search{Name: "events", After: strings.TrimPrefix(strconv.Itoa(c.after), "0")}, func(Hit) error { had++; return nil })
		if err != nil || had != c.had || next != c.next {
			t.Errorf("of %d lines after %d: %d, and then %q (%v); want %d and %q", c.lines, c.after, had, next, err, c.had, c.next)
		}
	}
}
