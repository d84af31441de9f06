package main

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"lerd/internal/web"
)

// portal is a scenario with its pages on a loopback address, behind the same
// listener that "lerd serve" has. The clock of the scenario still stands still.
type portal struct {
	*scenario
	base string
	stop func() // ends the server; what it logged may be read then
}

// unhurried are limits that do not stand in the way of a test which asks for
// everything at once.
var unhurried = web.Limits{PerIP: -1, PerIPLog: -1, PerSession: -1}

// open serves the portal until the test ends; lerd's own jobs run with it.
func (s *scenario) open(limits web.Limits) *portal {
	s.t.Helper()
	cfg := s.webConfig(s.clock.Now)
	cfg.Limits = limits
	return s.openWith(cfg)
}

// openWith serves the portal as configured, but for its address.
func (s *scenario) openWith(cfg web.Config) *portal {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	s.must(os.MkdirAll(cfg.TempDir, 0o700))
	s.cfg.PublicOrigin = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	cfg.PublicOrigin = s.cfg.PublicOrigin
	s.web, err = web.New(cfg)
	s.must(err)
	p := &portal{scenario: s, base: s.cfg.PublicOrigin}
	p.serve(l)
	s.t.Cleanup(func() { p.stop() })
	return p
}

// serve runs lerd on a listener; stop ends it.
func (p *portal) serve(l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.run(ctx, l) }()
	p.stop = func() {
		p.stop = func() {}
		cancel()
		if err := <-served; err != nil {
			p.t.Errorf("the portal ended with: %v", err)
		}
		p.reconnect()
	}
}

// reconnect lets the sequencer notice that the connection is gone on which it
// was told to stop, as it does at its next turns.
func (p *portal) reconnect() {
	var err error
	for range 5 {
		if _, err = p.sequencer.RunOnce(p.ctx); err == nil {
			return
		}
	}
	p.t.Errorf("the sequencer does not come back: %v", err)
}

// whileStopped does something by the services alone, without the portal's own
// jobs beside it, and serves on at the same address.
func (p *portal) whileStopped(do func()) {
	p.t.Helper()
	p.stop()
	do()
	l, err := net.Listen("tcp", strings.TrimPrefix(p.base, "http://"))
	p.must(err)
	p.serve(l)
}

// await gives what f gives as soon as it is something; lerd's own steps take a
// moment.
func (p *portal) await(f func() string) string {
	p.t.Helper()
	for range 300 {
		if got := f(); got != "" {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatal("it did not happen in time")
	return ""
}

// must2 is must for what gives a page too.
func (p *portal) must2(_ *webPage, err error) {
	p.t.Helper()
	p.must(err)
}

// visit signs somebody of the cast in; "" is nobody.
func (p *portal) visit(signIn string) *visitor {
	p.t.Helper()
	v := newVisitor(p.base)
	if signIn == "" {
		return v
	}
	p.submitTo(v, "/sign-in", "/sign-in", "user", signIn)
	return v
}

// submitTo fetches a page, fills in its form for an action and sends it.
func (p *portal) submitTo(v *visitor, at, action string, fields ...string) *webPage {
	p.t.Helper()
	page, err := v.get(p.ctx, at)
	p.must(err)
	form, err := page.form(action)
	p.must(err)
	page, err = form.set(fields...).send(p.ctx)
	p.must(err)
	return page
}

// reply is an answer as it came over the wire.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends one request as a program would, and follows no redirect.
func (p *portal) ask(v *visitor, method, path string, header map[string]string, body string) reply {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.ctx, method, p.base+path, strings.NewReader(body))
	p.must(err)
	r.Header.Set("Origin", p.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	client := &http.Client{Jar: v.client.Jar, Transport: v.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	p.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	p.must(err)
	return reply{resp.StatusCode, resp.Header, string(b)}
}

// business names the tables of the schema public without those of notices and of
// the index of the log, which jobs fill beside whoever looks.
const business = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('notice', 'notice_cursor', 'notice_mail') AND NOT starts_with(tablename, 'log_') ORDER BY 1"

// tables gives a digest of every table of the schema public but for the times
// at which sessions were last seen, so that two looks can be compared.
func (s *scenario) tables() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, name := range s.column(business) {
		sum := md5.New()
		row := "to_jsonb(t)::text"
		if name == "session" {
			row = "(to_jsonb(t) - 'seen_at')::text"
		}
		for _, r := range s.column("SELECT " + row + " FROM " + name + " t ORDER BY 1") {
			io.WriteString(sum, r+"\n")
		}
		out[name] = hex.EncodeToString(sum.Sum(nil))
	}
	return out
}

// counts gives the number of rows of every table, and of events per kind.
func (s *scenario) counts() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for _, name := range s.column(business) {
		out[name] = len(s.column("SELECT 'x' FROM " + name))
	}
	for _, kind := range s.column("SELECT kind FROM audit.event") {
		out["event "+kind]++
	}
	return out
}

// column runs a query of one text column as the owner.
func (s *scenario) column(query string) (out []string) {
	s.t.Helper()
	if s.owner == nil {
		db, err := sql.Open("pgx", s.db.Owner)
		s.must(err)
		s.owner = db
		s.t.Cleanup(func() { db.Close() })
	}
	rows, err := s.owner.Query(query)
	s.must(err)
	defer rows.Close()
	for rows.Next() {
		var text string
		s.must(rows.Scan(&text))
		out = append(out, text)
	}
	s.must(rows.Err())
	return out
}

// changed names what differs between two counts or digests.
func changed[V comparable](before, after map[string]V) []string {
	var out []string
	for name, v := range after {
		if old, ok := before[name]; !ok || old != v {
			out = append(out, fmt.Sprintf("%s: %v → %v", name, before[name], v))
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			out = append(out, name+": gone")
		}
	}
	slices.Sort(out)
	return out
}

// byID gives the element of a page with an id, or nil.
func (p *webPage) byID(id string) (found *html.Node) {
	walk(p.root, func(n *html.Node) {
		if found == nil && attr(n, "id") == id {
			found = n
		}
	})
	return found
}

// checkboxes gives the values of a group of checkboxes, ticked or not.
func (f *webForm) checkboxes(name string) (out []string) {
	walk(f.page.root, func(n *html.Node) {
		if n.Data == "input" && attr(n, "type") == "checkbox" && attr(n, "name") == name {
			out = append(out, attr(n, "value"))
		}
	})
	return out
}
