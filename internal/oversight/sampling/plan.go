package sampling

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
)

// The kinds of event of a sample, and its stream.
const (
	KindPlanned = "sample.planned"
	KindDrawn   = "sample.drawn"
	KindVoid    = "sample.void"
)

// StreamOf names the event stream of a sample.
func StreamOf(id string) string { return "sample:" + id }

// Dimensions are what strata can be made of, in the order in which they stand in
// a stratum's name.
var Dimensions = []string{"country", "process", "outcome", "reviewer"}

// Plan is what is fixed before the seed exists.
type Plan struct {
	ID         string
	From, To   time.Time // cases submitted in this half-open time, UTC
	Strata     []string  // of Dimensions, in their order
	Each       int       // drawn of each stratum at least
	Percent    int       // and at least this share of it, rounded up
	Tree       uint64    // the population is of the log at this size
	Population int       // cases in it
	Digest     string    // PopulationDigest, hexadecimal
	Seed       uint64    // the log's size whose root is the seed
	Quorum     int       // witnesses whose cosignatures are part of the seed; 0: none
}

// Facts gives the facts of the plan's event.
func (p Plan) Facts() map[string]string {
	return map[string]string{"sample": p.ID, "from": stamp(p.From), "to": stamp(p.To), "strata": strings.Join(p.Strata, ","),
		"each": strconv.Itoa(p.Each), "percent": strconv.Itoa(p.Percent), "population_tree": strconv.FormatUint(p.Tree, 10),
		"population": strconv.Itoa(p.Population), "population_sha256": p.Digest, "seed_tree": strconv.FormatUint(p.Seed, 10), "quorum": strconv.Itoa(p.Quorum)}
}

// ReadPlan reads a plan from its event.
func ReadPlan(r audit.Record) (p Plan, err error) {
	f := r.AllFacts()
	if r.Kind != KindPlanned || r.Stream != StreamOf(f["sample"]) {
		return p, fmt.Errorf("event %s is not the plan of a sample", r.ID)
	}
	p = Plan{ID: f["sample"], Strata: strings.Split(f["strata"], ","), Digest: f["population_sha256"]}
	read := reader{f: f}
	p.From, p.To = read.time("from"), read.time("to")
	p.Each, p.Percent, p.Population, p.Quorum = int(read.number("each")), int(read.number("percent")), int(read.number("population")), int(read.number("quorum"))
	p.Tree, p.Seed = read.number("population_tree"), read.number("seed_tree")
	return p, read.err
}

// reader reads facts and keeps the first that is not as it should be.
type reader struct {
	f   map[string]string
	err error
}

func (r *reader) number(name string) uint64 {
	n, err := strconv.ParseUint(r.f[name], 10, 53)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("the fact %s is no number", name)
	}
	return n
}

func (r *reader) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, r.f[name])
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("the fact %s is no time", name)
	}
	return t.UTC()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Member is one case of a population.
type Member struct {
	Case    string
	Stratum string
	Always  bool // an emergency, or a sensitive case: never left out
}

// line is a member as digests are taken over it.
func (m Member) line() string {
	return m.Case + " " + m.Stratum + " " + strconv.FormatBool(m.Always) + "\n"
}

// Digest is SHA-256 over the members' lines in the order of their cases' ids,
// hexadecimal. A line is "<case> <stratum> <true or false>" and a line feed.
func Digest(members []Member) string {
	d := NewDigester()
	for _, m := range sorted(members) {
		d.Add(m)
	}
	return d.Sum()
}

func sorted(members []Member) []Member {
	out := slices.Clone(members)
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Case, b.Case) })
	return out
}

// Seed gives the seed of a plan: root is that of the log at the plan's size, and
// cosigned are the lines of witnesses, in any order; none where the plan asks for
// none.
func Seed(event audit.EventID, size uint64, root audit.Hash, cosigned []string) [sha256.Size]byte {
	text := "lerd sample seed v1\n" + string(event) + "\n" + strconv.FormatUint(size, 10) + "\n" + hex.EncodeToString(root[:]) + "\n"
	for _, l := range slices.Sorted(slices.Values(cosigned)) {
		text += l + "\n"
	}
	return sha256.Sum256([]byte(text))
}
