package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
)

// planted are values that only one record of the account data has.
const (
	plantedPhone   = "+919911223344"
	plantedAddress = "203.0.113.199"
	plantedRecord  = "planted-ip-1"
)

// shrinking is account data with a number and an address more, until they are lost.
type shrinking struct {
	records.Source
	at   time.Time
	lost bool
	late time.Duration // by which the number begins to be valid later than it did
	asks int
}

func (x *shrinking) Phones(ctx context.Context, a records.AccountID, p records.Period) ([]records.PhoneRow, error) {
	x.asks++
	rows, err := x.Source.Phones(ctx, a, p)
	if err == nil && !x.lost && p.Contains(x.at) {
		row := records.PhoneRow{RecordID: "planted-phone-1", Account: a, Phone: personal.NewPhone(plantedPhone), Verification: records.Verified, ValidFrom: x.at.Add(x.late), ValidTo: x.at.Add(time.Hour)}
		rows = append(rows, row)
	}
	return rows, err
}

func (x *shrinking) Sessions(ctx context.Context, a records.AccountID, p records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		extra := records.IPRow{RecordID: plantedRecord, Account: a, Event: records.Login, At: x.at, Address: personal.NewAddr(netip.MustParseAddr(plantedAddress))}
		give := !x.lost && p.Contains(x.at)
		for r, err := range x.Source.Sessions(ctx, a, p) {
			if give && err == nil && r.At.After(x.at) {
				if give = false; !yield(extra, nil) {
					return
				}
			}
			if !yield(r, err) {
				return
			}
		}
		if give {
			yield(extra, nil)
		}
	}
}

// shrink lets the account data hold the planted records.
func (s *scenario) shrink() *shrinking {
	x := &shrinking{Source: s.source, at: storyNow.AddDate(0, 0, -3).UTC().Truncate(time.Second)}
	s.cases.Source = records.Guard(x)
	return x
}

// keepingOf is keeping for another identifier than the suspect's.
func (s *scenario) keepingOf(number, phone string) requests.ID {
	s.t.Helper()
	officer, reviewer := s.as("jana.weber"), s.as("rita.lind")
	doc, err := s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	in := s.submission(doc.ID, number)
	in.Process, in.IssuerKind, in.IssuerName, in.LegalBasis, in.Further = "EU-EPOC-PR", "judge", "Amtsgericht Musterstadt", "Art. 6", nil
	in.Targets[0].Identifier = phone
	q, err := s.send(officer, in)
	s.must(err)
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	s.must(s.cases.Qualify(reviewer, q.ID, nil))
	return q.ID
}

func (s *scenario) snapshots(id requests.ID) []requests.Snapshot {
	s.t.Helper()
	list, err := s.store.Snapshots(identity.With(s.ctx, identity.SystemActor()), id)
	s.must(err)
	return list
}

func (s *scenario) snapshotFile(x requests.Snapshot) string {
	return filepath.Join(s.cfg.path("blobs"), filepath.FromSlash(requests.SnapshotBlob(x.ID)))
}

// inFiles finds texts in whatever lerd wrote into its folder.
func (s *scenario) inFiles(texts ...string) (found []string) {
	s.t.Helper()
	s.must(filepath.Walk(s.cfg.Dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(b, []byte(text)) {
				found = append(found, text+" in "+path)
			}
		}
		return err
	}))
	return found
}

