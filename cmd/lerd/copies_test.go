package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/bundle"
	"lerd/internal/export"
	"lerd/internal/fault"
	"lerd/internal/requests"
)

// inside gives the container in an encrypted bundle of the Indian agency.
func (s *scenario) inside(b []byte) (container []byte, e bundle.Export) {
	s.t.Helper()
	dir := s.t.TempDir()
	path := filepath.Join(dir, "EXP.asice")
	s.must(os.WriteFile(path, s.container(b), 0o600))
	read, err := bundle.ReadPath(path)
	s.must(err)
	container, err = os.ReadFile(path)
	s.must(err)
	return container, read.Export
}

// traced asks for whom something was sealed.
func (s *scenario) traced(name string, content []byte) []requests.Traced {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	s.must(os.WriteFile(path, content, 0o600))
	clues, err := export.FindClues(path)
	s.must(err)
	found, err := s.cases.Trace(s.as("ines.moreau"), requests.Clues(clues))
	s.must(err)
	return found
}

// TestEachGrantHasACopyOfItsOwn follows three copies of one release, to the
// officer, to her again, and to a colleague: each names its recipient under its
// seal, holds the same records, and leads back to its grant whatever of it leaks.
func TestEachGrantHasACopyOfItsOwn(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/760")
	officer, colleague := s.as("asha.rao"), s.as("vikram.nair")
	files := [][]byte{s.got(officer, id)}
	s.must(s.cases.Reissue(s.as("rita.lind"), id, "file_lost", "The disk failed."))
	s.jobs()
	files = append(files, s.got(officer, id))
	s.must(s.cases.TakeOver(colleague, id, "She is on leave."))
	if _, err := s.fetched(colleague, id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("fetched before the copy was sealed: %v", err)
	}
	s.jobs()
	files = append(files, s.got(colleague, id))

	c := s.load(id)
	var records string
	for i, file := range files {
		container, e := s.inside(file)
		if e.Copy.Ordinal != i+1 || e.ExportID != c.Release.Ref || e.Copy.Mark != bundle.Mark(e.Audit.EventID) {
			t.Errorf("copy %d says of itself %+v", i+1, e.Copy)
		}
		if got := withoutMarks(fromZip(t, container, "ip_addresses.csv"), e.Copy.Mark); records == "" {
			records = got
		} else if got != records {
			t.Errorf("copy %d holds other records:\n%s\n%s", i+1, got, records)
		}
		for name, part := range map[string][]byte{"x.zip.p7m": file, "x.asice": container, "a.csv": fromZip(t, container, "ip_addresses.csv"), "p.csv": fromZip(t, container, "phone_numbers.csv"),
			"r.json": fromZip(t, container, "records.json"), "letter.pdf": fromZip(t, container, "letter.pdf"), "certificate.pdf": fromZip(t, container, "certificate.pdf"),
			"custody.json": fromZip(t, container, "custody.json"), "note.txt": []byte("look: I000000001-" + e.Copy.Mark + ", they say")} {
			s.leadsBack(name, part, c, i)
		}
	}
	if by := s.traced("other.csv", []byte(records)); len(by) != 0 {
		t.Errorf("records without marks were traced to %+v", by)
	}
	s.sealedFor(files[2], "vikram.nair")
	s.verifyLog()
}

func (s *scenario) got(ctx context.Context, id requests.ID) []byte {
	s.t.Helper()
	b, err := s.fetched(ctx, id)
	s.must(err)
	return b
}

// leadsBack sees that a piece of the copy of grant i, from 0, is recognised.
func (s *scenario) leadsBack(name string, part []byte, c requests.Case, i int) {
	s.t.Helper()
	found := s.traced(name, part)
	if len(found) != 1 || len(found[0].Grants) != 1 || found[0].Grants[0].ID != c.Grants[i].ID || len(found[0].Receipts) != 1 || found[0].Receipts[0].Grant != c.Grants[i].ID {
		s.t.Errorf("%s of copy %d leads to %+v", name, i+1, found)
	}
}

func withoutMarks(b []byte, mark string) string { return strings.ReplaceAll(string(b), "-"+mark, "") }

// sealedFor sees that letter and custody record name a recipient and the record
// of custody has the log's events.
func (s *scenario) sealedFor(file []byte, who string) {
	s.t.Helper()
	container, e := s.inside(file)
	var custody bundle.CustodyRecord
	s.must(json.Unmarshal(fromZip(s.t, container, "data/custody.json"), &custody))
	last := custody.Steps[len(custody.Steps)-1]
	if last.Action != "granted" || last.By != e.Copy.Recipient {
		s.t.Errorf("the custody record ends with %+v", last)
	}
	for _, step := range custody.Steps[:len(custody.Steps)-1] {
		var n int
		s.must(s.store.SQL().QueryRow("SELECT count(*) FROM audit.event WHERE id::text = $1", step.EventID).Scan(&n))
		if n != 1 {
			s.t.Errorf("the step %q names no event of the log: %q", step.Action, step.EventID)
		}
	}
	text := s.pdfText(fromZip(s.t, container, "letter.pdf"))
	var name string
	s.must(s.store.SQL().QueryRow("SELECT name FROM person WHERE sign_in = $1", who).Scan(&name))
	if !strings.Contains(text, name) || strings.Count(text, e.Copy.Mark) < 3 {
		s.t.Errorf("the letter does not name %s and the mark %s:\n%s", name, e.Copy.Mark, text)
	}
	for _, paper := range []string{text, s.pdfText(fromZip(s.t, container, "certificate.pdf"))} {
		if !strings.Contains(strings.Join(strings.Fields(paper), " "), "t1 phone number +447700900123") {
			s.t.Errorf("it does not say about which account the agency asked:\n%s", paper)
		}
	}
}

