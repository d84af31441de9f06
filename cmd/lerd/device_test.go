package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/descope/virtualwebauthn"
	"github.com/google/uuid"
	"golang.org/x/net/html"

	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/web"
)

// device is an authenticator in somebody's hand, with one passkey for the portal.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

// newDevice makes a device that visits the portal.
func (p *portal) newDevice() *device {
	cred := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(cred.Key.AttestationData()) != wholeKey { // the library cuts leading zeroes of a coordinate, one key of 128
		cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &device{rp: virtualwebauthn.RelyingParty{ID: "localhost", Name: "Sample Messenger", Origin: p.base},
		auth: virtualwebauthn.NewAuthenticator(), cred: cred}
}

// wholeKey is the size of a P-256 key as COSE has it, with coordinates of 32 bytes.
// SPEC: RFC 9053 §7.1.1.
const wholeKey = 77

// create answers the options of a registration.
func (d *device) create(options string) string {
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		panic(err)
	}
	var said struct{ User struct{ ID string } }
	if err := json.Unmarshal([]byte(options), &said); err != nil {
		panic(err)
	}
	d.auth.Options.UserHandle = fromBase64(said.User.ID)
	return virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.cred, *o)
}

// get answers the options of a sign-in or a step-up; the counter goes forward.
func (d *device) get(options string) string {
	d.cred.Counter++
	return d.getAgain(options)
}

// getAgain answers with the counter where it stands.
func (d *device) getAgain(options string) string {
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		panic(err)
	}
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.cred, *o)
}

