package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// followed takes an order that names a preservation to its confirmed findings.
func (s *scenario) followed(kept requests.ID, number string) requests.ID {
	s.t.Helper()
	in := s.ordered(s.uploadAs("jana.weber", number), number)
	in.Process = "EU-EPOC-S"
	in.KeptUnder = s.load(kept).Request.Ref
	q, err := s.send(s.as("jana.weber"), in)
	s.must(err)
	s.review(q.ID)
	return q.ID
}

// rowsKept are the frozen records that say that they were kept, and all of them.
func (s *scenario) rowsKept(id requests.ID) (kept, all []requests.Record) {
	s.t.Helper()
	c := s.load(id)
	if c.Release == nil {
		s.t.Fatalf("nothing is frozen, the case is %s\n%s", c.Request.State, s.log)
	}
	for r, err := range s.store.ReleaseRecords(identity.With(s.ctx, identity.SystemActor()), c.Release.ID) {
		s.must(err)
		if all = append(all, r); !r.PreservedAt.IsZero() {
			kept = append(kept, r)
		}
	}
	return kept, all
}

// TestALaterOrderGetsWhatWasKept: the source loses a number and an address after a
// snapshot; the agency's order for subscriber data gets the number, marked, though
// the preservation lapses meanwhile, and not the address.
func TestALaterOrderGetsWhatWasKept(t *testing.T) {
	s := newScenario(t)
	source := s.shrink()
	kept := s.keeping("EPOC-PR 81/26")
	s.jobs()
	taken := s.snapshots(kept)[0].TakenAt
	source.lost = true
	s.clock.Advance(day)
	other := s.submit("IN/94/2026/981")
	if list, err := s.store.SnapshotsFor(identity.With(s.ctx, identity.SystemActor()), other.ID); err != nil || len(list) != 0 {
		t.Errorf("another agency's order would draw on %+v, %v", list, err)
	}
	id := s.followed(kept, "EPOC 82/26")
	s.clock.Set(s.load(kept).Preservation.Until)
	s.jobs()
	if got := s.snapshots(kept)[0].State; s.state(kept) != requests.Lapsed || got != requests.SnapshotTaken {
		t.Fatalf("the preservation is %s, its snapshot %s while an order draws on it", s.state(kept), got)
	}
	s.confirm()

	file := s.snapshotFile(s.snapshots(kept)[0])
	whole, err := os.ReadFile(file)
	s.must(err)
	bent := append([]byte{}, whole...)
	bent[len(bent)/2] ^= 1
	s.must(os.Chmod(file, 0o600))
	s.must(os.WriteFile(file, bent, 0o600))
	s.jobs()
	if c := s.load(id); c.Release != nil || c.Request.State != requests.Confirmed || !strings.Contains(s.log.String(), requests.SnapshotBlob(s.snapshots(kept)[0].ID)+" is not what was sealed") {
		t.Errorf("with a changed file the case is %s, its release %+v, and the log does not name the file", c.Request.State, c.Release)
	}
	s.must(os.WriteFile(file, whole, 0o600))

	source.lost, source.late = false, time.Microsecond
	s.jobs()
	if c := s.load(id); c.Release != nil || !slices.Equal(s.breaches(), []string{"phones: record that is not what it was when it was preserved"}) {
		t.Errorf("a record that changed since is frozen: %+v, the auditors were told %q", c.Release, s.breaches())
	}
	source.lost, source.late = true, 0
	s.jobs()
	rows, all := s.rowsKept(id)
	if len(rows) != 1 || len(all) != 2 || rows[0].Phone == nil || rows[0].Phone.Phone.Reveal() != plantedPhone || !rows[0].PreservedAt.Equal(taken) {
		t.Errorf("of %d records %d were kept: %+v", len(all), len(rows), rows)
	}
	if found := s.standing(plantedAddress); len(found) > 0 {
		t.Errorf("an address left the snapshot, of a category that the order's law does not give: %v", found)
	}
	s.must(s.cases.Approve(s.as("anna.keller"), id, s.load(id).Release.Digest))
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase {
		t.Fatalf("the order is %s\n%s", got, s.log)
	}
	if got := s.snapshots(kept)[0].State; got != requests.SnapshotGone {
		t.Errorf("once the order is answered the snapshot is %s", got)
	}
	e, err := s.fetched(s.as("jana.weber"), id)
	s.must(err)
	inside := s.containerOf("de", e)
	when := taken.Format("2006-01-02T15:04:05.000000Z")
	for name, want := range map[string][]string{"data/export.json": {"1 of the records were no longer", when}, "phone_numbers.csv": {plantedPhone, when}} {
		for _, w := range want {
			if text := string(fromZip(t, inside, name)); !strings.Contains(text, w) {
				t.Errorf("%s does not say %s: %s", name, w, text)
			}
		}
	}
	s.sequenceAll()
	s.verifyLog()
	for _, a := range s.attackers(t) {
		a.refused("a record that nobody kept", a.try("release:"+string(s.load(id).Release.ID), `UPDATE release_record SET preserved_at = now()`), "written once", "permission")
	}
}
