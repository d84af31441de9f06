package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"lerd/internal/fault"
)

// TestTheOperatorBringsTheFirstPeopleIn runs the server's commands as an operator
// does, beside a portal that knows nobody, and verifies what was signed.
func TestTheOperatorBringsTheFirstPeopleIn(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	t.Setenv("LERD_DATABASE_URL", p.db.App)
	t.Setenv("LERD_PUBLIC_ORIGIN", p.base)
	said := func(run func(out io.Writer) error) string {
		t.Helper()
		var out bytes.Buffer
		if err := run(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	invite := func(name, role string) string {
		return said(func(out io.Writer) error { return staffInviteCmd{Name: name, Role: role}.run(p.ctx, out) })
	}
	code, person := regexp.MustCompile(`    ([0-9a-z-]{34})\n`), regexp.MustCompile(`--person (\S+)`)
	for _, name := range []string{"Ada First", "Bo Second"} {
		text := invite(name, "administrator")
		if !strings.Contains(text, p.base+"/enrol") || code.FindStringSubmatch(text) == nil {
			t.Fatalf("the command says %q", text)
		}
		d := p.newDevice()
		fingerprint := p.enrol(code.FindStringSubmatch(text)[1], d)
		said(func(out io.Writer) error {
			return staffConfirmCmd{Person: person.FindStringSubmatch(text)[1], Fingerprint: fingerprint}.run(p.ctx, out)
		})
		p.signIn(d)
	}
	if text := invite("Rhea Viewer", "reviewer"); !strings.Contains(text, "administrator types it in the portal") {
		t.Errorf("an invitation of a reviewer says %q", text)
	}
	for role, kind := range map[string]fault.Kind{"administrator": fault.Invalid, "officer": fault.Invalid, "root": fault.Invalid} {
		if err := (staffInviteCmd{Name: "X", Role: role}).run(p.ctx, io.Discard); fault.KindOf(err) != kind {
			t.Errorf("%s: %v", role, err)
		}
	}
	if err := (staffLinkCmd{Person: "x", Subject: "y"}).run(p.ctx, io.Discard); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a link without a provider: %v", err)
	}
	t.Setenv("LERD_PUBLIC_ORIGIN", "")
	if err := (staffListCmd{}).run(p.ctx, io.Discard); err == nil || !strings.Contains(err.Error(), "Say with --config, or with LERD_PUBLIC_ORIGIN") {
		t.Errorf("without the portal's address: %v", err)
	}
	t.Setenv("LERD_PUBLIC_ORIGIN", p.base)
	list := said(func(out io.Writer) error { return staffListCmd{}.run(p.ctx, out) })
	if strings.Count(list, "administrator") != 2 || strings.Count(list, "true") != 2 || !strings.Contains(list, "open") {
		t.Errorf("the list:\n%s", list)
	}
	audit := auditAssertionsCmd{auditSource: auditSource{DatabaseURL: p.db.Auditor}, Origin: []string{"https://before.example", p.base}}
	if text := said(func(out io.Writer) error { return audit.run(p.ctx, out) }); text != "2 assertions are signed by their passkeys, 0 are not.\n" {
		t.Errorf("the auditor reads %q", text)
	}
	audit.Origin = []string{"https://before.example"}
	if err := audit.run(p.ctx, io.Discard); fault.KindOf(err) != fault.Invalid {
		t.Errorf("assertions of another site: %v", err)
	}
}
