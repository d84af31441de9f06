package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/web"
)

// arrives submits an order for subscriber data, whose law wants the data kept from
// its receipt on.
func (s *scenario) arrives(number string) requests.ID {
	s.t.Helper()
	in := s.ordered(s.uploadAs("jana.weber", number), number)
	in.Process = "EU-EPOC-S"
	q, err := s.send(s.as("jana.weber"), in)
	s.must(err)
	return q.ID
}

// TestDataAreKeptAsAnOrderArrives: before anybody claims it, its data are in a
// sealed snapshot. The source loses a number meanwhile: what the order's law gives
// leaves all the same, marked, through every gate. Once it was answered the
// snapshot is erased.
func TestDataAreKeptAsAnOrderArrives(t *testing.T) {
	s := newScenario(t)
	source := s.shrink()
	id := s.arrives("EPOC 91/26")
	s.jobs()
	if list := s.snapshots(id); s.state(id) != requests.Submitted || len(list) != 1 || list[0].State != requests.SnapshotTaken {
		t.Fatalf("the order is %s, kept: %+v\n%s", s.state(id), list, s.log)
	}
	if found := s.standing(plantedPhone); len(found) > 0 {
		t.Errorf("what is kept stands in the clear: %v", found)
	}
	p := s.open(web.Limits{})
	for _, who := range []string{"jana.weber", "rita.lind"} {
		for _, path := range map[string][]string{"jana.weber": {"/requests", "/requests/" + string(id)}, "rita.lind": {"/review", "/review/" + string(id)}}[who] {
			if body := p.ask(p.visit(who), "GET", path, nil, "").body; strings.Contains(body, plantedPhone) || strings.Contains(body, s.snapshots(id)[0].ID) {
				t.Errorf("%s tells %s of what is kept", path, who)
			}
		}
	}
	p.stop() // its own jobs would be taking these steps beside this test's
	taken := s.snapshots(id)[0].TakenAt
	source.lost = true
	s.clock.Advance(day)
	s.review(id)
	s.jobs()
	s.confirm()
	s.jobs()
	kept, _ := s.rowsKept(id)
	if len(kept) != 1 || kept[0].Phone == nil || kept[0].Phone.Phone.Reveal() != plantedPhone || !kept[0].PreservedAt.Equal(taken) {
		t.Errorf("kept: %+v", kept)
	}
	s.must(s.cases.Approve(s.as("anna.keller"), id, s.load(id).Release.Digest))
	s.jobs()
	if got := s.snapshots(id)[0]; s.state(id) != requests.ExportedCase || got.State != requests.SnapshotGone || got.WrappedKey != "" {
		t.Errorf("the order is %s, its snapshot %s\n%s", s.state(id), got.State, s.log)
	}
	other := s.submit("IN/94/2026/991").ID
	s.jobs()
	if list := s.snapshots(other); len(list) != 0 {
		t.Errorf("kept of an order whose law does not want it: %+v", list)
	}
	s.verifyLog()
}

// TestWhatWasKeptEndsWithTheOrder: an order that is withdrawn leaves no key and no
// file, nothing is begun for it afterwards, and the database holds the same.
func TestWhatWasKeptEndsWithTheOrder(t *testing.T) {
	s := newScenario(t)
	s.shrink()
	id := s.arrives("EPOC 92/26")
	s.jobs()
	file := s.snapshotFile(s.snapshots(id)[0])
	erase := fmt.Sprintf(`UPDATE snapshot SET state = 'erased', wrapped_key = '', erased_at = now(), version = version + 1, event_id = $EVENT WHERE request_id = '%s'`, id)
	for _, a := range s.attackers(t) {
		a.refused("erased while it is needed", a.tryAs("system", "snapshot:"+s.snapshots(id)[0].ID, erase), "still needed")
	}
	s.must(s.cases.Withdraw(s.as("jana.weber"), id, "Settled otherwise."))
	s.jobs()
	if got := s.snapshots(id)[0]; got.State != requests.SnapshotGone || got.WrappedKey != "" {
		t.Errorf("after its end it is %s", got.State)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("its file is there: %v", err)
	}
	again := fmt.Sprintf(`INSERT INTO arrival VALUES ('%s', '%s', now(), $EVENT)`, s.submit("IN/94/2026/992").ID, s.load(id).Request.Agency)
	for _, a := range s.attackers(t) {
		a.refused("of another agency", a.tryAs("system", "arrival:x", again), "foreign key")
		a.refused("by a reviewer", a.tryAs("reviewer", "arrival:x", again), "row-level security", "foreign key")
	}
	s.verifyLog()
}

// TestWhatIsKeptOnArrivalIsCounted: of the orders of one agency no more are kept at a
// time than the limit says, the first come first. The others wait without trouble, and
// the next begins when one has ended. The database counts too.
func TestWhatIsKeptOnArrivalIsCounted(t *testing.T) {
	s := newScenario(t)
	s.shrink()
	s.cases.MaxPreserved = 2
	system := identity.With(s.ctx, identity.SystemActor())
	var ids []requests.ID
	for i := range 4 {
		ids = append(ids, s.arrives(fmt.Sprintf("EPOC 95/%d", i)))
		s.clock.Advance(time.Minute)
	}
	kept := func() (n string) {
		for _, id := range ids {
			n += fmt.Sprint(len(s.snapshots(id)))
		}
		return n
	}
	sweep := func(want string) {
		t.Helper()
		for range 3 {
			s.must(s.cases.KeepSnapshots(system))
		}
		if got := kept(); got != want {
			t.Fatalf("snapshots of the four orders: %s, want %s", got, want)
		}
	}
	sweep("1100")
	s.must(s.cases.Withdraw(s.as("jana.weber"), ids[0], "Settled otherwise."))
	sweep("1110")
	agency := s.load(ids[3]).Request.Agency
	next := fmt.Sprintf(`INSERT INTO arrival VALUES ('%s', '%s', now(), $EVENT)`, ids[3], agency)
	s.ownerDoes(`CREATE OR REPLACE FUNCTION max_preserved() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 2 $$`)
	for _, a := range s.attackers(t) {
		a.refused("one too many", a.tryAs("system", "arrival:"+string(ids[3]), next), "too many of its agency")
	}
	s.cases.MaxPreserved = 3
	if err := s.cases.KeepSnapshots(system); err == nil || !strings.Contains(err.Error(), "too many of its agency") {
		t.Errorf("where the program looks away: %v", err)
	}
	s.ownerDoes(`CREATE OR REPLACE FUNCTION max_preserved() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 500 $$`)
	sweep("1111")
	s.verifyLog()
}
