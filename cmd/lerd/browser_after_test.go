package main

import (
	"path"
	"strings"

	"lerd/internal/requests"
)

// narrows writes a message with a document, asks for less, and signs it.
func (s *stage) narrows() {
	p := s.as("asha.rao")
	s.goTo(p, "/requests/"+s.id+"/write", 200, "write")
	p.Set(`form[action$="/write"] textarea`, "A further page of the order.")
	s.press(p, `form[action$="/write"] button`)
	s.look(p, "request-written")
	s.goTo(p, "/requests/"+s.id+"/narrow", 200, "narrow")
	if got := p.Follow(`form[action$="/narrow"] button`); got != 422 {
		s.t.Errorf("a narrowing of nothing is answered %d", got)
	}
	s.look(p, "narrow-mistakes")
	p.Set(`form[action$="/narrow"] textarea`, "The last weeks are enough.")
	p.Set(`input[name="targets-0-from"]`, storyNow.AddDate(0, -2, 0).Format("2006-01-02 15:04"))
	s.press(p, `form[action$="/narrow"] button`)
	s.look(p, "narrow-check")
	s.press(p, `form[action$="/narrow"] button`)
	s.look(p, "request-narrowed")
	if n := len(s.load(requests.ID(s.id)).Amendments); n != 1 {
		s.t.Errorf("%d narrowings are on record", n)
	}
}

// callsBack lets a colleague take the closed case over, a reviewer and an
// approver call its bundle back, and the agency answer.
func (s *stage) callsBack() {
	vikram := s.as("vikram.nair")
	s.goTo(vikram, "/requests/"+s.id+"/take-over", 200, "take-over")
	vikram.Set(`form[action$="/take-over"] textarea`, "She is on leave.")
	s.press(vikram, `form[action$="/take-over"] button`)
	s.look(vikram, "request-taken-over")
	rita := s.as("rita.lind")
	s.goTo(rita, "/review/"+s.id+"/reissue", 200, "reissue")
	s.goTo(rita, "/review/"+s.id+"/recall", 200, "recall-propose")
	rita.Click(`input[name="reason"][value="wrong_records"]`)
	rita.Set(`form[action$="/recall"] textarea`, "The records are of a test system.")
	s.press(rita, `form[action$="/recall"] button`)
	anna := s.as("anna.keller")
	s.goTo(anna, "/recalls", 200, "recalls")
	s.goTo(anna, "/releases/"+s.id+"/recall", 200, "recall-decide")
	anna.Click(`input[name="verdict"][value="confirm"]`)
	anna.Set(`form[action$="/recall"] textarea`, "Compared both systems.")
	s.press(anna, `form[action$="/recall"] button`)
	s.goTo(vikram, "/requests/"+s.id, 200, "request-recalled")
	s.goTo(vikram, "/requests/"+s.id+"/recall", 200, "recall-answer")
	vikram.Set(`form[action$="/recall"] textarea`, "nobody")
	vikram.Click(`input[name="sure"]`)
	s.press(vikram, `form[action$="/recall"] button`)
	s.look(vikram, "request-deleted")
	s.goTo(s.as("carl.ito"), "/appeals", 200, "appeals")
	s.findsAppeal()
	s.press(s.as("carl.ito"), `a[href$="/appeal"]`)
	s.look(s.as("carl.ito"), "appeal")
	if got := s.state(requests.ID(s.id)); got != requests.Closed {
		s.t.Errorf("the case is %s", got)
	}
}

// findsAppeal looks for the findings of one account: words, of another account, and of
// the one that is meant.
func (s *stage) findsAppeal() {
	const button = `form[action="/appeals"] button`
	carl := s.as("carl.ito")
	account := s.column("SELECT account_id::text FROM finding WHERE state = 'confirmed'")[0]
	carl.Set(`form[action="/appeals"] input[name="account"]`, "the one of Monday")
	if got := carl.Follow(button); got != 422 {
		s.t.Errorf("words for an account: %d", got)
	}
	s.look(carl, "appeals-mistake")
	carl.Problems() // the browser logs the 422
	for _, look := range []struct {
		typed, name string
		found       int
	}{{"99" + account, "appeals-none", 0}, {account, "appeals-found", 1}} {
		carl.Set(`form[action="/appeals"] input[name="account"]`, look.typed)
		s.press(carl, button)
		s.look(carl, look.name)
		if got := carl.Count(`a[href$="/appeal"]`); got != look.found {
			s.t.Errorf("looking for %q: %d findings", look.typed, got)
		}
	}
}

