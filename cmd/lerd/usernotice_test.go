package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/httpsig"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/usernotice"
	"lerd/internal/usernotice/webhook"
)

// messenger is the platform's end of the webhook: it verifies what lerd signs,
// tells each user once, and signs receipts.
type messenger struct {
	s    *scenario
	url  string
	keys [2]ed25519.PrivateKey // lerd's and its own
	down bool
	says func(w http.ResponseWriter, n webhook.Notice) bool // answers in its place, and tells whether it did; nil: nobody

	mu   sync.Mutex
	told map[string]webhook.Notice // by idempotency key
	got  int
}

func (m *messenger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	req := &httpsig.Message{Method: r.Method, Target: m.url, Header: r.Header, Body: body}
	rule := httpsig.Rule{Now: m.s.clock.Now(), Within: time.Minute, Public: func(string) (ed25519.PublicKey, bool) { return m.keys[0].Public().(ed25519.PublicKey), true }}
	if _, err := httpsig.Verify(req, httpsig.Request, rule); err != nil {
		m.s.t.Errorf("the platform does not believe lerd: %v", err)
	}
	m.got++
	if m.down {
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	var n webhook.Notice
	if err := json.Unmarshal(body, &n); err != nil {
		m.s.t.Error(err)
	}
	if m.says != nil && m.says(w, n) {
		return
	}
	m.told[r.Header.Get("Idempotency-Key")] = n
	out, _ := json.Marshal(webhook.Receipt{Notice: n.Notice, Outcome: "delivered", DeliveredAt: m.s.clock.Now()})
	answer := &httpsig.Message{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: out, To: req}
	if err := httpsig.Sign(answer, httpsig.Response, httpsig.Key{ID: "platform", Private: m.keys[1]}, m.s.clock.Now(), ""); err != nil {
		m.s.t.Error(err)
	}
	for name, v := range answer.Header {
		w.Header()[name] = v
	}
	w.Write(out)
}

// messaging gives the scenario a platform that takes notices.
func (s *scenario) messaging() *messenger {
	s.t.Helper()
	key := func(seed string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed([]byte(strings.Repeat(seed, 32))) }
	m := &messenger{s: s, keys: [2]ed25519.PrivateKey{key("l"), key("p")}, told: map[string]webhook.Notice{}}
	srv := httptest.NewServer(m)
	s.t.Cleanup(srv.Close)
	m.url = srv.URL + "/notices"
	s.telling.Courier = &webhook.Courier{URL: m.url, Key: httpsig.Key{ID: "lerd", Private: m.keys[0]}, PlatformID: "platform", PlatformKey: m.keys[1].Public().(ed25519.PublicKey),
		Client: webhook.NewClient(), Now: s.clock.Now}
	return m
}

// released takes a case to its bundle; secret is the day until which the order
// asks for secrecy, "" for none.
func (s *scenario) released(number, secret string) requests.Case {
	s.t.Helper()
	officer := s.as("asha.rao")
	doc, err := s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	in := s.submission(doc.ID, number)
	if secret != "" {
		in.Confidential, in.ConfidentialBasis, in.ConfidentialUntil = true, "BNSS 2023, s. 94", secret
	}
	q, err := s.send(officer, in)
	s.must(err)
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	s.sequenceAll()
	s.jobs()
	c := s.load(q.ID)
	if c.Request.State != requests.ExportedCase {
		s.t.Fatalf("the case is %s", c.Request.State)
	}
	return c
}

func (s *scenario) tell() {
	s.t.Helper()
	if _, err := s.tellUsers(s.ctx); err != nil {
		s.t.Fatal(err)
	}
}

// caseFile finds gags by their ids.
type caseFile struct{ usernotice.CaseFile }

func (f caseFile) gag(id usernotice.GagID) usernotice.Gag {
	for _, g := range f.Gags {
		if g.ID == id {
			return g
		}
	}
	return usernotice.Gag{}
}

func (s *scenario) onFile(id requests.ID) caseFile {
	s.t.Helper()
	f, err := s.store.CaseFile(identity.With(s.ctx, identity.SystemActor()), id)
	s.must(err)
	return caseFile{f}
}

// noticeOpens tells whether a notice's page is there for who has its address.
func (s *scenario) noticeOpens(link string) bool {
	s.t.Helper()
	_, err := s.telling.Open(context.Background(), link[strings.LastIndex(link, "/")+1:])
	if err != nil && fault.KindOf(err) != fault.NotFound {
		s.t.Fatal(err)
	}
	return err == nil
}

// TestAUserIsToldWhenTheGagEnds: the order's secrecy is registered, nothing leaves
// while it runs, it ends by itself, and the platform's receipt is kept.
func TestAUserIsToldWhenTheGagEnds(t *testing.T) {
	s := newScenario(t)
	m := s.messaging()
	c := s.released("IN/94/2026/501", "2026-12-31")
	f := s.onFile(c.Request.ID)
	if len(f.Gags) != 1 || len(f.Notices) != 1 {
		t.Fatalf("%d gags and %d notices", len(f.Gags), len(f.Notices))
	}
	g, n := f.Gags[0], f.Notices[0]
	if want := time.Date(2026, 12, 31, 18, 30, 0, 0, time.UTC); g.State != usernotice.Running || !g.Ends.Equal(want) || g.Source != usernotice.OfOrder || g.RegisteredBy != "" {
		t.Errorf("the gag is %+v; its last day ends at %s", g, want)
	}
	if n.State != usernotice.Scheduled || n.Rule != "optional" || n.Country != "IN" || n.Authority != "station_officer" || len(n.Categories) != 2 {
		t.Errorf("the notice is %+v", n)
	}
	link := s.telling.Links.Of(n.ID)
	for _, day := range []time.Time{storyNow, storyNow.AddDate(0, 1, 0), g.Ends.Add(-time.Second)} {
		s.clock.Set(day)
		s.tell()
		if got := s.onFile(c.Request.ID); m.got != 0 || got.Notices[0].State != usernotice.Scheduled || got.Gags[0].State != usernotice.Running || s.noticeOpens(link) {
			t.Fatalf("on %s the user is told", day)
		}
	}
	s.clock.Set(g.Ends.AddDate(0, 0, 3)) // runs were missed
	s.tell()
	f = s.onFile(c.Request.ID)
	g, n = f.Gags[0], f.Notices[0]
	if g.State != usernotice.Ended || g.EndedWhy != "expired" || n.State != usernotice.Delivered || n.Attempts != 1 || len(m.told) != 1 || !s.noticeOpens(link) {
		t.Fatalf("afterwards: %+v, %+v", g, n)
	}
	if got := m.told[`"`+string(n.ID)+`"`]; got.Link != link || got.Reference != n.Ref || got.AccountID != fmt.Sprint(n.Account) {
		t.Errorf("the platform was told %+v", got)
	}
	k, err := webhook.Read(n.Receipt)
	s.must(err)
	if _, err := k.Verify("platform", m.keys[1].Public().(ed25519.PublicKey), n.SentAt.Add(-time.Minute), n.DeliveredAt.Add(time.Minute)); err != nil {
		t.Errorf("the receipt that is kept: %v", err)
	}
	s.clock.Set(storyNow) // a clock that is set back silences nobody anew, and tells nobody twice
	s.tell()
	if got := s.onFile(c.Request.ID); got.Gags[0].State != usernotice.Ended || m.got != 1 || !s.noticeOpens(link) {
		t.Error("a clock that was set back changes something")
	}
	s.verifyLog()
}

// TestANoticeIsTriedUntilItIsDelivered: after growing pauses, and by several runs at
// once no oftener.
func TestANoticeIsTriedUntilItIsDelivered(t *testing.T) {
	s := newScenario(t)
	m := s.messaging()
	c := s.released("IN/94/2026/502", "")
	m.down = true
	for i, wait := range []time.Duration{0, time.Minute, 2 * time.Minute, 4 * time.Minute} {
		s.clock.Advance(wait)
		if _, err := s.telling.RunOnce(s.ctx); fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
		if _, err := s.telling.RunOnce(s.ctx); err != nil || m.got != i+1 {
			t.Fatalf("it is tried %d times after %d pauses: %v", m.got, i, err)
		}
	}
	m.down = false
	s.clock.Advance(12 * time.Hour)
	var wg sync.WaitGroup
	for range 4 { // as many replicas, without an election
		wg.Go(func() {
			if _, err := s.telling.RunOnce(s.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := s.onFile(c.Request.ID).Notices[0]
	if n.State != usernotice.Delivered || n.Attempts != 5 || m.got != 5 || len(m.told) != 1 {
		t.Errorf("%+v after %d requests to tell %d users", n, m.got, len(m.told))
	}
	if sent := s.column("SELECT count(*)::text FROM audit.event WHERE kind = 'user_notice.sent'")[0]; sent != "5" {
		t.Errorf("%s records of 5 attempts", sent)
	}
	s.verifyLog()
}

// TestCounselKeepsTheRegister: papers of their own, the day of review that nobody
// can leave out, renewals, and lifting; each with a passkey.
func TestCounselKeepsTheRegister(t *testing.T) {
	s := newScenario(t)
	m := s.messaging()
	c := s.released("IN/94/2026/503", "")
	counsel := s.as("helen.park")
	_, err := s.telling.Enter(counsel, usernotice.EntryInput{CaseRef: c.Request.Ref, Reference: "HC 11/2026"})
	s.must(err)
	s.tell()
	g := s.onFile(c.Request.ID).Gags[0]
	if !g.Ends.IsZero() || !g.Review.Equal(storyNow.AddDate(0, 0, 90)) {
		t.Fatalf("without an end, it is looked at again at %s", g.Review)
	}
	step := func(kind, reference, ends, review string) usernotice.StepInput {
		return usernotice.StepInput{Kind: kind, Reference: reference, EndsOn: ends, ReviewOn: review, Why: "As the court says."}
	}
	for _, who := range []string{"rita.lind", "asha.rao", "anna.keller", "ines.moreau", "carl.ito"} {
		if err := s.telling.Take(s.as(who), g.ID, step("lifted", "X 1", "", "")); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s lifts it: %v", who, err)
		}
	}
	actor, _ := identity.From(counsel)
	if err := s.telling.Take(identity.With(s.ctx, actor), g.ID, step("lifted", "X 1", "", "")); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without a passkey: %v", err)
	}
	for what, in := range map[string]usernotice.StepInput{"no paper": step("renewed", "", "2027-01-31", ""), "over": step("renewed", "X 1", "2026-01-31", ""), "too long": step("renewed", "X 1", "2046-01-31", ""),
		"a later review than allowed": step("reviewed", "", "", "2027-06-30"), "a review that moves the end": step("reviewed", "", "2027-01-31", ""), "no kind": step("x", "X 1", "", ""), "lifted by nothing": step("lifted", "", "", "")} {
		if err := s.telling.Take(counsel, g.ID, in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.must(s.telling.Take(counsel, g.ID, step("reviewed", "", "", "2026-12-31")))
	s.must(s.telling.Take(counsel, g.ID, step("renewed", "HC 12/2026", "2027-01-31", "")))
	second, err := s.telling.Enter(counsel, usernotice.EntryInput{CaseRef: c.Request.Ref, Reference: "HC 13/2026", EndsOn: "2027-03-31"})
	s.must(err)
	s.clock.Set(time.Date(2027, 2, 2, 9, 0, 0, 0, time.UTC))
	s.tell()
	if f := s.onFile(c.Request.ID); f.gag(g.ID).State != usernotice.Ended || m.got != 0 || f.Notices[0].State != usernotice.Scheduled {
		t.Fatalf("one of two gags ended, and the user was told: %+v", f)
	}
	counsel = s.as("helen.park")
	s.must(s.telling.Take(counsel, second, step("lifted", "HC 14/2026", "", "")))
	if err := s.telling.Take(counsel, second, step("renewed", "HC 15/2026", "2028-01-31", "")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what was lifted is renewed: %v", err)
	}
	s.tell()
	n := s.onFile(c.Request.ID).Notices[0]
	if n.State != usernotice.Delivered {
		t.Fatalf("after the last gag: %+v", n)
	}
	third, err := s.telling.Enter(counsel, usernotice.EntryInput{CaseRef: c.Request.Ref, Reference: "HC 16/2026"})
	s.must(err)
	if s.noticeOpens(s.telling.Links.Of(n.ID)) {
		t.Error("the page is there while a new gag runs")
	}
	if f, err := s.telling.View(counsel, third); err != nil || f.Review.IsZero() || len(f.Others) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	s.verifyLog()
}

// TestTheDatabaseTellsNobodyDuringAGag attacks each gate with raw SQL.
func TestTheDatabaseTellsNobodyDuringAGag(t *testing.T) {
	s := newScenario(t)
	s.clockSlack("1 minute")
	s.anyTime()
	c := s.released("IN/94/2026/504", "2027-12-31")
	f := s.onFile(c.Request.ID)
	g, n := f.Gags[0], f.Notices[0]
	gags, notices := usernotice.StreamOfGag(g.ID), usernotice.StreamOf(n.ID)
	set := func(table, id, what string) string {
		return fmt.Sprintf("UPDATE %s SET %s, version = version + 1, event_id = $EVENT WHERE id = '%s'", table, what, id)
	}
	sent := "state = 'sent', attempts = attempts + 1, sent_at = now(), next_at = now()"
	for _, a := range s.attackers(t) {
		a.refused("a notice during the gag", a.try(notices, set("user_notice", string(n.ID), sent)), "a gag runs")
		a.refused("a notice called delivered", a.try(notices, set("user_notice", string(n.ID), "state = 'delivered', attempts = 1, sent_at = now(), delivered_at = now(), receipt = 'x'")), "no step leads")
		a.refused("another account", a.try(notices, set("user_notice", string(n.ID), "account_id = account_id + 1")), "permission denied", "does not change")
		a.refused("a gag that ends before its time", a.try(gags, set("gag", string(g.ID), "state = 'ended', ended_why = 'expired', ended_at = now()")), "gag_check")
		a.refused("an end that is moved for it", a.try(gags, set("gag", string(g.ID), "state = 'ended', ended_why = 'expired', ended_at = now(), ends_at = now()")), "time is not over")
		a.refused("lifting without counsel", a.try(gags, set("gag", string(g.ID), "state = 'ended', ended_why = 'lifted', ended_at = now()")), "and says why")
		a.refused("a renewal without counsel", a.try(gags, set("gag", string(g.ID), "ends_at = ends_at + interval '1 year'")), "and says why")
		a.refused("a gag of another case", a.try(gags, set("gag", string(g.ID), "request_id = gen_random_uuid()")), "permission denied", "does not change")
		a.refused("a removed gag", a.try(gags, fmt.Sprintf("DELETE FROM gag WHERE id = '%s'", g.ID)), "permission denied", "is refused")
		step := fmt.Sprintf("INSERT INTO gag_step SELECT gen_random_uuid(), id, request_id, agency_id, steps + 1, 'lifted', 'X', NULL, NULL, 'x', '%s', now(), $EVENT FROM gag WHERE id = '%s'", s.personID("helen.park"), g.ID)
		a.refused("lifting without a passkey", a.try(gags, step, set("gag", string(g.ID), "state = 'ended', ended_why = 'lifted', ended_at = now(), steps = steps + 1")), "nobody has confirmed")
		a.refused("a step that moves nothing", a.try(gags, step), "nobody has confirmed", "did not take it")
		a.refused("a gag without end and review", a.try("gag:x", fmt.Sprintf(`INSERT INTO gag SELECT gen_random_uuid(), request_id, agency_id, 'separate_order', request_id, 'X', '', now(), NULL, NULL, 'running', '', NULL, 0, NULL, 1, $EVENT FROM gag WHERE id = '%s'`, g.ID)), "gag_check")
		a.refused("a gag of counsel's without a passkey", a.try("gag:y", fmt.Sprintf(`INSERT INTO gag SELECT gen_random_uuid(), request_id, agency_id, 'separate_order', NULL, 'X', '', now(), now() + interval '1 year', NULL, 'running', '', NULL, 0, '%s', 1, $EVENT FROM gag WHERE id = '%s'`, s.personID("helen.park"), g.ID)), "nobody has confirmed")
		a.refused("a notice of what was not disclosed", a.try("user_notice:x", fmt.Sprintf(`INSERT INTO user_notice SELECT gen_random_uuid(), 'UN-2026-0000-0000', request_id, agency_id, release_id, account_id + 1, rule, categories, country, authority, disclosed_at, 'scheduled', '', due_at, 0, next_at, NULL, NULL, '', 1, $EVENT FROM user_notice WHERE id = '%s'`, n.ID)), "nothing of this account")
		if a.as == "application" { // the owner is superuser here, and no policy holds him
			for _, scope := range []string{"officer", "agency_admin", "confirmer", "registrar", "administrator", ""} {
				if err := a.tryAs(scope, "gag:z", set("gag", string(g.ID), "ends_at = ends_at")); err != nil {
					t.Errorf("%s: %v", scope, err)
				}
			}
			if got := s.onFile(c.Request.ID).Gags[0]; got.Version != g.Version {
				t.Error("who sees no gag changed one")
			}
		}
	}
	s.clock.Set(time.Date(2028, 1, 5, 9, 0, 0, 0, time.UTC))
	s.clockSlack("1 minute") // lerd's clock alone runs ahead of the database's
	s.messaging()
	if _, err := s.telling.RunOnce(s.ctx); fault.KindOf(err) != fault.Gate {
		t.Errorf("a clock that was set forward ends a gag: %v", err)
	}
	if got := s.onFile(c.Request.ID); got.Gags[0].State != usernotice.Running || got.Notices[0].State != usernotice.Scheduled {
		t.Errorf("%+v", got)
	}
	s.anyTime()
}

// TestAUsersReferenceFindsTheCase: who was told of a disclosure quotes the notice's
// reference, and reviewers and counsel find the case by it, as by the case's own.
func TestAUsersReferenceFindsTheCase(t *testing.T) {
	s := newScenario(t)
	s.messaging()
	q := s.released("IN/94/2026/561", "").Request
	s.tell()
	ref := s.onFile(q.ID).Notices[0].Ref
	p := s.open(unhurried)
	defer p.stop()
	for _, who := range []string{"rita.lind", "helen.park"} {
		v := p.visit(who)
		for quoted, found := range map[string]bool{ref: true, " " + strings.ToLower(ref) + " ": true, q.Ref: true, "UN-2026-0000-0000": false} {
			page := p.ask(v, http.MethodGet, "/review?"+url.Values{"ref": {quoted}}.Encode(), nil, "")
			if page.status != http.StatusOK || strings.Contains(page.body, "/review/"+string(q.ID)) != found {
				t.Errorf("%s quotes %q: status %d, found %v", who, quoted, page.status, !found)
			}
		}
	}
	if list, err := s.cases.List(s.as("asha.rao"), requests.Filter{Ref: ref}); err != nil || len(list) != 0 {
		t.Errorf("the officer finds their case by the user's notice: %v, %v", list, err)
	}
}