// TestACopyHoldsInTheDatabase attacks copies with raw SQL.
func TestACopyHoldsInTheDatabase(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/761")
	s.must(s.cases.Reissue(s.as("rita.lind"), id, "file_lost", "Lost."))
	c := s.load(id)
	cp, g := c.Copies[0], c.Grants[1]
	stream := "copy:" + cp.ID
	set := func(what string) string {
		return fmt.Sprintf("UPDATE release_copy SET %s, version = version + 1, event_id = $EVENT WHERE id = '%s'", what, cp.ID)
	}
	sum := strings.Repeat("ab", 32)
	begin := fmt.Sprintf(`INSERT INTO release_receipt SELECT '00000000-0000-4000-8000-0000000000ac', id, release_id, request_id, agency_id, officer_id, begun + 1, 'begun', from_at, NULL, 9, 0, '', 1, $EVENT FROM release_grant WHERE id = '%s'`, g.ID)
	for _, a := range s.attackers(t) {
		a.refused("a copy that skips its sealing", a.try(stream, set(fmt.Sprintf("state = 'exported', sealing_event = gen_random_uuid(), contents_sha256 = '%s', container_sha256 = '%s', encrypted_sha256 = '%s', exported_at = now()", sum, sum, sum))), "does not follow")
		a.refused("a copy of another officer", a.try(stream, set(fmt.Sprintf("officer_id = '%s'", s.personID("vikram.nair")))), "permission denied", "does not change", "does not follow")
		a.refused("a sealing without its contents", a.try(stream, set("state = 'sealed', sealing_event = gen_random_uuid()")), "does not follow", "check constraint")
		a.refused("a second copy for a grant", a.try(stream, fmt.Sprintf(`INSERT INTO release_copy SELECT gen_random_uuid(), grant_id, release_id, request_id, agency_id, officer_id, 3, 'ordered', ordered_at, 0, '', NULL, '', '', '', NULL, 1, $EVENT FROM release_copy WHERE id = '%s'`, cp.ID)), "release_copy_grant_id_key", "unique")
		a.refused("a download of a copy that is not sealed", a.try("grant:"+g.ID, begin), "not made yet")
		a.refused("a copy that vanishes", a.try(stream, "DELETE FROM release_copy"), "permission denied", "never", "removed", "append", "refuse")
	}
}

// TestACaseTakenOverWhileItsBundleIsMade: the bundle was sealed for who held the
// case at its approval; who holds it now gets a copy of their own.
func TestACaseTakenOverWhileItsBundleIsMade(t *testing.T) {
	s := newScenario(t)
	id := s.approved("IN/94/2026/762")
	s.clock.Advance(time.Second)
	s.must(s.cases.TakeOver(s.as("vikram.nair"), id, "She is on leave."))
	s.jobs()
	s.jobs()
	_, e := s.inside(s.got(s.as("vikram.nair"), id))
	if e.Copy.Ordinal != 2 {
		t.Errorf("the colleague got copy %d", e.Copy.Ordinal)
	}
	if _, err := s.fetched(s.as("asha.rao"), id); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "waits for the officer who holds the request") {
		t.Errorf("who held it before: %v", err)
	}
	s.verifyLog()
}

// TestWhoMayTrace: auditors, with each look on record, and nobody else.
func TestWhoMayTrace(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/763")
	mark := bundle.Mark(string(s.load(id).Release.SealingEvent))
	clues := requests.Clues{Marks: map[string]bool{mark: true}}
	for _, who := range []string{"asha.rao", "rita.lind", "anna.keller", "carl.ito", "helen.park"} {
		if found, err := s.cases.Trace(s.as(who), clues); err == nil || found != nil {
			t.Errorf("%s traced a bundle: %+v, %v", who, found, err)
		}
	}
	found, err := s.cases.Trace(s.as("ines.moreau"), clues)
	s.must(err)
	if len(found) != 1 || found[0].By != "mark" || len(found[0].Receipts) != 0 {
		t.Errorf("the auditor found %+v", found)
	}
	var n int
	s.must(s.store.SQL().QueryRow("SELECT count(*) FROM audit.event WHERE kind = 'bundle.traced'").Scan(&n))
	if n != 1 {
		t.Errorf("%d traces are on record", n)
	}
	var out bytes.Buffer
	printTraced(&out, found[0])
	for _, want := range []string{found[0].Release.Ref + ", copy 1, mark " + mark, "granted   to Asha Rao", "fetched   by nobody"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the command does not say %q:\n%s", want, &out)
		}
	}
	c := bundleTraceCmd{What: "i000000001-" + strings.ToLower(mark)}
	if typed, err := c.clues(); err != nil || !typed.Marks[mark] {
		t.Errorf("a record id that somebody typed gives %v, %v", typed, err)
	}
	t.Setenv("LERD_DATABASE_URL", s.cfg.DatabaseURL)
	out.Reset()
	s.must(c.run(t.Context(), &out))
	if !strings.Contains(out.String(), "mark "+mark) || !strings.Contains(out.String(), s.load(id).Request.Ref) {
		t.Errorf("the command says:\n%s", &out)
	}
	out.Reset()
	c.What = "0000000000"
	if err := c.run(t.Context(), &out); fault.KindOf(err) != fault.NotFound || out.Len() > 0 {
		t.Errorf("a mark of nothing: %v, %s", err, &out)
	}
}

// pdfText gives the words of a document.
func (s *scenario) pdfText(pdf []byte) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "x.pdf")
	s.must(os.WriteFile(path, pdf, 0o600))
	out, err := exec.Command("pdftotext", "-raw", path, "-").Output()
	s.must(err)
	return string(out)
}
