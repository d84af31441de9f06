package transparency

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// kindOfCase is a case as far as the tables of requests received tell it from
// others, but for what is asked.
type kindOfCase struct {
	country, process string
	outcome          outcome
	valid            bool
	urgent           int // column of emergency_verification
}

var crossRules = Rules{Version: linkedSince, Threshold: 10, GagThreshold: 20, Contributors: 2, TimeCases: 20, EU: []string{"DE", "FR", "IT"},
	EEvidence: []Instrument{{"EU-S", "subscriber"}, {"EU-I", "identification"}, {"EU-T", "traffic"}}, DSA: []Mapping{{"07", "FRAUD"}}, DSAOther: "OTHER"}

// everyKind lists which cases can be: the Regulation's orders come from its states,
// and what was handed over was found valid.
func everyKind() (out []kindOfCase) {
	for _, country := range []string{"DE", "FR", "IT", "IN"} {
		for _, process := range []string{"EU-S", "EU-I", "EU-T", "NAT"} {
			if country == "IN" && process != "NAT" {
				continue
			}
			for o := range outcomes {
				for u := range verifiedNames {
					out = append(out, kindOfCase{country, process, o, true, u})
					if o == pending || o >= refused {
						out = append(out, kindOfCase{country, process, o, false, u})
					}
				}
			}
		}
	}
	return out
}

func (k kindOfCase) file(place int) casefile {
	return casefile{place: place, received: 1, in: &Received{Country: k.country, Process: k.process, Emergency: k.urgent != 3, Phone: 1, Offence: "07"},
		valid: k.valid, confirmed: k.urgent == 0, denied: k.urgent == 1, stands: decision{outcome: k.outcome}}
}

// crossQuarter is a quarter in which some kinds are rare and some are many.
func crossQuarter(seed uint64, rules Rules) *tally {
	r := rand.New(rand.NewPCG(seed, 9))
	t := &tally{rules: rules, span: span{from: 0, to: 10, cut: 20}, seen: newLinked(rules)}
	sparse := map[string]int{}
	often := func(what string) int {
		if _, ok := sparse[what]; !ok {
			sparse[what] = []int{0, 1, 1, 3, 9}[r.IntN(5)]
		}
		return sparse[what]
	}
	for _, k := range everyKind() {
		weight := often(k.country+k.process) * often(fmt.Sprint("o", k.outcome)) * often(fmt.Sprint("u", k.urgent))
		for range weight * r.IntN(3) / 6 {
			t.files = append(t.files, k.file(len(t.files)))
		}
	}
	t.count()
	return t
}

// counted tells which kinds a cell of a table counts.
func (t *tally) counted(table *Table, key, column string) func(kindOfCase) bool {
	row := func(k kindOfCase) bool {
		switch own := k.country; table.Rows {
		case "process":
			own = k.process
			fallthrough
		case "country":
			return key == Everything || own == key || key == Others && table.Line(own) == nil
		}
		return true
	}
	col := func(k kindOfCase) bool {
		f := k.file(0)
		switch table.ID {
		case "valid_by_country", "valid_by_process":
			return column == validNames[b2i(!k.valid)]
		case "emergency_by_country":
			return column == urgentNames[b2i(k.urgent == 3)]
		case "emergency_verification":
			return column == verifiedNames[k.urgent]
		case "dsa_orders":
			return column == t.rules.category(f.in.Offence)
		case "received_by_country", "received_by_process":
			return column == outcomeNames[k.outcome]
		}
		if t.rules.evidence(k.process) < 0 {
			return column == "other_instruments"
		}
		switch table.ID {
		case "e_evidence_received":
			return column == t.rules.evidenceTypes()[t.rules.evidence(k.process)]
		case "e_evidence_emergency":
			return column == urgentNames[b2i(k.urgent == 3)]
		}
		o := k.outcome
		return column == map[bool]string{true: "fulfilled"}[o.fulfils() || o == preserved] || column == "pending" && o == pending ||
			column == "not_fulfilled" && !o.fulfils() && o != preserved && o != pending
	}
	union := table.ID == "dsa_orders" || len(table.ID) > 10 && table.ID[:10] == "e_evidence"
	return func(k kindOfCase) bool {
		return (!union || t.rules.inEU(k.country)) && row(k) && (column == "total" || col(k))
	}
}

