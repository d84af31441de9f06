package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"lerd/internal/records"
	"lerd/internal/records/httprecords"
	"lerd/internal/records/httprecords/reference"
	"lerd/internal/requests"
	"lerd/internal/testkit/mtls"
	"lerd/internal/usernotice/webhook"
)

// machines lets those that lerd speaks with say words of their own: who brings findings
// by signed calls, who answers for the account data, and who delivers notices. It comes
// before the portal, whose jobs would ask them too.
func (pl *planter) machines(s *scenario) {
	s.t.Helper()
	pl.moderation(s)
	pl.messenger(s)
	pl.accountData(s)
}

// moderation brings findings that are good, wrong, ill-formed, and not signed.
func (pl *planter) moderation(s *scenario) {
	call, word := s.machine(), pl.word
	finding := func(reference, account, rule, evidence string) string {
		return fmt.Sprintf(`{"findings":[{"reference":%q,"account_id":%q,"rule":%q,"evidence":%q}]}`, reference, account, rule, evidence)
	}
	good := finding(word("API reference"), "10000003", "PR-05", word("API evidence"))
	codes := map[int]int{}
	for i, body := range []string{good,
		finding(word("API wrong reference"), word("API account"), word("API rule"), word("API wrong evidence")),
		`{"findings":[],"` + word("API member's name") + `":"` + word("API member") + `"}`,
		`{"findings":[{"` + word("API field's name") + `":1}]}`, `{"findings":"` + word("API findings"), word("API body"),
	} {
		code, _ := call(body, fmt.Sprintf("%s-%d", word("API idempotency key"), i), nil)
		codes[code]++
	}
	for name, spoil := range map[string]func(*http.Request){
		"key id": func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), "moderation", word("API key id"), 1))
		},
		"signature": func(r *http.Request) { r.Header.Set("Signature", word("API signature")) },
		"input":     func(r *http.Request) { r.Header.Set("Signature-Input", word("API signature input")) },
		"header":    func(r *http.Request) { r.Header.Set("X-Request-Id", word("API header")) },
		"query":     func(r *http.Request) { r.URL.RawQuery = word("API query") + "=" + word("API query's value") },
		"type":      func(r *http.Request) { r.Header.Set("Content-Type", "text/"+word("API content type")) },
	} {
		code, _ := call(good, "spoiled-"+name, spoil)
		codes[code]++
	}
	if codes[200] == 0 || codes[401] == 0 || codes[422] == 0 {
		s.t.Errorf("the findings API answered %v", codes)
	}
}

// messenger answers a notice with everything but a receipt.
func (pl *planter) messenger(s *scenario) {
	m, word, said := s.messaging(), pl.word, 0
	s.released("IN/94/2026/7801", "")
	answers := []func(http.ResponseWriter, webhook.Notice){
		func(w http.ResponseWriter, _ webhook.Notice) { http.Error(w, word("webhook error"), 500) },
		func(w http.ResponseWriter, _ webhook.Notice) { fmt.Fprint(w, word("webhook body")) },
		func(w http.ResponseWriter, n webhook.Notice) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Signature-Input", word("webhook signature input"))
			w.Header().Set("Signature", word("webhook signature"))
			fmt.Fprintf(w, `{"notice":%q,"outcome":%q,%q:1}`, n.Notice, word("webhook outcome"), word("webhook member"))
		},
		func(w http.ResponseWriter, _ webhook.Notice) {
			w.Header().Set("Location", "http://127.0.0.1:1/"+word("webhook redirection"))
			w.WriteHeader(http.StatusFound)
		},
	}
	m.says = func(w http.ResponseWriter, n webhook.Notice) bool {
		if said < len(answers) {
			answers[said](w, n)
		}
		said++
		return said <= len(answers)
	}
	for range answers {
		_, _ = s.tellUsers(s.ctx)
		s.clock.Advance(26 * time.Hour)
	}
	if s.tell(); said < len(answers) {
		s.t.Errorf("the messenger was asked %d times", said)
	}
}

// accountData answers questions with words where data belong, and around them.
func (pl *planter) accountData(s *scenario) {
	certs, word, asked := mtls.New(s.t), pl.word, 0
	honest := (&reference.Server{Source: s.source, Snapshot: "s", Flush: 1}).Handler()
	lines := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprintln(w, text)
	}
	answers := []func(http.ResponseWriter){
		func(w http.ResponseWriter) {
			w.Header().Set("X-Error", word("source header"))
			http.Error(w, word("source error"), 500)
		},
		func(w http.ResponseWriter) { http.Error(w, word("source gone"), http.StatusGone) },
		func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/"+word("source type"))
			fmt.Fprint(w, word("source text"))
		},
		func(w http.ResponseWriter) { lines(w, word("source line")) },
		func(w http.ResponseWriter) { lines(w, `{"`+word("source member")+`":"`+word("source value")+`"}`) },
		func(w http.ResponseWriter) {
			lines(w, `{"row":{"account_id":"`+word("source account")+`","from":"`+word("source time")+`"}}`)
		},
		func(w http.ResponseWriter) {
			lines(w, `{"error":{"code":"`+word("source code")+`","message":"`+word("source message")+`"}}`)
		},
	}
	address := certs.Serve(s.t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/system") {
			honest.ServeHTTP(w, r)
			return
		}
		answers[asked%len(answers)](w)
		asked++
	}))
	engine, err := httprecords.Open(context.Background(), httprecords.Config{URL: address, Cert: certs.File("client.pem"), Key: certs.File("client.key"), CA: certs.File("ca.pem"), Wait: time.Second, Retries: 1})
	s.must(err)
	defer engine.Close()
	good := s.cases.Source
	defer func() { s.cases.Source = good }()
	waiting, confirmed := s.submit("IN/94/2026/7811"), s.submit("IN/94/2026/7812").ID
	s.review(confirmed)
	s.jobs()
	s.confirm()
	s.cases.Source = records.Guard(engine)
	for range 2 * len(answers) {
		if err := s.cases.Claim(s.as("rita.lind"), waiting.ID); err == nil {
			s.t.Error("a case was claimed that no account data answer for")
		} else if strings.Contains(err.Error(), "planted") {
			s.t.Errorf("the reviewer reads %v", err)
		}
		_, _ = s.caseJob.RunOnce(s.ctx)
	}
	if asked < 2*len(answers) || s.state(confirmed) != requests.Confirmed {
		s.t.Errorf("the account data were asked %d times, and the case is %s", asked, s.state(confirmed))
	}
}
