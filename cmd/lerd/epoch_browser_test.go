package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/oversight"
	"lerd/internal/requests"
	"lerd/internal/testkit/browser"
)

// TestALostLogThroughRealHands restores a backup and lets a counsel and an auditor
// acknowledge the loss in Chromium, each with the passkey of their own window,
// while lerd's own jobs run. A release that waits leaves after the second word, not
// before it and not after the first.
func TestALostLogThroughRealHands(t *testing.T) {
	l := newLost(t)
	l.wantStop(audit.Rollback)
	waiting := l.approved("IN/94/2026/713")
	s := &stage{portal: l.openForReal(), t: t, windows: map[string]*browser.Page{}}
	s.b = browser.Start(t, os.Getenv("LERD_SHOTS"))
	counsel := s.joins("Hana Counsel", identity.Counsel, "tess.boyd", "hugo.marsh")
	l.stillWaits(waiting)

	s.goTo(counsel.Page, oversight.PathOfLoss, 200, "log-loss-lost")
	s.wordless(counsel)
	s.acknowledges(counsel, "The disk failed, and the write-ahead log with it.", "log-loss-one-word")
	l.stillWaits(waiting)
	if n := counsel.Count(`form[action="` + oversight.PathOfLoss + `"] textarea`); n != 0 {
		t.Error("who has acknowledged a loss is asked for their word again")
	}

	auditor := s.joins("Iris Auditor", identity.Auditor, "ines.moreau", "tariq.aziz")
	s.goTo(auditor.Page, oversight.PathOfLoss, 200, "log-loss-auditor")
	if said := auditor.Text("main"); !strings.Contains(said, "The disk failed") {
		t.Errorf("the auditor does not read the other word: %s", said)
	}
	s.acknowledges(auditor, "Seen. Neither a replica nor a newer backup was found.", "log-loss-two-words")
	s.await(func() string {
		l.clock.Advance(time.Minute) // a release that failed is tried again after a while
		return map[bool]string{true: "it left"}[l.state(waiting) == requests.ExportedCase]
	})
	s.enterIn(auditor) // their session is over by now
	s.goTo(auditor.Page, oversight.PathOfLoss, 200, "log-loss-after")
	if said := auditor.Text("main"); !strings.Contains(said, "Nothing is lost") || !strings.Contains(said, "lerd.example/test/2") {
		t.Errorf("the page does not name the epoch that began: %s", said)
	}
	s.stop()
	l.sequenceAll()
	l.verifyLog()
	s.assertionsVerify()
	if got := l.column("SELECT string_agg(a.method || ' ' || w.role, ', ' ORDER BY w.at) FROM loss_word w JOIN assertion a ON a.event_id = w.event_id")[0]; got != "passkey counsel, passkey auditor" {
		t.Errorf("the words were given by %s", got)
	}
}

// joins brings somebody of the staff in: invented colleagues invite and compare the
// fingerprint, the passkey is of a window of their own.
func (s *stage) joins(name string, role identity.Role, inviter, confirmer string) hands {
	s.t.Helper()
	code, inv, err := s.accounts.Invite(s.scenario.as(inviter), accounts.Invite{Name: name, Role: role})
	s.must(err)
	h := s.hands()
	s.must(s.accounts.Confirm(s.scenario.as(confirmer), inv.Person, s.enrolIn(h, code)))
	s.enterIn(h)
	return h
}

const lossButton = `form[action="` + oversight.PathOfLoss + `"] button`

// wordless tries the step without a reason, and with a key that does not verify
// its user: both are told, and no word is on record.
func (s *stage) wordless(h hands) {
	s.t.Helper()
	if got := h.Follow(lossButton); got != 422 {
		s.t.Fatalf("without a reason: %d", got)
	}
	s.look(h.Page, "log-loss-mistake")
	h.Problems() // the browser logs the 422
	h.Set(`form[action="`+oversight.PathOfLoss+`"] textarea`, "A reason.")
	h.key.VerifiesUser(false)
	s.fails(h, lossButton, "log-loss-unverified")
	h.key.VerifiesUser(true)
	if n := s.column("SELECT count(*)::text FROM loss_word")[0]; n != "0" {
		s.t.Errorf("%s words were taken without a key", n)
	}
	s.goTo(h.Page, oversight.PathOfLoss, 200, "log-loss-lost")
}

func (s *stage) acknowledges(h hands, reason, name string) {
	s.t.Helper()
	h.Set(`form[action="`+oversight.PathOfLoss+`"] textarea`, reason)
	s.press(h.Page, lossButton)
	s.look(h.Page, name)
}

// stillWaits fails where the log, or a release, goes on by fewer than two words.
func (l *lostLog) stillWaits(id requests.ID) {
	l.t.Helper()
	placed := l.column("SELECT max(index)::text FROM audit.leaf")[0]
	for range 4 {
		l.clock.Advance(2 * time.Minute)
		time.Sleep(500 * time.Millisecond) // lerd's own jobs have their turns
	}
	if fault.KindOf(l.sequencer.Hold()) != fault.Gate || l.state(id) == requests.ExportedCase || l.column("SELECT max(index)::text FROM audit.leaf")[0] != placed {
		l.t.Fatalf("it goes on: hold %v, the case is %s", l.sequencer.Hold(), l.state(id))
	}
}
