package sample

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// event is one IP event being made.
type event struct {
	at      int64
	kind    byte // r i s o p v, as in the view
	session int64
	ends    int64 // of its session, 0 if not recorded
}

// events gives the rows of the accounts at [from, to), by account and time.
func (w *world) events(from, to int) iter.Seq[*rowWriter] {
	return func(yield func(*rowWriter) bool) {
		var row rowWriter
		var list []event
		for i := from; i < to; i++ {
			p := w.person(i)
			list = w.lifetime(p, list[:0])
			conn := newConnections(p)
			for k, e := range list {
				conn.write(&row, e, p.firstID+int64(k), w.now)
				if !yield(&row) {
					return
				}
			}
		}
	}
}

// lifetime makes the account's events in order of time: registered, perhaps
// a number verified, then sessions that begin, are refreshed and end.
func (w *world) lifetime(p person, list []event) []event {
	start := max(p.created, w.now-twoYears)
	for range p.events {
		list = append(list, event{at: p.awake(start, w.now)})
	}
	slices.SortFunc(list, func(a, b event) int { return int(min(max(a.at-b.at, -1), 1)) })
	p.sessions(list, p.created >= w.now-twoYears)
	return list
}

// awake gives a time between start and end at which a person in the
// account's usual zone is likely to be awake, at a full millisecond.
func (p person) awake(start, end int64) int64 {
	const hour = microsDay / 24
	day := start/microsDay + p.rng.Int64N((end-start)/microsDay)
	local := 7*hour + (p.rng.Int64N(17*hour)+p.rng.Int64N(17*hour))/2
	at := day*microsDay + local - int64(p.offset)*hour
	return min(max(at, start), end-1000) / 1000 * 1000
}

// sessions gives each event its kind, its session and the session's end.
func (p person) sessions(list []event, registered bool) {
	session, open := p.firstID, false
	begins := 0
	for k := range list {
		e := &list[k]
		u := p.rng.IntN(100)
		switch {
		case k == 0 && registered:
			e.at, e.kind, open = p.created, 'r', true
		case k == 1 && registered:
			e.kind = 'p'
		case p.status > 0 && u < 1:
			e.kind = 'v'
		case !open || u < 18:
			e.kind, session, begins, open = 'i', p.firstID+int64(k), k, true
		case u < 30:
			e.kind, open = 'o', false
			for j := begins; j <= k; j++ {
				list[j].ends = e.at
			}
		default:
			e.kind = 's'
		}
		e.session = session
	}
}

// connections are the lines over which an account's holder connects.
type connections struct {
	id     int64
	rng    *rand.Rand
	home   netip.Addr
	v6     [8]byte
	mobile bool
}

func newConnections(p person) *connections {
	c := &connections{id: idOf(p.index), rng: p.rng, mobile: p.rng.IntN(3) > 0}
	c.home = benchmark(p.rng)
	binary.BigEndian.PutUint32(c.v6[:], 0x20010db8)
	binary.BigEndian.PutUint32(c.v6[4:], p.rng.Uint32()&^0x80000000) // 2001:db8:ffff is the platform's
	return c
}

// benchmark gives an address of 198.18.0.0/15. SPEC: RFC 2544.
func benchmark(rng *rand.Rand) netip.Addr {
	n := rng.Uint32()
	return netip.AddrFrom4([4]byte{198, 18 + byte(n>>16&1), byte(n >> 8), byte(n)})
}

// address: mostly shared NAT for mobiles (RFC 6598), a home line, IPv6
// (RFC 3849) or now and then a café (RFC 5737).
func (c *connections) address() netip.Addr {
	n, u := c.rng.Uint32(), c.rng.IntN(100)
	switch {
	case u < 22:
		var b [16]byte
		copy(b[:], c.v6[:])
		binary.BigEndian.PutUint64(b[8:], c.rng.Uint64())
		return netip.AddrFrom16(b)
	case c.mobile && u < 75:
		return netip.AddrFrom4([4]byte{100, 64 | byte(n>>16)&63, byte(n >> 8), byte(n)})
	case u < 95:
		return c.home
	case n&256 == 0:
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
	}
	return netip.AddrFrom4([4]byte{198, 51, 100, byte(n)})
}

// write makes one row. Source ports were recorded for the last 500 days, and
// not by every front end.
func (c *connections) write(row *rowWriter, e event, id, now int64) {
	row.start(10)
	row.bigint(id)
	row.bigint(c.id)
	row.stamp(e.at)
	row.inet(c.address())
	if now-e.at > 500*microsDay || c.rng.IntN(12) == 0 {
		row.null()
	} else {
		row.integer(1024 + int32(c.rng.IntN(64512)))
	}
	row.bigint(e.session)
	row.stamp(e.ends)
	row.char(e.kind)
	row.char(c.client(e.session))
	row.char('a' + byte(e.session%8))
}

// client is the same throughout a session.
func (c *connections) client(session int64) byte {
	if c.mobile && session%4 > 0 {
		return 'm'
	}
	return "dwda"[session%4]
}