const prime = 2147483629

// combinations are what linear combinations of published figures can say: rows in echelon
// form over a prime field.
type combinations struct{ rows map[int][]uint64 }

// rest is what remains of a row that no combination says.
func (c combinations) rest(v []uint64) []uint64 {
	v = append([]uint64(nil), v...)
	for j := range v {
		if v[j] == 0 || c.rows[j] == nil {
			continue
		}
		by := prime - v[j]
		for k := j; k < len(v); k++ {
			v[k] = (v[k] + by*c.rows[j][k]) % prime
		}
	}
	return v
}

func pivot(v []uint64) int {
	for j, x := range v {
		if x != 0 {
			return j
		}
	}
	return -1
}

func (c combinations) learn(v []uint64) {
	v = c.rest(v)
	j := pivot(v)
	if j < 0 {
		return
	}
	inverse, base := uint64(1), v[j]
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			inverse = inverse * base % prime
		}
		base = base * base % prime
	}
	for k := range v {
		v[k] = v[k] * inverse % prime
	}
	c.rows[j] = v
}

// crossed lets an outsider put all tables of requests received together: every
// figure that is shown is a sum over kinds of cases, and a zero says that there is no
// such case. It gives the withheld small figures that some combination gives away,
// and how many were looked at.
func crossed(t *tally) (found []string, looked int) {
	var kinds []kindOfCase
	type figure struct {
		name   string
		n      *int
		counts func(kindOfCase) bool
		true   int
	}
	var all []figure
	for i := range t.tables {
		table := &t.tables[i]
		if table.Cohort != "received" || table.Rows == "category" {
			continue
		}
		for _, l := range table.Lines {
			for j, c := range table.Columns {
				f := figure{name: table.ID + " " + l.Key + " " + c, n: l.Cells[j], counts: t.counted(table, l.Key, c)}
				for i := range t.files {
					x := &t.files[i]
					k := kindOfCase{x.in.Country, x.in.Process, x.stands.outcome, x.valid, 2}
					switch {
					case !x.in.Emergency:
						k.urgent = 3
					case x.denied:
						k.urgent = 1
					case x.confirmed:
						k.urgent = 0
					}
					f.true += b2i(f.counts(k))
				}
				all = append(all, f)
			}
		}
	}
	for _, k := range everyKind() {
		none := false
		for _, f := range all {
			none = none || f.n != nil && *f.n == 0 && f.counts(k)
		}
		if !none {
			kinds = append(kinds, k)
		}
	}
	vector := func(f figure) []uint64 {
		v := make([]uint64, len(kinds))
		for i, k := range kinds {
			v[i] = uint64(b2i(f.counts(k)))
		}
		return v
	}
	known := combinations{map[int][]uint64{}}
	for _, f := range all {
		if f.n != nil {
			if *f.n != f.true {
				found = append(found, fmt.Sprintf("%s shows %d and the test counts %d", f.name, *f.n, f.true))
			}
			known.learn(vector(f))
		}
	}
	for _, f := range all {
		if f.n == nil && t.rules.small(f.true, 0) {
			looked++
			if pivot(known.rest(vector(f))) < 0 {
				found = append(found, fmt.Sprintf("%s is %d", f.name, f.true))
			}
		}
	}
	return found, looked
}

// TestTablesTogetherTellNothing lets an outsider combine every table with every
// other. Under the rules before, in which each table stood alone, they find some.
func TestTablesTogetherTellNothing(t *testing.T) {
	before, looked := 0, 0
	for seed := range uint64(25) {
		alone := crossRules
		alone.Version = linkedSince - 1
		leaks, _ := crossed(crossQuarter(seed, alone))
		before += len(leaks)
		q := crossQuarter(seed, crossRules)
		leaks, n := crossed(q)
		looked += n
		for _, l := range leaks {
			t.Errorf("quarter %d of %d requests: %s", seed, len(q.files), l)
		}
	}
	t.Logf("%d withheld figures tried; %d were found while each table stood alone", looked, before)
	if looked < 150 || before == 0 {
		t.Errorf("%d figures tried, %d found before: the test sees too little", looked, before)
	}
}
