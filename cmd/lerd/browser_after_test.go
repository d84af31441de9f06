package main

import (
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
	s.press(s.as("carl.ito"), `a[href$="/appeal"]`)
	s.look(s.as("carl.ito"), "appeal")
	if got := s.state(requests.ID(s.id)); got != requests.Closed {
		s.t.Errorf("the case is %s", got)
	}
}