func fromBase64(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// openForReal serves the portal as "lerd serve" does: nobody signs in without a
// passkey. The origin is a name, as browsers want it.
func (s *scenario) openForReal() *portal { return s.openForRealWith(unhurried) }

// openForRealWith is openForReal with limits that stand in somebody's way.
func (s *scenario) openForRealWith(limits web.Limits) *portal {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	s.cfg.development = false
	if s.empty { // nobody was invented
		s.evaluation(false)
	}
	s.cfg.PublicOrigin = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	s.must(s.openPeople(s.clock.Now))
	cfg := s.webConfig(s.clock.Now)
	cfg.Limits = limits
	s.must(os.MkdirAll(cfg.TempDir, 0o700))
	s.web, err = web.New(cfg)
	s.must(err)
	p := &portal{scenario: s, base: s.cfg.PublicOrigin}
	p.serve(l)
	s.t.Cleanup(func() { p.stop() })
	return p
}

// ceremony is what the portal answers to a script.
type ceremony struct {
	ID      string          `json:"id"`
	Options json.RawMessage `json:"options"`
}

// begin asks for a challenge, as the script on the page does.
func (p *portal) begin(v *visitor, path string, fields ...string) (ceremony, reply) {
	p.t.Helper()
	form := url.Values{"idempotency_key": {uuid.NewString()}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	got := p.ask(v, "POST", path, map[string]string{"Accept": "application/json"}, form.Encode())
	var c ceremony
	if got.status == http.StatusOK {
		p.must(json.Unmarshal([]byte(got.body), &c))
	}
	return c, got
}

// send posts a form with what the device answered.
func (p *portal) send(v *visitor, path, id, answer string, fields ...string) reply {
	p.t.Helper()
	form := url.Values{"idempotency_key": {uuid.NewString()}, "step_up_id": {id}, "step_up_answer": {answer}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return p.ask(v, "POST", path, nil, form.Encode())
}

// signIn signs a device's holder in.
func (p *portal) signIn(d *device) *visitor {
	p.t.Helper()
	v := newVisitor(p.base)
	if got := p.trySignIn(v, d); got.status != http.StatusSeeOther {
		p.t.Fatalf("signing in answers %d", got.status)
	}
	return v
}

func (p *portal) trySignIn(v *visitor, d *device) reply {
	p.t.Helper()
	c, _ := p.begin(v, "/sign-in/begin")
	return p.send(v, "/sign-in/passkey", c.ID, d.get(string(c.Options)))
}

// enrol registers a device's passkey with an invitation's code; it gives the
// fingerprint that the page shows.
func (p *portal) enrol(code string, d *device) string {
	p.t.Helper()
	v := newVisitor(p.base)
	c, got := p.begin(v, "/enrol/begin", "code", code)
	if got.status != http.StatusOK {
		p.t.Fatalf("the code opens nothing: %d %s\n%s", got.status, got.body, p.log)
	}
	got = p.send(v, "/enrol", c.ID, d.create(string(c.Options)), "code", code)
	m := fingerprintShown.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || m == nil {
		p.t.Fatalf("enrolling answers %d", got.status)
	}
	return m[1]
}

var fingerprintShown = regexp.MustCompile(`id="fingerprint"[^>]*>([0-9a-f-]{17})<`)
var codeShown = regexp.MustCompile(`id="code"[^>]*>([0-9a-z-]{34})<`)

// stepUp fills a page's form for an action in and sends it, confirmed by the
// device where the form asks for the passkey.
func (p *portal) stepUp(v *visitor, d *device, at, action string, fields ...string) reply {
	p.t.Helper()
	page, err := v.get(p.ctx, at)
	p.must(err)
	return p.stepUpOn(v, d, page.root, action, fields...)
}

func (p *portal) stepUpOn(v *visitor, d *device, root *html.Node, action string, fields ...string) reply {
	p.t.Helper()
	values, box := formOn(root, action)
	if values == nil {
		p.t.Fatalf("the page has no form for %s", action)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	if box != nil {
		c, got := p.begin(v, attr(box, "data-begin"), "purpose", attr(box, "data-purpose"), "digest", attr(box, "data-digest"))
		if got.status != http.StatusOK {
			return got
		}
		values.Set("step_up_id", c.ID)
		values.Set("step_up_answer", d.get(string(c.Options)))
	}
	return p.ask(v, "POST", action, nil, values.Encode())
}

// formOn gives the hidden fields of a page's form, and where it asks for the
// passkey.
func formOn(root *html.Node, action string) (values url.Values, box *html.Node) {
	walk(root, func(n *html.Node) {
		if n.Data != "form" || attr(n, "action") != action || values != nil {
			return
		}
		values = url.Values{}
		walk(n, func(n *html.Node) {
			if n.Data == "input" && attr(n, "type") == "hidden" {
				values.Set(attr(n, "name"), attr(n, "value"))
			}
			for _, a := range n.Attr {
				if a.Key == "data-step-up" {
					box = n
				}
			}
		})
	})
	return values, box
}

// bring brings the first of a role in by the server's own command.
func (p *portal) bring(name string, role identity.Role) *device {
	p.t.Helper()
	code, inv, err := p.accounts.InviteFromServer(p.ctx, accounts.Invite{Name: name, Role: role})
	p.must(err)
	d := p.newDevice()
	fingerprint := p.enrol(code, d)
	p.must(p.accounts.ConfirmFromServer(p.ctx, inv.Person, fingerprint))
	return d
}

// inviteBy has somebody invite a person on the page; it gives the code and the
// person's id.
func (p *portal) inviteBy(v *visitor, d *device, name string, role identity.Role, agency string) (code, id string) {
	p.t.Helper()
	form := url.Values{"idempotency_key": {uuid.NewString()}, "name": {name}, "role": {string(role)}, "agency": {agency}}
	sure := p.ask(v, "POST", "/accounts", nil, form.Encode())
	root, err := html.Parse(strings.NewReader(sure.body))
	p.must(err)
	got := p.stepUpOn(v, d, root, "/accounts")
	m := codeShown.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || m == nil {
		p.t.Fatalf("inviting %s answers %d", name, got.status)
	}
	return m[1], p.column("SELECT id::text FROM person WHERE name = '" + name + "'")[0]
}
