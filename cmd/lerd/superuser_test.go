package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/oversight"
)

// comparedIn are the tables under guard that no row of the house's story is in, with the
// story at whose end a row of each is changed and removed.
var comparedIn = map[string]string{
	"account_change":      "TestAReviewerLeadsByTwoAdministrators",
	"agency_motion":       "TestARegistrarRecordsAnAgencysChoice",
	"amendment":           "TestAnAgencyAsksForLess",
	"amendment_item":      "TestAnAgencyAsksForLess",
	"appeal_verdict":      "TestAnAppealThatIsBroughtRecalls",
	"arrival":             "TestDataAreKeptAsAnOrderArrives",
	"audit_answer":        "TestAFindingIsWalkedFromItsCaseToItsEnd",
	"audit_sample_case":   "TestAPopulationIsNotEdited",
	"case_hold":           "TestAHoldHoldsInTheDatabase",
	"case_skip":           "TestALeftCaseComesBack",
	"clock_alert":         "TestDataAreKeptAndNotDisclosed",
	"delivery_form":       "TestEveryAgencyGetsItsForm",
	"disowned_request":    "TestAnAdministratorSeesTheQueueAndNotTheCases",
	"erasure":             "TestACaseIsErasedAndTheLogStaysWhole",
	"error_reason":        "TestCounselSignsWhyAnErrorIsClosed",
	"finding_origin":      "TestFindingsAreBrought",
	"forgery_removal":     "TestAKnownForgeryIsRecognised",
	"fraud_case":          "TestAKnownForgeryIsRecognised",
	"gag_step":            "TestCounselKeepsTheRegister",
	"invitation":          "TestPeopleComeInByInvitation",
	"issuer_echo":         "TestALostLetterIsReplaced",
	"known_forgery":       "TestAKnownForgeryIsRecognised",
	"legal_hold":          "TestALegalHoldKeepsACase",
	"log_epoch":           "TestALostLogIsAcknowledged",
	"loss_word":           "TestALostLogIsAcknowledged",
	"mark_removal":        "TestSomebodyLeavesCounselsListByTwoWords",
	"notice_address":      "TestLettersWaitUntilTheyAreSent",
	"objection":           "TestAnObjectionIsAFormThatIsKept",
	"passkey":             "TestPeopleComeInByInvitation",
	"preservation":        "TestDataAreKeptAndNotDisclosed",
	"process_version":     "TestALegalProcessChangesWhileLerdRuns",
	"provider_account":    "TestStaffSignInByTheCompany",
	"recall":              "TestAnAppealThatIsBroughtRecalls",
	"release_copy":        "TestEachGrantHasACopyOfItsOwn",
	"release_receipt":     "TestADownloadIsADeliveryOnlyWhenItIsWhole",
	"request_link":        "TestAnOrderNamesItsPreservation",
	"rights_answer":       "TestAFlaggedCaseIsNarrowed",
	"rights_review":       "TestAFlaggedCaseIsNarrowed",
	"risk_clearance":      "TestHighRiskTakesACallAndCounsel",
	"risk_override":       "TestHighRiskTakesACallAndCounsel",
	"saved_reply":         "TestSavedRepliesAreVersions",
	"sensitive_mark":      "TestSomebodyLeavesCounselsListByTwoWords",
	"source_silence":      "TestAuditorsReadWhenTheAccountDataAreAway",
	"snapshot":            "TestDataAreKeptAndNotDisclosed",
	"takeover":            "TestAColleagueTakesOver",
	"target_flag":         "TestTheOfficersWordOpensTheReview",
	"transparency_report": "TestCounselPublishesAReport",
	"verification":        "TestAForgedResultIsNamed",
}

// TestEveryGuardedTableIsCompared changes, and then removes, one row of each table under
// guard that the story filled, as superuser with the triggers off: the verification names
// the table and the row, whichever it is. Every other table is in comparedIn.
func TestEveryGuardedTableIsCompared(t *testing.T) {
	h := newHouse(t)
	h.stop()
	h.verifyLog()
	a := h.ownerAttacks(t)
	tried := 0
	for _, table := range h.column("SELECT substr(name, 8) FROM audit.guarded WHERE name LIKE 'public.%' ORDER BY 1") {
		if h.filled(table) {
			tried += h.comparedRow(a, table)
		} else if comparedIn[table] == "" {
			t.Errorf("no story changes a row of %s", table)
		}
	}
	h.verifyLog()
	if tried < 60 {
		t.Errorf("only %d changes were tried", tried)
	}
}

func (s *scenario) filled(table string) bool {
	return s.column("SELECT EXISTS (SELECT 1 FROM " + table + ")::text")[0] == "true"
}

// comparesItsTables does the same at the end of a story, with the tables that comparedIn
// says are filled in it. A story whose database goes earlier does it itself.
func (s *scenario) comparesItsTables() {
	if s.t.Failed() || s.t.Skipped() || s.compared {
		return
	}
	s.compared, s.owner = true, nil // the connection was closed before
	for table, story := range comparedIn {
		if story != s.t.Name() {
			continue
		}
		s.verifyLog()
		if !s.filled(table) {
			s.t.Errorf("the story leaves no row in %s", table)
		} else if s.comparedRow(s.ownerAttacks(s.t), table) == 0 {
			s.t.Errorf("no row of %s was changed", table)
		}
	}
}

