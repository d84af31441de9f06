package transparency

import (
	"cmp"
	"maps"
	"slices"
)

// Rows with a meaning of their own.
const (
	Everything = "all"   // the row of totals
	Others     = "other" // all that are too small to be shown by themselves
)

// size is how many cases a row has, and of them those under a gag.
type size struct{ n, under int }

// listed gives the keys that have a row of their own, in order, and Others last
// where there are such. Rows that would be too small go into one, until it is
// large enough and of enough of them that none is seen through it. allowed says
// which could have a row in an earlier edition; nil: all.
func listed(sizes map[string]size, r Rules, allowed func(string) bool) []string {
	keys := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[a].n, sizes[b].n), cmp.Compare(a, b))
	})
	var own []string
	rest, count := size{}, 0
	put := func(k string) {
		s := sizes[k]
		rest, count = size{rest.n + s.n, rest.under + s.under}, count+1
	}
	for _, k := range keys {
		if s := sizes[k]; r.small(s.n, s.under) || allowed != nil && !allowed(k) {
			put(k)
			continue
		}
		own = append(own, k)
	}
	for len(own) > 0 && count > 0 && (count < r.Contributors || r.small(rest.n, rest.under)) {
		put(own[0])
		own = own[1:]
	}
	slices.Sort(own)
	if count > 0 {
		own = append(own, Others)
	}
	return own
}

// place gives the row of a key.
func place(keys []string, key string) int {
	if i := slices.Index(keys, key); i >= 0 && key != Others {
		return i
	}
	return slices.Index(keys, Others)
}
