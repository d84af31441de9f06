package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/google/uuid"
	"golang.org/x/net/html"

	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/identity/passkey"
)

// varying is what differs from one showing of a page to the next.
var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|page was made on [^<]*`)

// plainReply is an answer without what differs from one showing to the next.
func plainReply(r reply) string { return varying.ReplaceAllString(r.body, "#") }

// TestSignInTellsNothing tries to sign in in every wrong way: each gets the same
// bytes as a passkey that nobody ever registered.
// SPEC: OWASP ASVS 5.0 V6.3.8.
func TestSignInTellsNothing(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada, bo := p.bring("Ada First", identity.Administrator), p.bring("Bo Second", identity.Administrator)
	code, _, err := p.accounts.InviteFromServer(p.ctx, accounts.Invite{Name: "Wil Waiting", Role: identity.Reviewer})
	p.must(err)
	waiting := p.newDevice()
	p.enrol(code, waiting)
	removed := p.removedKey(ada)
	suspended := p.suspendedPerson(ada, bo)

	stranger := p.trySignIn(newVisitor(p.base), p.stranger())
	if stranger.status != http.StatusUnauthorized || !strings.Contains(stranger.body, "did not sign you in") {
		t.Fatalf("a stranger gets %d", stranger.status)
	}
	for name, try := range p.wrongSignIns(ada, bo) {
		v := newVisitor(p.base)
		got := try(v)
		if got.status != stranger.status || plainReply(got) != plainReply(stranger) {
			t.Errorf("%s: %d, and otherwise than a stranger", name, got.status)
		}
		if len(v.client.Jar.Cookies(mustURL(p.base))) > 1 {
			t.Errorf("%s: gets a session", name)
		}
	}
	for name, d := range map[string]*device{"who waits for the confirmation": waiting, "a removed passkey": removed, "a suspended person": suspended} {
		if got := p.trySignIn(newVisitor(p.base), d); plainReply(got) != plainReply(stranger) {
			t.Errorf("%s: %d, and otherwise than a stranger", name, got.status)
		}
	}
	p.signIn(ada) // and the right way still works
	if n := p.column("SELECT count(*)::text FROM audit.event WHERE kind = 'passkey.counter_went_back'")[0]; n != "1" {
		t.Errorf("%s events of a counter that went back", n)
	}
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// stranger is a device with a key that nobody registered, for a person there is not.
func (p *portal) stranger() *device {
	d := p.newDevice()
	id := uuid.New()
	d.auth.Options.UserHandle = id[:]
	return d
}

// wrongSignIns are the ways to fail with keys that are good.
func (p *portal) wrongSignIns(ada, bo *device) map[string]func(v *visitor) reply {
	answer := func(change func(d *device)) func(v *visitor) reply {
		return func(v *visitor) reply {
			d := *ada
			change(&d)
			c, _ := p.begin(v, "/sign-in/begin")
			got := p.send(v, "/sign-in/passkey", c.ID, d.get(string(c.Options)))
			ada.cred.Counter++
			return got
		}
	}
	raw := func(text string) func(v *visitor) reply {
		return func(v *visitor) reply {
			c, _ := p.begin(v, "/sign-in/begin")
			return p.send(v, "/sign-in/passkey", c.ID, text)
		}
	}
	return map[string]func(v *visitor) reply{
		"another origin":                    answer(func(d *device) { d.rp.Origin = "https://evil.example" }),
		"another site":                      answer(func(d *device) { d.rp.ID = "evil.example" }),
		"an unverified user":                answer(func(d *device) { d.auth.Options.UserNotVerified = true }),
		"an absent user":                    answer(func(d *device) { d.auth.Options.UserNotPresent = true }),
		"another person's handle":           answer(func(d *device) { d.auth.Options.UserHandle = bo.auth.Options.UserHandle }),
		"another person's key":              answer(func(d *device) { d.cred.Key = bo.cred.Key }),
		"a key of our own under a known id": answer(func(d *device) { d.cred.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key }),
		"a changed backup flag":             answer(func(d *device) { d.auth.Options.BackupEligible = true }),
		"nothing":                           raw(""), "no JSON": raw("x"), "an empty object": raw("{}"), "a list": raw("[]"), "64 kB": raw(strings.Repeat("x", 64<<10)),
		"no ceremony": func(v *visitor) reply {
			c, _ := p.begin(v, "/sign-in/begin")
			return p.send(v, "/sign-in/passkey", uuid.NewString(), ada.get(string(c.Options)))
		},
		"another browser's ceremony": func(v *visitor) reply {
			c, _ := p.begin(newVisitor(p.base), "/sign-in/begin")
			p.begin(v, "/sign-in/begin")
			return p.send(v, "/sign-in/passkey", c.ID, ada.get(string(c.Options)))
		},
		"the same answer again": func(v *visitor) reply {
			c, _ := p.begin(v, "/sign-in/begin")
			text := ada.get(string(c.Options))
			if got := p.send(v, "/sign-in/passkey", c.ID, text); got.status != http.StatusSeeOther {
				p.t.Errorf("the first time: %d", got.status)
			}
			v.client.Jar = newVisitor(p.base).client.Jar
			return p.send(v, "/sign-in/passkey", c.ID, text)
		},
		"after five minutes": func(v *visitor) reply {
			c, _ := p.begin(v, "/sign-in/begin")
			p.clock.Advance(passkey.Lifetime)
			return p.send(v, "/sign-in/passkey", c.ID, ada.get(string(c.Options)))
		},
		"a counter that went back": func(v *visitor) reply {
			c, _ := p.begin(v, "/sign-in/begin")
			clone := *ada
			clone.cred.Counter = 1
			return p.send(v, "/sign-in/passkey", c.ID, clone.getAgain(string(c.Options)))
		},
		"a step-up's answer": func(v *visitor) reply {
			in := p.signIn(ada)
			c, _ := p.begin(in, "/account/step-up", "purpose", "account", "digest", strings.Repeat("ab", 32))
			p.begin(v, "/sign-in/begin")
			return p.send(v, "/sign-in/passkey", c.ID, ada.get(string(c.Options)))
		},
	}
}

// removedKey adds a second passkey and removes it.
func (p *portal) removedKey(d *device) *device {
	p.t.Helper()
	v, second := p.signIn(d), p.newDevice()
	if got := p.addKey(v, d, second); got.status != http.StatusSeeOther {
		p.t.Fatalf("adding a passkey answers %d", got.status)
	}
	id := p.column("SELECT id::text FROM passkey WHERE label = 'spare'")[0]
	path := "/account/passkeys/" + id + "/remove"
	if got := p.stepUp(v, d, "/account", path); got.status != http.StatusSeeOther {
		p.t.Fatalf("removing a passkey answers %d %s", got.status, got.body)
	}
	return second
}

// addKey adds a second passkey by the first.
func (p *portal) addKey(v *visitor, first, second *device) reply {
	p.t.Helper()
	allowed := p.stepUp(v, first, "/account", "/account/passkeys/allow")
	if allowed.status != http.StatusSeeOther {
		return allowed
	}
	u := mustURL(allowed.header.Get("Location"))
	c, got := p.begin(v, "/account/passkeys/begin", "allowed", u.Query().Get("allowed"))
	if got.status != http.StatusOK {
		return got
	}
	return p.send(v, "/account/passkeys", c.ID, second.create(string(c.Options)), "allowed", u.Query().Get("allowed"), "label", "spare")
}

// suspendedPerson is somebody who had access and lost it.
func (p *portal) suspendedPerson(ada, bo *device) *device {
	p.t.Helper()
	adaIn, boIn := p.signIn(ada), p.signIn(bo)
	d := p.newDevice()
	code, id := p.inviteBy(adaIn, ada, "Sam Suspended", identity.Counsel, "")
	page := "/accounts/" + id
	if got := p.stepUp(boIn, bo, page, page+"/confirm", "fingerprint", p.enrol(code, d)); got.status != http.StatusSeeOther {
		p.t.Fatalf("confirming answers %d", got.status)
	}
	live := p.signIn(d)
	if got := p.stepUp(boIn, bo, page, page+"/suspend", "why", "Left the company."); got.status != http.StatusSeeOther {
		p.t.Fatalf("suspending answers %d %s", got.status, alertOf(got))
	}
	if got := p.ask(live, "GET", "/account", nil, ""); got.status != http.StatusUnauthorized {
		p.t.Errorf("a suspended person's live session answers %d", got.status)
	}
	return d
}

// TestAPlantedSessionDies signs in over a cookie that somebody else planted.
// SPEC: OWASP ASVS 5.0 V7.2.4.
func TestAPlantedSessionDies(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada, bo := p.bring("Ada First", identity.Administrator), p.bring("Bo Second", identity.Administrator)
	attacker := p.signIn(bo)
	victim := newVisitor(p.base)
	victim.client.Jar.SetCookies(mustURL(p.base), attacker.client.Jar.Cookies(mustURL(p.base)))
	if got := p.trySignIn(victim, ada); got.status != http.StatusSeeOther {
		t.Fatalf("signing in answers %d", got.status)
	}
	if got, err := victim.get(p.ctx, "/account"); err != nil || !strings.Contains(string(got.body), "Ada First") {
		t.Errorf("the victim is not signed in as herself: %v", err)
	}
	if got := p.ask(attacker, "GET", "/account", nil, ""); got.status != http.StatusUnauthorized {
		t.Errorf("the planted session lives: %d", got.status)
	}
	junk := newVisitor(p.base)
	junk.client.Jar.SetCookies(mustURL(p.base), []*http.Cookie{{Name: "lerd-session", Value: "planted", Path: "/"}, {Name: "lerd-browser", Value: "planted", Path: "/"}})
	if got := p.trySignIn(junk, ada); got.status != http.StatusSeeOther {
		t.Errorf("planted junk keeps somebody out: %d", got.status)
	}
	for _, ck := range junk.client.Jar.Cookies(mustURL(p.base)) {
		if ck.Value == "planted" {
			t.Errorf("the planted %s stays", ck.Name)
		}
	}
}

// TestStepUpsProveThatStepAlone takes a good answer to another place.
func TestStepUpsProveThatStepAlone(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada, bo := p.bring("Ada First", identity.Administrator), p.bring("Bo Second", identity.Administrator)
	in, other, second := p.signIn(ada), p.signIn(bo), p.signIn(ada)
	invite := func(v *visitor, name, id, answer string) reply {
		return p.send(v, "/accounts", id, answer, "name", name, "role", "reviewer", "sure", "yes")
	}
	begin := func(v *visitor, purpose, digest string) ceremony {
		c, got := p.begin(v, "/account/step-up", "purpose", purpose, "digest", digest)
		if got.status != http.StatusOK {
			t.Fatalf("a challenge answers %d", got.status)
		}
		return c
	}
	rhea := digestHex(accounts.Invite{Name: "Rhea", Role: identity.Reviewer}.Digest())
	mal := digestHex(accounts.Invite{Name: "Mal", Role: identity.Reviewer}.Digest())
	for name, try := range map[string]func() reply{
		"another digest": func() reply {
			c := begin(in, "invite", mal)
			return invite(in, "Rhea", c.ID, ada.get(string(c.Options)))
		},
		"another purpose": func() reply {
			c := begin(in, "account", rhea)
			return invite(in, "Rhea", c.ID, ada.get(string(c.Options)))
		},
		"another person": func() reply {
			c := begin(other, "invite", rhea)
			return invite(in, "Rhea", c.ID, bo.get(string(c.Options)))
		},
		"another's passkey": func() reply {
			c := begin(in, "invite", rhea)
			return invite(in, "Rhea", c.ID, bo.get(string(c.Options)))
		},
		"another session": func() reply {
			c := begin(second, "invite", rhea)
			return invite(in, "Rhea", c.ID, ada.get(string(c.Options)))
		},
		"no answer": func() reply { return invite(in, "Rhea", "", "") },
		"somebody's garbage": func() reply {
			c := begin(in, "invite", rhea)
			return invite(in, "Rhea", c.ID, `{"id":"AA","rawId":"AA"}`)
		},
		"another origin": func() reply {
			c, d := begin(in, "invite", rhea), *ada
			d.rp.Origin = "http://localhost:1"
			return invite(in, "Rhea", c.ID, d.get(string(c.Options)))
		},
		"an unverified user": func() reply {
			c, d := begin(in, "invite", rhea), *ada
			d.auth.Options.UserNotVerified = true
			return invite(in, "Rhea", c.ID, d.get(string(c.Options)))
		},
		"a counter that went back": func() reply {
			c, d := begin(in, "invite", rhea), *ada
			d.cred.Counter = 0
			return invite(in, "Rhea", c.ID, d.get(string(c.Options)))
		},
		"a sign-in's answer": func() reply {
			c, _ := p.begin(in, "/sign-in/begin")
			return invite(in, "Rhea", c.ID, ada.get(string(c.Options)))
		},
		"after five minutes": func() reply {
			c := begin(in, "invite", rhea)
			p.clock.Advance(passkey.Lifetime)
			return invite(in, "Rhea", c.ID, ada.get(string(c.Options)))
		},
	} {
		if got := try(); got.status != http.StatusUnauthorized || strings.Contains(got.body, `id="code"`) {
			t.Errorf("%s: %d, want 401", name, got.status)
		}
		ada.cred.Counter++ // copies of the device counted on their own
	}
	if n := p.column("SELECT count(*)::text FROM person WHERE name = 'Rhea'")[0]; n != "0" {
		t.Fatalf("%s people came in", n)
	}
	p.replays(in, ada, rhea)
}

// replays sends a good form again, by accident and on purpose.
func (p *portal) replays(in *visitor, ada *device, rhea string) {
	p.t.Helper()
	c, _ := p.begin(in, "/account/step-up", "purpose", "invite", "digest", rhea)
	form := url.Values{"idempotency_key": {uuid.NewString()}, "step_up_id": {c.ID}, "step_up_answer": {ada.get(string(c.Options))}, "name": {"Rhea"}, "role": {"reviewer"}, "sure": {"yes"}}
	if got := p.ask(in, "POST", "/accounts", nil, form.Encode()); got.status != http.StatusOK {
		p.t.Fatalf("the right answer: %d %s", got.status, got.body)
	}
	if got := p.ask(in, "POST", "/accounts", nil, form.Encode()); got.status != http.StatusSeeOther {
		p.t.Errorf("the same form again after a lost answer: %d, want to be led to its outcome", got.status)
	}
	p.clock.Advance(2 * passkey.Lifetime)
	if got := p.ask(in, "POST", "/accounts", nil, form.Encode()); got.status != http.StatusSeeOther {
		p.t.Errorf("the same form ten minutes later: %d", got.status)
	}
	form.Set("idempotency_key", uuid.NewString())
	if got := p.ask(in, "POST", "/accounts", nil, form.Encode()); got.status != http.StatusConflict {
		p.t.Errorf("the same assertion in another form: %d, want 409", got.status)
	}
	if n := p.column("SELECT count(*)::text FROM person WHERE name = 'Rhea'")[0]; n != "1" {
		p.t.Errorf("%s people came in by one assertion", n)
	}
}

func digestHex(d identity.Digest) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, x := range d {
		b.WriteByte(digits[x>>4])
		b.WriteByte(digits[x&15])
	}
	return b.String()
}

// TestTwoTabs signs in and steps up in two tabs of one browser at once.
func TestTwoTabs(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada := p.bring("Ada First", identity.Administrator)
	v := newVisitor(p.base)
	one, _ := p.begin(v, "/sign-in/begin")
	two, _ := p.begin(v, "/sign-in/begin")
	if got := p.send(v, "/sign-in/passkey", one.ID, ada.get(string(one.Options))); got.status != http.StatusSeeOther {
		t.Errorf("the first tab: %d", got.status)
	}
	if got := p.send(v, "/sign-in/passkey", two.ID, ada.get(string(two.Options))); got.status != http.StatusUnauthorized {
		t.Errorf("the second tab, after the browser is known by its session: %d", got.status)
	}
	first, err := v.get(p.ctx, "/account")
	p.must(err)
	again, err := v.get(p.ctx, "/account")
	p.must(err)
	for name, root := range map[string]*html.Node{"one tab": first.root, "the other": again.root} {
		if got := p.stepUpOn(v, ada, root, "/account/passkeys/allow"); got.status != http.StatusSeeOther {
			t.Errorf("%s: %d", name, got.status)
		}
	}
}

// TestSessionsEnd ends them in each way that there is.
// SPEC: OWASP ASVS 5.0 V7.3.1, V7.3.2, V7.4.2, V7.5.2.
func TestSessionsEnd(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	ada := p.bring("Ada First", identity.Administrator)
	alive := func(v *visitor) bool { return p.ask(v, "GET", "/account", nil, "").status == http.StatusOK }
	here, there, idle := p.signIn(ada), p.signIn(ada), p.signIn(ada)
	if got := p.ask(here, "POST", "/account/sessions/others", nil, "idempotency_key="+uuid.NewString()); got.status != http.StatusSeeOther || !alive(here) || alive(there) || alive(idle) {
		t.Errorf("signing out everywhere else: %d", got.status)
	}
	there = p.signIn(ada)
	id := p.column("SELECT id::text FROM session WHERE ended_at IS NULL ORDER BY created_at DESC, id")
	if len(id) != 2 {
		t.Fatalf("%d sessions live", len(id))
	}
	for _, one := range id {
		p.ask(here, "POST", "/account/sessions/"+one+"/end", nil, "idempotency_key="+uuid.NewString())
	}
	if alive(here) && alive(there) {
		t.Error("ending one's sessions one by one ends none")
	}
	idle = p.signIn(ada)
	p.clock.Advance(identity.IdleLimit)
	if alive(idle) {
		t.Error("a session lives after a quarter of an hour without use")
	}
	long := p.signIn(ada)
	for spent := time.Duration(0); spent < identity.AbsoluteLimit; spent += 10 * time.Minute {
		if !alive(long) {
			t.Fatalf("a session that is used ends after %s", spent)
		}
		p.clock.Advance(10 * time.Minute)
	}
	if alive(long) {
		t.Error("a session lives for more than eight hours")
	}
}

// alertOf gives what a page says is wrong.
func alertOf(r reply) string {
	root, err := html.Parse(strings.NewReader(r.body))
	if err != nil {
		return err.Error()
	}
	return (&webPage{root: root}).problem()
}