// comparedRow removes a row of a table and changes one, and tells how often the database
// let it happen.
func (s *scenario) comparedRow(a attacker, table string) (tried int) {
	s.t.Helper()
	one := "ctid = (SELECT min(ctid) FROM " + table + ")"
	if s.attacked(a, table, "removed", "DELETE FROM "+table+" WHERE "+one) {
		tried++
	}
	for _, set := range s.changes(table) {
		if s.attacked(a, table, "changed", "UPDATE "+table+" SET "+set+" WHERE "+one) {
			return tried + 1
		}
	}
	return tried
}

// attacked tells whether the database let an attack through; then the verification has to
// name it.
func (s *scenario) attacked(a attacker, table, how, attack string) bool {
	s.t.Helper()
	restore, err := a.trySuperuser([]string{table}, attack)
	if err != nil {
		if !strings.Contains(err.Error(), "violates check constraint") {
			s.t.Errorf("a row of %s was not %s: %v", table, how, err)
		}
		return false
	}
	defer restore()
	if report, err := s.verify(); err == nil {
		s.t.Errorf("a row of %s was %s (%s): verified %d rows and saw nothing", table, how, attack, report.Rows)
	} else if !strings.Contains(err.Error(), "of table "+table) {
		s.t.Errorf("a row of %s was %s, and the verification says %v", table, how, err)
	}
	return true
}

// changes lists what changes a row of a table in one place: a time, a number or a text
// that is no key.
func (s *scenario) changes(table string) (out []string) {
	s.t.Helper()
	for _, c := range s.column(`SELECT a.attname || ' ' || format_type(a.atttypid, NULL) FROM pg_attribute a WHERE a.attrelid = 'public.` + table + `'::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attgenerated = '' AND a.attname <> 'event_id' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY(i.indkey)) ORDER BY a.attnum DESC`) {
		name, kind, _ := strings.Cut(c, " ")
		if s.column(fmt.Sprintf("SELECT (%s IS NULL)::text FROM %s ORDER BY ctid LIMIT 1", name, table))[0] == "true" {
			continue
		}
		to := map[string]string{"timestamp with time zone": " - interval '1 second'", "bigint": " + 1", "integer": " + 1", "date": " - 1", "text": " || 'x'"}[kind]
		if kind == "boolean" {
			out = append(out, name+" = NOT "+name)
		} else if to != "" {
			out = append(out, name+" = "+name+to)
		}
	}
	return out
}

// TestAForgedResultIsNamed writes, as superuser, that the last verification found
// nothing, where it found something or never ran: the integrity page says that the log
// does not say so, and the next verification names the row.
func TestAForgedResultIsNamed(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/5901")
	s.indexed()
	ines := s.as("ines.moreau")
	run := func() oversight.Integrity {
		t.Helper()
		s.clock.Advance(time.Minute)
		_, err := s.oversight.AskVerification(ines)
		s.must(err)
		s.sequenceAll()
		_, err = s.system.verifyLog(s.ctx)
		s.must(err)
		s.sequenceAll()
		in, err := s.oversight.Integrity(ines)
		s.must(err)
		return in
	}
	a := s.ownerAttacks(t)
	undo := a.asSuperuser([]string{"public.request"}, "UPDATE request SET need = 'x' || need WHERE id = '"+string(q.ID)+"'")
	if in := run(); in.Unfounded || in.Ended.State != oversight.Differs {
		t.Fatalf("an edited row: %+v", in)
	}
	undo()
	for name, forge := range map[string]string{
		"changed":                          "UPDATE verification SET state = 'verified', breach = '', finding = ''",
		"written":                          "INSERT INTO verification SELECT gen_random_uuid(), asked_by, asked_at + interval '1 hour', 'verified', ended_at + interval '1 hour', size, root, entries, rows, '', '', 2, event_id FROM verification",
		"written with an event of its own": "INSERT INTO verification SELECT gen_random_uuid(), asked_by, asked_at + interval '1 hour', 'verified', ended_at + interval '1 hour', size, root, entries, rows, '', '', 2, gen_random_uuid() FROM verification",
	} {
		undo := a.asSuperuser([]string{"public.verification"}, forge)
		in, err := s.oversight.Integrity(ines)
		s.must(err)
		if in.Ended.State != oversight.Verified || !in.Unfounded {
			t.Errorf("a result that was %s is believed: %+v", name, in)
		}
		if _, err := s.verify(); err == nil || !strings.Contains(err.Error(), "of table verification") {
			t.Errorf("a result that was %s: the verification says %v", name, err)
		}
		undo()
	}
	if in := run(); in.Unfounded || in.Ended.State != oversight.Verified {
		t.Errorf("afterwards: %+v", in)
	}
}