// corrects has the reviewer begin a correction of what was called back and decide
// anew, an approver approve it, and the officer who took the case over fetch it.
func (s *stage) corrects() {
	rita := s.as("rita.lind")
	s.goTo(rita, "/review/"+s.id+"/correct", 200, "correct")
	rita.Set(`form[action$="/correct"] textarea`, "Read the production system.")
	s.press(rita, `form[action$="/correct"] button`)
	rita.Click(`input[name="rule_t1"][value="PR-05"]`)
	s.press(rita, `form[action$="/qualify"] button`)
	s.await(func() string {
		return strings.Join(s.column("SELECT 'x' FROM release WHERE state = 'prepared'"), "")
	})
	anna := s.as("anna.keller")
	s.goTo(anna, "/releases/"+s.id, 200, "release-corrected")
	s.press(anna, `form[action$="/approve"] button`)
	s.await(func() string {
		return strings.Join(s.column("SELECT 'x' FROM release WHERE state = 'exported' AND supersedes IS NOT NULL"), "")
	})
	vikram := s.as("vikram.nair")
	s.goTo(vikram, "/requests/"+s.id, 200, "request-corrected")
	s.verifyBundle(vikram.Download(`form[action$="/bundle"] button`))
	vikram.Goto("/requests/" + s.id)
	s.press(vikram, `form[action$="/acknowledge"] button`)
	if got := s.state(requests.ID(s.id)); got != requests.Closed {
		s.t.Errorf("the case is %s", got)
	}
}

// withdraws writes a second request, which its officer signs, a supervisor sends
// back, and the officer signs again, takes back, signs a third time and withdraws.
func (s *stage) withdraws() {
	p, vikram := s.as("asha.rao"), s.as("vikram.nair")
	p.Goto("/requests/new")
	s.press(p, `form[action="/drafts"] button`)
	s.writes(p, "CC/94/2026/18")
	p.Goto(path.Dir(p.Path()) + "/sign")
	s.press(p, `form.final button[class*="primary"]`)
	at := p.Path()
	vikram.Goto(at + "/cosign")
	if got := vikram.Follow(`form[action$="/send-back"] button`); got != 422 {
		s.t.Errorf("sent back without a reason: %d", got)
	}
	s.look(vikram, "cosign-send-back-mistake")
	vikram.Set(`form[action$="/send-back"] textarea`, "The order names two accounts.")
	s.press(vikram, `form[action$="/send-back"] button`)
	p.Goto("/requests")
	s.press(p, `a[href^="/drafts/"]`)
	s.look(p, "draft-returned")
	p.Goto(path.Dir(p.Path()) + "/sign")
	s.look(p, "draft-sign-again")
	s.press(p, `form.final button[class*="primary"]`)
	at = p.Path()
	s.goTo(p, at+"/withdraw", 200, "request-withdraw-unsigned")
	p.Set(`form[action$="/withdraw"] textarea`, "The person was found.")
	s.press(p, `form[action$="/withdraw"] button`)
	s.look(p, "request-withdrawn")
	if got := s.state(requests.ID(path.Base(at))); got != requests.Withdrawn {
		s.t.Errorf("the second case is %s", got)
	}
}

// contains has counsel stop an officer, a registrar ask that it end, and counsel
// agree, each with their passkey; meanwhile the officer is out.
func (s *stage) contains() {
	helen, nora := s.as("helen.park"), s.as("nora.berg")
	asha := s.column("SELECT id::text FROM person WHERE name = 'Asha Rao'")[0]
	s.goTo(helen, "/containments/new?agency="+path.Base(s.agency)+"&officer="+asha, 200, "contain")
	helen.Click(`input[value=account_taken]`)
	s.press(helen, `form[action="/containments/new"] button`)
	s.look(helen, "containment")
	at := helen.Path()
	if text := helen.Text("main"); !strings.Contains(text, s.load(requests.ID(s.id)).Release.Ref) {
		s.t.Error("the list of what left is not whole")
	}
	if got := s.as("asha.rao").Goto("/requests"); got != 401 {
		s.t.Errorf("the stopped officer's window answers %d", got)
	}
	s.goTo(nora, at, 200, "containment-registrar")
	nora.Set(`form[action$="/lift"] textarea`, "The officer has the passkey again.")
	s.press(nora, `form[action$="/lift"] button`)
	helen.Goto(at)
	s.look(helen, "containment-lifting")
	helen.Click(`form[action$="/lifted"] input[value="yes"]`)
	s.press(helen, `form[action$="/lifted"] button`)
	s.look(helen, "containment-lifted")
	if got := s.column("SELECT active::text FROM person WHERE id = '" + asha + "'")[0]; got != "true" {
		s.t.Error("the officer did not come back")
	}
	s.enterIn(hands{Page: s.as("asha.rao")}) // with the passkey of before
}
