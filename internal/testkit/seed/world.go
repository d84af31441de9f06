package seed

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// World is who takes part.
type World struct {
	Agencies   []identity.Agency
	Officers   [][]identity.Person // of each agency
	Reviewers  []identity.Person
	Confirmers []identity.Person
	Approvers  []identity.Person

	o         Options
	processes [][]*legal.Process // of each agency
}

// countries are where the agencies are, with the zone of each; the first are
// drawn more often.
var countries = [][2]string{{"DE", "Europe/Berlin"}, {"FR", "Europe/Paris"}, {"US", "America/New_York"}, {"IN", "Asia/Kolkata"}, {"BR", "America/Sao_Paulo"},
	{"GB", "Europe/London"}, {"ES", "Europe/Madrid"}, {"IT", "Europe/Rome"}, {"PL", "Europe/Warsaw"}, {"NL", "Europe/Amsterdam"}}

// source gives what is random about the n-th thing of a kind; the same one each time.
func source(seed, kind, n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed<<8|kind, n)) }

// bytes reads the stream of a generator.
type bytes struct{ r *rand.Rand }

// Read fills p; it never fails.
func (b bytes) Read(p []byte) (int, error) {
	var word [8]byte
	for i := 0; i < len(p); i += len(word) {
		binary.LittleEndian.PutUint64(word[:], b.r.Uint64())
		copy(p[i:], word[:])
	}
	return len(p), nil
}

func idFrom(r *rand.Rand) string { return uuid.Must(uuid.NewRandomFromReader(bytes{r})).String() }

// newWorld makes up the people; they are the same for the same seed.
func newWorld(o Options) World {
	w, r := World{o: o}, source(o.Seed, 1, 0)
	w.Reviewers = staff(r, identity.Reviewer, max(4, o.Requests/25_000))
	w.Confirmers, w.Approvers = staff(r, identity.Confirmer, 8), staff(r, identity.Approver, 4)
	for n := range o.Agencies {
		place := countries[min(r.IntN(len(countries)), r.IntN(len(countries)))]
		if n < len(countries) {
			place = countries[n]
		}
		a := identity.Agency{ID: identity.AgencyID(idFrom(r)), Name: fmt.Sprintf("Authority %03d", n+1), Country: place[0], Zone: place[1],
			Domain: fmt.Sprintf("authority-%03d.example", n+1), CallBack: fmt.Sprintf("+4477009%05d", n), Standing: identity.Verified, Version: 1}
		w.Agencies = append(w.Agencies, a)
		var officers []identity.Person
		for k := range 3 + r.IntN(5) {
			officers = append(officers, identity.Person{ID: identity.PersonID(idFrom(r)), Name: personal.NewText(fmt.Sprintf("Officer %d of %03d", k+1, n+1)),
				SignIn: fmt.Sprintf("seed.officer.%d.%d", n+1, k+1), Pseudonym: fmt.Sprintf("Seeded officer %d-%d", n+1, k+1), Role: identity.Officer, Agency: a.ID, Active: true, Version: 1})
		}
		w.Officers = append(w.Officers, officers)
		w.processes = append(w.processes, processesOf(o, place[0]))
	}
	return w
}

func staff(r *rand.Rand, role identity.Role, n int) (out []identity.Person) {
	for i := range n {
		out = append(out, identity.Person{ID: identity.PersonID(idFrom(r)), Name: personal.NewText(fmt.Sprintf("Seeded %s %d", role, i+1)),
			SignIn: fmt.Sprintf("seed.%s.%d", role, i+1), Pseudonym: fmt.Sprintf("Seeded %s %d", role, i+1), Role: role, Active: true, Version: 1})
	}
	return out
}

// processesOf gives the processes by which data may leave that a country uses.
func processesOf(o Options, country string) (out []*legal.Process) {
	for _, p := range o.Law.InForce(o.Now) {
		if p.Kind == legal.Disclosure && slices.Contains(p.Countries, country) {
			out = append(out, p)
		}
	}
	for _, p := range o.Law.InForce(o.Now) {
		if len(out) == 0 && p.Kind == legal.Disclosure && len(p.Countries) == 0 {
			out = append(out, p)
		}
	}
	return out
}

// batch gives the rows and events of the people.
func (w World) batch() (*batch, error) {
	b := newBatch(bytes{source(w.o.Seed, 2, 0)})
	at := w.o.Now.Add(-w.o.Span - 24*time.Hour)
	one := func(kind, stream string, row func(audit.EventID) any) error {
		e := change.Event(asSystem(), at, kind, stream, 1)
		e.ID = audit.EventID(idFrom(b.rand.(bytes).r))
		return b.add(change.Part{Event: e, Insert: []any{row(e.ID)}})
	}
	for i, a := range w.Agencies {
		if err := one("agency.registered", "agency:"+string(a.ID), func(audit.EventID) any { return &a }); err != nil {
			return nil, err
		}
		for _, p := range w.Officers[i] {
			if err := one("person.registered", "person:"+string(p.ID), func(audit.EventID) any { return &p }); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range slices.Concat(w.Reviewers, w.Confirmers, w.Approvers) {
		if err := one("person.registered", "person:"+string(p.ID), func(audit.EventID) any { return &p }); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func asSystem() context.Context {
	return identity.With(context.Background(), identity.SystemActor())
}

func as(p identity.Person) context.Context {
	return identity.With(context.Background(), identity.Actor{Person: p.ID, Role: p.Role, Agency: p.Agency, Pseudonym: p.Pseudonym, Session: "seed"})
}