// TestASnapshotIsTakenSealedAndErased: the same rows, file and events whether or
// not there is such an account; nothing stands in the clear; extension keeps it,
// the end erases key and file.
func TestASnapshotIsTakenSealedAndErased(t *testing.T) {
	s := newScenario(t)
	source := s.shrink()
	id, none := s.keeping("EPOC-PR 71/26"), s.keepingOf("EPOC-PR 72/26", "+4915799999999")
	if len(s.snapshots(id)) != 0 || source.asks != 0 {
		t.Fatal("something was read before the job came")
	}
	s.jobs()
	var size [2]int64
	var kinds [2]string
	for i, of := range []requests.ID{id, none} {
		list := s.snapshots(of)
		if len(list) != 1 || list[0].State != requests.SnapshotTaken || len(list[0].ContentsSHA256) != 64 || list[0].TakenAt.IsZero() {
			t.Fatalf("snapshots: %+v", list)
		}
		info, err := os.Stat(s.snapshotFile(list[0]))
		s.must(err)
		size[i] = info.Size()
		kinds[i] = strings.Join(s.column("SELECT kind FROM audit.event WHERE stream = 'snapshot:"+list[0].ID+"' ORDER BY version"), " ")
	}
	if size[0] != size[1] || kinds[0] != kinds[1] || kinds[0] != "snapshot.begun snapshot.taken" {
		t.Errorf("an account and none differ: %d and %d bytes, %q and %q", size[0], size[1], kinds[0], kinds[1])
	}
	asked := source.asks
	s.jobs()
	if source.asks != asked || asked != 1 {
		t.Errorf("the account data were asked %d times", source.asks)
	}
	if found := append(s.standing(plantedPhone, plantedAddress, plantedRecord), s.inFiles(plantedPhone, plantedAddress, plantedRecord)...); len(found) > 0 {
		t.Errorf("in the clear: %v", found)
	}
	s.sequenceAll()
	s.verifyLog()
	key := s.snapshots(id)[0].WrappedKey
	if found := s.standing(key); len(found) != 1 {
		t.Fatalf("the search finds the wrapped key in %v", found)
	}

	s.clock.Set(s.load(id).Preservation.Until.Add(-time.Hour))
	s.must(s.cases.Extend(s.as("jana.weber"), id, "The production order is being signed."))
	s.clock.Advance(2 * time.Hour)
	s.jobs()
	if x := s.snapshots(id)[0]; x.State != requests.SnapshotTaken || x.WrappedKey != key {
		t.Errorf("after the extension: %+v", x)
	}
	if x := s.snapshots(none)[0]; x.State != requests.SnapshotGone {
		t.Errorf("what was not extended: %+v", x)
	}
	s.clock.Set(s.load(id).Preservation.Until)
	s.jobs()
	x := s.snapshots(id)[0]
	if x.State != requests.SnapshotGone || x.WrappedKey != "" || s.hasBlob(requests.SnapshotBlob(x.ID)) {
		t.Errorf("after its end: %+v, file there: %v", x, s.hasBlob(requests.SnapshotBlob(x.ID)))
	}
	if found := append(s.standing(key, plantedPhone, plantedAddress), s.inFiles(plantedPhone, plantedAddress)...); len(found) > 0 {
		t.Errorf("after its end: %v", found)
	}
	s.sequenceAll()
	s.verifyLog()
}

// losing loses what is written, or only the answer to it.
type losing struct {
	requests.Blobs
	lose string // "file", "file's answer"
}

func (l *losing) Put(ctx context.Context, name string, r io.Reader) error {
	was := l.lose
	if !strings.HasPrefix(name, "snapshots/") {
		was = ""
	}
	if was == "" {
		return l.Blobs.Put(ctx, name, r)
	}
	l.lose = ""
	if was == "file's answer" {
		if err := l.Blobs.Put(ctx, name, r); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "The file store does not answer.")
}

// TestASnapshotSurvivesAStop loses the file, and then the answer to its writing:
// it is taken once, under the key that was there.
func TestASnapshotSurvivesAStop(t *testing.T) {
	for lose, asks := range map[string]int{"file": 2, "file's answer": 1} {
		t.Run(lose, func(t *testing.T) {
			s := newScenario(t)
			source := s.shrink()
			good := s.cases.Blobs
			id := s.keeping("EPOC-PR 73/26")
			s.cases.Blobs = &losing{Blobs: good, lose: lose}
			system := identity.With(s.ctx, identity.SystemActor())
			if err := s.cases.KeepSnapshots(system); fault.KindOf(err) != fault.Unavailable {
				t.Fatalf("the loss is told as %v", err)
			}
			first := s.snapshots(id)
			if len(first) != 1 || first[0].State != requests.SnapshotBegun {
				t.Fatalf("after the loss: %+v", first)
			}
			s.must(s.cases.KeepSnapshots(system))
			s.must(s.cases.KeepSnapshots(system))
			got := s.snapshots(id)
			if len(got) != 1 || got[0].State != requests.SnapshotTaken || got[0].WrappedKey != first[0].WrappedKey || source.asks != asks {
				t.Errorf("taken %+v after %d questions, want %d", got, source.asks, asks)
			}
			s.sequenceAll()
			s.verifyLog()
		})
	}
}

