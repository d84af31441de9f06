package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// idOf gives the id of the account at an index from 0.
func idOf(index int) int64 { return 10_000_001 + int64(index) }

// world makes up people. Whatever it says of an account follows from the seed
// and the account's index alone, so that accounts can be made in any order.
type world struct {
	o     Options
	story []character
	now   int64 // Unix microseconds
}

func newWorld(o Options) *world {
	return &world{o: o, story: cast(o.Now), now: o.Now.UnixMicro()}
}

func (w *world) accounts() int64 { return int64(len(w.story) + w.o.Accounts) }

func (w *world) sessions() int64 {
	n := int64(w.o.Sessions)
	for _, c := range w.story {
		n += int64(c.events)
	}
	return n
}

// person is one account without its IP events.
type person struct {
	index     int
	created   int64 // Unix microseconds
	status    int16 // 0 good standing, 1 warned, 2 restricted, 3 banned, 4 deleted
	offset    int   // usual hours from UTC
	usernames []span
	phones    []span
	events    int
	firstID   int64 // id of its first IP event
	rng       *rand.Rand
}

const (
	microsDay = int64(24 * time.Hour / time.Microsecond)
	twoYears  = 730 * microsDay
)

func (w *world) person(index int) person {
	rng := rand.New(rand.NewPCG(w.o.Seed, uint64(index)))
	if index < len(w.story) {
		return w.character(index, rng)
	}
	i := index - len(w.story)
	p := person{index: index, rng: rng}
	p.created = w.created(i)
	home := countryOf(rng.IntN(totalWeight))
	p.offset = home.offset
	p.status = []int16{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}[rng.IntN(20)]
	p.phones, p.usernames = w.phones(i), w.usernames(i)
	p.events, p.firstID = w.share(i)
	return p
}

func (w *world) character(index int, rng *rand.Rand) person {
	c := w.story[index]
	p := person{
		index: index, created: c.phones[0].from, status: c.status, offset: c.offset,
		usernames: c.usernames, phones: c.phones, events: c.events, firstID: 1, rng: rng,
	}
	for _, before := range w.story[:index] {
		p.firstID += int64(before.events)
	}
	return p
}

// pick gives a number below n that depends on the account and on what it is for.
func (w *world) pick(i, what int, n int64) int64 {
	x := w.o.Seed ^ uint64(i)*0x9e3779b97f4a7c15 ^ uint64(what)*0xd1b54a32d192ed03
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int64((x ^ x>>31) % uint64(n))
}

// created: accounts are up to six years old, at a full millisecond.
func (w *world) created(i int) int64 {
	return w.now - 30*microsDay - w.pick(i, 1, 3*twoYears/1000)*1000
}

// share gives how many IP events an account has and the id of the first. Pairs
// of accounts share what two would have, unevenly, so that the sum is exact.
func (w *world) share(i int) (events int, firstID int64) {
	story := w.sessions() - int64(w.o.Sessions)
	upTo := func(i int) int64 { return int64(i) * int64(w.o.Sessions) / int64(w.o.Accounts) }
	pair := i / 2 * 2
	end := min(pair+2, w.o.Accounts)
	both, first := upTo(end)-upTo(pair), upTo(pair)
	if end-pair == 1 {
		return int(both), story + first + 1
	}
	u := w.pick(pair, 2, 1000)
	one := both * (500 - u*u/2020) / 1000
	if i == pair {
		return int(one), story + first + 1
	}
	return int(both - one), story + first + one + 1
}

// givesUp tells whether the account gave a thing up which the next one took,
// and when: every 29th account's number, every 37th's username.
func (w *world) givesUp(i, every int) (left, taken int64, ok bool) {
	if i < 0 || i%every != every/4 || i+1 >= w.o.Accounts {
		return 0, 0, false
	}
	start := max(w.created(i), w.created(i+1))
	room := (w.now - start) / microsDay
	left = start + (1+w.pick(i, every, room*2/5))*microsDay
	return left, left + (5+w.pick(i, every+1, room/5+1))*microsDay, true
}

// phones of an account: its own number; a second one where it gave the first
// up; the one that the account before gave up.
func (w *world) phones(i int) []span {
	return w.chain(i, 29, w.number)
}

func (w *world) usernames(i int) []span {
	if w.pick(i, 3, 10) < 3 && i%37 != 37/4 && (i-1)%37 != 37/4 {
		return nil
	}
	return w.chain(i, 37, w.username)
}

func (w *world) chain(i, every int, value func(i, slot int) string) []span {
	out := []span{{value: value(i, 0), from: w.created(i)}}
	if left, _, ok := w.givesUp(i, every); ok {
		out[0].to = left
		return append(out, span{value: value(i, 1), from: left})
	}
	if _, taken, ok := w.givesUp(i-1, every); ok {
		out[0].to = taken
		return append(out, span{value: value(i-1, 0), from: taken})
	}
	return out
}

// number makes a number that no other account and slot has.
func (w *world) number(i, slot int) string {
	rng := rand.New(rand.NewPCG(w.o.Seed, uint64(i+len(w.story))))
	c := countryOf(rng.IntN(totalWeight)) // the same first draw as in person
	k, size := int64(2*i+slot), pow10(c.digits)
	if k >= size {
		c, size = countries[0], pow10(countries[0].digits)
	}
	// Times an odd number that 5 does not divide: one to one below a power of ten.
	return fmt.Sprintf("%s%0*d", c.prefix, c.digits, (k*7_368_787+w.pick(0, 4, size))%size)
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

var (
	firstWords  = []string{"amber", "brisk", "calm", "dusty", "early", "faint", "gentle", "hollow", "ivory", "jolly", "kind", "late", "mellow", "narrow", "odd", "pale", "quick", "rusty", "silver", "tidy"}
	secondWords = []string{"anchor", "badger", "comet", "drum", "ember", "falcon", "garden", "harp", "island", "jacket", "kettle", "lantern", "meadow", "nettle", "otter", "pebble", "quarry", "river", "spruce", "tram"}
)

func (w *world) username(i, slot int) string {
	a, b := w.pick(i, 5+slot, int64(len(firstWords))), w.pick(i, 7+slot, int64(len(secondWords)))
	return fmt.Sprintf("%s_%s%d", firstWords[a], secondWords[b], 2*i+slot+10)
}
