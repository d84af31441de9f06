package main

import (
	"strings"
	"testing"
)

// TestEveryFormOfAChangeCanBeSentTwice presses the buttons by which an agency
// changes what it asked several times each.
func TestEveryFormOfAChangeCanBeSentTwice(t *testing.T) {
	s := newScenario(t)
	kept := "/requests/" + string(s.keeping("EPOC-PR 8/26"))
	p := s.open(unhurried)
	d := &desk{p, p.visit("asha.rao")}
	at := "/requests/" + d.submitted(d.withOrder())
	once(t, d.hammer(d.officer, d.formAt(d.officer, at+"/write", at+"/write", "body", "The matter is with a new court.")), "message.sent", "message")
	narrower := d.formAt(d.officer, at+"/narrow", at+"/narrow", "why", "The number is known by now.")
	narrower.fields["targets-0-categories"] = []string{"ip_address"}
	read, err := narrower.send(d.ctx)
	d.must(err)
	signed, err := read.form(at + "/narrow")
	d.must(err)
	once(t, d.hammer(d.officer, signed), "request.narrow", "amendment", "amendment_item", "assertion")
	vikram := d.visit("vikram.nair")
	once(t, d.hammer(vikram, d.formAt(vikram, at+"/take-over", at+"/take-over", "why", "She is on leave.")), "request.taken_over", "takeover", "assertion")
	d.await(func() string { return strings.Join(d.column("SELECT id::text FROM snapshot"), "") })
	jana := d.visit("jana.weber")
	once(t, d.hammer(jana, d.formAt(jana, kept+"/extend", kept+"/extend", "why", "The order is being written.")), "request.extend", "assertion")
	d.stop()
	d.verifyLog()
}