// TestNobodyGetsPastASnapshot attacks rows with raw SQL, and the file.
func TestNobodyGetsPastASnapshot(t *testing.T) {
	s := newScenario(t)
	s.shrink()
	id := s.keeping("EPOC-PR 74/26")
	other := s.submit("IN/94/2026/974")
	s.jobs()
	x := s.snapshots(id)[0]
	stream := "snapshot:" + x.ID
	for _, a := range s.attackers(t) {
		set := func(what string) string {
			return fmt.Sprintf(`UPDATE snapshot SET %s, version = version + 1, event_id = $EVENT WHERE id = '%s'`, what, x.ID)
		}
		for name, try := range map[string][2]string{
			"erased early":       {set(`state = 'erased', wrapped_key = '', erased_at = now()`), "still needed"},
			"another key":        {set(`wrapped_key = 'b3RoZXI='`), "no step leads"},
			"other contents":     {set(`state = 'erased', wrapped_key = '', erased_at = now(), contents_sha256 = repeat('a', 64)`), "does not change"},
			"its file too early": {set(`state = 'gone', wrapped_key = '', erased_at = now()`), "no step leads"},
			"a second one": {fmt.Sprintf(`INSERT INTO snapshot SELECT gen_random_uuid(), request_id, target_id, agency_id, 'begun', 'a2V5', now(), NULL, '', '', NULL, 1, $EVENT FROM snapshot WHERE id = '%s'`,
				x.ID), "snapshot_target_id_key"},
			"without a preservation": {fmt.Sprintf(`INSERT INTO snapshot SELECT gen_random_uuid(), request_id, id, agency_id, 'begun', 'a2V5', now(), NULL, '', '', NULL, 1, $EVENT FROM target WHERE request_id = '%s'`,
				other.ID), "nothing is kept"},
		} {
			a.refused(name, a.try(stream, try[0]), try[1])
		}
		if err := a.try(stream, fmt.Sprintf(`DELETE FROM snapshot WHERE id = '%s'`, x.ID)); err == nil {
			t.Errorf("removed as %s", a.as)
		}
	}
	app := s.attackersAs(t, "application")
	for _, scope := range []string{"officer", "reviewer", "approver", "counsel", "confirmer"} {
		if err := app.tryAs(scope, stream, `DO $$ BEGIN IF EXISTS (SELECT 1 FROM snapshot) THEN RAISE EXCEPTION 'seen'; END IF; END $$`); err != nil {
			t.Errorf("a %s sees snapshots: %v", scope, err)
		}
	}
}

func (s *scenario) attackersAs(t *testing.T, as string) attacker {
	t.Helper()
	for _, a := range s.attackers(t) {
		if a.as == as {
			return a
		}
	}
	t.Fatalf("no attacker as %s", as)
	return attacker{}
}

// crowded is a store of an agency with many preservations.
type crowded struct {
	requests.AfterStore
	n int
}

func (c crowded) PreservedBy(context.Context, identity.AgencyID) (int, error) { return c.n, nil }

// TestPreservationsOfAnAgencyAreCounted: the five hundred and first is refused, by
// the program and, where that looks away, by the database.
func TestPreservationsOfAnAgencyAreCounted(t *testing.T) {
	s := newScenario(t)
	s.keeping("EPOC-PR 75/26")
	officer, reviewer := s.as("jana.weber"), s.as("rita.lind")
	doc, err := s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order("EPOC-PR 76/26")))
	s.must(err)
	in := s.submission(doc.ID, "EPOC-PR 76/26")
	in.Process, in.IssuerKind, in.IssuerName, in.LegalBasis, in.Further = "EU-EPOC-PR", "judge", "Amtsgericht Musterstadt", "Art. 6", nil
	q, err := s.send(officer, in)
	s.must(err)
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	good := s.cases.After
	s.cases.After = crowded{good, 500}
	if err := s.cases.Qualify(reviewer, q.ID, nil); fault.KindOf(err) != fault.TooMany {
		t.Errorf("the program: %v", err)
	}
	s.cases.After = crowded{good, 0}
	s.ownerDoes(`CREATE OR REPLACE FUNCTION max_preserved() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$`)
	if err := s.cases.Qualify(reviewer, q.ID, nil); err == nil || !strings.Contains(err.Error(), "too many of its agency") {
		t.Errorf("the database: %v", err)
	}
	s.ownerDoes(`CREATE OR REPLACE FUNCTION max_preserved() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 2 $$`)
	s.must(s.cases.Qualify(reviewer, q.ID, nil))
}

func (s *scenario) ownerDoes(statement string) {
	s.t.Helper()
	db := s.ownerDB()
	_, err := db.Exec(statement)
	s.must(err)
}
